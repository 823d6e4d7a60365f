#!/usr/bin/env bash
# What the agent asks of real name servers, and does at real DNS providers, on the loopback.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"
tool=${DNS_PROVIDER:-$root/build-release/tests/tools/dns_provider}
knot=$(packages_unpack knot)
servers=()

# serve NAME ADDRESS ZONE…: knotd on that address, with these zones; their files are $work/NAME/ZONE.zone
serve() {
	local name=$1 address=$2 zone
	shift 2
	{
		printf 'server:\n  rundir: "%s"\n  listen: %s@%s\nlog:\n  - target: stderr\n    any: warning\n' "$work/$name" "$address" "$port"
		printf 'database:\n  storage: "%s"\n%s\nzone:\n' "$work/$name" "${knot_more:-}"
		for zone in "$@"; do printf '  - domain: %s\n    file: "%s"\n%s' "$zone" "$work/$name/$zone.zone" "${knot_zone:-}"; done
	} >"$work/$name/knot.conf"
	"$knot/usr/sbin/knotd" -c "$work/$name/knot.conf" >"$work/$name/log" 2>&1 &
	servers+=($!)
}
stop_servers() { [ "${#servers[@]}" = 0 ] || kill "${servers[@]}" 2>/dev/null; wait; servers=(); }
trap 'stop_servers; finish >/dev/null; exit 130' INT TERM

# zone_file FILE SERIAL LINE…
zone_file() {
	mkdir -p "$(dirname "$1")"
	printf '$TTL 300\n@ SOA ns1 hostmaster %s 3600 900 604800 60\n' "$2" >"$1"
	printf '%s\n' "${@:3}" >>"$1"
}

# A free port on all of these addresses, for UDP and TCP.
port=$(free_port_on 127.0.0.{1..8})

# says NAME EXPECTED VERB…: the tool prints these lines, sorted; `…` at the end of one stands for anything
says() {
	local name=$1 expected=$2 got
	shift 2
	got=$(timeout 60 "$tool" "$@" 2>&1 | sort)
	if python3 -c 'import sys
want, got = [a.split("\n") for a in sys.argv[1:]]
sys.exit(len(want) != len(got) or any(not (g.startswith(w[:-1]) if w.endswith("…") else g == w) for w, g in zip(want, got)))' "$expected" "$got"; then
		ok "$name"
	else
		bad "$name: $got"
	fi
}

# -- asking each server of a zone

# 127.0.0.1: the parent `example`, and the resolver that agent.yaml names. 2 and 3: two servers that disagree. 4: one that
# lost the zone and has another. 5: nobody listens. 6: a socket that never answers.
cat >"$work/agent.yaml" <<YAML
resolver: {servers: [127.0.0.1], port: $port}
allow: {connect: {except: [$(printf '"127.0.0.%s:'"$port"'", ' 2 3 4 5 6) "127.0.0.7:$port"]}}
YAML
zone_file "$work/parent/example.zone" 1 '@ NS ns' 'ns A 127.0.0.1' \
	'a NS ns1.a' 'a NS ns2.a' 'ns1.a A 127.0.0.2' 'ns2.a A 127.0.0.3' \
	'lame NS ns1.a' 'lame NS ns4.lame' 'ns4.lame A 127.0.0.4' \
	'gone NS ns4.gone' 'ns4.gone A 127.0.0.4' \
	'dead NS ns1.a' 'dead NS ns5.dead' 'ns5.dead A 127.0.0.5' 'dead NS ns6.dead' 'ns6.dead A 127.0.0.6' \
	'denied NS ns8.denied' 'ns8.denied A 127.0.0.8' 'denied NS ns1.a' \
	'nowhere NS ns.nowhere'
zone_file "$work/one/a.example.zone" 2 '@ NS ns1' '@ NS ns2' 'ns1 A 127.0.0.2' 'ns2 A 127.0.0.3' '@ TXT "v=spf1 " "-all"' '@ TXT theirs' \
	'@ MX 10 mail' '* A 192.0.2.9' "$(python3 -c 'print("big", *["TXT " + chr(34) + f"{i:03}" + "x" * 200 + chr(34) + chr(10) for i in range(40)])')"
