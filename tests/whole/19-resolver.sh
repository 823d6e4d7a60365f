#!/usr/bin/env bash
# The resolver against a real name server (knot) on the loopback: signed, unsigned and forged zones; what is too long, goes
# in circles, or is not there; and all of it from within the sandbox.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"
ask=${ASK_DNS:-$root/build-release/tests/tools/ask_dns}
knot=$(packages_unpack knot)
read -r port < <(free_ports 1)
mkdir -p "$work/zones" "$work/run"

zone() {
	cat <<-ZONE
		\$ORIGIN $1.
		\$TTL 60
		@ SOA ns hostmaster 1 3600 600 86400 60
		@ NS ns
		ns A 127.0.0.1
		@ MX 10 mx1
		@ MX 20 mx2
		mx1 A 192.0.2.1
		mx1 AAAA 2001:db8::1
		mx2 A 192.0.2.2
		c1 CNAME c2
		c2 CNAME c3
		c3 CNAME c4
		c4 CNAME c5
		c5 CNAME c6
		c6 CNAME c7
		c7 CNAME c8
		c8 CNAME mx1
		l1 CNAME l2
		l2 CNAME l1
		null MX 0 .
		text TXT "v=spf1 " "-all"
		$(python3 -c 'print("long TXT", " ".join(["x" * 255] * 255))')
	ZONE
}
for z in signed plain forged; do zone "$z.example" >"$work/zones/$z.example.zone"; done
cat >"$work/knot.conf" <<CONF
server:
  rundir: "$work/run"
  listen: 127.0.0.1@$port
log:
  - target: stderr
    any: warning
database:
  storage: "$work/run"
policy:
  - id: test
    algorithm: ecdsap256sha256
template:
  - id: default
    storage: "$work/zones"
    file: "%s.zone"
    zonefile-sync: -1
zone:
  - domain: signed.example
    dnssec-signing: on
    dnssec-policy: test
  - domain: forged.example
    dnssec-signing: on
    dnssec-policy: test
  - domain: plain.example
CONF
"$knot/usr/sbin/knotd" -c "$work/knot.conf" >"$work/knot.log" 2>&1 &
knot_pid=$!

# Waits until it serves, and writes its key as a trust anchor; the forged zone's anchor is another zone's key.
anchors() {
	python3 - "$port" >"$work/anchors" <<'PY'
import base64, socket, struct, sys, time
port = int(sys.argv[1])
name = b"\6signed\7example\0"
query = struct.pack(">HHHHHH", 1, 0, 1, 0, 0, 0) + name + struct.pack(">HH", 48, 1)
def keys():
    with socket.create_connection(("127.0.0.1", port), 5) as s:
        s.sendall(struct.pack(">H", len(query)) + query)
        f = s.makefile("rb")
        reply = f.read(struct.unpack(">H", f.read(2))[0])
    at, count = len(query), struct.unpack(">H", reply[6:8])[0]
    for _ in range(count):
        at += 2 if reply[at] >= 192 else len(name)
        kind, _, _, size = struct.unpack(">HHIH", reply[at:at + 10])
        data = reply[at + 10:at + 10 + size]
        at += 10 + size
        if kind == 48 and data[:2] == b"\1\1":
            yield "%d %d %d %s" % (struct.unpack(">HBB", data[:4]) + (base64.b64encode(data[4:]).decode(),))
for _ in range(300):
    try:
        found = list(keys())
        if found:
            break
    except OSError:
        pass
    time.sleep(0.1)  # nothing tells when a server that was just started listens
else:
    sys.exit("no key of signed.example came")
for key in found:
    print("signed.example. IN DNSKEY", key)
    print("forged.example. IN DNSKEY", key)
PY
}
check "knot serves a signed zone" anchors

# says NAME LINE TYPE NAME: the answer is that line, "…" at its end stands for anything
says() {
	local name=$1 line=$2 got first type status proof records
	read -r first type status proof records < <(timeout 30 "$ask" $options "$work/anchors" "signed.example=127.0.0.1@$port" \
		"plain.example=127.0.0.1@$port" "forged.example=127.0.0.1@$port" -- "$3" "$4" 2>"$work/err")
	got="$first $type $status $proof${records:+ $(tr ' ' '\n' <<<"$records" | sort | paste -sd' ')}"
	case $got in
	"${line%…}"*) [ "$line" != "${line%…}" ] || [ "$got" = "$line" ] && { ok "$name"; return; } ;;
	esac
	bad "$name: $got"
	sed 's/^/     /' "$work/err"
}
options=
says "a signed answer is secure" "signed.example MX answered secure 10:mx1.signed.example 20:mx2.signed.example" MX signed.example
says "so is that a name is not there" "nobody.signed.example A nxdomain secure" A nobody.signed.example
says "and that it has no such record" "mx2.signed.example AAAA nodata secure" AAAA mx2.signed.example
says "an address of the other family" "mx1.signed.example AAAA answered secure 2001:db8::1" AAAA mx1.signed.example
says "an unsigned answer is not" "plain.example MX answered insecure 10:mx1.plain.example 20:mx2.plain.example" MX plain.example
says "S35 a forged answer is bogus, not empty" "forged.example MX bogus insecure …" MX forged.example
says "S35 nor is a forged absence" "nobody.forged.example MX bogus insecure …" MX nobody.forged.example
says "a chain of CNAMEs is followed" "c1.signed.example A answered secure 192.0.2.1" A c1.signed.example
says "S35 a CNAME that leads back fails" "l1.signed.example A failed insecure …" A l1.signed.example
says "S35 a null MX is the root" "null.signed.example MX answered secure 0:" MX null.signed.example
says "the strings of a TXT are joined" "text.signed.example TXT answered secure 11" TXT text.signed.example
says "S35 a TXT of 64 KiB" "long.signed.example TXT answered secure 65025" TXT long.signed.example
says "what RFC 6761 keeps at home" "localhost A answered insecure 127.0.0.1" A localhost

options=--sandbox
says "the same within the sandbox" "signed.example MX answered secure 10:mx1.signed.example 20:mx2.signed.example" MX signed.example
says "over TCP too" "long.signed.example TXT answered secure 65025" TXT long.signed.example
check "it was one" grep -q "^sandbox: landlock and seccomp$" "$work/err"

kill "$knot_pid"
wait "$knot_pid" 2>/dev/null
options="--within 2"
says "S35 a server that is gone fails" "signed.example MX failed insecure …" MX signed.example
refuse "without anchors there is no resolver" 1 "No such file" "$ask" "$work/none" -- A localhost
: >"$work/empty"
refuse "nor with a file that has none" 1 "no trust anchor" "$ask" "$work/empty" -- A localhost
check "the system's anchors read" "$ask" /usr/share/dns/root.key -- A localhost
finish
