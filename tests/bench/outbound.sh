#!/bin/bash
# outbound.sh -p PORT -r RCPT -s SINK -f 'command that sends what waits' [-l label] [-P 'server pids'] [-n messages: 1000] [-c connections in: 10] [-w through|drain: one of them alone]
# Mail of 10 KB that leads to another host: through the server while it comes, from the first octet in to the last message at
# smtp-sink on the port SINK, to which RCPT has to lead; then what a host that was away is owed, from the command on. SMTP_SINK
# names the program (Debian's postfix has it).
. "$(dirname "$0")/lib.sh"
label=target pids= n=1000 conns=10 ways="through drain"
while getopts p:r:s:f:l:P:n:c:w: o; do case $o in w) ways=$OPTARG;; p) port=$OPTARG;; r) rcpt=$OPTARG;; s) sink=$OPTARG;; f) flush=$OPTARG;; l) label=$OPTARG;; P) pids=$OPTARG;; n) n=$OPTARG;; c) conns=$OPTARG;; *) sed -n 2,5p "$0"; exit 2;; esac; done
[ -n "$port" ] && [ -n "$rcpt" ] && [ -n "$sink" ] && [ -n "$flush" ] && [ -x "$SMTP_SINK" ] || { sed -n 2,5p "$0"; exit 2; }
build
counted=$BENCH_TMP/outbound.$$
sink_pid= as=()
[ "$(id -u)" != 0 ] || as=(-u nobody)
sink_start() {
  "$SMTP_SINK" "${as[@]}" -c "127.0.0.1:$sink" 200 >"$counted" 2>&1 &
  sink_pid=$!
  until (exec 3<>"/dev/tcp/127.0.0.1/$sink") 2>/dev/null; do kill -0 "$sink_pid" || return 1; done
}
trap sink_stop EXIT
sink_stop() { [ -z "$sink_pid" ] || { kill "$sink_pid"; wait "$sink_pid" 2>/dev/null; sink_pid=; }; }
arrived() { local m; m=$(tail -c 80 "$counted" | tr '\r' '\n' | sed -n 's/.*mesg=\([0-9]*\).*/\1/p' | tail -1); echo "${m:-0}"; }
await_all() {
  local i
  for i in $(seq 2400); do [ "$(arrived)" -ge "$n" ] && return; read -r -t 0.05 <> <(:); done
  echo "$(arrived) of $n arrived" >&2
  return 1
}
load() { "$BENCH_BIN/smtpload" -p "$port" -R 1 -t 120 -r "$rcpt" -c "$conns" -n "$n" >/dev/null; }
cpu() { pst $pids | field cpu_s; }
# tell SINCE CPU: the line of one run
tell() {
  awk -v a="$1" -v b="$(date +%s.%N)" -v n="$(arrived)" -v c="$2" -v d="$(cpu)" \
    'BEGIN{printf "rate=%.1f srv_cpu_ms_per_op=%.3f\n", n/(b-a), (d-c)/n*1000}'
}
through() {
  local t c
  sink_start || return
  t=$(date +%s.%N) c=$(cpu)
  load && await_all && tell "$t" "$c"
  sink_stop
}
drain() {
  local t c
  load || return
  sink_start || return
  t=$(date +%s.%N) c=$(cpu)
  eval "$flush" >/dev/null && await_all && tell "$t" "$c"
  sink_stop
}
for what in $ways; do
  runs=
  for i in $(seq "$RUNS"); do
    line=$($what) || { echo "FAIL $label outbound $what"; exit 1; }
    runs=$runs$line$'\n'
  done
  printf '%-44s rate=%s srv_cpu_ms_per_op=%s\n' "$label outbound 10K $what" "$(printf %s "$runs" | median rate)" "$(printf %s "$runs" | median srv_cpu_ms_per_op)"
done
