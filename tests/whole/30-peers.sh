#!/usr/bin/env bash
# A real Postfix as the other host, both ways: found by its MX (knot has the zone), with STARTTLS; what it
# refuses, and what it brings us. It is unpacked and run from its folder, not installed.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/whole/sink.sh
. "$root/tests/whole/sink.sh"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"

if [ "$(id -u)" != 0 ]; then
	skip "Postfix needs root"
	finish
	exit
fi
agent_new
agent_certificate
read -r NAMES < <(free_ports 1)
PEER=$(own_address)
postfix=$(packages_unpack postfix)
trap 'kill $names_pid $master_pid 2>/dev/null' EXIT

names_start peer.example <<ZONE
@ MX 10 mx
mx A $PEER
ZONE

# -- Postfix --
p=$home/postfix
mkdir -p "$p"/{conf,data,mail} "$p"/queue/{active,bounce,corrupt,defer,deferred,flush,hold,incoming,maildrop,private,public,pid,saved,trace}
chmod 755 "$work" "$home" "$p"
cat >"$p/conf/main.cf" <<CONF
compatibility_level = 3.6
queue_directory = $p/queue
data_directory = $p/data
daemon_directory = $postfix/usr/lib/postfix/sbin
command_directory = $postfix/usr/sbin
shlib_directory = $postfix/usr/lib/postfix
meta_directory = $postfix/etc/postfix
import_environment = MAIL_CONFIG TZ LANG=C LD_LIBRARY_PATH
mail_owner = daemon
setgid_group = mail
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.peer.example
mydestination =
mynetworks = 127.0.0.0/8
maillog_file = $p/log
maillog_file_prefixes = $home
virtual_mailbox_domains = peer.example
virtual_mailbox_base = $p/mail
virtual_mailbox_maps = inline:{ {ana@peer.example = ana/} {eva@peer.example = eva/} }
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
transport_maps = inline:{ {org.example = smtp:[127.0.0.1]:$SMTP} }
smtp_tls_security_level = encrypt
smtpd_tls_security_level = may
smtpd_tls_cert_file = $home/chain.pem
smtpd_tls_key_file = $home/key.pem
alias_maps =
local_recipient_maps =
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
CONF
sed -e '/^#/d' -e "s/^smtp *inet .*/$PEER:25 inet n - n - - smtpd/" -e 's/^\([a-z]* *[a-z]* *[-yn] *[-yn] *\)y /\1n /' \
	"$postfix/usr/share/postfix/master.cf.dist" >"$p/conf/master.cf"
chown -R daemon "$p/queue" "$p/data"
chown root "$p/queue" "$p/queue/pid"
chgrp mail "$p"/queue/{maildrop,public}
chmod 1730 "$p/queue/maildrop"
chown 65534:65534 "$p/mail"
MAIL_CONFIG=$p/conf LD_LIBRARY_PATH=$postfix/usr/lib/postfix "$postfix/usr/lib/postfix/sbin/master" -c "$p/conf" >"$p/out" 2>&1 &
master_pid=$!
await eval "grep -qs 'daemon started' '$p/log'" || {
	bad "Postfix does not start: $(cat "$p/out" "$p/log" 2>&1 | tail -n 5)"
	finish
	exit
}

# -- ours --
sed -i "s|^allow: {|&connect: {except: [\"$PEER:25\"]}, |" "$home/agent.yaml"
printf "peer.invalid. IN DS 1 13 2 %064d\n" 1 >"$home/anchors"
echo "resolver: {servers: [127.0.0.1], port: $NAMES, anchors: $home/anchors}" >>"$home/agent.yaml"
agent_state "$root/tests/whole/states/peers.yaml"
agent_start || exit 1
check "apply" posthus apply --wait
printf 'pass-bo\n' | posthus account passwd bo >/dev/null

in_inbox() { curl -sSk --user bo@org.example:pass-bo "imaps://127.0.0.1:$IMAPS/INBOX?TEXT%20%22${1// /%20}%22" | grep -q 'SEARCH [0-9]'; }
# in_maildir WHO TEXT: once
in_maildir() { [ "$(cat "$p/mail/$1/new"/* 2>/dev/null | grep -cF -- "$2")" = 1 ]; }
send() {
	swaks --server 127.0.0.1 --port "$SUBMISSION" -tls --auth PLAIN -au bo@org.example -ap pass-bo \
		--from bo@org.example --to "$1" --h-From 'Bo <bo@org.example>' --h-Subject "$2" "${@:3}"
}
# theirs FROM TO SUBJECT: handed to Postfix
theirs() { swaks --server "$PEER" --port 25 --from "$1" --to "$2" --h-From "$1" --h-Subject "$3"; }

