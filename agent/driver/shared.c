/* Shared mailboxes: accounts that nobody logs into. Members look into one from accounts of
 * their own; who is one is written out, so that it can be served even where the state no
 * longer says. Leaving disables, and destroys nothing. */
#include "agent/driver.h"

#include "agent/database/text.h"
#include "agent/driver/postbox.h"
#include "agent/plan/targets.h"

enum {
	LONGEST_SPEC = 16 * 1024 * 1024
};

/* By what outlives a rename: an address may be another's by the time that it is read. */
static void add_members(struct buf *json, const struct observation *o,
		const struct desired_shared *shared)
{
	buf_add_byte(json, '[');
	for (size_t i = 0; i < shared->member_count; i++) {
		const struct desired_member *member = &shared->members[i];

		buf_add_z(json, i ? ",[" : "[");
		text_add_json(json, observe_identity(o, member->user));
		buf_addf(json, ",%d]", (int)member->right);
	}
	buf_add_byte(json, ']');
}

static void refer(struct wanted *wanted, const struct observation *o)
{
	const struct desired_shared *shared = wanted->desired;
	CLEANUP(buf_free) struct buf json = BUF_NULL(LONGEST_SPEC);

	buf_add_z(&json, "{\"addresses\":");
	targets_add_list(&json, &shared->addresses);
	buf_add_z(&json, ",\"members\":");
	add_members(&json, o, shared);
	buf_addf(&json, ",\"quota\":%llu,\"send_as\":%llu}",
			(unsigned long long)shared->quota,
			(unsigned long long)shared->send_as);
	wanted->applied = arena_copy(o->arena, buf_view(&json));
}

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	for (size_t i = 0; i < desired->shared_count; i++)
		(void)wanted_add_object(out, driver, &desired->shared[i].object);
}

static int apply(struct application *a, const struct change *change)
{
	const struct desired_shared *shared = change->wanted->desired;

	if (change_makes(change))
		return postbox_create(a, change, shared->name, VIEW_NULL);
	return postbox_change(a, change);
}

const struct driver driver_shared = {
	.kind = "shared",
	.schema = KIND_SHARED,
	.absence = ABSENCE_DISABLES,
	.has_postbox = true,
	.risk = RISK_HARMLESS,
	.want = want,
	.refer = refer,
	.observe = postbox_observe,
	.check = postbox_check,
	.apply = apply,
	.retire = postbox_retire,
	.purge = postbox_purge,
};
