#!/usr/bin/env bash
# A load balancer in front: 127.0.0.2 is listed as a proxy, 127.0.0.1 is not.
. "$(dirname "$0")/lib.sh"

agent_new
cat >"$home/state/mail.yaml" <<YAML
version: 1
hosts:
  mail:
    name: mx.org.example
    listen: {smtp: "127.0.0.1:$SMTP", imaps: "127.0.0.1:$IMAPS", submission: off, submissions: off}
    proxy: [127.0.0.2/32, 2001:db8::/64]
certs: none
domains: {org.example: {}}
users: {a@org.example: {password: {hash: "$(openssl passwd -6 -salt proxysalt secret)"}}}
YAML
agent_start || exit 1
posthus apply --wait >"$work/out" || { cat "$work/out"; exit 1; }

cat >"$work/speak.py" <<'PY'
"""speak.py PORT SOURCE v1|v2|none first|smtp|xclient|imap|guess: a PROXY header, then two answers, a message, unknown commands, a
login and the Received fields, or a wrong password."""
import imaplib, smtplib, socket, ssl, struct, sys

port, source, header, what = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
HEADER = {"v1": b"PROXY TCP4 203.0.113.7 192.0.2.1 40000 25\r\n",
          "v2": b"\r\n\r\n\0\r\nQUIT\n\x21\x21" + struct.pack(">H", 36) + socket.inet_pton(socket.AF_INET6, "2001:db8:5::7")
                + socket.inet_pton(socket.AF_INET6, "::1") + struct.pack(">HH", 40000, 25), "none": b""}[header]


def connect():
    s = socket.create_connection(("127.0.0.1", port), 30, (source, 0))
    s.sendall(HEADER)
    return s


class Smtp(smtplib.SMTP):
    def _get_socket(self, host, port, timeout):
        return connect()


class Imap(imaplib.IMAP4):
    def _create_socket(self, timeout):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(connect())


if what == "first":
    answers = connect().makefile("rb")
    print(answers.readline().decode().strip(), answers.readline().decode().strip())
elif what == "xclient":
    smtp = Smtp("127.0.0.1", port)
    smtp.ehlo("client.example.net")
    print(*smtp.docmd("XCLIENT ADDR=203.0.113.7"))
elif what == "smtp":
    with Smtp("127.0.0.1", port) as smtp:
        smtp.sendmail("sender@else.example", ["a@org.example"], b"Subject: %s\r\n\r\nhello\r\n" % header.encode())
else:
    with Imap("127.0.0.1") as imap:
        if what == "guess":
            try:
                imap.login("a@org.example", "wrong")
            except imaplib.IMAP4.error:
                sys.exit(0)
            sys.exit("a wrong password was taken")
        imap.login("a@org.example", "secret")
        imap.select()
        for message in imap.search(None, "ALL")[1][0].split():
            print(imap.fetch(message, "(BODY[HEADER.FIELDS (RECEIVED)])")[1][0][1].decode())
PY
# In $work/later, the log of three sessions that were not introduced by a listed proxy and said that they were
nobody_was_believed() {
	[ "$(grep -c 'net\.closed .*port=smtp from=127\.0\.0\.1' "$work/later")" = 3 ] && is_free_of 'from=203\.0\.113\.7' "$work/later" &&
		is_free_of 'from=2001:db8' "$work/later"
}
refuse_handshake() { ! speak "$IMAPS" 127.0.0.1 v1 imap && grep -q 'port=imaps from=127\.0\.0\.1 reason=tls-failed' "$home/log"; }
speak() { python3 "$work/speak.py" "$@"; }
says() { "${@:2}" >"$work/said" && grep -q -- "$1" "$work/said" || { cat "$work/said"; return 1; }; }
is_free_of() { ! grep -- "$1" "$2"; }
logged() { grep -q -- "$1" "$home/log"; }

check "a message by a proxy, version 1" speak "$SMTP" 127.0.0.2 v1 smtp
check "a message by a proxy, version 2" speak "$SMTP" 127.0.0.2 v2 smtp
check "and one without a proxy" speak "$SMTP" 127.0.0.1 none smtp
agent_filed
check "IMAP over TLS by a proxy" speak "$IMAPS" 127.0.0.2 v1 imap
check "Received names whom the proxy brought" says '\[203\.0\.113\.7\]' speak "$IMAPS" 127.0.0.1 none imap
check "of IPv6, too" grep -q 'IPv6:2001:db8:5::7' "$work/said"
check "and the client itself where none did" grep -q '\[127\.0\.0\.1\]' "$work/said"
check "never the proxy" is_free_of '127\.0\.0\.2' "$work/said"
check "the login is logged under the address that the proxy told" logged 'imap\.login session=[0-9a-f]* from=203\.0\.113\.7'
check "a wrong password by a proxy" speak "$IMAPS" 127.0.0.2 v2 guess
check "is logged under that address, too" logged 'imap\.login\.refused session=[0-9a-f]* from=2001:db8:5::7'
lines=$(wc -l <"$home/log")
check "S24 a PROXY line of who is not listed ends the session" says '^220 .* 421 4\.7\.0 You are not one of our proxies$' speak "$SMTP" 127.0.0.1 v1 first
check "S24 a binary PROXY header of who is not listed, too" says '^220 .* 500 5\.5\.2' speak "$SMTP" 127.0.0.1 v2 first
check "S24 it is no TLS hello, either" refuse_handshake
check "S24 XCLIENT of who is not listed ends the session" says "^421 b'4\.7\.0 You are not one of our proxies'" speak "$SMTP" 127.0.0.1 none xclient
tail -n "+$((lines + 1))" "$home/log" >"$work/later"
check "S24 nobody was believed: those sessions ended under their own address" nobody_was_believed
check "a listed proxy that sends no header is closed, and told of" speak "$SMTP" 127.0.0.2 none first
check "in the log" logged 'net\.proxy\.refused port=smtp from=127\.0\.0\.2 reason=timeout'
finish
