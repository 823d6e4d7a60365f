"""policy_probe.py NAMES HTTPS ROOTS DOMAIN STOP    looks at a domain from outside until the file STOP is there.

Each look holds what any sender may rely on:
- where _mta-sts names an id, mta-sts.DOMAIN is there, and its file is served under a certificate of ROOTS for that name;
- a policy that is in force names each exchanger that the zone names at the same time, and so does the one that was served when the
  id was last another, for as long as somebody may remember that (the TTL);
- of what is served, `max_age` and the mode are well formed.
A look reads the id and MX before and behind the file; where they changed meanwhile, it is no look at one moment, and is done again."""
import os
import socket
import ssl
import sys
import time

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

names, https, roots, domain, stop = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5]


def ask(name, kind):
    answer = dns.query.tcp(dns.message.make_query(name + ".", kind), "127.0.0.1", port=names, timeout=5)
    return [(rrset.ttl, data) for rrset in answer.answer for data in rrset if data.rdtype == dns.rdatatype.from_text(kind)]


def ids():
    found = [(ttl, b"".join(data.strings).decode()) for ttl, data in ask("_mta-sts." + domain, "TXT")]
    assert len(found) <= 1, found
    return [(ttl, text.split("id=")[1].rstrip(";")) for ttl, text in found]


def exchangers():
    return {str(data.exchange).rstrip(".") for _, data in ask(domain, "MX")}


def fetch():
    """The file as a sender reads it, or why it could not."""
    name = "mta-sts." + domain
    context = ssl.create_default_context(cafile=roots)
    with socket.create_connection(("127.0.0.1", https), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=name) as s:
            s.sendall(f"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            text = b""
            while part := s.recv(65536):
                text += part
    head, _, body = text.decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 "), head
    assert "content-type: text/plain" in head.lower(), head
    return body


def read(body):
    fields = [line.split(": ", 1) for line in body.split("\r\n") if line]
    values = dict(fields)
    assert values["version"] == "STSv1" and values["mode"] in ("testing", "enforce", "none"), body
    assert 86400 <= int(values["max_age"]) <= 31557600, body
    return values["mode"], {value for key, value in fields if key == "mx"}


looks = moments = 0
seen = []
remembered = []  # (until, mode, hosts): policies that a sender may still go by
current = None
while not os.path.exists(stop):
    looks += 1
    before, mx = ids(), exchangers()
    if not before:
        if current:
            remembered.append((time.monotonic() + current[0], current[2], current[3]))
            current = None
        time.sleep(0.05)
        continue
    assert ask("mta-sts." + domain, "CNAME"), "an id, and nowhere to read the file"
    mode, hosts = read(fetch())
    now = time.monotonic()
    if ids() != before or exchangers() != mx:
        continue
    moments += 1
    ttl, name = before[0]
    if current and current[1] != name:
        remembered.append((now + current[0] - 0.5, current[2], current[3]))
    if not current or current[1] != name:
        seen.append(f"{mode} {' '.join(sorted(hosts))}")
        current = (ttl, name, mode, hosts)
    remembered = [r for r in remembered if r[0] > now]
    for _, then, allowed in [(0, mode, hosts), *remembered]:
        assert then == "none" or mx <= allowed, f"MX {mx}, and a policy in force has {allowed}"
    time.sleep(0.02)
assert moments >= 20, moments
for policy in seen:
    print(policy)
modes = [policy.split()[0] for policy in seen]
assert modes[0] == "testing" and "enforce" in modes and "none" in modes, seen
print(f"{looks} looks from outside, {moments} of them at a policy, {len(seen)} policies: none out of order")
