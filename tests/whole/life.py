"""life.py zone HOST:PORT ZONE     all records of the zone but SOA, a line each, sorted
life.py judge HOST:PORT FILE    whether the one message that sink.py wrote there passes DMARC: both DKIM signatures verified by the keys in the DNS,
                                the domains aligned, and the sender allowed by SPF"""
import json
import sys

import dkim
import dns.message
import dns.query
import dns.rdatatype
import dns.resolver
import dns.zone
import email
import email.utils
import spf


def server(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def zone(where, name):
    host, port = server(where)
    transfer = dns.zone.from_xfr(dns.query.xfr(host, name + ".", port=port, relativize=False), relativize=False)
    lines = set()
    for owner, ttl, data in transfer.iterate_rdatas():
        if data.rdtype not in (dns.rdatatype.SOA,):
            lines.add(f"{owner} {ttl} {dns.rdatatype.to_text(data.rdtype)} {data}")
    print("\n".join(sorted(lines)))


def ask(where, name, kind):
    host, port = server(where)
    answer = dns.query.tcp(dns.message.make_query(name, kind), host, port=port, timeout=5)
    return [b"".join(data.strings) for rrset in answer.answer for data in rrset if data.rdtype == dns.rdatatype.TXT]


def judge(where, path):
    with open(path, encoding="utf-8") as lines:
        taken = [json.loads(line) for line in lines]
    assert len(taken) == 1, taken
    raw = taken[0]["message"].encode()
    message = email.message_from_bytes(raw)
    author = email.utils.parseaddr(message["From"])[1].split("@")[1]
    signatures = message.get_all("DKIM-Signature")
    assert len(signatures) == 2, signatures

    def txt(name, timeout=5):
        found = ask(where, name.decode() if isinstance(name, bytes) else name, "TXT")
        return found[0] if found else None

    for i in range(2):
        verifier = dkim.DKIM(raw)
        assert verifier.verify(i, dnsfunc=txt), f"signature {i}"
        assert verifier.domain.decode() == author, verifier.domain
    policy = txt("_dmarc." + author + ".")
    assert policy and policy.startswith(b"v=DMARC1; p=reject"), policy
    record = [t for t in ask(where, author + ".", "TXT") if t.startswith(b"v=spf1")]
    assert len(record) == 1, record
    query = spf.query("127.0.0.1", "anna@" + author, "mail." + author)
    assert query.check(spf=record[0].decode())[0] == "pass", record


if __name__ == "__main__":
    {"zone": zone, "judge": judge}[sys.argv[1]](*sys.argv[2:])
