#!/usr/bin/env bash
# Mail to other hosts, to servers that we did not write (aiosmtpd, and knot for the DNS): what arrives
# there, what comes back, what waits, and what an operator does about it.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/whole/sink.sh
. "$root/tests/whole/sink.sh"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"

agent_new
read -r SINK DEAD SHUT NAMES < <(free_ports 4)
MX_AT=$(own_address)
AWAY_AT=$(own_address)
# no trust anchor lies above the zones of this test: they are not signed
printf "elsewhere.invalid. IN DS 1 13 2 %064d\n" 1 >"$home/anchors"
sed -i "s/^allow: {/&connect: {except: [\"127.0.0.1:$SINK\", \"127.0.0.1:$DEAD\", \"$MX_AT:25\", \"$AWAY_AT:25\"]}, /" "$home/agent.yaml"
echo "resolver: {servers: [127.0.0.1], port: $NAMES, anchors: $home/anchors}" >>"$home/agent.yaml"
agent_state "$root/tests/whole/states/sending.yaml"
sed -i "s/@SINK@/$SINK/; s/@DEAD@/$DEAD/; s/@SHUT@/$SHUT/" "$home/state/sending.yaml"
agent_start || exit 1
check "apply" posthus apply --wait
printf 'pass-bo\n' | posthus account passwd bo >/dev/null

trap 'kill $sink_pid $names_pid 2>/dev/null' EXIT

# send TO SUBJECT [OPTION…]: bo submits a message
send() {
	swaks --server 127.0.0.1 --port "$SUBMISSION" -tls --auth PLAIN -au bo@org.example -ap pass-bo \
		--from bo@org.example --to "$1" --h-From 'Bo <bo@org.example>' --h-Subject "$2" "${@:3}"
}
# in_inbox TEXT: a message in bo's INBOX holds it
imap() { curl -sSk --user bo@org.example:pass-bo "imaps://127.0.0.1:$IMAPS/$1" "${@:2}"; }
in_inbox() { imap "INBOX?TEXT%20%22${1// /%20}%22" | grep -q 'SEARCH [0-9]'; }

sink_start || exit 1
check "a message is submitted" send ana@elsewhere.example first
check "it arrives at the relay" await arrived first
check "its envelope is what was said" arrived first 'm["from"] == "bo@org.example" and m["to"] == ["ana@elsewhere.example"] and m["helo"] == "mail.org.example"'
check "it carries our trace and what a submission adds" arrived first '"with ESMTPSA" in e["Received"] and e["Message-ID"] and e["Date"]'
check "nothing waits any more" await queued 0
check "the list says so" grep -q '^Nothing waits' <(posthus queue list)
check "Bcc is submitted" send ana@elsewhere.example,cy@elsewhere.example hidden --header 'Bcc: cy@elsewhere.example'
check "and goes no further" await arrived hidden 'e["Bcc"] is None and sorted(m["to"]) == ["ana@elsewhere.example", "cy@elsewhere.example"]'
both_ways() { send ana@elsewhere.example,anna@org.example both && await arrived both && await eval "posthus log | grep -q smtp.message.accepted"; }
check "one message goes out and stays in" both_ways
dots() { send ana@elsewhere.example dots --body $'.\n..\n.x\nFrom here\n' && await arrived dots 'm["message"].endswith("\r\n.\r\n..\r\n.x\r\nFrom here\r\n\r\n") or "\r\n.\r\n..\r\n.x\r\n" in m["message"]'; }
check "S01 dots stay what they are" dots

check "a recipient is refused there" send no-such@elsewhere.example refused
check "its sender is told" await in_inbox "No such user here"
is_report() {
	imap "INBOX;MAILINDEX=$(imap 'INBOX?SUBJECT%20%22Not%20delivered%22' | tr -d '\r' | awk '{print $NF}')" | python3 -c '
import email, sys
m = email.message_from_string(sys.stdin.read())
assert m.get_content_type() == "multipart/report", m.get_content_type()
text, status, original = m.get_payload()
assert "There is no such mailbox" in text.get_payload()
fields = status.get_payload()[1]
assert fields["Action"] == "failed" and fields["Status"] == "5.1.1", fields
assert fields["Final-Recipient"] == "rfc822; no-such@elsewhere.example"
assert "Subject: refused" in original.as_string()
assert m["Auto-Submitted"] == "auto-replied" and m["Return-Path"] == "<>"
'
}
check "in words and for programs" is_report
check "once" test "$(imap 'INBOX?SUBJECT%20%22Not%20delivered%22' | tr -d '\r' | awk '{print NF - 2}')" = 1
check "the others still get it" send ana@elsewhere.example,no-such2@elsewhere.example partly
check "at once" await arrived partly 'm["to"] == ["ana@elsewhere.example"]'
check "a message that is not liked comes back" send spam@elsewhere.example disliked
check "with the reason" await in_inbox "We do not like it"
check "nothing waits of those" await queued 0

