/* Who is told when something is wrong (alert.h). Where a state says nothing of it there is no
 * object. */
#include "agent/database/text.h"
#include "agent/effect/secret_form.h"
#include "agent/plan/observe.h"

enum {
	LONGEST_SPEC = 1024 * 1024
};

static void add_member(struct buf *json, const char *name, struct view text)
{
	if (!text.len)
		return;
	buf_addf(json, "\"%s\":", name);
	text_add_json(json, text);
	buf_add_byte(json, ',');
}

static struct view applied(struct arena *arena, const struct desired_alerts *alerts)
{
	CLEANUP(buf_free) struct buf json = BUF_NULL(LONGEST_SPEC);

	buf_add_byte(&json, '{');
	add_member(&json, "heartbeat", alerts->heartbeat);
	buf_add_z(&json, "\"to\":[");
	for (size_t i = 0; i < alerts->to.count; i++) {
		if (i)
			buf_add_byte(&json, ',');
		text_add_json(&json, alerts->to.items[i]);
	}
	buf_add_z(&json, "],");
	add_member(&json, "webhook", alerts->webhook);
	buf_add_z(&json, "\"webhook_secret\":");
	secret_form_add(&json, &alerts->webhook_secret);
	buf_add_byte(&json, '}');
	return arena_copy(arena, buf_view(&json));
}

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	const struct desired_object *alerts = &desired->alerts.object;
	struct wanted *wanted;

	if (!alerts->key.len || view_eq(alerts->canonical, VIEW("{}")))
		return;
	wanted = wanted_add_object(out, driver, alerts);
	wanted->applied = applied(out->arena, &desired->alerts);
}

const struct driver driver_alerts = {
	.kind = "alerts",
	.schema = KIND_ALERTS,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_EXPOSING,
	.want = want,
};
