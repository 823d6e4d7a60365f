# shellcheck shell=bash
# Sourced. Names the Debian packages and installs those that are missing:
#   packages_install build      what compiles posthus
#   packages_install quickstart what examples/quickstart.sh shows it with
#   packages_install browser    what tests/browser/run.sh opens pages with
#   packages_install test       what the tests need on top: compilers, judges, real mail programs
#   packages_npm FOLDER [NAME=VALUE…]   installs what FOLDER/package-lock.json pins, once, with these settings in
#                               npm's environment, and says where: for NODE_PATH, with /node_modules behind it
#   packages_unpack NAME        unpacks the Debian package NAME, once, and says where; the libraries it needs are installed,
#                               itself it is not: for servers of which the tests want one program, and no server running
# Works on Debian 12 and 13, as root or through sudo.

packages_build=(
	gcc
	libc6-dev
	meson
	ninja-build
	pkg-config
	libcurl4-openssl-dev
	libevent-dev
	libgit2-dev
	libidn2-dev
	libjansson-dev
	libldns-dev
	libpsl-dev
	publicsuffix
	libsodium-dev
	libsqlite3-dev
	libssh2-1-dev
	libssl-dev
	libunbound-dev
	dns-root-data
	libunistring-dev
	libyaml-dev
	libzstd-dev
	libcrypt-dev
)
packages_test=(
	clang
	libcmocka-dev
	libgmime-3.0-dev
	git
	python3
	procps
	g++
	make
	curl
	swaks
	libnet-ssleay-perl
	age
	openssh-client
	openssl
	sqlite3
	systemd
	iproute2
	python3-prometheus-client
	python3-dkim
	python3-nacl
	python3-cryptography
	python3-zstandard
	libmail-dkim-perl
	python3-spf
	python3-yaml
	python3-aiosmtpd
	bind9-utils
	ldnsutils
	isync
	offlineimap3
	mutt
	neomutt
	fetchmail
	getmail6
	pebble
)

packages_browser=(
	chromium
)

packages_missing() {
	local p
	for p in "$@"; do
		[ "$(dpkg-query -W -f '${Status}' "$p" 2>/dev/null)" = 'install ok installed' ] || echo "$p"
	done
}

# clang's sanitizer runtime carries the version in its name.
packages_clang_runtime() {
	local version
	version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
	[ -z "$version" ] || echo "libclang-rt-$version-dev"
}

# What runs npm packages, and compiles that of tests/interop: node, npm and the headers, from
# Debian where there is no other node.
packages_node() {
	command -v npm >/dev/null || echo nodejs npm
	[ -f "$(dirname "$(dirname "$(realpath "$(command -v node || echo /usr/bin/node)")")")/include/node/node_version.h" ] ||
		echo libnode-dev
}

packages_install() {
	local wanted missing
	case $1 in
	build) wanted=("${packages_build[@]}") ;;
	quickstart) wanted=("${packages_build[@]}" curl) ;;
	browser)
		# shellcheck disable=SC2207
		wanted=("${packages_browser[@]}" $(packages_node))
		;;
	test)
		# shellcheck disable=SC2207
		wanted=("${packages_build[@]}" "${packages_test[@]}" $(packages_node))
		;;
	esac
	mapfile -t missing < <(packages_missing "${wanted[@]}")
	[ "$1" = test ] && command -v apt-cache >/dev/null && {
		[ -n "$(packages_clang_runtime)" ] || packages_update
		mapfile -t -O "${#missing[@]}" missing < <(packages_missing "$(packages_clang_runtime)")
	}
	[ "${#missing[@]}" -eq 0 ] && return
	if ! command -v apt-get >/dev/null; then
		echo "these packages are missing, by their Debian names: ${missing[*]}" >&2
		return 1
	fi
	echo "installing ${missing[*]}"
	packages_update
	packages_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
}

packages_as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# One at a time uses apt and what is kept: scripts of the suite run side by side. Held until the subshell ends.
packages_alone() {
	mkdir -p "${XDG_CACHE_HOME:-$HOME/.cache}/posthus-tests"
	exec 9>"${XDG_CACHE_HOME:-$HOME/.cache}/posthus-tests/lock"
	flock 9
}

packages_updated=
packages_update() {
	[ -n "$packages_updated" ] || packages_as_root apt-get update -q >/dev/null
	packages_updated=yes
}

# Kept under ${XDG_CACHE_HOME:-~/.cache}/posthus-tests until the lock file or node changes.
packages_npm() (
	local folder=$1 name kept making
	shift
	name=$(basename "$folder")-$(cat "$folder"/package.json "$folder"/package-lock.json <(node -p 'process.version + process.arch') | sha256sum | cut -c 1-16)
	kept=${XDG_CACHE_HOME:-$HOME/.cache}/posthus-tests/$name
	packages_alone
	if [ ! -d "$kept" ]; then
		echo "installing the npm packages of $folder, once" >&2
		mkdir -p "$(dirname "$kept")"
		making=$(mktemp -d "$(dirname "$kept")/making.XXXXXX")
		cp "$folder"/package.json "$folder"/package-lock.json "$making/"
		if ! (cd "$making" && env "$@" npm ci --no-audit --no-fund --loglevel=error) >"$making/log" 2>&1; then
			tail -n 30 "$making/log" >&2
			rm -rf "$making"
			return 1
		fi
		mv "$making" "$kept"
	fi
	echo "$kept"
)

# Kept as above until Debian has another version.
packages_unpack() (
	local name=$1 version kept making missing
	packages_alone
	version=$(apt-cache policy "$name" | sed -n 's/^ *Candidate: //p')
	if [ -z "$version" ] || [ "$version" = "(none)" ]; then
		packages_update
		version=$(apt-cache policy "$name" | sed -n 's/^ *Candidate: //p')
	fi
	kept=${XDG_CACHE_HOME:-$HOME/.cache}/posthus-tests/$name-$version
	if [ ! -d "$kept" ]; then
		mkdir -p "$(dirname "$kept")"
		making=$(mktemp -d "$(dirname "$kept")/making.XXXXXX")
		# shellcheck disable=SC2046
		mapfile -t missing < <(packages_missing $(apt-cache depends "$name" | sed -n 's/^ *Depends: \(lib[^ ]*\)$/\1/p'))
		if [ "${#missing[@]}" -gt 0 ]; then
			packages_update
			packages_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
		fi
		(cd "$making" && apt-get download -q "$name" >&2 && dpkg -x "$name"_*.deb . && rm "$name"_*.deb) || return
		mv "$making" "$kept"
	fi
	echo "$kept"
)
