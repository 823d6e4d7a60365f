#include "agent/run.h"

#include "agent/plan/drift.h"
#include "agent/plan/holding.h"
#include "agent/refusal.h"
#include "runtime/base/os.h"
#include "runtime/runtime.h"

#include <malloc.h>

static const char *const causes[] = {
	[RECONCILE_START] = "start",
	[RECONCILE_TIMER] = "timer",
	[RECONCILE_SIGNAL] = "signal",
};

/* True where a look at the runtime says that nothing can have moved. */
static bool is_settled(const struct agent *agent, uint64_t serial)
{
	struct runtime_observed live;

	if (!agent->configuration || agent->settled_serial != serial ||
			agent_now(agent) >= agent->full_due)
		return false;
	if (agent->rests_until && agent->os->wall(agent->os->state) >= agent->rests_until)
		return false;
	runtime_observe(agent->runtime, &live);
	return live.listener_count ==
	       configuration_host(agent->configuration)->listener_count;
}

/* A plan over many objects leaves the heap full of holes; a quiet server shows what it
 * needs. */
static void give_memory_back(struct agent *agent)
{
	if (!agent->holds_memory)
		return;
	agent_forget_desired(agent);
	agent->heap_has_holes = true;
	agent->holds_memory = false;
}

void agent_rest(struct agent *agent)
{
	if (agent->heap_has_holes)
		malloc_trim(0);
	agent->heap_has_holes = false;
}

/* What a suspension leaves to do: after a start, to bring up what was applied. */
static int hold_still(struct run *run, const struct suspension *suspension, nstime start,
		struct agent_result *out)
{
	struct agent *agent = run->agent;
	nstime left = nstime_seconds(
			suspension->until - agent->os->wall(agent->os->state));

	agent->deadline = nstime_min(agent->deadline, start + left);
	if (agent->configuration)
		return 0;
	run->frozen = true;
	return run_apply(run, out);
}

static int reconcile(struct run *run, struct agent_result *out, nstime start)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct agent *agent = run->agent;
	struct suspension suspension;
	int r = agent_desired(agent, &run->desired);

	if (r)
		return result_database(out, r);
	if (!result_accepts(&agent->desired.checked, out)) {
		r = refusal_serve(agent, out);
		return r ? r : run_finish(agent, run->actor, out, start);
	}
	r = refusal_end(agent);
	if (r)
		return result_database(out, r);
	agent->interval = run->desired->policy.interval;
	if (run->audits)
		agent->full_due = start + agent_jittered(nstime_seconds(AUDIT_SECONDS));
	r = suspension_read(
			agent->db, agent->os->wall(agent->os->state), arena, &suspension);
	if (r)
		return result_database(out, r);
	if (suspension.until)
		return hold_still(run, &suspension, start, out);
	r = run_apply(run, out);
	return r ? r : run_finish(agent, run->actor, out, start);
}

int agent_reconcile(
		struct agent *agent, enum reconcile_cause cause, struct agent_result *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(run_deinit)
	struct run run = {
		.agent = agent,
		.actor = view_z(causes[cause]),
	};
	nstime start = agent_now(agent);
	bool taken_back;
	int r = confirmation_expire(agent, out, &taken_back);

	if (r || taken_back)
		return r;
	r = run_begin(agent, arena, &run.generation, out);
	if (r || out->code != EXIT_FINE)
		return r;
	agent->deadline = start + agent_jittered(agent->interval);
	if (cause == RECONCILE_TIMER && is_settled(agent, out->serial)) {
		give_memory_back(agent);
		return 0;
	}
	run.audits = cause != RECONCILE_TIMER || start >= agent->full_due;
	return run.generation.number == 0 ? 0 : reconcile(&run, out, start);
}

/* The desired generation again, with something that somebody asked for by hand. */
static int reconcile_by_hand(struct run *run, struct agent_result *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct suspension suspension;
	nstime start = agent_now(run->agent);
	int r = run_begin(run->agent, arena, &run->generation, out);

	if (r == 0 && out->code == EXIT_FINE)
		r = run_suspended(run->agent, arena, &suspension, out);
	if (r || out->code != EXIT_FINE || run->generation.number == 0)
		return r;
	return reconcile(run, out, start);
}

/* As the state's `purge` would: the same conditions hold, and the same plan does it. */
int agent_purge_run(struct agent *agent, const struct desired_purge *purge,
		struct view actor, struct agent_result *out)
{
	CLEANUP(run_deinit)
	struct run run = {
		.agent = agent,
		.actor = actor,
		.purge = purge,
	};
	int r;

	r = reconcile_by_hand(&run, out);
	/* Nobody asks for it again: what people have to agree to stands in the state. */
	if (r == 0 && out->code == EXIT_GATE && out->reason != held_by_protection)
		result_say(out, EXIT_GATE, out->reason,
				"the policy wants more people or time for a purge than "
				"one call by hand has: write it into `purge` of the "
				"state. Nothing was destroyed.");
	return r;
}

int agent_approve(struct agent *agent, const struct agent_approval *approval,
		struct agent_result *out)
{
	CLEANUP(run_deinit)
	struct run run = {
		.agent = agent,
		.actor = approval->actor,
		.approve = approval->digest,
		.way = approval->way,
		.fingerprint = approval->fingerprint,
	};

	return reconcile_by_hand(&run, out);
}
