"""Many connections to one server: crowd.py SMTP IMAPS STORY. Exits 1 where the story ends otherwise than it should."""
import resource
import socket
import ssl
import sys
import time

SMTP, IMAPS = int(sys.argv[1]), int(sys.argv[2])
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def must(holds, what):
    if not holds:
        sys.exit(f"not so: {what}")


def connect(port, header=b""):
    s = socket.create_connection(("127.0.0.1", port), 10)
    s.sendall(header)
    return s


def line_of(s):
    """One line, or what came before the end."""
    got = b""
    while not got.endswith(b"\n"):
        try:
            byte = s.recv(1)
        except ConnectionResetError:
            byte = b""
        if not byte:
            break
        got += byte
    return got.decode()


CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CONTEXT.check_hostname, CONTEXT.verify_mode = False, ssl.CERT_NONE


def secure(s):
    return CONTEXT.wrap_socket(s)


def header_of(address):
    return f"PROXY TCP4 {address} 192.0.2.1 4000 25\r\n".encode()


BINARY = SIGNATURE + b"\x21\x11\x00\x0c" + bytes([198, 51, 100, 8, 192, 0, 2, 1]) + b"\x0f\xa0\x00\x19"


def send_mail(s):
    """A message to anna; the greeting was not read yet."""
    for said, answer in (None, "220"), ("EHLO client.example.net", "250"), ("MAIL FROM:<bo@example.net>", "250"), (
            "RCPT TO:<anna@whole.test>", "250"), ("DATA", "354"), ("Subject: behind\r\n\r\nbody\r\n.", "250"):
        if said:
            s.sendall(said.encode() + b"\r\n")
        line = line_of(s)
        while line[3:4] == "-":
            line = line_of(s)
        must(line.startswith(answer), f"{said} gives {answer}: {line!r}")


def log_in():
    s = secure(connect(IMAPS))
    must(line_of(s).startswith("* OK"), "a greeting")
    s.sendall(b"a LOGIN anna@whole.test wholepass\r\n")
    must(line_of(s).startswith("a OK"), "a login")
    return s


def answers(s, command, wanted):
    s.sendall(b"b " + command + b"\r\n")
    while True:
        line = line_of(s)
        if not line or line.startswith("b "):
            must(line.startswith("b OK"), f"{command}: {line!r}")
            must(not wanted, f"{command} tells {wanted}")
            return
        if wanted and wanted in line:
            wanted = None


def unlisted():
    for header in header_of("198.51.100.7"), b"XCLIENT ADDR=127.0.0.1\r\n":
        s = connect(SMTP, header)
        lines = [line_of(s), line_of(s), line_of(s)]
        must(lines[0].startswith("220") and lines[1].startswith("421 4.7.0") and lines[2] == "", f"421 and the end: {lines}")


def behind():
    for header in header_of("198.51.100.7"), BINARY:
        send_mail(connect(SMTP, header))
    s = secure(connect(IMAPS, header_of("198.51.100.9")))
    must(line_of(s).startswith("* OK"), "a greeting")
    s.sendall(b"a LOGIN anna@whole.test wholepass\r\n")
    must(line_of(s).startswith("a OK"), "a login")
    answers(s, b"SELECT INBOX", None)
    for address in b"198.51.100.7", b"198.51.100.8":
        s.sendall(b"c SEARCH HEADER Received " + address + b"\r\n")
        found = line_of(s)
        must(found.startswith("* SEARCH ") and line_of(s).startswith("c OK"), f"Received names {address}: {found!r}")


def tls_behind():
    for header in header_of("198.51.100.7"), BINARY:
        must(line_of(secure(connect(IMAPS, header))).startswith("* OK"), "a greeting")


def headless():
    late, began = connect(SMTP), time.monotonic()
    for header in b"EHLO client.example.net\r\n", b"PROXY TCP4 198.51.100.7 192.0.2.1 4000\r\n", b"\x16\x03\x01":
        must(line_of(connect(SMTP, header)) == "", f"closed after {header}")
    must(line_of(late) == "", "closed without a header")
    must(4.5 < time.monotonic() - began < 8, "after about five seconds")


def network():
    inside = []
    full = 0
    for i in range(10000):
        s = connect(SMTP, header_of(f"198.51.100.{i % 256}"))
        line = line_of(s)
        if line.startswith("220"):
            inside.append(s)
        else:
            must(line.startswith("421 4.7.0"), f"421 4.7.0: {line!r}")
            full += 1
    must(len(inside) == 40 and full == 9960, f"forty are inside: {len(inside)}")
    send_mail(connect(SMTP, header_of("198.51.101.7")))


def memory():
    friend = log_in()
    answers(friend, b"SELECT INBOX", None)
    crowd, ended = [], 0
    for _ in range(1500):
        crowd.append(secure(connect(IMAPS)))
        must(line_of(crowd[-1]).startswith("* OK"), "a greeting")
    for s in crowd:
        s.settimeout(0.001)
        try:
            ended += line_of(s).startswith("* BYE Too busy")
        except (TimeoutError, ssl.SSLWantReadError):
            pass
    must(ended >= 500, f"many were told to go: {ended}")
    must(ended < 1500, "and not all of them")
    answers(friend, b"NOOP", None)
    answers(log_in(), b"NOOP", None)


{"unlisted": unlisted, "behind": behind, "tls-behind": tls_behind, "headless": headless, "network": network, "memory": memory}[sys.argv[3]]()
