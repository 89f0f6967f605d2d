"""Works on as much of a file as fits into a limit."""

import sys

LIMIT = 600_000

with open(sys.argv[1], "rb") as file:
    content = file.read(LIMIT)
total = 0
for byte in content:
    total += byte
