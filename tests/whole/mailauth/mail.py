#!/usr/bin/env python3
"""Mail from hosts that we are not: each connection begins by a PROXY header that says where it comes from.

mail.py keys FOLDER          makes the keys of good.example; prints the lines of its zone
mail.py receive FOLDER       what Authentication-Results say of good, bad and missing SPF, DKIM and DMARC
mail.py hang                 a DNS that hangs holds its own mail, for a while, and nobody else's
mail.py authors              whose author is not one is refused
mail.py submit TO SUBJECT    one of our people writes to TO, from outside, too
mail.py look                 the header of each message in INBOX"""
import base64
import email
import imaplib
import os
import re
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import time

import dkim
import nacl.signing

PORTS = {name: int(os.environ.get("PORT_" + name, 0)) for name in ("SMTP", "SUBMISSION", "IMAPS")}
PASSWORD = "pass-anna"
GOOD, BAD = "192.0.2.1", "198.51.100.1"


def proxied(address, port):
    s = socket.create_connection(("127.0.0.1", port), timeout=60)
    s.sendall(b"PROXY TCP4 %s 127.0.0.1 4321 25\r\n" % address.encode())
    return s


class Smtp(smtplib.SMTP):
    def __init__(self, address, port):
        self.address = address
        super().__init__("127.0.0.1", port, local_hostname="mx.good.example")

    def _get_socket(self, host, port, timeout):
        return proxied(self.address, port)


class Imap(imaplib.IMAP4_SSL):
    def _create_socket(self, timeout=None):
        return ssl._create_unverified_context().wrap_socket(proxied(GOOD, self.port))


def send(address, sender, message, to="anna@org.example"):
    with Smtp(address, PORTS["SMTP"]) as s:
        s.sendmail(sender, [to], message)


def text(author, subject, more=b""):
    return (b"From: " + author.encode() + b"\r\nTo: anna@org.example\r\nSubject: " + subject.encode() +
            b"\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <" + subject.encode() + b"@good.example>\r\n" + more +
            b"\r\nHello,\r\nworld\r\n")


def sign(folder, message, selector=b"s", domain=b"good.example"):
    with open(f"{folder}/rsa.pem", "rb") as f:
        return dkim.sign(message, selector, domain, f.read(), include_headers=[b"from", b"to", b"subject", b"date"]) + message


def headers(count, most=60):
    """By subject, once so many are there."""
    end = time.time() + most
    while True:
        m = Imap("127.0.0.1", PORTS["IMAPS"])
        m.login("anna@org.example", PASSWORD)
        m.select("INBOX")
        found = m.search(None, "ALL")[1][0].split()
        got = [email.message_from_bytes(m.fetch(n, "(BODY.PEEK[])")[1][0][1]) for n in found]
        m.logout()
        if len(got) >= count or time.time() > end:
            assert len(got) == count, (len(got), count)
            return {message["Subject"]: message for message in got}
        threading.Event().wait(0.1)


def results(message):
    """Ours, which must be the topmost, as {"spf": "pass", …}; and those of others."""
    fields = [" ".join(f.split()) for f in message.get_all("Authentication-Results", [])]
    ours = [f for f in fields if f.startswith("mail.org.example;")]
    assert len(ours) == 1 and fields[0] == ours[0], fields
    names = [name.lower() for name in message.keys()]
    assert names.index("authentication-results") < names.index("received"), names
    said = {}
    for method, result in re.findall(r"; (\w+)=(\w+)", ours[0]):
        said.setdefault(method, result)
    said["all"] = ours[0]
    return said, [f for f in fields if f not in ours]