check "who is told to come back does" send later@elsewhere.example greylisted
check "it waits" await eval "posthus queue list | grep -q Greylisted"
check "and says when, and what was said" grep -A3 later@elsewhere.example <(posthus queue list)
check "retry tries it now" posthus queue retry all
check "twice refused, it waits" await eval "posthus queue list | grep -q 'attempt 3'"
check "retry once more" posthus queue retry all
check "then it arrives, once" await arrived greylisted
check "held is held" send full@elsewhere.example kept
check "it waits too" await eval "posthus queue list | grep -q 'Mailbox full'"
number=$(posthus queue list -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["messages"][0]["id"])')
check "hold" posthus queue hold "$number"
check "the list says held" grep -q held <(posthus queue list)
check "release" posthus queue release "$number"
check "bounce gives it up" posthus queue bounce "$number"
check "its sender is told of that" await in_inbox "Mailbox full"
check "and it is gone" await queued 0
refuse "no such message" 1 "no message 4711 waits" posthus queue drop 4711
refuse "no such verb" 1 "there is no \`posthus queue eat\`" posthus queue eat 1

check "RFC 1047: an answer that is lost" send lost@elsewhere.example twice
# only once it was tried: a retry does nothing to what is on its way
check "leaves it waiting" await eval "posthus queue list | grep -q 'lost@elsewhere.example: attempt 2'"
check "retry" posthus queue retry all
check "and it may come twice" await queued 0

check "a host that is down" send ana@dead.example down
check "puts it off" await eval "posthus queue list | grep -q 'ana@dead.example: attempt 2'"
check "with the reason" grep -q "nobody listens there" <(posthus queue list)
check "drop" posthus queue drop "$(posthus queue list -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["messages"][0]["id"])')"

check "a relay where the agent file lets nothing go" send ana@shut.example shut
check "G16 is not dialled" await eval "posthus queue list | grep -q 'its address is loopback, where .allow.connect. of agent.yaml lets nothing go'"
check "drop that" posthus queue drop "$(posthus queue list -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["messages"][0]["id"])')"

sink_stop
check "while the relay is away mail is taken" send ana@elsewhere.example patient
check "and waits" await queued 1
agent_stop
check "the agent ends well with a queue" test "$agent_exit" = 0
agent_start || exit 1
check "a restart keeps it" queued 1
check "and tries it" await eval "posthus queue list | grep -q 'nobody listens there'"
agent_certificate
sink_start "$home/chain.pem" "$home/key.pem" || exit 1
check "retry once the relay is back" posthus queue retry all
check "it arrives, and by TLS" await arrived patient 'm["tls"]'

send_wide() {
	python3 - "$SUBMISSIONS" <<-'PY'
		import smtplib, ssl, sys
		tls = ssl.create_default_context()
		tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
		with smtplib.SMTP_SSL("127.0.0.1", int(sys.argv[1]), context=tls) as s:
		    s.login("bo@org.example", "pass-bo")
		    s.sendmail("bo@org.example", ["jörg@elsewhere.example"],
		               "From: bo@org.example\r\nTo: jörg@elsewhere.example\r\nSubject: wide\r\n\r\nx\r\n".encode(), ["SMTPUTF8", "BODY=8BITMIME"])
	PY
}
check "S32 letters beyond ASCII" send_wide
check "arrive with SMTPUTF8" await arrived wide 'm["utf8"] and m["to"] == ["jörg@elsewhere.example"]'
kill -KILL "$agent_pid"
wait "$agent_pid" 2>/dev/null
agent_start || exit 1
check "after kill -9 nothing is sent again" queued 0
names_start direct.example <<ZONE || { bad "knot does not start"; cat "$home/names/log"; }
@ MX 10 away
@ MX 20 mx
away A $AWAY_AT
mx A $MX_AT
bare A $MX_AT
null MX 0 .
silent MX 10 gone
loop MX 10 back
loop MX 20 back2
back A 127.0.0.66
back2 A 127.0.0.67
ZONE
if [ "$(id -u)" = 0 ]; then
	sink_stop
	sink_start $MX_AT:25
	check "a domain with an MX" send ana@direct.example mx
	check "gets it at its second host, since the first is away" await arrived mx 'm["to"] == ["ana@direct.example"]'
	check "a name without an MX" send ana@bare.direct.example bare
	check "gets it at its address" await arrived bare
else
	skip "MX: port 25 needs root"
fi
check "a null MX" send ana@null.direct.example null
check "S35 comes back at once" await in_inbox "takes no mail at all"
check "a domain that is none" send ana@none.direct.example none
check "comes back at once" await in_inbox "none.direct.example"
check "a domain whose hosts are this machine" send ana@loop.direct.example loop
check "S27 comes back at once" await in_inbox "leads back to this machine"
check "a host without an address" send ana@silent.direct.example silent
check "waits" await eval "posthus queue list | grep -q 'it has no address'"
kill -STOP "$names_pid"
check "while names are not answered" send ana@slow.direct.example slow
check "it is being looked up" await eval "posthus queue list | grep -q 'slow.direct.example: on its way'"
began=$SECONDS
agent_stop
kill -CONT "$names_pid"
check "a stop waits for no name server" test $((SECONDS - began)) -lt 25 # a question has thirty seconds
agent_start || exit 1
refuse "strangers do not relay" 24 "550 5.7.1 We do not relay" swaks --server 127.0.0.1 --port "$SMTP" --from x@elsewhere.example --to ana@elsewhere.example
refuse "nobody sends to an address of a host" 24 "550 5.1.2" send 'ana@[127.0.0.1]' literal
sink_stop
finish
