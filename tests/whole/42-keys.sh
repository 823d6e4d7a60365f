#!/usr/bin/env bash
# A signed zone at a Knot, certificates of pebble, and mail: the host's key stands in the DNS (TLSA), and is changed; a key that signs mail
# leaves and another comes. A probe looks from outside all the time: the key that is shown is one that any sender may have read of, the chain
# verifies, and every message passes DMARC where it arrives.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"
. "$root/tests/whole/acme_peer.sh"

agent_new
issuers_prepare
read -r NAMES SINK < <(free_ports 2)
await() {
	local i
	for i in $(seq 150); do "$@" && return; read -r -t 0.2 <> <(:); done
	return 1
}

knot=$(packages_unpack knot)
secret=$(openssl rand -base64 32)
(umask 077 && echo "$secret" >"$home/tsig")
mkdir -p "$home/names"
cat >"$home/names/knot.conf" <<-CONF
	server:
	  rundir: $home/names
	  listen: 127.0.0.1@$NAMES
	database:
	  storage: $home/names
	key:
	  - id: posthus
	    algorithm: hmac-sha256
	    secret: $secret
	acl:
	  - id: ours
	    key: posthus
	    action: [update, transfer]
	  - id: theirs
	    address: 127.0.0.0/8
	    action: [transfer]
	policy:
	  - id: signed
	    algorithm: ecdsap256sha256
	    single-type-signing: on
	zone:
	  - domain: org.example
	    storage: $home/names
	    file: org.example.zone
	    zonefile-sync: -1
	    dnssec-signing: on
	    dnssec-policy: signed
	    acl: [ours, theirs]
	  - domain: plain.example
	    storage: $home/names
	    file: plain.example.zone
	    zonefile-sync: -1
	    acl: [ours, theirs]
CONF
for zone in org plain; do
	cat >"$home/names/$zone.example.zone" <<-ZONE
		\$ORIGIN $zone.example.
		\$TTL 2
		@ SOA ns1 hostmaster 1 3600 600 86400 1
		@ NS ns1
		ns1 A 127.0.0.1
	ZONE
done
"$knot/usr/sbin/knotd" -c "$home/names/knot.conf" >"$home/names/log" 2>&1 &
knot_pid=$!
answers() { python3 "$root/tests/whole/life.py" zone "127.0.0.1:$NAMES" "$1" 2>/dev/null; }
is_signed() { answers org.example | grep -q DNSKEY; }
check "the name server signs" await is_signed
issuers_dns=$NAMES
issuer_start le PEBBLE_WFE_NONCEREJECT=5 PEBBLE_VA_NOSLEEP=1 || exit 1
python3 "$root/tests/whole/sink.py" "$SINK" "$home/sink" >"$home/sink.out" 2>"$home/sink.err" &
sink_pid=$!
await grep -q ready "$home/sink.out"
probe_pid=
trap 'kill $knot_pid $sink_pid $probe_pid 2>/dev/null; issuers_stop' EXIT
management=$(sed -n 's/.*"managementListenAddress": "127.0.0.1:\([0-9]*\)".*/\1/p' "$work/le.json")
curl -s --cacert "$authority" "https://localhost:$management/roots/0" >"$work/roots"

