#!/usr/bin/env bash
# Whose mail it is: what we say of others', against a real name server (knot) with good, bad, missing and silent domains; and what
# others say of ours, after it went through the queue to another host: npm's mailauth, dkimpy, Mail::DKIM.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"
mail() { PORT_SMTP=$SMTP PORT_SUBMISSION=$SUBMISSION PORT_IMAPS=$IMAPS /usr/bin/python3 "$root/tests/whole/mailauth/mail.py" "$@"; }

agent_new
read -r SINK NAMES KNOT < <(free_ports 3)
# no trust anchor lies above the zones of this test: they are not signed
printf "elsewhere.invalid. IN DS 1 13 2 %064d\n" 1 >"$home/anchors"
echo "resolver: {servers: [127.0.0.1], port: $NAMES, anchors: $home/anchors}" >>"$home/agent.yaml"
agent_state "$root/tests/whole/states/mailauth.yaml"
sed -i "s/@SINK@/$SINK/" "$home/state/mailauth.yaml"

# -- names

mkdir -p "$home/names"
zone() { printf '$ORIGIN %s.\n$TTL 1\n@ SOA ns hostmaster 1 3600 600 86400 1\n@ NS ns\nns A 127.0.0.1\n' "$1"; cat; }
{
	echo '@ TXT "v=spf1 ip4:192.0.2.1 -all"'
	echo 'mx TXT "v=spf1 ip4:192.0.2.1 -all"'
	echo 'mx A 192.0.2.1'
	echo '_dmarc TXT "v=DMARC1; p=reject"'
	mail keys "$home"
} | zone good.example >"$home/names/good.example.zone"
zone none.example </dev/null >"$home/names/none.example.zone"
echo '@ TXT "v=spf1 ip4:no.such.address -all"' | zone broken.example >"$home/names/broken.example.zone"
{
	echo 'mail A 127.0.0.1'
	echo '@ TXT "v=spf1 ip4:127.0.0.1 -all"'
	echo '_dmarc TXT "v=DMARC1; p=reject; aspf=s; adkim=s"'
} | zone org.example >"$home/names/org.example.zone"
cat >"$home/names/knot.conf" <<-CONF
	server:
	  rundir: "$home/names"
	  listen: 127.0.0.1@$KNOT
	database:
	  storage: "$home/names"
	template:
	  - id: default
	    storage: "$home/names"
	    file: "%s.zone"
	    zonefile-sync: -1
	zone:
	  - domain: good.example
	  - domain: none.example
	  - domain: broken.example
	  - domain: org.example
CONF
await() {
	local i
	for i in $(seq 600); do "$@" && return; read -r -t 0.1 <> <(:); done
	return 1
}
knot=$(packages_unpack knot)
"$knot/usr/sbin/knotd" -c "$home/names/knot.conf" >"$home/names/log" 2>&1 &
knot_pid=$!
python3 "$root/tests/whole/mailauth/names.py" "$NAMES" "$KNOT" >"$home/names.out" 2>"$home/names.err" &
names_pid=$!
python3 "$root/tests/whole/sink.py" "$SINK" "$home/sink" >"$home/sink.out" 2>"$home/sink.err" &
sink_pid=$!
trap 'kill $knot_pid $names_pid $sink_pid 2>/dev/null' EXIT
check "names are answered" await grep -q 'org.example.*loaded' "$home/names/log"
check "through a server that says nothing of hang.example" await grep -q ready "$home/names.out"
check "another host" await grep -q ready "$home/sink.out"

agent_start || exit 1
check "apply" posthus apply
printf 'pass-anna\n' | posthus account passwd anna >/dev/null

# -- theirs

check "M01 M14 Authentication-Results of good, bad and missing SPF, DKIM and DMARC" mail receive "$home"
check "M05 M06 whose author is not one is refused" mail authors
BEFORE=11 check "a DNS that hangs holds its own mail for a while, and no other" mail hang
grep -q 'smtp.message.accepted.*verdict="spf=pass spf_domain=good.example.*dmarc=pass' "$home/log" && ok "the log has the verdict" || bad "the verdict in the log"

finish
