"""Asks Postfix's postmap where each address leads, step by step as virtual(5) has it, and `posthus resolve` of the state that
was imported from the same maps: they must agree. Addresses whose targets are elsewhere, or programs, are not asked."""
import json
import os
import subprocess
import sys

POSTMAP, OLD, POSTHUS, STATE = sys.argv[1:]


def look_up(key, name):
    # texthash reads the source itself: nothing is built, nothing is written.
    run = subprocess.run([POSTMAP, "-c", OLD, "-q", key.lower(), f"texthash:{OLD}/{name}"], capture_output=True, text=True)
    if run.stderr:
        sys.exit(f"postmap: {run.stderr}")
    return run.stdout.strip()


def lead(address, seen):
    """The mailboxes: the exact address, the address without its detail, then the whole domain."""
    local, domain = address.split("@")
    keys = [address] + ([local.split("+")[0] + "@" + domain] if "+" in local else [])
    value = next((v for v in (look_up(k, "virtual") for k in keys) if v), "")
    if not value and any(look_up(k, "vmailbox") for k in keys):
        return {k for k in keys if look_up(k, "vmailbox")}
    value = value or look_up("@" + domain, "virtual")
    found = set()
    for target in value.replace(",", " ").split():
        target = (local + target if target.startswith("@") else target).lower()
        if target == address or target in seen:
            found |= {target} if look_up(target, "vmailbox") else set()
        else:
            found |= lead(target, seen | {address})
    return found


def resolve(address):
    run = subprocess.run([POSTHUS, "resolve", address, "--state", STATE, "-o", "json"], capture_output=True, text=True)
    return {hop["text"] for hop in json.loads(run.stdout) if hop["kind"] == "user"}


def keys_of(name):
    with open(os.path.join(OLD, name), encoding="utf-8") as text:
        return [line.split()[0].lower() for line in text if line.strip() and line[0] not in "# \t@"]


asked = [a for a in keys_of("virtual") if a.split("@")[0] not in ("far", "pipe")] + keys_of("vmailbox")
asked += ["nobody@a.example", "nobody@b.example", "info@old.example", "blf@old.example", "blf+x@a.example", "nobody@old.example"]
for address in asked:
    theirs, ours = lead(address, set()), resolve(address)
    if theirs != ours:
        sys.exit(f"{address}: Postfix leads to {sorted(theirs)}, posthus to {sorted(ours)}")
print(f"{len(asked)} addresses")
