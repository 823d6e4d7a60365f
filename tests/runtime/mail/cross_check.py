#!/usr/bin/env python3
"""Holds messages/*.expect against Python's email package, which shares no code with ours:
for every part the same type and the same octets in the body. Where the two differ, the
message is named below with the reason. Argument: the folder."""
import email
import pathlib
import re
import sys

PART = re.compile(rb"^PART \S* (\S+) header (\d+)\+(\d+) body (\d+)\+(\d+) ", re.M)
DIFFERENT = {
    "boundary-same-nested": "Python lets the outer multipart have the delimiters",
    "comments-deep": "Python passes no comments",
    "imap-example": "Python does not unfold a boundary",
    "injection": "Python ends lines at a bare CR",
    "junk-in-header": "Python ends the header at a line without a colon",
    "message-encoded": "Python parses what is encoded, and the inside of a delivery status",
    "multipart-closed-at-once": "Python gives no empty part",
    "multipart-empty": "Python gives no empty part",
    "multipart-empty-parts": "Python takes two delimiters in a row for one",
    "multipart-no-boundary": "Python keeps the type",
    "multipart-unclosed": "Python drops the last line end of an unclosed multipart",
    "parameters-odd": "Python passes no comments",
    "report": "Python parses the inside of a delivery status",
    "rfc2231-odd": "Python parses every message type",
}


def parts_of(message):
    for part in message.walk():
        payload = part.get_payload()
        yield part.get_content_type(), None if isinstance(payload, list) else payload.encode(
            "ascii", "surrogateescape")


def main():
    folder = pathlib.Path(sys.argv[1])
    checked = 0
    for path in sorted(folder.glob("*.eml")):
        if path.stem in DIFFERENT:
            continue
        octets = path.read_bytes()
        theirs = list(parts_of(email.message_from_bytes(octets)))
        ours = [(kind.decode(), octets[int(body):int(body) + int(size)])
                for kind, _, _, body, size in PART.findall(path.with_suffix(".expect").read_bytes())]
        if len(ours) != len(theirs):
            sys.exit(f"{path.name}: {len(ours)} parts, Python has {len(theirs)}: {theirs}")
        for number, (a, b) in enumerate(zip(ours, theirs)):
            if a[0] != b[0] or (b[1] is not None and a[1] != b[1]):
                sys.exit(f"{path.name}: part {number} is {a}, Python has {b}")
        checked += 1
    print(f"{checked} messages agree")
    return 0 if checked >= 30 else 1


if __name__ == "__main__":
    sys.exit(main())
