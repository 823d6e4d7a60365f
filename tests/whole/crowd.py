"""Connections as a load balancer, a crowd and strangers bring them: crowd.py SMTP IMAPS STORY. Exits 1 where the story ends otherwise
than it should. 127.0.0.2 is a proxy that is listed, 127.0.0.1 is not."""
import concurrent.futures
import re
import resource
import socket
import ssl
import struct
import sys
import time

SMTP, IMAPS = int(sys.argv[1]), int(sys.argv[2])
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
PROXY, UNLISTED = "127.0.0.2", "127.0.0.1"
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def must(holds, what):
    if not holds:
        sys.exit(f"not so: {what}")


def connect(port, header=b"", source=None):
    """By the proxy where there is a header, unless said otherwise."""
    s = socket.create_connection(("127.0.0.1", port), 60, (source or (PROXY if header else UNLISTED), 0))
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


BINARY = SIGNATURE + b"\x21\x11" + struct.pack(">H", 12) + socket.inet_aton("198.51.100.8") + socket.inet_aton("192.0.2.1") + b"\x0f\xa0\0\x19"
BINARY6 = (SIGNATURE + b"\x21\x21" + struct.pack(">H", 36) + socket.inet_pton(socket.AF_INET6, "2001:db8:5::7") +
           socket.inet_pton(socket.AF_INET6, "::1") + b"\x0f\xa0\0\x19")
PLAIN = header_of("198.51.100.7")


def reply(s):
    """The last line of a reply."""
    line = line_of(s)
    while line[3:4] == "-":
        line = line_of(s)
    return line


def ask(s, command):
    s.sendall(command + b"\r\n")
    return reply(s)


def send_mail(s, subject):
    """A message to anna; the greeting was not read yet."""
    must(reply(s).startswith("220"), "a greeting")
    for command, answer in ("EHLO client.example.net", "250"), ("MAIL FROM:<bo@example.net>", "250"), (
            "RCPT TO:<anna@whole.test>", "250"), ("DATA", "354"), (f"From: a@elsewhere.example\r\nSubject: {subject}\r\n\r\nbody\r\n.", "250"):
        line = ask(s, command.encode())
        must(line.startswith(answer), f"{command} gives {answer}: {line!r}")


def greeted(header=b""):
    s = secure(connect(IMAPS, header))
    must(line_of(s).startswith("* OK"), "a greeting")
    return s


def log_in(header=b"", password="wholepass"):
    s = greeted(header)
    s.sendall(f"a LOGIN anna@whole.test {password}\r\n".encode())
    line = line_of(s)
    must(line.startswith("a OK" if password == "wholepass" else "a NO"), f"a login: {line!r}")
    return s


def answers(s, command):
    """What is said before the OK."""
    s.sendall(b"b " + command + b"\r\n")
    said = ""
    while True:
        line = line_of(s)
        if not line or line.startswith("b "):
            must(line.startswith("b OK"), f"{command}: {line!r}")
            return said
        said += line


def behind():
    for header, subject in (PLAIN, "v1"), (BINARY, "v2"), (BINARY6, "v2 of IPv6"), (b"", "direct"):
        send_mail(connect(SMTP, header), subject)
    log_in(BINARY6, "wrong")
    log_in(header_of("198.51.100.9"))


def received():
    """Received names who was behind a proxy, or who came without one, and never the proxy."""
    s = log_in(header_of("198.51.100.9"))
    answers(s, b"SELECT INBOX")
    for subject, address in ("v1", "[198.51.100.7]"), ("v2", "[198.51.100.8]"), ("v2 of IPv6", "[IPv6:2001:db8:5::7]"), (
            "direct", f"[{UNLISTED}]"):
        found = answers(s, f'SEARCH SUBJECT "{subject}" HEADER Received "{address}"'.encode())
        must(re.fullmatch(r"\* SEARCH( \d+)+\r\n", found), f"Received of {subject} names {address}: {found!r}")
    must(answers(s, f'SEARCH HEADER Received "{PROXY}"'.encode()) == "* SEARCH\r\n", "no Received names the proxy")


def tls_behind():
    for header in PLAIN, BINARY, BINARY6:
        greeted(header)


