#!/usr/bin/env bash
# Mail that is sent on: by an alias, by a user; with a sender of ours, whose reports come back to who wrote it.
# The other host is aiosmtpd (sink.py).
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/whole/sink.sh
. "$root/tests/whole/sink.sh"

agent_new
read -r SINK < <(free_ports 1)
sed -i "s/^allow: {/&connect: {except: [\"127.0.0.1:$SINK\"]}, /" "$home/agent.yaml"
agent_state "$root/tests/whole/states/forward.yaml"
sed -i "s/@SINK@/$SINK/" "$home/state/forward.yaml"
agent_start || exit 1
check "apply" posthus apply --wait
for who in anna bo cy; do printf 'pass-%s\n' "$who" | posthus account passwd "$who" >/dev/null; done
sink_start || exit 1
trap 'kill $sink_pid 2>/dev/null' EXIT

# from_outside FROM TO SUBJECT [OPTION…]
from_outside() { swaks --server 127.0.0.1 --port "$SMTP" --from "$1" --to "$2" --h-From mailer@far.example --h-Subject "$3" "${@:4}"; }
in_inbox() { curl -sSk --user "$1@org.example:pass-$1" "imaps://127.0.0.1:$IMAPS/INBOX?TEXT%20%22${2// /%20}%22" | grep -q 'SEARCH [0-9]'; }
holds() { in_inbox "$@"; }
lacks() { agent_filed && ! in_inbox "$@"; }
# sender_of SUBJECT: whose name it arrived under
sender_of() {
	python3 - "$home/sink" "$1" <<-'PY'
		import email, json, sys
		got = [json.loads(l) for l in open(sys.argv[1])]
		print([m["from"] for m in got if email.message_from_string(m["message"])["Subject"] == sys.argv[2]][0])
	PY
}

check "a stranger writes to who forwards" from_outside eva@far.example bo@org.example copy
check "it is sent on" await arrived copy 'm["to"] == ["bo@elsewhere.example"]'
check "by a sender of our domain, which holds the stranger" arrived copy '__import__("re").fullmatch(r"SRS0=[a-z2-7]{8}=[a-z2-7]{2}=far\.example=eva@org\.example", m["from"])'
check "a copy stays" await holds bo "Subject: copy"
check "with the stranger's own sender" holds bo "Return-Path: <eva@far.example>"
check "an alias leads here and there" from_outside eva@far.example team@org.example team
check "there" await arrived team 'm["to"] == ["dan@elsewhere.example"] and m["from"].startswith("SRS0=")'
check "and here" await holds anna "Subject: team"
check "without keep nothing stays" from_outside eva@far.example cy@org.example moved
check "it is sent on" await arrived moved 'm["to"] == ["cy@elsewhere.example"]'
check "M18 of the target that failed the owner hears" await holds cy "A message to you was to be sent on"
check "and has the message" holds cy "This is a test mailing"
check "the stranger does not" lacks anna "Not delivered"
check "an alias whose target fails" from_outside eva@far.example gone@org.example nobody
check "M18 is told to who keeps the domain" await holds anna "no-such-either@elsewhere.example"
check "nothing waits" await queued 0
check "M18 no report went out" test "$(grep -c '"from": "<\?>\?"' "$home/sink")" = 0

way_back=$(sender_of copy)
check "a report to that sender" from_outside '<>' "$way_back" report
check "goes back to the stranger" await arrived report 'm["to"] == ["eva@far.example"] and m["from"] in (None, "", "<>")'
refuse "S23 nothing but a report" 24 "550 5.7.1 This address is for reports alone" from_outside x@far.example "$way_back" spam
refuse "S23 no sender of another's making" 24 "550 5.1.1 No such address here" from_outside '<>' "SRS0=aaaaaaaa=aa=far.example=x@org.example" spam
long="$(printf 'list-bounces-%.0s' 1 2 3 4)=eva=far.example"
check "a sender as lists have them" from_outside "$long@lists.far.example" bo@org.example long
check "is held, too" await arrived long "'=lists.far.example=$long@org.example' in m['from']"
check "and its report goes back" from_outside '<>' "$(sender_of long)" long-report
check "to the list" await arrived long-report "m['to'] == ['$long@lists.far.example']"
check "another host's sender" from_outside "SRS0=abcd=xy=first.example=eva@far.example" bo@org.example second
check "is told from ours" await arrived second 'm["from"].startswith("SRS1=") and "=far.example==abcd=xy=first.example=eva@org.example" in m["from"]'
check "who is of ours keeps his name" swaks --server 127.0.0.1 --port "$SUBMISSION" -tls --auth PLAIN -au anna@org.example -ap pass-anna --from anna@org.example --to bo@org.example --h-From anna@org.example --h-Subject own
check "there, too" await arrived own 'm["from"] == "anna@org.example"'
check "S27 what goes in a circle" from_outside eva@far.example bo@org.example circle --header "$(printf 'Received: by x; Tue, 24 Nov 2026 10:00:00 +0000\\n%.0s' $(seq 48))X-End: x"
check "arrives, with one hop more" await arrived circle 'len(e.get_all("Received")) == 49'
refuse "S27 until there are too many" 26 "554 5.4.6" from_outside eva@far.example bo@org.example circle --header "$(printf 'Received: by x; Tue, 24 Nov 2026 10:00:00 +0000\\n%.0s' $(seq 51))X-End: x"
sink_stop
finish
