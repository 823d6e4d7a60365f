#!/usr/bin/env bash
# The state comes from a repository: OpenSSH's sshd with git-shell, and git-http-backend behind nginx with TLS 1.3
# alone; commits signed by git; what is refused, and that mail goes on meanwhile.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/forge.sh"

agent_new
forge_new

mkdir -p "$forge/work/elsewhere"
echo 'version: 2' >"$forge/work/elsewhere/not-read.yaml"

# -- what agent.yaml may say --

configure git://127.0.0.1/mail.git
refuse "G04 git:// is refused" 3 "a repository is fetched by ssh or https" posthus run --config "$home/agent.yaml"
configure "file://$forge/mail.git"
refuse "G04 file:// is refused" 3 "BadUrl" posthus run --config "$home/agent.yaml"
configure "$SSH_URL"
refuse "ssh without known_hosts is refused" 3 "known_hosts" posthus run --config "$home/agent.yaml"

# -- by ssh --

sshd_start host
commit "the first state"
configure "$SSH_URL" "$BY_SSH"
agent_start || exit 1
check "a signed commit becomes the state" await bash -c "$POSTHUS get user/anna@a.example --config $home/agent.yaml | grep -q anna"
says() { posthus git status >"$work/status"; grep -q -- "$1" "$work/status"; }
check "status says which commit, and who signed it" says "main@$(head_id | cut -c1-7)  signed by anna SHA256:"
check "status of all says so, too" bash -c "$POSTHUS status --config $home/agent.yaml | grep -q 'signed by anna'"
refuse "scenario_26 what the next commit would undo is refused" 5 "comes from a repository" posthus apply "$forge/work/common"

user_add bo
commit "add bo"
check "a push is taken at the next sync" sync
check "bo is there" posthus get user/bo@a.example
history_has() { posthus history | grep -q "by anna (commit $(head_id | cut -c1-7))"; }
check "history names the commit and its signer" history_has

written() { sha256sum "$home"/data/control.db*; }
before=$(written)
sync >/dev/null
unchanged() { [ "$before" = "$(written)" ]; }
check "a sync that finds nothing writes nothing" unchanged

# -- what is not trusted; anna's state stays --

