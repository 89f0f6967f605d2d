# Adds up the numbers up to n.
BEGIN {
    for (number = 1; number <= n; number++) total += number
}
