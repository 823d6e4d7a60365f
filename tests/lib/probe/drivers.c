/* Linked in the place of agent/drivers.c. */
#include "agent/driver.h"

#include "tests/lib/probe/probe.h"

/* clang-format off */
const struct driver *const drivers[] = {
	&driver_policy,
	&driver_host,
	&driver_certificate,
	&driver_listener,
	&driver_domain,
	&driver_user,
	&driver_shared,
	&driver_service,
	&driver_group,
	&driver_alias,
	&driver_probe,
};
/* clang-format on */

const size_t driver_count = ARRAY_LEN(drivers);