zone_file "$work/two/a.example.zone" 1 '@ NS ns1' '@ NS ns2' 'ns1 A 127.0.0.2' 'ns2 A 127.0.0.3' '@ TXT theirs'
for zone in lame dead denied; do zone_file "$work/one/$zone.example.zone" 1 '@ NS ns1.a.example.' 'x TXT here'; done
zone_file "$work/four/other.example.zone" 1 '@ NS ns1.a.example.'
zone_file "$work/four/example.zone" 1 '@ NS ns1.a.example.'
serve parent 127.0.0.1 example
serve one 127.0.0.2 a.example lame.example dead.example denied.example
serve two 127.0.0.3 a.example
serve four 127.0.0.4 other.example example
python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.6", int(sys.argv[1])))
while True: s.recv(4096)' "$port" &
servers+=($!)

serving() {
	local i
	for i in $(seq 100); do
		"$tool" ask "$work/agent.yaml" a.example a.example SOA 2>/dev/null | grep -c ' answers' | grep -q 2 &&
			"$tool" ask "$work/agent.yaml" lame.example lame.example SOA 2>/dev/null | grep -q 'ns4.*does not have' && return
		read -r -t 0.1 <> <(:) # nothing tells when a server that was just started listens
	done
	return 1
}
check "two servers of a.example answer" serving
ask() { says "$1" "$2" ask "$work/agent.yaml" "${@:3}"; }
ask "each server of a zone is asked, and what they disagree on is seen" 'ns1.a.example 127.0.0.2 answers: 300 "theirs"|"v=spf1 " "-all"
ns2.a.example 127.0.0.3 answers: 300 "theirs"' a.example a.example TXT
ask "that there is nothing is an answer" 'ns1.a.example 127.0.0.2 answers: 300 10 mail.a.example.
ns2.a.example 127.0.0.3 answers: 0' a.example a.example MX
ask "what does not fit into a datagram comes by TCP" 'ns1.a.example 127.0.0.2 answers: 300 "000xxxxxxxx…
ns2.a.example 127.0.0.3 answers: 0' a.example big.a.example TXT
ask "one that does not have the zone is told by its name" 'ns1.a.example 127.0.0.2 answers: 300 "here"
ns4.lame.example 127.0.0.4 does not have the zone' lame.example x.lame.example TXT
ask "so is one where nobody listens, and one that says nothing" 'ns1.a.example 127.0.0.2 answers: 300 "here"
ns5.dead.example 127.0.0.5 cannot be reached
ns6.dead.example 127.0.0.6 does not answer' dead.example x.dead.example TXT
ask "G16 an address that agent.yaml does not allow is not asked" 'ns1.a.example 127.0.0.2 answers: 300 "here"
ns8.denied.example 127.0.0.8 has an address that `allow.connect` of agent.yaml does not let us reach' denied.example x.denied.example TXT
ask "ZoneGone: none of its servers has it any more" 'ZoneGone: gone.example: none of its name servers has this zone any more' gone.example gone.example TXT
ask "ZoneGone: nobody delegates it" 'ZoneGone: never.example: nobody delegates this zone…' never.example never.example TXT
ask "servers without an address are no ZoneGone" 'NameNotFound: nowhere.example: none of its name servers has an address' nowhere.example nowhere.example TXT
ask "a zone that nobody knows of is no ZoneGone either" 'Timeout: other.invalid: no resolver says…' other.invalid other.invalid TXT
stop_servers

# -- providers

# does NAME EXPECTED ZONE VERB WORD…: with $spec
does() { says "$1" "$2" "$4" "$work/agent.yaml" "$spec" "$3" "${@:5}"; }

