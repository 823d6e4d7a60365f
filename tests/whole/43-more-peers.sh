#!/usr/bin/env bash
# OpenSMTPD as the other host, both ways, with STARTTLS; then Postfix's own generator and sink: many messages at once, in and out,
# each of them once. Unpacked and run from their folders, not installed.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/whole/sink.sh
. "$root/tests/whole/sink.sh"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"

if [ "$(id -u)" != 0 ]; then
	skip "OpenSMTPD needs root"
	finish
	exit
fi
agent_new
agent_certificate
read -r PEER AWAY < <(free_ports 2)
opensmtpd=$(packages_unpack opensmtpd)
postfix=$(packages_unpack postfix)
peer_pid='' drain_pid=''
trap 'kill $peer_pid $drain_pid 2>/dev/null' EXIT
chmod 755 "$work" "$home"

# -- ours --
sed -i "s|^allow: {|&connect: {except: [\"127.0.0.1:$PEER\", \"127.0.0.1:$AWAY\"]}, |" "$home/agent.yaml"
agent_state "$root/tests/whole/states/peers.yaml"
cat >"$home/state/ways.yaml" <<YAML
version: 1
relays:
  peer: {host: 127.0.0.1, port: $PEER}
  away: {host: 127.0.0.1, port: $AWAY}
destinations:
  peer.example: {send_via: peer}
  away.example: {send_via: away}
aliases:
  out@org.example: ana@away.example
YAML
agent_start || exit 1
check "apply" posthus apply --wait
printf 'pass-bo\n' | posthus account passwd bo >/dev/null

