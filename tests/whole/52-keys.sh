#!/usr/bin/env bash
# What opens what: app passwords.
. "$(dirname "$0")/lib.sh"

agent_new
agent_state "$root/tests/whole/states/mail.yaml"
agent_start || exit 1
check "apply" posthus apply --wait

# login NAME PASSWORD: by IMAP
login() { curl -sSk --user "$1@org.example:$2" "imaps://127.0.0.1:$IMAPS/INBOX?ALL"; }
sends() { swaks --server 127.0.0.1 --port "$SUBMISSIONS" --tls-on-connect --auth PLAIN --auth-user "$1@org.example" --auth-password "$2" --from "$1@org.example" --to "$1@org.example"; }
made() { posthus account app-password create "$@" 2>/dev/null; }

phone=$(made anna phone)
mailer=$(made anna mailer --for smtp)
check "an app password is shown once" test "${#phone}" = 30
check "it logs in by IMAP" login anna "$phone"
check "and sends" sends anna "$phone"
check "typed as people do" login anna "$(tr -d - <<<"$phone" | tr a-z A-Z)"
check "one for submission sends" sends anna "$mailer"
refuse "A13 and reads nothing" 67 "Login denied" login anna "$mailer"
refuse "A13 it is one account's" 67 "Login denied" login bo "$phone"
listed() { posthus account app-password list anna | grep -E "^$1 .*$2"; }
used() { for _ in $(seq 100); do listed phone 'used 20' && return; read -r -t 0.1 <> <(:); done; return 1; }
check "when it was used is known" used
check "what it is good for is listed" listed mailer 'smtp'
refuse "a second of that name" 5 "already" posthus account app-password create anna phone
refuse "a wrong protocol" 3 "imap, smtp" posthus account app-password create anna x --for pop3
refuse "a wrong time" 1 "a duration" posthus account app-password create anna x --expires never
check "revoked" posthus account app-password revoke anna phone
refuse "it opens nothing" 67 "Login denied" login anna "$phone"
refuse "nor again" 1 "no app password" posthus account app-password revoke anna phone
check "K08 it is in no log" sh -c "! grep -qiF -e '$phone' -e '$mailer' '$home/log'"
agent_stop
check "K08 nor in the database" sh -c "! grep -qrF -e '$phone' -e '$mailer' '$home/data'"
agent_start || exit 1
check "others stay over a restart" sends anna "$mailer"
finish
