#!/usr/bin/env bash
# What opens what: app passwords, the recovery kit, a master key under a passphrase.
. "$(dirname "$0")/lib.sh"

agent_new
agent_state "$root/tests/whole/states/mail.yaml"
agent_start || exit 1
check "apply" posthus apply --wait

# A password is a row: no file of the account is written for it.
files_of_anna() { find "$home/data/accounts" -name '*.db' -newer "$work/mark" | grep -c .; }
posthus account passwd anna <<<first-pass >/dev/null
check "anna's mailbox is begun" curl -sSk --user anna@org.example:first-pass "imaps://127.0.0.1:$IMAPS/INBOX?ALL"
touch "$work/mark"
began=$(date +%s%N)
check "another password" posthus account passwd anna <<<second-pass
echo "     in $((($(date +%s%N) - began) / 1000000)) ms, the hash and a new process with it"
check "writes to no account's file" test "$(files_of_anna)" = 0
check "and logs in" curl -sSk --user anna@org.example:second-pass "imaps://127.0.0.1:$IMAPS/INBOX?ALL"

# login NAME PASSWORD: by IMAP
login() { curl -sSk --user "$1@org.example:$2" "imaps://127.0.0.1:$IMAPS/INBOX?ALL"; }
sends() { swaks --server 127.0.0.1 --port "$SUBMISSIONS" --tls-on-connect --auth PLAIN --auth-user "$1@org.example" --auth-password "$2" --from "$1@org.example" --to "$1@org.example"; }
made() { posthus account app-password create "$@" 2>/dev/null; }

phone=$(made anna phone)
mailer=$(made anna mailer --for smtp)
check "an app password is shown once" test "${#phone}" = 30
check "it logs in by IMAP" login anna "$phone"
check "and sends" sends anna "$phone"
check "typed as people do" login anna "$(tr -d - <<<"$phone" | tr a-z A-Z)"
check "one for submission sends" sends anna "$mailer"
refuse "A13 and reads nothing" 67 "Login denied" login anna "$mailer"
refuse "A13 it is one account's" 67 "Login denied" login bo "$phone"
listed() { posthus account app-password list anna | grep -E "^$1 .*$2"; }
used() { for _ in $(seq 100); do listed phone 'used 20' && return; read -r -t 0.1 <> <(:); done; return 1; }
check "when it was used is known" used
check "what it is good for is listed" listed mailer 'smtp'
refuse "a second of that name" 5 "already" posthus account app-password create anna phone
refuse "a wrong protocol" 3 "imap, smtp" posthus account app-password create anna x --for pop3
refuse "a wrong time" 1 "a duration" posthus account app-password create anna x --expires never
check "revoked" posthus account app-password revoke anna phone
refuse "it opens nothing" 67 "Login denied" login anna "$phone"
refuse "nor again" 1 "no app password" posthus account app-password revoke anna phone
check "K08 it is in no log" sh -c "! grep -qiF -e '$phone' -e '$mailer' '$home/log'"
agent_stop
check "K08 nor in the database" sh -c "! grep -qrF -e '$phone' -e '$mailer' '$home/data'"
agent_start || exit 1
check "others stay over a restart" sends anna "$mailer"

