#!/usr/bin/env bash
# A certificate by dns-01, at a real PowerDNS; and another one put in its place while connections are open: none of them ends, and whoever
# comes meanwhile is served.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../packages.sh"
. "$(dirname "$0")/acme_peer.sh"

pdns=$(packages_unpack pdns-server) && backend=$(packages_unpack pdns-backend-sqlite3) || exit 1
read -r names_port names_api < <(free_ports 2)
mkdir -p "$work/pdns"
printf 'a-key\n' >"$work/api.key"
chmod 600 "$work/api.key"
sqlite3 "$work/pdns/db" <"$backend/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"
"$pdns/usr/sbin/pdns_server" --no-config --config-dir="$work/pdns" --socket-dir="$work/pdns" --daemon=no --guardian=no --launch=gsqlite3 \
	--module-dir="$(dirname "$backend"/usr/lib/*/pdns/libgsqlite3backend.so)" --gsqlite3-database="$work/pdns/db" --local-address=127.0.0.1 \
	--local-port="$names_port" --api=yes --api-key=a-key --webserver=yes --webserver-address=127.0.0.1 --webserver-port="$names_api" \
	--gsqlite3-pragma-synchronous=0 --cache-ttl=0 --query-cache-ttl=0 --negquery-cache-ttl=0 >"$work/pdns/log" 2>&1 &
issuers_pids+=($!)
zones() { curl -s -f -H 'X-API-Key: a-key' "$@" "http://127.0.0.1:$names_api/api/v1/servers/localhost/zones${path-}"; }
for _ in $(seq 100); do
	zones >/dev/null && break
	read -r -t 0.1 <> <(:)
done
zones -d '{"name": "a.example.", "kind": "Native", "nameservers": ["ns1.a.example."], "rrsets": [
	{"name": "_acme-challenge.mail.a.example.", "type": "TXT", "ttl": 300, "records": [{"content": "\"theirs\"", "disabled": false}]},
	{"name": "ns1.a.example.", "type": "A", "ttl": 300, "records": [{"content": "127.0.0.1", "disabled": false}]}]}' >/dev/null || bad "the zone of pdns"
texts() { path=/a.example. zones | python3 -c 'import json, sys
print([r["content"] for s in json.load(sys.stdin)["rrsets"] if s["type"] == "TXT" and s["name"].startswith("_acme-challenge.mail.") for r in s["records"]])'; }

issuers_prepare
issuers_dns=$names_port
issuer_start le PEBBLE_WFE_NONCEREJECT=5 PEBBLE_VA_NOSLEEP=1 PEBBLE_AUTHZREUSE=0 || exit 1
agent_new
port=${le_directory#https://localhost:} port=${port%%/*}
cat >>"$home/agent.yaml" <<-YAML
	authorities: $authority
	resolver: {servers: [127.0.0.1], port: $names_port}
	sandbox: require
YAML
sed -i "s|^allow: .*|allow: {host_files: [$work/api.key], connect: {except: [\"127.0.0.1:$port\", \"[::1]:$port\", \"127.0.0.1:$names_api\"]}}|" "$home/agent.yaml"
state() {
	cat >"$home/state/state.yaml" <<-YAML
		version: 1
		hosts: {mail: {name: mail.a.example, listen: {smtp: "127.0.0.1:$SMTP", submission: "127.0.0.1:$SUBMISSION", submissions: "127.0.0.1:$SUBMISSIONS",
		  imaps: "127.0.0.1:$IMAPS"}}}
		dns: {main: {type: powerdns, url: "http://127.0.0.1:$names_api", api_key: {host_file: $work/api.key}}}
		issuers: {le: "$le_directory"}
		certs: {auto: {issuer: le, challenge: dns-01, key: $1}}
		domains: {a.example: {contact: anna, dns: {provider: main, except: [mx, a, spf, dkim, dmarc, mta-sts, tls-rpt, tlsa, caa, srv]}}}
		users: {anna@a.example: {id: anna, name: Anna, roles: [admin]}}
	YAML
}
state ecdsa-p256
agent_start || exit 1
check "dns-01: apply" posthus apply
check "dns-01: Ready" posthus wait certificate/auto
shown() { openssl s_client -connect "127.0.0.1:$IMAPS" -servername mail.a.example </dev/null 2>/dev/null | openssl x509 -noout -text 2>/dev/null; }
is_shown() { shown | grep -q "Pebble" && shown | grep -q "$1"; }
check "dns-01: served" is_shown 'ASN1 OID: prime256v1'
clean() { [ "$(texts)" = "['\"theirs\"']" ]; }
check "dns-01: what others have there stays, ours is gone" clean

cat >"$work/crowd.py" <<'PY'
"""Forty open connections, and new ones all the while; ends when standard input does, and says how all of them went."""
import socket, ssl, sys, threading
port, context = int(sys.argv[1]), ssl._create_unverified_context()

def connect():
    s = context.wrap_socket(socket.create_connection(("127.0.0.1", port), 20), server_hostname="mail.a.example")
    assert s.recv(4000).startswith(b"* OK"), "no greeting"
    return s

def alive(s):
    s.sendall(b"a NOOP\r\n")
    answer = s.recv(4000)
    assert answer.startswith(b"a OK"), answer

crowd, ended, wrong, came = [connect() for _ in range(40)], threading.Event(), [], 0

def newcomers():
    global came
    while not ended.is_set():
        try:
            s = connect()
            alive(s)
            s.close()
            came += 1
        except Exception as e:
            wrong.append(repr(e))

thread = threading.Thread(target=newcomers)
thread.start()
print("open", flush=True)
sys.stdin.read()
ended.set()
thread.join()
for s in crowd:
    try:
        alive(s)
    except Exception as e:
        wrong.append(repr(e))
print(f"{len(crowd)} stayed, {came} came, wrong: {wrong[:3]}")
sys.exit(bool(wrong) or came == 0)
PY
coproc crowd { timeout 100 python3 "$work/crowd.py" "$IMAPS"; }
crowd_pid_=$crowd_PID
read -r -t 60 word <&"${crowd[0]}"
state ecdsa-p384
check "another key: apply" posthus apply
swapped() {
	local i
	for i in $(seq 300); do
		is_shown 'ASN1 OID: secp384r1' && return
		read -r -t 0.2 <> <(:)
	done
	return 1
}
check "another key: served" swapped
eval "exec ${crowd[1]}>&-"
read -r -t 60 said <&"${crowd[0]}"
wait "$crowd_pid_" && ok "V9 no connection ended, and none was refused: $said" || bad "V9 $said"
issuers_stop
finish
