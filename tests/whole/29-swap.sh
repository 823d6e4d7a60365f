#!/usr/bin/env bash
# Another certificate put in the place of one while connections are open: none of them ends, and whoever comes meanwhile is served.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/acme_peer.sh"

issuers_prepare
issuer_start le PEBBLE_WFE_NONCEREJECT=5 PEBBLE_VA_NOSLEEP=1 PEBBLE_AUTHZREUSE=0 || exit 1
agent_new
port=${le_directory#https://localhost:} port=${port%%/*}
cat >>"$home/agent.yaml" <<-YAML
	authorities: $authority
	sandbox: require
YAML
sed -i "s|^allow: .*|allow: {connect: {except: [\"127.0.0.1:$port\", \"[::1]:$port\"]}}|" "$home/agent.yaml"
state() {
	cat >"$home/state/state.yaml" <<-YAML
		version: 1
		hosts: {mail: {name: mail.a.example, listen: {smtp: "127.0.0.1:$SMTP", submission: "127.0.0.1:$SUBMISSION", submissions: "127.0.0.1:$SUBMISSIONS",
		  imaps: "127.0.0.1:$IMAPS", http: "127.0.0.1:$HTTP"}}}
		issuers: {le: "$le_directory"}
		certs: {auto: {issuer: le, key: $1}}
		domains: {a.example: {contact: anna}}
		users: {anna@a.example: {id: anna, name: Anna, roles: [admin]}}
	YAML
}
state ecdsa-p256
agent_start || exit 1
check "apply" posthus apply
check "Ready" posthus wait certificate/auto
shown() { openssl s_client -connect "127.0.0.1:$IMAPS" -servername mail.a.example </dev/null 2>/dev/null | openssl x509 -noout -text 2>/dev/null; }
is_shown() { shown | grep -q "Pebble" && shown | grep -q "$1"; }
check "served" is_shown 'ASN1 OID: prime256v1'
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
