#include "agent/refusal.h"

#include "agent/database/standing.h"
#include "agent/inside.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"
#include "runtime/runtime.h"

enum {
	MOST_HOSTS = 10000,
};

static const struct diagnostics *diagnostics_of(const struct agent *agent)
{
	const struct checked *checked = &agent->desired.checked;

	return checked->desired ? &checked->desired->not_served : &checked->diagnostics;
}

static struct view message_of(const struct agent *agent, struct arena *arena)
{
	const struct diagnostics *d = diagnostics_of(agent);
	const struct diagnostic *first = d->count ? &d->items[0] : NULL;
	struct place place;

	if (!first || first->frame_count == 0)
		return VIEW("this version does not take the state any more");
	place = sources_place(d->sources, first->frames[0].span);
	return arena_printf(arena,
			"this version does not take the state any more: %zu in it, the "
			"first "
			"at %.*s:%u:%u",
			d->count, VIEW_ARG(place.path), place.line, place.column);
}

/* Of one host: that it is Stalled, or, where `reason` is NULL, no longer. */
static void set(struct standing *standing, const char *reason, struct view message)
{
	const json_t *stalled = condition_get(standing->conditions, CONDITION_STALLED);
	const char *word = json_string_value(json_object_get(stalled, "reason"));

	if (reason) {
		standing_set(standing, CONDITION_STALLED, true, reason, message);
		standing_set(standing, CONDITION_READY, false, reason, message);
	} else if (word && (strcmp(word, "StateInvalid") == 0 ||
					   strcmp(word, "NotServedYet") == 0)) {
		standing_drop(standing, CONDITION_STALLED);
		standing_set(standing, CONDITION_READY, true, "Applied", VIEW_NULL);
	}
}

static int say(struct agent *agent, struct transaction *t,
		const unsigned char uid[UID_SIZE], const char *reason,
		struct view message)
{
	CLEANUP(standing_deinit) struct standing standing = { 0 };
	int r = standing_read(
			agent->db, uid, agent->os->wall(agent->os->state), &standing);

	if (r)
		return r;
	set(&standing, reason, message);
	if (standing.changed && !t->db)
		r = transaction_begin(agent->db, t);
	return r ? r : standing_write(agent->db, &standing);
}

static int read_hosts(struct agent *agent, struct buf *uids)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(agent->db, "SELECT uid FROM object WHERE kind = ?1", &s);

	if (r)
		return r;
	bind_text(s, 1, view_z(driver_host.kind));
	while ((r = statement_step(s)) == DATABASE_ROW)
		buf_add(uids, column_view(s, 0));
	return r;
}

static int say_all(struct agent *agent, const char *reason, struct view message)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	CLEANUP(buf_free) struct buf uids = BUF_NULL(MOST_HOSTS * UID_SIZE);
	int r = read_hosts(agent, &uids);

	for (size_t at = 0; at + UID_SIZE <= uids.len && r == 0; at += UID_SIZE)
		r = say(agent, &t, (const unsigned char *)uids.data + at, reason,
				message);
	return r || !t.db ? r : transaction_commit(&t);
}

int refusal_serve(struct agent *agent, struct agent_result *result)
{
	CLEANUP(configured_deinit) struct configured done = { 0 };
	CLEANUP(plan_freep) struct plan *plan = plan_new();
	CLEANUP(observation_deinit) struct observation o = { 0 };
	CLEANUP(agent_result_free) struct agent_result served = { 0 };
	struct runtime_observed live;
	int r;

	agent_observation(agent, NULL, &live, plan, &o);
	r = observe(&o);
	if (r == 0)
		r = say_all(agent, result->reason, message_of(agent, plan->arena));
	if (r || agent->configuration)
		return result_database(result, r);
	r = agent_configure(agent, &o, &done, &served);
	if (r == 0 && served.code != EXIT_FINE)
		result_say(result, served.code, served.reason, "%s", served.message);
	if (r == 0 && agent->configuration)
		log_event(LOG_WARN, "agent.state.refused",
				log_text("reason", result->reason),
				log_text("serving", "what was applied last"));
	return r;
}

int refusal_end(struct agent *agent)
{
	return say_all(agent, NULL, VIEW_NULL);
}
