/* The rules of the reconciler itself. Where a state says nothing of them there is no
 * object. */
#include "agent/driver.h"

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	const struct desired_object *policy = &desired->policy.object;

	if (policy->key.len && !view_eq(policy->canonical, VIEW("{}")))
		(void)wanted_add_object(out, driver, policy);
}

const struct driver driver_policy = {
	.kind = "policy",
	.schema = KIND_POLICY,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_POLICY,
	.want = want,
};
