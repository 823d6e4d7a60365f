#!/usr/bin/env bash
# Who may say what, in a repository behind OpenSSH's sshd: scopes, and that nobody gains by stacking commits.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/forge.sh"

agent_new
forge_new
echo "bo@a.example namespaces=\"git\" $(cut -d' ' -f1,2 "$forge/bo.pub")" >"$home/signers-bo"
sshd_start host
commit "the first state"
configure "$SSH_URL" "$BY_SSH" "bo: {keys: signers-bo, may: [users.add, aliases]}"
agent_start || exit 1
sync >"$work/first"
check "the first state is anna's" posthus get user/anna@a.example

signs bo
user_add cy
commit "bo adds cy"
check "G18 who may add users adds one" sync
check "cy is there" posthus get user/cy@a.example
good=$(head_id)

sed -i 's/roles: \[admin\]/roles: [admin], quota: 99GiB/' "$forge/work/common/mail.yaml"
commit "bo changes anna"
refuse "G18 he changes none" 7 "bo may not change user/anna@a.example (common/mail.yaml:4:9)" sync
refuse "G18 … and it says of which commit" 7 "$(head_id | cut -c1-7): bo may not" posthus git status
told() { [ "$(posthus events | grep -c ScopeExceeded)" = 1 ]; }
sync >/dev/null
check "G18 … once" told
quota_stays() { posthus get user/anna@a.example -o json >"$work/anna" && ! grep -q 106300440576 "$work/anna"; }
check "G18 … and nothing has changed" quota_stays

signs anna
user_add dana
commit "anna, on top of it"
refuse "G18 nobody gains by having somebody build on his commit" 7 "bo may not change user/anna@a.example" sync
refuse "G18 … and what stands on it waits" 1 "there is no user" posthus get user/dana@a.example
work revert --no-edit -S HEAD~1 -q 2>/dev/null || work revert --no-edit -S HEAD~1 >/dev/null
work push -q -f origin HEAD:main
check "G18 what one did and another took back is nothing" sync
check "… dana is there" posthus get user/dana@a.example
good=$(head_id)

signs bo
echo 'users: {eve@a.example: {roles: [admin]}}' >"$forge/work/common/eve.yaml"
commit "bo adds an admin"
refuse "G18 no scope gives a role" 7 "bo may not add user/eve@a.example: roles are for those who may all" sync
echo 'nonsense: 1' >"$forge/work/common/wrong.yaml"
commit "a state that is none"
signs anna
rm "$forge/work/common/wrong.yaml"
commit "anna mends it"
refuse "G18 nor a commit that is no state, between" 7 "bo may not add user/eve@a.example" sync
check "an operator of the host may take it" posthus git accept-rewind "$(head_id)"
check "… as the newest signer's" sync
check "eve is there" posthus get user/eve@a.example

signs bo
echo 'defaults: {user: {roles: [admin]}}' >"$forge/work/common/defaults.yaml"
commit "bo sets a default"
refuse "G18 nor by a default" 7 "bo may not change" sync
work reset -q --hard HEAD~1
signs eve
user_add mallory
commit "eve, whom nobody trusts"
refuse "G18 who is not in trust is refused as before" 7 SignerNotAllowed sync
work reset -q --hard HEAD~1

# -- what a person of the repository asks for counts as hers: `policy.approvals` --

signs anna
echo 'policy: {approvals: {exposing: 2}}' >"$forge/work/common/policy.yaml"
commit "two people for what exposes"
check "a policy of two people" sync
sed -i 's/quota: 99GiB/quota: 10GiB/; s/users: {anna@a.example: {roles: \[admin\]/&, forward: {to: [x@elsewhere.invalid]}/' "$forge/work/common/mail.yaml"
commit "anna forwards her mail"
sync >"$work/held"
waits() { posthus status | grep -q '1 of 2 people (anna)'; }
check "G17 the signer is one of the people" waits

agent_stop
sshd_stop
finish
