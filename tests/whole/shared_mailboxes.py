"""What members see of a shared mailbox and may do in it. One test a run: its name is the argument."""
import imaplib
import os
import smtplib
import ssl
import subprocess
import sys

LAX = ssl._create_unverified_context()  # self-signed, on loopback
SMTP, SUBMISSIONS, IMAPS = (int(os.environ[k]) for k in ("PORT_SMTP", "PORT_SUBMISSIONS", "PORT_IMAPS"))
STATE = os.path.join(os.environ["HOME_STATE"], "shared.yaml")
OFFICE = "Shared/office@org.example"
INBOX = OFFICE + "/INBOX"


def posthus(word, *words, code=0):
    done = subprocess.run([os.environ["POSTHUS"], word, "--config", os.environ["CONFIG"], *words], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == code, (word, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def change(old, new):
    with open(STATE) as f:
        text = f.read()
    assert old in text, old
    with open(STATE, "w") as f:
        f.write(text.replace(old, new))
    return posthus("apply", "--wait")


def login(user):
    m = imaplib.IMAP4_SSL("localhost", IMAPS, ssl_context=LAX)
    m.login(f"{user}@org.example", f"pass-{user}")
    return m


def ok(answer):
    assert answer[0] == "OK", answer
    return answer[1]


def no(answer, text):
    assert answer[0] == "NO" and text.encode() in answer[1][0], answer
    return answer


def post(to, subject, body="hello", sender="x@elsewhere.example"):
    with smtplib.SMTP("localhost", SMTP) as s:
        s.sendmail(sender, [to], f"From: {sender}\r\nSubject: {subject}\r\n\r\n{body}\r\n")
    while '"waiting": 0' not in posthus("status", "-o", "json"):
        pass


def names(m, pattern="*", command="list"):
    rows = ok(getattr(m, command)('""', f'"{pattern}"'))
    return {row.split(b' "/" ')[1].decode().strip('"'): row.split(b") ")[0].decode()[1:] for row in rows if row}


def opened(m, mailbox):
    """SELECT or EXAMINE as a client sends it, for its tagged line and its count."""
    typ, data = m._simple_command("SELECT", f'"{mailbox}"')
    assert typ == "OK", data
    m.state = "SELECTED"
    m.is_readonly = m.untagged_responses.pop("READ-ONLY", None) is not None
    return data[0].decode(), int(m.untagged_responses["EXISTS"][-1])


def ended(m):
    m.sock.settimeout(20)
    said = b""
    while line := m.readline():
        said += line
    assert b"* BYE" in said, said
    return said.decode()


def members_see_it_in_a_namespace_of_its_own():
    post("office@org.example", "to the office")
    post("o+x@org.example", "to its further address")
    for user in ("anna", "bo", "carol"):
        m = login(user)
        assert ok(m.namespace())[0] == b'(("" "/")) NIL (("Shared/" "/"))'
        all_ = names(m)
        assert all_["Shared"] == all_[OFFICE] == "\\Noselect \\HasChildren", all_
        assert {INBOX, OFFICE + "/Sent", "INBOX"} <= set(all_), all_
        assert "\\Sent" in all_["Sent"] and "\\Sent" not in all_[OFFICE + "/Sent"]
        assert set(names(m, "Shared/%")) == {OFFICE} | ({"Shared/small@org.example"} if user != "carol" else set())
        assert b"MESSAGES 2 UNSEEN 2" in ok(m.status(f'"{INBOX}"', "(MESSAGES UNSEEN)"))[0]
        assert INBOX.encode() in ok(m.status(f'"{INBOX}"', "(MESSAGES)"))[0]
        no(m.select(f'"{OFFICE}"'), "[NONEXISTENT]")
        assert opened(m, INBOX)[1] == 2
        assert b"to the office" in ok(m.fetch("1", "(BODY.PEEK[HEADER])"))[0][1]
        assert ok(m.search(None, "SUBJECT", "further")) == [b"2"]
        m.logout()


def subscriptions_are_ones_own():
    anna, bo = login("anna"), login("bo")
    ok(anna.subscribe(f'"{INBOX}"'))
    assert INBOX in names(anna, command="lsub") and INBOX not in names(bo, command="lsub")
    ok(anna.unsubscribe(f'"{INBOX}"'))
    assert INBOX not in names(anna, command="lsub")


def I14_who_is_no_member_sees_nothing():
    dan, carol = login("dan"), login("carol")
    assert not [n for n in names(dan) if n.startswith("Shared")]
    ok(dan.append("INBOX", None, None, b"Subject: mine\r\n\r\nx\r\n"))
    for m, mailbox in ((dan, OFFICE), (carol, "Shared/small@org.example")):
        for name in (mailbox, mailbox + "/INBOX", mailbox + "/Sent"):
            no(m.select(f'"{name}"'), "[NONEXISTENT]")
            no(m.select(f'"{name}"', True), "[NONEXISTENT]")
            no(m.status(f'"{name}"', "(MESSAGES)"), "[NONEXISTENT]")
            no(m.append(f'"{name}"', None, None, b"Subject: x\r\n\r\nx\r\n"), "[TRYCREATE]")
            no(m.create(f'"{name}"'), "[CANNOT]")
            no(m.delete(f'"{name}"'), "[NONEXISTENT]")
            no(m.rename(f'"{name}"', "mine"), "[NONEXISTENT]")
            no(m.rename("Drafts", f'"{name}"'), "[CANNOT]")
    ok(dan.select("INBOX"))
    no(dan.copy("1", f'"{INBOX}"'), "[TRYCREATE]")
    no(dan._simple_command("MOVE", "1", f'"{INBOX}"'), "[TRYCREATE]")
    no(login("dan").create("Shared"), "[CANNOT]")
    m = imaplib.IMAP4_SSL("localhost", IMAPS, ssl_context=LAX)
    try:
        m.login("office@org.example", "pass-anna")
    except imaplib.IMAP4.error as e:
        assert "AUTHENTICATIONFAILED" in str(e), e
    else:
        raise AssertionError("somebody is logged in as a shared mailbox")


def a_reader_reads_and_changes_nothing():
    m = login("carol")
    said, _ = opened(m, INBOX)
    assert said.startswith("[READ-ONLY]"), said
    ok(m.fetch("1", "(BODY[])"))  # sets no \Seen
    assert b"Seen" not in ok(m.fetch("1", "(FLAGS)"))[0]
    no(m.store("1", "+FLAGS", "(\\Seen)"), "read-only")
    no(m.expunge(), "read-only")
    no(m.append(f'"{INBOX}"', None, None, b"Subject: x\r\n\r\nx\r\n"), "[NOPERM]")
    no(m._simple_command("MOVE", "1", "INBOX"), "read-only")
    no(m.create(f'"{OFFICE}/new"'), "[NOPERM]")
    no(m.delete(f'"{OFFICE}/Sent"'), "[NOPERM]")
    no(m.rename(f'"{OFFICE}/Sent"', f'"{OFFICE}/Gone"'), "[NOPERM]")
    ok(m.copy("1", "INBOX"))  # what she reads she may keep
    ok(m.select("INBOX"))
    assert b"to the office" in ok(m.fetch("*", "(BODY.PEEK[])"))[0][1]
    no(m.copy("1", f'"{INBOX}"'), "[NOPERM]")


def a_writer_writes_and_makes_no_folders():
    m = login("bo")
    said, count = opened(m, INBOX)
    assert said.startswith("[READ-WRITE]"), said
    ok(m.store("1", "+FLAGS", "(\\Flagged $Work)"))
    ok(m.append(f'"{OFFICE}/Sent"', "\\Seen", None, b"Subject: sent by bo\r\n\r\nx\r\n"))
    ok(m.copy("1", f'"{OFFICE}/Archive"'))
    ok(m.append(f'"{INBOX}"', None, None, b"Subject: for the bin\r\n\r\nx\r\n"))
    ok(m.noop())
    ok(m.store(str(count + 1), "+FLAGS", "(\\Deleted)"))
    assert ok(m.expunge()) == [str(count + 1).encode()]
    no(m.create(f'"{OFFICE}/new"'), "[NOPERM]")
    no(m.delete(f'"{OFFICE}/Archive"'), "[NOPERM]")
    other = login("anna")  # flags are the mailbox's, not the person's
    opened(other, INBOX)
    assert b"Flagged" in (flags := ok(other.fetch("1", "(FLAGS)"))[0]) and b"$Work" in flags


def a_manager_makes_renames_and_deletes_folders():
    m = login("anna")
    ok(m.create(f'"{OFFICE}/Projects/2026"'))
    ok(m.rename(f'"{OFFICE}/Projects"', f'"{OFFICE}/Work"'))
    assert {OFFICE + "/Work", OFFICE + "/Work/2026"} <= set(names(login("carol")))
    ok(m.delete(f'"{OFFICE}/Work/2026"'))
    no(m.create(f'"{OFFICE}"'), "[ALREADYEXISTS]")
    no(m.delete(f'"{OFFICE}"'), "[CANNOT]")
    no(m.delete(f'"{INBOX}"'), "[CANNOT]")
    no(m.rename(f'"{OFFICE}/Archive"', "Mine"), "[CANNOT]")  # a folder stays in its account
    no(m.rename("Archive", f'"{OFFICE}/Hers"'), "[CANNOT]")
    no(m.rename(f'"{OFFICE}/Archive"', '"Shared/small@org.example/Hers"'), "[CANNOT]")


def what_goes_there_leaves_selected_what_is_here():
    """Mailboxes of two accounts have the same numbers: one that is deleted is no other's."""
    m = login("anna")
    for i in range(20):
        ok(m.create(f'"Here {i}"'))
    ok(m.select('"Here 19"'))
    for i in range(40):
        ok(m.create(f'"{OFFICE}/There {i}"'))
        ok(m.delete(f'"{OFFICE}/There {i}"'))
        ok(m.check())
    for i in range(20):
        ok(m.delete(f'"Here {i}"'))


def copies_and_moves_go_between_accounts():
    m = login("anna")
    big = b"Subject: big\r\n\r\n" + b"0123456789abcdef" * 64 * 1024 * 3  # three loads
    for i in range(150):
        ok(m.append("Drafts", "(\\Seen $Keep)" if i % 2 else None, '"24-Nov-2026 10:00:00 +0000"',
                    f"Subject: number {i}\r\n\r\n{i}\r\n".encode()))
    ok(m.append("Drafts", "\\Answered", None, big))
    ok(m.append("Drafts", None, None, b"Subject: last\r\n\r\nx\r\n"))
    ok(m.create(f'"{OFFICE}/All"'))
    assert opened(m, "Drafts")[1] == 152
    typ, said = m.copy("1:*", f'"{OFFICE}/All"')
    assert typ == "OK" and b"COPYUID" in said[0] and said[0].split()[2] == b"1:152", said
    assert opened(m, OFFICE + "/All")[1] == 152
    rows = ok(m.fetch("1:152", "(FLAGS INTERNALDATE RFC822.SIZE)"))
    assert b"$Keep" in rows[1] and b"Seen" in rows[1] and b"$Keep" not in rows[2] and b"24-Nov-2026" in rows[0], rows[:3]
    assert b"Answered" in rows[150], rows[150]
    assert ok(m.fetch("151", "(BODY.PEEK[])"))[0][1] == big
    # back again, as a MOVE: each is in exactly one place
    ok(m.create("Back"))
    typ, said = m._simple_command("MOVE", "2:151", "Back")
    assert typ == "OK", said
    assert len(m.untagged_responses.get("EXPUNGE", [])) == 150
    assert b"MESSAGES 2" in ok(m.status(f'"{OFFICE}/All"', "(MESSAGES)"))[0]
    assert opened(m, "Back")[1] == 150
    assert ok(m.fetch("150", "(BODY.PEEK[])"))[0][1] == big
    # what does not fit leaves nothing behind, and takes nothing away
    small = "Shared/small@org.example/INBOX"
    no(m.copy("1:*", f'"{small}"'), "[OVERQUOTA]")
    no(m._simple_command("MOVE", "1:*", f'"{small}"'), "[OVERQUOTA]")
    assert b"MESSAGES 0" in ok(m.status(f'"{small}"', "(MESSAGES)"))[0]
    assert opened(m, "Back")[1] == 150
    # between two shared ones
    opened(m, OFFICE + "/All")
    ok(m._simple_command("MOVE", "1", f'"{small}"'))
    assert b"MESSAGES 1" in ok(m.status(f'"{small}"', "(MESSAGES)"))[0]
    no(m.copy("1", f'"{OFFICE}/None"'), "[TRYCREATE]")


def a_delivery_wakes_who_idles_there():
    idle, also = login("carol"), login("bo")
    for m in (idle, also):
        count = opened(m, INBOX)[1]
        m.send(b"x IDLE\r\n")
        assert m.readline().startswith(b"+ ")
    post("office@org.example", "wake up")
    for m in (idle, also):
        m.sock.settimeout(20)
        assert m.readline() == f"* {count + 1} EXISTS\r\n".encode()
    also.send(b"DONE\r\n")
    assert also.readline().startswith(b"x OK")
    ok(also._simple_command("STORE", "1", "+FLAGS", "(\\Seen)"))
    line = idle.readline()  # a change of one member is told to the other
    assert b"* 1 FETCH (FLAGS" in line and b"\\Seen" in line, line


def a_change_of_members_takes_effect_at_once():
    reader, writer, own = login("carol"), login("bo"), login("dan")
    opened(reader, INBOX)
    reader.send(b"x IDLE\r\n")
    reader.readline()
    opened(writer, INBOX)
    ok(own.select("INBOX"))
    assert "exposing" in change("carol: read", "carol: write")
    reader.send(b"DONE\r\n")
    assert reader.readline().startswith(b"x OK")
    assert opened(login("carol"), INBOX)[0].startswith("[READ-WRITE]")
    # less is less at once, in a session that has it open
    assert "members.user/carol  write -> read" in posthus_plan_then("carol: write", "carol: read")
    assert "exposing" not in change("group/sales: write", "group/sales: read")
    no(writer.store("1", "+FLAGS", "(\\Flagged)"), "[NOPERM]")
    ok(writer.fetch("1", "(BODY[])"))
    # who leaves the group loses it, and only who has it open is shown out
    bystander = login("bo")
    ok(bystander.select("INBOX"))
    change("sales: {members: [bo]}", "sales: {members: [dan]}")
    assert "selected mailbox" in ended(writer)
    no(bystander.select(f'"{INBOX}"'), "[NONEXISTENT]")
    assert INBOX not in names(bystander)
    assert INBOX in names(own) and opened(own, INBOX)
    change("sales: {members: [dan]}", "sales: {members: [bo]}")
    assert "selected mailbox" in ended(own)
    change("group/sales: read", "group/sales: write")


def posthus_plan_then(old, new):
    with open(STATE) as f:
        text = f.read()
    with open(STATE, "w") as f:
        f.write(text.replace(old, new))
    plan = posthus("plan")
    posthus("apply", "--wait")
    return plan


def a_shared_mailbox_that_leaves_is_disabled_and_kept():
    m = login("anna")
    had = opened(m, INBOX)[1]
    with open(STATE) as f:
        before = f.read()
    line = next(line for line in before.splitlines(True) if line.startswith("  office@"))
    assert "data kept" in change(line, "")
    assert "selected mailbox" in ended(m)
    assert INBOX not in names(login("anna"))
    with smtplib.SMTP("localhost", SMTP) as s:
        s.ehlo()
        s.mail("x@elsewhere.example")
        assert s.rcpt("office@org.example")[0] == 450
    assert "shared/office" in posthus("plan") or "shared office" in posthus("plan")
    with open(STATE, "w") as f:
        f.write(before)
    posthus("apply", "--wait")
    assert opened(login("anna"), INBOX)[1] == had


def submit(user, sender, header=None, to="dan@org.example"):
    with smtplib.SMTP_SSL("localhost", SUBMISSIONS, context=LAX) as s:
        s.login(f"{user}@org.example", f"pass-{user}")
        code, text = s.mail(sender)
        if code == 250:
            assert s.rcpt(to)[0] == 250
            code, text = s.data(f"From: {header or sender}\r\nSubject: as {sender}\r\n\r\nx\r\n")
        return code, text.decode()


def A11_only_who_is_named_sends_as_another():
    for user in ("anna", "bo", "carol"):
        assert submit(user, "office@org.example")[0] == 250
    assert submit("bo", "help@org.example")[0] == 250
    assert submit("bo", "bo@org.example", "Help <help@org.example>")[0] == 250
    assert submit("bo", "o+x@org.example")[0] == 250
    refused = [("dan", "office@org.example", None), ("dan", "help@org.example", None), ("anna", "help@org.example", None),
               ("anna", "small@org.example", None), ("bo", "small@org.example", None), ("anna", "bo@org.example", None),
               ("dan", "dan@org.example", "office@org.example"), ("carol", "office@org.example", "help@org.example")]
    for user, sender, header in refused:
        code, text = submit(user, sender, header)
        assert code == 553 and text.startswith("5.7.1"), (user, sender, header, code, text)
    change("send_as: members", "send_as: none")
    assert submit("anna", "office@org.example")[0] == 553
    change("send_as: none, addresses", "send_as: members, addresses")


def scanner():
    s = smtplib.SMTP_SSL("localhost", SUBMISSIONS, context=LAX)
    s.login("scanner@org.example", "scan-pass")
    return s


def a_service_sends_to_whom_it_may_and_no_more():
    s = scanner()  # one recipient of four is spent by swaks
    assert s.mail("anna@org.example")[0] == 553
    assert s.mail("office@org.example")[0] == 553
    s.mail("scanner@org.example")
    for to in ("x@elsewhere.example", "dan@sub.org.example"):
        code, text = s.rcpt(to)
        assert code == 550 and b"5.7.1 This account may not write" in text, (to, code, text)
    assert s.rcpt("dan@org.example")[0] == 250
    assert s.rcpt("anna@org.example")[0] == 250
    assert s.rset()[0] == 250  # what was not sent does not count
    s.mail("scanner@org.example")
    for to in ("dan", "anna", "office"):
        assert s.rcpt(f"{to}@org.example")[0] == 250, to
    code, text = s.rcpt("bo@org.example")
    assert code == 450 and text.startswith(b"4.7.1"), (code, text)
    assert s.data("From: scanner@org.example\r\nSubject: scan\r\n\r\nx\r\n")[0] == 250
    spent(s)


def spent(s):
    s.mail("scanner@org.example")
    code, text = s.rcpt("dan@org.example")
    assert code == 450 and text.startswith(b"4.7.1"), (code, text)


def a_restart_gives_no_limit_back():
    spent(scanner())


def a_service_gets_no_mail_and_has_no_mailbox():
    with smtplib.SMTP("localhost", SMTP) as s:
        s.ehlo()
        s.mail("x@elsewhere.example")
        code, text = s.rcpt("scanner@org.example")
        assert code == 550 and text.startswith(b"5.2.1"), (code, text)
    m = imaplib.IMAP4_SSL("localhost", IMAPS, ssl_context=LAX)
    try:
        m.login("scanner@org.example", "scan-pass")
    except imaplib.IMAP4.error as e:
        assert "AUTHENTICATIONFAILED" in str(e), e
    else:
        raise AssertionError("a service logs in to IMAP")


def a_limit_of_a_person_counts_too():
    change("  dan@org.example: {id: dan}", "  dan@org.example: {id: dan, send_limit: 1/h}")
    assert submit("dan", "dan@org.example")[0] == 250
    with smtplib.SMTP_SSL("localhost", SUBMISSIONS, context=LAX) as s:
        s.login("dan@org.example", "pass-dan")
        s.mail("dan@org.example")
        assert s.rcpt("anna@org.example")[0] == 450
    change("{id: dan, send_limit: 1/h}", "{id: dan}")
    assert submit("dan", "dan@org.example")[0] == 250


globals()[sys.argv[1]]()
