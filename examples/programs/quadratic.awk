# Compares each of n items with all before it.
BEGIN {
    for (item = 1; item <= n; item++) {
        for (other = 1; other < item; other++) equal += item == other
    }
}
