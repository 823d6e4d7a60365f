#!/usr/bin/python3
"""dkimpy verifies every signature of a message: judge.py MESSAGE DNS; DNS as for judge.js."""
import json
import sys

import dkim

message, zone = open(sys.argv[1], "rb").read(), json.load(open(sys.argv[2]))


def text(name, timeout=5):
    found = zone.get(name.decode().lower().rstrip("."), {}).get("TXT")
    return "".join(found[0]).encode() if found else None


count = sum(line.lower().startswith(b"dkim-signature:") for line in message.split(b"\r\n\r\n")[0].split(b"\r\n"))
print([dkim.DKIM(message).verify(idx=i, dnsfunc=text) for i in range(count)])
sys.exit(0 if count and all(dkim.DKIM(message).verify(idx=i, dnsfunc=text) for i in range(count)) else 1)
