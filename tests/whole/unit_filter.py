#!/usr/bin/env python3
"""Runs a command under the system call filter that a unit file asks systemd for.

    unit_filter.py UNIT COMMAND…

Its SystemCallFilter= lines are read as systemd reads them, with the sets as `systemd-analyze
syscall-filter` prints them; what is not let in fails with EPERM, as the unit says."""
import ctypes
import errno
import os
import platform
import re
import struct
import subprocess
import sys

# linux/audit.h, linux/filter.h, linux/seccomp.h, linux/prctl.h
ARCHES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL, KILL = 0x7FFF0000, 0x00050000, 0x80000000
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, MODE_FILTER = 22, 38, 2


def read_sets():
    sets, name = {}, None
    text = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"], capture_output=True, text=True, check=True)
    for line in text.stdout.splitlines():
        word = re.sub(r"\x1b\[[0-9;]*m", "", line)
        if word.startswith("@"):
            name = word.strip()
            sets[name] = []
        elif word.startswith("#"):
            name = None  # the calls that are in no set
        elif name and word.strip() and not word.strip().startswith("#"):
            sets[name].append(word.strip())
    return sets


def expand(word, sets):
    if not word.startswith("@"):
        return {word}
    return set().union(*(expand(w, sets) for w in sets[word]))


def allowed(unit, sets):
    calls = None
    for line in open(unit, encoding="utf-8"):
        found = re.match(r"SystemCallFilter=(~?)(.*)", line)
        if not found:
            continue
        words = set().union(*(expand(w, sets) for w in found.group(2).split()))
        if calls is None:
            if found.group(1):
                sys.exit("the first SystemCallFilter= of the unit lets nothing in")
            calls = expand("@default", sets)
        calls = calls - words if found.group(1) else calls | words
    if not calls:
        sys.exit("the unit has no SystemCallFilter=")
    return calls


def numbers():
    """Of this machine's system calls, by name, as its C compiler knows them."""
    text = subprocess.run(["gcc", "-E", "-dM", "-include", "sys/syscall.h", "-x", "c", "/dev/null"], capture_output=True,
                          text=True, check=True)
    return {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)$", text.stdout, re.MULTILINE)}


def program(calls):
    known = numbers()
    steps = [(LOAD, 0, 0, 4), (IF_EQUAL, 1, 0, ARCHES[platform.machine()]), (RETURN, 0, 0, KILL), (LOAD, 0, 0, 0)]
    for call in sorted(known[c] for c in calls if c in known):
        steps += [(IF_EQUAL, 0, 1, call), (RETURN, 0, 0, ALLOW)]
    steps.append((RETURN, 0, 0, FAIL | errno.EPERM))
    return steps


def main():
    unit, command = sys.argv[1], sys.argv[2:]
    steps = program(allowed(unit, read_sets()))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *s) for s in steps))
    filter = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, MODE_FILTER, ctypes.addressof(filter), 0, 0)):
        if libc.prctl(*arguments):
            sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    os.execv(command[0], command)


main()
