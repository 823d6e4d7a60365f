"""Python's smtplib with SMTPUTF8: addresses and headers beyond ASCII, there and back over IMAP."""
import email
import imaplib
import os
import smtplib
import ssl
import sys
from email.message import EmailMessage
from email.policy import SMTPUTF8

CONTEXT = ssl.create_default_context(cafile=os.environ["CA"])
SMTP, IMAPS = int(os.environ["PORT_SMTP"]), int(os.environ["PORT_IMAPS"])
JOERG = "jörg@org.example"


def message(to):
    m = EmailMessage(policy=SMTPUTF8)
    m["From"], m["To"], m["Subject"] = "Zoë <zoë@bücher.test>", to, "grüße 📩"
    m.set_content("Tschüß\n", cte="8bit")
    return m


def fetch_last():
    m = imaplib.IMAP4_SSL("localhost", IMAPS, ssl_context=CONTEXT)
    assert m.authenticate("PLAIN", lambda _: f"\0{JOERG}\0{os.environ['JOERG_PASSWORD']}".encode())[0] == "OK"
    count = int(m.select("INBOX", readonly=True)[1][0])
    data = m.fetch(str(count), "(BODY.PEEK[])")[1][0][1]
    m.logout()
    return count, data


def send():
    with smtplib.SMTP("localhost", SMTP) as s:
        s.ehlo()
        assert s.has_extn("smtputf8") and s.has_extn("chunking") and s.has_extn("8bitmime") and s.has_extn("dsn")
        for to in (JOERG, "JÖRG@org.example", "jo\u0308rg@bücher.example"):
            assert s.send_message(message(to)) == {}
        try:
            s.sendmail("otto@elsewhere.example", ["carol@org.example"], "From: otto@elsewhere.example\r\nSubject: grüße\r\n\r\n".encode())
        except smtplib.SMTPDataError as refusal:
            assert refusal.smtp_code == 554 and b"5.6.9" in refusal.smtp_error, refusal
        else:
            raise SystemExit("a header beyond ASCII was taken without SMTPUTF8")


def look():
    count, data = fetch_last()
    assert count == 3, count
    trace, sent = data.split(b"From: ", 1)
    assert b"From: " + sent == message("jo\u0308rg@bücher.example").as_bytes(), sent
    assert b" with UTF8SMTP\r\n" in trace and "Return-Path: <zoë@xn--bcher-kva.test>\r\n".encode() in trace, trace
    assert str(email.message_from_bytes(data, policy=SMTPUTF8)["Subject"]) == "grüße 📩"


{"send": send, "look": look}[sys.argv[1]]()
