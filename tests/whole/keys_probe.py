"""keys_probe.py NAMES SMTP SUBMISSIONS ROOTS SINK STOP    looks from outside, and writes mail, until the file STOP is there.

Each look holds what others may rely on:
- port 25 shows a key that each TLSA set names which somebody may know: that of now, and those of before for as long as their TTL;
- the set is signed by the zone's key;
- its chain verifies for the host's name;
- a message that anna writes arrives with signatures that verify by what the DNS says then, of the author's domain: DMARC passes."""
import hashlib
import json
import os
import smtplib
import socket
import ssl
import sys
import time

import dkim
import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rdatatype
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

names, smtp, submissions = map(int, sys.argv[1:4])
roots, sink, stop = sys.argv[4:7]
host, domain = "mail.org.example", "org.example"


def ask(name, kind):
    query = dns.message.make_query(name + ".", kind, want_dnssec=True)
    return dns.query.tcp(query, "127.0.0.1", port=names, timeout=5)


def sets(answer, kind):
    kind = dns.rdatatype.from_text(kind)
    found = [r for r in answer.answer if r.rdtype == kind]
    signatures = [r for r in answer.answer if r.rdtype == dns.rdatatype.RRSIG and r.covers == kind]
    return (found[0] if found else None), (signatures[0] if signatures else None)


def said():
    """The TLSA set of now, its signature verified: its TTL and digests."""
    found, signatures = sets(ask("_25._tcp." + host, "TLSA"), "TLSA")
    if not found:
        return 0, set()
    keys, _ = sets(ask(domain, "DNSKEY"), "DNSKEY")
    dns.dnssec.validate(found, signatures, {dns.name.from_text(domain): keys})
    for data in found:
        assert (data.usage, data.selector, data.mtype) == (3, 1, 1), data
    return found.ttl, {data.cert for data in found}


def shown():
    """The digest of the key that port 25 shows; its chain is verified."""
    context = ssl.create_default_context(cafile=roots)
    with smtplib.SMTP("127.0.0.1", smtp, timeout=20) as s:
        s.ehlo()
        s._host = host  # the name that it asks for
        s.starttls(context=context)
        certificate = x509.load_der_x509_certificate(s.sock.getpeercert(binary_form=True))
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(key).digest()


def txt(name, timeout=5):
    found, _ = sets(ask(name.decode().rstrip(".") if isinstance(name, bytes) else name, "TXT"), "TXT")
    return b"".join(next(iter(found)).strings) if found else None


def arrived():
    if not os.path.exists(sink):
        return []
    with open(sink, encoding="utf-8") as lines:
        return [json.loads(line)["message"] for line in lines if line.endswith("\n")]


def send(n):
    context = ssl.create_default_context(cafile=roots)

    class Client(smtplib.SMTP_SSL):
        def _get_socket(self, _, port, timeout):
            plain = socket.create_connection(("127.0.0.1", port), timeout)
            return context.wrap_socket(plain, server_hostname=host)

    with Client(host, submissions, timeout=20) as s:
        s.login("anna@" + domain, "pass-anna")
        s.sendmail("anna@" + domain, ["someone@elsewhere.example"], f"From: anna@{domain}\r\nTo: someone@elsewhere.example\r\nSubject: {n}\r\n\r\nHello.\r\n")


looks = messages = judged = 0
served, remembered = [], []
due = 0.0
while not os.path.exists(stop):
    looks += 1
    ttl, now = said()
    at = time.monotonic()
    remembered = [(until, digests) for until, digests in remembered if until > at]
    if now:
        remembered.append((at + ttl, now))
    key = shown()
    if said()[1] == now:
        for _, digests in remembered:
            assert key in digests, "port 25 shows a key that somebody cannot have read of"
    if not served or served[-1] != key:
        served.append(key)
    if time.monotonic() > due:
        send(messages)
        messages += 1
        due = time.monotonic() + 0.5
    for message in arrived()[judged:]:
        judged += 1
        raw = message.encode()
        count = raw.lower().count(b"dkim-signature:")
        assert count >= 1, "a message without a signature"
        for i in range(count):
            verifier = dkim.DKIM(raw)
            assert verifier.verify(i, dnsfunc=txt), f"signature {i} of message {judged}"
            assert verifier.domain.decode() == domain, verifier.domain
    time.sleep(0.05)
assert txt("_dmarc." + domain).startswith(b"v=DMARC1; p=reject")
assert looks >= 20 and judged >= 5 and len(served) == 2, (looks, judged, len(served))
print(f"{looks} looks from outside, {len(served)} keys, {judged} messages: none out of order")
