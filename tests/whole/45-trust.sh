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


# -- approvals that are signatures --

digest() { posthus status | grep -o 'b2:[0-9a-f]*' | head -n 1; }
signature() { # WHO TEXT [NAMESPACE]
	rm -f "$work/said" "$work/said.sig"
	echo "$2" >"$work/said"
	ssh-keygen -q -Y sign -f "$forge/$1" -n "${3-posthus-approve@v1}" "$work/said" 2>/dev/null
}
by_signature() { posthus approve "$@" --signature "$work/said.sig"; }
DIGEST=$(digest)
forwards() { posthus get user/anna@a.example | grep -q elsewhere.invalid; }
signature bo "$DIGEST"
refuse "G17 a key that is listed for git alone agrees to nothing" 7 "not for posthus-approve@v1" by_signature "$DIGEST"
echo "bo@a.example namespaces=\"git,posthus-approve@v1\" $(cut -d' ' -f1,2 "$forge/bo.pub")" >"$home/signers-bo"
refuse "G17 nor does one who may not approve" 7 "bo may not approve" by_signature "$DIGEST"
signature eve "$DIGEST"
refuse "G17 nor does a stranger" 7 "nobody of \`trust\` has its key" by_signature "$DIGEST"
signature anna "$DIGEST" git
refuse "G17 what was signed for git is no approval" 7 "for something else than posthus-approve@v1" by_signature "$DIGEST"
agent_stop
configure "$SSH_URL" "$BY_SSH" "bo: {keys: signers-bo, may: [users.add, aliases, approve]}, forge: {keys: signers-forge, may: [users.add], require: {approval: ssh}}"
sed -i 's/namespaces="git"/namespaces="git,posthus-approve@v1"/' "$home/signers"
echo "forge@a.example namespaces=\"git\" $(cut -d' ' -f1,2 "$forge/other.pub")" >"$home/signers-forge"
agent_start || exit 1
signature anna "$DIGEST"
refuse "G17 who asked for it agrees to nothing more" 4 "1 of 2 (anna)" by_signature "$DIGEST"
refuse "… and a signature counts once" 7 "it has counted once already" by_signature "$DIGEST"
signature bo "$DIGEST"
check "G17 another person's signature lets it go" by_signature "$DIGEST"
check "… and it is so" forwards

# the same change again: the old signature is worth nothing
sed -i 's/, forward: {to: \[x@elsewhere.invalid\]}//' "$forge/work/common/mail.yaml"
commit "no forward"
sync >/dev/null
sed -i 's/users: {anna@a.example: {roles: \[admin\]/&, forward: {to: [x@elsewhere.invalid]}/' "$forge/work/common/mail.yaml"
commit "again"
sync >/dev/null
AGAIN=$(digest)
signature bo "$DIGEST"
refuse "G17 a signature of before lets nothing go" 7 "it has counted once already" by_signature "$DIGEST"
signature bo "$AGAIN again"
check "G17 one over another text does" by_signature "$AGAIN" again
check "… and it is so" forwards

# -- whose commits need somebody else --

signs other
user_add finn
commit "the forge adds finn"
sync >"$work/held"
refuse "G17 what needs another waits" 1 "there is no user" posthus get user/finn@a.example
wants() { posthus status | grep -q '1 of 2 people (forge), by a signature'; }
check "… and says for what" wants
signs anna
user_add gina
commit "anna, on top"
sync >"$work/held"
refuse "… whoever builds on it" 1 "there is no user" posthus get user/finn@a.example
refuse "G17 a word at the socket is no signature" 4 "people" posthus approve "$(digest)"
WAITS=$(digest)
signature bo "$WAITS"
check "G17 a signature is" by_signature "$WAITS"
check "finn is there" posthus get user/finn@a.example

# -- who signed, without an agent --

verify() { posthus git verify "$@" --repo "$forge/work"; }
says() { "$@" >"$work/verified" && grep -q "signed by $wanted" "$work/verified"; }
wanted=anna
check "verify says who signed" says verify HEAD
refuse "… and what nobody did" 7 "it is not signed" verify "$(work commit-tree -m unsigned "HEAD^{tree}" -p HEAD)"
refuse "… and what does not stand on what was applied" 7 "does not stand on" verify HEAD~1 --since HEAD
check "… and each on the way" verify HEAD --since HEAD~1
refuse "… and that there is no repository" 1 "--repo names" posthus git verify --repo "$work"

# -- trust taken away on this host --

KEY=$(ssh-keygen -lf "$forge/bo.pub" | cut -d' ' -f2)
refuse "who is nobody cannot be revoked" 1 "there is nobody of that name" posthus git revoke nobody
check "G17 a key is revoked" posthus git revoke "$KEY"
signs bo
user_add hugo
commit "bo, revoked"
refuse "G17 what it signs counts no more" 7 "its key was revoked on this host" sync
lists() { posthus git status >"$work/status" || true; grep -q "revoked: $KEY" "$work/status"; }
check "… status says so" lists
signature bo "b2:00"
refuse "G17 nor does it agree to anything" 7 "was revoked" by_signature "b2:00"
agent_stop
rm -rf "$home/data/git"
agent_start || exit 1
refuse "G17 … whatever becomes of the repository, and after a start" 7 "its key was revoked on this host" sync
check "it is reinstated" posthus git reinstate "$KEY"
check "… and counts again" sync
check "hugo is there" posthus get user/hugo@a.example
check "a person is revoked" posthus git revoke bo
user_add ina
commit "bo, revoked as a person"
refuse "G17 a person's keys count no more" 7 "the person who signed it was revoked" sync

agent_stop
sshd_stop
finish