says() { posthus status | grep -E "^  recovery +$1"; }
check "the status says that there is no kit" says 'no kit: `posthus recovery kit --print`'
refuse "nothing is proven without one" 1 "there is no recovery kit" posthus recovery check
posthus recovery kit --print >"$work/page" 2>"$work/next"
code=$(grep -oE '^  ([0-9A-Z]{5}-){12}[0-9A-Z]{5}$' "$work/page" | tr -d ' ')
check "a kit is printed with its code" test "${#code}" = 77
check "and the master key" grep -qF "$(cat "$home/master.key")" "$work/page"
check "and what tells this host's backups from others" grep -qE '^  vault [0-9a-f]{64}$' "$work/page"
check "what to put into the state is said" grep -q 'secrets: {recipients: {recovery: age1' "$work/next"
check "the status says that nobody proved it" says 'kit of 20.*, never proven: `posthus recovery check`'
slip=$([ "${code:0:1}" = Z ] && echo Y || echo Z)${code:1}
prove() { posthus recovery check <<<"$1"; }
refuse "a slip is named by its group" 3 "group 1 is not right" prove "$slip"
refuse "a letter too few" 3 "letters are missing" prove "${code%?}"
refuse "another kit's code" 3 "not the one of the kit" prove 000GC-40R4Y-0M301-E209M-185G2-R38EE-1W810-24GKG-2GAH0-C5RR1-34D1A-P70XT-3RFGY
check "the code proves it" prove "$(tr 0A-Z- oa-z' ' <<<"$code")"
check "the status says when" says 'kit of 20.*, proven 0s ago$|kit of 20.*, proven [0-9]+s ago$'
again() { posthus recovery kit --print <<<"$code" | grep -q "^  $code$"; }
check "its page is printed again for who has the code" again
check "K08 the code is in no log and on no disk" sh -c "! grep -qrF -e '$code' '$home'"
with_age() { age -d -i <(python3 "$root/tests/whole/recovery_identity.py" "$code") "$home/data/recovery.age" | cmp - "$home/master.key"; }
check "the age program opens it by what docs/keys.md says" with_age

# the disk is there, its master key is gone
agent_stop
mv "$home/master.key" "$home/lost.key"
opened() { posthus recovery open "$home/master.key" <<<"$code" && cmp "$home/master.key" "$home/lost.key"; }
check "the code brings the master key back" opened
refuse "and writes over nothing" 5 "is there already" posthus recovery open "$home/master.key" <<<"$code"
check "mail is as it was" agent_start
check "mail is read again" sends anna "$mailer"
old=$code
posthus recovery kit --print --new >"$work/page" 2>/dev/null
refuse "after a new kit the old page is none" 3 "not the one of the kit" prove "$old"
agent_stop

# the page has all that a restore needs, and a restore knows by it whose backups these are
agent_new
mkdir "$home/copies"
sed -i "s|^allow: .*|allow: {write: [$home/copies]}|" "$home/agent.yaml"
agent_state "$root/tests/whole/states/mail.yaml"
posthus recovery kit --print >"$work/page" 2>/dev/null
code=$(grep -oE '^  ([0-9A-Z]{5}-){12}[0-9A-Z]{5}$' "$work/page" | tr -d ' ')
cat >"$home/state/backup.yaml" <<-YAML
	secrets: {recipients: {recovery: $(grep -o 'age1[a-z0-9]*' "$work/page")}}
	backups: {nightly: {to: {directory: $home/copies}}}
YAML
agent_start || exit 1
check "a state with a backup" posthus apply --wait
check "is backed up" posthus wait --for BackupFresh --timeout 30s backup/nightly
posthus recovery kit --print <<<"$code" >"$work/page" 2>/dev/null
check "the page says where to" grep -qF "  backup {\"directory\":\"$home/copies\"}" "$work/page"
sed 's/^  vault .*/  vault '"$(printf '0%.0s' {1..64})"'/' "$work/page" >"$work/other"
refuse "by another host's page they are not taken" 1 "signed by another key" posthus restore --kit "$work/other" --to "$work/third"
check "by its own they are" posthus restore --kit "$work/page" --to "$work/second"
agent_stop

# under a passphrase
agent_new
agent_state "$root/tests/whole/states/mail.yaml"
rm "$home/master.key"
refuse "a short passphrase is none" 1 "has 12 to 1024 bytes" posthus key init --passphrase "$home/master.key" <<<short
check "a master key under a passphrase" posthus key init --passphrase "$home/master.key" <<<"six words and a dog"
refuse "another passphrase opens nothing" 3 "not the passphrase" posthus run <<<"six words and a cat"
"$POSTHUS" run --config "$home/agent.yaml" <<<"six words and a dog" >>"$home/log" 2>&1 &
agent_pid=$!
posthus wait --timeout 30s >/dev/null
check "the right one, asked for at the start, does" posthus apply --wait
finish
