#!/usr/bin/env bash
# Opens our files with an independent program, the npm package better-sqlite3-multiple-ciphers,
# and its files with ours; and has the JSON Schemas judged by ajv and yaml-language-server.
#
#   tests/interop/run.sh [BUILD]      BUILD: a build directory with posthus and tests/interop/page_tool; build-release
#
# The first package is compiled from its source once (a minute or two) and kept under
# ${XDG_CACHE_HOME:-~/.cache}/posthus-tests.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/packages.sh
. tests/packages.sh
here=tests/interop
build=$PWD/${1:-build-release}
tool=$build/$here/page_tool
[ -x "$tool" ] || { echo "$tool is not there: build first" >&2; exit 1; }

# node_headers: the folder over include/node whose headers are those of the node that runs.
# Beside its binary, or, from Debian's packages, under /usr.
node_headers() {
	local prefix version
	version=$(node -p process.version)
	for prefix in "$(dirname "$(dirname "$(realpath "$(command -v node)")")")" /usr; do
		local header=$prefix/include/node/node_version.h
		[ -f "$header" ] || continue
		if [ "v$(awk '$2 == "NODE_MAJOR_VERSION" { print $3 }' "$header")" = "${version%%.*}" ]; then
			echo "$prefix"
			return
		fi
	done
	echo "the headers of node $version are missing: apt-get install libnode-dev" >&2
	return 1
}

prefix=$(node_headers)
modules=$(packages_npm $here "npm_config_nodedir=$prefix" npm_config_build_from_source=true)
judges=$(packages_npm $here/schema)
out=$(mktemp)
trap 'rm -f "$out"' EXIT
status=0
node $here/interop.js "$tool" "$modules" | tee "$out" || status=1
NODE_PATH=$judges/node_modules node $here/schema/judge.js "$build/posthus" | tee -a "$out" || status=1
awk '/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { p += $1; f += $3; s += $5 } END { print p " passed, " f " failed, " s " skipped" }' "$out"
exit $status
