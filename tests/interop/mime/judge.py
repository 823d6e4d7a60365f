#!/usr/bin/env python3
"""Holds our parse of some hundred messages beside those of Python's email package and of GMime.

    judge.py SOURCE_ROOT MIME_DUMP [GMIME_DUMP]

The messages: messages.py makes most, the hand-made ones are tests/runtime/mail/messages, and the
corpus of fuzz_message without its first octet. Where two parsers differ, a line of `differences`
beside this file must say who is right and why; a difference without such a line fails, and so does
a line that nothing needs any more."""
import binascii
import email
import email.header
import email.utils
import fnmatch
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import messages

HERE = pathlib.Path(__file__).parent
LEAF = ["encoding", "size", "lines", "body"]
PART = ["type", "parameters", "disposition", "disposition parameters"] + LEAF
ENVELOPE = ["subject", "from", "sender", "reply-to", "to", "cc", "bcc", "date", "message-id"]


# -- Python's email package, in the form of mime_dump.c --

def octets_of(text):
    return text.encode("ascii", "surrogateescape") if text.isascii() or not any(
        ord(c) > 127 and not 0xdc80 <= ord(c) <= 0xdcff for c in text) else text.encode("utf-8", "surrogateescape")


def repaired(text):
    return octets_of(text).decode("utf-8", "replace")


def unfolded(value):
    return re.sub(r"\r?\n(?=[ \t])", "", value).strip()


def words(value):
    try:
        pieces = email.header.decode_header(value)
    except (email.errors.HeaderParseError, binascii.Error):
        return repaired(value)
    out = ""
    for octets, charset in pieces:
        if isinstance(octets, str):
            out += repaired(octets)
        elif charset is None:
            out += repaired(octets.decode("raw-unicode-escape"))
        else:
            try:
                out += octets.decode(charset, "replace")
            except LookupError:
                out += octets.decode("ascii", "replace")
    return out.replace("\r", " ").replace("\n", " ").replace("\0", " ")


def parameter(value):
    value = unfolded(value) if isinstance(value, str) else value
    if isinstance(value, tuple):
        return repaired(email.utils.collapse_rfc2231_value(value, errors="replace", fallback_charset="ascii"))
    return words(value)


def parameters(part, field):
    found = {}
    for name, value in (part.get_params(failobj=[], header=field) or [])[1:]:
        found.setdefault(name.lower(), parameter(value))
    return found


def raw(part, field):
    return next((value for name, value in part.raw_items() if name.lower() == field), None)


def is_leaf(part):
    return not part.is_multipart() or part.get_content_type() == "message/delivery-status"


def part_of(part):
    out = {"type": part.get_content_type(), "parameters": parameters(part, "content-type")}
    if part.get_content_disposition():
        out["disposition"] = part.get_content_disposition()
        out["disposition parameters"] = parameters(part, "content-disposition")
    if not part.is_multipart():
        payload = octets_of(part._payload or "")  # get_payload() would undo the charset
        out["encoding"] = str(part.get("content-transfer-encoding") or "7bit").strip().lower()
        out["size"] = len(payload)
        out["lines"] = payload.count(b"\n")
        out["body"] = hashlib.sha256(part.get_payload(decode=True)).hexdigest()
    return out


def addresses(value):
    try:
        found = email.utils.getaddresses([value], strict=False)
    except TypeError:  # an older Python is never strict
        found = email.utils.getaddresses([value])
    return [[words(name), repaired(address)] for name, address in found if name or address]