# What every provider does with a.example, which holds x TXT "theirs" "and more" and www A 192.0.2.7; $others prints what is
# not ours, and $published says whether the server that the provider writes to shows NAME TYPE VALUE.
common() {
	local before
	before=$($others)
	does "$1: it takes us, and has the zone" fine a.example probe
	does "$1: a set is read" '300 "and more"|"theirs"' a.example read x.a.example TXT
	does "$1: that there is none is read, too" 0 a.example read nothing.a.example TXT
	does "$1: a value beside those of others" 'done' a.example change x.a.example TXT '"and more"|"theirs"' 300 '"and more"|"theirs"|"ours; \"x\" \\ \195\164"'
	does "$1: all of it is there" '300 "and more"|"ours; \"x\" \\ \195\164"|"theirs"' a.example read x.a.example TXT
	does "$1: T09 what changed meanwhile is not touched" 'ChangedMeanwhile untouched:…' a.example change x.a.example TXT '"and more"|"theirs"' 300 '"ours"'
	does "$1: so is what came meanwhile" 'ChangedMeanwhile untouched:…' a.example change x.a.example TXT '' 300 '"ours"'
	does "$1: and what went meanwhile" 'ChangedMeanwhile untouched:…' a.example change nothing.a.example TXT '"ours"' 300 ''
	does "$1: our value goes again" 'done' a.example change x.a.example TXT '"and more"|"ours; \"x\" \\ \195\164"|"theirs"' 300 '"and more"|"theirs"'
	does "$1: a new set" 'done' a.example change '*._new.a.example' MX '' 60 '10 mail.a.example.|20 mail.b.example.'
	does "$1: is read" '60 10 mail.a.example.|20 mail.b.example.' a.example read '*._new.a.example' MX
	$published "*._new.a.example" MX "10 mail.a.example." && ok "$1: the zone's server shows it" || bad "$1: the server does not show it"
	does "$1: another TTL" 'done' a.example change '*._new.a.example' MX '10 mail.a.example.|20 mail.b.example.' 60/120 '10 mail.a.example.|20 mail.b.example.'
	does "$1: is read" '120 10 mail.a.example.|20 mail.b.example.' a.example read '*._new.a.example' MX
	does "$1: a set goes" 'done' a.example change '*._new.a.example' MX '10 mail.a.example.|20 mail.b.example.' 120 ''
	does "$1: and is gone" 0 a.example read '*._new.a.example' MX
	does "$1: a text of many strings" 'done' a.example change big.a.example TXT '' 300 "$big"
	does "$1: is read" "300 $big" a.example read big.a.example TXT
	does "$1: and goes" 'done' a.example change big.a.example TXT "$big" 300 ''
	[ "$before" = "$($others)" ] && ok "$1: all else is as it was" || bad "$1: it changed: $(diff <(echo "$before") <($others))"
	does "$1: ZoneGone is said of a zone that it does not have" 'ZoneGone untouched:…' never.example read x.never.example TXT
	does "$1: by a change, too, and nothing is made" 'ZoneGone untouched:…' never.example change x.never.example TXT '' 300 '"ours"'
	does "$1: and by a probe" 'ZoneGone untouched:…' never.example probe
}
big=$(python3 -c 'print(" ".join(chr(34) + c * 255 + chr(34) for c in "abcdef"))')
# await COMMAND…: until it succeeds; nothing tells when a server that was just started listens
await() {
	local i
	for i in $(seq 200); do
		"$@" >/dev/null 2>&1 && return
		read -r -t 0.1 <> <(:)
	done
	return 1
}

# -- PowerDNS

pdns=$(packages_unpack pdns-server)
backend=$(packages_unpack pdns-backend-sqlite3)
api=$(free_ports 1)
printf 'a-key\n' >"$work/api.key"
cat >"$work/agent.yaml" <<YAML
resolver: {servers: [127.0.0.1], port: $port}
allow:
  host_files: [$work/api.key, $work/wrong.key, $work/missing.key]
  connect: {except: ["127.0.0.1:$api"]}
YAML
echo another-key >"$work/wrong.key"
mkdir -p "$work/pdns"
sqlite3 "$work/pdns/db" <"$backend/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"
"$pdns/usr/sbin/pdns_server" --no-config --config-dir="$work/pdns" --socket-dir="$work/pdns" --daemon=no --guardian=no --launch=gsqlite3 \
	--module-dir="$(dirname "$backend"/usr/lib/*/pdns/libgsqlite3backend.so)" --gsqlite3-database="$work/pdns/db" --local-address=127.0.0.1 \
	--local-port="$port" --api=yes --api-key=a-key --webserver=yes --webserver-address=127.0.0.1 --webserver-port="$api" \
	--gsqlite3-pragma-synchronous=0 >"$work/pdns/log" 2>&1 &
servers+=($!)
pdns_api() { curl -s -f -H 'X-API-Key: a-key' "$@" "http://127.0.0.1:$api/api/v1/servers/localhost/zones${path-}"; }
check "pdns answers" await pdns_api
path= pdns_api -d '{"name": "a.example.", "kind": "Native", "nameservers": ["ns1.a.example."], "rrsets": [
	{"name": "x.a.example.", "type": "TXT", "ttl": 300, "records": [{"content": "\"theirs\"", "disabled": false}, {"content": "\"and more\"", "disabled": false}, {"content": "\"off\"", "disabled": true}],
	 "comments": [{"content": "do not touch", "account": "somebody"}]},
	{"name": "ns1.a.example.", "type": "A", "ttl": 300, "records": [{"content": "127.0.0.1", "disabled": false}]},
	{"name": "www.a.example.", "type": "A", "ttl": 300, "records": [{"content": "192.0.2.7", "disabled": false}]}]}' >/dev/null || bad "the zone of pdns"
