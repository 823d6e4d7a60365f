/* The machines of a state. What this one listens on is shown by the listeners. */
#include "agent/driver.h"

static bool owns(struct view path)
{
	return !view_eq(path, VIEW("listen")) && !view_starts(path, VIEW("listen."));
}

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	for (size_t i = 0; i < desired->host_count; i++)
		(void)wanted_add_object(out, driver, &desired->hosts[i].object);
}

const struct driver driver_host = {
	.kind = "host",
	.schema = KIND_HOST,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_SERVICE,
	.owns = owns,
	.want = want,
};
