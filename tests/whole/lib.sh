# shellcheck shell=bash
# Sourced by the scripts here: a running agent in a folder of its own, on free loopback ports.
#
#   agent_new             makes $home: master key, agent.yaml, free ports; nothing runs yet
#   own_address           an address of 127.0.0.0/8 that no other script has
#   agent_certificate     a certificate for localhost in $home/chain.pem, for the states that follow
#   agent_state FILE…     copies state files into $home/state, @SMTP@ and the like replaced by the ports
#   agent_start           starts it and waits until its socket answers; $agent_pid
#   agent_filed           waits until every accepted message is in its mailbox
#   agent_stop            SIGTERM, and waits; its exit is $agent_exit
#   posthus WORD…         the command line, speaking to this agent
#   check NAME COMMAND…   passes where the command exits 0 within $limit seconds
#   refuse NAME CODE TEXT COMMAND…   passes where it exits CODE and says TEXT
#   finish                the last line: N passed, N failed, N skipped
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${POSTHUS:=$root/build-release/posthus}"
: "${limit:=60}"
# Debian's programs before any other
PATH=/usr/bin:/usr/sbin:/bin:$PATH
[ -x "$POSTHUS" ] || { echo "$POSTHUS is not built; run tests/run.sh release" >&2; exit 2; }

passed=0 failed=0 skipped=0
work=$(mktemp -d "${TMPDIR:-/tmp}/posthus-whole.XXXXXX")
agent_pid=

ok() { passed=$((passed + 1)); echo "ok   $*"; }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }
skip() { skipped=$((skipped + 1)); echo "skip $*"; }

check() {
	local name=$1
	shift
	if run_limited "$@" >"$work/out" 2>&1; then
		ok "$name"
	else
		bad "$name (exit $?)"
		tail -n 20 "$work/out" | sed 's/^/     /'
	fi
}

# Functions run here, programs under a time limit.
run_limited() {
	if declare -F "$1" >/dev/null; then "$@"; else timeout -k 5 "$limit" "$@" </dev/null; fi
}

refuse() {
	local name=$1 code=$2 text=$3 got
	shift 3
	run_limited "$@" >"$work/out" 2>&1
	got=$?
	if [ "$got" = "$code" ] && grep -qF -- "$text" "$work/out"; then
		ok "$name"
	else
		bad "$name (exit $got, wanted $code and: $text)"
		tail -n 20 "$work/out" | sed 's/^/     /'
	fi
}

finish() {
	[ -z "$agent_pid" ] || agent_stop
	rm -rf "$work"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
}

# free_ports N: that many ports that nobody listens on, and that were given to nobody before (POSTHUS_PORTS has them: of one run of the suite), below those that the system gives to outgoing connections: of these
# one may be taken again before anybody listens on it, and a connection to one where nobody does may meet itself
free_ports() {
	python3 - "$1" "${POSTHUS_PORTS:-$work/ports}" <<'PY'
import fcntl, random, socket, sys
given = open(sys.argv[2], "a+")
fcntl.flock(given, fcntl.LOCK_EX)
given.seek(0)
taken = set(map(int, given.read().split()))
with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
    end = min(int(f.read().split()[0]), 32768)
held = []
while len(held) < int(sys.argv[1]):
    s = socket.socket()
    try:
        s.bind(("127.0.0.1", random.randrange(10240, end) if end > 12000 else 0))
    except OSError:
        s.close()
        continue
    held.append(s)
    if s.getsockname()[1] in taken:
        held.pop().close()
ports = [s.getsockname()[1] for s in held]
print(*ports, file=given)
print(*ports)
PY
}

# free_port_on ADDRESS…: one port that is free on all of them, for TCP and UDP
free_port_on() {
	local port
	while port=$(free_ports 1); do
		python3 - "$port" "$@" <<'PY' && echo "$port" && return
import socket, sys
held = []
try:
    for address in sys.argv[2:]:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            held.append(socket.socket(socket.AF_INET, kind))
            held[-1].bind((address, int(sys.argv[1])))
except OSError:
    sys.exit(1)
PY
	done
}

# An address of this machine for a port that has to be a certain one: scripts run side by side.
own_address() { echo "127.$((RANDOM % 200 + 20)).$((RANDOM % 250 + 2)).$((RANDOM % 250 + 2))"; }

posthus() { "$POSTHUS" "$1" --config "$home/agent.yaml" "${@:2}"; }

agent_new() {
	home=$(mktemp -d "$work/home.XXXXXX")
	mkdir -m 700 "$home/data" "$home/state"
	read -r SMTP SUBMISSION SUBMISSIONS IMAP IMAPS < <(free_ports 5)
	cat >"$home/agent.yaml" <<-YAML
		data: $home/data
		control: $home/control.sock
		master_key: {host_file: $home/master.key}
		state: {path: $home/state}
		allow: {host_files: [$home/chain.pem, $home/key.pem]}
	YAML
	CERTS=none
	"$POSTHUS" key init "$home/master.key" >/dev/null
}

# A certificate for localhost from files of the host, as its own authority.
agent_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-keyout "$home/key.pem" -out "$home/chain.pem" 2>/dev/null
	CERTS="{mail: {files: {chain: $home/chain.pem, key: {host_file: $home/key.pem}}}}"
}

agent_state() {
	local file
	for file in "$@"; do
		sed -e "s/@SMTP@/$SMTP/g; s/@SUBMISSION@/$SUBMISSION/g; s/@SUBMISSIONS@/$SUBMISSIONS/g" \
			-e "s/@IMAP@/$IMAP/g; s/@IMAPS@/$IMAPS/g; s|@CERTS@|$CERTS|g" "$file" >"$home/state/$(basename "$file")"
	done
}

agent_start() {
	"$POSTHUS" run --config "$home/agent.yaml" >>"$home/log" 2>&1 &
	agent_pid=$!
	posthus wait --timeout 30s >/dev/null 2>"$work/wait" &
	local waiter=$!
	wait -n "$agent_pid" "$waiter" # whichever ends first: the agent only where it cannot start
	if kill -0 "$agent_pid" 2>/dev/null; then
		wait "$waiter"
		return
	fi
	kill "$waiter" 2>/dev/null
	wait "$agent_pid"
	agent_exit=$?
	agent_pid=
	tail -n 20 "$home/log"
	return 1
}

# Nothing lies between 250 and a mailbox any more.
agent_filed() {
	local i
	for i in $(seq 300); do
		posthus status -o json | python3 -c 'import json,sys; sys.exit(json.load(sys.stdin)["runtime"]["waiting"])' && return
		read -r -t 0.1 <> <(:)
	done
	return 1
}

agent_stop() {
	kill -TERM "$agent_pid" 2>/dev/null
	wait "$agent_pid"
	agent_exit=$?
	agent_pid=
}

trap 'finish >/dev/null; exit 130' INT TERM
