#!/usr/bin/env bash
# A forge tells the agent that there is something new: POST /hooks/git, as each forge signs it, and SIGHUP.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/forge.sh"

agent_new
agent_certificate
forge_new
read -r HOOKS < <(free_ports 1)
sed -i "s/metrics: off/metrics: off, https: \"127.0.0.1:$HOOKS\", http: off/" "$forge/work/common/mail.yaml"
echo "certs: $CERTS" >>"$forge/work/common/mail.yaml"
# the poll is an hour: what comes within seconds came by a hint
SECRET="a secret of the forge"
echo "$SECRET" >"$home/hook"
chmod 600 "$home/hook"
sshd_start host
commit "the first state"
configure "$SSH_URL" "$BY_SSH, webhook: {secret: {host_file: $home/hook}}"
agent_start || exit 1
check "the first state is there" await posthus get user/anna@a.example

BODY='{"ref":"refs/heads/main"}'
signed() { printf %s "$1" | openssl dgst -sha256 -hmac "$SECRET" | sed 's/.*= //'; }
post() { # BODY [CURL-OPTION…]: the status
	curl -s -o "$work/answer" -w '%{http_code}' --cacert "$home/chain.pem" --resolve "localhost:$HOOKS:127.0.0.1" \
		--data-binary "$1" "${@:2}" "https://localhost:$HOOKS/hooks/git"
}
answer() { # STATUS BODY [CURL-OPTION…]
	local got
	got=$(post "${@:2}")
	[ "$got" = "$1" ] || { echo "status $got, not $1"; cat "$work/answer"; return 1; }
}
rounds() { posthus git status -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["rounds"])'; }
has() { posthus get "user/$1@a.example" >/dev/null 2>&1; }
arrives() { # NAME CURL-OPTION…: pushes NAME, tells of it, and waits for NAME
	user_add "$1"
	commit "add $1"
	answer 202 "$BODY" "${@:2}" && await has "$1"
}
check "a hint as GitHub signs it" arrives github -H "X-Hub-Signature-256: sha256=$(signed "$BODY")"
check "… as Forgejo" arrives forgejo -H "X-Forgejo-Signature: $(signed "$BODY")"
check "… as Gitea" arrives gitea -H "X-Gitea-Signature: $(signed "$BODY")"
check "… as GitLab did" arrives gitlab -H "X-Gitlab-Token: $SECRET"
check "… as this agent signs its own calls" arrives own -H "Posthus-Signature: sha256=$(signed "$BODY")"
user_add hup
commit "add hup"
kill -HUP "$agent_pid"
check "SIGHUP is a hint, too" await has hup

before=$(rounds)
check "unsigned: nothing" answer 401 "$BODY"
check "signed by another: nothing" answer 401 "$BODY" -H "X-Gitea-Signature: $(printf %s "$BODY" | openssl dgst -sha256 -hmac other | sed 's/.*= //')"
check "another body: nothing" answer 401 "$BODY " -H "X-Gitea-Signature: $(signed "$BODY")"
check "another token: nothing" answer 401 "$BODY" -H "X-Gitlab-Token: another secret of the forge"
check "by GET: nothing" answer 405 "" -G
head -c 1100000 /dev/zero >"$work/large"
check "too much: nothing" answer 413 "@$work/large" -H "X-Gitlab-Token: $SECRET"
same() { [ "$(rounds)" = "$before" ]; }
check "none of them was a reason to look" same
secret_is_kept() { ! grep -q "$SECRET" "$home/log"; }
check "K08 the secret is in no log" secret_is_kept

# Standard Webhooks, with a secret that the host changed meanwhile
KEY=$(openssl rand -base64 24)
echo "whsec_$KEY" >"$home/hook"
now=$(date +%s)
v1() { # TIMESTAMP
	printf %s "msg_1.$1.$BODY" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(printf %s "$KEY" | base64 -d | od -An -tx1 | tr -d ' \n')" -binary | base64
}
check "… as GitLab does" arrives standard -H "webhook-id: msg_1" -H "webhook-timestamp: $now" -H "webhook-signature: v1,$(v1 "$now")"
check "sent again after five minutes: nothing" answer 401 "$BODY" -H "webhook-id: msg_1" -H "webhook-timestamp: $((now - 301))" \
	-H "webhook-signature: v1,$(v1 "$((now - 301))")"
echo short >"$home/hook"
check "a short secret lets nobody in" answer 503 "$BODY" -H "X-Gitlab-Token: short"
rm "$home/hook"
check "none lets nobody in" answer 503 "$BODY" -H "X-Gitlab-Token: "

# many at once are one look, and one behind it
echo "$SECRET" >"$home/hook"
before=$(rounds)
for _ in 1 2 3; do post "$BODY" -H "X-Gitlab-Token: $SECRET" >/dev/null; done
settled() { [ "$(rounds)" -gt "$before" ] && [ "$(rounds)" -le $((before + 2)) ]; }
check "several at once are coalesced" await settled

agent_stop
configure "$SSH_URL" "$BY_SSH"
agent_start || exit 1
check "without a secret there is no such place" answer 404 "$BODY" -H "X-Gitlab-Token: $SECRET"
sshd_stop
finish
