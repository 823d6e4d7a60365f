"""Python's smtplib: what it sends, and how that comes back over IMAP."""
import imaplib
import os
import smtplib
import ssl
from email.message import EmailMessage

CONTEXT = ssl.create_default_context(cafile=os.environ["CA"])
SMTP, SUBMISSIONS, IMAPS = (int(os.environ[k]) for k in ("PORT_SMTP", "PORT_SUBMISSIONS", "PORT_IMAPS"))
ANNA, BO = ("anna@org.example", os.environ["ANNA_PASSWORD"]), ("bo@org.example", os.environ["BO_PASSWORD"])


def ok(answer):
    assert answer[0] == "OK", answer
    return answer[1]


def login(who):  # imaplib's LOGIN is ASCII alone; PLAIN carries UTF-8
    m = imaplib.IMAP4_SSL("localhost", IMAPS, ssl_context=CONTEXT)
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
        assert s.sendmail("x@elsewhere.example", [ANNA[0], "nobody@org.example"], "From: x@elsewhere.example\r\n\r\nx\r\n").keys() \
            == {"nobody@org.example"}
        assert s.verify("anna")[0] == 252


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


for test in (smtp_speaks_starttls, mime_comes_back_whole):
    test()
    print("ok", test.__name__)
