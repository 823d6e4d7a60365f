#!/usr/bin/env bash
# Shared mailboxes, who writes as whom, and services with their limits, with real clients.
. "$(dirname "$0")/lib.sh"

agent_new
agent_state "$root/tests/whole/states/shared.yaml"
agent_start || exit 1
check "apply" posthus apply --wait
for user in anna bo carol dan; do printf 'pass-%s\n' $user | posthus account passwd $user >/dev/null; done
export HOME_STATE=$home/state POSTHUS CONFIG=$home/agent.yaml PORT_SMTP=$SMTP PORT_SUBMISSIONS=$SUBMISSIONS PORT_IMAPS=$IMAPS

# shared NAME: one test of shared_mailboxes.py
shared() { check "${1//_/ }" python3 "$root/tests/whole/shared_mailboxes.py" "$1"; }

shared members_see_it_in_a_namespace_of_its_own
shared subscriptions_are_ones_own
shared I14_who_is_no_member_sees_nothing
shared a_reader_reads_and_changes_nothing
shared a_writer_writes_and_makes_no_folders
shared a_manager_makes_renames_and_deletes_folders
shared what_goes_there_leaves_selected_what_is_here
shared copies_and_moves_go_between_accounts
shared a_delivery_wakes_who_idles_there
shared A11_only_who_is_named_sends_as_another
shared a_change_of_members_takes_effect_at_once
shared a_shared_mailbox_that_leaves_is_disabled_and_kept
check "get shows it" grep -q office@org.example <(posthus get shared/office)
check "status counts it" grep -q 'shared *2 ready' <(posthus status)
check "resolve names it" grep -q 'delivered to shared/office' <("$POSTHUS" resolve o@org.example --state "$home/state")
set_password() { printf 'secret\n' | posthus account passwd office; }
refuse "nobody sets a password for it" 1 "there is no user/office" set_password
check "its key comes out as a user's does" posthus key account office

scan() { swaks --server 127.0.0.1 --port "$SUBMISSION" -tls --auth PLAIN -au "$1" -ap "$2" --from "$1" --to dan@org.example --h-From "$1"; }
scan_elsewhere() { scan door@org.example scan-pass; }
check "a service submits with swaks" scan scanner@org.example scan-pass
refuse "from another network it is as with a wrong password" 28 "535 5.7.8" scan_elsewhere
check "the log knows why" grep -q 'smtp.login.refused.*door@org.example.*reason=network-not-allowed' "$home/log"
shared a_service_sends_to_whom_it_may_and_no_more
check "the limit is worth a line" grep -q 'warn sending.limit.reached account=scanner@org.example limit=4 seconds=86400' "$home/log"
shared a_service_gets_no_mail_and_has_no_mailbox
shared a_limit_of_a_person_counts_too
agent_stop
agent_start
shared a_restart_gives_no_limit_back
finish
