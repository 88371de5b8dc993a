#!/usr/bin/env python3
"""Condenses the official test vectors of MLS (RFC 9420) to what the tests here read.

usage: condense.py FOLDER

FOLDER holds the official files, unmodified (README.md beside this names them). Each becomes a tree of values in
binary, compressed by zlib: hexadecimal as bytes, and of the cases of cipher suites 4 and 6, which no library here
has, the suite alone, so that what is skipped is still counted. Running it again on the same files changes nothing.
"""

import json
import os
import re
import struct
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
HEX = re.compile(r"(?:[0-9a-f]{2})*\Z")


def counted(kind, raw):
    return struct.pack(">BI", kind, len(raw)) + raw


def value(node, key=None):
    """0 null, 1 false, 2 true, 3 number, 4 text, 5 bytes, 6 list, 7 object; lengths and counts are u32."""
    if node is None:
        return b"\0"
    if node is False or node is True:
        return b"\2" if node else b"\1"
    if isinstance(node, int):
        return struct.pack(">BQ", 3, node)
    if isinstance(node, str):
        # A label may look like hexadecimal and is text all the same.
        if key != "label" and HEX.match(node):
            return counted(5, bytes.fromhex(node))
        return counted(4, node.encode())
    if isinstance(node, list):
        return struct.pack(">BI", 6, len(node)) + b"".join(value(item) for item in node)
    parts = [counted(4, name.encode()) + value(node[name], name) for name in sorted(node)]
    return struct.pack(">BI", 7, len(parts)) + b"".join(parts)


def main(folder):
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".json"):
            continue
        with open(os.path.join(folder, name)) as file:
            cases = json.load(file)
        cases = [
            {"cipher_suite": case["cipher_suite"]} if case.get("cipher_suite") in (4, 6) else case for case in cases
        ]
        with open(os.path.join(HERE, name[: -len(".json")] + ".values.z"), "wb") as file:
            file.write(zlib.compress(value(cases), 9))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
