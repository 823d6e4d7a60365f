#include "agent/run.h"

#include "agent/apply/apply.h"
#include "agent/apply/notice.h"
#include "agent/database/deeds.h"
#include "agent/database/fight.h"
#include "agent/database/journal.h"
#include "agent/plan/drift.h"
#include "agent/plan/holding.h"

enum {
	LONGEST_TEXT = 16 * 1024 * 1024,
};

/* What is carried out: all of it, or the part that counts now. */
static struct plan *part_plan(const struct run *run)
{
	return run->partial.plan ? run->partial.plan : run->plan;
}

static struct observation *part_observation(struct run *run)
{
	return run->partial.plan ? &run->partial.o : &run->o;
}

static int store_generation(struct run *run)
{
	CLEANUP(buf_free) struct buf summary = BUF_NULL(LONGEST_TEXT);
	int r;

	if (!run->new_generation)
		return 0;
	plan_add_summary(run->plan, &summary);
	run->generation.summary = buf_view(&summary);
	run->generation.accepted_at = run->o.now;
	run->generation.actor = run->actor;
	run->generation.serial = run->plan->base_serial + 1;
	memcpy(run->generation.plan_digest, run->plan->digest, DIGEST_SIZE);
	r = generation_store(
			run->agent->db, &run->generation, run->files, run->file_count);
	return r ? r : fight_end_all(run->agent->db);
}

/* What people are told of it: once for all of it, and of each thing that had drifted. */
static int write_events(struct run *run)
{
	CLEANUP(buf_free) struct buf summary = BUF_NULL(LONGEST_TEXT);
	const struct plan *plan = run->plan;
	int r = 0;

	plan_add_summary(plan, &summary);
	if (plan->change_count > plan->held_count)
		r = journal_event(run->agent->db, VIEW_NULL,
				run->new_generation ? "Applied" : "Corrected",
				buf_view(&summary), run->o.now);
	for (size_t i = 0; i < plan->drift_count && r == 0; i++) {
		const struct drift *drift = &plan->drifts[i];

		if (drift->field.len)
			continue; /* drift_write tells of it */
		r = journal_event(run->agent->db,
				arena_printf(plan->arena, "%s/%.*s", drift->driver->kind,
						VIEW_ARG(drift->id)),
				drift->reason, drift->message, run->o.now);
	}
	return r;
}

static int write_confirmation(struct run *run)
{
	const struct confirmation confirmation = {
		.generation = run->generation.number,
		.back_to = run->before,
		.until = run->o.now + run->confirm_within,
		.within = run->confirm_within,
	};

	if (!run->new_generation || run->confirm_within == 0)
		return 0;
	return confirmation_write(run->agent->db, &confirmation);
}

static int write_all(struct run *run, struct application *a)
{
	unsigned topics = 0;
	int r = store_generation(run);

	if (r == 0)
		r = write_confirmation(run);

	if (r == 0)
		r = notice_topics(run->agent->db, &topics);
	if (r == 0)
		r = apply_write(a);
	if (r == 0)
		r = notices_put(run->agent->db, topics, a->plan, run->actor, run->o.now);
	if (r == 0)
		r = authority_write(&run->o, &run->who, run->plan, run->actor, true);
	if (r == 0)
		r = write_events(run);
	if (r == 0)
		r = control_set_serial(run->agent->db, a->serial);
	return r;
}

/* The whole change: rows, then the runtime, then the commit. On an outcome `result` says
 * why and neither has changed. */
static int commit_all(struct run *run, struct application *a, struct agent_result *result)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	CLEANUP(configured_deinit) struct configured done = { 0 };
	struct agent *agent = run->agent;
	int r = transaction_begin(agent->db, &t);

	if (r == 0)
		r = write_all(run, a);
	if (r)
		return result_database(result, r);
	r = agent_configure(agent, a->o, &done, result);
	if (r || result->code != EXIT_FINE)
		return r;
	r = deeds_follow(agent->deeds, a);
	if (r == 0)
		r = transaction_commit(&t);
	if (r) {
		agent_unconfigure(agent, &done);
		return result_database(result, r);
	}
	result->serial = a->serial;
	dispatch_stale(agent->dispatch);
	agent->confirm_due = 0;
	if (run->new_generation) {
		result->generation = run->generation.number;
		agent_forget_desired(agent);
	}
	return 0;
}

static bool must_reopen(const struct plan *plan)
{
	for (size_t i = 0; i < plan->drift_count; i++)
		if (plan->drifts[i].kind == DRIFT_REOPEN)
			return true;
	return false;
}

/* Nothing of the state is to be done. */
static int stay(struct run *run, struct agent_result *result)
{
	CLEANUP(configured_deinit) struct configured done = { 0 };
	int r = 0;

	if (!run->frozen)
		r = authority_write(&run->o, &run->who, run->plan, run->actor, false);
	if (r)
		return result_database(result, r);
	if (run->agent->configuration && !must_reopen(part_plan(run)))
		return 0;
	return agent_configure(run->agent, part_observation(run), &done, result);
}

int run_carry_out(struct run *run, struct agent_result *result)
{
	CLEANUP(application_deinit)
	struct application a = {
		.o = part_observation(run),
		.plan = part_plan(run),
		.broker = run->agent->broker,
		.tls_key = run->agent->tls_key,
		.actor = run->actor,
		.serial = run->plan->base_serial + 1,
		.generation = run->generation.number,
	};
	int r;

	if (run->frozen || (plan_is_empty(a.plan) && !run->new_generation))
		return stay(run, result);
	r = apply_prepare(&a);
	return r ? r : commit_all(run, &a, result);
}
