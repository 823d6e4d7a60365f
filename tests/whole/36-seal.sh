#!/usr/bin/env bash
# Secrets that stand in a state, sealed: `posthus seal` and the age program read what the other made.
. "$(dirname "$0")/lib.sh"

agent_new
age-keygen -o "$work/recovery" 2>/dev/null
recipient() { posthus key show | sed -n 's/^recipient //p'; }
host=$(recipient)
case $host in age1*) ok "key show prints the host's recipient" ;; *) bad "key show prints the host's recipient: $host" ;; esac
mkdir -p "$home/state"
state() { # SECRET RECIPIENTS
	cat >"$home/state/state.yaml" <<-YAML
		version: 1
		hosts: {mail: {name: mail.a.example}}
		domains: {a.example: {}}
		users: {anna@a.example: {roles: [admin]}}
		issuers: {le: {acme: "https://acme.example/dir", eab: {id: k, key: $1}}}
		secrets: {recipients: {$2}}
	YAML
}
seal() { "$POSTHUS" seal "$@" --state "$home/state"; }
state "{credential: later}" "host/mail: $host, recovery: $(age-keygen -y "$work/recovery")"
check "seal" bash -c "echo the-secret | $POSTHUS seal issuer/le eab.key --state $home/state >$work/sealed"
opened() { sed 's/^{sealed: "//; s/"}$//' "$work/sealed" | base64 -d | age -d -i "$work/recovery" >"$work/clear"; }
check "the age program opens it" opened
says_where() { printf 'issuer/le/eab.key\nto: https://acme.example:443\nthe-secret' | cmp - "$work/clear"; }
check "it says where it belongs, and where it is sent" says_where
no_secret() { ! grep -q the-secret "$work/sealed"; }
check "nothing of it is to be read" no_secret
state "$(cat "$work/sealed")" "host/mail: $host, recovery: $(age-keygen -y "$work/recovery")"
check "it stands in the state" "$POSTHUS" validate "$home/state"
made=$(printf 'issuer/le/eab.key\nto: https://acme.example:443\nby hand\n' | age -r "$host" | base64 -w 0)
state "{sealed: \"$made\"}" "host/mail: $host"
check "one that age made, too" "$POSTHUS" validate "$home/state"
state "{sealed: \"${made:0:40}\"}" "host/mail: $host"
refuse "half of one is refused with its place" 3 BadSealed "$POSTHUS" validate "$home/state"
state "the-secret" "host/mail: $host"
refuse "G09 a secret in plain text is refused" 3 PlainSecret "$POSTHUS" validate "$home/state"
state "{credential: later}" ""
sed -i '/^secrets:/d' "$home/state/state.yaml"
refuse "without recipients it says whom to name" 3 "posthus key show" bash -c "echo x | $POSTHUS seal issuer/le eab.key --state $home/state"
refuse "what is no secret is not sealed" 3 "has no secret" bash -c "echo x | $POSTHUS seal issuer/le acme --state $home/state"
finish
