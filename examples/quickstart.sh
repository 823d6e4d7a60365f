#!/usr/bin/env bash
# From nothing to a running mail server, on loopback ports and without root (but for apt-get):
# builds posthus, starts it with examples/quickstart/state, sends a message in over SMTP, reads
# it back over IMAP, changes the state and applies that.
#
#   examples/quickstart.sh [--keep]      --keep leaves the agent running
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tests/packages.sh
. tests/packages.sh

keep=
case ${1:-} in
--keep) keep=yes ;;
'') ;;
*) sed -n '2,/^set/p' "$0" | grep '^#'; exit 1 ;;
esac

bold=$(tput bold 2>/dev/null || true) plain=$(tput sgr0 2>/dev/null || true)
[ -t 1 ] || bold='' plain=''
step() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
show() { printf '%s$ posthus %s%s\n' "$bold" "$*" "$plain"; "$posthus" "$1" --config "$home/agent.yaml" "${@:2}"; }

step "1 · What it needs, and the build"
packages_install quickstart
[ -f build/build.ninja ] || meson setup build --buildtype=release >build-quickstart.log 2>&1 || { cat build-quickstart.log; exit 1; }
rm -f build-quickstart.log
ninja -C build posthus | tail -n 1
posthus=$PWD/build/posthus
"$posthus" version

step "2 · A state of your own, a master key, and the agent"
home=${POSTHUS_QUICKSTART:-$PWD/build/quickstart}
if [ -f "$home/agent.pid" ] && kill -0 "$(cat "$home/agent.pid")" 2>/dev/null; then
	kill "$(cat "$home/agent.pid")"
	tail --pid="$(cat "$home/agent.pid")" -f /dev/null
fi
rm -rf "$home"
mkdir -p "$home"
cp -r examples/quickstart/. "$home/"
show key init
"$posthus" run --config "$home/agent.yaml" >"$home/log" 2>&1 &
echo $! >"$home/agent.pid"
stop() {
	[ -n "$keep" ] && [ "$1" = 0 ] && return
	kill "$(cat "$home/agent.pid")" 2>/dev/null && wait "$(cat "$home/agent.pid")" || true
	rm -f "$home/agent.pid"
	[ "$1" = 0 ] || { echo "the agent's log:"; tail -n 20 "$home/log"; } >&2
}
trap 'stop $?' EXIT

step "3 · The plan: what would be done, and nothing is"
"$posthus" wait --config "$home/agent.yaml" --timeout 20s >/dev/null # its socket answers once its stores have recovered
show plan

step "4 · Apply it, and see how things are"
show apply --wait
show status

step "5 · Anna chooses a password; a message comes in over SMTP"
echo 'correct horse battery staple' | show account passwd anna
{
	printf 'From: Otto <otto@elsewhere.example>\r\nTo: hello@org.example\r\n'
	printf 'Subject: It works\r\nDate: %s\r\n\r\nThis went through SMTP into an encrypted file.\r\n' "$(date -R)"
} >"$home/message.eml"
# --insecure: the certificate is self-signed, and this is the same machine
curl -sS --insecure --ssl-reqd --url smtp://127.0.0.1:2525 --mail-from otto@elsewhere.example \
	--mail-rcpt hello@org.example --upload-file "$home/message.eml"
echo "accepted"

step "6 · She reads it over IMAP"
read_mail() { curl -sS --insecure --user "$1:$2" "imaps://127.0.0.1:2993/INBOX;MAILINDEX=${3:-*}"; }
read_mail anna@org.example 'correct horse battery staple' | tee "$home/read.eml"
grep -q 'This went through SMTP' "$home/read.eml"

step "7 · Change the state: a new address, a new user; no restart"
cat >"$home/state/more.yaml" <<'YAML'
users:
  eva@org.example: {id: eva, name: Eva, addresses: [e.ek@org.example]}
aliases:
  team@org.example: [anna, bo, eva]
YAML
show apply --wait
sed 's/It works/To the whole team/' "$home/message.eml" >"$home/second.eml"
curl -sS --insecure --ssl-reqd --url smtp://127.0.0.1:2525 --mail-from otto@elsewhere.example \
	--mail-rcpt team@org.example --upload-file "$home/second.eml"
echo 'another good password' | show account passwd eva
read_mail e.ek@org.example 'another good password' 1 | grep '^Subject: To the whole team'

step "8 · Applied twice is applied once"
show apply

step "Done"
cat <<TEXT
What you have just seen runs from these files:
  $home/state        the state: edit it, then \`posthus plan\` and \`posthus apply\`
  $home/agent.yaml   the agent's own file: give it to each command with --config
  $home/data         everything that was received, encrypted
TEXT
if [ -n "$keep" ]; then
	cat <<TEXT
The agent goes on (pid $(cat "$home/agent.pid")). Try:
  build/posthus get user --config $home/agent.yaml
  build/posthus resolve team@org.example --state $home/state
  mutt -f imaps://anna@org.example@127.0.0.1:2993/        (password: correct horse battery staple)
  kill $(cat "$home/agent.pid")
TEXT
else
	echo "The agent has stopped. \`examples/quickstart.sh --keep\` leaves it running; \`posthus init\` starts a server of your own."
fi
