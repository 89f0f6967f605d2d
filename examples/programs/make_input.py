"""Writes a file of so many bytes."""

import sys

with open(sys.argv[2], "wb") as file:
    file.write(bytes(range(256)) * (int(sys.argv[1]) // 256 + 1))
    file.truncate(int(sys.argv[1]))
