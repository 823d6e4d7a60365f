"""Python's imaplib: a round trip of what a mail program does in a day, and an IDLE."""
import email.message
import email.policy
import imaplib
import os
import smtplib
import ssl

CONTEXT = ssl.create_default_context(cafile=os.environ["CA"])
SMTP, IMAPS = int(os.environ["PORT_SMTP"]), int(os.environ["PORT_IMAPS"])
ANNA, BO = ("anna@org.example", os.environ["ANNA_PASSWORD"]), ("bo@org.example", os.environ["BO_PASSWORD"])


def ok(answer):
    assert answer[0] == "OK", answer
    return answer[1]


def login(who):
    m = imaplib.IMAP4_SSL("localhost", IMAPS, ssl_context=CONTEXT, timeout=20)
    if who[1].isascii():
        ok(m.login(*who))
    else:  # imaplib's LOGIN is ASCII alone; PLAIN carries UTF-8
        ok(m.authenticate("PLAIN", lambda _: f"\0{who[0]}\0{who[1]}".encode()))
    return m


def message(i):
    return (f"From: a@example.test\r\nSubject: no {i}\r\nDate: Tue, 3 Mar 2026 10:{i:02d}:00 +0000\r\n\r\n"
            f"needle{i % 3} {'x' * (i * 500)}\r\n").encode()


def mailboxes_and_messages():
    m = login(BO)
    assert {"IDLE", "UIDPLUS", "MOVE", "NAMESPACE", "SPECIAL-USE"} <= set(m.capabilities)
    names = b" ".join(ok(m.list()))
    for name in (b"INBOX", b"Drafts", b"Sent", b"Trash", b"Junk", b"Archive"):
        assert name in names, name
    ok(m.create('"Projekt &AOQ-"'))
    for i in range(20):
        ok(m.append('"Projekt &AOQ-"', r"(\Seen)" if i % 2 else None, f'"03-Mar-2026 10:{i:02d}:00 +0000"', message(i)))
    assert int(ok(m.select('"Projekt &AOQ-"'))[0]) == 20
    assert len(ok(m.uid("SEARCH", None, "BODY", '"needle1"'))[0].split()) == 7
    assert len(ok(m.search(None, "UNSEEN"))[0].split()) == 10
    assert len(ok(m.search(None, "LARGER", "5000"))[0].split()) == 10
    assert len([d for d in ok(m.fetch("1:*", "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)")) if d]) == 20
    part = ok(m.fetch("5", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)] BODY.PEEK[TEXT]<0.7>)"))
    assert any(isinstance(p, tuple) and p[1] == b"needle1" for p in part), part
    ok(m.store("1:5", "+FLAGS", r"(\Deleted custom)"))
    ok(m.expunge())
    assert int(ok(m.select('"Projekt &AOQ-"'))[0]) == 15
    ok(m.create("copies"))
    ok(m.copy("1:3", "copies"))
    assert b"MESSAGES 3" in ok(m.status("copies", "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN)"))[0]
    ok(m.delete("copies"))
    ok(m.uid("MOVE", ok(m.uid("SEARCH", None, "ALL"))[0].split()[0].decode(), "Trash"))
    assert int(ok(m.select('"Projekt &AOQ-"'))[0]) == 14
    ok(m.rename('"Projekt &AOQ-"', "done"))
    ok(m.select("done"))
    ok(m.close())
    ok(m.delete("done"))
    m.logout()


def parts_come_decoded():
    m = login(BO)
    assert "BINARY" in m.capabilities
    text = "= ünïcode =\r\nand a line that is longer than a line may be".replace("line", "line " * 9) + "\r\n"
    octets = bytes(i * i >> 3 & 255 for i in range(300001))
    mail = email.message.EmailMessage(policy=email.policy.SMTP)
    mail.set_content(text, cte="quoted-printable")
    mail.add_attachment(octets, maintype="application", subtype="octet-stream")
    ok(m.append("Drafts", None, None, mail.as_bytes()))
    ok(m.select("Drafts"))

    def fetch(what):
        return ok(m.fetch("*", f"({what})"))[0]

    assert fetch("BINARY.PEEK[1]")[1] == text.encode()
    head, got = fetch("BINARY.PEEK[2]")
    assert got == octets and b"(BINARY[2] ~{300001}" in head, head
    assert b"BINARY.SIZE[1] %d BINARY.SIZE[2] 300001)" % len(text.encode()) in fetch("BINARY.SIZE[1] BINARY.SIZE[2]")
    pieces = [fetch(f"BINARY.PEEK[2]<{at}.65000>")[1] for at in range(0, 300001, 65000)]
    assert b"".join(pieces) == octets
    assert fetch("BINARY.PEEK[2]<300000.9>")[1] == octets[300000:]
    assert fetch("BODY.PEEK[]")[1] == mail.as_bytes()
    try:
        m.append("Drafts", None, None, b"Subject: NUL\r\n\r\n\0\r\n")
    except imaplib.IMAP4.error as refusal:
        assert "NUL" in str(refusal), refusal
    else:
        raise AssertionError("a NUL was taken")
    m.logout()


def idle_hears_of_a_delivered_message():
    m = login(ANNA)
    before = int(ok(m.select("INBOX"))[0])
    tag = m._new_tag()
    m.send(tag + b" IDLE\r\n")
    assert m.readline().startswith(b"+")
    with smtplib.SMTP("localhost", SMTP) as s:
        s.sendmail("otto@elsewhere.example", [ANNA[0]], message(1))
    while True:
        line = m.readline()
        assert line, "the connection ended"
        if line == b"* %d EXISTS\r\n" % (before + 1):
            break
    m.send(b"DONE\r\n")
    while not m.readline().startswith(tag):
        pass
    m.logout()


def wrong_passwords_are_refused():
    for who in ((BO[0], "wrong"), ("nobody@org.example", "wrong"), (BO[0], "")):
        m = imaplib.IMAP4_SSL("localhost", IMAPS, ssl_context=CONTEXT)
        try:
            m.login(*who)
        except imaplib.IMAP4.error:
            continue
        raise AssertionError(who)


for test in (mailboxes_and_messages, parts_come_decoded, idle_hears_of_a_delivered_message, wrong_passwords_are_refused):
    test()
    print("ok", test.__name__)