def envelope_of(part):
    out = {}
    for field in ENVELOPE:
        value = raw(part, field)
        if value is None:
            continue
        value = unfolded(value)
        if field == "date":
            date = email.utils.parsedate_tz(value)
            if date:
                try:
                    out[field] = [email.utils.mktime_tz(date), (date[9] or 0) // 60]
                except (ValueError, OverflowError):
                    pass
        elif field in ("subject", "message-id"):
            out[field] = words(value)
        else:
            out[field] = addresses(value)
    return out


def python_dump(octets):
    out = {"parts": {}, "messages": {}}
    waiting = [("", email.message_from_bytes(octets), True)]
    for place, part, is_message in waiting:
        out["parts"][place] = part_of(part)
        if is_message:
            out["messages"][place] = envelope_of(part)
        if not is_leaf(part):
            inner = part.get_content_maintype() == "message"
            waiting += [(f"{place}.{n}".lstrip("."), child, inner) for n, child in enumerate(part.get_payload())]
    return out


# -- the comparison --

def without_groups(entries):
    return [entry for entry in entries if len(entry) == 2]


def differing(ours, theirs, oracle):
    """(field, place, ours, theirs) of whatever the two do not share."""
    if set(ours["parts"]) != set(theirs["parts"]):
        yield "structure", "", sorted(ours["parts"]), sorted(theirs["parts"])
    else:
        for place, part in ours["parts"].items():
            for field in PART:
                if field in LEAF and not (field in part and field in theirs["parts"][place]):
                    continue  # who has children has no body of its own, and the structure was compared
                if part.get(field) != theirs["parts"][place].get(field):
                    yield field, place, part.get(field), theirs["parts"][place].get(field)
    for place in set(ours["messages"]) & set(theirs["messages"]):
        for field in ENVELOPE:
            a, b = ours["messages"][place].get(field), theirs["messages"][place].get(field)
            if oracle == "python" and isinstance(a, list) and field != "date":
                a = without_groups(a)
            if a != b:
                yield field, place, a, b


class Differences:
    """Lines of `differences`: ORACLE | FIELD | MESSAGES | reason. MESSAGES are patterns of file names; a '?'
    before ORACLE: only some versions of it differ."""

    def __init__(self, path):
        self.lines = []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                oracle, field, names, reason = (piece.strip() for piece in line.split("|", 3))
                self.lines.append((number, oracle.lstrip("?"), field, names.split(), reason, oracle.startswith("?")))
        self.used = set()

    def explain(self, oracle, field, name):
        found = False
        for number, of, what, names, _, _ in self.lines:
            if of == oracle and what == field and any(fnmatch.fnmatchcase(name, n) for n in names):
                self.used.add(number)
                found = True
        return found

    def unused(self, oracles):
        return [line for line in self.lines if line[0] not in self.used and line[1] in oracles and not line[5]]


def collect(root, folder):
    messages.write(folder, 1, 10)
    for path in sorted((root / "tests/runtime/mail/messages").glob("*.eml")):
        (folder / f"made-{path.name}").write_bytes(path.read_bytes())
    for path in sorted((root / "tests/fuzz/corpus/message").iterdir()):
        (folder / f"fuzz-{path.name}.eml").write_bytes(path.read_bytes()[1:])
    return sorted(folder.glob("*.eml"))


def dump_by(program, paths):
    done = subprocess.run([program, *paths], capture_output=True)
    if done.returncode:
        sys.exit(f"{program} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return {line["file"]: line for line in map(json.loads, done.stdout.splitlines())}


def main():
    root, ours_program, *gmime_program = sys.argv[1:]
    differences = Differences(HERE / "differences")
    unexplained = explained = 0
    with tempfile.TemporaryDirectory() as folder:
        paths = collect(pathlib.Path(root), pathlib.Path(folder))
        ours = dump_by(ours_program, paths)
        oracles = {"python": {path.name: python_dump(path.read_bytes()) for path in paths}}
        if gmime_program:
            oracles["gmime"] = dump_by(gmime_program[0], paths)
        for path in paths:
            for oracle, dumps in oracles.items():
                for field, place, a, b in differing(ours[path.name], dumps[path.name], oracle):
                    if differences.explain(oracle, field, path.stem):
                        explained += 1
                        continue
                    unexplained += 1
                    print(f"{oracle} | {field} | {path.stem} | part {place or 'whole'}:\n  ours   {json.dumps(a, ensure_ascii=False)}"
                          f"\n  theirs {json.dumps(b, ensure_ascii=False)}")
    for number, oracle, field, names, *_ in differences.unused(oracles):
        print(f"differences:{number}: nothing needs this any more: {oracle} | {field} | {' '.join(names)}")
    print(f"{len(paths)} messages beside {' and '.join(oracles)}: {unexplained} unexplained differences, {explained} explained")
    return unexplained > 0 or len(differences.unused(oracles)) > 0 or len(paths) < 400


if __name__ == "__main__":
    sys.exit(main())
