#!/bin/bash
# beside.sh [ROUNDS: 5]
# posthus and Postfix beside each other: each line of the table is measured of both within the same minute, ROUNDS times in turn, so
# that what else the machine does hits both. Postfix stores into maildirs, as Debian configures it; both flush before their 250.
# Root; Postfix is unpacked from Debian's package, not installed. Prints rows for docs/performance.md.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
rounds=${1:-5}
export VERBOSE=${VERBOSE:-}
export POSTHUS=${POSTHUS:-$root/build-release/posthus}
export BENCH_TMP=${BENCH_TMP:-$(mktemp -d "${TMPDIR:-/tmp}/posthus-beside.XXXXXX")}
export BENCH_PORT_BASE=${BENCH_PORT_BASE:-18000} PEERS=postfix NOINSTALL=1
away=$((BENCH_PORT_BASE + 99))
# shellcheck source=tests/whole/lib.sh
. "$root/tests/whole/lib.sh"
# shellcheck source=tests/bench/agent.sh
. "$here/agent.sh"
# shellcheck source=tests/bench/lib.sh
. "$here/lib.sh"
build
end() {
  bash "$here/peers-down.sh"
  [ -z "$agent_pid" ] || agent_stop
  rm -rf "$work"
}
trap end EXIT
POSTFIX_EXTRA="relayhost = [127.0.0.1]:$away" bash "$here/peers-up.sh" >"$BENCH_TMP/up" 2>&1 || { cat "$BENCH_TMP/up"; exit 1; }
. "$PEERS_ENV"
serve_bench || exit 1
export SMTP_SINK=$S/root/usr/sbin/smtp-sink LD_LIBRARY_PATH=$S/root/usr/lib/postfix
ours_filed() { "$BENCH_BIN/imapload" -p "$IMAPS" -T -m status -K 20 -u 'u%d@bench.test' -w benchpass; }
theirs_filed() { find "$S"/vmd/*/pf/new -type f 2>/dev/null | wc -l; }
ours_flush() { posthus queue retry all; }
theirs_flush() { MAIL_CONFIG=$S/postfix/conf "$S/root/usr/sbin/postqueue" -f; }
ours=("$SMTP" 'u%d@bench.test' "$agent_pid" away@bench.test "$SINK")
theirs=("$POSTFIX_PORT" 'u%d@vmd.test' "$POSTFIX_PID" away@sink.test "$away")

# until WHO COUNT: so many are in mailboxes
until_filed() {
  local i
  for i in $(seq 1200); do [ "$("$1_filed")" -ge "$2" ] && return; read -r -t 0.1 <> <(:); done
  return 1
}
# accept WHO CONNECTIONS MESSAGES [OPTION…]: the line of smtpload, and what of it came late
accept() {
  local -n who=$1
  local before
  before=$("$1_filed")
  RUNS=1 measure "$1" "${who[2]}" "$BENCH_BIN/smtpload" -p "${who[0]}" -R 20 -t 90 -r "${who[1]}" -c "$2" -n "$3" "${@:4}"
  until_filed "$1" $((before + $3)) || echo "$1 lost some" >&2
}
# filed WHO CONNECTIONS MESSAGES: from the first octet to the last message in a mailbox
filed() {
  local -n who=$1
  local before t c
  before=$("$1_filed") c=$(pst "${who[2]}" | field cpu_s) t=$(date +%s.%N)
  "$BENCH_BIN/smtpload" -p "${who[0]}" -R 20 -t 90 -r "${who[1]}" -c "$2" -n "$3" >/dev/null
  until_filed "$1" $((before + $3)) || echo "$1 lost some" >&2
  awk -v a="$t" -v b="$(date +%s.%N)" -v n="$3" -v c="$c" -v d="$(pst "${who[2]}" | field cpu_s)" \
    'BEGIN{printf "rate=%.1f p99_ms=0 srv_cpu_ms_per_op=%.3f\n", n/(b-a), (d-c)/n*1000}'
}
# outbound WHO through|drain: as outbound.sh says
outbound() {
  local -n who=$1
  RUNS=1 bash "$here/outbound.sh" -p "${who[0]}" -r "${who[3]}" -s "${who[4]}" -P "${who[2]}" -w "$2" -f "$(declare -f posthus "$1_flush"); POSTHUS='$POSTHUS' home='$home' S='$S'; $1_flush"
}
# row NAME FUNCTION [WORD…]: both, in turn
row() {
  local name=$1 how=$2 i who lines ratios=
  local -A all=()
  for i in $(seq "$rounds"); do
    lines=()
    for who in ours theirs; do
      lines+=("$($how "$who" "${@:3}" | tail -n 1)")
      all[$who]+=${lines[-1]}$'\n'
    done
    ratios+="ratio=$(awk -v a="$(field rate <<<"${lines[0]}")" -v b="$(field rate <<<"${lines[1]}")" 'BEGIN{printf "%.2f", b ? a/b : 0}')"$'\n'
  done
  local p99="–"
  [ "$how" != accept ] || p99="$(median p99_ms <<<"${all[ours]}") / $(median p99_ms <<<"${all[theirs]}") ms"
  printf '| %s | %s | %s | %s | %s ms | %s ms | %s |\n' "$name" "$(median rate <<<"${all[ours]}")" "$(median rate <<<"${all[theirs]}")" \
    "$(median ratio <<<"$ratios")" "$(median srv_cpu_ms_per_op <<<"${all[ours]}")" "$(median srv_cpu_ms_per_op <<<"${all[theirs]}")" "$p99"
}
for who in ours theirs; do accept $who 2 40 >/dev/null; done
echo "load $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) cores, $rounds rounds"
echo "| 10 KB | posthus/s | Postfix/s | ratio | CPU a message | Postfix | p99 of both |"
echo "| --- | --- | --- | --- | --- | --- | --- |"
row "accept, 10 connections" accept 10 1000
row "accept, 50 connections" accept 50 1500
row "into the mailbox, 20 connections" filed 20 1500
row "through to another host" outbound through
row "what waits for a host, once it is back" outbound drain
echo "load $(cut -d' ' -f1-3 /proc/loadavg)"
