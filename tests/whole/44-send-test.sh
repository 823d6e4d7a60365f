#!/usr/bin/env bash
# `posthus send-test`: what an operator is shown of a message on its way to a server that we did not write (aiosmtpd, by a
# relay, and by the DNS that knot serves), and what the command ends with.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/whole/sink.sh
. "$root/tests/whole/sink.sh"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"

agent_new
agent_certificate
read -r SINK DEAD NAMES < <(free_ports 3)
MX_AT=$(own_address)
AWAY_AT=$(own_address)
SHUT=$DEAD
printf "elsewhere.invalid. IN DS 1 13 2 %064d\n" 1 >"$home/anchors"
sed -i "s/^allow: {/&connect: {except: [\"127.0.0.1:$SINK\", \"127.0.0.1:$DEAD\", \"$MX_AT:25\", \"$AWAY_AT:25\"]}, /" "$home/agent.yaml"
echo "resolver: {servers: [127.0.0.1], port: $NAMES, anchors: $home/anchors}" >>"$home/agent.yaml"
trap 'kill $sink_pid $names_pid 2>/dev/null' EXIT
names_start direct.example <<ZONE
@ MX 10 away
@ MX 20 mx
away A $AWAY_AT
mx A $MX_AT
null MX 0 .
ZONE
agent_state "$root/tests/whole/states/sending.yaml"
sed -i "s/@SINK@/$SINK/; s/@DEAD@/$DEAD/; s/@SHUT@/$SHUT/" "$home/state/sending.yaml"
agent_start || exit 1
check "apply" posthus apply --wait

# shows NAME TEXT: the last test's output has it
shows() { check "$1" grep -qF -- "$2" "$work/shown"; }
# ends NAME CODE TO [OPTION…]
ends() {
	local name=$1 code=$2
	timeout "$limit" "$POSTHUS" send-test --config "$home/agent.yaml" --to "$3" "${@:4}" >"$work/shown" 2>&1 </dev/null
	check "$name" test $? = "$code"
}
sink_start "$home/chain.pem" "$home/key.pem" || exit 1
ends "a test by a relay is delivered" 0 ana@elsewhere.example
shows "it says which relay" "by the relay 127.0.0.1, port $SINK"
shows "who greets" "< 220 "
shows "what we say" "> EHLO mail.org.example"
shows "how it is encrypted" "Encrypted by TLSv1.3"
shows "what that certificate is" "from no authority that is trusted"
shows "from whom it comes" "> MAIL FROM:<postmaster@org.example>"
shows "that it was taken" "127.0.0.1 has taken it for ana@elsewhere.example"
check "it is there" arrived "A test message" 'm["from"] == "postmaster@org.example"'
ends "one who is not there" 1 no-such@elsewhere.example
shows "the reply, and its meaning" "550 5.1.1 No such user here. There is no such mailbox"
ends "one who says later" 8 later@elsewhere.example --timeout 2
shows "what it said" "Greylisted"
shows "that it waits" "It stays in the queue; the next attempt is in"
shows "what to do" "posthus queue list"
check "the queue has it" grep -q later@elsewhere.example <(posthus queue list)
ends "each step is a line of JSON" 0 ana@elsewhere.example -o json
check "with a step and a text" python3 - "$work/shown" <<-'PY'
	import json, sys
	steps = [json.loads(line) for line in open(sys.argv[1])]
	assert [s["step"] for s in steps][-2:] == ["delivered", "end"], steps
	assert all(s["text"] for s in steps)
PY
if [ "$(id -u)" = 0 ]; then
	sink_stop
	sink_start $MX_AT:25
	ends "a test by the DNS is delivered" 0 ana@direct.example
	shows "it says the hosts" "direct.example has 2 hosts for its mail, without DNSSEC:"
	shows "in their order" "  1. away.direct.example"
	shows "and their addresses" "away.direct.example is at $AWAY_AT"
	shows "what was tried" "Connecting to away.direct.example, $AWAY_AT, port 25"
	shows "why it failed" "No connection: nobody listens there."
	shows "what that may be" "lets no mail out on port 25"
	shows "that nothing is encrypted" "Not encrypted"
	shows "who took it" "mx.direct.example has taken it"
else
	skip "port 25 needs root"
fi
ends "a null MX" 1 ana@null.direct.example
shows "is said" "takes no mail at all"
# what `doctor` says where no mail gets out, and whether its lines are a state's
doctor_way_out() { posthus doctor --offline --probe "$1" | sed -n '/port 25 out:/,$p' | sed '1!{/^ /!Q}'; }
doctor_as_told() { doctor_way_out 127.0.0.66 | diff - "$root/tests/stories/13-port-25-blocked/doctor.txt"; }
check "doctor says that port 25 is blocked, and what to do" doctor_as_told
pasted() {
	echo "version: 1"
	doctor_way_out 127.0.0.66 | sed -e 1d -e 's/^    //' -e 's/, password: {sealed: "..."}//' -e 's/, user: NAME//' -e 's/mail: {/mail: {name: mail.a.example, /'
	echo 'domains: {a.example: {}}'
	echo 'users: {anna@a.example: {roles: [admin]}}'
}
pasted >"$home/pasted.yaml"
check "its lines, pasted into a state, are one" "$POSTHUS" validate "$home/pasted.yaml"
is_open() { doctor_way_out "127.0.0.1:$1" | grep -q '^ok '; }
check "where a port can be reached it says so" is_open "$SMTP"
refuse "an address of ours" 1 "stays on this host" posthus send-test --to anna@org.example
refuse "no address" 3 "is an address" posthus send-test --to elsewhere
refuse "to nobody" 1 "to whom?" posthus send-test
printf 'pass-bo\n' | posthus account passwd bo >/dev/null
before=$(grep -c ' sending.test ' "$home/log")
check "other mail" swaks --server 127.0.0.1 --port "$SUBMISSION" -tls --auth PLAIN -au bo@org.example -ap pass-bo --from bo@org.example --to ana@null.direct.example \
	--h-From bo@org.example
check "goes its way" await grep -q 'sender=bo@org.example rcpt=ana@null.direct.example' "$home/log"
check "and nothing is told of it" test "$(grep -c ' sending.test ' "$home/log")" = "$before"
finish