printf "elsewhere.invalid. IN DS 1 13 2 %064d\n" 1 >"$home/anchors"
port=${le_directory#https://localhost:} port=${port%%/*}
sed -i '/^allow:/d' "$home/agent.yaml"
cat >>"$home/agent.yaml" <<-YAML
	authorities: $authority
	resolver: {servers: [127.0.0.1], port: $NAMES, anchors: $home/anchors}
	sandbox: require
	allow:
	  host_files: [$home/tsig]
	  connect: {except: ["127.0.0.1:$NAMES", "127.0.0.1:$port", "[::1]:$port", "127.0.0.1:$SINK"]}
YAML
# state KEY [DKIM [HOST]]
state() {
	cat >"$home/state/state.yaml" <<-YAML
		version: 1
		hosts:
		  mail:
		    name: mail.${3-org}.example
		    addresses: [127.0.0.1]
		    listen: {smtp: "127.0.0.1:$SMTP", submission: "127.0.0.1:$SUBMISSION", submissions: "127.0.0.1:$SUBMISSIONS", imaps: "127.0.0.1:$IMAPS",
		      http: "127.0.0.1:$HTTP"}
		dns: {main: {type: rfc2136, server: "127.0.0.1:$NAMES", key: {name: posthus, secret: {host_file: $home/tsig}}, ttl: 2}}
		issuers: {le: "$le_directory"}
		certs: {auto: {issuer: le, key: $1}}
		relays: {sink: {host: 127.0.0.1, port: $SINK}}
		destinations: {elsewhere.example: {send_via: sink}}
		domains: {org.example: {dns: main${2-}}, plain.example: {dns: main}}
		users: {anna@org.example: {id: anna, name: Anna, roles: [admin]}}
	YAML
}
settled() { posthus status | head -n 1 | grep -q '^READY'; }
apply() { posthus apply --wait >"$work/apply" 2>&1 || await settled || { cat "$work/apply"; return 1; }; }
tlsa() { answers org.example | grep '^_25._tcp.mail.org.example. .* TLSA 3 1 1 '; }
keys() { tlsa | wc -l; }
shown() {
	openssl s_client -connect "127.0.0.1:$SMTP" -starttls smtp -servername mail.org.example </dev/null 2>/dev/null | openssl x509 -noout -pubkey |
		openssl pkey -pubin -outform DER 2>/dev/null | sha256sum | cut -c1-64
}
is_said() { tlsa | grep -qi "$(shown)"; }

state ecdsa-p256
agent_start || exit 1
check "one apply" apply
check "the key that port 25 shows is in the DNS" await is_said
one_key() { [ "$(keys)" = 1 ]; }
check "and no other" one_key
printf 'pass-anna\n' | posthus account passwd anna >/dev/null
signs_twice() { posthus status -o json | python3 -c 'import json, sys; sys.exit(sum(k["domain"] == "org.example" and k["state"] == "signing" for k in json.load(sys.stdin)["dkim_keys"]) != 2)'; }
check "both keys sign" await signs_twice
nothing_to_do() { posthus plan | grep -q "^no changes"; }
check "a second plan is empty" await nothing_to_do
checked() { posthus dns check >"$work/check"; grep -q "^in-sync .*$1" "$work/check" && ! grep -vE '^in-sync|PTR' "$work/check"; }
check "dns check knows the key" checked "_25._tcp.mail.org.example TLSA: 1 of 1 servers say it"
python3 "$root/tests/whole/keys_probe.py" "$NAMES" "$SMTP" "$SUBMISSIONS" "$work/roots" "$home/sink" "$work/stop" >"$work/probe" 2>&1 &
probe_pid=$!

# -- another key --

before=$(shown)
state rsa2048
check "another kind of key: apply" apply
another() { [ -n "$(shown)" ] && [ "$(shown)" != "$before" ]; }
two_or_other() { [ "$(keys)" = 2 ] || another; }
check "T07 the new one is said beside the old" await two_or_other
check "T07 and served in a while" await another
check "T07 the old one leaves" await one_key
check "and the one that is shown is said" is_said
check "the plan is empty again" await nothing_to_do

# -- a key that signs --

state rsa2048 ", dkim: {algorithms: [ed25519]}"
check "one key signs alone: apply" apply
state rsa2048
check "a new one comes: apply" apply
check "and signs beside it" await signs_twice
touch "$work/stop"
wait "$probe_pid" && ok "$(tail -n 1 "$work/probe")" || { bad "the probe saw things out of order"; tail -n 12 "$work/probe"; }

# -- a zone that nobody signs --

state rsa2048 "" plain
check "the host in a zone that is not signed: apply" apply
none_there() { ! answers plain.example | grep -q TLSA; }
check "no key is said there" none_there
check "and none is missed" settled
check "dns check says why" await checked "_25._tcp.mail.plain.example TLSA: the zone is not signed"
finish
