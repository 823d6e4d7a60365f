#include "agent/driver.h"

#include "runtime/base/error.h"

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
};
/* clang-format on */

const size_t driver_count = ARRAY_LEN(drivers);

const struct driver *driver_of(struct view kind)
{
	for (size_t i = 0; i < driver_count; i++)
		if (view_eq(kind, view_z(drivers[i]->kind)))
			return drivers[i];
	return NULL;
}

size_t driver_index(const struct driver *driver)
{
	for (size_t i = 0; i < driver_count; i++)
		if (drivers[i] == driver)
			return i;
	die("a driver without a row in drivers.c: %s", driver->kind);
}
