/* The rules of the reconciler itself. Where a state says nothing of them there is no
 * object. What was applied is read by rules.c, for the next change. */
#include "agent/database/text.h"
#include "agent/plan/drift.h"
#include "agent/plan/observe.h"
#include "runtime/base/error.h"

#include <stdlib.h>

static json_t *gate_json(const struct desired_gate *gate)
{
	return json_pack("{s:I, s:I}", "percent", (json_int_t)gate->percent, "at_least",
			(json_int_t)gate->at_least);
}

static json_t *drift_json(const struct desired_policy *policy)
{
	json_t *drift = json_object();

	json_object_set_new(drift, "all", json_string(on_drift_name(policy->drift)));
	for (size_t i = 0; i < policy->drift_count; i++) {
		const struct desired_drift *one = &policy->drifts[i];

		json_object_setn_new(drift, one->kind.data, one->kind.len,
				json_string(on_drift_name(one->what)));
	}
	return drift;
}

/* In the order of the classes. */
static json_t *numbers_json(const int64_t numbers[AUTHORITY_CLASSES])
{
	json_t *list = json_array();

	for (int i = 0; i < AUTHORITY_CLASSES; i++)
		json_array_append_new(list, json_integer((json_int_t)numbers[i]));
	return list;
}

static struct view applied(struct arena *arena, const struct desired_policy *policy)
{
	json_t *protect = json_array(), *json;
	int64_t people[AUTHORITY_CLASSES], seconds[AUTHORITY_CLASSES];
	struct view copy;
	char *text;

	for (size_t i = 0; i < policy->protect.count; i++)
		json_array_append_new(protect, json_view(policy->protect.items[i]));
	for (int i = 0; i < AUTHORITY_CLASSES; i++) {
		people[i] = (int64_t)policy->approvals[i];
		seconds[i] = policy->cooldown[i] / nstime_seconds(1);
	}
	json = json_pack("{s:o, s:{s:o, s:o}, s:I, s:I, s:o, s:o, s:o, s:I}", "drift",
			drift_json(policy), "gates", "users",
			gate_json(&policy->gate_users), "other",
			gate_json(&policy->gate_other), "interval",
			(json_int_t)(policy->interval / nstime_seconds(1)), "retain",
			(json_int_t)(policy->retain / nstime_seconds(1)), "protect",
			protect, "approvals", numbers_json(people), "cooldown",
			numbers_json(seconds), "tell", (json_int_t)policy->tell_users);
	text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	copy = arena_copy(arena, view_z(text));
	json_decref(json);
	free(text);
	return copy;
}

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	const struct desired_object *policy = &desired->policy.object;
	struct wanted *wanted;

	if (!policy->key.len || view_eq(policy->canonical, VIEW("{}")))
		return;
	wanted = wanted_add_object(out, driver, policy);
	wanted->applied = applied(out->arena, &desired->policy);
}

static bool is_word(struct view word)
{
	for (size_t i = 0; i < driver_count; i++)
		if (view_eq(word, view_z(drivers[i]->kind)) ||
				(drivers[i]->policy_word &&
						view_eq(word, view_z(drivers[i]->policy_word))))
			return true;
	return false;
}

static int check(const struct change *change, struct observation *o, struct plan *plan)
{
	const struct desired_policy *policy =
			change->wanted ? change->wanted->desired : NULL;

	for (size_t i = 0; policy && i < policy->drift_count; i++)
		if (!is_word(policy->drifts[i].kind))
			plan_add_problem(plan, &change->declared, "NotServedYet",
					arena_printf(o->arena,
							"policy.drift names %.*s, which "
							"is no "
							"kind of this version",
							VIEW_ARG(policy->drifts[i].kind)),
					VIEW("`posthus status` lists the kinds"));
	return 0;
}

const struct driver driver_policy = {
	.kind = "policy",
	.schema = KIND_POLICY,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_HARMLESS,
	.is_rules = true,
	.want = want,
	.check = check,
};
