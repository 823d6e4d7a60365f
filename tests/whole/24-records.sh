#!/usr/bin/env bash
# A new domain from one file of the state to all records in sync, at a real PowerDNS and a Knot; what others have in the zone stays.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"
knot=$(packages_unpack knot) pdns=$(packages_unpack pdns-server) backend=$(packages_unpack pdns-backend-sqlite3)
servers=()
stop_servers() { [ "${#servers[@]}" = 0 ] || kill "${servers[@]}" 2>/dev/null; servers=(); }
trap 'stop_servers; finish >/dev/null; exit 130' INT TERM

# One port on these addresses, for UDP and TCP: 127.0.0.1 is the parent, and the resolver that agent.yaml names; 2 is PowerDNS.
port=$(free_port_on 127.0.0.{1,2})
api=$(free_ports 1)

# -- the world

mkdir -p "$work/parent" "$work/pdns"
cat >"$work/parent/example.zone" <<'ZONE'
$TTL 1
@ SOA ns hostmaster 1 3600 900 604800 1
@ NS ns
ns A 127.0.0.1
a NS ns.a
ns.a A 127.0.0.2
b NS ns.a
k NS ns
ZONE
cat >"$work/parent/k.zone" <<'ZONE'
$TTL 1
@ SOA ns.example. hostmaster.example. 1 3600 900 604800 1
@ NS ns.example.
@ TXT "verification=1"
www A 192.0.2.7
ZONE
secret=$(openssl rand -base64 32)
cat >"$work/parent/arpa.zone" <<'ZONE'
$TTL 1
@ SOA ns.example. hostmaster.example. 1 3600 900 604800 1
@ NS ns.example.
10 PTR mail.a.example.
11 PTR host11.hoster.example.
ZONE
cat >"$work/parent/knot.conf" <<CONF
server:
  rundir: "$work/parent"
  listen: 127.0.0.1@$port
log:
  - target: stderr
    any: warning
database:
  storage: "$work/parent"
key:
  - id: posthus
    algorithm: hmac-sha256
    secret: $secret
acl:
  - id: posthus
    key: posthus
    action: [transfer, update]
zone:
  - domain: k.example
    file: "$work/parent/k.zone"
    zonefile-sync: -1
    zonefile-load: difference
    journal-content: all
    acl: posthus
  - domain: example
    file: "$work/parent/example.zone"
  - domain: 113.0.203.in-addr.arpa
    file: "$work/parent/arpa.zone"
CONF
"$knot/usr/sbin/knotd" -c "$work/parent/knot.conf" >"$work/parent/log" 2>&1 &
servers+=($!)
sqlite3 "$work/pdns/db" <"$backend/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"
"$pdns/usr/sbin/pdns_server" --no-config --config-dir="$work/pdns" --socket-dir="$work/pdns" --daemon=no --guardian=no --launch=gsqlite3 \
	--module-dir="$(dirname "$backend"/usr/lib/*/pdns/libgsqlite3backend.so)" --gsqlite3-database="$work/pdns/db" --local-address=127.0.0.2 \
	--local-port="$port" --api=yes --api-key=a-key --webserver=yes --webserver-address=127.0.0.1 --webserver-port="$api" \
	--cache-ttl=0 --query-cache-ttl=0 --negquery-cache-ttl=0 --gsqlite3-pragma-synchronous=0 >"$work/pdns/log" 2>&1 &
servers+=($!)
zones() { curl -s -f -H 'X-API-Key: a-key' "$@"; }
url=http://127.0.0.1:$api/api/v1/servers/localhost/zones
await() {
	local i
	for i in $(seq 200); do
		"$@" >/dev/null 2>&1 && return
		read -r -t 0.1 <> <(:) # nothing tells when a server that was just started listens
	done
	return 1
}
check "PowerDNS answers" await zones "$url"
for zone in a b; do
	zones -d '{"name": "'$zone'.example.", "kind": "Native", "nameservers": ["ns.a.example."], "rrsets": [
		{"name": "'$zone'.example.", "type": "TXT", "ttl": 1, "records": [{"content": "\"verification=1\"", "disabled": false}]},
		{"name": "www.'$zone'.example.", "type": "A", "ttl": 1, "records": [{"content": "192.0.2.7", "disabled": false}]},
		{"name": "shop.'$zone'.example.", "type": "CNAME", "ttl": 1, "records": [{"content": "www.'$zone'.example.", "disabled": false}]}]}' "$url" >/dev/null || bad "the zone $zone.example"
