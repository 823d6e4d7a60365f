#!/usr/bin/env bash
# Moving in and out: the state in force as files.
. "$(dirname "$0")/lib.sh"

agent_new
agent_certificate
refuse "export before the first apply" 1 "no state was applied yet" posthus export
agent_state "$root/tests/whole/states/mail.yaml"
agent_start || exit 1
check "apply" posthus apply --wait || exit 1

# -- export

posthus export >"$work/one.yaml" && ok "export" || bad "export"
posthus export --to "$work/many" >"$work/names"
check "export --to writes a file a section" cmp "$work/names" <(printf "$work/many/%s.yaml\n" hosts groups domains users aliases certs)
[ "$(stat -c %a "$work/many/users.yaml")" = 600 ] && ok "for its owner alone" || bad "the mode of an exported file"
rm -r "$home/state"
same() { posthus plan --detailed-exitcode "$@" >"$work/plan" && grep -q '^no changes' "$work/plan"; }
check "a plan of the one file is empty" same "$work/one.yaml"
check "a plan of the directory is empty" same "$work/many"
check "fmt finds nothing to do" "$POSTHUS" fmt --check "$work/one.yaml" "$work/many"
check "every reader of YAML reads the same" python3 "$root/tests/whole/yaml_texts.py" "$work/one.yaml"
cp -r "$work/many" "$work/before"
refuse "export writes over nothing" 1 "holds files already" posthus export --to "$work/many"
check "and left them as they were" diff -r "$work/many" "$work/before"
posthus export --kind alias,group >"$work/some.yaml"
[ "$(grep -c '^[a-z]*:' "$work/some.yaml")" = 3 ] && ok "export --kind" || bad "export --kind: $(cat "$work/some.yaml")"
refuse "export of an unknown kind" 1 "there is no kind among sheep" posthus export --kind sheep
agent_stop
posthus export >"$work/offline.yaml" 2>"$work/said"
check "export without an agent is the same" cmp "$work/one.yaml" "$work/offline.yaml"
finish
