#!/usr/bin/python3
"""Our SPF beside the test suite of openspf.org for RFC 7208.

    spf_judge.py MAILAUTH_TOOL

The suite comes with Debian's python3-spf, beside its documentation; where dpkg leaves that out,
tests/packages.sh has unpacked it. It says ok or not ok for each case; exit 77 where the suite is
missing."""
import glob
import gzip
import os
import subprocess
import sys
import tempfile

try:
    import yaml
except ImportError:
    print("apt-get install python3-yaml")
    sys.exit(77)

SUITE = "usr/share/doc/python3-spf/rfc7208-tests.yml.gz"
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "posthus-tests")

def suite():
    places = ["/" + SUITE, *sorted(glob.glob(f"{CACHE}/python3-spf-*/{SUITE}"))]
    for place in places:
        if os.path.exists(place):
            with gzip.open(place, "rb") as text:
                return list(yaml.safe_load_all(text))
    print(f"/{SUITE} is missing: apt-get install python3-spf")
    sys.exit(77)


def octets(text):
    return text.encode("utf-8") if isinstance(text, str) else text


TYPES = ("A", "AAAA", "MX", "PTR", "TXT")


def rows_of(records):
    """(type, value) of one name. Where it has no TXT of its own the suite lets SPF, the type of old,
    stand for it; "NONE" forbids that and is no record."""
    own = any("TXT" in record for record in records if record != "TIMEOUT")
    for record in records:
        if record == "TIMEOUT":
            continue
        for kind, value in record.items():
            kind = "TXT" if kind == "SPF" and not own else kind
            if kind in TYPES and value != "NONE":
                yield kind, value


def line_of(name, kind, value):
    """As tests/lib/zone.h wants it; a line end in a text becomes another control character."""
    if value == "TIMEOUT":
        return b"%s TIMEOUT %s\n" % (name, kind.encode())
    if kind == "TXT":
        pieces = [value] if isinstance(value, str) else value
        return b"%s TXT %s\n" % (name, b"".join(map(octets, pieces)).replace(b"\n", b"\v"))
    if kind == "MX":
        return b"%s MX %d %s\n" % (name, value[0], octets(value[1]).rstrip(b"."))
    return b"%s %s %s\n" % (name, kind.encode(), octets(value).rstrip(b"."))


def alias_of(records):
    return next((r["CNAME"].lower().rstrip(".") for r in records if r != "TIMEOUT" and "CNAME" in r), None)


def zone_of(data):
    names = {str(name).lower(): records for name, records in data.items()}
    out = b""
    for name, records in names.items():
        written, seen = octets(name).replace(b" ", b"\\s"), set()
        while alias_of(records) and alias_of(records) not in seen:  # a resolver follows aliases
            seen.add(alias_of(records))
            records = names.get(alias_of(records), [])
        rows = list(rows_of(records))
        if alias_of(records):
            out += b"%s TIMEOUT\n" % written  # and gives up where they go round
        out += b"".join(line_of(written, kind, value) for kind, value in rows)
        if "TIMEOUT" in records:  # it answers what it has, and nothing else
            out += b"".join(line_of(written, kind, "TIMEOUT") for kind in TYPES if kind not in dict(rows))
    return out


def main():
    failed = count = 0
    with tempfile.NamedTemporaryFile() as zone:
        for scenario in suite():
            zone.seek(0)
            zone.truncate()
            zone.write(zone_of(scenario["zonedata"]))
            zone.flush()
            for case, test in scenario["tests"].items():
                local, at, domain = (test["mailfrom"] or "").rpartition("@")
                said = subprocess.run([sys.argv[1], "spf", zone.name, test["host"], test["helo"] or "", local, domain],
                                      stdout=subprocess.PIPE, check=True).stdout.decode("utf-8", "replace").split("\n")
                wanted = test["result"] if isinstance(test["result"], list) else [test["result"]]
                explanation = test.get("explanation")
                holds = said[0] in wanted
                if explanation and said[0] == "fail":
                    # The suite's %{i} of IPv6 has capitals, the RFC's examples (7.4) have none.
                    holds &= said[1].lower() == ("" if explanation == "DEFAULT" else explanation.lower())
                count += 1
                failed += not holds
                print("ok" if holds else "not ok", case, "" if holds else f"{said[:2]}, not {wanted} {explanation}")
    if count < 150:
        print(f"not ok: the suite has {count} cases and had 200")
        failed += 1
    sys.exit(failed > 0)


main()