done
zones -X PATCH -d '{"rrsets": [{"name": "ns.a.example.", "type": "A", "ttl": 1, "changetype": "REPLACE", "records": [{"content": "127.0.0.2", "disabled": false}]}]}' "$url/a.example."

# All that a zone has, a line a record, but for its SOA; and what of that is none of ours.
listing() {
	zones "$url/$1." | python3 -c 'import json, sys
print("\n".join(sorted(" ".join([s["name"], s["type"], str(s["ttl"]), r["content"]])
    for s in json.load(sys.stdin)["rrsets"] if s["type"] != "SOA" for r in s["records"])))'
}
listing a.example >"$work/a.before"
listing b.example >"$work/b.before"

# -- a domain of one file

agent_new
echo a-key >"$home/api.key"
echo "$secret" >"$home/tsig.key"
cat >>"$home/agent.yaml" <<YAML
resolver: {servers: [127.0.0.1], port: $port}
YAML
sed -i "s|^allow: .*|allow: {host_files: [$home/api.key, $home/tsig.key], connect: {except: [\"127.0.0.1:$api\", \"127.0.0.1:$port\", \"127.0.0.2:$port\"]}}|" "$home/agent.yaml"
# state DOMAINS [SECTION]
state() {
	cat >"$home/state/state.yaml" <<YAML
version: 1
hosts:
  mail:
    name: mail.a.example
    addresses: [203.0.113.10]
    listen: {smtp: "127.0.0.1:$SMTP", submission: off, submissions: "127.0.0.1:$SUBMISSIONS", imaps: "127.0.0.1:$IMAPS"}
certs: none
policy: {gates: {other: {percent: 100}}${2-}}
dns:
  main: {type: powerdns, url: "http://127.0.0.1:$api", api_key: {host_file: $home/api.key}, ttl: 2}
  knot: {type: rfc2136, server: "127.0.0.1:$port", key: {name: posthus, secret: {host_file: $home/tsig.key}}, ttl: 2}
domains: {$1}
users: {anna@c.example: {roles: [admin]}}
YAML
}
c='c.example: {dns: none}'
a='a.example: {dns: main, contact: anna@c.example, records: {pm: {cname: pm.relay.example}}}'
state "$c"
check "an agent without zones starts" agent_start
state "$a, $c"
posthus apply --wait "$home/state" >"$work/apply" 2>&1 # keys that a moment later sign are not Ready yet
settled() { posthus status | head -n 1 | grep -q '^READY'; }
check "one apply, and everything is Ready" await settled
check "all records are in sync, says dns check" posthus dns check
posthus dns check a.example -o json | python3 -c 'import json, sys
records = json.load(sys.stdin)["records"]
assert len(records) > 10 and all(r["verdict"] == "in-sync" for r in records), records' && ok "in JSON, too" || bad "dns check -o json"
listing a.example >"$work/a.after"
others() { [ -z "$(comm -23 "$work/$1.before" "$2")" ]; }
check "what others have in the zone is as it was" others a "$work/a.after"
grep -q '^mail.a.example. A 2 203.0.113.10$' "$work/a.after" && grep -q '^a.example. MX 2 10 mail.a.example.$' "$work/a.after" &&
	grep -q '^_dmarc.a.example. TXT 2 "v=DMARC1; p=reject' "$work/a.after" && grep -q '^pm.a.example. CNAME 2 pm.relay.example.$' "$work/a.after" &&
	ok "ours are there" || bad "ours: $(cat "$work/a.after")"
grep -q '^a.example. TXT . "v=spf1 ip4:203.0.113.10 -all"$' "$work/a.after" && ok "SPF stands beside a text of somebody else" || bad "SPF: $(grep 'a.example. TXT' "$work/a.after")"
check "the second apply has no steps" posthus plan --detailed-exitcode "$home/state"
refuse "the PTR that is not there is named" 2 "PTR: ask your hoster to set the PTR of 203.0.113.12 to mail.a.example" bash -c \
	"sed 's/203.0.113.10/203.0.113.10, 203.0.113.12/' '$home/state/state.yaml' >'$work/more.yaml'; '$POSTHUS' dns check --config '$home/agent.yaml' --state '$work/more.yaml'"

