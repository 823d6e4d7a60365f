"""What 50-lost-server.sh needs of a mail client.

load SMTP IMAPS FILE     sends and flags until it is killed; FILE gets a line for each answer
await FILE COUNT         until it has so many lines
quiet IMAPS              until what was under way when a client was killed has ended
dump IMAPS FILE          every mailbox of all users: UIDVALIDITY, and UID, flags, date, bytes of each message
same A B                 the same but for UIDVALIDITY, which is larger
holds IMAPS FILE         what FILE says was answered is there, once
send SMTP TO SUBJECT · newer IMAPS DUMP SUBJECT · same_validity A B"""
import hashlib
import imaplib
import json
import os
import re
import smtplib
import ssl
import sys
import threading
import time

USERS = ["anna", "bo", "carol"]
LAX = ssl._create_unverified_context()


def login(port, user):
    m = imaplib.IMAP4_SSL("127.0.0.1", int(port), ssl_context=LAX, timeout=60)
    m.login(f"{user}@org.example", f"pass-{user}")
    return m


def send(port, to, subject, size=200):
    with smtplib.SMTP("127.0.0.1", int(port), timeout=60) as s:
        s.sendmail("x@elsewhere.example", [to], f"From: x@elsewhere.example\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n" + "text " * (size // 5) + "\r\n")


def load(smtp, imaps, path):
    out = open(path, "a", buffering=1)
    lock = threading.Lock()

    def note(line):
        with lock:
            out.write(line + "\n")

    def deliver(n):
        i = 0
        while True:
            user = USERS[i % 3]
            subject = f"smtp-{os.getpid()}-{n}-{i}"
            send(smtp, f"{user}@org.example", subject, 400_000 if i % 20 == 0 else 300)
            note(f"{user} {subject}")
            i += 1

    def append(user):
        m = login(imaps, user)
        i = 0
        while True:
            subject = f"append-{os.getpid()}-{user}-{i}"
            ok, _ = m.append("INBOX", r"(\Flagged)" if i % 2 else r"(\Seen)", None, f"Subject: {subject}\r\n\r\nkept\r\n".encode())
            assert ok == "OK"
            note(f"{user} {subject}")
            m.select("INBOX")
            m.store("1:*", "+FLAGS.SILENT", rf"(round-{i % 5})")
            i += 1
            time.sleep(0.02)

    threads = [threading.Thread(target=deliver, args=(n,), daemon=True) for n in range(3)]
    threads += [threading.Thread(target=append, args=(user,), daemon=True) for user in USERS]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def lines(path):
    try:
        with open(path) as f:
            return f.read().splitlines()
    except FileNotFoundError:
        return []


def wait_for(path, count):
    deadline = time.monotonic() + 60
    while len(lines(path)) < int(count):
        if time.monotonic() > deadline:
            sys.exit(f"only {len(lines(path))} answers in a minute")
        time.sleep(0.05)


def read_all(port):
    everything = {}
    for user in USERS:
        m = login(port, user)
        for row in m.list()[1]:
            name = row.decode().rsplit(' "/" ', 1)[1].strip('"')
            ok, text = m.select(name, readonly=True)
            assert ok == "OK", text
            box = {"uidvalidity": int(m.response("UIDVALIDITY")[1][0]), "messages": {}}
            if int(text[0]):
                for part in m.fetch("1:*", "(UID FLAGS INTERNALDATE BODY.PEEK[])")[1]:
                    if not isinstance(part, tuple):
                        continue
                    head, body = part[0].decode(), part[1]
                    flags = sorted(set(re.search(r"FLAGS \(([^)]*)\)", head).group(1).split()) - {r"\Recent"})
                    subject = re.search(rb"^Subject: (.*?)\r$", body, re.M)
                    box["messages"][re.search(r"UID (\d+)", head).group(1)] = [
                        flags, re.search(r'INTERNALDATE "([^"]*)"', head).group(1), hashlib.sha256(body).hexdigest(),
                        subject.group(1).decode() if subject else ""]
            everything[f"{user} {name}"] = box
        m.logout()
    return everything


def kept(path):
    with open(path) as f:
        return json.load(f)


def main(word, *args):
    if word == "load":
        load(*args)
    elif word == "await":
        wait_for(*args)
    elif word == "send":
        send(args[0], args[1], args[2])
    elif word == "quiet":
        last, now = None, read_all(args[0])
        deadline = time.monotonic() + 30
        while now != last:
            assert time.monotonic() < deadline, "something still changes"
            last, now = now, read_all(args[0])
    elif word == "dump":
        with open(args[1], "w") as f:
            json.dump(read_all(args[0]), f)
    elif word == "same":
        before, after = kept(args[0]), kept(args[1])
        count = sum(len(box["messages"]) for box in before.values())
        assert set(before) == set(after), set(before) ^ set(after)
        for name, box in before.items():
            other = after[name]["messages"]
            differing = {uid: (m, other.get(uid)) for uid, m in box["messages"].items() if other.get(uid) != m}
            differing.update({uid: (None, m) for uid, m in other.items() if uid not in box["messages"]})
            assert not differing, (name, len(differing), list(differing.items())[:3])
            assert after[name]["uidvalidity"] > box["uidvalidity"], name
        assert count > 100, count
        print(count, "messages")
    elif word == "same_validity":
        before, after = kept(args[0]), kept(args[1])
        for name, box in before.items():
            assert box["uidvalidity"] == after[name]["uidvalidity"], name
    elif word == "newer":
        before, after = kept(args[1])["anna INBOX"], read_all(args[0])["anna INBOX"]
        uid = next(uid for uid, m in after["messages"].items() if m[3] == args[2])
        assert int(uid) > max(map(int, before["messages"])), uid
    elif word == "holds":
        there = {}
        for name, box in read_all(args[0]).items():
            user = name.split()[0]
            for message in box["messages"].values():
                there[f"{user} {message[3]}"] = there.get(f"{user} {message[3]}", 0) + 1
        answered = lines(args[1])
        lost = [line for line in answered if line not in there]
        twice = [line for line, n in there.items() if n > 1 and line.split()[1].startswith(("smtp-", "append-"))]
        print(len(answered), "answered,", len(there), "there,", len(lost), "lost,", len(twice), "twice")
        assert answered and not lost and not twice, (lost[:5], twice[:5])
    else:
        sys.exit(__doc__)


if len(sys.argv) > 1 and os.environ.get("PYTHONOPTIMIZE"):
    sys.exit("asserts are wanted")
main(*sys.argv[1:])
