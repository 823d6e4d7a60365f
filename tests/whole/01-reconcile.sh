#!/usr/bin/env bash
# From a state file to a running server, and back to the state: plan, apply, status, get, wait, history.
. "$(dirname "$0")/lib.sh"

agent_new
agent_state "$root/tests/whole/states/mail.yaml"
check "validate takes the state" "$POSTHUS" validate "$home/state"

# Every byte and name below the data directory; the lock and the socket are not data.
digest() { (cd "$home/data" && find . -type f ! -name lock -print0 | sort -z | xargs -0 sha256sum; find . | sort) | sha256sum; }

plan_offline_first() { posthus plan >"$work/plan" && grep -q '+ user anna' "$work/plan"; }
check "plan works before any agent has run" plan_offline_first
[ ! -e "$home/data/control.db" ] && ok "and made no database" || bad "and made no database"

check "the agent starts" agent_start
before=$(digest)
refuse "plan --detailed-exitcode says that there are changes" 2 "+ user anna" posthus plan --detailed-exitcode
[ "$before" = "$(digest)" ] && ok "plan writes nothing" || bad "plan writes nothing"
check "apply --wait" posthus apply --wait
check "a user is Ready" posthus wait --for Ready user/anna --timeout 10s
refuse "what is not there is not Ready" 8 "does not exist" posthus wait --for Ready user/nobody --timeout 1s
before=$(digest)
refuse "the second apply has no steps" 0 "no changes" posthus apply
[ "$before" = "$(digest)" ] && ok "and wrote nothing" || bad "and wrote nothing"
refuse "plan --detailed-exitcode says so too" 0 "no changes" posthus plan --detailed-exitcode
refuse "status reads in five seconds" 0 "user" posthus status
refuse "status of one object" 0 "anna@org.example" posthus status user/anna
refuse "get lists a kind" 0 "carol@org.example" posthus get user
refuse "get --origin says which line gave what" 0 "mail.yaml:" posthus get user/anna --origin
refuse "history names the generation" 0 "1" posthus history
refuse "an object that is not there" 1 "there is no user/nobody" posthus get user/nobody
status_is_json() { posthus status -o json | python3 -c 'import json,sys; d=json.load(sys.stdin); assert d["ready"] is True and d["format_version"] == 1, d'; }
check "status -o json" status_is_json

refuse "a trace ends at the line" 0 "mail.yaml:" posthus trace user/anna
refuse "suspend needs a reason" 1 "its end and its reason" posthus suspend --until 1h
refuse "suspended" 0 "Nothing is applied until" posthus suspend --until 1h --reason "moving the disk"
refuse "and apply says so" 5 "moving the disk" posthus apply
refuse "resumed" 0 "goes on" posthus resume
sed -i 's/name: Anna/name: Annabel/; s/quota: [0-9]*GiB/quota: 3GiB/' "$home/state/mail.yaml"
refuse "a change" 0 "generation" posthus apply -o json
refuse "is taken back" 0 "rollback to generation 1" posthus rollback
sed -i 's/quota: 1MiB/quota: 7MiB/' "$home/state/mail.yaml"
refuse "a plan goes to a file" 0 "7MiB" posthus plan --out "$work/plan.posthus"
[ "$(stat -c %a "$work/plan.posthus")" = 600 ] && ok "that others cannot read" || bad "that others cannot read"
markdown() { posthus plan -o markdown >"$work/md" && grep -q '^| update | user dan | quota: 1MiB → 7MiB | harmless | mail.yaml:' "$work/md"; }
check "plan -o markdown is a table" markdown
ndjson() { posthus plan -o ndjson | python3 -c 'import json,sys; l=[json.loads(x) for x in sys.stdin]; assert l[0]["type"] == "change" and l[-1]["type"] == "summary" and l[-1]["digest"], l'; }
check "plan -o ndjson is a line an object" ndjson
refuse "what -o does not know" 1 "-o takes text|json|ndjson|markdown, not yaml" posthus plan -o yaml
cp "$home/state/mail.yaml" "$work/kept.yaml"
sed -i 's/quota: 7MiB/quota: 9MiB/' "$home/state/mail.yaml"
refuse "applied in between" 0 "9MiB" posthus apply
refuse "the plan in the file is stale" 5 "StalePlan" posthus apply "$work/plan.posthus"
cp "$work/kept.yaml" "$home/state/mail.yaml"
refuse "a new one" 0 "7MiB" posthus plan --out "$work/plan.posthus"
sed -i 's/name: Bo/name: Bob/' "$home/state/mail.yaml"
refuse "is applied, whatever the files say now" 0 "7MiB" posthus apply "$work/plan.posthus"
truncate -s 100 "$work/plan.posthus"
refuse "half a plan is none" 3 "damaged plan" posthus apply "$work/plan.posthus"
sed -i 's/quota: [0-9]*MiB/quota: 8MiB/' "$home/state/mail.yaml"
refuse "a change that waits for its confirmation" 0 "8MiB" posthus apply --confirm-within 1s
taken_back() { # by the agent's own timer
	while ! posthus history 1 | grep -q 'rollback to generation'; do kill -0 "$agent_pid" || return 1; done
}
check "is taken back when none comes" taken_back
refuse "one that is confirmed" 0 "8MiB" posthus apply --confirm-within 1h
refuse "is shown as unconfirmed" 0 "UNCONFIRMED" posthus status
refuse "and stays" 0 "it stays" posthus confirm
refuse "events tell it" 0 "Applied" posthus events
followed() { # an event that comes while `events -f` waits is printed
	timeout 30 "$POSTHUS" events -f --config "$home/agent.yaml" >"$work/events" &
	local follower=$!
	posthus suspend --until 1h --reason "followed" >/dev/null && posthus resume >/dev/null
	while ! grep -q 'Resumed' "$work/events"; do kill -0 $follower || return 1; done
	kill $follower
}
check "events -f prints them as they come" followed
refuse "the audit holds" 0 "whole:" posthus audit verify

mkdir "$work/base"
cp "$home/state/mail.yaml" "$work/base/mail.yaml"
between() { (cd "$work" && HOME=/nonexistent "$POSTHUS" plan --base base "$home/state" --detailed-exitcode); }
refuse "plan --base needs no agent, no key, no agent.yaml" 0 "no changes" between
sed -i '/carol@org.example/d' "$work/base/mail.yaml"
refuse "and shows what lies between two states" 2 "+ user carol" between
sed -i 's/users:/usres:/' "$work/base/mail.yaml"
refuse "a base with errors says so" 3 "UnknownField" between

offline_plan_matches() {
	agent_stop
	local kept
	kept=$(digest)
	posthus plan >"$work/offline" 2>/dev/null && grep -q 'no changes' "$work/offline" && [ "$kept" = "$(digest)" ]
}
check "plan beside a stopped agent agrees and writes nothing" offline_plan_matches
check "a restart serves the same generation" agent_start
check "and its users are Ready" posthus wait --for Ready user/anna --timeout 10s
stops_cleanly() { agent_stop; [ "$agent_exit" = 0 ]; }
check "SIGTERM ends it with 0" stops_cleanly
finish
