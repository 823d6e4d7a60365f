/* Destroying what was disabled long ago, by name and number: the only way that data goes. */
#include "agent/inside.h"

#include "agent/database/text.h"
#include "agent/plan/rules.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"
#include "runtime/runtime.h"

#include <errno.h>

enum {
	MOST_SWEPT = 64, /* in one go */
	LONGEST_TEXT = 1024,
};

/* -- the files -- */

static int read_purged(
		struct database *db, unsigned char uids[][UID_SIZE], size_t *count_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "SELECT uid FROM purged LIMIT ?1", &s);

	*count_out = 0;
	if (r)
		return r;
	bind_u64(s, 1, MOST_SWEPT);
	while ((r = statement_step(s)) == DATABASE_ROW && *count_out < MOST_SWEPT)
		memcpy(uids[(*count_out)++], column_view(s, 0).data, UID_SIZE);
	return r == DATABASE_ROW ? 0 : r;
}

static int forget_purged(struct database *db, const unsigned char uid[UID_SIZE])
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "DELETE FROM purged WHERE uid = ?1", &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(uid, UID_SIZE));
	return statement_run(s);
}

void purge_sweep(struct agent *agent)
{
	unsigned char uids[MOST_SWEPT][UID_SIZE];
	size_t count = 0;
	int r = agent->runtime ? read_purged(agent->db, uids, &count) : 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		CLEANUP(buf_free) struct buf name = BUF_NULL(UID_TEXT);

		hex_add(&name, view_of(uids[i], UID_SIZE));
		r = runtime_destroy_account(agent->runtime, uids[i]);
		if (r == 0)
			r = forget_purged(agent->db, uids[i]);
		if (r == 0)
			log_event(LOG_WARN, "agent.purged",
					log_view("account", buf_view(&name)));
	}
	if (r)
		log_event(LOG_WARN, "agent.purge.waits", log_number("outcome", r));
}

/* -- by hand -- */

static bool may_go(struct agent *agent, const struct object *object,
		const struct rules *rules, struct view uid, bool unbacked,
		struct agent_result *result)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_TEXT);
	walltime until = object->disabled_at + rules->retain;

	hex_add(&text, view_of(object->uid, UID_SIZE));
	if (!view_eq(buf_view(&text), uid)) {
		result_say(result, EXIT_CONFLICT, "UidDiffers",
				"%s/%.*s has another uid: `posthus get` shows it. "
				"Nothing "
				"was changed.",
				object->driver->kind, VIEW_ARG(object->id));
		return false;
	}
	if (object->state == OBJECT_ACTIVE) {
		result_say(result, EXIT_CONFLICT, "StillDeclared",
				"%s/%.*s is still in the state: only what has left it "
				"can "
				"be purged. Nothing was changed.",
				object->driver->kind, VIEW_ARG(object->id));
		return false;
	}
	if (agent->os->wall(agent->os->state) < until) {
		buf_clear(&text);
		text_add_time(&text, until);
		result_say(result, EXIT_GATE, "RetentionNotOver",
				"the data of %s/%.*s is kept until %.*s "
				"(`policy.retain`). Nothing was changed.",
				object->driver->kind, VIEW_ARG(object->id),
				VIEW_ARG(buf_view(&text)));
		return false;
	}
	if (!unbacked && !rules_backed_up(rules, object)) {
		result_say(result, EXIT_GATE, "NotBackedUp",
				"no backup that was read whole since has the data of "
				"%s/%.*s: `posthus backup run`, then `posthus backup "
				"verify`, or --no-backup-needed. Nothing was changed.",
				object->driver->kind, VIEW_ARG(object->id));
		return false;
	}
	if (rules->purges == 0) {
		result_say(result, EXIT_GATE, "PurgeRate",
				"%d objects were purged within the last hour: go on "
				"later. Nothing was changed.",
				PURGES_AN_HOUR);
		return false;
	}
	return true;
}

int agent_purge(struct agent *agent, struct view name, struct view uid, bool unbacked,
		struct view actor, struct agent_result *out)
{
	CLEANUP(observation_deinit) struct observation o = { 0 };
	CLEANUP(plan_freep) struct plan *plan = plan_new();
	struct desired_purge purge = { .uid = uid, .unbacked = unbacked };
	struct runtime_observed live;
	const struct object *object;
	struct rules rules;
	int r;

	*out = (struct agent_result){ 0 };
	agent_observation(agent, NULL, &live, plan, &o);
	r = object_set_load(o.db, o.arena, &o.objects);
	if (r == 0)
		r = rules_load(&o, &rules);
	if (r)
		return result_database(out, r);
	object = object_find(&o.objects, name);
	if (!object)
		return AGENT_E_ABSENT;
	if (!may_go(agent, object, &rules, uid, unbacked, out))
		return 0;
	purge.kind = view_z(object->driver->kind);
	purge.id = object->id;
	return agent_purge_run(agent, &purge, actor, out);
}
