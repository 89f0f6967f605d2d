"""Adds up the numbers below the one that is given."""

import sys

total = 0
for number in range(int(sys.argv[1])):
    total += number
