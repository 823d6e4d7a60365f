/* Holding still, going back, letting go once: what an operator does to the reconciler
 * itself. */
#include "agent/inside.h"

#include "agent/database/fight.h"
#include "agent/database/journal.h"
#include "agent/database/text.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"

#include <errno.h>

enum {
	LONGEST_ORIGIN = 1024,
};

static int write_suspension(struct agent *agent, const struct suspension *suspension,
		struct view actor)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	const struct audit_entry entry = {
		.at = agent->os->wall(agent->os->state),
		.actor = actor,
		.action = suspension->until ? "suspend" : "resume",
	};
	int r = transaction_begin(agent->db, &t);

	if (r == 0)
		r = suspension_write(agent->db, suspension);
	if (r == 0 && suspension->until == 0)
		r = fight_end_all(agent->db);
	if (r == 0)
		r = journal_event(agent->db, VIEW_NULL,
				suspension->until ? "Suspended" : "Resumed",
				suspension->until ? suspension->reason : actor, entry.at);
	if (r == 0)
		r = audit_add(agent->db, &entry);
	if (r == 0)
		r = transaction_commit(&t);
	agent->metrics_stale = true;
	return r > 0 ? fault(-EIO) : r;
}

int agent_suspend(struct agent *agent, const struct agent_suspension *wanted)
{
	const walltime now = agent->os->wall(agent->os->state);
	const struct suspension suspension = {
		.until = wanted->until,
		.since = now,
		.reason = wanted->reason,
		.actor = wanted->actor,
	};
	int r;

	if (wanted->reason.len == 0 || wanted->reason.len > SUSPENSION_REASON ||
			wanted->until <= now || wanted->until > now + SUSPENSION_LONGEST)
		return AGENT_E_TIME;
	r = write_suspension(agent, &suspension, wanted->actor);
	if (r == 0)
		log_event(LOG_WARN, "agent.suspended", log_view("actor", wanted->actor),
				log_number("seconds", wanted->until - now),
				log_view("reason", wanted->reason));
	return r;
}

int agent_resume(struct agent *agent, struct view actor)
{
	int r = write_suspension(agent, &(const struct suspension){ 0 }, actor);

	if (r == 0)
		log_event(LOG_INFO, "agent.resumed", log_view("actor", actor));
	agent->settled_serial = 0;
	agent->deadline = 0; /* what was missed is caught up at once */
	return r;
}

/* -- confirmations -- */

/* A clock that jumps while nobody confirms neither hastens the way back nor puts it off: the
 * wall clock counts after a start alone, and for no longer than was given. */
int confirmation_look(struct agent *agent, struct confirmation *out)
{
	walltime left;
	int r = confirmation_read(agent->db, out);

	if (r)
		return r;
	if (out->generation == 0) {
		agent->confirm_due = NSTIME_NEVER;
		return 0;
	}
	if (agent->confirm_due && agent->confirm_due != NSTIME_NEVER)
		return 0;
	left = out->until - agent->os->wall(agent->os->state);
	if (left > out->within)
		left = out->within;
	agent->confirm_due = agent_now(agent) + nstime_seconds(left > 0 ? left : 0);
	if (agent->confirm_due == 0)
		agent->confirm_due = 1;
	return 0;
}

int confirmation_expire(struct agent *agent, struct agent_result *out, bool *taken_out)
{
	const struct agent_apply_options options = { .actor = VIEW("not confirmed") };
	struct confirmation confirmation;
	int r = confirmation_look(agent, &confirmation);

	*taken_out = false;
	if (r || agent_now(agent) < agent->confirm_due)
		return r > 0 ? fault(-EIO) : r;
	log_event(LOG_WARN, "agent.confirm.missed",
			log_number("generation", (int64_t)confirmation.generation),
			log_number("back_to", (int64_t)confirmation.back_to));
	r = confirmation_write(agent->db, &(const struct confirmation){ 0 });
	agent->confirm_due = NSTIME_NEVER;
	if (r == 0)
		r = agent_rollback(agent, confirmation.back_to, &options, out);
	*taken_out = r == 0;
	return r > 0 ? fault(-EIO) : r;
}

int agent_confirm(struct agent *agent, struct view actor)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	struct confirmation confirmation;
	const struct audit_entry entry = {
		.at = agent->os->wall(agent->os->state),
		.actor = actor,
		.action = "confirm",
	};
	int r = confirmation_look(agent, &confirmation);

	if (r == 0 && confirmation.generation == 0)
		return AGENT_E_ABSENT;
	if (r == 0)
		r = transaction_begin(agent->db, &t);
	if (r == 0)
		r = confirmation_write(agent->db, &(const struct confirmation){ 0 });
	if (r == 0)
		r = audit_add(agent->db, &entry);
	if (r == 0)
		r = transaction_commit(&t);
	if (r == 0)
		agent->confirm_due = NSTIME_NEVER;
	return r > 0 ? fault(-EIO) : r;
}

/* -- going back -- */

int agent_rollback(struct agent *agent, uint64_t number,
		const struct agent_apply_options *options, struct agent_result *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_free) struct buf origin = BUF_NULL(LONGEST_ORIGIN);
	struct agent_source source = { 0 };
	struct source_file *files = NULL;
	struct generation newest;
	int r = generation_newest(agent->db, arena, &newest);

	if (r)
		return r > 0 ? fault(-EIO) : r;
	if (number == 0)
		number = newest.number ? newest.number - 1 : 0;
	if (number == 0 || number >= newest.number)
		return AGENT_E_ABSENT;
	r = generation_read_files(agent->db, number, arena, &files, &source.count);
	if (r)
		return r > 0 ? fault(-EIO) : r;
	if (source.count == 0)
		return AGENT_E_ABSENT; /* it was forgotten */
	buf_addf(&origin, "rollback to generation %llu", (unsigned long long)number);
	source.files = files;
	source.origin = buf_view(&origin);
	return agent_apply(agent, &source, options, out);
}
