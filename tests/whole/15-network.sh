#!/usr/bin/env bash
# Connections as a load balancer and a crowd bring them: who is behind a PROXY header, a network's share, too little memory for all.
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
PROXY=
agent_start || exit 1
check "apply" state
crowd() { python3 "$root/tests/whole/crowd.py" "$SMTP" "$IMAPS" "$@"; }
said() { grep -q "$1" "$home/log"; }

check "S24 a PROXY header from who is not listed ends the session" crowd unlisted
PROXY='proxy: [127.0.0.0/8]'
check "a state lists its load balancer" state
check "the peer in a header, of either version, is in Received and the log" crowd behind
check "and in the log" said 'from=198.51.100.7'
check "TLS begins behind a header" crowd tls-behind
check "no header, a bad one, a late one: closed without a word" crowd headless
check "S31 ten thousand of one network have its share, and others are served" crowd network
PROXY=
LIMITS='{connections: 4000, connections_per_ip: 4000, connections_per_network: 4000, memory: 16MiB}'
check "a state with little memory" state
check "strangers over TLS make room, and who has logged in stays" crowd memory
check "each of them has a line in the log" said 'net.shed .*rank=.*before-login'
check "and nobody who had logged in" bash -c "! grep -qE 'net.shed .*rank=(bulk|logged-in)' '$home/log'"
finish
