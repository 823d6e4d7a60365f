#!/usr/bin/env bash
# Commands for the one who keeps the server: the log from memory.
. "$(dirname "$0")/lib.sh"

agent_new

# -- doctor, before there is an agent

found() { posthus doctor --offline "${@:2}" >"$work/found"; [ $? = "$1" ] && grep -qE "$wanted" "$work/found"; }
wanted='^warn agent: none answers at .*/control.sock -> ' check "doctor works without an agent" found 0
chmod 640 "$home/master.key"
wanted='^FAIL master key: others can read ' check "doctor sees a key that others can read" found 1
wanted='^ok   master key: ' check "doctor --fix mends its mode" found 0 --fix
[ "$(stat -c %a "$home/master.key")" = 600 ] && ok "which is 600 now" || bad "the key's mode"
rmdir "$home/data"
wanted='^FAIL data directory: ' check "doctor sees that the data directory is missing" found 1
wanted='^ok   data directory: .* was made' check "doctor --fix makes it" found 0 --fix

# -- the example of a whole domain, with what its machine lets it use

"$POSTHUS" key init "$work/example/master.key" >/dev/null
example() { "$POSTHUS" plan "$root/examples/domain/state" --config "$root/examples/domain/agent.yaml" --data "$work/example" | grep -q "record org.example/MX"; }
check "examples/domain can be planned" example

# -- fmt, which needs none

printf 'version: 1  \nhosts: { mail : {name: "mail.org.example"} } # here\n' >"$home/state/one.yaml"
printf 'version: 1\nusers: [\n' >"$home/state/two.yaml"
chmod 640 "$home/state/one.yaml"
cp "$home/state/two.yaml" "$work/two"
fmt() { "$POSTHUS" fmt "$@"; }
refuse "fmt --check says what would change" 2 "one.yaml" fmt --check "$home/state/one.yaml"
refuse "fmt leaves a file with errors" 3 "two.yaml:" fmt "$home/state"
check "which is as it was" cmp "$home/state/two.yaml" "$work/two"
printf 'version: 1\nhosts: {mail: {name: mail.org.example}} # here\n' >"$work/one"
check "and formats the other one" cmp "$home/state/one.yaml" "$work/one"
[ "$(stat -c %a "$home/state/one.yaml")" = 640 ] && ok "whose mode stays" || bad "the mode of a formatted file"
silent() { [ -z "$("$POSTHUS" fmt "$home/state/one.yaml")" ]; }
check "fmt has nothing more to do" silent
ln -s state/one.yaml "$home/link.yaml"
printf 'version:   1  \n' >"$home/state/one.yaml"
check "fmt by a link" fmt "$home/link.yaml"
[ -L "$home/link.yaml" ] && [ "$(cat "$home/state/one.yaml")" = 'version:   1' ] && ok "writes what it leads to" || bad "fmt by a link"
refuse "fmt of what is not there" 3 "none.yaml" fmt "$home/none.yaml"
rm "$home/state/one.yaml" "$home/state/two.yaml"

agent_certificate
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

# -- doctor, beside it

for wanted in 'ok   lock: an agent has' 'ok   state: generation 1, everything is ready' 'ok   sandbox: |warn sandbox: ' 'ok   ports: all 5 answer' \
	'ok   accepting: ' 'ok   intake: ' 'ok   accounts: ' 'warn certificate: localhost lasts until .*, [12] days -> ' 'ok   audit: whole: [0-9]+ rows'; do
	check "doctor: $wanted" found 0
done
well() { posthus doctor --offline -o json | python3 -c 'import json, sys; a = json.load(sys.stdin); sys.exit(not (a["well"] and len(a["findings"]) > 15))'; }
check "doctor -o json" well
chmod 755 "$home/data"
wanted='^FAIL data directory: .* has mode 0755' check "doctor sees a data directory that is open to all" found 1
wanted='^ok   data directory: ' check "doctor --fix closes it" found 0 --fix
elsewhere() { "$POSTHUS" doctor --offline --config "$home/agent.yaml" --control "$home/none.sock"; }
refuse "doctor sees an agent that does not answer" 1 "FAIL agent: one has the data directory, and none answers" elsewhere
finish