pdns_others() {
	path=/a.example. pdns_api | python3 -c 'import json, sys
for s in json.load(sys.stdin)["rrsets"]:
    if s["type"] != "SOA":
        for r in s["records"] + s["comments"]:
            print(s["name"], s["type"], s["ttl"], sorted((k, v) for k, v in r.items() if k != "modified_at"))' | sort
}
asked_published() { "$tool" ask "$work/agent.yaml" a.example "$1" "$2" | grep -qF "$3"; }
others=pdns_others published=asked_published
spec='{"api_key":{"host_file":"'$work'/api.key"},"type":"powerdns","url":"http://127.0.0.1:'$api'/"}'
common powerdns
spec=${spec/api.key/wrong.key}
does "powerdns: another key is AuthFailed" 'AuthFailed untouched: HTTP 401…' a.example read x.a.example TXT
does "powerdns: by a change, too" 'AuthFailed untouched: HTTP 401…' a.example change x.a.example TXT '"and more"|"theirs"' 300 ''
spec=${spec/wrong.key/missing.key}
does "powerdns: a key that is not there is SecretMissing" 'SecretMissing untouched: file '"$work"'/missing.key: No such file or directory' a.example probe
spec=${spec/missing.key/other.key}
does "powerdns: one that agent.yaml does not name is NotAllowed" 'NotAllowed untouched:…' a.example probe
spec='{"api_key":{"host_file":"'$work'/api.key"},"type":"powerdns","url":"http://127.0.0.2:'$api'/"}'
does "powerdns: G16 an address that agent.yaml does not allow is not connected to" 'NotAllowed untouched: GET…' a.example read x.a.example TXT
stop_servers

# -- dynamic updates (knot)

secret=$(head -c 48 /dev/urandom | base64 -w 0)
echo "$secret" >"$work/api.key"
head -c 48 /dev/urandom | base64 -w 0 >"$work/wrong.key"
sed -i "s/127.0.0.1:$api/127.0.0.1:$port/" "$work/agent.yaml"
knot_more="key:
$(for a in 256 384 512; do printf '  - id: key%s\n    algorithm: hmac-sha%s\n    secret: %s\n' $a $a "$secret"; done)
  - id: weak
    algorithm: hmac-sha256
    secret: $secret
acl:
  - id: writes
    address: 127.0.0.0/8
    action: [update, transfer]
    key: [key256, key384, key512]
  - id: reads
    address: 127.0.0.0/8
    action: [query, transfer]
    key: weak
"
knot_zone='    acl: [writes, reads]
    journal-content: none
    zonefile-sync: 0
    semantic-checks: off
'
zone_file "$work/primary/a.example.zone" 1 '@ NS ns1' 'ns1 A 127.0.0.1' 'x TXT theirs' 'x TXT "and more"' 'www A 192.0.2.7' \
	'*.wild TXT "from the wildcard"' 'sub NS ns.sub' 'ns.sub A 127.0.0.9' 'alias CNAME www'
serve primary 127.0.0.1 a.example
knot_others() {
	drill -p "$port" -y "key512:$secret:hmac-sha512." @127.0.0.1 a.example AXFR 2>/dev/null | grep -v '^;\|SOA\|TSIG' | sort
}
others=knot_others
for a in 512 384 256; do
	spec='{"key":{"algorithm":"hmac-sha'$a'","name":"key'$a'","secret":{"host_file":"'$work'/api.key"}},"server":"127.0.0.1:'$port'","type":"rfc2136"}'
	[ "$a" != 512 ] || check "knot answers" await "$tool" probe "$work/agent.yaml" "$spec" a.example
	does "rfc2136: hmac-sha$a is taken" fine a.example probe
	does "rfc2136: and signs an update" 'done' a.example change "$a.a.example" A '' 60 192.0.2.1
	does "rfc2136: which is there" '60 192.0.2.1' a.example read "$a.a.example" A
	does "rfc2136: and goes again" 'done' a.example change "$a.a.example" A 192.0.2.1 60 ''
