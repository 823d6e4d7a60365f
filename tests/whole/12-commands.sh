#!/usr/bin/env bash
# Commands for the one who keeps the server: the log from memory.
. "$(dirname "$0")/lib.sh"

agent_new
agent_state "$root/tests/whole/states/mail.yaml"
agent_start || exit 1
check "apply" posthus apply --wait || exit 1

# -- log

last() { posthus log -n 1 "$@" >"$work/out" && grep -q "$wanted" "$work/out" && [ "$(wc -l <"$work/out")" = 1 ]; }
wanted='info agent\.start ' check "log --grep finds an event" last --grep event=agent.start
wanted="control=$home/control.sock" check "log --grep finds a field with slashes" last --grep "data=$home/data"
refuse "log --grep needs a field" 3 "FIELD=VALUE" posthus log --grep anna
refuse "log -n needs a number" 3 "numbers" posthus log -n few
in_json() {
	posthus log -o json | python3 -c 'import json, sys
a = json.load(sys.stdin)
n = [i["number"] for i in a["items"]]
sys.exit(not (n == list(range(n[0], n[-1] + 1)) and n[-1] == a["last"] and a["lost"] == 0))'
}
check "log -o json numbers the lines" in_json
same() { posthus log -n 10000 >"$work/kept" && grep -E '^[0-9T:.-]+Z (debug|info|warn|error) ' "$home/log" >"$work/written" && diff "$work/kept" "$work/written"; }
check "log is what went to stderr" same

# The first may be there already when it is asked for; the second cannot.
follow() {
	local follower first='' second=''
	exec 4< <(exec "$POSTHUS" log -f --grep event=agent.reconcile.signal --config "$home/agent.yaml")
	follower=$!
	kill -HUP "$agent_pid"
	read -r -t 20 first <&4
	kill -HUP "$agent_pid"
	read -r -t 20 second <&4
	kill "$follower"
	exec 4<&-
	[[ $first == *" agent.reconcile.signal "* && $second == *" agent.reconcile.signal "* && $first != "$second" ]]
}
check "log -f prints a line as it comes" follow
finish
