#!/usr/bin/env bash
# The systemd unit as it is installed: what systemd itself says of its exposure, and that a socket handed over is served.
. "$(dirname "$0")/lib.sh"

work_unit=$work/posthus.service
sed "s|@bindir@|$(dirname "$POSTHUS")|" "$root/examples/systemd/posthus.service" >"$work_unit"
cp "$root/examples/systemd/posthus.socket" "$work/posthus.socket"
exposure() { # at most 1.5, printed
	systemd-analyze security --no-pager --offline=true "$work_unit" >"$work/exposure" 2>&1
	score=$(sed -n 's/^→ Overall exposure level for posthus.service: \([0-9.]*\).*/\1/p' "$work/exposure")
	echo "     systemd-analyze security: ${score:-none}"
	[ -n "$score" ] && awk -v s="$score" 'BEGIN { exit !(s <= 1.5) }'
}
if exposure; then ok "the unit's exposure is at most 1.5"; else bad "the unit's exposure is at most 1.5"; tail -n 20 "$work/exposure"; fi
verified() { ! systemd-analyze verify --no-pager --man=no "$work_unit" "$work/posthus.socket" 2>&1 | grep -E 'posthus\.(service|socket):.*(Unknown|Failed to parse|Invalid|not executable)'; }
check "systemd understands every line of it" verified

# What a manager does for a socket unit: it listens, and hands the descriptor over.
agent_new
agent_state "$root/tests/whole/states/mail.yaml"
handed_over() {
	python3 - "$SMTP" "$POSTHUS" "$home/agent.yaml" "$home/log" <<-'PY'
		import os, socket, sys
		port, posthus, config, log = sys.argv[1:]
		s = socket.socket()
		s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		s.bind(("127.0.0.1", int(port)))
		s.listen(64)
		pid = os.fork()
		if pid == 0:
		    fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
		    os.dup2(fd, 1)
		    os.dup2(fd, 2)
		    os.dup2(s.fileno(), 3)
		    os.set_inheritable(3, True)
		    os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="smtp")
		    os.execv(posthus, [posthus, "run", "--config", config])
		print(pid)
	PY
}
agent_pid=$(handed_over)
check "an agent with a socket from its manager" posthus wait --timeout 30s
check "applies" posthus apply --wait
check "and serves it" curl -sS --max-time 10 "smtp://127.0.0.1:$SMTP" -X NOOP
confined() { grep -q 'agent.sandbox level="landlock and seccomp"' "$home/log"; }
said() { grep -q 'agent.sandbox level=' "$home/log"; }
check "the log says how it is confined" said
if confined; then ok "by all of the sandbox"; else skip "by all of the sandbox: this kernel has $(sed -n 's/.*agent.sandbox level=//p' "$home/log" | tail -n 1)"; fi
kill "$agent_pid"
agent_pid=

# -- under the system calls that the unit lets in --

agent_new
agent_state "$root/tests/whole/states/mail.yaml"
cat >"$work/filtered" <<-SH
	#!/bin/sh
	exec python3 "$root/tests/whole/unit_filter.py" "$work_unit" "$POSTHUS" "\$@"
SH
chmod +x "$work/filtered"
refuse "the unit's filter fails what it does not let in" 0 "Operation not permitted" python3 "$root/tests/whole/unit_filter.py" "$work_unit" /usr/bin/nice -n 1 true
start_filtered() { POSTHUS=$work/filtered agent_start; }
check "the agent and its broker start under it" start_filtered
filtered() { [ -z "$(for p in "$agent_pid" $(pgrep -P "$agent_pid"); do sed -n 's/^Seccomp:[[:space:]]*//p' "/proc/$p/status"; done | grep -v 2)" ]; }
check "with it" filtered
check "apply" posthus apply --wait
mail() {
	printf 'From: x@elsewhere.example\r\nSubject: x\r\n\r\nx\r\n' >"$work/m.eml"
	curl -sS --max-time 10 "smtp://127.0.0.1:$SMTP" --mail-from x@elsewhere.example --mail-rcpt anna@org.example -T "$work/m.eml"
}
check "take mail" mail
check "and file it" agent_filed
if confined; then ok "and confine themselves as they do without it"; else skip "and confine themselves: this kernel has $(sed -n 's/.*agent.sandbox level=//p' "$home/log" | tail -n 1)"; fi
agent_stop

# -- started as root: it becomes somebody else, and can still open a low port --

if [ "$(id -u)" = 0 ]; then
	agent_new
	chmod 755 "$work"
	agent_state "$root/tests/whole/states/mail.yaml"
	sed -i "s/smtp: \"127.0.0.1:$SMTP\"/smtp: \"127.0.0.77:25\"/" "$home/state/mail.yaml"
	grep -q 127.0.0.77 "$home/state/mail.yaml" || bad "the state names a low port"
	echo "user: nobody" >>"$home/agent.yaml"
	chown -R nobody "$home/data" && chown nobody "$home"
	check "started as root" agent_start
	check "it applies a state with port 25" posthus apply --wait
	check "and serves it" curl -sS --max-time 10 "smtp://127.0.0.77:25" -X NOOP
	nobody() { [ "$(ps -o user= --pid "$agent_pid" | tr -d ' ')" = nobody ] && [ -z "$(ps -o user= --ppid "$agent_pid" | grep -v nobody)" ]; }
	check "the agent and its broker are nobody's" nobody
	bare() { # CAP_NET_BIND_SERVICE, and nothing that could come back
		grep -q '^CapEff:.*0000000000000400$' "/proc/$agent_pid/status" && grep -q '^CapPrm:.*0000000000000400$' "/proc/$agent_pid/status" &&
			grep -q '^CapBnd:.*0000000000000000$' "/proc/$agent_pid/status" && grep -q '^NoNewPrivs:.*1$' "/proc/$agent_pid/status" &&
			grep -q '^Groups:[[:space:]]*$' "/proc/$agent_pid/status"
	}
	check "with one right and no group" bare
	sed -i 's/127.0.0.77:25/127.0.0.77:26/' "$home/state/mail.yaml"
	check "a later state moves the port" posthus apply --wait
	check "and it is served there" curl -sS --max-time 10 "smtp://127.0.0.77:26" -X NOOP
	agent_stop
	sed -i 's/^user: .*/user: nobody-of-this-name/' "$home/agent.yaml"
	start_plain() { timeout 20 "$POSTHUS" run --config "$home/agent.yaml"; }
	refuse "a user that is not there" 3 "this host has none of that name" start_plain
	sed -i 's/^user: .*/user: root/' "$home/agent.yaml"
	refuse "a user who is root" 3 "who is root" start_plain
else
	skip "giving up root: the tests do not run as root"
fi
finish
