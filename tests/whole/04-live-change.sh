#!/usr/bin/env bash
# What changes while people are connected: nobody is dropped but those who may no longer be there.
. "$(dirname "$0")/lib.sh"

agent_new
agent_state "$root/tests/whole/states/mail.yaml"
agent_start || exit 1
check "apply" posthus apply --wait
for user in anna bo carol; do printf 'pass-%s\n' $user | posthus account passwd $user >/dev/null; done
export HOME_STATE=$home/state POSTHUS CONFIG=$home/agent.yaml PORT_SMTP=$SMTP PORT_IMAPS=$IMAPS
read -r spare < <(free_ports 1)
export PORT_SPARE=$spare AGENT_PID=$agent_pid
check "live changes" python3 "$root/tests/whole/live_change.py"
sed 's/^/     /' "$work/out"
finish