good=$(head_id)
user_add mallory
commit "unsigned" --no-gpg-sign
refuse "G05 an unsigned commit is refused" 7 SignatureMissing sync
refuse "… and mallory is not there" 1 "there is no user" posthus get user/mallory@a.example
events() { [ "$(posthus events | grep -c SignatureMissing)" = 1 ]; }
sync >/dev/null
check "… and that is told once" events
work config user.signingkey "$forge/eve"
work reset -q --hard "$good"
user_add mallory
commit "by eve"
refuse "G05 a signer who is not listed is refused" 7 SignerNotAllowed sync
work config user.signingkey "$forge/anna"
work reset -q --hard "$good"
user_add mallory
commit "unsigned, below" --no-gpg-sign
user_add cy
commit "signed, on top"
refuse "G05 an unsigned commit below a signed one is refused" 7 SignatureMissing sync
work reset -q --hard "$good"
echo 'nonsense: 1' >"$forge/work/common/wrong.yaml"
commit "a state that is none"
refuse "a state with an error is refused with its place" 7 "common/wrong.yaml:1:1" sync
work reset -q --hard "$good"
ln -s /etc/passwd "$forge/work/common/link.yaml"
commit "a link"
refuse "G01 a symbolic link is refused" 7 "is a symbolic link" sync
work reset -q --hard "$good"
# two pushes in one second: both are judged, the last is the state
user_add first
commit "the first of two"
user_add second
commit "the second"
check "scenario_02 two pushes at once are taken at once" sync
one_generation() { [ "$(posthus history | grep -c "by anna (commit $(work rev-parse HEAD~1 | cut -c1-7))")" = 0 ] && posthus get user/first@a.example && posthus get user/second@a.example; }
check "scenario_02 … as one" one_generation
good=$(head_id)
work rm -q -r common
commit "all is gone"
refuse "scenario_07 a repository without a state takes nothing away" 7 EmptySource sync
work reset -q --hard "$good"
work push -q -f origin HEAD:main
sync >/dev/null
mv "$home/signers" "$home/signers.away"
user_add unread
commit "while nobody can be trusted"
refuse "scenario_05 a list that cannot be read trusts nobody" 1 TrustUnreadable sync
echo "eve@a.example $(cut -d' ' -f1,2 "$forge/eve.pub")" >"$home/signers"
refuse "scenario_04 who is not in it any more signs nothing new" 7 SignerNotAllowed sync
check "scenario_04 … and what she signed stays" posthus get user/second@a.example
mv "$home/signers.away" "$home/signers"
check "scenario_05 once it can be read, the commit is taken" sync
good=$(head_id)
cp -r "$forge/work/common" "$work/own"
echo 'users: {own@a.example: {}}' >"$work/own/own.yaml"
check "scenario_26 --detach-source applies a state of one's own" posthus apply --detach-source "$work/own"
refuse "scenario_26 … nothing is taken from the repository then" 5 "posthus git attach" sync
detached() { posthus git status | grep -q "detached"; }
check "scenario_26 … and status says so" detached
check "scenario_26 … again, without more words" posthus apply "$work/own"
check "scenario_26 it is attached again" posthus git attach
user_add after
commit "after that"
check "scenario_26 … and a commit is the state" sync
own_left() { posthus get user/own@a.example -o json | grep -q '"disabled"'; }
check "scenario_26 … which knows of nothing else" own_left
good=$(head_id)
work reset -q --hard "$good~1"
work push -q -f origin HEAD:main
refuse "G06 a rewind is refused" 7 NotDescendant sync
check "accept-rewind lets it" posthus git accept-rewind "$(head_id)"
check "… and it is taken" sync
after_left() { posthus get user/after@a.example -o json | grep -q '"disabled"'; }
check "who was added last has left, and what is his is kept" after_left
work reset -q --hard "$good"
work push -q -f origin HEAD:main
check "scenario_03 forward again is no rewind" sync
check "history has it" history_has

# -- the forge is another, or gone; mail goes on --

sshd_stop
sshd_start other
refuse "G05 another host key is refused" 1 "PeerUntrusted" sync
sshd_stop
refuse "scenario_06 nobody answers: what was applied stays" 1 "ConnectionFailed" sync
sync >/dev/null
told_once() { [ "$(posthus events | grep -c ConnectionFailed)" = 1 ]; }
check "scenario_06 … and is told once" told_once
drifts() { posthus reconcile >/dev/null 2>&1 || kill -HUP "$agent_pid"; posthus get user/bo@a.example; }
check "scenario_06 … and is kept to" drifts
python3 -c "
import socket, time
s = socket.create_server(('127.0.0.1', $SSH))
print('ready', flush=True)
kept = []
while True: kept.append(s.accept())
" >"$forge/hang.out" &
hang_pid=$!
await grep -q ready "$forge/hang.out"
sync >"$work/hanging" 2>&1 &
hanging=$!
hanging_mail() {
	local began=$SECONDS
	swaks --server 127.0.0.1 --port "$SMTP_PORT" --from x@elsewhere.invalid --to anna@a.example --silent 2 && [ $((SECONDS - began)) -lt 4 ]
}
check "G13 mail flows while a fetch hangs" hanging_mail
wait "$hanging"
timed_out() { grep -q Timeout "$work/hanging"; }
check "G13 a fetch that hangs ends at its time" timed_out
kill "$hang_pid"
wait "$hang_pid" 2>/dev/null
# one that speaks, a byte a second
python3 -c "
import socket, threading, time
def drip(c):
    try:
        for b in b'SSH-2.0-OpenSSH_9.9 ' + b'x' * 200:
            c.send(bytes([b])); time.sleep(1)
    except OSError: pass
s = socket.create_server(('127.0.0.1', $SSH))
print('ready', flush=True)
while True: threading.Thread(target=drip, args=(s.accept()[0],), daemon=True).start()
" >"$forge/drip.out" 2>/dev/null &
drip_pid=$!
await grep -q ready "$forge/drip.out"
dripped() { local began=$SECONDS; sync >"$work/drip" 2>&1; grep -q Timeout "$work/drip" && [ $((SECONDS - began)) -lt 10 ]; }
check "G13 a server that drips a byte a second ends at its time" dripped
kill "$drip_pid"
wait "$drip_pid" 2>/dev/null
agent_stop

