#!/usr/bin/env bash
# An account's file that was put back from a copy, or is gone: noticed, set apart, taken up only by hand, and no UID is used twice.
. "$(dirname "$0")/lib.sh"

agent_new
agent_state "$root/tests/whole/states/mail.yaml"
agent_start || exit 1
check "apply" posthus apply --wait
for user in anna bo; do printf 'pass-%s\n' $user | posthus account passwd $user >/dev/null; done

# send SUBJECT TO: over SMTP
send() {
	printf 'From: x@elsewhere.example\r\nTo: %s\r\nSubject: %s\r\n\r\n%s\r\n' "$2" "$1" "$1" >"$work/m.eml"
	curl -sS --url "smtp://127.0.0.1:$SMTP" --mail-from x@elsewhere.example --mail-rcpt "$2" -T "$work/m.eml"
}
# look USER: UIDVALIDITY, then a line "UID SUBJECT" a message; fails with what the server says
look() {
	python3 - "$IMAPS" "$1" <<'PY'
import imaplib, re, ssl, sys
m = imaplib.IMAP4_SSL("127.0.0.1", int(sys.argv[1]), ssl_context=ssl._create_unverified_context(), timeout=30)
m.login(sys.argv[2] + "@org.example", "pass-" + sys.argv[2])
ok, text = m.select("INBOX", readonly=True)
if ok != "OK":
    sys.exit(f"{ok} {text[0].decode()}")
print(m.response("UIDVALIDITY")[1][0].decode())
if int(text[0]):
    for part in m.fetch("1:*", "(UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]:
        if isinstance(part, tuple):
            print(re.search(rb"UID (\d+)", part[0]).group(1).decode(), re.search(rb"Subject: (\S+)", part[1]).group(1).decode())
m.logout()
PY
}
# but for what anna is told of her new password
subjects() { look "$1" | tail -n +2 | cut -d' ' -f2 | grep -vx Your | sort | paste -sd' '; }
has() { local got; got=$(subjects "$1") && [ "$got" = "$2" ] || { echo "has: $got"; return 1; }; }
unavailable() { look "$1" >"$work/got" 2>&1; grep -q 'UNAVAILABLE' "$work/got" || { cat "$work/got"; return 1; }; }
largest_uid() { tail -n +2 "$1" | cut -d' ' -f1 | sort -n | tail -1; }
file=$(posthus key account anna | sed -n 's/^file //p')

check "one message each" send one team@org.example
check "is filed" agent_filed
agent_stop
cp "$file" "$work/old.db"
cp -a "$home/data" "$work/old-data"
agent_start || exit 1
check "two more for anna" send two anna@org.example
check "the second" send three anna@org.example
check "are filed" agent_filed
check "and there" has anna "one three two"
look anna >"$work/before"
agent_stop

echo "-- an older copy"
cp "$work/old.db" "$file"
agent_start || exit 1
check "I17 an older file is not served" unavailable anna
check "K01 others are" has bo one
refuse "mail for it alone is deferred" 55 "451" send four anna@org.example
check "mail for both is accepted" send five team@org.example
check "and the other has it" bash -c "for i in \$(seq 100); do [ \"\$($(declare -f look subjects); IMAPS=$IMAPS; subjects bo)\" = 'five one' ] && exit 0; sleep 0.1; done; exit 1"
check "status says which, and what to do" bash -c "'$POSTHUS' status --config '$home/agent.yaml' | grep -F 'user/anna  NotReady  FileOlder' | grep -F 'posthus account accept-restore anna'"
refuse "so does the doctor" 1 "set apart" posthus doctor --offline
check "and the log" grep -q 'account.quarantined .*reason=older-than-remembered .*accept-restore' "$home/log"
check "the file is as it was put back" cmp "$work/old.db" "$file"
refuse "--empty does not throw it away" 1 "the account has a file" posthus account accept-restore --empty anna
check "it stays" unavailable anna
agent_stop
agent_start || exit 1
check "so it does after a restart" unavailable anna
check "it is taken as it is" posthus account accept-restore anna
check "what waited comes in" agent_filed
check "I17 beside what the copy had" has anna "five one"
look anna >"$work/after"
new_numbers() { # BEFORE AFTER: of the message `five`
	[ "$(head -1 "$2")" -gt "$(head -1 "$1")" ] && [ "$(grep five "$2" | cut -d' ' -f1)" -gt "$(largest_uid "$1")" ]
}
check "I17 under a new UIDVALIDITY, no UID used again" new_numbers "$work/before" "$work/after"
is_ready() { posthus status | grep -q ^READY; }
check "all is ready again" is_ready
check "the audit has it" bash -c "'$POSTHUS' trace user/anna --config '$home/agent.yaml' | grep -q restore-accepted"

echo "-- honest ends"
check "one more" send six anna@org.example
check "is there" agent_filed
kill -KILL "$agent_pid"
wait "$agent_pid" 2>/dev/null
agent_start || exit 1
check "a kill alarms nobody" has anna "five one six"
agent_stop
cp "$work/old-data/control.db" "$home/data/control.db"
agent_start || exit 1
check "a control database of before neither" has anna "five one six"
agent_stop

echo "-- gone"
rm "$file"
agent_start || exit 1
check "K01 a file that is gone is not served as an empty one" unavailable anna
check "nor made" test ! -e "$file"
refuse "nothing is there to take" 1 "the account has no file" posthus account accept-restore anna
check "status names the way on" bash -c "'$POSTHUS' status --config '$home/agent.yaml' | grep -F FileGone | grep -F 'accept-restore --empty anna'"
check "which begins anew" posthus account accept-restore --empty anna
check "with nothing" has anna ""
check "another five" send five anna@org.example
check "is filed" agent_filed
check "it is alone" has anna five
look anna >"$work/anew"
check "I17 under new numbers, too" new_numbers "$work/after" "$work/anew"
agent_stop

echo "-- all of it put back together"
rm -rf "$home/data"
cp -a "$work/old-data" "$home/data"
agent_start || exit 1
check "is served" has anna one
look anna >"$work/before"
renew() { # while a session has the mailbox open
	python3 - "$IMAPS" "$POSTHUS" "$home/agent.yaml" <<-'PY'
		import imaplib, ssl, subprocess, sys, time
		port, posthus, config = sys.argv[1:]
		m = imaplib.IMAP4_SSL("127.0.0.1", int(port), ssl_context=ssl._create_unverified_context(), timeout=30)
		m.login("anna@org.example", "pass-anna")
		m.select("INBOX")
		subprocess.run([posthus, "account", "accept-restore", "anna", "--config", config], check=True)
		deadline = time.monotonic() + 30
		try:
		    while time.monotonic() < deadline:
		        m.noop()
		except imaplib.IMAP4.abort:
		    sys.exit(0)
		sys.exit("the session goes on")
	PY
}
check "and renewed by hand, which ends the sessions of before" renew
check "five" send five anna@org.example
check "arrives" agent_filed
look anna >"$work/after"
check "I17 so that no UID is used again" new_numbers "$work/before" "$work/after"
finish
