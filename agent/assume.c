/* A state that is taken as applied, so that another can be compared with it: objects without
 * anything behind them, in a database that is thrown away. */
#include "agent/inside.h"

#include "agent/database/condition.h"
#include "runtime/base/error.h"
#include "runtime/crypto/random.h"
#include "runtime/runtime.h"

#include <assert.h>

static int assume_object(struct observation *o, const struct wanted *wanted)
{
	struct place place = sources_place(o->desired->sources, wanted->span);
	struct object object = {
		.driver = wanted->driver,
		.id = wanted_identity(wanted),
		.named = wanted->id.len > 0,
		.key = wanted->key,
		.generation = 1,
		.observed_generation = 1,
		.declared = { .declared_in = 1,
				.file = place.path,
				.line = place.line,
				.column = place.column,
				.start = wanted->span.start,
				.end = wanted->span.end },
	};
	const struct object_texts texts = {
		.spec = wanted->spec,
		.last_applied = wanted->applied,
		.conditions = condition_ready(o->arena,
				&(const struct condition){
						.is = true, .reason = "Assumed" },
				1, o->now),
	};

	random_bytes(object.uid, UID_SIZE);
	memcpy(object.hash, wanted->hash, DIGEST_SIZE);
	digest_bytes(wanted->applied, object.observed);
	return object_write(o->db, &object, &texts);
}

static int assume_all(struct observation *o)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	int r = transaction_begin(o->db, &t);

	for (size_t i = 0; i < o->wanted.count && r == 0; i++)
		r = assume_object(o, &o->wanted.items[i]);
	return r ? r : transaction_commit(&t);
}

int agent_assume(struct agent *agent, const struct agent_source *source,
		struct agent_result *out)
{
	CLEANUP(checked_deinit) struct checked checked = { 0 };
	CLEANUP(plan_freep) struct plan *plan = NULL;
	CLEANUP(observation_deinit) struct observation o = { 0 };
	struct runtime_observed live;
	int r;

	assert(agent->copy);
	*out = (struct agent_result){ 0 };
	r = agent_check(agent, source->files, source->count, false, &checked);
	if (r < 0)
		return r;
	if (!result_accepts(&checked, out))
		return 0;
	plan = plan_new();
	agent_observation(agent, checked.desired, &live, plan, &o);
	r = observe(&o);
	if (r == 0)
		r = assume_all(&o);
	return result_database(out, r);
}
