"""pyspf asks the records that `posthus dns records -o json` printed: who may send?"""
import json
import sys

import spf

zone = {"relay.example": [("TXT", (b"v=spf1 ip4:192.0.2.77 -all",))]}
for r in json.load(open(sys.argv[1]))["records"]:
    value = (r["text"].encode(),) if "text" in r else r["value"]
    if r["type"] in ("TXT", "A"):
        zone.setdefault(r["name"], []).append((r["type"], value))


def lookup(name, qtype, strict=True, timeout=20, level=0):
    name = name.rstrip(".").lower()
    return [((name, qtype), v) for t, v in zone.get(name, []) if t == qtype]


spf.DNSLookup = lookup

for address, sender, helo, wanted in (
    ("203.0.113.10", "anna@a.example", "mail1.a.example", "pass"),
    ("2001:db8::10", "anna@a.example", "mail1.a.example", "pass"),
    ("203.0.113.20", "anna@a.example", "mail2.a.example", "pass"),
    ("198.51.100.7", "anna@a.example", "x.test", "pass"),
    ("192.0.2.77", "anna@a.example", "x.test", "pass"),
    ("192.0.2.78", "anna@a.example", "x.test", "softfail"),
    ("203.0.113.10", "anna@b.example", "mail1.a.example", "pass"),
    ("203.0.113.20", "anna@c.example", "mail2.a.example", "pass"),
    ("192.0.2.77", "anna@c.example", "x.test", "fail"),
    ("203.0.113.10", "", "mail1.a.example", "pass"),
    ("203.0.113.20", "", "mail1.a.example", "fail"),
):
    said = spf.check2(i=address, s=sender, h=helo)
    assert said[0] == wanted, (address, sender, helo, said, wanted)
