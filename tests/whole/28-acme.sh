#!/usr/bin/env bash
# Certificates of an issuer, by ACME: Debian's pebble, strict, which throws away a twentieth of the nonces that it gave out.
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

agent_with_issuers() {
	agent_new
	cat >>"$home/agent.yaml" <<-YAML
		authorities: $authority
		sandbox: require
	YAML
	sed -i "s|^allow: .*|allow: {connect: {except: [$(for url in "$@"; do sed -E 's|https://localhost:([0-9]+)/.*|"127.0.0.1:\1", "[::1]:\1"|' <<<"$url"; done | paste -sd,)]}}|" \
		"$home/agent.yaml"
}

# shown NAME: the issuer of the certificate that imaps shows for it
shown() { openssl s_client -connect "127.0.0.1:$IMAPS" -servername "$1" </dev/null 2>/dev/null | openssl x509 -noout -issuer -ext subjectAltName 2>/dev/null; }
is_issued() { shown "$1" | grep -q "Pebble" && shown "$1" | grep -q "DNS:$1"; }

agent_with_issuers "$le_directory"
state mx1.test "{auto: {issuer: le}}" "{le: \"$le_directory\"}"
agent_start || exit 1
check "apply" posthus apply
self_signed_first() { shown mx1.test | grep -q 'mx1.test'; }
check "until it is issued, one that signs itself is served" self_signed_first
check "http-01: Ready" posthus wait --timeout 60s
check "http-01: served" is_issued mx1.test
second_plan() { posthus plan | grep -q "^no changes"; }
check "the second plan is empty" second_plan
issuers_stop
finish
