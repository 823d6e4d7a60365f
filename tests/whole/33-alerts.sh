#!/usr/bin/env bash
# Who is told when something is wrong: by mail here and elsewhere (aiosmtpd), by a webhook that is signed, and by
# a heartbeat that stays away.
. "$(dirname "$0")/lib.sh"

agent_new
read -r SINK HOOK < <(free_ports 2)
KEY=$home/hook.key
printf 'only-we-two-know\n' >"$KEY"
sed -i "s|^allow: {|&connect: {except: [\"127.0.0.1:$SINK\", \"127.0.0.1:$HOOK\"]}, |; s|host_files: \[|&$KEY, |" "$home/agent.yaml"
agent_state "$root/tests/whole/states/alerts.yaml"
sed -i "s/@SINK@/$SINK/; s/@HOOK@/$HOOK/; s|@KEY@|$KEY|" "$home/state/alerts.yaml"
await() {
	local i
	for i in $(seq 450); do "$@" && return; read -r -t 0.1 <> <(:); done
	return 1
}
python3 "$root/tests/whole/sink.py" "$SINK" "$home/sink" >"$home/sink.out" 2>"$home/sink.err" &
sink_pid=$!
python3 "$root/tests/whole/hook.py" "$HOOK" "$home/hook" >"$home/hook.out" 2>"$home/hook.err" &
hook_pid=$!
trap 'kill $sink_pid $hook_pid 2>/dev/null' EXIT
check "another host and a program elsewhere are there" await grep -q ready "$home/sink.out" "$home/hook.out"
agent_start || exit 1
check "apply" posthus apply --wait
printf 'pass-bo\n' | posthus account passwd bo >/dev/null
printf 'pass-anna\n' | posthus account passwd anna >/dev/null

# told EXPRESSION: it holds of one request at least; `r` is it, `body` its JSON
told() {
	[ -f "$home/hook" ] || return 1
	python3 - "$home/hook" "$1" <<-'PY'
		import hashlib, hmac, json, sys
		def signed(r):
		    key = b"only-we-two-know"
		    return r["signature"] == "sha256=" + hmac.new(key, r["body"].encode(), hashlib.sha256).hexdigest()
		for line in open(sys.argv[1]):
		    r = json.loads(line)
		    body = json.loads(r["body"]) if r["body"] else {"alerts": []}
		    reasons = [(a["object"], a["reason"]) for a in body["alerts"]]
		    if eval(sys.argv[2]):
		        sys.exit(0)
		sys.exit(1)
	PY
}
# count PATH: how often it was asked for
count() { grep -c "\"path\": \"$1\"" "$home/hook"; }
check "the heart beats while all is well" await told 'r["method"] == "GET" and r["path"] == "/beat"'

sed -i '/cy@org.example/d; /di@org.example/d' "$home/state/alerts.yaml"
refuse "a gate trips" 4 PruneGate posthus apply
at_sink() {
	python3 - "$home/sink" <<-'PY'
		import email, json, sys
		got = [json.loads(l) for l in open(sys.argv[1])]
		m, e = got[0], email.message_from_string(got[0]["message"])
		assert len(got) == 1, got
		assert m["from"] in ("", None, "<>"), m
		assert m["to"] == ["ops@elsewhere.example"], m
		assert e["Auto-Submitted"] == "auto-generated"
		assert e["Subject"] == "[mail.org.example] PruneGate", e["Subject"]
		assert e["From"] == "posthus <postmaster@org.example>", e["From"]
		assert "ops@elsewhere.example" in e["To"] and "anna@org.example" in e["To"]
		text = e.get_payload(decode=True).decode()
		assert "posthus approve b2:" in text and "only-we" not in text, text
	PY
}
check "a letter says so elsewhere" await eval '[ -s "$home/sink" ]'
check "in words, from nobody" at_sink
inbox() { curl -sSk --user anna@org.example:pass-anna "imaps://127.0.0.1:$IMAPS/INBOX?TEXT%20%22PruneGate%22" | grep -q 'SEARCH [0-9]'; }
check "and here" await inbox
check "the webhook that was busy is asked again" await told '("", "PruneGate") in reasons and not r["busy"]'
check "its calls are signed" told '("", "PruneGate") in reasons and r["busy"] and signed(r)'
check "the second, too" told '("", "PruneGate") in reasons and not r["busy"] and signed(r)'
beats=$(count /beat)

send() { swaks --server 127.0.0.1 --port "$SUBMISSION" -tls --auth PLAIN -au bo@org.example -ap pass-bo --from bo@org.example --to anna@org.example; }
check "an account may send one" send
refuse "A13 and no more" 24 "450 4.7.1" send
check "A13 which is told" await told '("user/bo", "SendLimit") in reasons'
check "once, and what was told before is not told again" test "$(count /busy)" = 3
check "the heart stands still while something is wrong" test "$(count /beat)" = "$beats"
printf 'pass-bo2\n' | posthus account passwd bo >/dev/null
inbox_of_bo() { curl -sSk --user bo@org.example:pass-bo2 "imaps://127.0.0.1:$IMAPS/INBOX?SUBJECT%20%22your%20password%22" | grep -q 'SEARCH [0-9]'; }
check "whose password somebody sets is told in her mailbox" await inbox_of_bo
check "no line of the log has the key" test "$(grep -c only-we-two-know "$home/log")" = 0
agent_stop
check "the agent ends well" test "$agent_exit" = 0
finish
