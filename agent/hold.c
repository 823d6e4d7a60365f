/* Holding still, going back, letting go once: what an operator does to the reconciler
 * itself. */
#include "agent/inside.h"

#include "agent/journal.h"
#include "agent/text.h"
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
	if (r == 0)
		r = journal_event(agent->db, VIEW_NULL,
				suspension->until ? "Suspended" : "Resumed",
				suspension->until ? suspension->reason : actor, entry.at);
	if (r == 0)
		r = audit_add(agent->db, &entry);
	if (r == 0)
		r = transaction_commit(&t);
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
	agent->deadline = 0; /* what was missed is caught up at once */
	return r;
}

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
