#!/usr/bin/env bash
# Keys in memory: no core, no look into the process for others, no swap for keys. Of the agent and of its broker.
. "$(dirname "$0")/lib.sh"

agent_new
agent_state "$root/tests/whole/states/mail.yaml"
as=()
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$work"
	echo "user: nobody" >>"$home/agent.yaml"
	chown -R nobody "$home/data" && chown nobody "$home"
	as=(setpriv --reuid nobody --regid nogroup --clear-groups)
fi
agent_start || exit 1
check "apply" posthus apply --wait
broker=$(pgrep -P "$agent_pid")
[ -n "$broker" ] && ok "there is a broker" || bad "there is a broker"

# What a program of the same user can do to a process, as a line a way: open, refused, or the error.
look() {
	"${as[@]}" python3 - "$1" <<'PY'
import ctypes, errno, os, sys
pid = int(sys.argv[1]) or os.fork()
if pid == 0:  # a plain process of this user: it is there to be looked into
    import signal
    signal.pause()
libc = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH, PTRACE_DETACH = 16, 17


def say(way, error):
    print(way, {0: "open", errno.EACCES: "refused", errno.EPERM: "refused"}.get(error, os.strerror(error)))


for name in ("mem", "maps", "environ", "pagemap"):
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            if name == "environ":
                file.read(1)
        say(name, 0)
    except OSError as e:
        say(name, e.errno)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long
say("ptrace", 0 if libc.ptrace(PTRACE_ATTACH, pid, None, None) == 0 else ctypes.get_errno())
if sys.argv[1] == "0":
    os.kill(pid, 9)
PY
}
is_open() { look 0 >"$work/plain"; ! grep -v open "$work/plain"; }
is_shut() { look "$1" >"$work/ways"; [ "$(grep -c refused "$work/ways")" = 5 ] || { cat "$work/ways"; return 1; }; }
no_core() { grep -Eq '^Max core file size +0 +0 ' "/proc/$1/limits"; }
is_roots() { [ "$(stat -c %u "/proc/$1/mem")" = 0 ]; }

# VmFlags of the mappings that the kernel clears in a fork, as keys alone are: locked, not dumped, between guard pages.
slabs() {
	python3 - "$1" "$2" <<'PY'
import re, sys
slabs, before = [], None
with open(f"/proc/{sys.argv[1]}/smaps") as smaps:
    for block in re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", smaps.read()):
        found = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", block)
        if not found:
            continue
        flags = re.search(r"VmFlags: (.*)", block).group(1).split()
        if "wf" in flags and "dp" not in flags:  # dp: the state of the kernel's own getrandom()
            slabs.append((found.group(0), flags, re.search(r"Swap: +(\d+)", block).group(1), before))
        before = found
bad = [s for s in slabs if not {"lo", "dd"} <= set(s[1]) or s[2] != "0" or s[3].group(3) != "---p"]
print(len(slabs), *bad)
sys.exit(len(slabs) < int(sys.argv[2]) or bool(bad))
PY
}

if is_open; then ok "a plain process of that user can be looked into"; else skip "a plain process cannot be looked into here either: the ways below show little"; fi
for process in "$agent_pid agent 3" "$broker broker 1"; do
	read -r pid name least <<<"$process"
	check "K07 the $name leaves no core" no_core "$pid"
	check "K07 the $name is not dumpable: its files are root's" is_roots "$pid"
	check "K07 the $name opens neither its memory nor itself to another of its user" is_shut "$pid"
	if cat "/proc/$pid/smaps" >/dev/null 2>&1; then
		check "K07 the keys of the $name are locked, not dumped, guarded" slabs "$pid" "$least"
	else
		skip "K07 the keys of the $name: only root may look at its mappings, and not everywhere"
	fi
	check "K07 the $name has locked memory" grep -Eq '^VmLck:[[:space:]]+[1-9]' "/proc/$pid/status"
done
said_locked() { grep -q 'agent.keys locked=yes' "$home/log" && posthus status -o json | grep -q '"locked": *true' && ! posthus status | grep UNLOCKED; }
check "the log and the status say that the keys are locked" said_locked

# -- where the system does not let it: said, and served --

if [ -n "${as[*]}" ]; then
	agent_stop
	: >"$home/log"
	ulimit -S -l 0
	check "without the right to lock memory it starts" agent_start
	ulimit -S -l hard
	check "the log says that keys are not locked, and what to raise" grep -q 'agent.keys locked=no .*LimitMEMLOCK' "$home/log"
	check "of the master key, too" grep -q 'broker.keys locked=no .*LimitMEMLOCK' "$home/log"
	warned() { posthus doctor --offline | grep '^warn keys' | grep LimitMEMLOCK; }
	check "the doctor warns" warned
	unlocked() { posthus status | grep UNLOCKED && posthus status -o json | grep -q '"locked": *false'; }
	check "the status has it" unlocked
else
	skip "without the right to lock memory: the limit binds the tests themselves"
fi
finish
