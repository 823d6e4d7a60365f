#!/usr/bin/env bash
# Runs the whole suite: installs what it needs, builds twice, tests, and ends with
#   N passed, N failed, N skipped
#
#   tests/run.sh [PART…]      parts, in this order: checked release model whole interop crash bench
#
# checked   clang, AddressSanitizer and UndefinedBehaviorSanitizer: units, dialogs, corpora
# release   gcc, as it is installed: the same units and dialogs
# model     random commands of IMAP sessions against a model (tests/model N runs more)
# whole     real mail programs against a running agent
# interop   account files opened by an independent SQLite cipher, and the reverse
# crash     kill -9 under load, a few rounds (tests/crash N, tests/crash_sending N and tests/crash_git N run more)
# bench     a smoke run of the benchmarks: they must run; their figures judge nothing here
set -uo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tests/packages.sh
. tests/packages.sh

passed=0 failed=0 skipped=0
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# add FILE: takes up the last "N passed, N failed, N skipped" of an output
add() {
	local line
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$1" | tail -n 1)
	if [ -z "$line" ]; then
		failed=$((failed + 1))
		return
	fi
	# shellcheck disable=SC2086
	set -- $line
	passed=$((passed + $1)) failed=$((failed + $3)) skipped=$((skipped + $5))
}

# count_meson FILE: the same from the summary of `meson test`
count_meson() {
	local ok fail timeout skip
	ok=$(sed -n 's/^Ok: *\([0-9]*\).*/\1/p' "$1" | tail -n 1)
	fail=$(sed -n 's/^Fail: *\([0-9]*\).*/\1/p' "$1" | tail -n 1)
	timeout=$(sed -n 's/^Timeout: *\([0-9]*\).*/\1/p' "$1" | tail -n 1)
	skip=$(sed -n 's/^Skipped: *\([0-9]*\).*/\1/p' "$1" | tail -n 1)
	echo "${ok:-0} passed, $((${fail:-1} + ${timeout:-0})) failed, ${skip:-0} skipped"
}

# build NAME COMPILER OPTION…: configures and compiles build-NAME, warnings being errors
build() {
	local name=$1 compiler=$2
	shift 2
	if [ ! -f "build-$name/build.ninja" ]; then
		CC=$compiler meson setup "build-$name" -Dtests=enabled -Dwerror=true "$@" >"$logs/setup" 2>&1 || { cat "$logs/setup"; return 1; }
	fi
	ninja -C "build-$name" >"$logs/ninja" 2>&1 || { grep -E 'error|warning|FAILED|undefined' -A 3 "$logs/ninja" | head -n 60; return 1; }
}

meson_test() {
	local name=$1
	export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1
	export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
	meson test -C "build-$name" --no-rebuild --print-errorlogs --num-processes 2 >"$logs/meson" 2>&1
	sed -n '/FAIL\|TIMEOUT/p' "$logs/meson" | head -n 40
	grep -q '^Fail: *0$' "$logs/meson" || sed -n '/^Summary of Failures/,$p' "$logs/meson" | head -n 60
	count_meson "$logs/meson"
}

part_checked() {
	build checked clang -Db_sanitize=address,undefined -Db_lundef=false && meson_test checked
}
part_release() {
	build release gcc --buildtype=release && meson_test release
}
# show_script NUMBER SCRIPT: what it said, and its counts into `counts`
show_script() {
	local line
	echo "-- $2 (${SECONDS} s)"
	sed 's/^/   /' "$logs/script.$1"
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$logs/script.$1" | tail -n 1)
	# shellcheck disable=SC2086
	set -- ${line:-0 passed, 1 failed, 0 skipped}
	counts=($((counts[0] + $1)) $((counts[1] + $3)) $((counts[2] + $5)))
}

# Two at a time, as they wait more than they work; what they say comes in their order.
part_whole() {
	local scripts=(tests/whole/[0-9]*.sh) counts=(0 0 0) i shown=0
	export POSTHUS_PORTS=$logs/ports
	for i in "${!scripts[@]}"; do
		while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
		{
			timeout -k 10 300 bash "${scripts[i]}" >"$logs/script.$i" 2>&1
			: >"$logs/script.$i.ended"
		} &
		while [ -e "$logs/script.$shown.ended" ]; do
			show_script "$shown" "${scripts[shown]}"
			shown=$((shown + 1))
		done
	done
	wait
	for ((; shown < ${#scripts[@]}; shown++)); do show_script "$shown" "${scripts[shown]}"; done
	echo "${counts[0]} passed, ${counts[1]} failed, ${counts[2]} skipped"
}
part_model() { tests/model; }
part_interop() { tests/interop/run.sh; }
part_crash() { tests/crash 8 && tests/crash_sending 4 && tests/crash_git 4 && tests/large_git 1000 32; }
part_bench() { tests/bench/run.sh --smoke; }

parts=("$@")
[ "${#parts[@]}" -gt 0 ] || parts=(checked release model whole interop crash bench)
start=$SECONDS
packages_install test || exit 1
# Where dpkg leaves documentation out, the suite that lies there is wanted all the same.
[ -e /usr/share/doc/python3-spf/rfc7208-tests.yml.gz ] || packages_unpack python3-spf >/dev/null
for part in "${parts[@]}"; do
	declare -F "part_$part" >/dev/null || { sed -n '2,/^set/p' "$0" | grep '^#'; exit 2; }
	echo "== $part"
	from=$SECONDS
	"part_$part" 2>&1 | tee "$logs/part"
	add "$logs/part"
	echo "== $part took $((SECONDS - from)) s"
done
echo "all parts took $((SECONDS - start)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