def keys(folder):
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", f"{folder}/rsa.pem", "2048"], check=True, capture_output=True)
    public = subprocess.run(["openssl", "rsa", "-in", f"{folder}/rsa.pem", "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
    record = "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()
    print("s._domainkey TXT " + " ".join(f'"{record[i:i + 200]}"' for i in range(0, len(record), 200)))


def receive(folder):
    forged = b"Authentication-Results: mail.org.example; spf=pass; dkim=pass; dmarc=pass\r\n"
    others = b"Authentication-Results: mx.elsewhere.example; spf=fail\r\n"
    send(GOOD, "joe@good.example", sign(folder, text("joe@good.example", "all-good", others)))
    send(GOOD, "joe@good.example", text("joe@good.example", "spf-alone", forged))
    send(BAD, "joe@good.example", sign(folder, text("joe@good.example", "forwarded")))
    send(BAD, "joe@good.example", text("joe@good.example", "M14-forged", forged + others))
    send(BAD, "joe@good.example", sign(folder, text("joe@good.example", "altered")).replace(b"world", b"words"))
    send(GOOD, "joe@good.example", sign(folder, text("joe@good.example", "no-such-key"), selector=b"none"))
    send(BAD, "joe@none.example", text("joe@none.example", "nothing"))
    send(BAD, "joe@none.example", text("joe@good.example", "not-aligned"))
    send(BAD, "joe@no.such.good.example", text("joe@no.such.good.example", "M01-no-such-subdomain"))
    send(BAD, "joe@broken.example", text("joe@broken.example", "broken"))
    send(GOOD, "", text("joe@good.example", "null-sender"))
    expected = {
        "all-good": ("pass", "pass", "pass"),
        "spf-alone": ("pass", "none", "pass"),
        "forwarded": ("fail", "pass", "pass"),
        "M14-forged": ("fail", "none", "fail"),
        "altered": ("fail", "fail", "fail"),
        "no-such-key": ("pass", "permerror", "pass"),
        "nothing": ("none", "none", "none"),
        "not-aligned": ("none", "none", "fail"),
        "M01-no-such-subdomain": ("none", "none", "fail"),
        "broken": ("permerror", "none", "none"),
        "null-sender": ("pass", "none", "pass"),
    }
    got = headers(len(expected))
    for subject, wanted in expected.items():
        said, foreign = results(got[subject])
        assert (said["spf"], said["dkim"], said["dmarc"]) == wanted, (subject, said)
        assert len(foreign) == (subject in ("all-good", "M14-forged")), (subject, foreign)
    assert "dis=reject" in results(got["M14-forged"])[0]["all"]
    assert "header.d=good.example" in results(got["all-good"])[0]["all"]


def hang():
    took = {}

    def one(name, sender):
        began = time.time()
        send(GOOD, sender, text(sender, name))
        took[name] = time.time() - began

    slow = threading.Thread(target=one, args=("hangs", "joe@hang.example"))
    slow.start()
    for n in range(5):
        one(f"quick-{n}", "joe@good.example")
    assert slow.is_alive(), "the one that hangs was taken at once"
    slow.join()
    assert max(took[f"quick-{n}"] for n in range(5)) < 5, took
    assert 5 < took["hangs"] < 30, took
    said, _ = results(headers(int(os.environ["BEFORE"]) + 6)["hangs"])
    assert (said["spf"], said["dmarc"]) == ("temperror", "temperror"), said


def authors():
    for wrong in (b"", b"From: a@good.example\r\nFrom: b@bad.example\r\n", b"From : a@good.example\r\nFROM: b@bad.example\r\n",
                  b"From: a@good.example, b@bad.example\r\n", b"Sender: a@good.example\r\n", b"From: nobody\r\n"):
        try:
            send(GOOD, "joe@good.example", wrong + b"Subject: x\r\n\r\nx\r\n")
        except smtplib.SMTPDataError as refusal:
            assert (refusal.smtp_code, refusal.smtp_error[:5]) == (554, b"5.6.0"), (wrong, refusal)
        else:
            raise SystemExit(f"taken: {wrong}")


def submit(to, subject):
    with Smtp(BAD, PORTS["SUBMISSION"]) as s:
        s.starttls(context=ssl._create_unverified_context())
        s.login("anna@org.example", PASSWORD)
        s.sendmail("anna@org.example", to.split(","), f"From: Anna <anna@org.example>\r\nTo: {to}\r\nSubject: {subject}\r\n"
                   "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                   "Grüße,\r\n.a line with a dot\r\n\r\n\r\n".encode())


def look():
    for subject, message in headers(int(os.environ["BEFORE"])).items():
        print(subject, results(message)[0]["all"])


globals()[sys.argv[1]](*sys.argv[2:])
