"""A reader of YAML 1.1 takes no text of an exported state for something else: only numbers and truth values that the
language has as such."""
import sys

import yaml

NUMBERS = {"version", "port", "smtp", "submission", "submissions", "imap", "imaps", "metrics", "connections",
           "connections_per_ip", "connections_per_network", "percent", "at_least", "discard"}


def walk(value, key, path):
    if isinstance(value, dict):
        for name, inner in value.items():
            if not isinstance(name, str):
                sys.exit(f"{path}: the key {name!r} is no text")
            walk(inner, name, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            walk(inner, key, path)
    elif not isinstance(value, str) and key not in NUMBERS:
        sys.exit(f"{path}: {value!r} is no text")


with open(sys.argv[1], encoding="utf-8") as file:
    walk(yaml.safe_load(file), "", "$")