# -- OpenSMTPD: its paths and users are built in, so it has a root of its own for them --
o=$home/opensmtpd
mkdir -p "$o/mail/ana" "$o/mail/eva"
chown -R 65534:65534 "$o/mail"
cat /etc/passwd - >"$o/passwd" <<'PASSWD'
opensmtpd:x:64001:64001::/var/lib/opensmtpd/empty:/usr/sbin/nologin
opensmtpq:x:64002:64002::/var/lib/opensmtpd/empty:/usr/sbin/nologin
PASSWD
printf '%s\n' "$(cat /etc/group)" opensmtpd:x:64001: opensmtpq:x:64002: >"$o/group"
echo "nameserver 127.0.0.66" >"$o/resolv.conf" # nobody: a look-up fails at once
printf 'ana 65534:65534:%s/mail/ana\neva 65534:65534:%s/mail/eva\n' "$o" "$o" >"$o/users"
cp "$home/key.pem" "$home/chain.pem" "$o/"
chmod 600 "$o/key.pem"
cat >"$o/smtpd.conf" <<CONF
pki peer cert "$o/chain.pem"
pki peer key "$o/key.pem"
table users file:$o/users
listen on 127.0.0.1 port $PEER tls pki peer hostname mx.peer.example
action "in" maildir "$o/mail/%{dest.user}/box" userbase <users>
action "out" relay host "smtp://127.0.0.1:$SMTP" helo mx.peer.example
match from any for domain "peer.example" action "in"
match from any for domain "org.example" action "out"
CONF
cat >"$o/enter" <<'ENTER'
set -e
mount -t overlay -o "lowerdir=$1/usr:/usr" overlay /usr
for file in passwd group resolv.conf; do mount --bind "$2/$file" "/etc/$file"; done
for place in /run /var/spool /var/lib; do mount -t tmpfs tmpfs "$place"; done
mkdir -p /var/lib/opensmtpd/empty
mkdir -m 711 /var/spool/smtpd
exec /usr/sbin/smtpd -d -f "$2/smtpd.conf"
ENTER
peer_listens() { (exec 3<>"/dev/tcp/127.0.0.1/$PEER") 2>/dev/null; }
can_mount() { unshare -m --propagation private sh -c 'mount -t tmpfs tmpfs /run && mount -t overlay -o lowerdir="$1/usr:/usr" overlay /usr' sh "$opensmtpd" 2>/dev/null; }
in_inbox() { curl -sSk --user bo@org.example:pass-bo "imaps://127.0.0.1:$IMAPS/INBOX?TEXT%20%22${1// /%20}%22" | grep -q 'SEARCH [0-9]'; }
# in_maildir WHO TEXT: once
in_maildir() { [ "$(cat "$o/mail/$1/box/new"/* 2>/dev/null | grep -cF -- "$2")" = 1 ]; }
send() {
	swaks --server 127.0.0.1 --port "$SUBMISSION" -tls --auth PLAIN -au bo@org.example -ap pass-bo \
		--from bo@org.example --to "$1" --h-From 'Bo <bo@org.example>' --h-Subject "$2" "${@:3}"
}
theirs() { swaks --server 127.0.0.1 --port "$PEER" --from "$1" --to "$2" --h-From "$1" --h-Subject "$3"; }
if can_mount; then
	unshare -m --propagation private sh "$o/enter" "$opensmtpd" "$o" >"$o/log" 2>&1 &
	peer_pid=$!
	await peer_listens || { bad "OpenSMTPD does not start"; tail -n 5 "$o/log"; }
	check "to OpenSMTPD" send ana@peer.example outward
	check "it has it" await in_maildir ana "Subject: outward"
	check "by TLS" grep -q "TLSv1.3" "$o/mail/ana/box/new"/*
	check "from its sender" grep -q "from=<bo@org.example>" "$o/log"
	check "dots and long lines" send ana@peer.example dots --body "$(printf '.\n..\n%0900d\n' 7)"
	check "come as they were" await in_maildir ana "$(printf '%0900d' 7)"
	check "two at once, and one that it does not have" send ana@peer.example,eva@peer.example,nobody@peer.example several
	check "one has it" await in_maildir ana "Subject: several"
	check "so has the other" await in_maildir eva "Subject: several"
	check "its sender hears of the third" await in_inbox "nobody@peer.example"
	check "nothing waits" await queued 0
	check "from OpenSMTPD" theirs ana@peer.example bo@org.example inward
	check "it arrives" await in_inbox "Subject: inward"
	check "to nobody here" theirs ana@peer.example nobody@org.example lost
	check "OpenSMTPD tells its sender" await in_maildir ana "550 5.1.1 No such address here"
	check "to one who sends it on, back to OpenSMTPD" theirs ana@peer.example cy@org.example round
	check "it arrives there" await in_maildir eva "Subject: round"
	check "by a sender of ours" grep -q "from=<SRS0=.*=peer.example=ana@org.example>" "$o/log"
else
	skip "OpenSMTPD: mounts cannot be made here"
fi

# -- Postfix's generator and sink --
export LD_LIBRARY_PATH=$postfix/usr/lib/postfix
count_in() {
	curl -sSk --user bo@org.example:pass-bo "imaps://127.0.0.1:$IMAPS/INBOX?SUBJECT%20%22from%20smtp-source%22" | tr -d '\r' | awk '{print NF - 2}'
}
has_in() { [ "$(count_in)" = "$1" ]; }
check "smtp-source: 300 messages in 20 sessions" "$postfix/usr/sbin/smtp-source" -s 20 -m 300 -l 4096 -f ana@peer.example -t bo@org.example -S "from smtp-source" \
	"inet:127.0.0.1:$SMTP"
check "each is there once" await has_in 300
"$postfix/usr/sbin/smtp-sink" -u nobody -c "127.0.0.1:$AWAY" 100 >"$home/drain" 2>&1 &
drain_pid=$!
drained() { tail -c 80 "$home/drain" | tr '\r' '\n' | grep -q "mesg=$1\b"; }
check "and 200 that lead to smtp-sink" "$postfix/usr/sbin/smtp-source" -s 20 -m 200 -l 4096 -f ana@peer.example -t out@org.example "inet:127.0.0.1:$SMTP"
check "each arrives" await drained 200
check "nothing waits" await queued 0
check "and came once" drained 200
unset LD_LIBRARY_PATH
finish
