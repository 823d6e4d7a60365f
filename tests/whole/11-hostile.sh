#!/usr/bin/env bash
# States that nobody means well with, keys that lie open, secrets on their way to a log, files planted where we write: the rows G and K
# of docs/attacks.md that a whole program shows.
. "$(dirname "$0")/lib.sh"

# -- states (G07 to G12): each is refused within its limits, and changes nothing --

agent_new
agent_state "$root/tests/whole/states/mail.yaml"
agent_start || exit 1
check "a good state" posthus apply --wait
generation() { posthus status -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["generation"])'; }
before=$(generation)
# hostile NAME TEXT: the file hostile.yaml beside the good one, read within 5 s and 256 MiB
hostile() {
	refuse "$1" 3 "$2" prlimit --as=$((1 << 30)) timeout 5 "$POSTHUS" apply --config "$home/agent.yaml"
	rm -f "$home/state/hostile.yaml"
	[ "$(generation)" = "$before" ] && ok "$1: nothing has changed" || bad "$1: nothing has changed"
}
{
	echo 'a0: &a0 [x, x, x, x, x, x, x, x, x]'
	for i in 1 2 3 4 5 6 7 8; do echo "a$i: &a$i [*a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1))]"; done
} >"$home/state/hostile.yaml"
hostile "G07 a bomb of aliases" "AnchorNotAllowed"
python3 -c 'print("users: " + "[" * 10000)' >"$home/state/hostile.yaml"
hostile "G07 ten thousand brackets" "TooDeep"
python3 -c 'print("users:"); [print(" " * i + "a:") for i in range(1, 1000)]' >"$home/state/hostile.yaml"
hostile "G07 a thousand levels" "TooDeep"
head -c 104857600 /dev/zero | tr '\0' '#' >"$home/state/hostile.yaml"
hostile "G07 a hundred megabytes" "at most 4194304"
printf 'users: {a@org.example: {}, a@org.example: {}}\n' >"$home/state/hostile.yaml"
hostile "G08 a key twice" "first declared here"
printf 'users: !!python/object/apply:os.system ["id"]\n' >"$home/state/hostile.yaml"
hostile "G08 a tag" "TagNotAllowed"
printf 'users: {x@org.example: {<<: {quota: 1GiB}}}\n' >"$home/state/hostile.yaml"
hostile "G08 a merge key" "MergeKeyNotAllowed"
printf 'users: {x@org.example: {hold: no, quota: 0777}}\n' >"$home/state/hostile.yaml"
hostile "G08 no and an octal number" "NotABoolean"
printf 'users: {x@org.example: {qouta: 1GiB}}\n' >"$home/state/hostile.yaml"
hostile "G08 an unknown field" 'did you mean `quota`?'
printf 'users: {x@org.example: {password: hunter2}}\n' >"$home/state/hostile.yaml"
hostile "G09 a password in plain text" "PlainSecret"
python3 - >"$home/state/hostile.yaml" <<'PY'
print('users:\n  "../../etc/passwd@org.example": {}\n  "a\\r\\nb@org.example": {}\n  "%s%n@org.example": {name: "\\e[31mred"}')
PY
hostile "G11 paths, line ends, formats, escapes as names" "hostile.yaml:"
printf 'aliases: {a@org.example: [b@org.example], b@org.example: [a@org.example]}\n' >"$home/state/hostile.yaml"
hostile "G12 aliases in a loop" "AliasLoop"
printf 'users: {x@org.example: {addresses: [anna@org.example]}}\n' >"$home/state/hostile.yaml"
hostile "G12 an address of two" "AddressTaken"
clean_terminal() { ! posthus apply 2>&1 | grep -q "$(printf '\033')"; }
printf 'users: {"x\\e[2Jy@org.example": {}}\n' >"$home/state/hostile.yaml"
check "G11 what is printed has no escape in it" clean_terminal
rm -f "$home/state/hostile.yaml"

# -- secrets (K08): driven through everything that writes, and looked for afterwards --

secret=canary-$RANDOM-$RANDOM-password
wrong=canary-$RANDOM-$RANDOM-guess
marker=canary-$RANDOM-$RANDOM-subject
printf '%s\n' "$secret" | posthus account passwd anna >/dev/null
login() { curl -sS --insecure --max-time 30 --user "anna@org.example:$1" "imaps://127.0.0.1:$IMAPS/INBOX" -X NOOP; }
check "K08 a login" login "$secret"
refuse "K08 a guess" 67 "" login "$wrong"
submit() {
	swaks --server 127.0.0.1 --port "$SUBMISSION" --tls --auth "$1" --auth-user anna@org.example --auth-password "$2" \
		--from anna@org.example --to bo@org.example --header "Subject: $marker" --body "$marker"
}
check "K08 a submission" submit PLAIN "$secret"
submit LOGIN "$wrong" >/dev/null 2>&1
printf 'EHLO x\r\nAUTH PLAIN %s\r\nQUIT\r\n' "$(printf '\0anna@org.example\0%s' "$secret" | base64 -w0)" |
	timeout 10 openssl s_client -quiet -connect "127.0.0.1:$SUBMISSIONS" >/dev/null 2>&1
