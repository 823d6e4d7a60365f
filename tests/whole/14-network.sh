#!/usr/bin/env bash
# Connections as a load balancer and a crowd bring them: who is behind a PROXY header (127.0.0.2 is listed, 127.0.0.1 is not), a
# network's share, a thousand logins at once, too little memory for all.
. "$(dirname "$0")/lib.sh"

agent_new
agent_certificate
LIMITS='{connections: 4000, connections_per_ip: 20, connections_per_network: 40}'
state() {
	cat >"$home/state/mail.yaml" <<-YAML
		version: 1
		hosts:
		  mail:
		    name: mail.whole.test
		    listen: {smtp: "127.0.0.1:$SMTP", imaps: "127.0.0.1:$IMAPS", submission: off, submissions: off}
		    limits: $LIMITS
		    $PROXY
		certs: $CERTS
		domains: {whole.test: {}}
		users: {anna@whole.test: {id: anna, password: {hash: "$(openssl passwd -6 -salt whole wholepass)"}}}
	YAML
	posthus apply --wait
}
crowd() { python3 "$root/tests/whole/crowd.py" "$SMTP" "$IMAPS" "$@"; }
logged() { grep -qE -- "$1" "$home/log"; }
# In $work/later, the log of six sessions that were not introduced by a listed proxy and said that they were
nobody_was_believed() {
	[ "$(grep -c 'net\.closed .*port=smtp from=127\.0\.0\.1' "$work/later")" = 4 ] &&
		[ "$(grep -c 'net\.closed .*port=imaps from=127\.0\.0\.1 reason=tls-failed' "$work/later")" = 2 ] &&
		! grep -E 'from=(198\.51|203\.0|2001:db8)' "$work/later"
}

PROXY=
agent_start || exit 1
check "a state without a proxy" state
check "S24 a PROXY header where no proxy is listed ends the session" crowd unlisted
PROXY='proxy: [127.0.0.2/32, "2001:db8::/64"]'
check "a state lists its load balancer" state
check "messages and logins by a proxy, of either version, and without one" crowd behind
agent_filed
check "Received names whom the proxy brought, or who came himself, and never the proxy" crowd received
check "the login is logged under the address that the proxy told" logged 'imap\.login session=[0-9a-f]* from=198\.51\.100\.9'
check "a wrong password, too" logged 'imap\.login\.refused session=[0-9a-f]* from=2001:db8:5::7'
check "TLS begins behind a header" crowd tls-behind
lines=$(wc -l <"$home/log")
check "S24 a PROXY header or XCLIENT of who is not listed ends the session" crowd unlisted
check "S24 over TLS it is no hello, either" crowd unlisted-tls
tail -n "+$((lines + 1))" "$home/log" >"$work/later"
check "S24 nobody was believed: those sessions ended under their own address" nobody_was_believed
check "no header, a bad one, a late one by a listed proxy: closed without a word" crowd headless
check "and told of in the log" logged 'net\.proxy\.refused port=smtp from=127\.0\.0\.2 reason=timeout'
check "S05 a stranger who speaks before the greeting is sent away" crowd early
check "S31 ten thousand of one network have its share, and others are served" crowd network
LIMITS='{connections: 4000, connections_per_ip: 4000, connections_per_network: 4000}'
check "a state with room for a crowd" state
check "A12 a thousand logins at once take the memory of two" crowd logins "$agent_pid"
sed -n 's/^/     /p' "$work/out"
LIMITS='{connections: 4000, connections_per_ip: 4000, connections_per_network: 4000, memory: 16MiB}'
check "a state with little memory" state
lines=$(wc -l <"$home/log")
check "strangers over TLS make room, and who has logged in stays" crowd memory
tail -n "+$((lines + 1))" "$home/log" >"$work/later"
check "each of them has a line in the log" grep -q 'net\.shed .*rank=.*before-login' "$work/later"
check "and nobody who had logged in" bash -c "! grep -E 'net\.shed .*rank=(bulk|logged-in)' '$work/later'"
finish
