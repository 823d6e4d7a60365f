/* Groups: names for people, written out wherever one is used. */
#include "agent/driver.h"

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	for (size_t i = 0; i < desired->group_count; i++)
		(void)wanted_add_object(out, driver, &desired->groups[i].object);
}

const struct driver driver_group = {
	.kind = "group",
	.schema = KIND_GROUP,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_HARMLESS,
	.want = want,
};
