/* Destinations: domains of others with a way of their own. */
#include "agent/driver.h"

#include "agent/database/text.h"
#include "agent/plan/targets.h"

enum {
	LONGEST_SPEC = 64 * 1024
};

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	for (size_t i = 0; i < desired->destination_count; i++) {
		const struct desired_destination *destination = &desired->destinations[i];
		struct wanted *wanted =
				wanted_add_object(out, driver, &destination->object);
		CLEANUP(buf_free) struct buf json = BUF_NULL(LONGEST_SPEC);

		buf_add_z(&json, "{\"send_via\":");
		text_add_json(&json, targets_relay(&destination->send_via));
		buf_add_byte(&json, '}');
		wanted->applied = arena_copy(out->arena, buf_view(&json));
	}
}

const struct driver driver_destination = {
	.kind = "destination",
	.schema = KIND_DESTINATION,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_EXPOSING,
	.want = want,
};
