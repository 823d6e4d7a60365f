#!/usr/bin/env bash
# IMAP programs that we did not write: imaplib, imapflow, curl, mbsync, offlineimap, mutt, neomutt, fetchmail, getmail.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"

agent_new
agent_certificate
agent_state "$root/tests/whole/states/mail.yaml"
agent_start || exit 1
check "apply" posthus apply --wait
password='pass word "quoted" \ and ünïcode'
plain=plainpass
set_password() { printf '%s\n' "$2" | posthus account passwd "$1"; }
check "anna's password" set_password anna "$password"
check "bo's password" set_password bo "$plain"

ca=$home/chain.pem
url=imaps://localhost:$IMAPS
message() { printf 'From: Otto <otto@elsewhere.example>\r\nTo: bo@org.example\r\nSubject: =?utf-8?q?%s_=C3=A9?=\r\nMessage-ID: <%s@elsewhere.example>\r\nDate: Tue, 3 Mar 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nB\xc3\xb6dy %s\r\n.leading dot\r\n..two\r\n' "$1" "$1" "$1"; }
imap() { curl -sS --cacert "$ca" --user "bo@org.example:$plain" "$@"; }
# messages FOLDER N: so many are in it
messages() { imap "$url" -X "STATUS $1 (MESSAGES)" | grep -qF "(MESSAGES $2)"; }
# files N FOLDER…: so many messages are in these maildir folders
files() { [ "$(find "${@:2}" -type f -path '*/[cn][ue][rw]/*' | wc -l)" = "$1" ]; }

# -- Python's imaplib
export PORT_SMTP=$SMTP PORT_IMAPS=$IMAPS ANNA_PASSWORD=$password BO_PASSWORD=$plain CA=$ca
check "imaplib: a day's work, and IDLE" python3 "$root/tests/whole/imap_clients.py"

# -- imapflow
imapflow() {
	local modules
	modules=$(packages_npm "$root/tests/whole/imapflow") || return
	NODE_PATH=$modules/node_modules ADDRESS=bo@org.example PASSWORD=$plain timeout -k 5 "$limit" node "$root/tests/whole/imapflow/imapflow.js"
}
check "imapflow: a day's work, and IDLE" imapflow

# -- curl
message curl >"$work/m.eml"
check "curl CREATE" imap "$url" -X 'CREATE tried'
check "curl APPEND" imap -T "$work/m.eml" "$url/tried"
same_bytes() { imap "$url/tried;MAILINDEX=1" >"$work/got.eml" && cmp "$work/m.eml" "$work/got.eml"; }
check "curl FETCH is the same, byte for byte" same_bytes
curl_search() { imap "$url/tried?SUBJECT%20curl" | grep -q 'SEARCH 1'; }
check "curl SEARCH" curl_search
starttls() { curl -sS --cacert "$ca" --ssl-reqd --user "bo@org.example:$plain" "imap://localhost:$IMAP/tried" -X 'STATUS tried (MESSAGES)' | grep -q 'MESSAGES 1'; }
check "curl over IMAP STARTTLS" starttls
check "curl DELETE" imap "$url" -X 'DELETE tried'

# -- mbsync: two maildirs that follow each other through the server
for side in one two; do
	mkdir -p "$work/$side"
	cat >"$work/$side.rc" <<-EOF
		IMAPAccount posthus
		Host localhost
		Port $IMAPS
		User bo@org.example
		Pass "$plain"
		SSLType IMAPS
		CertificateFile $ca

		IMAPStore far
		Account posthus

		MaildirStore near
		Path $work/$side/
		Inbox $work/$side/INBOX
		SubFolders Verbatim

		Channel all
		Far :far:
		Near :near:
		Patterns "post*"
		Create Both
		Remove Both
		Expunge Both
		SyncState *
	EOF
	declare "sync_$side=mbsync -q -c $work/$side.rc all"
done
mkdir -p "$work/one/post"/{cur,new,tmp} "$work/one/post/below"/{cur,new,tmp}
for i in $(seq 25); do message "sync$i" | tr -d '\r' >"$work/one/post/new/17$i.here"; done
check "mbsync pushes 25 messages and a folder below" $sync_one
check "mbsync pulls them into a second maildir" $sync_two
check "where there are 25" files 25 "$work/two/post"
flag_and_remove() {
	local file
	for file in $(find "$work/two/post"/{cur,new} -type f | head -n 5); do mv "$file" "$work/two/post/cur/$(basename "${file%%:*}"):2,FS"; done
	find "$work/two/post"/{cur,new} -type f | tail -n 3 | xargs rm
}
flag_and_remove
check "mbsync pushes flags and deletions" $sync_two
check "mbsync pulls them into the first" $sync_one
followed() { files 22 "$work/one/post" && [ "$(find "$work/one/post/cur" -name '*:2,*F*S*' | wc -l)" = 5 ]; }
check "where 22 are left, 5 of them flagged" followed
check "and the server has as many" messages post 22
check "mbsync has nothing left to do" $sync_two

