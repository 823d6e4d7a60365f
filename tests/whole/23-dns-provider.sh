#!/usr/bin/env bash
# The kind dns-provider in a running agent, within the whole of its sandbox: Ready once the provider takes us and has the
# zones that it is to hold.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"
knot=$(packages_unpack knot)
agent_new
read -r port < <(free_ports 1)
secret=$(head -c 32 /dev/urandom | base64 -w 0)
echo "$secret" >"$home/tsig.key"
mkdir "$home/zones"
cat >>"$home/agent.yaml" <<YAML
sandbox: require
resolver: {servers: [127.0.0.1], port: $port}
YAML
sed -i "s|^allow:.*|allow: {host_files: [$home/tsig.key], write: [$home/zones], connect: {except: [\"127.0.0.1:$port\"]}}|" "$home/agent.yaml"
zone_of() { printf '$TTL 60\n@ SOA ns1 hostmaster 1 3600 900 604800 60\n@ NS ns1\nns1 A 127.0.0.1\n'; }
zone_of >"$home/zones/b.example.zone"
mkdir "$work/knot"
zone_of >"$work/knot/a.example.zone"
cat >"$work/knot.conf" <<CONF
server:
  rundir: "$work/knot"
  listen: 127.0.0.1@$port
database:
  storage: "$work/knot"
key:
  - id: posthus
    algorithm: hmac-sha384
    secret: $secret
acl:
  - id: posthus
    key: posthus
    action: update
template:
  - id: default
    storage: "$work/knot"
    file: "%s.zone"
zone:
  - domain: a.example
    acl: posthus
  - domain: b.example
    file: "$home/zones/b.example.zone"
    zonefile-sync: -1
    journal-content: none
CONF
"$knot/usr/sbin/knotd" -c "$work/knot.conf" >"$work/knot.log" 2>&1 &
knot_pid=$!

# state DOMAINS PROVIDERS
state() {
	cat >"$home/state/state.yaml" <<YAML
version: 1
hosts: {mail: {name: mail.a.example, listen: {smtp: "127.0.0.1:$SMTP", submission: off, submissions: off, imap: off, imaps: off}}}
domains: {$1}
dns: {$2}
YAML
}
main="main: {type: rfc2136, server: \"127.0.0.1:$port\", key: {name: posthus, algorithm: hmac-sha384, secret: {host_file: $home/tsig.key}}}"
files="files: {type: zonefile, directory: $home/zones}"

# stands OBJECT WORD: what the agent says of it comes to be that: True where it is Ready, else the reason
stands() {
	local i
	for i in $(seq 300); do
		posthus get "$1" -o json >"$work/object" 2>&1
		python3 -c 'import json, sys
ready = next(c for c in json.load(open(sys.argv[1]))["items"][0]["conditions"] if c["type"] == "Ready")
sys.exit(sys.argv[2] not in (ready["status"], ready["reason"]))' "$work/object" "$2" 2>/dev/null && return
		kill -HUP "$knot_pid" # it reads files anew
		read -r -t 0.1 <> <(:)
	done
	cat "$work/object"
	return 1
}
state "a.example: {dns: main}, b.example: {dns: files}" "$main, $files"
check "the agent starts with the whole of its sandbox" agent_start
posthus apply >"$work/applied" 2>&1
check "a server that takes the key and has the zone is Ready" stands dns-provider/main True
check "so is a folder that may be written to" stands dns-provider/files True
# Ten sets that wait for no other, written by several couriers at once; each raises the serial once.
written() {
	local i
	for i in $(seq 300); do
		[ "$(grep -c 'b.example\. 300 IN ' "$home/zones/b.example.zone")" = 10 ] && grep -q 'hostmaster 11 ' "$home/zones/b.example.zone" && return
		read -r -t 0.1 <> <(:)
	done
	cat "$home/zones/b.example.zone"
	return 1
}
check "the records of its zone come into the file, and none is lost" written
state "a.example: {dns: main}, b.example: {dns: files}, c.example: {dns: main}" "$main, $files"
posthus apply >"$work/applied" 2>&1
check "a zone that it does not have is ZoneGone" stands dns-provider/main ZoneGone
state "a.example: {dns: main}, b.example: {dns: files}" "$main, $files"
posthus apply >"$work/applied" 2>&1
check "and Ready again without it" stands dns-provider/main True
head -c 32 /dev/urandom | base64 -w 0 >"$home/tsig.key"
state "a.example: {dns: main}, b.example: {dns: files}" "${main/posthus/other}, $files"
posthus apply >"$work/applied" 2>&1
check "another key is AuthFailed" stands dns-provider/main AuthFailed
grep -rqF "$secret" "$home/log" "$home/data" && bad "the secret lies about" || ok "no byte of the key is in the log or the database"
state "a.example: {dns: main}, b.example: {dns: files}" "$files"
refuse "a provider that a domain names cannot leave" 3 "UnknownReference" posthus apply
kill "$knot_pid"
wait "$knot_pid"
finish