def unlisted():
    """421 and the end for who is not listed and says who is behind; two sessions for each of three, on SMTP."""
    for header, before in (PLAIN, 0), (b"XCLIENT ADDR=127.0.0.1\r\n", 0), (BINARY + b"EHLO client.example.net\r\n", 2):
        s = connect(SMTP, header, UNLISTED)
        lines = [line_of(s) for _ in range(3 + before)]
        must(lines[0].startswith("220") and lines[-2].startswith("421 4.7.0 You are not one of our proxies") and lines[-1] == "",
             f"421 and the end: {lines}")
    s = connect(SMTP)
    must(reply(s).startswith("220") and ask(s, b"EHLO client.example.net").startswith("250"), "a session")
    must(ask(s, b"XCLIENT ADDR=203.0.113.7").startswith("421 4.7.0") and line_of(s) == "", "421 and the end, after EHLO as well")


def unlisted_tls():
    """To TLS a header is no hello."""
    for header in PLAIN, BINARY:
        try:
            secure(connect(IMAPS, header, UNLISTED))
        except (ssl.SSLError, ConnectionError):
            continue
        sys.exit("not so: no handshake behind a header of who is not listed")


def headless():
    late, began = connect(SMTP, source=PROXY), time.monotonic()
    for header in b"EHLO client.example.net\r\n", b"PROXY TCP4 198.51.100.7 192.0.2.1 4000\r\n", b"\x16\x03\x01":
        must(line_of(connect(SMTP, header)) == "", f"closed after {header}")
    must(line_of(late) == "", "closed without a header")
    must(4.5 < time.monotonic() - began, "after five seconds")


def early():
    """Strangers alone wait for the greeting; who does not is no mail server."""
    s = connect(SMTP, PLAIN + b"EHLO client.example.net\r\n")
    must(line_of(s).startswith("554 5.5.0 You spoke before the greeting") and line_of(s) == "", "554 and the end")
    began = time.monotonic()
    s = connect(SMTP, PLAIN)
    must(reply(s).startswith("220") and time.monotonic() - began >= 0.2, "a stranger is greeted later")
    must(ask(s, b"EHLO client.example.net").startswith("250"), "and may speak then")


def network():
    inside = [connect(SMTP, header_of(f"198.51.100.{i}")) for i in range(40)]
    for s in inside:
        must(reply(s).startswith("220"), "forty are inside")
    for i in range(40, 10000):
        line = line_of(connect(SMTP, header_of(f"198.51.100.{i % 256}")))
        must(line.startswith("421 4.7.0"), f"421 4.7.0: {line!r}")
    send_mail(connect(SMTP, header_of("198.51.101.7")), "of others")


def resident(what):
    with open(f"/proc/{sys.argv[4]}/status") as status:
        return int(re.search(rf"{what}:\s+(\d+) kB", status.read())[1]) // 1024


def logins():
    """A thousand logins at once, each of its own name and network. Two hashes of 64 MiB at a time, a queue of two hundred; the rest
    is told to come later. Prints what they took."""
    crowd = [greeted(header_of(f"203.{i // 200}.{i % 200}.1")) for i in range(1000)]
    with open(f"/proc/{sys.argv[4]}/clear_refs", "w") as peak:
        peak.write("5")  # the peak begins anew
    before = resident("VmRSS")
    for i, s in enumerate(crowd):
        s.sendall(f"a LOGIN nobody{i}@whole.test guess\r\n".encode())
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        said = list(pool.map(line_of, crowd))
    took = resident("VmHWM") - before
    refused = sum(line.startswith("a NO [AUTHENTICATIONFAILED]") for line in said)
    later = sum(line.startswith("a NO [UNAVAILABLE]") for line in said)
    print(f"1000 logins at once: {refused} refused, {later} told to come later; {took} MiB at their peak beyond the {before} before")
    must(refused + later == 1000, f"each has its answer: {set(said)}")
    must(refused >= 200 and later >= 200, "some were checked, and the queue has an end")
    must(took <= 2 * 64 + 64, "no more than two hashes, and what the sessions hold")
    answers(log_in(header_of("198.51.100.9")), b"NOOP")


def memory():
    friend = log_in()
    answers(friend, b"SELECT INBOX")
    crowd, ended = [], 0
    for _ in range(1500):
        crowd.append(greeted())
    for s in crowd:
        s.settimeout(0.001)
        try:
            ended += line_of(s).startswith("* BYE Too busy")
        except (TimeoutError, ssl.SSLWantReadError):
            pass
    must(ended >= 500, f"many were told to go: {ended}")
    must(ended < 1500, "and not all of them")
    answers(friend, b"NOOP")
    answers(log_in(), b"NOOP")


STORIES = (behind, received, tls_behind, unlisted, unlisted_tls, headless, early, network, logins, memory)
{story.__name__.replace("_", "-"): story for story in STORIES}[sys.argv[3]]()