# -- a second domain, and it goes again

b='b.example: {dns: main, contact: anna@c.example}'
state "$a, $b, $c"
check "a second domain" posthus apply "$home/state"
check "is Ready" await settled
check "is in sync" posthus dns check b.example
state "$a, $c"
check "it leaves" posthus apply --wait "$home/state"
gone() { await bash -c "! '$POSTHUS' get --config '$home/agent.yaml' record/b.example/MX"; }
check "its records are gone" gone
listing b.example >"$work/b.after"
check "and the zone is as it was before, record by record" cmp "$work/b.before" "$work/b.after"
check "of the other nothing changed" bash -c "$(declare -f listing zones); url=$url; listing a.example | cmp - '$work/a.after'"

# -- a zone that is written by updates (RFC 2136)

k='k.example: {dns: knot, contact: anna@c.example}'
known() { drill -p "$port" "@127.0.0.1" "$1" "$2" 2>/dev/null | sed -n '/^;; ANSWER/,/^;; AUTH/p' | grep -v '^;\|^$'; }
state "$a, $k, $c"
check "a domain at Knot" posthus apply "$home/state"
check "is Ready" await settled
check "is in sync" posthus dns check k.example
known k.example TXT | grep -q verification=1 && known k.example TXT | grep -q '"v=spf1 ip4:203.0.113.10 -all"' && ok "SPF stands beside a text of somebody else there, too" ||
	bad "k.example TXT: $(known k.example TXT)"
state "$a, $c"
check "it leaves" posthus apply --wait "$home/state"
left() { [ -z "$(known k.example MX)$(known _dmarc.k.example TXT)" ]; }
check "its records are gone" await left
[ "$(known k.example TXT | wc -l)" = 1 ] && known www.k.example A | grep -q 192.0.2.7 && ok "and what others have is there" || bad "k.example: $(known k.example TXT)"

# -- a human's hand

human() {
	zones -X PATCH -d '{"rrsets": [{"name": "_dmarc.a.example.", "type": "TXT", "ttl": 2, "changetype": "REPLACE", "records": [{"content": "\"v=DMARC1; p='"$1"'\"", "disabled": false}]}]}' "$url/a.example."
}
human none
refuse "what a human changed is seen" 2 'changed         _dmarc.a.example TXT: the zone says 2 "v=DMARC1; p=none"; the state 2 "v=DMARC1; p=reject' posthus dns check
a="${a/pm.relay/pm2.relay}" a="${a/contact:/dmarc: {policy: quarantine\}, contact:}"
state "$a, $c"
check "the next change of the state" posthus apply --wait "$home/state"
check "sets it right, and is in sync" posthus dns check
listing a.example | grep -q '_dmarc.a.example. TXT 2 "v=DMARC1; p=quarantine' && ok "one record of DMARC is there" || bad "$(listing a.example | grep _dmarc)"

# -- a secret for another host

age-keygen -o "$work/other" 2>/dev/null
sealed=$(printf 'dns-provider/main/api_key\nto: http://127.0.0.1:%s\na-key' "$api" | age -r "$(age-keygen -y "$work/other")" | base64 -w 0)
state "$a, $k, $c"
sed -i "s|api_key: {[^}]*}|api_key: {sealed: \"$sealed\"}|" "$home/state/state.yaml"
posthus apply --wait "$home/state" >"$work/apply" 2>&1
stalled() { posthus status dns-provider/main | grep -q 'Stalled True  *ResealNeeded'; }
check "scenario 21 a value that was sealed for another host stalls what it is for" await stalled
check "… at its line" bash -c "'$POSTHUS' trace --config '$home/agent.yaml' dns-provider/main | grep -q 'state.yaml:10'"
# What rests on the host's own record, as MX does, waits.
there() { known _dmarc.k.example TXT | grep -q DMARC1; }
check "… and the others proceed" await there
check "… what it wrote stays" bash -c "$(declare -f listing zones); url=$url; listing a.example | grep -q '^a.example. MX 2 10 mail.a.example.$'"
stop_servers
finish
