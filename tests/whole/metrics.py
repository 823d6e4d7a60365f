#!/usr/bin/env python3
"""Reads the metrics of a running agent with prometheus_client's parsers, which are strict.

    metrics.py PORT NAME[{LABEL=VALUE,…}]OPERATOR NUMBER…

Each word must hold, like "posthus_messages_accepted_total=2" or
"posthus_logins_total{outcome=refused}>=1"; OPERATOR is =, >= or <=. Both forms are read, and
must have the same families and samples; no address may be in either."""
import re
import sys
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_prometheus


def fetch(port, accept):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def samples(families):
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def holds(found, wish):
    name, labels, operator, number = re.fullmatch(r"(\w+)(?:\{(.*)\})?(=|>=|<=)(-?[\d.e]+)", wish).groups()
    wanted = dict(pair.split("=") for pair in labels.split(",")) if labels else {}
    values = [value for (n, l), value in found.items() if n == name and wanted.items() <= dict(l).items()]
    if not values:
        sys.exit(f"there is no {wish}")
    value, number = sum(values), float(number)
    return value == number if operator == "=" else value >= number if operator == ">=" else value <= number


def main():
    port, *wishes = sys.argv[1:]
    kind, text = fetch(port, "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5")
    if kind != "application/openmetrics-text; version=1.0.0; charset=utf-8":
        sys.exit(f"the type is {kind}")
    open_form = samples(read_openmetrics(text))
    kind, plain = fetch(port, "text/plain")
    if kind != "text/plain; version=0.0.4; charset=utf-8":
        sys.exit(f"the type is {kind}")
    plain_form = samples(read_prometheus(plain))
    if set(open_form) != set(plain_form):
        sys.exit(f"the two forms differ: {set(open_form) ^ set(plain_form)}")
    if "@" in text or "example" in text:
        sys.exit("a name or an address is in it")
    for wish in wishes:
        if not holds(open_form, wish):
            name = wish.split("=")[0].split("{")[0].rstrip("<>")
            sys.exit(f"{wish} does not hold: { {k: v for k, v in open_form.items() if k[0] == name} }")
    print(f"{len(open_form)} samples, {len(wishes)} wishes hold")


if __name__ == "__main__":
    main()
