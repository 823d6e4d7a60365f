#!/usr/bin/env bash
# TLS to other hosts where it is asked for: by records TLSA in a signed zone (DANE, RFC 7672), by a policy
# (MTA-STS, RFC 8461), and for the login to a relay. Names come from knot, the other hosts are aiosmtpd, the
# policies come from a web server of Python's.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/whole/sink.sh
. "$root/tests/whole/sink.sh"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"

if [ "$(id -u)" != 0 ]; then
	skip "ports 25, 443 and 465 need root"
	finish
	exit
fi
agent_new
MX_AT=$(own_address)
BARE_AT=$(own_address)
WEB_AT=$(own_address)
read -r SINK NAMES < <(free_ports 2)
pids=
trap 'kill $pids 2>/dev/null' EXIT

# -- certificates: an authority, a host of its, and policies --
new_key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
openssl req -x509 "${new_key[@]}" -days 2 -subj "/CN=Authority" -keyout "$home/ca.key" -out "$home/ca.pem" 2>/dev/null
# certificate FILE NAME…: a chain of that authority for these names
certificate() {
	local file=$1 names
	shift
	names=$(printf ',DNS:%s' "$@")
	openssl req "${new_key[@]}" -subj "/CN=$1" -keyout "$home/$file.key" -out "$home/$file.csr" 2>/dev/null
	openssl x509 -req -in "$home/$file.csr" -CA "$home/ca.pem" -CAkey "$home/ca.key" -CAcreateserial -days 2 \
		-extfile <(echo "subjectAltName=${names#,}") -out "$home/$file.crt" 2>/dev/null
	cat "$home/$file.crt" "$home/ca.pem" >"$home/$file.pem"
}
certificate mx mx.plain.example mx.signed.example ta.signed.example
certificate web mta-sts.{sts,stsname,stsstripped,stsnone,stsredirect,stslarge,stshtml,stsprivate}.plain.example
hash_of() { openssl x509 -in "$1" -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1; }
key_hash_of() { openssl x509 -in "$1" -pubkey -noout | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1; }
export SSL_CERT_FILE=$home/ca.pem

# -- names --
knot=$(packages_unpack knot)
mkdir "$home/names"
pin=$(key_hash_of "$home/mx.crt")
cat >"$home/names/signed.example.zone" <<ZONE
\$ORIGIN signed.example.
\$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
good MX 10 mx
authority MX 10 ta
other MX 10 other-key
unusable MX 10 odd
stripped MX 10 bare
bogus MX 10 mx.forged.example.
mx A $MX_AT
ta A $MX_AT
other-key A $MX_AT
odd A $MX_AT
bare A $BARE_AT
_25._tcp.mx TLSA 3 1 1 $pin
_25._tcp.ta TLSA 2 0 1 $(hash_of "$home/ca.pem")
_25._tcp.other-key TLSA 3 1 1 $(printf '%064d' 7)
_25._tcp.odd TLSA 1 0 1 $(printf '%064d' 7)
_25._tcp.odd TLSA 3 1 1 00112233
_25._tcp.odd TLSA 3 9 1 $pin
_25._tcp.bare TLSA 3 1 1 $pin
ZONE
{
	cat <<-ZONE
		\$ORIGIN plain.example.
		\$TTL 60
		@ SOA ns hostmaster 1 3600 600 86400 60
		@ NS ns
		ns A 127.0.0.1
		mx A $MX_AT
		mx2 A $MX_AT
		bare A $BARE_AT
		no-dane MX 10 pinned
		pinned A $MX_AT
		_25._tcp.pinned TLSA 3 1 1 $(printf '%064d' 7)
	ZONE
	for name in sts stsnone stsredirect stslarge stshtml stsprivate; do echo "$name MX 10 mx"; done
	echo "stsname MX 10 mx2"
	echo "stsstripped MX 10 bare"
	for name in sts stsname stsstripped stsnone stsredirect stslarge stshtml stsprivate; do
		echo "_mta-sts.$name TXT \"v=STSv1; id=1;\""
		echo "mta-sts.$name A $([ $name = stsprivate ] && echo 127.0.0.13 || echo $WEB_AT)"
	done
} >"$home/names/plain.example.zone"
cat >"$home/names/knot.conf" <<CONF
server:
  rundir: "$home/names"
  listen: 127.0.0.1@$NAMES
log:
  - target: stderr
    any: info
database:
  storage: "$home/names"
policy:
  - id: test
    algorithm: ecdsap256sha256
zone:
  - domain: signed.example
    storage: "$home/names"
    zonefile-sync: -1
    dnssec-signing: on
    dnssec-policy: test
  - domain: plain.example
    storage: "$home/names"
    zonefile-sync: -1
CONF
"$knot/usr/sbin/knotd" -c "$home/names/knot.conf" >"$home/names/log" 2>&1 &
pids+=" $!"
await grep -q 'plain.example.*loaded' "$home/names/log"
anchor() { "$knot/usr/sbin/keymgr" -c "$home/names/knot.conf" signed.example ds 2>/dev/null | sed 's/ DS / IN DS /' >"$home/anchors" && [ -s "$home/anchors" ]; }
await anchor
check "a signed zone is there" test -s "$home/anchors"

