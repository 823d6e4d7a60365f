#!/usr/bin/env bash
# An account's data key is changed for another: while mail comes in, and with kill -9 at any time.
. "$(dirname "$0")/lib.sh"
: "${rounds:=3}"

agent_new
agent_state "$root/tests/whole/states/mail.yaml"
agent_start || exit 1
check "apply" posthus apply --wait
posthus account passwd anna <<<pass-anna >/dev/null

# put COUNT SIZE: so many messages of random letters for anna, each told of on stdout once it was accepted
put() {
	python3 - "$SMTP" "$@" <<-'PY'
		import base64, os, smtplib, sys
		port, count, size = map(int, sys.argv[1:])
		with smtplib.SMTP("127.0.0.1", port) as s:
		    for i in range(count):
		        name = os.urandom(8).hex()
		        body = base64.encodebytes(os.urandom(size)).decode()
		        s.sendmail("x@far.example", ["anna@org.example"], f"From: x@far.example\r\nMessage-ID: <{name}@far.example>\r\n\r\n{body}")
		        print(name, flush=True)
	PY
}
# read_all: what anna has of that: the digest of each message by UID, with its flags
read_all() {
	python3 - "$IMAPS" <<-'PY'
		import hashlib, imaplib, ssl, sys
		context = ssl._create_unverified_context()
		with imaplib.IMAP4_SSL("127.0.0.1", int(sys.argv[1]), ssl_context=context) as m:
		    m.login("anna@org.example", "pass-anna")
		    m.select(readonly=True)
		    ours = m.search(None, "FROM", "far.example")[1][0].decode().replace(" ", ",")
		    for part in m.fetch(ours, "(UID FLAGS BODY.PEEK[])")[1]:
		        if isinstance(part, tuple):
		            head = part[0].decode().split("BODY", 1)[0].split("(", 1)[1]
		            print(head, hashlib.sha256(part[1]).hexdigest())
	PY
}
key_of_anna() { posthus key account anna | sed -n 's/^key *//p'; }

put 40 200000 >"$work/sent" && agent_filed || exit 1
read_all >"$work/before"
check "forty messages" test "$(wc -l <"$work/before")" = 40
key=$(key_of_anna)
file=$(posthus key account anna | sed -n 's/^file *//p')
cp "$file" "$work/old.db"

same() { read_all >"$work/after" && cmp "$work/before" "$work/after"; }
began=$(date +%s%N)
check "the key of an account is changed" posthus account rotate-key anna
echo "     of $(stat -c %s "$file") bytes in $((($(date +%s%N) - began) / 1000000)) ms"
check "every message, UID and flag is as before" same
changed() { [ "$(key_of_anna)" != "$key" ] && ! cmp -s "$file" "$work/old.db"; }
check "by another key, in another file" changed
check "nothing lies beside it" sh -c "! ls '$file'.new* 2>/dev/null"

arrive() {
	put 20 50000 >"$work/more" &
	local sender=$!
	posthus account rotate-key anna >/dev/null && wait "$sender" && agent_filed || return
	read_all >"$work/before"
	[ "$(wc -l <"$work/before")" = 60 ]
}
check "mail that comes in meanwhile is there" arrive
check "others' mail is not touched" sh -c "! posthus status --config '$home/agent.yaml' | grep -q 'SET APART'"

# kill -9 at any time: it is whole under one of the two keys, and goes on by itself
ask() { curl -sS --unix-socket "$home/control.sock" -X "$1" "http://agent/v1/key-rotation$2" "${@:3}"; }
rotated() { for _ in $(seq 300); do ask GET "?account=anna" | grep -q '"rotating":false' && return; read -r -t 0.1 <> <(:); done; return 1; }
killed_and_whole() {
	local round after
	for round in $(seq "$rounds"); do
		key=$(key_of_anna)
		ask POST "" -H 'Content-Type: application/json' -d '{"account": "anna"}' >/dev/null || return
		after=$((RANDOM % 400))
		read -r -t "$(printf '0.%03d' "$after")" <> <(:)
		kill -9 "$agent_pid"
		wait "$agent_pid" 2>/dev/null
		agent_start || return
		rotated || { echo "round $round, killed after $after ms: it did not go on"; return 1; }
		same || { echo "round $round, killed after $after ms"; return 1; }
		[ "$(key_of_anna)" != "$key" ] || { echo "round $round: the key is the old one"; return 1; }
	done
	! ls "$file".new* 2>/dev/null
}
check "killed $rounds times, all of it is there under the new key" killed_and_whole
agent_stop
check "the program says how it is told" grep -q 'agent.key.rotated' "$home/log"
refuse "an account that is none" 1 "user/nobody" sh -c "'$POSTHUS' run --config '$home/agent.yaml' >/dev/null 2>&1 & p=\$!; '$POSTHUS' wait --config '$home/agent.yaml' --timeout 30s >/dev/null 2>&1; '$POSTHUS' account rotate-key nobody --config '$home/agent.yaml'; r=\$?; kill \$p; wait \$p; exit \$r"
finish
