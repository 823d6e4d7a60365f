#!/usr/bin/env bash
# Bad input: a clear message, the right exit, and nothing half done.
. "$(dirname "$0")/lib.sh"

agent_new
agent_state "$root/tests/whole/states/mail.yaml"
agent_start || exit 1
check "a first state is applied" posthus apply --wait

second_agent() { timeout 20 "$POSTHUS" run --config "$home/agent.yaml" --control "$home/other.sock"; }
refuse "a second agent on the same data" 5 "another agent has" second_agent

wrong_state() {
	cp -r "$home/state" "$home/wrong"
	printf 'users:\n  dora@org.example: {qouta: 5GiB}\n' >"$home/wrong/more.yaml"
	posthus apply "$home/wrong"
}
refuse "a wrong state is refused with its place" 3 'more.yaml:2:' wrong_state
refuse "and its cure" 3 'did you mean `quota`?' posthus apply "$home/wrong"
refuse "and nothing of it is there" 1 "there is no user/dora" posthus get user/dora@org.example
refuse "the state before it still stands" 0 "no changes" posthus plan

not_served() {
	cp "$home/state/mail.yaml" "$home/kept"
	printf "spam: {engine: builtin}\n" >"$home/state/spam.yaml"
	posthus apply
}
refuse "what this version does not do is named, not passed over" 3 "NotServedYet" not_served
check "validate takes it all the same" "$POSTHUS" validate "$home/state"
rm "$home/state/spam.yaml"

taken_port() {
	read -r taken < <(free_ports 1)
	python3 -c 'import socket,sys; s=socket.create_server(("127.0.0.1", int(sys.argv[1]))); print("up", flush=True); sys.stdin.read()' "$taken" \
		< <(sleep 30) >"$work/up" &
	holder=$!
	until grep -q up "$work/up"; do kill -0 $holder || return 9; done
	sed "s/127.0.0.1:$SMTP/127.0.0.1:$taken/" "$home/kept" >"$home/state/mail.yaml"
	posthus apply
}
cp "$home/state/mail.yaml" "$home/kept"
refuse "a taken port is named" 1 "$(printf 'port')" taken_port
still_serves() { curl -sS --max-time 10 "smtp://127.0.0.1:$SMTP" -X NOOP; }
check "and the old port still serves" still_serves
kill "$holder" 2>/dev/null
cp "$home/kept" "$home/state/mail.yaml"

agent_stop
chmod 644 "$home/master.key"
start_plain() { timeout 20 "$POSTHUS" run --config "$home/agent.yaml"; }
refuse "a readable key file" 3 "others can read the master key" start_plain
chmod 600 "$home/master.key"
mv "$home/master.key" "$home/kept.key"
refuse "no key file" 3 "there is no master key" start_plain
"$POSTHUS" key init "$home/master.key" >/dev/null
refuse "another key" 3 "does not open under this master key" start_plain
mv "$home/kept.key" "$home/master.key"
check "the right key again" agent_start
agent_stop

# What stands in the way of a start is named, whole.
in_the_way() { # NAME: a file where a folder belongs, or the other way about
	local r
	mv "$home/data/$1" "$home/kept.$1"
	if [ -d "$home/kept.$1" ]; then touch "$home/data/$1"; else mkdir "$home/data/$1"; fi
	start_plain
	r=$?
	rm -rf "$home/data/$1"
	mv "$home/kept.$1" "$home/data/$1"
	return $r
}
refuse "a file in the place of the accounts" 1 "$home/data/accounts cannot be opened: Not a directory" in_the_way accounts
refuse "in the place of the intake log" 1 "the mail server does not start: $home/data/intake: Not a directory" in_the_way intake
refuse "a folder in the place of the lock" 1 "$home/data/lock cannot be opened: Is a directory" in_the_way lock
refuse "of the control database" 1 "$home/data/control.db cannot be opened" in_the_way control.db
no_folder() { timeout 20 "$POSTHUS" run --config "$home/agent.yaml" --control "$home/none/control.sock"; }
refuse "no folder for the socket" 1 "$home/none" no_folder
file_for_data() { timeout 20 "$POSTHUS" run --config "$home/agent.yaml" --data "$home/agent.yaml"; }
refuse "a file in the place of the data" 1 "$home/agent.yaml cannot be opened: Not a directory" file_for_data
check "none of it was harmed" agent_start
agent_stop

if [ "$(id -u)" = 0 ] && mkdir -p "$home/small" && mount -t tmpfs -o size=4m posthus-test "$home/small" 2>/dev/null; then
	sed -i "s|^data: .*|data: $home/small|" "$home/agent.yaml"
	fill() { head -c 50M /dev/zero >"$home/small/filler" 2>/dev/null; true; }
	fill
	refuse "a full disk at the start" 1 "is full" start_plain
	rm "$home/small/filler"
	check "an agent on a small disk" agent_start
	check "with a state" posthus apply
	fill
	big_apply() {
		cp -r "$home/state" "$home/larger"
		{ echo users:; for i in $(seq 3000); do echo "  x$i@org.example: {name: \"$(printf '%0200d' "$i")\"}"; done; } >"$home/larger/x.yaml"
		posthus apply "$home/larger"
	}
	refuse "a full disk at an apply" 1 "full" big_apply
	refuse "changed nothing" 1 "there is no" posthus get user/x1@org.example
	full_delivery() {
		printf 'From: a@b.example\r\nSubject: full\r\n\r\n%s\r\n' "$(head -c 300000 /dev/zero | tr '\0' x | fold -w 70)" | sed 's/\r*$/\r/' >"$work/m.eml"
		swaks --server 127.0.0.1 --port "$SMTP" --from a@b.example --to anna@org.example --data "@$work/m.eml"
	}
	refuse "a full disk at a delivery is 452, not an accepted loss" 26 "452" full_delivery
	rm "$home/small/filler"
	check "and it heals by itself" full_delivery
	agent_stop
	umount "$home/small"
else
	skip "full disk: no tmpfs can be mounted here (needs root)"
fi
finish
