"""SMTP by hand, over a socket: what no mail program would send.

smtp_wire.py smuggling   every line end of up to three octets before and behind a dot, by DATA and BDAT; says how many
                         messages were accepted for anna and, of those hidden in them, for bo
smtp_wire.py chunks      a million chunks of one octet, in as many sessions as the limits make of them"""
import itertools
import os
import socket
import sys

SMTP = int(os.environ["PORT_SMTP"])
CHUNKS, SESSIONS = 10000, 100  # smtp.chunks; together a million


class Session:
    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", SMTP), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.reply()
        self.say(b"EHLO wire\r\n")
        self.reply()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def say(self, octets):
        self.socket.sendall(octets)

    def reply(self):
        while True:
            line = self.file.readline()
            if line[3:4] != b"-":
                return line

    def expect(self, *codes):
        for code in codes:
            line = self.reply()
            assert line.startswith(code), (code, line)


def transaction(to):
    return b"MAIL FROM:<otto@elsewhere.example>\r\nRCPT TO:<" + to + b">\r\n"


def accepted(payload, bdat):
    """The 250s that an honest reader of the replies would count."""
    with Session() as s:
        s.say(transaction(b"anna@org.example"))
        s.expect(b"250", b"250")
        if bdat:
            s.say(b"BDAT %d LAST\r\n" % len(payload) + payload + b"QUIT\r\n")
        else:
            s.say(b"DATA\r\n")
            s.expect(b"354")
            s.say(payload + b"\r\n.\r\nQUIT\r\n")
        try:
            return s.file.read().count(b"250 2.0.0 Queued")
        except ConnectionResetError:  # it closed while we were still talking
            return 0


def is_sound(text):
    rest = text.replace(b"\r\n", b"")
    return not any(octet in rest for octet in (b"\r", b"\n", b"\0"))


def smuggling():
    inner = transaction(b"bo@org.example") + b"BDAT 19 LAST\r\nFrom: i@n.example\r\n"
    ends = [bytes(e) for n in (1, 2, 3) for e in itertools.product(b"\r\n\0", repeat=n)]
    outer_count = inner_count = tried = 0
    for before, behind, bdat in itertools.product(ends, ends, (False, True)):
        payload = b"From: o@u.example\r\n\r\none" + before + b"." + behind + inner
        if bdat:
            outer, hidden = int(is_sound(payload)), 0
        else:
            first, rest = (payload + b"\r\n.\r\n").split(b"\r\n.\r\n", 1)
            outer = int(is_sound(first))
            hidden = int(outer and rest.startswith((b"MAIL", b"\nMAIL")))
        got = accepted(payload, bdat)
        assert got == outer + hidden, (before, behind, bdat, got)
        outer_count, inner_count, tried = outer_count + outer, inner_count + hidden, tried + 1
    print(tried, outer_count, inner_count)


def chunks():
    batch = 500
    for _ in range(SESSIONS):
        with Session() as s:
            s.say(transaction(b"anna@org.example"))
            s.expect(b"250", b"250")
            for _ in range(0, CHUNKS, batch):
                s.say(b"BDAT 1\r\nx" * batch)
                s.expect(*[b"250"] * batch)
            s.say(b"BDAT 1\r\nx")
            s.expect(b"421 4.7.0")
            assert s.file.read() == b""


{"smuggling": smuggling, "chunks": chunks}[sys.argv[1]]()
