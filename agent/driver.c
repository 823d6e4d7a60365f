/* How drivers are found. Their table stands alone in drivers.c, so that a test can be linked
 * with another one. */
#include "agent/driver.h"

#include "runtime/base/error.h"

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
