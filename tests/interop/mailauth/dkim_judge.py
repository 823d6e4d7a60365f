#!/usr/bin/python3
"""Others verify what we sign, and we verify what they sign.

    dkim_judge.py MAILAUTH_TOOL DKIM_JUDGE_PL

The others: dkimpy (Debian's python3-dkim, with python3-nacl for Ed25519), which signs and verifies
with both algorithms in every form, and Mail::DKIM, which knows RSA alone. It says ok or not ok for
each message; exit 77 where one of the two is missing. /usr/bin/python3 is Debian's, whatever other
Python stands first in PATH."""
import base64
import pathlib
import subprocess
import sys
import tempfile
import time

try:
    import dkim
    import nacl.signing
except ImportError as missing:
    print(f"{missing}: apt-get install python3-dkim python3-nacl")
    sys.exit(77)
if subprocess.run(["perl", "-MMail::DKIM::Verifier", "-e1"], stderr=subprocess.DEVNULL).returncode:
    print("Mail::DKIM is missing: apt-get install libmail-dkim-perl")
    sys.exit(77)

NOW = str(int(time.time()))
FROM = b"From: Joe <joe@example.org>\r\n"
MESSAGES = {
    "plain": FROM + b"To: a@example.com\r\nSubject: Hello\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <1@example.org>\r\n\r\nHello\r\n",
    "folded": FROM + b"To: a@example.com,\r\n\tb@example.com,\r\n  c@example.com\r\nSubject:  many   blanks \t here \r\n\r\nHello\r\n",
    "case": b"fROM:joe@example.org\r\nSUBJECT:x\r\ndate:Tue, 14 Nov 2023 22:13:20 +0000\r\n\r\nHello\r\n",
    "no body": FROM + b"Subject: x\r\n\r\n",
    "empty lines": FROM + b"Subject: x\r\n\r\n\r\n\r\n\r\n",
    "trailing lines": FROM + b"Subject: x\r\n\r\nHello\r\n\r\n\r\n",
    "leading lines": FROM + b"Subject: x\r\n\r\n\r\n\r\nHello\r\n",
    "blanks in lines": FROM + b"Subject: x\r\n\r\n a \t b  \r\n\t\r\n  \r\nc\td\r\n \r\n",
    "8 bit": FROM + b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: text/plain; charset=utf-8\r\nMIME-Version: 1.0\r\n"
             b"Content-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n\xff\xfe\r\n",
    "dots": FROM + b"Subject: x\r\n\r\n.\r\n..\r\n.a\r\n",
    "long line": FROM + b"Subject: x\r\n\r\n" + b"x" * 50000 + b"\r\n",
    "large": FROM + b"Subject: x\r\n\r\n" + b"The quick brown fox  jumps.\r\n" * 20000,
    "twice": FROM + b"To: a@example.com\r\nReceived: a\r\nReceived: b\r\nSubject: x\r\nX: 1\r\nX: 2\r\n\r\nHello\r\n",
    "all fields": FROM + b"To: a@b.c\r\nCc: d@e.f\r\nReply-To: joe@example.org\r\nSubject: x\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
                  b"Message-ID: <2@example.org>\r\nIn-Reply-To: <1@example.org>\r\nReferences: <0@example.org>\r\n <1@example.org>\r\n"
                  b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n\tboundary=\"x\"\r\nSender: s@example.org\r\n"
                  b"List-Unsubscribe: <mailto:u@example.org>\r\nAuto-Submitted: no\r\n\r\n--x\r\n\r\na\r\n--x--\r\n",
}

tool, judge_pl = sys.argv[1:]
folder = tempfile.TemporaryDirectory()
at = pathlib.Path(folder.name)
zone = {}
failed = 0


def check(what, holds, detail=""):
    global failed
    failed += not holds
    print("ok" if holds else "not ok", what, "" if holds else detail)


def run(*args, message=b""):
    return subprocess.run([tool, *map(str, args)], input=message, stdout=subprocess.PIPE, check=True).stdout


def publish(selector, record):
    zone[f"{selector}._domainkey.example.org"] = record
    (at / "zone").write_text("".join(f"{name} TXT {text}\n" for name, text in zone.items()))


def dkimpy_holds(message, index=0):
    try:
        return dkim.DKIM(message).verify(idx=index, dnsfunc=lookup)
    except dkim.DKIMException as wrong:
        print(wrong)
        return False


def lookup(name, timeout=5):
    text = zone.get(name.decode().rstrip(".").lower())
    return text.encode() if text else None


def ours():
    """What we sign they verify."""
    for algorithm in ("rsa", "ed25519"):
        publish(f"our-{algorithm}", run("key", algorithm, at / algorithm).decode())
    paths, signed = [], {}
    for name, message in MESSAGES.items():
        fields = run("sign", NOW, "example.org", "our-rsa", at / "rsa", "our-ed25519", at / "ed25519", message=message)
        signed[name] = fields + message
        paths.append(at / f"m{len(paths)}")
        paths[-1].write_bytes(signed[name])
        for index, algorithm in enumerate(("rsa", "ed25519")):
            check(f"dkimpy verifies our {algorithm} of \"{name}\"", dkimpy_holds(signed[name], index))
    said = subprocess.run(["perl", judge_pl, at / "zone", *paths], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    for name, line in zip(MESSAGES, said):
        check(f"Mail::DKIM verifies our rsa of \"{name}\"", line.split()[0] == "rsa-sha256=pass", line)
    check("Mail::DKIM spoke of every message", len(said) == len(MESSAGES))
    changed = signed["plain"].replace(b"Hello\r\n", b"Hallo\r\n")
    check("dkimpy sees a change", not dkimpy_holds(changed))
    doubled = signed["plain"].replace(b"Subject: ", b"Subject: first\r\nSubject: ", 1)
    check("dkimpy sees an added Subject", not dkimpy_holds(doubled))


def theirs():
    """What they sign we verify."""
    seed = nacl.signing.SigningKey.generate()
    publish("their-ed25519", "v=DKIM1; k=ed25519; p=" + base64.b64encode(bytes(seed.verify_key)).decode())
    publish("their-rsa", zone["our-rsa._domainkey.example.org"])
    private = {"rsa": (at / "rsa").read_bytes(), "ed25519": base64.b64encode(bytes(seed))}
    for name, message in MESSAGES.items():
        for algorithm in private:
            for form in ("simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"):
                signer = dkim.DKIM(message, signature_algorithm=f"{algorithm}-sha256".encode())
                field = signer.sign(f"their-{algorithm}".encode(), b"example.org", private[algorithm],
                                    canonicalize=tuple(form.encode().split(b"/")))
                said = run("verify", NOW, at / "zone", message=field + message).decode()
                check(f"we verify dkimpy's {algorithm} {form} of \"{name}\"", said == f"pass their-{algorithm}\n", said)
    field = dkim.DKIM(MESSAGES["plain"]).sign(b"their-rsa", b"example.org", private["rsa"], length=True)
    said = run("verify", NOW, at / "zone", message=field + MESSAGES["plain"]).decode()
    check("we verify dkimpy's l= of a whole body", said == "pass their-rsa\n", said)
    said = run("verify", NOW, at / "zone", message=field + MESSAGES["plain"] + b"more\r\n").decode()
    check("and not of a longer one", said.startswith("policy their-rsa "), said)


ours()
theirs()
folder.cleanup()
sys.exit(failed > 0)
