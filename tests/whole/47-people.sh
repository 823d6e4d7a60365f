#!/usr/bin/env bash
# People without a shell: the state invites somebody, she opens the link and chooses a password, and logs in.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sink.sh"

agent_new
read -r HTTPS HTTP < <(free_ports 2)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=mail.a.example \
	-addext subjectAltName=DNS:mail.a.example -keyout "$home/key.pem" -out "$home/chain.pem" 2>/dev/null
hash=$(openssl passwd -6 bos-password)
state() { # EVA'S FIELDS
	cat >"$home/state/state.yaml" <<-YAML
		version: 1
		hosts:
		  mail:
		    name: mail.a.example
		    listen: {smtp: "127.0.0.1:$SMTP", submission: "127.0.0.1:$SUBMISSION", submissions: "127.0.0.1:$SUBMISSIONS", imap: "127.0.0.1:$IMAP",
		      imaps: "127.0.0.1:$IMAPS", http: ${2:-"127.0.0.1:$HTTP"}, https: ${3:-"127.0.0.1:$HTTPS"}, metrics: off}
		domains: {a.example: {}}
		users:
		  bo@a.example: {id: bo, roles: [admin], password: {hash: "$hash"}}
		  $1
		certs: {mail: {files: {chain: $home/chain.pem, key: {host_file: $home/key.pem}}}}
	YAML
}
anna='anna@a.example: {id: anna}'
eva='eva@a.example: {id: eva, name: "Eva <Ek>", invite: bo@a.example}'
web() { # PATH OPTION…
	local path=$1
	shift
	curl -sS --max-time 20 --cacert "$home/chain.pem" --resolve "mail.a.example:$HTTPS:127.0.0.1" -D "$work/head" -o "$work/page" -w '%{http_code}' \
		"https://mail.a.example:$HTTPS$path" "$@"
}
says() { # CODE TEXT PATH OPTION…
	local code=$1 text=$2
	shift 2
	[ "$(web "$@")" = "$code" ] && grep -qF -- "$text" "$work/page" || { cat "$work/head" "$work/page"; return 1; }
}
imap() { # USER PASSWORD SUBJECT: logs in, and prints the newest letter with that subject
	timeout 20 python3 - "$IMAPS" "$@" <<-'PY'
		import email, email.policy, imaplib, ssl, sys
		port, user, password, subject = sys.argv[1:]
		tls = ssl.create_default_context(); tls.check_hostname = False; tls.verify_mode = ssl.CERT_NONE
		m = imaplib.IMAP4_SSL("127.0.0.1", int(port), ssl_context=tls)
		m.authenticate("PLAIN", lambda _: ("\0%s\0%s" % (user, password)).encode())
		m.select("INBOX")
		found = m.search(None, "SUBJECT", '"%s"' % subject)[1][0].split()
		print("letters", len(found))
		if found:
		    message = email.message_from_bytes(m.fetch(found[-1], "(RFC822)")[1][0][1], policy=email.policy.default)
		    print(message.get_content())
		m.logout()
	PY
}
letter() { imap bo@a.example bos-password "Your mailbox eva@a.example" >"$work/letter" && grep -qx "letters $1" "$work/letter"; }
link_in() { grep -o '/invite/[A-Za-z0-9_-]*' "$1" | head -1; }

state 'eva@a.example: {id: eva, invite: eva@a.example}'
refuse "she cannot be invited at the mailbox that she has not got yet" 3 InviteToItself "$POSTHUS" validate "$home/state"
state "$eva" off off
refuse "nor where nothing serves the page" 3 InviteUnserved "$POSTHUS" validate "$home/state"
state "$anna"
check "the agent starts" agent_start
check "apply" posthus apply --wait
state "$anna"$'\n'"  $eva"
posthus plan >"$work/plan" 2>&1
check "the plan says who is invited where" grep -qF 'a link to take the account goes to bo@a.example' "$work/plan"
check "… and that it is exposing" grep -q 'exposing' "$work/plan"
check "apply" posthus apply
check "the letter arrives" await letter 1
link=$(link_in "$work/letter")
says_invited() { posthus status user/eva | grep -q 'Invited.*a link went to bo@a.example and works until'; }
check "status says where the link went, and until when" await says_invited
check "her mail waits for her meanwhile" python3 -c "
import smtplib
s = smtplib.SMTP('127.0.0.1', $SMTP); s.sendmail('x@b.example', ['eva@a.example'], 'Subject: early\r\nFrom: x@b.example\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@b.example>\r\n\r\nhello\r\n')"
not_kept() { ! grep -aqF "${link#/invite/}" "$home/data/control.db" "$home/data/control.db-wal" "$home/log"; }
check "W21 the token is in no database and no log" not_kept