check "to Postfix" send ana@peer.example outward
check "it has it" await in_maildir ana "Subject: outward"
check "by TLS" grep -q "TLSv1.3" "$p/mail/ana/new"/*
check "from its sender" in_maildir ana "Return-Path: <bo@org.example>"
check "dots and long lines" send ana@peer.example dots --body "$(printf '.\n..\n%0900d\n' 7)"
check "come as they were" await in_maildir ana "$(printf '%0900d' 7)"
check "two at once, and one that it does not have" send ana@peer.example,eva@peer.example,nobody@peer.example several
check "one has it" await in_maildir ana "Subject: several"
check "so has the other" await in_maildir eva "Subject: several"
check "its sender hears of the third" await in_inbox "nobody@peer.example"
check "nothing waits" await queued 0

check "from Postfix" theirs ana@peer.example bo@org.example inward
check "it arrives" await in_inbox "Subject: inward"
check "with Postfix as where it came from" in_inbox "mx.peer.example"
# asks NOTIFY RCPT SUBJECT: a message from ana to Postfix for us, with what she wants to hear
asks() {
	python3 - "$PEER" "$@" <<-'PY'
		import smtplib, sys
		peer, notify, to, subject = sys.argv[1:]
		with smtplib.SMTP(peer, 25) as s:
		    s.sendmail("ana@peer.example", [to], f"From: ana@peer.example\r\nTo: {to}\r\nSubject: {subject}\r\n\r\nx\r\n",
		               ["ENVID=QQ-" + subject, "RET=FULL"], ["NOTIFY=" + notify, "ORCPT=rfc822;" + to.upper()])
	PY
}
# told SUBJECT ACTION RCPT: the one report about that message that ana has says so, and has no body of hers
told() {
	python3 - "$p/mail/ana/new" "$@" <<-'PY'
		import email, pathlib, sys
		folder, subject, action, rcpt = sys.argv[1:]
		mine = []
		for file in pathlib.Path(folder).iterdir():
		    m = email.message_from_bytes(file.read_bytes())
		    if m.get_content_type() == "multipart/report" and "QQ-" + subject in m.as_string():
		        mine.append(m)
		assert len(mine) == 1, len(mine)
		text, status, original = mine[0].get_payload()
		about, fields = status.get_payload()
		assert about["Original-Envelope-Id"] == "QQ-" + subject and about["Reporting-MTA"] == "dns; mail.org.example", about
		assert fields["Action"] == action and fields["Final-Recipient"] == "rfc822; " + rcpt, fields
		assert fields["Original-Recipient"] == "rfc822; " + rcpt.upper(), fields
		assert original.get_content_type() == "text/rfc822-headers" and mine[0]["Return-Path"] == "<>"
	PY
}
check "through Postfix, asking for success" asks SUCCESS bo@org.example glad
check "it arrives" await in_inbox "Subject: glad"
check "Postfix hears from us that it did, once" await told glad delivered bo@org.example
check "the same of one who sends it on" asks SUCCESS,FAILURE cy@org.example further
check "says that it was sent on" await told further relayed cy@org.example
check "asking for nothing ever" asks NEVER bo@org.example silent
check "it arrives" await in_inbox "Subject: silent"
check "to nobody here" theirs ana@peer.example nobody@org.example lost
check "Postfix tells its sender" await in_maildir ana "Subject: Undelivered Mail Returned to Sender"
check "what we said" grep -q "550 5.1.1 No such address here" "$p/mail/ana/new"/*
check "to one who sends it on, back to Postfix" theirs ana@peer.example cy@org.example round
check "it arrives there" await in_maildir eva "Subject: round"
check "by a sender of ours" grep -q "Return-Path: <SRS0=.*=peer.example=ana@org.example>" "$p/mail/eva/new"/*
untold() { ! grep -rq "QQ-$1" "$p/mail/ana/new"; }
check "of which nothing was told" untold silent
kill "$master_pid"
check "while Postfix is away mail waits" send ana@peer.example patient
check "with the reason" await eval "posthus queue list | grep -q 'nobody listens there'"
finish
