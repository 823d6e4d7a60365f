#!/usr/bin/env bash
# SMTP programs that we did not write: swaks, curl, Python's smtplib, mutt.
. "$(dirname "$0")/lib.sh"

agent_new
agent_certificate
agent_state "$root/tests/whole/states/mail.yaml"
agent_start || exit 1
check "apply" posthus apply --wait
password='pass word "quoted" \ and ünïcode'
plain=plainpass
set_password() { printf '%s\n' "$2" | posthus account passwd "$1"; }
check "anna's password" set_password anna "$password"
check "bo's password" set_password bo "$plain"

cp "$home/chain.pem" "$work/ca.pem"
export SSL_CERT_FILE=$work/ca.pem

# -- swaks
swaks() { command swaks --server localhost --port "$SMTP" --from otto@elsewhere.example --timeout 20 --tls-ca-path "$work/ca.pem" "$@"; }
check "swaks to a user" swaks --to anna@org.example
check "swaks over STARTTLS, verified" swaks --to anna@org.example --tls --tls-verify
check "swaks to an alias of two" swaks --to team@org.example
check "swaks to a group's alias" swaks --to sales@org.example
check "swaks to a further address" swaks --to a.nna@org.example
check "swaks to a subaddress" swaks --to anna+list@org.example
check "swaks to the twin domain" swaks --to anna@twin.example
check "swaks to a catch-all" swaks --to whoever@all.example
check "swaks to postmaster" swaks --to postmaster@org.example
check "swaks to nowhere on purpose" swaks --to void@org.example
refuse "no such user" 24 "550 5.1.1" swaks --to nobody@org.example
refuse "a closed mailbox" 24 "This mailbox is closed" swaks --to closed@org.example
refuse "never a relay" 24 "550 5.7.1" swaks --to someone@elsewhere.example
refuse "no password without TLS" 28 "" swaks --port "$SUBMISSION" --to anna@org.example --auth PLAIN --auth-user anna@org.example --auth-password "$password"
submit() { swaks --port "$SUBMISSION" --tls --to bo@org.example --auth-user bo@org.example --auth-password "$plain" "$@"; }
check "submission, PLAIN" submit --from bo@org.example --auth PLAIN
check "submission, LOGIN" submit --from bo@org.example --auth LOGIN
check "submission with implicit TLS" swaks --port "$SUBMISSIONS" --tls-on-connect --to anna@org.example --from bo@org.example --auth PLAIN --auth-user bo@org.example --auth-password "$plain"
refuse "submission under another's address" 23 "553 5.7.1" submit --from anna@org.example --auth PLAIN
refuse "a wrong password" 28 "535 5.7.8" submit --auth PLAIN --auth-password wrong
check "mail to other hosts is taken" swaks --port "$SUBMISSION" --tls --from bo@org.example --to x@elsewhere.invalid --auth PLAIN --auth-user bo@org.example --auth-password "$plain"

# -- curl
message() { printf 'From: Otto <otto@elsewhere.example>\r\nTo: anna@org.example\r\nSubject: =?utf-8?q?%s_=C3=A9?=\r\nMessage-ID: <%s@elsewhere.example>\r\nDate: Tue, 3 Mar 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nB\xc3\xb6dy %s\r\n.leading dot\r\n..two\r\n' "$1" "$1" "$1"; }
message curl >"$work/m.eml"
check "curl sends" curl -sS --cacert "$work/ca.pem" --ssl-reqd --url "smtp://localhost:$SMTP" --mail-from otto@elsewhere.example --mail-rcpt carol@org.example -T "$work/m.eml"
{ cat "$work/m.eml"; yes "$(printf '%069d' 0)" | head -n 10000 | sed 's/$/\r/'; } >"$work/large.eml"
fill_dan() { curl -sSv --url "smtp://localhost:$SMTP" --mail-from otto@elsewhere.example --mail-rcpt dan@org.example -T "$work/large.eml"; }
check "a mailbox takes what its quota has room for" fill_dan
check "which is filed" agent_filed
refuse "a message past its quota is refused in the session" 55 "552 5.2.2" fill_dan

# -- Python
export PORT_SMTP=$SMTP PORT_SUBMISSIONS=$SUBMISSIONS PORT_IMAPS=$IMAPS ANNA_PASSWORD=$password BO_PASSWORD=$plain CA=$work/ca.pem
check "Python smtplib, and what imaplib reads of it" python3 "$root/tests/whole/smtp_clients.py"

# -- mutt in batch
cat >"$work/muttrc" <<EOF
set ssl_ca_certificates_file=$work/ca.pem
set certificate_file=$work/ca.pem
set ssl_force_tls=yes
set copy=no
set smtp_url=smtps://bo@org.example@localhost:$SUBMISSIONS/
set smtp_pass=$plain
set from=bo@org.example
set realname=Bo
EOF
mutt_sends() { echo "from mutt" | HOME=$work mutt -n -F "$work/muttrc" -s mutt-sent anna@org.example; }
check "mutt sends" mutt_sends
finish