# -- the agent --
printf 'relay-secret\n' >"$home/relay.password"
sed -i "s|^allow: .*|allow: {host_files: [$home/relay.password], connect: {except: [\"127.0.0.1:$SINK\", \"$MX_AT:25\", \"$BARE_AT:25\", \"$WEB_AT:443\", \"$MX_AT:465\"]}}|" "$home/agent.yaml"
echo "resolver: {servers: [127.0.0.1], port: $NAMES, anchors: $home/anchors}" >>"$home/agent.yaml"
agent_state "$root/tests/whole/states/secure.yaml"
sed -i "s|@SINK@|$SINK|; s|@HOME@|$home|g" "$home/state/secure.yaml"
agent_start || exit 1
check "apply" posthus apply --wait
printf 'pass-bo\n' | posthus account passwd bo >/dev/null
sink_start $MX_AT:25 "$home/mx.pem" "$home/mx.key" && pids+=" $sink_pid"
sink_start $BARE_AT:25 && pids+=" $sink_pid"
SINK_LOGIN=us@relay:relay-secret SINK_IMPLICIT=1 sink_start $MX_AT:465 "$home/mx.pem" "$home/mx.key" && pids+=" $sink_pid"
SINK_LOGIN=us@relay:relay-secret sink_start && pids+=" $sink_pid"
: >"$home/asked"
python3 "$root/tests/whole/policies.py" $WEB_AT "$home/web.pem" "$home/web.key" "$home/asked" >"$home/web.out" 2>"$home/web.err" &
pids+=" $!"
await grep -q ready "$home/web.out"

send() {
	swaks --server 127.0.0.1 --port "$SUBMISSION" -tls --auth PLAIN -au bo@org.example -ap pass-bo \
		--from bo@org.example --to "$1" --h-From 'Bo <bo@org.example>' --h-Subject "$2"
}
kept_back() {
	posthus queue list -o json | python3 -c '
import json, sys
[r] = [r for m in json.load(sys.stdin)["messages"] for r in m["recipients"] if r["address"] == sys.argv[1]]
assert "4.7.5" in json.dumps(r), r' "$1" && ! grep -qF "Subject: $2" "$home/sink"
}
# waits SUBJECT ADDRESS TEXT: it waits, with that reason, and was given to nobody
waits() {
	check "$1" send "$2" "$1"
	check "… waits: $3" await eval "posthus queue list | grep -A2 -F '$2' | grep -qF '$3'"
	check "… by 4.7.5, and nothing went out" kept_back "$2" "$1"
}
# goes SUBJECT ADDRESS [EXPRESSION]
goes() {
	check "$1" send "$2" "$1"
	check "… arrives" await arrived "$1" "${3:-m[\"tls\"]}"
}

goes "DANE, the key that its zone names" ana@good.signed.example
goes "DANE, an authority that its zone names" ana@authority.signed.example
goes "S35 records that cannot be used ask for TLS alone" ana@unusable.signed.example
goes "records of a zone that is not signed say nothing" ana@no-dane.plain.example
waits "S34 DANE, another key" ana@other.signed.example "the certificate is none of those that the DNS names (TLSA)"
waits "S34 DANE, a host without STARTTLS" ana@stripped.signed.example "TLS is required by its records TLSA (DANE): "
goes "a policy, and a host that it names" ana@sts.plain.example
waits "S34 a policy, and a certificate for another name" ana@stsname.plain.example "TLS is required by the policy of its domain (MTA-STS): the certificate is for another name"
waits "S34 a policy, and a host without STARTTLS" ana@stsstripped.plain.example "TLS is required by the policy of its domain (MTA-STS): "
waits "a policy that names other hosts" ana@stsnone.plain.example "names none of its hosts"
goes "T08 a policy elsewhere is not followed" ana@stsredirect.plain.example
goes "T08 one that is too large is none" ana@stslarge.plain.example
goes "T08 nor is a web page" ana@stshtml.plain.example
goes "T08 nor what only this machine reaches" ana@stsprivate.plain.example
goes "once more" ana@sts.plain.example
check "a policy is fetched once" test "$(grep -c '^mta-sts.sts.plain' "$home/asked")" = 1
agent_stop
agent_start || exit 1
goes "after a restart" ana@sts.plain.example
check "it is still known" test "$(grep -c '^mta-sts.sts.plain' "$home/asked")" = 1

goes "a relay that wants a login" ana@good.example 'm["tls"] and m["login"] == "us@relay"'
waits "a relay by another name" ana@other.example "TLS is required where a password is sent: the certificate is for another name"
goes "a relay of this machine" ana@here.example 'm["login"] == "us@relay"'
check "no password in the log" test "$(grep -c relay-secret "$home/log")" = 0
printf 'wrong\n' >"$home/relay.password"
agent_stop
agent_start || exit 1
check "a password that is wrong" send ana@here.example wrong
check "makes it wait" await eval "posthus queue list | grep -A2 -F ana@here.example | grep -q 535"
rm "$home/relay.password"
sed -i 's/us@relay/we@relay/' "$home/state/secure.yaml"
refuse "one that is not there is refused by apply" 3 SecretMissing posthus apply
finish
