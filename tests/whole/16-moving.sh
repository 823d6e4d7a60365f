#!/usr/bin/env bash
# Moving in and out: the state in force as files.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"

agent_new
agent_certificate
refuse "export before the first apply" 1 "no state was applied yet" posthus export
agent_state "$root/tests/whole/states/mail.yaml"
agent_start || exit 1
check "apply" posthus apply --wait || exit 1

# -- export

posthus export >"$work/one.yaml" && ok "export" || bad "export"
posthus export --to "$work/many" >"$work/names"
check "export --to writes a file a section" cmp "$work/names" <(printf "$work/many/%s.yaml\n" hosts groups domains users aliases certs)
[ "$(stat -c %a "$work/many/users.yaml")" = 600 ] && ok "for its owner alone" || bad "the mode of an exported file"
rm -r "$home/state"
same() { posthus plan --detailed-exitcode "$@" >"$work/plan" && grep -q '^no changes' "$work/plan"; }
check "a plan of the one file is empty" same "$work/one.yaml"
check "a plan of the directory is empty" same "$work/many"
check "fmt finds nothing to do" "$POSTHUS" fmt --check "$work/one.yaml" "$work/many"
check "every reader of YAML reads the same" python3 "$root/tests/whole/yaml_texts.py" "$work/one.yaml"
cp -r "$work/many" "$work/before"
refuse "export writes over nothing" 1 "holds files already" posthus export --to "$work/many"
check "and left them as they were" diff -r "$work/many" "$work/before"
posthus export --kind alias,group >"$work/some.yaml"
[ "$(grep -c '^[a-z]*:' "$work/some.yaml")" = 3 ] && ok "export --kind" || bad "export --kind: $(cat "$work/some.yaml")"
refuse "export of an unknown kind" 1 "there is no kind among sheep" posthus export --kind sheep

# -- adopt: control.db is lost

send() { swaks --server localhost --port "$SMTP" --from otto@elsewhere.example --to "$1" --header "Subject: $2" >"$work/swaks" 2>&1; }
inbox() { curl -sS --insecure --max-time 30 --user "anna@org.example:$1" "imaps://127.0.0.1:$IMAPS/INBOX;MAILINDEX=1" 2>&1; }
printf 'first word\n' | posthus account passwd anna >/dev/null
check "a message before" send anna@org.example "kept through the loss"
agent_filed || bad "filing"
agent_stop
posthus export >"$work/offline.yaml" 2>"$work/said"
check "export without an agent is the same" cmp "$work/one.yaml" "$work/offline.yaml"
rm "$home"/data/control.db*
refuse "plan without an agent sees the file that nobody owns" 4 "AdoptionNeeded" posthus plan "$work/one.yaml"
agent_start || exit 1
refuse "plan sees the file that nobody owns" 4 "AdoptionNeeded" posthus plan "$work/one.yaml"
posthus plan "$work/one.yaml" | grep -q '^  + user anna .*adopt the file that is here' && ok "and says whose it is" || bad "the plan of an adoption"
refuse "apply asks" 4 "Nothing was changed" posthus apply "$work/one.yaml"
[ "$(posthus history -o json | grep -c '"generation"')" = 0 ] && ok "and has applied nothing" || bad "a generation without an answer"
check "apply --adopt" posthus apply --wait --adopt "$work/one.yaml"
printf 'second word\n' | posthus account passwd anna >/dev/null
inbox 'second word' | grep -q '^Subject: kept through the loss' && ok "her mail is there again" || bad "the mail of an adopted account"
check "and a message after" send anna@org.example "after the loss"
agent_filed || bad "filing"
agent_stop

# -- import: Dovecot's own hashes, Postfix's own look-ups; neither of them runs

check "postmap is unpacked" packages_unpack postfix
postfix=$(tail -n 1 "$work/out")
check "doveadm is unpacked" packages_unpack dovecot-core
ln -s "$(tail -n 1 "$work/out")" "$work/dovecot" # whose version has a colon, which ends a path of libraries
dovecot=$work/dovecot
doveadm() { LD_LIBRARY_PATH=$dovecot/usr/lib/dovecot "$dovecot/usr/bin/doveadm" "$@"; }
mkdir "$home/old"
(
	for scheme in ARGON2ID SHA512-CRYPT BLF-CRYPT SSHA512 SHA256-CRYPT; do
		name=$(tr '[:upper:]' '[:lower:]' <<<"${scheme%-*}")
		echo "$name@a.example:$(doveadm -O pw -s "$scheme" -p "pass of $name"):1000:1000:$name Example::::"
	done
	echo 'plain@b.example:{PLAIN}geheim::::::userdb_quota_rule=*:storage=512M'
) >"$home/old/users"
cat >"$home/old/main.cf" <<-CF
	compatibility_level = 3.6
	myhostname = mx.a.example
	virtual_mailbox_domains = a.example, b.example
	virtual_mailbox_maps = hash:$home/old/vmailbox
	virtual_alias_maps = hash:$home/old/virtual
	virtual_alias_domains = old.example
	# whom every machine has: nothing of Postfix is installed here
	mail_owner = daemon
	setgid_group = mail
CF
sed 's/:.*/ x/' "$home/old/users" >"$home/old/vmailbox"
echo 'late@b.example  b/late/' >>"$home/old/vmailbox"
cat >"$home/old/virtual" <<'MAP'
# aliases
info@a.example      argon2id@a.example, late@b.example
sales@a.example     info@a.example,
    # within
    blf@a.example
Team@B.example      sales@a.example plain@b.example
plain@b.example     plain@b.example
@old.example        @a.example
@b.example          late@b.example
far@a.example       otto@elsewhere.example
pipe@a.example      |/bin/cat
MAP
"$POSTHUS" import --to "$work/moved" "postfix=$home/old/main.cf" "dovecot=$home/old/users" >"$work/names" 2>"$work/said" && ok "import" || bad "import: $(cat "$work/said")"
check "the result validates" "$POSTHUS" validate "$work/moved"
check "import says what it left out" grep -q "old/users:5: sha256@a.example: a password of the scheme {SHA256-CRYPT}" "$work/said"
check "and where an alias led nowhere" grep -q "old/virtual:10: far@a.example leads nowhere" "$work/said"
grep -rq geheim "$work/moved" "$work/said" && bad "a password in clear was written" || ok "no password in clear was written"
judge() { LD_LIBRARY_PATH=$postfix/usr/lib/postfix python3 "$root/tests/whole/moving_judge.py" "$postfix/usr/sbin/postmap" "$home/old" "$POSTHUS" "$work/moved"; }
check "every address leads where Postfix's maps lead it" judge

agent_new
agent_certificate
cp "$work/moved"/*.yaml "$home/state"
sed -i "s|^  mail: {name: mx.a.example}|  mail: {name: mx.a.example, listen: {smtp: \"127.0.0.1:$SMTP\", submission: \"off\", submissions: \"off\", imaps: \"127.0.0.1:$IMAPS\"}}|" "$home/state/hosts.yaml"
agent_start || exit 1
check "apply what was imported" posthus apply
logs_in() { curl -sS --insecure --max-time 30 --user "$1@a.example:pass of $1" "imaps://127.0.0.1:$IMAPS/" -X NOOP; }
for name in argon2id sha512 blf ssha512; do check "a password of Dovecot's $name opens the mailbox" logs_in $name; done
agent_stop
finish
