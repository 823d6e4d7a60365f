#!/usr/bin/env bash
# Backups and restores that are cut off at any moment, and places that vanish or are full: mail is never hurt, what is listed can be restored.
#   POSTHUS_KILLS=100 tests/whole/51-backup-faults.sh      more rounds than the three that run each time
. "$(dirname "$0")/lib.sh"
judge() { python3 "$root/tests/whole/lost_server.py" "$@"; }
kills=${POSTHUS_KILLS:-3}

agent_new
mkdir "$home/copies"
sed -i "s|^allow: .*|allow: {host_files: [$home/chain.pem, $home/key.pem], write: [$home/copies]}|" "$home/agent.yaml"
"$POSTHUS" recovery kit --print --config "$home/agent.yaml" >"$work/kit" 2>&1
echo "  backup {\"directory\":\"$home/copies\"}" >>"$work/kit"
agent_state "$root/tests/whole/states/mail.yaml"
cat >"$home/state/backup.yaml" <<-YAML
	secrets: {recipients: {recovery: $(grep -o 'age1[a-z0-9]*' "$work/kit" | head -1)}}
	backups: {nightly: {to: {directory: $home/copies}}}
YAML
agent_start || exit 1
check "apply" posthus apply --wait
check "the first backup" posthus wait --for BackupFresh --timeout 30s backup/nightly
for user in anna bo carol; do printf 'pass-%s\n' $user | posthus account passwd $user >/dev/null; done

echo "-- the place vanishes"
mv "$home/copies" "$work/away"
refuse "a place that is gone is said, and not made anew" 1 "PlaceMissing" posthus backup run nightly
check "nothing was written beside it" test ! -e "$home/copies"
mkdir "$home/copies"
refuse "an empty place is not written over" 1 "BackupsLost" posthus backup run nightly
check "it is still empty" bash -c "[ -z \"\$(ls -A '$home/copies')\" ]"
check "status says so" bash -c "'$POSTHUS' status --config '$home/agent.yaml' | grep -q 'backup/nightly.*BackupsLost'"
check "mail goes on" judge send "$SMTP" anna@org.example while-lost
rmdir "$home/copies"
mv "$work/away" "$home/copies"
check "it is back, and so are the backups" posthus backup run nightly
check "an altered object is named" bash -c "
	file=\$(find '$home/copies' -path '*packs*' -type f | head -1)
	cp \"\$file\" '$work/pack'
	printf x | dd of=\"\$file\" bs=1 seek=100 conv=notrunc 2>/dev/null
	'$POSTHUS' backup verify nightly --config '$home/agent.yaml' 2>&1 | grep -F \"\$(basename \"\$file\")\"
	found=\$?
	cp '$work/pack' \"\$file\"
	exit \$found"
check "put right it verifies" posthus backup verify nightly

echo "-- another disk, and a person who means it"
mv "$home/copies" "$work/old-disk"
mkdir "$home/copies"
refuse "another disk is not written by itself" 1 "BackupsLost" posthus backup run nightly
check "a person takes it" posthus backup accept-loss nightly
check "what it has is whole" posthus backup verify nightly
check "and the next one goes on there" posthus backup run nightly

echo "-- kill -9 of a host that takes a backup under load, $kills times"
python3 "$root/tests/whole/lost_server.py" load "$SMTP" "$IMAPS" "$work/load" >"$work/load.log" 2>&1 &
load=$!
judge await "$work/load" 30
for round in $(seq "$kills"); do
	posthus backup run nightly --no-wait >/dev/null 2>&1
	python3 -c "import random, time; time.sleep(random.random() * 0.4)"
	kill -KILL "$agent_pid"
	wait "$agent_pid" 2>/dev/null
	kill "$load" 2>/dev/null
	wait "$load" 2>/dev/null
	agent_start || exit 1
	posthus wait --for BackupFresh --timeout 30s backup/nightly >/dev/null
	python3 "$root/tests/whole/lost_server.py" load "$SMTP" "$IMAPS" "$work/load.$round" >"$work/load.log" 2>&1 &
	load=$!
	judge await "$work/load.$round" 20
done
kill "$load"
wait "$load" 2>/dev/null
cat "$work/load" "$work"/load.[0-9]* >"$work/answered"
check "all is filed" agent_filed
check "no 250 and no OK was lost, nothing is there twice" judge holds "$IMAPS" "$work/answered"
run_until() { # a run that was begun by itself may be under way
	local i
	for i in $(seq 50); do
		posthus backup run nightly && return
		read -r -t 0.2 <> <(:)
	done
	return 1
}
check "a backup goes well behind it" run_until
check "and verifies" posthus backup verify nightly
judge quiet "$IMAPS"
check "the last one" run_until
judge dump "$IMAPS" "$work/before"
agent_stop

echo "-- kill -9 of a restore, $kills times"
mv "$home/data" "$work/gone"
for round in $(seq "$kills"); do
	"$POSTHUS" restore --kit "$work/kit" --to "$home/data" --config "$home/agent.yaml" >/dev/null 2>&1 &
	restore=$!
	python3 -c "import random, time; time.sleep(random.random() * 0.15)"
	kill -KILL "$restore" 2>/dev/null
	wait "$restore" 2>/dev/null
	[ -d "$home/data" ] && rm -rf "$home/data"
done
check "what was cut off goes on" "$POSTHUS" restore --kit "$work/kit" --to "$home/data" --config "$home/agent.yaml"
check "nothing is left beside it" test ! -e "$home/data.restoring"
agent_start || exit 1
judge dump "$IMAPS" "$work/after"
check "and all is there" judge same "$work/before" "$work/after"
finish
