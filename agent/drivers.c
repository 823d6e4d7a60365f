#include "agent/driver.h"

#include "runtime/base/error.h"

/* clang-format off */
const struct driver *const drivers[] = {
	&driver_policy,
	&driver_host,
	&driver_certificate,
	&driver_listener,
	&driver_relay,
	&driver_destination,
	&driver_dns_provider,
	&driver_domain,
	&driver_dkim_key,
	&driver_mta_sts,
	&driver_record,
	&driver_user,
	&driver_shared,
	&driver_service,
	&driver_group,
	&driver_alias,
	&driver_backup,
	&driver_alerts,
};
/* clang-format on */

const size_t driver_count = ARRAY_LEN(drivers);
