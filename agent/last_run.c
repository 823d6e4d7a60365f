#include "agent/run.h"

#include "agent/database/dkim_row.h"
#include "agent/database/journal.h"
#include "agent/metrics.h"
#include "agent/plan/holding.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"
#include "runtime/crypto/random.h"

#include <stdlib.h>

enum {
	LONGEST_TEXT = 16 * 1024 * 1024,
	LASTING_KEPT = 1000,
};

nstime agent_jittered(nstime interval)
{
	uint64_t draw;

	random_bytes(&draw, sizeof(draw));
	return interval - interval / 10 + (nstime)(draw % (uint64_t)(interval / 5 + 1));
}

static void log_done(const struct agent_result *result, struct view actor)
{
	const struct plan *plan = result->plan;

	log_event(result->code == EXIT_FINE ? LOG_INFO : LOG_WARN,
			result->code == EXIT_FINE || result->code == EXIT_GATE
					? "agent.apply.done"
					: "agent.apply.refused",
			log_view("actor", actor),
			log_number("generation", (int64_t)result->generation),
			log_number("changes", plan ? (int64_t)plan->change_count : 0),
			log_number("held", plan ? (int64_t)plan->held_count : 0),
			log_number("took_us", result->took / 1000),
			log_text("reason", result->reason ? result->reason : "none"));
}

void last_run_deinit(struct last_run *last)
{
	for (size_t i = 0; i < last->waiting_count; i++) {
		free(last->waiting[i].name);
		free(last->waiting[i].text);
	}
	for (size_t i = 0; i < last->lasting_count; i++) {
		free(last->lasting[i].name);
		free(last->lasting[i].message);
	}
	free(last->lasting);
	free(last->message);
	*last = (struct last_run){ 0 };
}

static char *copy(struct view text)
{
	return xstrndup(text.data ? text.data : "", text.len);
}

static void remember_waiting(struct last_run *last, const struct plan *plan, nstime now)
{
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *change = &plan->changes[i];
		CLEANUP(buf_free) struct buf name = BUF_NULL(LONGEST_TEXT);
		CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_TEXT);

		if (!change->held || last->waiting_count == WAITING_SHOWN)
			continue;
		buf_addf(&name, "%s/%.*s", change->driver->kind, VIEW_ARG(change->id));
		if (change->held == held_for_people)
			holding_print_change(change, &text);
		last->waiting[last->waiting_count++] = (struct waiting_change){
			.name = copy(buf_view(&name)),
			.held = change->held,
			.text = copy(buf_view(&text)),
			.until = change->held == held_for_time ? now + change->left : 0,
		};
	}
}

static bool lasts(const struct drift *drift)
{
	return drift->kind == DRIFT_REOPEN || drift->kind == DRIFT_REPORT ||
	       drift->kind == DRIFT_FOUGHT;
}

static void remember_lasting(struct last_run *last, const struct plan *plan)
{
	for (size_t i = 0; i < plan->drift_count; i++) {
		const struct drift *drift = &plan->drifts[i];
		CLEANUP(buf_free) struct buf name = BUF_NULL(LONGEST_TEXT);

		if (!lasts(drift) || last->lasting_count == LASTING_KEPT)
			continue;
		buf_addf(&name, "%s/%.*s", drift->driver->kind, VIEW_ARG(drift->id));
		array_grow(&last->lasting, &last->lasting_capacity,
				last->lasting_count + 1, sizeof(*last->lasting));
		last->lasting[last->lasting_count++] = (struct lasting_drift){
			.name = copy(buf_view(&name)),
			.reason = drift->reason,
			.message = copy(drift->message),
		};
	}
}

static void end_run(struct agent *agent, struct view actor, struct agent_result *result,
		nstime start)
{
	const struct plan *plan = result->plan;
	nstime now = agent_now(agent);

	result->took = now - start;
	last_run_deinit(&agent->last);
	agent->last = (struct last_run){
		.at = agent->os->wall(agent->os->state),
		.took = result->took,
		.code = result->code,
		.reason = result->reason,
		.message = result->message ? xstrndup(result->message,
							     strlen(result->message))
					   : NULL,
		.held = plan ? plan->held_count : 0,
	};
	agent->last.approvable = plan && plan->approvable;
	if (plan)
		memcpy(agent->last.held_digest, plan->held_digest, DIGEST_SIZE);
	if (plan)
		remember_waiting(&agent->last, plan, now);
	if (plan)
		remember_lasting(&agent->last, plan);
	telling_stale(agent->telling);
	agent->holds_memory = agent->heap_has_holes = agent->metrics_stale = true;
	metrics_of_run(result, agent->last.at);
	agent->settled_serial = result->code == EXIT_FINE && !(plan && plan->drift_count)
						? result->serial
						: 0;
	agent->awaits_ready = plan && plan->awaits_ready;
	agent->rests_until = plan ? plan->rests_until : 0;
	agent->deadline = now + agent_jittered(agent->interval);
	if (agent->rests_until)
		agent->deadline = nstime_min(agent->deadline,
				now + nstime_seconds(plan->rests_until - agent->last.at));
	if (plan && plan->left != NSTIME_NEVER)
		agent->deadline = nstime_min(agent->deadline, now + plan->left);
	log_done(result, actor);
}

/* What went wrong is kept, so that it can be told after a restart; a tick that finds the
 * same again writes nothing. */
static int note_failure(struct agent *agent, const struct agent_result *result)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	int r = transaction_begin(agent->db, &t);

	if (r == 0)
		r = journal_event(agent->db, VIEW_NULL, result->reason,
				view_z(result->message),
				agent->os->wall(agent->os->state));
	return r ? r : transaction_commit(&t);
}

/* Keys that signed, once nobody can want them any more. */
static void shred_keys(struct agent *agent)
{
	int r = dkim_rows_shred(agent->db, agent->os->wall(agent->os->state));

	if (r)
		log_event(LOG_WARN, "agent.shred.waits", log_number("outcome", r));
}

int run_finish(struct agent *agent, struct view actor, struct agent_result *result,
		nstime start)
{
	struct confirmation awaited;
	bool is_news = result->code != EXIT_FINE &&
		       (!agent->last.reason ||
				       strcmp(agent->last.reason, result->reason) != 0);
	int r = 0;

	end_run(agent, actor, result, start);
	purge_sweep(agent);
	shred_keys(agent);
	if (is_news && result->code != EXIT_INVALID && result->code != EXIT_CONFLICT)
		r = note_failure(agent, result);
	if (r == 0)
		r = confirmation_look(agent, &awaited);
	if (r)
		log_event(LOG_WARN, "agent.event.lost",
				log_text("reason", result->reason),
				log_number("outcome", r));
	return 0;
}
