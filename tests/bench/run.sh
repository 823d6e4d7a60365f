#!/usr/bin/env bash
# The benchmarks: start and rest, 10,000 users, effects that fail, SMTP into the mailbox, IMAP out of it, 10,000 sessions that idle, 10,000 that are slow.
#
#   tests/bench/run.sh [--smoke] [--peers]
#
# --smoke   few messages and users: shows that the benchmarks run, judges nothing
# --peers   starts Postfix and Dovecot on loopback (root; from Debian's packages) and measures them in
#           the same run, since figures of this kind mean something only beside each other
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export POSTHUS=${POSTHUS:-$root/build-release/posthus}
smoke='' peers=''
for word; do
	case $word in
	--smoke) smoke=yes ;;
	--peers) peers=yes ;;
	*) sed -n '2,/^set/p' "$0" | grep '^#'; exit 2 ;;
	esac
done
export RUNS=${RUNS:-3}
passed=0 failed=0
section() {
	local name=$1
	shift
	echo "-- $name"
	if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $name"; fi
}

# shellcheck source=tests/whole/lib.sh
. "$root/tests/whole/lib.sh"
# shellcheck source=tests/bench/agent.sh
. "$here/agent.sh"
smtp() { bash "$here/smtp.sh" -p "$SMTP" -r 'u%d@bench.test' -l posthus -P "$agent_pid" "$@"; }
imap() { bash "$here/imap.sh" -p "$IMAPS" -S -M -u 'u%d@bench.test' -w benchpass -l posthus -P "$agent_pid" "$@"; }
delivered() { "$BENCH_BIN/imapload" -p "$IMAPS" -T -m status -K 20 -u 'u%d@bench.test' -w benchpass; }

isolation() {
	ninja -C "$root/build-release" tests/bench/isolation >/dev/null &&
		"$root/build-release/tests/bench/isolation" "$root/tests/lib/probe/service" "${1:-15}" 2>/dev/null
}

smoke_load() {
	. "$here/lib.sh"
	build
	"$BENCH_BIN/smtpload" -p "$SMTP" -R 20 -r 'u%d@bench.test' -c 10 -n 200 -t 60 &&
		"$BENCH_BIN/imapload" -p "$IMAPS" -T -w benchpass -t 60 -m append -K 4 -u 'u%d@bench.test' -b A1 -k -c 4 -n 100 &&
		"$BENCH_BIN/imapload" -p "$IMAPS" -T -w benchpass -t 60 -m cmd -u u0@bench.test -b A1 -n 20 -C 'FETCH 1:* (UID FLAGS ENVELOPE)' &&
		"$BENCH_BIN/imapload" -p "$IMAPS" -T -w benchpass -t 60 -m notify -u u0@bench.test -b INBOX -c 5 -n 5 -s 1024
}

if [ -n "$smoke" ]; then
	section "start, rest, 500 users" "$here/scale" 500
	section "the reconciler with 300 users" "$here/reconcile" --runs 1 --ticks 0 300
	section "files that are hard to decide" "$here/validate" --runs 1 "unknown domains" brackets "one list" "noise of YAML"
	section "an agent with forty users" serve_bench
	section "load over SMTP and IMAP" smoke_load
	section "300 sessions that idle" "$here/idle" 300
	section "300 slow connections" "$here/slow" 300
else
	section "start, rest, 10,000 users" "$here/scale" 10000
	section "the reconciler, 1,000 to 100,000 users" "$here/reconcile"
	section "files that are hard to decide" "$here/validate"
	section "a thousand effects outside, of which one in a hundred fails" isolation
	section "an agent with forty users" serve_bench
	. "$here/lib.sh"
	build
	section "SMTP" smtp -k "$BENCH_BIN/imapload -p $IMAPS -T -m status -K 20 -u 'u%d@bench.test' -w benchpass"
	section "IMAP" imap -b 'login append fill read store search idle notify' -i '200 1000'
	section "10,000 sessions that idle" "$here/idle" 10000
	section "10,000 slow connections" "$here/slow" 10000
	[ -z "$peers" ] || section "peers" bash "$here/run-peers.sh" smtp-virtual smtp-lmtp imap
fi
[ -z "$agent_pid" ] || agent_stop
rm -rf "$work"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
