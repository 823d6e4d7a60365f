#!/usr/bin/env bash
# A domain's life: one state file and one apply, and it has its records at two name servers (knot, by signed updates), a certificate
# of an issuer (pebble) on all ports, and mail that another server finds signed, aligned and allowed; a second apply finds nothing to
# do; then the domain goes, and of the zone only what was somebody else's is left, byte for byte.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"
. "$root/tests/whole/acme_peer.sh"

agent_new
issuers_prepare
read -r SINK NAMES < <(free_ports 2)
await() {
	local i
	for i in $(seq 100); do "$@" && return; read -r -t 0.3 <> <(:); done
	return 1
}

# -- two name servers: what is written to the first the second fetches --

knot=$(packages_unpack knot)
secret=$(openssl rand -base64 32)
(umask 077 && echo "$secret" >"$home/tsig")
knot_pids=()
for i in 1 2; do
	mkdir -p "$home/names$i"
	cat >"$home/names$i/knot.conf" <<-CONF
		server:
		  rundir: $home/names$i
		  listen: 127.0.0.$i@$NAMES
		database:
		  storage: $home/names$i
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
		    action: [transfer, notify]
		remote:
		  - id: other
		    address: 127.0.0.$((3 - i))@$NAMES
		template:
		  - id: default
		    storage: $home/names$i
		    file: "%s.zone"
		    zonefile-sync: -1
		zone:
		  - domain: org.example
		    acl: [ours, theirs]
		$([ $i = 1 ] && echo '    notify: [other]' || echo '    master: [other]')
	CONF
done
cat >"$home/names1/org.example.zone" <<-ZONE
	\$ORIGIN org.example.
	\$TTL 30
	@ SOA ns1 hostmaster 1 3600 600 86400 1
	@ NS ns1
	@ NS ns2
	ns1 A 127.0.0.1
	ns2 A 127.0.0.2
	@ TXT "site-verification=abc"
	@ CAA 0 iodef "mailto:somebody@elsewhere.invalid"
	www A 192.0.2.5
	shop CNAME www
ZONE
for i in 1 2; do
	"$knot/usr/sbin/knotd" -c "$home/names$i/knot.conf" >"$home/names$i/log" 2>&1 &
	knot_pids+=($!)
done
# zone: all that the first server has, but for what changes with each update
zone() { python3 "$root/tests/whole/life.py" zone "127.0.0.1:$NAMES" org.example; }
check "the name servers are there" await bash -c "python3 $root/tests/whole/life.py zone 127.0.0.2:$NAMES org.example | grep -q www"
zone >"$work/before"

# the issuer asks these name servers
issuers_dns=$NAMES
issuer_start le PEBBLE_WFE_NONCEREJECT=5 PEBBLE_VA_NOSLEEP=1 || exit 1
python3 "$root/tests/whole/sink.py" "$SINK" "$home/sink" >"$home/sink.out" 2>"$home/sink.err" &
sink_pid=$!
await grep -q ready "$home/sink.out"
trap 'kill "${knot_pids[@]}" $sink_pid 2>/dev/null; issuers_stop' EXIT

