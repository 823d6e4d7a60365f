#!/usr/bin/env bash
# TLS as other programs see it: what openssl and Python offer that we do not take, and hellos that no library would send (rows T01 to T04
# of docs/attacks.md).
. "$(dirname "$0")/lib.sh"

agent_new
agent_certificate
agent_state "$root/tests/whole/states/mail.yaml"
agent_start || exit 1
check "apply" posthus apply --wait

hello() { timeout 10 openssl s_client -connect "127.0.0.1:$IMAPS" "$@" </dev/null 2>&1; }
takes() { hello "$@" | grep -qE '^New, TLSv1\.[23], Cipher is [A-Z]'; }
refuses() { ! takes "$@"; }
check "T01 TLS 1.3 is taken" takes -tls1_3
check "T01 TLS 1.2 with ECDHE and AEAD is taken" takes -tls1_2 -cipher ECDHE+AESGCM
for old in -tls1 -tls1_1; do check "T01 $old is refused" refuses $old -cipher ALL:@SECLEVEL=0; done
for suites in 'ECDHE+AES+SHA1:@SECLEVEL=0' 'ECDHE+AES+SHA256:!AESGCM:!AESCCM' 'kRSA' 'DHE' 'ECDHE+AESCCM' 'PSK' 'aNULL:@SECLEVEL=0'; do
	check "T01 no $suites" refuses -tls1_2 -cipher "$suites"
done
check "T01 no SHA-1 signature" refuses -tls1_2 -sigalgs ECDSA+SHA1:RSA+SHA1 -cipher 'ECDHE:@SECLEVEL=0'
secure() { hello -tls1_2 | grep -q 'Secure Renegotiation IS supported'; }
check "T02 renegotiation is the safe one" secure
check "T02 and is refused all the same" bash -c "! (echo R | timeout 10 openssl s_client -connect 127.0.0.1:$IMAPS -tls1_2 2>&1 | grep -q 'RENEGOTIATING.*depth')"
check "T02 no compression" bash -c "timeout 10 openssl s_client -connect 127.0.0.1:$IMAPS -tls1_2 -comp </dev/null 2>&1 | grep -q 'Compression: NONE'"
no_ticket() { ! hello "$@" | grep -q 'TLS session ticket:'; }
check "T02 no ticket, so no early data (1.3)" no_ticket -tls1_3
check "T03 no ticket that another service would take (1.2)" no_ticket -tls1_2
check "T03 the right ALPN" takes -alpn imap
for other in http/1.1 h2 smtp imaps; do check "T03 ALPN $other is refused" refuses -alpn "$other"; done
alert() { hello -alpn http/1.1 | grep -q 'no application protocol'; }
check "T03 by the alert for it" alert

cat >"$work/hello.py" <<'PY'
"""Sends a hello with server names as bytes; prints what the first record of the answer is."""
import os, socket, struct, sys

def extension(kind, body):
    return struct.pack("!HH", kind, len(body)) + body

def hello(names):
    entries = b"".join(b"\0" + struct.pack("!H", len(n)) + n for n in names)
    extensions = extension(0, struct.pack("!H", len(entries)) + entries)
    extensions += extension(10, b"\0\4\0\x1d\0\x17") + extension(11, b"\1\0")
    extensions += extension(13, b"\0\6\x04\x03\x08\x04\x04\x01")
    body = b"\3\3" + os.urandom(32) + b"\0" + b"\0\4\xc0\x2b\xc0\x2f" + b"\1\0"
    body += struct.pack("!H", len(extensions)) + extensions
    handshake = b"\1" + struct.pack("!I", len(body))[1:] + body
    out = b""
    while handshake:
        out += b"\x16\3\1" + struct.pack("!H", len(handshake[:16000])) + handshake[:16000]
        handshake = handshake[16000:]
    return out

names = {
    "plain": [b"localhost"], "nul": [b"localhost\0.evil.example"], "backslash": [b"..\\..\\etc\\passwd"], "slash": [b"../../etc/passwd"],
    "empty": [b""], "long": [b"a" * 10000], "high": [b"\xff\xfe\x80"], "many": [b"n%d.example" % i for i in range(3000)],
}[sys.argv[2]]
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) as s:
    s.sendall(hello(names))
    try:
        first = s.recv(5)
    except ConnectionResetError:
        first = b""
    print({0x16: "certificate", 0x15: "alert"}.get(first[0] if first else None, "closed"))
PY
answers() { # answers NAME WORD…: the answer is one of these
	local got word
	got=$(python3 "$work/hello.py" "$IMAPS" "$1")
	shift
	for word; do [ "$got" = "$word" ] && return; done
	echo "answered: $got"
	return 1
}
check "T04 a plain name" answers plain certificate
for odd in nul backslash slash empty long high many; do check "T04 a name with $odd" answers "$odd" certificate alert; done
check "T04 and all others are served" takes -tls1_3
opened() { ! grep -E 'passwd|evil' "$home/log"; }
check "T04 no name became a path or a line of the log" opened
python_sees() {
	python3 - "$IMAPS" "$home/chain.pem" <<-'PY'
		import socket, ssl, sys
		c = ssl.create_default_context(cafile=sys.argv[2])
		with c.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10), server_hostname="localhost") as s:
		    assert s.version() == "TLSv1.3" and s.compression() is None and s.session_reused is False, s.version()
		    assert s.recv(100).startswith(b"* OK"), "no greeting"
	PY
}
check "Python verifies the chain and the name" python_sees
finish
