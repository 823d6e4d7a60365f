"""Python's own mail clients: a round trip of everything that a mail program does in a day."""
import imaplib
import os
import smtplib
import ssl
import threading
from email.message import EmailMessage

CONTEXT = ssl.create_default_context(cafile=os.environ["CA"])
SMTP, SUBMISSIONS, IMAPS = (int(os.environ[k]) for k in ("PORT_SMTP", "PORT_SUBMISSIONS", "PORT_IMAPS"))
ANNA, BO = ("anna@org.example", os.environ["ANNA_PASSWORD"]), ("bo@org.example", os.environ["BO_PASSWORD"])


def ok(answer):
    assert answer[0] == "OK", answer
    return answer[1]


def login(who):
    m = imaplib.IMAP4_SSL("localhost", IMAPS, ssl_context=CONTEXT)
    if who[1].isascii():
        ok(m.login(*who))
    else:  # imaplib's LOGIN is ASCII alone; PLAIN carries UTF-8
        ok(m.authenticate("PLAIN", lambda _: f"\0{who[0]}\0{who[1]}".encode()))
    return m


def send(subject, body="hello\n", html=None):
    m = EmailMessage()
    m["From"], m["To"], m["Subject"] = BO[0], ANNA[0], subject
    m.set_content(body)
    if html:
        m.add_alternative(html, subtype="html")
        m.add_attachment(bytes(range(256)) * 300, maintype="application", subtype="octet-stream", filename="ä.bin")
    with smtplib.SMTP_SSL("localhost", SUBMISSIONS, context=CONTEXT) as s:
        s.login(*BO)
        assert s.send_message(m) == {}


def smtp_speaks_starttls():
    with smtplib.SMTP("localhost", SMTP) as s:
        s.starttls(context=CONTEXT)
        s.ehlo()
        assert "auth" not in s.esmtp_features and "size" in s.esmtp_features
        assert s.sendmail("x@elsewhere.example", [ANNA[0], "nobody@org.example"], "Subject: two\r\n\r\nx\r\n").keys() \
            == {"nobody@org.example"}
        assert s.verify("anna")[0] == 252


def mailboxes_and_messages():
    m = login(BO)
    assert {"IDLE", "UIDPLUS", "MOVE", "NAMESPACE", "SPECIAL-USE"} <= set(m.capabilities)
    names = b" ".join(ok(m.list()))
    for name in (b"INBOX", b"Drafts", b"Sent", b"Trash", b"Junk", b"Archive"):
        assert name in names, name
    ok(m.create('"Projekt &AOQ-"'))
    for i in range(20):
        text = f"From: a@example.test\r\nSubject: no {i}\r\nDate: Tue, 3 Mar 2026 10:{i:02d}:00 +0000\r\n\r\nneedle{i % 3} {'x' * (i * 500)}\r\n"
        ok(m.append('"Projekt &AOQ-"', r"(\Seen)" if i % 2 else None, f'"03-Mar-2026 10:{i:02d}:00 +0000"', text.encode()))
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
    ok(m.copy("1:3", "Archive"))
    assert b"MESSAGES 3" in ok(m.status("Archive", "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN)"))[0]
    ok(m.uid("MOVE", ok(m.uid("SEARCH", None, "ALL"))[0].split()[0].decode(), "Trash"))
    assert int(ok(m.select('"Projekt &AOQ-"'))[0]) == 14
    ok(m.rename('"Projekt &AOQ-"', "done"))
    ok(m.select("done"))
    ok(m.close())
    ok(m.delete("done"))
    m.logout()


def mime_comes_back_whole():
    send("mime", "plain\n", "<p>html</p>")
    m = login(ANNA)
    ok(m.select("INBOX"))
    uid = ok(m.uid("SEARCH", None, "SUBJECT", "mime"))[0].split()[-1].decode()
    structure = ok(m.uid("FETCH", uid, "(BODYSTRUCTURE)"))[0]
    text = b" ".join(structure) if isinstance(structure, tuple) else structure
    assert text.count(b'"') and b'"MIXED"' in text.upper() and b'"OCTET-STREAM"' in text.upper(), text
    import base64
    body = ok(m.uid("FETCH", uid, "(BODY.PEEK[2])"))[0][1]
    assert base64.b64decode(body) == bytes(range(256)) * 300
    import email
    whole = email.message_from_bytes(ok(m.uid("FETCH", uid, "(RFC822)"))[0][1])
    assert [p.get_content_type() for p in whole.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/octet-stream"]
    m.logout()


def idle_shows_a_delivered_message():
    m = login(ANNA)
    before = int(ok(m.select("INBOX"))[0])
    tag = m._new_tag()
    m.send(tag + b" IDLE\r\n")
    assert m.readline().startswith(b"+")
    thread = threading.Thread(target=send, args=("while idling",))
    thread.start()
    m.sock.settimeout(20)
    while True:
        line = m.readline()
        assert line, "the connection ended"
        if line == b"* %d EXISTS\r\n" % (before + 1):
            break
    m.send(b"DONE\r\n")
    while not m.readline().startswith(tag):
        pass
    thread.join()
    m.logout()


def wrong_passwords_are_refused():
    for who in ((BO[0], "wrong"), ("nobody@org.example", "wrong"), (BO[0], "")):
        m = imaplib.IMAP4_SSL("localhost", IMAPS, ssl_context=CONTEXT)
        try:
            m.login(*who)
        except imaplib.IMAP4.error:
            continue
        raise AssertionError(who)


for test in (smtp_speaks_starttls, mailboxes_and_messages, mime_comes_back_whole, idle_shows_a_delivered_message,
             wrong_passwords_are_refused):
    test()
    print("ok", test.__name__)