printf "elsewhere.invalid. IN DS 1 13 2 %064d\n" 1 >"$home/anchors"
port=${le_directory#https://localhost:} port=${port%%/*}
sed -i '/^allow:/d' "$home/agent.yaml"
cat >>"$home/agent.yaml" <<-YAML
	authorities: $authority
	resolver: {servers: [127.0.0.1], port: $NAMES, anchors: $home/anchors}
	sandbox: require
	allow:
	  host_files: [$home/tsig]
	  connect: {except: ["127.0.0.1:$NAMES", "127.0.0.2:$NAMES", "127.0.0.1:$port", "[::1]:$port", "127.0.0.1:$SINK"]}
YAML
state() { # DOMAINS
	mkdir -p "$home/state"
	cat >"$home/state/state.yaml" <<-YAML
		version: 1
		hosts:
		  mail:
		    name: mail.org.example
		    addresses: [127.0.0.1]
		    listen: {smtp: "127.0.0.1:$SMTP", submission: "127.0.0.1:$SUBMISSION", submissions: "127.0.0.1:$SUBMISSIONS", imaps: "127.0.0.1:$IMAPS",
		      http: "127.0.0.1:$HTTP", https: "127.0.0.1:$HTTPS"}
		dns: {main: {type: rfc2136, server: "127.0.0.1:$NAMES", key: {name: posthus, secret: {host_file: $home/tsig}}, ttl: 30}}
		issuers: {le: "$le_directory"}
		certs: {auto: {issuer: le}}
		relays: {sink: {host: 127.0.0.1, port: $SINK}}
		destinations: {elsewhere.example: {send_via: sink}}
		$1
	YAML
}

# -- one apply --

state "domains: {org.example: {dns: main}}
users: {anna@org.example: {id: anna, name: Anna, roles: [admin]}}"
agent_start || exit 1
check "one apply: all is Ready" posthus apply --wait
nothing_to_do() { posthus plan | grep -q "^no changes"; }
check "a second plan is empty" nothing_to_do
applies_nothing() { posthus apply --wait | grep -q "^no changes"; }
check "a second apply does nothing" applies_nothing
all_in_sync() { posthus dns check >"$work/check"; [ "$(grep -c '^in-sync' "$work/check")" -ge 14 ] && grep -q "^in-sync .*rsa-.*_domainkey" "$work/check" && ! grep -vE '^in-sync|PTR' "$work/check"; }
check "every record is in sync at both servers" all_in_sync
same_names() { [ "$(python3 "$root/tests/whole/life.py" zone "127.0.0.1:$NAMES" org.example)" = "$(python3 "$root/tests/whole/life.py" zone "127.0.0.2:$NAMES" org.example)" ]; }
check "both servers have the same" await same_names
theirs_is_there() { zone >"$work/now" && [ -z "$(grep -vxFf "$work/now" "$work/before")" ]; }
check "what was somebody else's is there, byte for byte" theirs_is_there
chain() { openssl s_client -connect "127.0.0.1:$1" -servername mail.org.example -CAfile "$work/roots" -verify_return_error "${@:2}" </dev/null >/dev/null 2>&1; }
management=$(sed -n 's/.*"managementListenAddress": "127.0.0.1:\([0-9]*\)".*/\1/p' "$work/le.json")
curl -s --cacert "$authority" "https://localhost:$management/roots/0" >"$work/roots"
for p in "$IMAPS" "$SUBMISSIONS" "$HTTPS"; do check "a chain that verifies on $p" chain "$p"; done
check "… and behind STARTTLS" chain "$SMTP" -starttls smtp

# -- its first mail out --

printf 'pass-anna\n' | posthus account passwd anna >/dev/null
check "anna writes to another server" swaks --silent 2 --server 127.0.0.1 --port "$SUBMISSIONS" --tls-on-connect --auth PLAIN --auth-user anna@org.example \
	--auth-password pass-anna --from anna@org.example --to someone@elsewhere.example --header "Subject: the first"
check "it arrives" await test -s "$home/sink"
dmarc_passes() { python3 "$root/tests/whole/life.py" judge "127.0.0.2:$NAMES" "$home/sink"; }
check "signed twice, aligned, and allowed by SPF: DMARC passes there" dmarc_passes

# -- and its end --

state "domains: {other.example: {dns: none}}
users: {bo@other.example: {id: bo, roles: [admin]}}"
sed -i 's/name: mail.org.example/name: mail.other.example/; s/^certs: .*/certs: none/; /addresses:/d' "$home/state/state.yaml"
held() { posthus apply --wait >"$work/apply"; [ $? = 4 ] && posthus approve "$(grep -o 'approve b2:[0-9a-f]*' "$work/apply" | head -n 1 | cut -d' ' -f2)"; }
check "the domain leaves the state: a gate asks first" held
only_theirs() { zone >"$work/after" && cmp -s "$work/before" "$work/after"; }
check "of the zone only what was somebody else's is left, byte for byte" await only_theirs
finish
