/* Relays: servers that send for us. */
#include "agent/driver.h"

#include "agent/database/text.h"
#include "agent/effect/secret_form.h"
#include "agent/plan/observe.h"
#include "agent/plan/plan.h"

#include <jansson.h>

enum {
	LONGEST_SPEC = 64 * 1024
};

static struct view applied(struct arena *arena, const struct desired_relay *relay)
{
	CLEANUP(buf_free) struct buf json = BUF_NULL(LONGEST_SPEC);

	buf_add_z(&json, "{\"host\":");
	text_add_json(&json, relay->host);
	if (relay->user.len) {
		buf_add_z(&json, ",\"password\":");
		secret_form_add(&json, &relay->password);
	}
	buf_addf(&json, ",\"port\":%llu", (unsigned long long)relay->port);
	if (relay->user.len) {
		buf_add_z(&json, ",\"user\":");
		text_add_json(&json, relay->user);
	}
	buf_add_byte(&json, '}');
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

/* A password that cannot be read now is none that mail could go by in a moment. */
static int check(const struct change *change, struct observation *o, struct plan *plan)
{
	const struct wanted *wanted = change->wanted;
	CLEANUP(effect_answer_deinit) struct effect_answer answer = EFFECT_ANSWER_NULL;
	CLEANUP(secret_free) struct secret password = SECRET_NULL;
	json_t *spec;

	if (!wanted)
		return 0;
	spec = json_loadb(wanted->applied.data, wanted->applied.len, 0, NULL);
	if (json_object_get(spec, "user") &&
			secret_form_read(json_object_get(spec, "password"), o->file,
					&password, &answer))
		plan_add_problem(plan, &change->declared, answer.reason,
				arena_printf(o->arena, "relay %.*s: %.*s",
						VIEW_ARG(change->key),
						VIEW_ARG(buf_view(&answer.message))),
				VIEW("the password is one line in a file that agent.yaml "
				     "allows, or a credential"));
	json_decref(spec);
	return 0;
}

const struct driver driver_relay = {
	.kind = "relay",
	.schema = KIND_RELAY,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_EXPOSING,
	.want = want,
	.check = check,
};
