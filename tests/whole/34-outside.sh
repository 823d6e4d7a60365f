#!/usr/bin/env bash
# What the running agent reaches and who reaches it, from within the sandbox: https that is verified, an address that
# agent.yaml does not let it go to, and another user of the machine at the control socket.
. "$(dirname "$0")/lib.sh"

agent_new
read -r HTTPS SHUT < <(free_ports 2)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
	-keyout "$home/web.key" -out "$home/web.pem" 2>/dev/null
cp "$home/agent.yaml" "$home/plain.yaml"
configure() {
	sed "s|^allow: {|&connect: {except: [\"127.0.0.1:$HTTPS\"]}, |" "$home/plain.yaml" >"$home/agent.yaml"
	printf '%s\n' "$@" >>"$home/agent.yaml"
}
agent_state "$root/tests/whole/states/outside.yaml"
sed -i "s/@HTTPS@/$HTTPS/; s/@SHUT@/$SHUT/" "$home/state/outside.yaml"
await() {
	local i
	for i in $(seq 300); do "$@" && return; read -r -t 0.1 <> <(:); done
	return 1
}
python3 "$root/tests/whole/hook.py" "$HTTPS" "$home/https" "$home/web.pem" "$home/web.key" >"$home/https.out" 2>"$home/https.err" &
https_pid=$!
python3 "$root/tests/whole/hook.py" "$SHUT" "$home/shut" >"$home/shut.out" 2>"$home/shut.err" &
shut_pid=$!
trap 'kill $https_pid $shut_pid 2>/dev/null' EXIT
check "two servers are there" await grep -q ready "$home/https.out" "$home/shut.out"

configure
agent_start || exit 1
check "apply" posthus apply --wait
check "an authority that nobody trusts is not spoken to" await grep -q 'agent.heartbeat.failed reason=PeerUntrusted' "$home/log"
check "and hears nothing" test ! -e "$home/https"
agent_stop

# the same within the sandbox, by an authority of the operator's, with a person at the socket
configure "authorities: $home/web.pem" "trust: {nora: {uid: 65534, may: [approve]}}"
agent_start || exit 1
check "by a name, over https, from within the sandbox" await grep -q '"path": "/beat"' "$home/https"
if grep -q 'agent.sandbox level="landlock and seccomp"' "$home/log"; then ok "it was one"; else skip "this kernel has $(sed -n 's/.*agent.sandbox level=//p' "$home/log" | tail -n 1)"; fi

sed -i '/cy@org.example/d; /di@org.example/d' "$home/state/outside.yaml"
refuse "a gate trips" 4 PruneGate posthus apply
check "G16 a webhook where the agent file lets nothing go is not called" await grep -q 'agent.webhook.failed reason=NotAllowed' "$home/log"
check "G16 and nothing came there" test ! -e "$home/shut"
check "what waits is told from what is unwell" grep -q '^INCOMPLETE ' <(posthus status)

# Other users of the machine: the folder and the socket are open to the group of the one who is trusted, and of one who is not.
chmod 711 "$work" "$home"
chgrp nogroup "$home/control.sock"
as() { setpriv --reuid "$1" --regid nogroup --clear-groups "$POSTHUS" "$2" --control "$home/control.sock" "${@:3}"; }
# reachable: a checkout below a folder of root's own cannot be entered by others
if setpriv --reuid 65534 --regid nogroup --clear-groups test -x "$POSTHUS"; then
	check "a person of agent.yaml may look" as 65534 status
	digest=$(posthus status | sed -n 's/.*posthus approve //p')
	refuse "but not shut the reconciler up" 1 "does not take requests of this user" as 65534 suspend --until 1h --reason no
	check "and agrees to what waits" as 65534 approve "$digest"
	check "which the audit knows her by" grep -q nora <(posthus trace user/cy)
	refuse "another user is nobody here" 1 "does not take requests of this user" as 65533 status
	check "and the log names him" grep -q 'admin.refused uid=65533' "$home/log"
else
	skip "another user cannot run $POSTHUS: a folder above it is closed to others"
fi
agent_stop
check "the agent ends well" test "$agent_exit" = 0
finish
