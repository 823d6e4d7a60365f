#!/usr/bin/env bash
# Certificates of an issuer, by ACME: Debian's pebble, strict, which throws away a twentieth of the nonces that it gave out. Each
# challenge, an issuer that is not there and the one behind it, an account that the issuer has to know, and the agent killed in between.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/acme_peer.sh"

issuers_prepare
issuer_start le PEBBLE_WFE_NONCEREJECT=5 PEBBLE_VA_NOSLEEP=1 PEBBLE_AUTHZREUSE=0 || exit 1

# state HOST CERTS ISSUERS
state() {
	cat >"$home/state/state.yaml" <<-YAML
		version: 1
		hosts:
		  mail:
		    name: $1
		    listen: {smtp: "127.0.0.1:$SMTP", submission: "127.0.0.1:$SUBMISSION", submissions: "127.0.0.1:$SUBMISSIONS", imaps: "127.0.0.1:$IMAPS",
		      http: "127.0.0.1:$HTTP", https: "127.0.0.1:$HTTPS"}
		issuers: $3
		certs: $2
		domains: {org.example: {contact: anna}}
		users: {anna@org.example: {id: anna, name: Anna, roles: [admin]}}
	YAML
}

# agent_with_issuers URL…: an agent that may reach them, in the whole sandbox
agent_with_issuers() {
	local url excepts=
	agent_new
	for url; do
		url=${url#https://localhost:} url=${url%%/*}
		excepts+="${excepts:+, }\"127.0.0.1:$url\", \"[::1]:$url\""
	done
	cat >>"$home/agent.yaml" <<-YAML
		authorities: $authority
		sandbox: require
	YAML
	sed -i "s|^allow: .*|allow: {host_files: [$home/eab], connect: {except: [$excepts]}}|" "$home/agent.yaml"
}

# shown NAME: the certificate that imaps shows for it
shown() { openssl s_client -connect "127.0.0.1:$IMAPS" -servername "$1" </dev/null 2>/dev/null | openssl x509 -noout -issuer -serial -ext subjectAltName 2>/dev/null; }
is_issued() { shown "$1" | grep -q "Pebble" && shown "$1" | grep -q "DNS:$1"; }
# What was there before stays Ready until the new one is: that one is looked for.
is_issued_soon() {
	local i
	for i in $(seq 300); do
		is_issued "$1" && return
		read -r -t 0.2 <> <(:)
	done
	return 1
}
orders() { grep -c "POST /order-plz" "$work/$1.log"; }
accounts() { grep -c "There are now [0-9]* accounts in memory" "$work/$1.log"; }

agent_with_issuers "$le_directory"
state mx1.test "{auto: {issuer: le}}" "{le: \"$le_directory\"}"
agent_start || exit 1
before=$(accounts le)
check "http-01: apply" posthus apply
self_signed_first() { shown mx1.test | grep -q 'DNS:mx1.test'; }
check "until it is issued, one that signs itself is served" self_signed_first
check "http-01: Ready" posthus wait certificate/auto
check "http-01: served" is_issued mx1.test
second_plan() { posthus plan | grep -q "^no changes"; }
check "the second plan is empty" second_plan
nothing_else() {
	local path
	for path in / /.well-known/acme-challenge/ /.well-known/acme-challenge/../../etc/passwd /.well-known/acme-challenge/x; do
		curl -s -o /dev/null -w '%{http_code} %{redirect_url}\n' --path-as-is "http://127.0.0.1:$HTTP$path"
	done | sort | uniq -c | sed 's/^ *//' >"$work/codes"
	printf '1 308 https://mx1.test:%s/\n3 404 \n' "$HTTPS" | diff - "$work/codes"
}
check "T06 only exact tokens are shown, all else goes to https" nothing_else
state mx2.test "{auto: {issuer: le, challenge: tls-alpn-01}}" "{le: \"$le_directory\"}"
check "tls-alpn-01: apply" posthus apply
check "tls-alpn-01: served" is_issued_soon mx2.test
no_challenge_left() { ! openssl s_client -connect "127.0.0.1:$HTTPS" -alpn acme-tls/1 -servername mx2.test </dev/null 2>/dev/null | grep -q "ALPN protocol: acme-tls/1"; }
check "T03 acme-tls/1 is spoken for a challenge alone" no_challenge_left
one_account() { [ $(($(accounts le) - before)) = 1 ]; }
check "one account, whatever is asked for" one_account

# The issuer takes its time with each look; the agent is killed again and again, and goes on from where it was.
issuer_start slow PEBBLE_WFE_NONCEREJECT=5 PEBBLE_VA_SLEEPTIME=2
agent_stop
agent_with_issuers "$slow_directory"
state mx3.test "{auto: {issuer: le}}" "{le: \"$slow_directory\"}"
agent_start || exit 1
check "sleep: apply" posthus apply
kills=0
kill_and_look() {
	local i
	for i in 1 2 3 4 5 6; do
		kill -KILL "$agent_pid"
		wait "$agent_pid" 2>/dev/null
		kills=$((kills + 1))
		agent_start || return 1
		shown mx3.test | grep -q 'DNS:mx3.test' || return 1
		is_issued mx3.test && return
		read -r -t "0.$((RANDOM % 900 + 100))" <> <(:)
	done
	return 0
}
check "killed again and again, a certificate is served throughout" kill_and_look
check "and it is issued" posthus wait certificate/auto
check "and served" is_issued mx3.test
few() { [ "$(orders slow)" -le $((kills + 1)) ] && [ "$(accounts slow)" = 1 ]; }
check "with one account, and no order more than it was killed" few
agent_stop

issuer_start known eab PEBBLE_VA_NOSLEEP=1
gone=https://localhost:$(free_ports 1)/dir
agent_with_issuers "$known_directory" "$gone"
(umask 077 && echo zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W >"$home/eab")
state mx4.test "{auto: {issuer: gone}}" "{gone: {acme: \"$gone\", fallback: known}, known: {acme: \"$known_directory\", eab: {id: kid-1, key: {host_file: $home/eab}}}}"
agent_start || exit 1
check "fallback: apply" posthus apply
check "fallback: Ready, by an issuer that has to know the account" posthus wait certificate/auto
check "fallback: served" is_issued mx4.test
no_secret() { ! grep -rqF zWNDZM6eQGHWpSRTPal5 "$home/log" "$home/data"; }
check "K08 the key of the binding is in no log and no database" no_secret
issuers_stop
finish