python3 - "$IMAPS" "$secret" <<'PY'
# commands that fail with the password in them: a second LOGIN, a LOGIN with too many words
import socket, ssl, sys
c = ssl._create_unverified_context()
with c.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)) as s:
    for line in ("a LOGIN anna@org.example %s extra", "b LOGIN anna@org.example \"%s", "c %s", "d LOGIN anna@org.example %s", "e LOGIN anna@org.example %s"):
        s.sendall((line % sys.argv[2]).encode() + b"\r\n")
        s.recv(4096)
PY
sed -i 's/id: carol/id: carol, quota: 3GiB/' "$home/state/mail.yaml"
posthus plan >"$work/said" 2>&1
posthus plan -o json >>"$work/said" 2>&1
posthus apply >>"$work/said" 2>&1
posthus get user/anna >>"$work/said" 2>&1
posthus get user/anna -o json --origin >>"$work/said" 2>&1
posthus events >>"$work/said" 2>&1
posthus trace user/anna >>"$work/said" 2>&1
posthus status -o json >>"$work/said" 2>&1
check "K08 all of it is filed" agent_filed
key=$(posthus key account anna | sed -n 's/^key *//p')
master=$(tr -d ' \n' <"$home/master.key")
absent() { # in the log, in what was printed, in no file below the data directory
	[ -n "$2" ] && ! grep -qaF -- "$2" "$home/log" "$work/said" && ! grep -rqaF -- "$2" "$home/data" && return
	return 1
}
for row in "password:$secret" "guess:$wrong" "subject:$marker" "account key:$key" "master key:$master" \
	"password in base64:$(printf '\0anna@org.example\0%s' "$secret" | base64 -w0)"; do
	check "K08 no ${row%%:*} anywhere" absent "${row%%:*}" "${row#*:}"
done
hashes() { ! grep -qaE '\$argon2|\$6\$|\$2y\$' "$home/log" "$work/said"; }
check "K08 no password hash in a log or an answer" hashes
undumpable() { [ "$(awk '/Max core file size/ {print $5 $6}' "/proc/$agent_pid/limits")" = 00 ] || [ "$(stat -c %U "/proc/$agent_pid/mem")" = root ]; }
check "K08 the process leaves no core" undumpable

# -- what is planted where we write (K09) --

agent_stop
mkdir "$work/elsewhere"
# planted NAME: a link in the place of what the agent makes; it does not start, and writes nothing where the link leads
planted() {
	mv "$home/data/$1" "$work/kept" 2>/dev/null
	ln -s "$work/elsewhere/$2" "$home/data/$1"
	start_plain >"$work/out" 2>&1
	[ $? != 0 ] && [ -z "$(ls -A "$work/elsewhere")" ]
	local outcome=$?
	rm "$home/data/$1"
	[ ! -e "$work/kept" ] || mv "$work/kept" "$home/data/$1"
	return $outcome
}
start_plain() { timeout 20 "$POSTHUS" run --config "$home/agent.yaml"; }
check "K09 a link where the intake log lies is not followed" planted intake ''
check "K09 a link where a database is written ahead is not followed" planted control.db-wal wal
check "K09 a link where a journal would be is not followed" planted control.db-journal journal
check "K09 without them it starts" agent_start
modes() { [ -z "$(find "$home/data" -type f ! -perm 600 -o -type d ! -perm 700)" ]; }
check "K09 files are 0600, folders 0700" modes
agent_stop

# -- keys that lie open (K06) --

for mode in 644 640 660 604; do
	chmod $mode "$home/master.key"
	refuse "K06 a key file of mode $mode" 3 "others can read the master key" start_plain
done
chmod 600 "$home/master.key"
if [ "$(id -u)" = 0 ]; then
	chown nobody "$home/master.key"
	refuse "K06 a key file of somebody else" 3 "master key" start_plain
	chown 0 "$home/master.key"
else
	skip "K06 a key file of somebody else: needs root to make one"
fi
check "K06 and as it should be" agent_start
finish
