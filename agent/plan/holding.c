#include "agent/plan/holding.h"

#include "agent/database/text.h"
#include "agent/plan/gate.h"
#include "agent/result.h"
#include "schema/unit.h"

#include <inttypes.h>

enum {
	LONGEST_REASON = 8 * 1024,
};

static bool is_approved(const struct plan *plan, const struct authority *who)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(DIGEST_TEXT + 1);

	if (!plan->approvable || !who->approve.len)
		return false;
	text_add_digest(&text, plan->held_digest);
	return view_eq(who->approve, buf_view(&text));
}

static void let_go(struct plan *plan)
{
	for (size_t i = 0; i < plan->change_count; i++) {
		struct change *change = &plan->changes[i];

		if (!change_is_approvable(change))
			continue;
		change->held = NULL;
		change->is_agreed = true;
	}
}

int holding_mark(const struct observation *o, const struct rules *rules,
		const struct authority *who, struct plan *plan)
{
	int r;

	gate_hold(o, rules, plan);
	r = authority_hold(o, rules, who, plan);
	if (r)
		return r;
	plan_finish_held(plan);
	if (!is_approved(plan, who))
		return 0;
	plan->is_approved = true;
	let_go(plan);
	r = authority_hold(o, rules, who, plan);
	plan_finish_held(plan);
	return r;
}

/* -- for people -- */

static void add_duration(struct buf *out, nstime left)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	/* Less than a second is a second: it is not over. */
	int64_t seconds = (left + NS_PER_S - 1) / NS_PER_S;

	buf_addf(out, "%.*s", VIEW_ARG(duration_print(arena, seconds)));
}

static const char *way_text(unsigned way)
{
	return way == APPROVAL_PASSKEY ? ", by a token that is touched"
	       : way == APPROVAL_SSH   ? ", by a signature"
				       : "";
}

void holding_print_change(const struct change *change, struct buf *out)
{
	if (change->held == held_for_people)
		buf_addf(out, " · %" PRIu64 " of %" PRIu64 " people (%.*s)%s",
				change->people, change->people_needed,
				VIEW_ARG(change->names), way_text(change->way_needed));
	if (change->held != held_for_time)
		return;
	buf_add_z(out, " · ");
	add_duration(out, change->left);
	buf_add_z(out, " left");
}

static size_t count_held(const struct plan *plan, const char *word)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->change_count; i++)
		count += plan->changes[i].held == word;
	return count;
}

static const struct change *first_held(const struct plan *plan, const char *word)
{
	for (size_t i = 0; i < plan->change_count; i++)
		if (plan->changes[i].held == word)
			return &plan->changes[i];
	return NULL;
}

static void print_people(const struct plan *plan, struct buf *out)
{
	const struct change *first = first_held(plan, held_for_people);

	text_add_count(out, count_held(plan, held_for_people), "change waits for people",
			"changes wait for people");
	buf_addf(out, ": %s/%.*s has %" PRIu64 " of %" PRIu64 " (%.*s)",
			first->driver->kind, VIEW_ARG(first->id), first->people,
			first->people_needed, VIEW_ARG(first->names));
}

static void print_time(const struct plan *plan, struct buf *out)
{
	text_add_count(out, count_held(plan, held_for_time), "change waits",
			"changes wait");
	buf_add_z(out, " for the cooldown of the policy last applied: the first goes by "
		       "itself in ");
	add_duration(out, plan->left);
}

static void print_reason(const struct plan *plan, struct buf *out)
{
	if (plan->held_reason == held_by_protection)
		buf_add(out, plan->protection);
	else if (plan->held_reason == held_by_gate)
		buf_add(out, plan->gate);
	else if (plan->held_reason == held_for_people)
		print_people(plan, out);
	else if (plan->held_reason == held_for_time)
		print_time(plan, out);
	else
		text_add_count(out, count_held(plan, held_along),
				"change is held along with others",
				"changes are held along with others");
}

static void print_advice(const struct plan *plan, bool planned, struct buf *out)
{
	if (!plan->approvable)
		return;
	if (plan->held_reason == held_for_people)
		buf_add_z(out, " Another person agrees by: posthus approve ");
	else
		buf_add_z(out, planned ? " Approve once: posthus apply --approve "
				       : " Approve once: posthus approve ");
	text_add_digest(out, plan->held_digest);
	if (plan->held_reason == held_for_people &&
			first_held(plan, held_for_people)->way_needed)
		buf_add_z(out, " --signature FILE");
}

static const char *outcome(
		const struct plan *plan, const struct authority *who, bool planned)
{
	if (planned)
		return "They would be held back.";
	if (who->approve.len && plan->is_approved)
		return "The approval counts. Safe changes were applied.";
	if (who->approve.len && plan->approvable)
		return "The approval given is for other steps. Safe changes were "
		       "applied.";
	return "Safe changes were applied.";
}

void holding_say(const struct plan *plan, const struct authority *who, bool planned,
		struct agent_result *result)
{
	CLEANUP(buf_free) struct buf reason = BUF_NULL(LONGEST_REASON);
	CLEANUP(buf_free) struct buf advice = BUF_NULL(LONGEST_REASON);

	print_reason(plan, &reason);
	print_advice(plan, planned, &advice);
	result_say(result, EXIT_GATE, plan->held_reason, "%.*s. %s%.*s",
			VIEW_ARG(buf_view(&reason)), outcome(plan, who, planned),
			VIEW_ARG(buf_view(&advice)));
}
