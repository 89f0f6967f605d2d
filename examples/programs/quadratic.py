"""Looks for each item in a list of those before it."""

import sys

seen = []
for item in range(int(sys.argv[1])):
    if item not in seen:
        seen.append(item)