check "the page greets her, and what is in her name stays text" says 200 'Hello Eva &lt;Ek&gt;' "$link"
guarded() {
	local field
	for field in "Strict-Transport-Security: max-age=31536000" "Content-Security-Policy: default-src 'none'; style-src 'self'" "frame-ancestors 'none'" \
		"Cache-Control: no-store" "X-Content-Type-Options: nosniff" "Referrer-Policy: same-origin"; do
		grep -qF "$field" "$work/head" || { echo "no $field"; return 1; }
	done
	! grep -qi 'set-cookie\|script' "$work/head" "$work/page"
}
check "W19 it keeps to itself: HSTS, a CSP without scripts, nosniff, framed by nobody, no cookie" guarded
check "its style" says 200 'color-scheme' /invite/style.css
check "looking at it uses nothing up" says 200 'name="password"' "$link"
check "a HEAD neither" says 200 '' "$link" -I
check "A05 a link that there never was" says 404 'This link does not work' "/invite/$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d =)"
check "… half of one" says 404 'This link does not work' "${link:0:30}"
check "… nor what is below it" says 404 'This link does not work' "$link/else"
check "W21 other methods are not known" says 405 'not how' "$link" -X DELETE
post() { # CODE TEXT PASSWORD AGAIN OPTION…
	local code=$1 text=$2 first=$3 again=$4
	shift 4
	says "$code" "$text" "$link" --data-urlencode "password=$first" --data-urlencode "again=$again" "$@"
}
good='three grey öwls & a 100% chance'
check "too short" post 422 'too short' 'short one' 'short one'
check "her address" post 422 'your address' 'Eva@A.Example' 'Eva@A.Example'
check "one that is tried first" post 422 'tried first' 'Password123456' 'Password123456'
check "over and over" post 422 'over and over' 'abababababab' 'abababababab'
check "not twice the same" post 422 'not the same' "$good" "$good."
check "W18 a form on another site's page" post 403 'another site' "$good" "$good" -H 'Sec-Fetch-Site: cross-site'
check "W18 … by its origin" post 403 'another site' "$good" "$good" -H 'Origin: https://evil.example'
check "W03 a body that no form has" says 413 'more than is taken' "$link" --data-binary @<(head -c 5000 /dev/zero | tr '\0' a)
no_login() { ! imap eva@a.example "$good" early; }
check "nobody logs in before" no_login
profile() { says 200 '<string>eva@a.example</string>' "$link/settings.mobileconfig" && plutil_like; }
plutil_like() {
	python3 - "$work/page" "$IMAPS" "$SUBMISSIONS" <<-'PY'
		import plistlib, sys
		p = plistlib.load(open(sys.argv[1], "rb")); a = p["PayloadContent"][0]
		assert (a["IncomingMailServerPortNumber"], a["OutgoingMailServerPortNumber"]) == (int(sys.argv[2]), int(sys.argv[3])), a
		assert a["EmailAccountName"] == "Eva <Ek>" and a["IncomingMailServerUseSSL"] and "IncomingPassword" not in a and p["PayloadUUID"] != a["PayloadUUID"]
	PY
}
check "Apple's profile is a property list, without a password" profile
check "she chooses a password, and is in" post 200 'You are in' "$good" "$good" -H "Origin: https://mail.a.example:$HTTPS" -H 'Sec-Fetch-Site: same-origin'
shows_settings() { grep -qF "mail.a.example, port $IMAPS, SSL/TLS" "$work/page" && grep -qF "port $SUBMISSIONS, SSL/TLS" "$work/page"; }
check "… with what her mail program asks for" shows_settings
logs_in() { imap eva@a.example "$good" early >"$work/mail" && grep -q '^hello' "$work/mail" || { cat "$work/mail"; return 1; }; }
check "she logs in, and her mail is there" logs_in
ready() { posthus status user/eva | grep -q 'Applied'; }
check "the account is Ready as any other" ready
check "the link is used" says 410 'This link was used' "$link"
check "… for the form, too" post 410 'This link was used' "another fine passphrase" "another fine passphrase"
check "the profile may be fetched again" profile
refuse "no link for an account with a password" 5 "has a password" posthus account invite eva
state "$anna"$'\n'"  ${eva/invite/quota: 5GiB, invite}"
check "another state" posthus apply
posthus reconcile >/dev/null 2>&1
check "… sets nothing back" logs_in
check "and no second letter is written" letter 1

posthus account invite anna >"$work/first" 2>&1
first=$(link_in "$work/first")
check "account invite prints a link" says 200 'anna@a.example' "$first"
check "and mails it" posthus account invite anna --mail bo@a.example
cp "$work/out" "$work/second"
second=$(link_in "$work/second")
anna_letter() { imap bo@a.example bos-password "Your mailbox anna@a.example" >"$work/letter" && grep -qF "$second" "$work/letter"; }
check "… there" await anna_letter
check "the one before does not work any more" says 404 'only the newest works' "$first"
refuse "nobody is invited who is not there" 1 "user/carl" posthus account invite carl
refuse "nor at what is no address" 3 "--mail" posthus account invite anna --mail nonsense

kill -KILL "$agent_pid"
wait "$agent_pid" 2>/dev/null
check "after a kill -9 the agent starts" agent_start
check "a link works as before" says 200 'anna@a.example' "$second"
check "and no letter is written again" letter 1
printf 'operators-choice-of-words' | posthus account passwd anna >/dev/null 2>&1
check "a password that the operator sets ends the link" says 410 'This link was used' "$second"
hammer() {
	local i
	for i in $(seq 150); do [ "$(web "$second")" != 429 ] || return 0; done
	return 1
}
check "who asks too often is told so" hammer
finish
