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
sed -i "s/^allow: {/&connect: {except: [\"127.0.0.1:$SINK\"]}, /" "$home/agent.yaml"
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

# -- ours, before anybody can verify it

dkim_keys() { posthus status -o json | python3 -c 'import json, sys; [print(k["state"], k["algorithm"], k["record"], k["text"]) for k in json.load(sys.stdin)["dkim_keys"]]'; }
published() { # what `dkim_keys` names goes into the zone
	dkim_keys | while read -r _ _ name text; do
		printf '%s. TXT %s\n' "$name" "$(fold -w 200 <<<"$text" | sed 's/.*/"&"/' | tr '\n' ' ')"
	done >"$home/names/org.example.dkim"
	cat "$home/names/org.example.base" "$home/names/org.example.dkim" >"$home/names/org.example.zone"
	sed -i "s/ 1 3600 600/ $(date +%s) 3600 600/" "$home/names/org.example.zone"
	kill -HUP "$knot_pid"
}
signs() { [ "$(dkim_keys | grep -c '^signing')" = 2 ]; }
arrived() { grep -q "Subject: $1" "$home/sink"; }
message_of() { python3 -c 'import json, sys; [sys.stdout.buffer.write(m["message"].encode()) for m in map(json.loads, open(sys.argv[1])) if f"Subject: {sys.argv[2]}\r\n" in m["message"]]' "$home/sink" "$1"; }

cp "$home/names/org.example.zone" "$home/names/org.example.base"
check "what nobody can verify yet goes out" mail submit ana@elsewhere.example unsigned
check "and arrives" await arrived unsigned
message_of unsigned | grep -qi '^dkim-signature:' && bad "it is signed" || ok "unsigned"
posthus status | grep -q 'unsigned     mail from org.example' && ok "which status says" || bad "status: $(posthus status)"
published

# -- theirs

check "M01 M14 Authentication-Results of good, bad and missing SPF, DKIM and DMARC" mail receive "$home"
check "M05 M06 whose author is not one is refused" mail authors
BEFORE=11 check "a DNS that hangs holds its own mail for a while, and no other" mail hang
grep -q 'smtp.message.accepted.*verdict="spf=pass spf_domain=good.example.*dmarc=pass' "$home/log" && ok "the log has the verdict" || bad "the verdict in the log"

# -- ours

check "both keys sign once all servers answer their records" await signs
posthus get dkim-key/org.example/rsa2048 | grep -q 'Signing.*rsa-[0-9]* signs' && ok "which the key says" || bad "$(posthus get dkim-key/org.example/rsa2048)"
check "mail to two other hosts' people and one of ours" mail submit ana@elsewhere.example,bea@elsewhere.example,anna@org.example signed
check "arrives" await arrived signed
message_of signed >"$home/signed.eml"
[ "$(grep -ci '^dkim-signature:' "$home/signed.eml")" = 2 ] && ok "with a signature by each key" || bad "signatures: $(head -c 3000 "$home/signed.eml")"
head -1 "$home/signed.eml" | grep -qi '^dkim-signature:' && ok "above Received" || bad "the first line: $(head -1 "$home/signed.eml")"
grep -q ' l=' "$home/signed.eml" && bad "M08 l= is said" || ok "M08 the whole body is signed"

# the records as the world has them
python3 - "$home/names/org.example.dkim" >"$home/dns.json" <<'PY'
import json, re, sys
zone = {"org.example": {"TXT": [["v=spf1 ip4:127.0.0.1 -all"]]}, "_dmarc.org.example": {"TXT": [["v=DMARC1; p=reject; aspf=s; adkim=s"]]}}
for line in open(sys.argv[1]):
    zone[line.split()[0].rstrip(".")] = {"TXT": [re.findall(r'"([^"]*)"', line)]}
print(json.dumps(zone))
PY
mailauth() {
	local modules
	modules=$(packages_npm "$root/tests/whole/mailauth") || return
	NODE_PATH=$modules/node_modules timeout -k 5 "$limit" node "$root/tests/whole/mailauth/judge.js" "$@"
}
dkimpy() { /usr/bin/python3 "$root/tests/whole/mailauth/judge.py" "$@"; }
mail_dkim() { perl "$root/tests/whole/mailauth/judge.pl" "$@"; }
check "mailauth passes SPF, DKIM twice and DMARC" mailauth "$home/signed.eml" "$home/dns.json" 127.0.0.1 mail.org.example anna@org.example
check "dkimpy verifies both" dkimpy "$home/signed.eml" "$home/dns.json"
check "Mail::DKIM verifies" mail_dkim "$home/signed.eml" "$home/dns.json"
sed 's/^Subject: signed/Subject: forged/' "$home/signed.eml" >"$home/forged.eml"
dkimpy "$home/forged.eml" "$home/dns.json" >/dev/null 2>&1 && bad "a forged one verifies" || ok "not a forged one"
sed '0,/^Subject: /s//Subject: another\r\n&/' "$home/signed.eml" >"$home/added.eml"
dkimpy "$home/added.eml" "$home/dns.json" >/dev/null 2>&1 && bad "M09 one with an added Subject verifies" || ok "M09 nor one with an added Subject"
finish
