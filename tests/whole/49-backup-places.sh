#!/usr/bin/env bash
# Where backups go: a directory, S3 with faults (ours) and without (s3rver of npm), OpenSSH's sftp. Each takes a folder,
# is changed, killed and taken up, and gives it back byte for byte; a restorer that knows docs/backup-format.md alone does, too.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/forge.sh"

TOOL=$(dirname "$POSTHUS")/tests/tools/backup_tool
[ -x "$TOOL" ] || { echo "$TOOL is not built" >&2; exit 2; }
home=$(mktemp -d "$work/home.XXXXXX")
read -r S3 S3RVER SSH < <(free_ports 3)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null' EXIT
mkdir -p "$home/mail/accounts" "$home/mail/intake" "$home/disk" "$home/s3/bucket" "$home/s3rver" "$home/there" "$home/forge"
forge=$home/forge
for i in 1 2 3 4 5 6; do head -c 3000000 /dev/urandom >"$home/mail/accounts/$i.db"; done
seq 100000 >"$home/mail/intake/words"
: >"$home/mail/empty"
head -c 32 /dev/urandom >"$home/host"
age-keygen -o "$home/id" 2>/dev/null
grep ^AGE-SECRET "$home/id" >"$home/identity"
recipient=$(age-keygen -y "$home/id")
change() { head -c 8192 /dev/urandom | dd of="$home/mail/accounts/$1.db" bs=8192 seek=100 conv=notrunc status=none; }

# back_up NAME TIME PLACE…; restored PLACE…: what comes out is what went in
back_up() {
	local name=$1 time=$2
	shift 2
	"$TOOL" "$@" "host=$home/host" "recipient=$recipient" "state=$home/state.$name" run "$home/mail" "$time" >"$home/run.$name" 2>"$work/said" ||
		{ cat "$work/said"; return 1; }
}
sent() { sed -n 's/.* sent=\([0-9]*\) .*/\1/p' "$home/run.$1"; }
restored() {
	local id
	id=$("$TOOL" "$@" list | tail -n 1 | cut -d' ' -f1) && rm -rf "$home/out" &&
		"$TOOL" "$@" "identity=$home/identity" restore "$id" "$home/out" && diff -r "$home/mail" "$home/out"
}
whole() { "$TOOL" "$@" "identity=$home/identity" deep | grep -q ' findings=0$'; }
# fails NAME TEXT PLACE…: a run that comes to nothing, and says so
fails() {
	local name=$1 text=$2
	shift 2
	refuse "$name" 1 "$text" "$TOOL" "$@" "host=$home/host" "recipient=$recipient" run "$home/mail" 9000
}

# -- a directory --

disk=("directory=$home/disk")
check "a directory takes a folder" back_up disk 1000 "${disk[@]}"
change 1
check "… and what changed of it" back_up disk 2000 "${disk[@]}"
little() { [ "$(sent disk)" -lt 150000 ]; }
check "… which is little" little
check "it comes back" restored "${disk[@]}"
alone() {
	rm -rf "$home/out" && python3 "$root/tests/whole/backup_restore.py" "$home/disk" "$home/id" "$home/out" >"$work/paths" && diff -r "$home/mail" "$home/out"
}
check "a restorer that knows the page alone restores it" alone
blind() { ! grep -rqaF -e accounts -e intake -e 12345 "$home/disk"; }
check "no name and no word of it can be read there" blind

# killed while it sends; the next run finds what arrived
for i in 1 2 3 4 5 6; do head -c 3000000 /dev/urandom >"$home/mail/accounts/$i.db"; done
count() { find "$home/disk/packs" -name '[0-9a-f]*' | wc -l; }
before=$(count)
"$TOOL" "${disk[@]}" "host=$home/host" "recipient=$recipient" "state=$home/state.disk" rate=4000000 run "$home/mail" 3000 >/dev/null 2>&1 </dev/null &
running=$!
arrived() { [ "$(count)" -gt "$before" ]; }
check "packs arrive" await arrived
kill -9 "$running"
wait "$running" 2>/dev/null
check "a run that was killed is taken up" back_up disk 4000 "${disk[@]}"
less() { [ "$(sent disk)" -lt 14000000 ]; }
check "… and sends the rest alone" less
check "… and all of it comes back" restored "${disk[@]}"
check "… and is whole" whole "${disk[@]}"

# a mount that goes while it sends
for i in 1 2; do head -c 9000000 /dev/urandom >"$home/mail/accounts/$i.db"; done
before=$(count)
"$TOOL" "${disk[@]}" "host=$home/host" "recipient=$recipient" rate=4000000 run "$home/mail" 5000 >/dev/null 2>"$work/vanished" </dev/null &
running=$!
await arrived
mv "$home/disk" "$home/elsewhere"
mkdir "$home/disk"
vanished() { ! wait "$running" && grep -q "PlaceMissing.*nothing is written beside" "$work/vanished" && [ -z "$(ls -A "$home/disk")" ]; }
check "a mount that vanishes is not written beside" vanished
fails "a target that looks empty is not written over" BackupsLost "${disk[@]}" "state=$home/state.disk"
rmdir "$home/disk"
mv "$home/elsewhere" "$home/disk"
check "it is back, and goes on" back_up disk 6000 "${disk[@]}"
check "… and all of it comes back" restored "${disk[@]}"

