#!/usr/bin/env bash
# The pages for people in a real browser: headless Chromium opens an invitation from its letter, fills the form, with
# JavaScript and without, and axe-core judges what it sees; then a real login with the new passwords.
#
#   tests/browser/run.sh [SHOTS]      SHOTS: a folder for pictures of each page, phone and desktop, light and dark
#
# Not part of tests/run.sh: Debian's chromium is a large package. It is installed where it is missing.
cd "$(dirname "$0")/../.." || exit 1
shots=${1:-}
. tests/packages.sh
packages_install browser || exit 1
modules=$(packages_npm tests/browser PUPPETEER_SKIP_DOWNLOAD=1) || exit 1
. tests/whole/lib.sh
. tests/whole/sink.sh

agent_new
[ -n "$shots" ] || shots=$work
read -r HTTPS < <(free_ports 1)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=mail.a.example \
	-addext subjectAltName=DNS:mail.a.example -keyout "$home/key.pem" -out "$home/chain.pem" 2>/dev/null
spki=$(openssl x509 -in "$home/chain.pem" -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64)
cat >"$home/state/state.yaml" <<-YAML
	version: 1
	hosts:
	  mail:
	    name: mail.a.example
	    listen: {smtp: "127.0.0.1:$SMTP", submission: "127.0.0.1:$SUBMISSION", submissions: "127.0.0.1:$SUBMISSIONS", imap: "127.0.0.1:$IMAP",
	      imaps: "127.0.0.1:$IMAPS", http: off, https: "127.0.0.1:$HTTPS", metrics: off}
	domains: {a.example: {}}
	users:
	  bo@a.example: {id: bo, roles: [admin], password: {hash: "$(openssl passwd -6 bos-password)"}}
	  eva@a.example: {id: eva, name: Eva Ek, invite: bo@a.example}
	  ida@a.example: {id: ida, invite: bo@a.example}
	certs: {mail: {files: {chain: $home/chain.pem, key: {host_file: $home/key.pem}}}}
YAML
imap() { # USER PASSWORD [SUBJECT]: logs in, and prints the letter with that subject
	timeout 20 python3 - "$IMAPS" "$@" <<-'PY'
		import email, email.policy, imaplib, ssl, sys
		port, user, password = sys.argv[1:4]
		tls = ssl.create_default_context(); tls.check_hostname = False; tls.verify_mode = ssl.CERT_NONE
		m = imaplib.IMAP4_SSL("127.0.0.1", int(port), ssl_context=tls)
		m.authenticate("PLAIN", lambda _: ("\0%s\0%s" % (user, password)).encode())
		m.select("INBOX")
		if sys.argv[4:]:
		    found = m.search(None, "SUBJECT", '"%s"' % sys.argv[4])[1][0].split()[0]
		    print(email.message_from_bytes(m.fetch(found, "(RFC822)")[1][0][1], policy=email.policy.default).get_content())
		m.logout()
	PY
}
letter() { imap bo@a.example bos-password "Your mailbox $1" >"$work/letter" 2>/dev/null; }
link() { grep -o 'https://[^ ]*/invite/[A-Za-z0-9_-]*' "$work/letter"; }

check "the agent starts" agent_start
check "apply" posthus apply
check "the letters arrive" await letter eva@a.example
eva=$(link)
check "… both" await letter ida@a.example
ida=$(link)
browse() { NODE_PATH=$modules/node_modules timeout 120 node tests/browser/people.js "$spki" "$eva" "$ida" "$shots"; }
browse >"$work/browsed" 2>&1 || bad "the browser came to an end"
while IFS= read -r line; do
	case $line in
	"ok   "*) ok "${line#ok   }" ;;
	"FAIL "*) bad "${line#FAIL }" ;;
	*) echo "     $line" ;;
	esac
done <"$work/browsed"
check "the password that was typed opens the mailbox" imap eva@a.example 'three grey öwls & 1 tulip'
check "the one without JavaScript, too" imap ida@a.example 'seven quiet harbours'
finish
