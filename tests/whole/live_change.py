"""Holds connections open while the state changes under them."""
import imaplib
import os
import smtplib
import socket
import ssl
import subprocess

LAX = ssl._create_unverified_context()  # self-signed, on loopback
SMTP, IMAPS, SPARE = (int(os.environ[k]) for k in ("PORT_SMTP", "PORT_IMAPS", "PORT_SPARE"))
STATE = os.path.join(os.environ["HOME_STATE"], "mail.yaml")
AGENT = int(os.environ["AGENT_PID"])


def posthus(word, *words, code=0):
    done = subprocess.run([os.environ["POSTHUS"], word, "--config", os.environ["CONFIG"], *words], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == code, (word, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def change(old, new, *words, code=0):
    with open(STATE) as f:
        text = f.read()
    assert old in text, old
    with open(STATE, "w") as f:
        f.write(text.replace(old, new))
    return posthus("apply", "--wait", *words, code=code)


def login(user):
    m = imaplib.IMAP4_SSL("localhost", IMAPS, ssl_context=LAX)
    m.login(f"{user}@org.example", f"pass-{user}")
    m.select("INBOX")
    return m


def send(to, expect=250, port=SMTP):
    with smtplib.SMTP("localhost", port) as s:
        s.ehlo()
        s.mail("x@elsewhere.example")
        code, text = s.rcpt(to)
        if code == 250 == expect:
            assert s.data(f"From: x@elsewhere.example\r\nSubject: to {to}\r\n\r\nhello\r\n")[0] == 250
        assert code == expect, (to, code, text)
        return text.decode()


def count(m):
    assert m.noop()[0] == "OK"
    return int(m.select("INBOX")[1][0])


class Kept:
    """Connections that must live through every change of this test."""

    def __init__(self):
        self.imap = login("anna")
        self.smtp = smtplib.SMTP("localhost", SMTP)
        self.smtp.ehlo()
        self.smtp.mail("x@elsewhere.example")
        self.smtp.rcpt("anna@org.example")

    def end(self):
        code, _ = self.smtp.data("From: x@elsewhere.example\r\nSubject: begun before every change\r\n\r\nx\r\n")
        assert code == 250, code
        self.smtp.quit()
        assert self.imap.noop()[0] == "OK"
        self.imap.logout()


def a_user_domain_and_alias_are_added():
    change("users:\n", "users:\n  dora@new.example: {id: dora}\n", code=3)  # no such domain yet: refused
    change("domains:\n", "domains:\n  new.example: {}\n")
    change("aliases:\n", "aliases:\n  fresh@new.example: [dora, anna]\n")
    send("fresh@new.example")
    send("dora@new.example")


def a_listener_moves():
    change(f"127.0.0.1:{SMTP}", f"127.0.0.1:{SPARE}")
    send("anna@org.example", port=SPARE)
    try:
        socket.create_connection(("127.0.0.1", SMTP), 2)
    except ConnectionRefusedError:
        pass
    else:
        raise AssertionError("the old port still answers")
    change(f"127.0.0.1:{SPARE}", f"127.0.0.1:{SMTP}")
    send("anna@org.example")


def a_password_ends_the_sessions_under_the_old_one():
    bo = login("bo")
    subprocess.run([os.environ["POSTHUS"], "account", "--config", os.environ["CONFIG"], "passwd", "bo"],
                   input="a new one\n", text=True, check=True, capture_output=True)
    ended(bo)
    try:
        login("bo")
    except imaplib.IMAP4.error:
        pass
    else:
        raise AssertionError("the old password still opens")
    m = imaplib.IMAP4_SSL("localhost", IMAPS, ssl_context=LAX)
    m.login("bo@org.example", "a new one")
    m.logout()


def ended(m):
    """The server says BYE and closes; nothing is asked of it."""
    m.sock.settimeout(20)
    said = b""
    while True:
        line = m.readline()
        if not line:
            break
        said += line
    assert b"* BYE" in said, said


def who_leaves_is_disabled_and_kept():
    carol = login("carol")
    send("carol@org.example")
    had = count(carol)
    before = open(STATE).read()
    out = change("  carol@org.example: {id: carol, name: Carol}\n", "")
    assert "carol" in out and "data kept" in out, out
    ended(carol)
    assert "4.2.1" in send("carol@org.example", 450)
    try:
        login("carol")
    except imaplib.IMAP4.error:
        pass
    else:
        raise AssertionError("a disabled user logs in")
    assert "carol" in posthus("plan") and "data kept" in posthus("plan")  # shown in every plan
    with open(STATE, "w") as f:
        f.write(before)
    posthus("apply", "--wait")
    back = login("carol")
    assert count(back) == had, (count(back), had)
    back.logout()


def a_signal_reconciles():
    os.kill(AGENT, 1)
    # SIGHUP has no answer to wait for; the next request is served behind it.
    assert "no changes" in posthus("plan")


def a_watched_file_is_not_applied_without_watch():
    with open(STATE, "a") as f:
        f.write("  later@org.example: [anna]\n")
    assert "later" in posthus("plan")
    send("later@org.example", 550)
    posthus("apply")
    send("later@org.example")


kept = Kept()
for test in (a_user_domain_and_alias_are_added, a_listener_moves, a_password_ends_the_sessions_under_the_old_one,
             who_leaves_is_disabled_and_kept, a_signal_reconciles, a_watched_file_is_not_applied_without_watch):
    test()
    print("ok", test.__name__, flush=True)
kept.end()
print("ok the connections from before every change")
