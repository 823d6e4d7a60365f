/* Relays: servers that send for us. */
#include "agent/driver.h"

#include "agent/text.h"

enum {
	LONGEST_SPEC = 64 * 1024
};

static struct view applied(struct arena *arena, const struct desired_relay *relay)
{
	CLEANUP(buf_free) struct buf json = BUF_NULL(LONGEST_SPEC);

	buf_add_z(&json, "{\"host\":");
	text_add_json(&json, relay->host);
	buf_addf(&json, ",\"port\":%llu}", (unsigned long long)relay->port);
	return arena_copy(arena, buf_view(&json));
}

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	for (size_t i = 0; i < desired->relay_count; i++) {
		const struct desired_relay *relay = &desired->relays[i];
		struct wanted *wanted = wanted_add_object(out, driver, &relay->object);

		wanted->applied = applied(out->arena, relay);
	}
}

const struct driver driver_relay = {
	.kind = "relay",
	.schema = KIND_RELAY,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_EXPOSING,
	.want = want,
};
