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
port=$(python3 - <<'PY'
import socket
def free(port):
    held = []
    try:
        for n in range(1, 9):
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                s = socket.socket(socket.AF_INET, kind)
                held.append(s)
                s.bind((f"127.0.0.{n}", port))
        return True
    except OSError:
        return False
    finally:
        for s in held:
            s.close()
print(next(p for p in range(20353, 30000, 7) if free(p)))
PY
)

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
finish
