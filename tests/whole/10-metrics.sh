#!/usr/bin/env bash
# The metrics of a running agent, read by Prometheus's own client library, after some mail.
. "$(dirname "$0")/lib.sh"

agent_new
read -r METRICS < <(free_ports 1)
agent_certificate
agent_state "$root/tests/whole/states/metrics.yaml"
sed -i "s/@METRICS@/$METRICS/" "$home/state/metrics.yaml"
agent_start || exit 1

metrics() { /usr/bin/python3 "$root/tests/whole/metrics.py" "$METRICS" "$@"; }
secret=correct-horse
deliver() { swaks --silent 2 --server 127.0.0.1 --port "$SMTP" --from x@elsewhere.example --to "$1" --body "a message"; }
read_inbox() { curl -sS --insecure --max-time 30 --user "$1:$2" "imaps://127.0.0.1:$IMAPS/INBOX;MAILINDEX=1"; }

check "a state with a port for metrics" posthus apply --wait
check "before any mail" metrics posthus_messages_accepted_total=0 posthus_copies_delivered_total=0 \
	'posthus_objects{kind=user,condition=ready}=2' 'posthus_objects{condition=not_ready}=0' posthus_generation=1 \
	posthus_generation_observed=1 'posthus_reconciles_total{outcome=fine}>=1' 'posthus_certificate_days<=2' 'posthus_certificate_days>=1' \
	posthus_suspended=0 'posthus_memory_resident_bytes>=1000000' 'posthus_disk_free_bytes>=1' posthus_intake_accepting=1

set_password() { printf '%s\n' "$secret" | posthus account passwd anna; }
check "a password" set_password
check "a message" deliver anna@org.example
check "and one for two" deliver anna@org.example,bo@org.example
check "filed" agent_filed
check "mail is counted" metrics posthus_messages_accepted_total=2 posthus_copies_delivered_total=3 posthus_messages_waiting=0 \
	'posthus_messages_accepted_bytes_total>=40' 'posthus_intake_flush_seconds_count>=2' 'posthus_intake_flush_seconds_sum<=60' \
	'posthus_connections_accepted_total{port=smtp}=2' 'posthus_store_transactions_total{outcome=committed}>=3' \
	'posthus_accounts{state=open}>=1'
check "the inbox is read" read_inbox anna@org.example "$secret"
refuse "with a wrong password it is not" 67 "" read_inbox anna@org.example wrong
check "logins and commands are counted" metrics 'posthus_logins_total{protocol=imap,outcome=accepted}=1' \
	'posthus_logins_total{protocol=imap,outcome=refused}>=1' 'posthus_imap_commands_total{command=SELECT}=1' \
	'posthus_imap_commands_total{command=FETCH}>=1' 'posthus_sessions=0'

hold_connection() {
	exec {held}<>"/dev/tcp/127.0.0.1/$SMTP"
	read -r -t 20 -u "$held" greeting
	metrics 'posthus_connections{port=smtp,state=open}=1'
	local r=$?
	exec {held}>&-
	return $r
}
check "a connection that is open" hold_connection
no_tls() { printf 'EHLO x\r\n' | timeout 20 curl -sS --max-time 20 "telnet://127.0.0.1:$IMAPS"; metrics 'posthus_connections_refused_total{port=imaps,reason=tls}>=1'; }
check "a handshake that fails" no_tls

check "a suspension" posthus suspend --until 1h --reason "a test"
check "shows" metrics posthus_suspended=1
check "and its end" posthus resume
shows_end() { metrics posthus_suspended=0; }
check "shows" shows_end
wrong() { echo "users: {x@org.example: {qouta: 1GiB}}" >"$home/state/wrong.yaml"; posthus apply; }
refuse "a state that is wrong" 3 "no such field" wrong
rm "$home/state/wrong.yaml"
check "shows, and the generation stays" metrics 'posthus_reconciles_total{outcome=invalid}=1' posthus_generation=1

documented() {
	curl -sS --max-time 20 "http://127.0.0.1:$METRICS/metrics" >"$work/metrics"
	for name in $(grep -o 'posthus_[a-z_]*' "$root/docs/monitoring.md" | sort -u); do
		grep -qE "^$name(_bucket)?[{ ]" "$work/metrics" || { echo "docs/monitoring.md names $name, which is none"; return 1; }
	done
}
check "what the page on monitoring names is there" documented

status_of() { curl -sS -o /dev/null -w '%{http_code}' --max-time 20 "$@"; }
only_metrics() { [ "$(status_of "http://127.0.0.1:$METRICS/v1/status")" = 404 ] && [ "$(status_of -X POST -d x "http://127.0.0.1:$METRICS/metrics")" = 405 ]; }
check "the port serves nothing else" only_metrics
loopback_only() { ss -Hltn "sport = :$METRICS" | awk '{ print $4 }' | grep -qx "127.0.0.1:$METRICS"; }
check "a bare port is loopback" loopback_only
close_port() { sed -i "s/metrics: $METRICS/metrics: off/" "$home/state/metrics.yaml"; posthus apply && ! curl -sS --max-time 5 "http://127.0.0.1:$METRICS/metrics" 2>/dev/null; }
check "off closes it, and nothing restarts" close_port
finish