# -- offlineimap
cat >"$work/offlineimaprc" <<EOF
[general]
accounts = a
metadata = $work/offlineimap
ui = quiet
[Account a]
localrepository = near
remoterepository = far
[Repository near]
type = Maildir
localfolders = $work/offline
[Repository far]
type = IMAP
remotehost = localhost
remoteport = $IMAPS
remoteuser = bo@org.example
remotepass = $plain
ssl = yes
sslcacertfile = $ca
folderfilter = lambda name: name == 'post'
EOF
mkdir "$work/offline"
check "offlineimap pulls" offlineimap -o -c "$work/offlineimaprc"
check "22 messages" files 22 "$work/offline/post"
change_offline() {
	local file
	file=$(find "$work/offline/post" -type f -path '*/[cn][ue][rw]/*' | head -n 1)
	gone=$(sed -n 's/^Message-ID: <\(.*\)>/\1/p' "$file")
	[ -n "$gone" ] && rm "$file" && message offline | tr -d '\r' >"$work/offline/post/new/1.here"
}
check "one is added and one removed" change_offline
check "offlineimap pushes" offlineimap -o -c "$work/offlineimaprc"
pushed() { messages post 22 && imap "$url/post?SUBJECT%20offline" | grep -q 'SEARCH [0-9]' && ! imap "$url/post?HEADER%20Message-ID%20$gone" | grep -q 'SEARCH [0-9]'; }
check "which the server has" pushed

# -- mutt and neomutt: they want a terminal, even with nobody at it
# mutt PROGRAM FOLDER WORD…: a shell in a terminal that runs PROGRAM on FOLDER
mutt() {
	local words
	words=$(printf '%q ' "$1" -n -F "$work/muttrc" -f "$url/$2" "${@:3}")
	HOME=$work TERM=vt100 timeout -k 5 "$limit" script -qefc "stty rows 24 cols 80; $words" "$work/terminal" >/dev/null
}
cat >"$work/muttrc" <<EOF
set ssl_ca_certificates_file=$ca
set certificate_file=$ca
set ssl_force_tls=yes
set imap_user=bo@org.example
set imap_pass=$plain
set folder=$url/
set spoolfile=$url/INBOX
set header_cache=
set sort=mailbox-order
set quit=yes
set delete=yes
set confirmappend=no
set confirmcreate=no
set move=no
set wait_key=no
EOF
moves() {
	echo "push \"<limit>~f otto<enter><tag-pattern>~A<enter><tag-prefix><save-message>=$3<enter><sync-mailbox><quit>\"" >"$work/keys"
	mutt "$1" "$2" -e "source $work/keys" </dev/null
	messages "$2" 0 && messages "$3" 22
}
check "mutt tags 22 messages and moves them to a new folder" moves mutt post mutts
check "neomutt moves them on" moves neomutt mutts post
# awaits PATTERN FILE: until it is in the file
awaits() {
	local i
	for i in $(seq 200); do
		grep -qsaE -- "$1" "$2" && return
		read -r -t 0.1 <> <(:)
	done
	echo "no \"$1\" in $2:" && tail -n 20 "$2"
	return 1
}
deliver() { message "$1" | curl -sS --url "smtp://localhost:$SMTP" --mail-from otto@elsewhere.example --mail-rcpt bo@org.example -T -; }
# hears PROGRAM LOG WORD…: with INBOX open it shows what is delivered, and sent nothing but IDLE.
# `timeout` and `mail_check` are how often it looks at its own socket.
hears() {
	local program=$1 log=$2
	mkfifo "$work/keys-of-$program"
	mutt "$program" INBOX -e 'set imap_idle=yes imap_keepalive=600 timeout=1 mail_check=1' "${@:3}" <>"$work/keys-of-$program" &
	awaits '> a[0-9]+ IDLE' "$log" && deliver "to-$program" && awaits "to-$program" "$work/terminal" || return
	echo -n q >"$work/keys-of-$program"
	wait $!
	sed -n '/> a[0-9]* IDLE/,/ EXISTS/{p;/ EXISTS/q}' "$log" >"$work/heard"
	grep -q ' EXISTS' "$work/heard" && [ "$(grep -cE ' [0-9]+> ' "$work/heard")" = 1 ] || { cat "$work/heard"; return 1; }
}
check "mutt shows a delivered message while it idles" hears mutt "$work/.muttdebug0" -d 2
check "neomutt shows a delivered message while it idles" hears neomutt "$work/neomutt.log0" -d 2 -l "$work/neomutt.log"

# -- fetchmail and getmail
cat >"$work/fetchmailrc" <<EOF
poll localhost protocol imap port $IMAPS
  user "bo@org.example" password "$plain" is root here folder "post"
  options ssl sslcertck sslcertfile $ca fetchall keep mda "cat >>$work/fetched"
EOF
chmod 600 "$work/fetchmailrc"
check "fetchmail fetches" fetchmail -f "$work/fetchmailrc" --pidfile "$work/fetchmail.pid" -i "$work/fetchmail.id"
fetched() { [ "$(grep -c '^Message-ID: <' "$1")" = 22 ]; }
check "22 messages" fetched "$work/fetched"
mkdir "$work/getmail"
cat >"$work/getmail/getmailrc" <<EOF
[retriever]
type = SimpleIMAPSSLRetriever
server = localhost
port = $IMAPS
username = bo@org.example
password = $plain
mailboxes = ("post",)
ca_certs = $ca
[destination]
type = MDA_external
path = /usr/bin/tee
arguments = ("-a", "$work/got")
allow_root_commands = true
[options]
delete = true
EOF
check "getmail fetches and deletes" getmail --getmaildir "$work/getmail"
check "22 messages" fetched "$work/got"
check "and none are left" messages post 0
finish
