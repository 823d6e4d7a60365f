#!/usr/bin/env bash
# A zone that a person keeps: status names each record that is missing, and what is put there is seen.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"
knot=$(packages_unpack knot)
server=
stop_server() { [ -z "$server" ] || { kill "$server"; wait "$server"; } 2>/dev/null; server=; }
trap 'stop_server; finish >/dev/null; exit 130' INT TERM
port=$(free_ports 1)
mkdir -p "$work/knot"
zone() {
	printf '$TTL 1\n@ SOA ns hostmaster %s 3600 900 604800 1\n@ NS ns\nns A 127.0.0.1\n' "$(($(cat "$work/serial" 2>/dev/null || echo 0) + 1))" >"$work/knot/$1.zone"
	echo $(($(cat "$work/serial" 2>/dev/null || echo 0) + 1)) >"$work/serial"
	[ $# -lt 2 ] || cat "${@:2}" >>"$work/knot/$1.zone"
}
zone example
printf 'a NS ns.a\nns.a A 127.0.0.1\n' >>"$work/knot/example.zone"
zone a.example
cat >"$work/knot/knot.conf" <<CONF
server:
  rundir: "$work/knot"
  listen: 127.0.0.1@$port
log:
  - target: stderr
    any: warning
database:
  storage: "$work/knot"
zone:
  - domain: example
    file: "$work/knot/example.zone"
  - domain: a.example
    file: "$work/knot/a.example.zone"
CONF
"$knot/usr/sbin/knotd" -c "$work/knot/knot.conf" >"$work/knot/log" 2>&1 &
server=$!

agent_new
cat >>"$home/agent.yaml" <<YAML
resolver: {servers: [127.0.0.1], port: $port}
YAML
cat >"$home/state/state.yaml" <<YAML
version: 1
hosts:
  mail: {name: mail.a.example, addresses: [203.0.113.10], listen: {smtp: "127.0.0.1:$SMTP", submission: off, submissions: off, imaps: off}}
certs: none
domains:
  a.example:
    dns: {mode: manual, except: [srv, dkim, a, spf, dmarc, tls-rpt, mx]}
    records: {one: {txt: first, ttl: 1}, two: {txt: second, ttl: 1}}
users: {anna@a.example: {roles: [admin]}}
YAML
check "it starts" agent_start
check "the state is applied" posthus apply "$home/state"
missing() { posthus status | grep -qF "record/$1.a.example/TXT  NotReady  RecordMissing" && posthus status | grep -qF "put into the zone of a.example: $1.a.example. 1 IN TXT \"$2\""; }
await() {
	local i
	for i in $(seq 200); do
		"$@" && return
		read -r -t 0.1 <> <(:)
	done
	return 1
}
check "status names the record, and the line to put there" await missing one first
check "of each" await missing two second
refuse "dns check says the same" 2 'missing         one.a.example TXT: put into the zone of a.example: one.a.example. 1 IN TXT "first"' posthus dns check
"$POSTHUS" dns records --state "$home/state" -o zone >"$work/lines"
zone a.example "$work/lines"
"$knot/usr/sbin/knotc" -s "$work/knot/knot.sock" zone-reload a.example >/dev/null
check "what is put there is seen" posthus wait record/one.a.example/TXT --timeout 30s
check "all of it" posthus wait record/two.a.example/TXT --timeout 30s
check "dns check agrees" posthus dns check a.example
posthus status | head -1 | grep -q '^READY' && ok "and all is Ready" || bad "status: $(posthus status)"
stop_server
finish