# -- the other modes --

sshd_start host
configure "$SSH_URL" "$BY_SSH, mode: strict"
agent_start || exit 1
sync >/dev/null
work checkout -q -b side
user_add side
commit_here() { work add -A && work commit -q "${@:2}" -m "$1"; }
commit_here "on a branch, unsigned" --no-gpg-sign
work checkout -q main 2>/dev/null || work checkout -q -b main
work checkout -q "$good" 2>/dev/null
work checkout -q -B main "$good"
work merge -q --no-ff -S -m "merge it" side
work push -q -f origin HEAD:main
refuse "strict: what was made on a branch has to be signed, too" 7 SignatureMissing sync
agent_stop
configure "$SSH_URL" "$BY_SSH"
agent_start || exit 1
check "first-parent: the merge vouches for it" sync
check "side is there" posthus get user/side@a.example
agent_stop

configure "$SSH_URL" "$BY_SSH, mode: tag, branch: live"
user_add tagged
commit_here "not signed, and not asked" --no-gpg-sign
work tag -s -m "promote" live
work push -q -f origin HEAD:main live
agent_start || exit 1
check "tag: a signed tag makes a commit the state" sync
check "tagged is there" posthus get user/tagged@a.example
user_add later
commit_here "later" --no-gpg-sign
work push -q -f origin HEAD:main
check "tag: what is not tagged does not count" sync
refuse "… later is not there" 1 "there is no user" posthus get user/later@a.example
work tag -f -a -m "moved" live >/dev/null
work push -q -f origin live
refuse "tag: one that nobody signed is refused" 7 SignatureMissing sync
echo 'nonsense: 1' >"$forge/work/common/wrong.yaml"
commit_here "no state" --no-gpg-sign
work tag -f -s -m "no state" live >/dev/null
work push -q -f origin live
refuse "tag: a state with an error is refused" 7 "common/wrong.yaml:1:1" sync
files_read() { posthus git status -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["refused"]["at"])'; }
at=$(files_read)
sync >/dev/null 2>&1
same_verdict() { [ "$(files_read)" = "$at" ]; }
check "… once, while the tag stays" same_verdict
rm "$forge/work/common/wrong.yaml"
commit_here "mended" --no-gpg-sign
work tag -f -s -m "promote" live >/dev/null
work push -q -f origin live
check "tag: a signed one that moved on is taken" sync
check "later is there" posthus get user/later@a.example
agent_stop
sshd_stop
work push -q -f origin HEAD:main

# -- by https, TLS 1.3 alone --

https_start
configure "https://localhost:$HTTPS/mail.git" "authority: forge.pem"
signs anna
user_add dana
commit "add dana"
agent_start || exit 1
check "a commit comes by https" await bash -c "$POSTHUS get user/dana@a.example --config $home/agent.yaml | grep -q dana"
user_add eli
commit "add eli"
check "the next one, too" sync
check "eli is there" posthus get user/eli@a.example
agent_stop
configure "https://localhost:$HTTPS/closed/mail.git" "authority: forge.pem, identity: {host_file: $forge/token}"
echo 'a token of the forge' >"$forge/token"
user_add fay
commit "add fay"
agent_start || exit 1
check "a token opens what is closed" sync
check "fay is there" posthus get user/fay@a.example
echo 'another token' >"$forge/token"
refuse "another does not" 1 "AuthFailed" sync
not_told() { ! grep -q "another token\|a token of" "$home/log"; }
check "K08 no token is in the log" not_told
agent_stop
configure "https://localhost:$HTTPS/mail.git"
agent_start || exit 1
refuse "G05 a certificate that nobody trusts is refused" 1 "PeerUntrusted" sync
agent_stop
configure "https://localhost:$HTTPS/moved/mail.git" "authority: forge.pem"
agent_start || exit 1
refuse "G04 a redirection is not followed" 1 "redirections are not followed" sync

https_stop
finish
