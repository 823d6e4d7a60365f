#!/usr/bin/env bash
# What a domain says under https: the policy of MTA-STS and what sets up mail programs, at a Knot by signed updates and under certificates
# of pebble. A probe looks from outside all the time: never is there an id whose file is not served under a valid certificate, nor an
# exchanger that the policy of a moment ago did not name.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"
. "$root/tests/whole/acme_peer.sh"

agent_new
issuers_prepare
NAMES=$(free_ports 1)
await() {
	local i
	for i in $(seq 100); do "$@" && return; read -r -t 0.2 <> <(:); done
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
	zone:
	  - domain: org.example
	    storage: $home/names
	    file: org.example.zone
	    zonefile-sync: -1
	    acl: [ours, theirs]
CONF
cat >"$home/names/org.example.zone" <<-ZONE
	\$ORIGIN org.example.
	\$TTL 2
	@ SOA ns1 hostmaster 1 3600 600 86400 1
	@ NS ns1
	ns1 A 127.0.0.1
	www A 192.0.2.5
ZONE
"$knot/usr/sbin/knotd" -c "$home/names/knot.conf" >"$home/names/log" 2>&1 &
knot_pid=$!
zone() { python3 "$root/tests/whole/life.py" zone "127.0.0.1:$NAMES" org.example; }
named() { zone 2>/dev/null | grep -q www; }
check "the name server is there" await named
zone >"$work/before"
issuers_dns=$NAMES
issuer_start le PEBBLE_WFE_NONCEREJECT=5 PEBBLE_VA_NOSLEEP=1 || exit 1
probe_pid=
trap 'kill $knot_pid $probe_pid 2>/dev/null; issuers_stop' EXIT
management=$(sed -n 's/.*"managementListenAddress": "127.0.0.1:\([0-9]*\)".*/\1/p' "$work/le.json")
curl -s --cacert "$authority" "https://localhost:$management/roots/0" >"$work/roots"

printf "elsewhere.invalid. IN DS 1 13 2 %064d\n" 1 >"$home/anchors"
port=${le_directory#https://localhost:} port=${port%%/*}
sed -i '/^allow:/d' "$home/agent.yaml"
cat >>"$home/agent.yaml" <<-YAML
	authorities: $authority
	host: mail
	resolver: {servers: [127.0.0.1], port: $NAMES, anchors: $home/anchors}
	sandbox: require
	allow:
	  host_files: [$home/tsig]
	  connect: {except: ["127.0.0.1:$NAMES", "127.0.0.1:$port", "[::1]:$port"]}
YAML
# state DOMAIN [HOSTS]
state() {
	cat >"$home/state/state.yaml" <<-YAML
		version: 1
		hosts:
		  mail:
		    name: mail.org.example
		    addresses: [127.0.0.1]
		    listen: {smtp: "127.0.0.1:$SMTP", submission: "127.0.0.1:$SUBMISSION", submissions: "127.0.0.1:$SUBMISSIONS", imaps: "127.0.0.1:$IMAPS",
		      http: "127.0.0.1:$HTTP", https: "127.0.0.1:$HTTPS"}
		$(printf '  %b' "${2-}")
		dns: {main: {type: rfc2136, server: "127.0.0.1:$NAMES", key: {name: posthus, secret: {host_file: $home/tsig}}, ttl: 2}}
		issuers: {le: "$le_directory"}
		certs: {auto: {issuer: le}}
		domains: {org.example: {dns: main$1}, other.example: {dns: none}}
		users: {anna@other.example: {id: anna, name: Anna, roles: [admin]}}
	YAML
}
settled() { posthus status | head -n 1 | grep -q '^READY'; }
apply() { posthus apply --wait >"$work/apply" 2>&1 || await settled || { cat "$work/apply"; return 1; }; }
page() { curl -s --fail --cacert "$work/roots" --resolve "$1:$HTTPS:127.0.0.1" "${@:3}" "https://$1:$HTTPS$2"; }
policy() { page mta-sts.org.example /.well-known/mta-sts.txt; }
says() { policy | tr -d '\r' | grep -qx "$1"; }
says_not() { ! says "$1"; }
record() { zone | grep -q "^$1"; }
no_record() { ! record "$1"; }

python3 "$root/tests/whole/policy_probe.py" "$NAMES" "$HTTPS" "$work/roots" org.example "$work/stop" >"$work/probe" 2>&1 &
probe_pid=$!
state ", mta_sts: {ramp: 14d}"
agent_start || exit 1
check "a domain with a policy: one apply" apply
check "its file is served" says "mode: testing"
check "and names the host" says "mx: mail.org.example"
check "its id is in the zone" record '_mta-sts.org.example. 2 TXT "v=STSv1; id='
elsewhere() { [ "$(curl -s -o /dev/null -w '%{http_code}' -k "https://127.0.0.1:$HTTPS/.well-known/mta-sts.txt")" = 404 ]; }
check "under its own name alone" elsewhere
nothing_to_do() { posthus plan >"$work/plan" && grep -q "^no changes" "$work/plan"; }
# What one thing lets come is planned behind it by the agent itself, so a look between the two finds something to do.
nothing_left() { await nothing_to_do || { cat "$work/plan"; return 1; }; }
check "a second plan is empty" nothing_left

# -- what programs set themselves up by --

check "autoconfig" page autoconfig.org.example "/mail/config-v1.1.xml?emailaddress=anna%40org.example" -o "$work/config.xml"
check "… at the well-known place, too" page autoconfig.org.example /.well-known/autoconfig/mail/config-v1.1.xml -o "$work/config.xml"
check "autodiscover takes a POST" page autodiscover.org.example /Autodiscover/Autodiscover.xml -o "$work/discover.xml" -d '<Autodiscover/>'
both_are_xml() { python3 -c 'import sys, xml.dom.minidom as m; [m.parse(f) for f in sys.argv[1:]]' "$work/config.xml" "$work/discover.xml"; }
check "both are XML" both_are_xml
no_echo() { ! page autodiscover.org.example /autodiscover/autodiscover.xml -d '<EMailAddress>&lt;x&gt;]]>"@a</EMailAddress>' | grep -q 'x&gt'; }
check "W22 what is asked with comes back nowhere" no_echo
no_post() { [ "$(curl -s -o /dev/null -w '%{http_code}' --cacert "$work/roots" --resolve "mta-sts.org.example:$HTTPS:127.0.0.1" -d x "https://mta-sts.org.example:$HTTPS/.well-known/mta-sts.txt")" = 405 ]; }
check "nothing else does" no_post

# -- another exchanger --

state ", mta_sts: {ramp: 14d}" 'mail2: {name: mail2.org.example, addresses: [127.0.0.2], listen: {smtp: 2525}}'
check "a second host: apply" apply
check "the policy names both" says "mx: mail2.org.example"
check "and so does MX" record 'org.example. 2 MX 10 mail2.org.example.'
state ", mta_sts: {ramp: 14d}"
check "it leaves: apply" apply
check "MX names one" no_record 'org.example. 2 MX 10 mail2.org.example.'
check "and in a while the policy does" await says_not "mx: mail2.org.example"

# -- enforced, and taken back --

state ", mta_sts: {ramp: 0s}"
check "without a ramp: apply" apply
check "it is enforced" says "mode: enforce"
state ""
check "no policy any more: apply" apply
check "it is taken back first" says "mode: none"
check "and said so" record '_mta-sts.org.example. 2 TXT "v=STSv1; id='
state ", mta_sts: {mode: enforce, ramp: 0s}"
check "once more: apply" apply

# -- the end --

cat >"$home/state/state.yaml" <<-YAML
	version: 1
	hosts: {mail: {name: mail.other.example, listen: {smtp: "127.0.0.1:$SMTP", submission: off, submissions: off, imaps: "127.0.0.1:$IMAPS", http: "127.0.0.1:$HTTP", https: "127.0.0.1:$HTTPS"}}}
	certs: none
	policy: {gates: {other: {percent: 100}}}
	domains: {other.example: {dns: none}}
	users: {anna@other.example: {id: anna, name: Anna, roles: [admin]}}
YAML
gone() { posthus apply --wait >"$work/apply" 2>&1; [ $? = 0 ] || posthus approve "$(grep -o 'approve b2:[0-9a-f]*' "$work/apply" | head -n 1 | cut -d' ' -f2)"; }
check "the domain leaves" gone
only_theirs() { zone >"$work/after" && cmp -s "$work/before" "$work/after"; }
check "of the zone only what was somebody else's is left" await only_theirs
touch "$work/stop"
wait "$probe_pid" && ok "$(tail -n 1 "$work/probe")" || { bad "the probe saw things out of order"; tail -n 12 "$work/probe"; }
finish
