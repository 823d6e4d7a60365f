/* Aliases. What lives of one is its targets with groups written out, so that it can be
 * served even where the state no longer says who is in a group. */
#include "agent/driver.h"

#include "agent/targets.h"
#include "agent/text.h"

enum {
	LONGEST_SPEC = 1024 * 1024
};

static struct view applied(struct arena *arena, const struct desired_alias *alias)
{
	CLEANUP(buf_free) struct buf json = BUF_NULL(LONGEST_SPEC);

	switch (alias->action) {
	case ALIAS_TO:
		buf_add_z(&json, "{\"to\":");
		targets_add_json(&json, arena, &alias->to);
		break;
	case ALIAS_REJECT:
		buf_add_z(&json, "{\"reject\":");
		text_add_json(&json, alias->reject);
		break;
	case ALIAS_DISCARD:
		buf_add_z(&json, "{\"discard\":true");
		break;
	}
	if (alias->send_as.count) {
		buf_add_z(&json, ",\"send_as\":");
		targets_add_json(&json, arena, &alias->send_as);
	}
	buf_add_byte(&json, '}');
	return arena_copy(arena, buf_view(&json));
}

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	for (size_t i = 0; i < desired->alias_count; i++) {
		const struct desired_alias *alias = &desired->aliases[i];
		struct wanted *wanted = wanted_add_object(out, driver, &alias->object);

		wanted->applied = applied(out->arena, alias);
	}
}

const struct driver driver_alias = {
	.kind = "alias",
	.schema = KIND_ALIAS,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_HARMLESS,
	.want = want,
};
