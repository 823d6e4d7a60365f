#!/usr/bin/env bash
# SMTP beyond a plain message: many sessions at once, addresses beyond ASCII, chunks, and messages that hide others.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"

agent_new
agent_certificate
agent_state "$root/tests/whole/states/smtp.yaml"
agent_start || exit 1
check "apply" posthus apply --wait || exit 1
password=plainpass
set_password() { printf '%s\n' "$password" | posthus account passwd "$1"; }
for user in anna bo joerg; do check "$user's password" set_password $user; done
export PORT_SMTP=$SMTP PORT_SUBMISSION=$SUBMISSION PORT_SUBMISSIONS=$SUBMISSIONS PORT_IMAPS=$IMAPS CA=$home/chain.pem
export BO_PASSWORD=$password JOERG_PASSWORD=$password SSL_CERT_FILE=$home/chain.pem

# count USER: the messages in INBOX
count() {
	curl -sS --cacert "$CA" --user "$1:$password" "imaps://localhost:$IMAPS" -X 'STATUS INBOX (MESSAGES)' |
		tr -d '\r' | sed -n 's/.*(MESSAGES \([0-9]*\)).*/\1/p'
}
# arrived USER N WAS: once all is filed, N more than there were
arrived() { agent_filed && [ "$(count "$1")" = $(($2 + $3)) ]; }

# -- Postfix's smtp-source, ten sessions at once; Postfix itself is not installed and never runs

check "smtp-source is unpacked" packages_unpack postfix
source_folder=$(tail -n 1 "$work/out")
smtp_source() { LD_LIBRARY_PATH=$source_folder/usr/lib/postfix timeout -k 5 "$limit" "$source_folder/usr/sbin/smtp-source" "$@" "127.0.0.1:$SMTP"; }
was=$(count anna@org.example)
check "smtp-source: 300 messages in 10 sessions" smtp_source -s 10 -m 300 -l 3000 -f otto@elsewhere.example -t anna@org.example
check "and 300 arrived" arrived anna@org.example 300 "$was"
was=$((was + 300))
check "smtp-source: 100 more, ten a session" smtp_source -s 10 -m 100 -d -l 300 -f otto@elsewhere.example -t anna@org.example
check "and 100 arrived" arrived anna@org.example 100 "$was"

# -- nodemailer
mail_from_node() {
	local modules
	modules=$(packages_npm "$root/tests/whole/nodemailer") || return
	NODE_PATH=$modules/node_modules timeout -k 5 "$limit" node "$root/tests/whole/nodemailer/nodemailer.js"
}
was=$(count anna@org.example)
check "nodemailer: both submission ports, a pool, what is refused" mail_from_node
check "and 23 arrived" arrived anna@org.example 23 "$was"
emptied() { curl -sS --cacert "$CA" --user "jörg@org.example:$password" "imaps://localhost:$IMAPS/INBOX" -X 'STORE 1:* +FLAGS (\Deleted)' && curl -sS --cacert "$CA" --user "jörg@org.example:$password" "imaps://localhost:$IMAPS/INBOX" -X EXPUNGE; }
check "one of them for jörg" arrived jörg@org.example 1 0
check "which goes" emptied

# -- beyond ASCII
unicode() { python3 "$root/tests/whole/smtp_unicode.py" "$1"; }
check "smtplib with SMTPUTF8: three ways to write jörg" unicode send
check "all filed" agent_filed
check "as they were sent" unicode look
printf 'From: otto@elsewhere.example\r\nSubject: from curl\r\n\r\nx\r\n' >"$work/m.eml"
to_joerg() { LC_ALL=C.UTF-8 curl -sS --url "smtp://localhost:$SMTP" --mail-from otto@elsewhere.example --mail-rcpt jörg@org.example -T "$work/m.eml"; }
check "curl with SMTPUTF8" to_joerg
check "and it arrived" arrived jörg@org.example 1 3
check "swaks, pipelined, over STARTTLS" swaks --server localhost --port "$SMTP" --tls --pipeline --from otto@elsewhere.example --to bo@org.example,anna@org.example --timeout 20

# -- by hand
agent_filed
was_anna=$(count anna@org.example) was_bo=$(count bo@org.example)
limit=120 check "S01-S04 every line end about a dot, by DATA and BDAT" python3 "$root/tests/whole/smtp_wire.py" smuggling
read -r tried outer hidden <"$work/out"
[ "$tried $outer $hidden" = "3042 5 2" ] && ok "3042 ways, of which 5 are messages and 2 are two" || bad "the ways: $tried $outer $hidden"
check "S01-S04 anna has those messages and no other" arrived anna@org.example "$outer" "$was_anna"
check "S01-S04 bo has what followed a real end, and nothing that hid" arrived bo@org.example "$hidden" "$was_bo"

resident() { sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$agent_pid/status"; }
before=$(resident)
check "S13 a million chunks of one octet, 421 after each ten thousand" python3 "$root/tests/whole/smtp_wire.py" chunks
after=$(resident)
[ $((after - before)) -lt 2048 ] && ok "S13 in flat memory: $before kB before, $after kB after" || bad "S13 memory: $before kB before, $after kB after"
check "S13 and nothing of it was kept" arrived anna@org.example "$outer" "$was_anna"
finish