# a disk without room
full() {
	mkdir -p "$home/small" && mount -t tmpfs -o size=4m tmpfs "$home/small" 2>/dev/null
}
if full; then
	fails "a full disk says so" DiskFull "directory=$home/small"
	umount "$home/small"
else
	limited() { ( ulimit -f 4000; trap '' XFSZ; ! back_up small 1000 "directory=$home/small" >"$work/small" 2>&1 ) && grep -q "look at the disk" "$work/small"; }
	check "a disk that takes no more says so" limited
fi

# -- S3, with faults --

echo backup-key >"$home/access"
echo very-secret >"$home/secret"
python3 "$root/tests/lib/s3/server.py" "$S3" "$home/s3" backup-key very-secret >"$home/s3.out" 2>"$home/s3.err" </dev/null &
pids+=($!)
check "a bucket is there" await grep -q ready "$home/s3.out"
keys=("access=$home/access" "secret=$home/secret")
s3=("s3=http://127.0.0.1:$S3" bucket=bucket "${keys[@]}" patience=2000)
faults() { curl -s -X PUT -d "$1" "http://127.0.0.1:$S3/-/faults"; }
counted() { curl -s "http://127.0.0.1:$S3/-/count" | grep -q "\"$1\": [1-9]"; }
faults '{"503": 5, "reset": 7, "half": 4, "page": 2}'
check "S3 takes it, through 503, resets, half answers, small pages" back_up s3 1000 "${s3[@]}"
change 2
check "… and what changed" back_up s3 2000 "${s3[@]}"
check "… and it comes back through them" restored "${s3[@]}"
check "… and is whole" whole "${s3[@]}"
check "there were 503" counted 503
check "there were resets" counted reset
faults '{"hang": 7}'
change 3
check "an answer that does not come is asked for again" back_up s3 3000 "${s3[@]}" patience=1000
check "one did not come" counted hang
faults '{"keep": 1}'
kept() { "$TOOL" "${s3[@]}" "host=$home/host" prune 1 90000000 | grep -q refused=1; }
check "K04 a key that cannot delete is enough; prune says so" kept
for wrong in circle endless cut foreign; do
	faults "{\"$wrong\": 1, \"page\": 1}"
	fails "K03 a listing that is wrong ($wrong) ends" AnswerMalformed "${s3[@]}"
done
faults '{"redirect": 1}'
fails "K03 a redirection is refused" "redirection" "${s3[@]}"
faults '{}'
echo wrong >"$home/wrong"
fails "a wrong secret says so" "is secret_key the one" "s3=http://127.0.0.1:$S3" bucket=bucket "access=$home/access" "secret=$home/wrong"
fails "a bucket that is not there says so" "make the bucket" "s3=http://127.0.0.1:$S3" bucket=none "${keys[@]}"
check "after all that it comes back" restored "${s3[@]}"
check "… from a bucket that is named by the host, too" restored "s3=http://localhost:$S3" bucket=bucket hosted=1 "${keys[@]}"

# -- S3, of others --

modules=$(packages_npm "$root/tests/whole/s3rver") || exit 1
echo S3RVER >"$home/s3rver.key"
NODE_PATH=$modules/node_modules node "$root/tests/whole/s3rver/server.js" "$S3RVER" "$home/s3rver" bucket >"$home/s3rver.out" 2>"$home/s3rver.err" </dev/null &
pids+=($!)
check "s3rver is there" await grep -q ready "$home/s3rver.out"
rver=("s3=http://127.0.0.1:$S3RVER" bucket=bucket "access=$home/s3rver.key" "secret=$home/s3rver.key")
check "s3rver takes it" back_up s3rver 1000 "${rver[@]}"
change 4
check "… and what changed" back_up s3rver 2000 "${rver[@]}"
check "… and it comes back" restored "${rver[@]}"
check "… and is whole" whole "${rver[@]}"

# -- sftp --

for name in host other deploy stranger; do ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$forge/$name"; done
cp "$forge/deploy.pub" "$forge/authorized"
echo "[127.0.0.1]:$SSH $(cut -d' ' -f1,2 "$forge/host.pub")" >"$home/known_hosts"
sftp=(sftp=127.0.0.1 "port=$SSH" "user=$(id -un)" "path=$home/there" "key=$forge/deploy" "known_hosts=$home/known_hosts")
sshd_start host
check "sftp takes it" back_up sftp 1000 "${sftp[@]}"
change 5
check "… and what changed" back_up sftp 2000 "${sftp[@]}"
check "… and it comes back" restored "${sftp[@]}"
check "… and is whole" whole "${sftp[@]}"
fails "a key that is not known there says so" AuthFailed "${sftp[@]}" "key=$forge/stranger"
fails "a directory that is not there says so" PlaceMissing "${sftp[@]}" "path=$home/nowhere"
sshd_stop
fails "nobody answers: it says so" ConnectionFailed "${sftp[@]}"
sshd_start other
fails "another host key is not trusted" PeerUntrusted "${sftp[@]}"
sshd_stop
finish