done
[ "$(knot_others | wc -l)" -ge 9 ] || bad "the zone of knot: $(knot_others)"
common rfc2136
does "rfc2136: what a wildcard makes up is not in the zone" 0 a.example read y.wild.a.example TXT
does "rfc2136: and does not keep ours out" 'done' a.example change y.wild.a.example TXT '' 300 '"ours"'
does "rfc2136: ours is read beside it" '300 "ours"' a.example read y.wild.a.example TXT
does "rfc2136: and goes" 'done' a.example change y.wild.a.example TXT '"ours"' 300 ''
does "rfc2136: the wildcard is a set like others" '300 "from the wildcard"' a.example read '*.wild.a.example' TXT
does "rfc2136: a name that stands for another has nothing else" 0 a.example read alias.a.example TXT
does "rfc2136: what is delegated away is not in the zone" 'ZoneGone untouched:…' a.example read x.sub.a.example TXT
does "rfc2136: a name of another zone is refused here" 'Refused untouched: x.b.example does not lie in the zone a.example' a.example change x.b.example TXT '' 300 '"ours"'
right=$spec
spec=${right/api.key/wrong.key}
does "rfc2136: another secret is AuthFailed" 'AuthFailed untouched: the server does not take the TSIG key key256…' a.example read x.a.example TXT
does "rfc2136: by a change, too" 'AuthFailed untouched: the server does not take the TSIG key key256…' a.example change x.a.example TXT '"and more"|"theirs"' 300 ''
spec=${right/key256/unknown}
does "rfc2136: a key that the server does not know is AuthFailed" 'AuthFailed untouched: the server does not take the TSIG key unknown…' a.example probe
spec=${right/key256/weak}
does "rfc2136: one that may only read is AuthFailed, as knot says it" 'AuthFailed untouched: the server does not take the TSIG key weak…' a.example probe
does "rfc2136: by a change, too" 'AuthFailed untouched:…' a.example change x.a.example TXT '"and more"|"theirs"' 300 ''
spec=${right/127.0.0.1/127.0.0.2}
does "rfc2136: G16 an address that agent.yaml does not allow is not connected to" 'NotAllowed untouched: 127.0.0.2:'"$port"'…' a.example probe
stop_servers
spec=$right
does "rfc2136: a server that is down is no ZoneGone" 'ConnectionLost untouched:…' a.example read x.a.example TXT

# -- zones in files (knot loads them)

mkdir -p "$work/zones"
cat >>"$work/agent.yaml" <<YAML
  write: [$work/zones, $work/more]
YAML
knot_zone='    semantic-checks: off
'
zone_file "$work/zones/a.example.zone" 1 '; of somebody' '@ NS ns1' 'ns1 A 127.0.0.1' 'x 300 IN TXT ( theirs' '; and' '    )' '  TXT "and more"' 'www	A	192.0.2.7'
chmod 644 "$work/zones/a.example.zone"
mkdir "$work/files" && ln -s "$work/zones/a.example.zone" "$work/files/a.example.zone"
serve files 127.0.0.1 a.example
# All but the serial.
file_others() { sed 's/hostmaster [0-9]*/hostmaster N/' "$work/zones/a.example.zone"; }
file_published() {
	kill -HUP "${servers[-1]}"
	await asked_published "$@"
}
others=file_others published=file_published
spec='{"directory":"'$work'/zones","type":"zonefile"}'
check "knot answers" await asked_published a.example SOA ns1.a.example.
umask 077 # as the agent has it
common zonefile
umask 022
[ "$(stat -c %a "$work/zones/a.example.zone")" = 644 ] && ok "zonefile: it keeps its mode" || bad "zonefile: its mode: $(stat -c %a "$work/zones/a.example.zone")"
grep -q 'hostmaster 8 ' "$work/zones/a.example.zone" && ok "zonefile: each change raised the serial" || bad "zonefile: $(head -2 "$work/zones/a.example.zone")"
check "zonefile: named-checkzone takes it" named-checkzone -i none a.example "$work/zones/a.example.zone"
ln -s "$work/agent.yaml" "$work/zones/b.example.zone"
does "zonefile: a link is refused" 'Refused untouched: '"$work"'/zones/b.example.zone is no file' b.example probe
does "zonefile: a name that is a path is refused" 'Refused untouched: ../a.example is no…' ../a.example probe
echo '$INCLUDE other' >"$work/zones/c.example.zone"
does "zonefile: records that stand elsewhere are refused by their line" 'Refused untouched: '"$work"'/zones/c.example.zone:1: records that do not stand in this file…' c.example probe
spec='{"directory":"/etc","type":"zonefile"}'
does "zonefile: a folder that agent.yaml does not name is NotAllowed" 'NotAllowed untouched: `allow.write` of agent.yaml does not name /etc' a.example probe
stop_servers
finish
