#!/usr/bin/env bash
# examples/gitops: what its pipelines and its hook do, in a repository of git's, with no agent and no secret.
. "$(dirname "$0")/lib.sh"

export GIT_CONFIG_GLOBAL=$work/gitconfig GIT_CONFIG_NOSYSTEM=1 PATH=$work/bin:$PATH
mkdir -p "$work/bin"
ln -s "$POSTHUS" "$work/bin/posthus"
git config --global user.name Anna
git config --global user.email anna@a.example
git config --global init.defaultBranch main
cp -r "$root/examples/gitops" "$work/repository"
cd "$work/repository" || exit 1
git init -q .
ln -s ../../pre-commit .git/hooks/pre-commit
check "the hook lets a state in" bash -c "git add -A && git commit -q -m 'to start from'"
base=$(git rev-parse HEAD)

change() { sed -i "$1" common/mail.yaml && git commit -q -a -m "$1"; }
change 's/name: Bo}/name: Bo, quota: 20GiB}/'
shows() { ./plan "$base" >"$work/plan" && grep -q '^| update | user bo | quota: 10GiB' "$work/plan"; }
check "a pipeline shows what a commit would change" shows
nothing() { ./plan HEAD | grep -q '0 changes\|no changes'; }
check "… and that another changes nothing" nothing
sed -i 's/quota: 20GiB/qouta: 20GiB/' common/mail.yaml
refuse "the hook stops what is no state" 1 "did you mean \`quota\`" git commit -a -m wrong
git commit -q -a --no-verify -m wrong
refuse "… and a pipeline, too" 3 "UnknownField" ./plan "$base"
git reset -q --hard HEAD~1
sed -i 's/^version: 1$/&\nrelays: {out: {host: relay.example, user: u, password: hunter2}}/' common/mail.yaml
refuse "G09 the hook stops a secret in plain text" 1 "PlainSecret" git commit -a -m secret
git checkout -q common
mkdir mail2
echo 'hosts: {mail2: {name: mail2.org.example, addresses: [203.0.113.20], mx: 20}}' >mail2/host.yaml
check "another host, from the same repository" bash -c "git add -A && git commit -q -m 'a second host'"
second() { ./plan "$base" >"$work/plan"; grep -q '^## mail2' "$work/plan" && grep -q '^valid: 1 host' "$work/plan"; }
check "… is looked at, too" second
for file in .github/workflows/plan.yaml .forgejo/workflows/plan.yaml .gitlab-ci.yml; do
	check "$file is YAML" /usr/bin/python3 -c "import sys, yaml; yaml.safe_load(open(sys.argv[1]))" "$file"
done
finish
