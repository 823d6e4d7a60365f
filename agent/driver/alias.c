/* Aliases. What lives of one is its targets with groups written out, so that it can be
 * served even where the state no longer says who is in a group. */
#include "agent/database/text.h"
#include "agent/plan/observe.h"
#include "agent/plan/targets.h"

enum {
	LONGEST_SPEC = 1024 * 1024
};

/* By what outlives a rename: an address may be another's by the time that it is read. */
static void add_senders(struct buf *json, const struct observation *o,
		const struct desired_alias *alias)
{
	struct view_list ids = { 0 };
	const struct desired_user **users =
			targets_users(&alias->send_as, o->arena, &ids.count);

	ids.items = arena_array(o->arena, ids.count, sizeof(*ids.items));
	for (size_t i = 0; i < ids.count; i++)
		ids.items[i] = observe_identity(o, users[i]);
	targets_add_list(json, &ids);
}

static void refer(struct wanted *wanted, const struct observation *o)
{
	const struct desired_alias *alias = wanted->desired;
	CLEANUP(buf_free) struct buf json = BUF_NULL(LONGEST_SPEC);

	switch (alias->action) {
	case ALIAS_TO:
		buf_add_z(&json, "{\"to\":");
		targets_add_json(&json, o->arena, &alias->to);
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
		add_senders(&json, o, alias);
	}
	buf_add_byte(&json, '}');
	wanted->applied = arena_copy(o->arena, buf_view(&json));
}

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	for (size_t i = 0; i < desired->alias_count; i++)
		(void)wanted_add_object(out, driver, &desired->aliases[i].object);
}

const struct driver driver_alias = {
	.kind = "alias",
	.schema = KIND_ALIAS,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_HARMLESS,
	.want = want,
	.refer = refer,
};
