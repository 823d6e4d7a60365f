#!/usr/bin/env bash
# The lost server: mail under load, backups while it flows, the disk gone; from the printed kit and two commands all is as it was.
. "$(dirname "$0")/lib.sh"
judge() { python3 "$root/tests/whole/lost_server.py" "$@"; }

agent_new
mkdir "$home/copies"
cat >>"$home/agent.yaml" <<-YAML
	resolver: {servers: [127.0.0.1], port: 9}
YAML
sed -i "s|^allow: .*|allow: {host_files: [$home/chain.pem, $home/key.pem], write: [$home/copies]}|" "$home/agent.yaml"
"$POSTHUS" recovery kit --print --config "$home/agent.yaml" >"$work/kit" 2>"$work/err" || cat "$work/err"
recipient=$(grep -o 'age1[a-z0-9]*' "$work/kit" | head -1)
echo "  backup {\"directory\":\"$home/copies\"}" >>"$work/kit"
agent_state "$root/tests/whole/states/mail.yaml"
cat >"$home/state/backup.yaml" <<-YAML
	secrets: {recipients: {recovery: $recipient}}
	backups:
	  nightly:
	    to: {directory: $home/copies}
YAML
agent_start || exit 1
check "apply" posthus apply --wait
check "the first backup is taken at once" posthus wait --for BackupFresh --timeout 30s backup/nightly
for user in anna bo carol; do printf 'pass-%s\n' $user | posthus account passwd $user >/dev/null; done

echo "-- a backup while mail flows"
python3 "$root/tests/whole/lost_server.py" load "$SMTP" "$IMAPS" "$work/load" >"$work/load.log" 2>&1 &
load=$!
judge await "$work/load" 60
cp "$work/load" "$work/acknowledged" # all that had its 250 or OK before the backup began
check "a backup under load" posthus backup run nightly
judge await "$work/load" 120
check "is restored beside the host that goes on" "$POSTHUS" restore --kit "$work/kit" --to "$work/second" --config "$home/agent.yaml"
kill "$load"
wait "$load" 2>/dev/null
check "everything is filed" agent_filed
echo "-- and the last one before the end"
check "what was under way is done" judge quiet "$IMAPS"
check "the last backup" posthus backup run nightly
check "sends little: what did not change is there already" bash -c "'$POSTHUS' backup list --config '$home/agent.yaml' -o json | python3 -c '
import json, sys
b = json.load(sys.stdin)[\"items\"][0]
print(b)
sys.exit(not (0 < b[\"sent\"] < b[\"bytes\"]))'"
check "verify finds it right" posthus backup verify nightly
drill() { grep -E '^ +[0-9A-Z]{5}(-[0-9A-Z]{5}){12}$' "$work/kit" | tr -d ' ' | posthus backup drill nightly; }
check "a drill opens every account" drill
check "and says so" bash -c "'$POSTHUS' get --config '$home/agent.yaml' backup/nightly -o json | grep -q RestoreTried"
refuse "another code opens nothing" 1 "CodeWrong" bash -c "echo AAAAA | '$POSTHUS' backup drill nightly --config '$home/agent.yaml'"
judge dump "$IMAPS" "$work/before" || exit 1
posthus export >"$work/export.before"
posthus key account anna >"$work/key.before"

echo "-- the disk is gone"
kill -KILL "$agent_pid"
wait "$agent_pid" 2>/dev/null
agent_pid=
mv "$home/data" "$work/gone"
mv "$home/agent.yaml" "$work/agent.yaml.gone"
mv "$home/master.key" "$work/master.key.gone"
mv "$home/state" "$work/state.gone"
mkdir "$home/data"

sed -E '/^ +([0-9A-Z]{5}-){12}/{s/-[0-9A-Z]/-~/2;y/~/7/;s/-7/-7/}' "$work/kit" >"$work/typo"
cmp -s "$work/kit" "$work/typo" && sed -E '/^ +([0-9A-Z]{5}-){12}/{s/-[0-9A-Z]/-~/2;y/~/8/}' "$work/kit" >"$work/typo"
refuse "a mistyped code is named by its group" 3 "group 3 of the code is mistyped" "$POSTHUS" restore --kit "$work/typo" --to "$home/data"
refuse "before the first backup there is none" 1 "there is no such backup" "$POSTHUS" restore --kit "$work/kit" --to "$home/data" --point 2020-01-01T00:00:00Z
touch "$home/data/something"
refuse "nothing that is there is written over" 5 "is not empty; nothing was changed" "$POSTHUS" restore --kit "$work/kit" --to "$home/data"
rm "$home/data/something"
grep -v posthus-master "$work/kit" >"$work/sheet" # the code alone: the backup has the master key, sealed to it
check "one: restore" "$POSTHUS" restore --kit "$work/sheet" --to "$home/data" --config "$home/agent.yaml"
check "the agent's file is as it was" cmp "$work/agent.yaml.gone" "$home/agent.yaml"
check "so is the master key" cmp "$work/master.key.gone" "$home/master.key"
mkdir -p "$home/state"
check "two: run" agent_start
judge dump "$IMAPS" "$work/after" || exit 1
check "every message, flag, date and UID is as it was" judge same "$work/before" "$work/after"
posthus export >"$work/export.after"
check "every setting" cmp "$work/export.before" "$work/export.after"
posthus key account anna >"$work/key.after"
check "every key" cmp "$work/key.before" "$work/key.after"
check "scenario 19 it touches nothing before somebody looked" bash -c "'$POSTHUS' status --config '$home/agent.yaml' | grep -q StaleRestore"
cp "$work/state.gone"/* "$home/state"
check "a plan can be seen" posthus plan
check "resume lets it go" posthus resume
check "and nothing changes" bash -c "'$POSTHUS' apply --wait --config '$home/agent.yaml' 2>&1 | grep -i 'no changes'"
check "mail comes in again" judge send "$SMTP" anna@org.example again
check "and is filed" agent_filed
check "I17 under a UID that nobody has seen" judge newer "$IMAPS" "$work/before" again
agent_stop
agent_start || exit 1
judge dump "$IMAPS" "$work/later" || exit 1
check "a restart renews nothing again" judge same_validity "$work/after" "$work/later"
check "backups go on in the same place" posthus backup run nightly
agent_stop

echo "-- the one that was taken under load"
mv "$home/data" "$work/first"
mv "$work/second" "$home/data"
agent_start || exit 1
check "all of it is filed" agent_filed
check "what had its 250 or OK before is there, and nothing twice" judge holds "$IMAPS" "$work/acknowledged"
agent_stop

echo "-- one account"
check "to the side" "$POSTHUS" restore --kit "$work/kit" --to "$work/side" --account anna@org.example
check "its file is there" bash -c "ls '$work/side/accounts'/*/*.db"
finish
