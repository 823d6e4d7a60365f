/* The rules of the reconciler itself. Where a state says nothing of them there is no
 * object. What was applied is read by rules.c, for the next change. */
#include "agent/driver.h"

#include "agent/text.h"
#include "runtime/base/error.h"

#include <stdlib.h>

static json_t *gate_json(const struct desired_gate *gate)
{
	return json_pack("{s:I, s:I}", "percent", (json_int_t)gate->percent, "at_least",
			(json_int_t)gate->at_least);
}

static struct view applied(struct arena *arena, const struct desired_policy *policy)
{
	json_t *protect = json_array(), *json;
	struct view copy;
	char *text;

	for (size_t i = 0; i < policy->protect.count; i++)
		json_array_append_new(protect, json_view(policy->protect.items[i]));
	json = json_pack("{s:{s:o, s:o}, s:I, s:I, s:o}", "gates", "users",
			gate_json(&policy->gate_users), "other",
			gate_json(&policy->gate_other), "interval",
			(json_int_t)(policy->interval / nstime_seconds(1)), "retain",
			(json_int_t)(policy->retain / nstime_seconds(1)), "protect",
			protect);
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

const struct driver driver_policy = {
	.kind = "policy",
	.schema = KIND_POLICY,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_HARMLESS,
	.is_rules = true,
	.want = want,
};
