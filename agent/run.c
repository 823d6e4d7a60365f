#include "agent/run.h"

#include "agent/database/text.h"
#include "agent/plan/diff.h"
#include "agent/plan/holding.h"
#include "agent/plan/holdings.h"
#include "runtime/base/os.h"

#include <stdlib.h>

enum {
	LONGEST_ADVICE = 256,
};

void run_deinit(struct run *run)
{
	partial_deinit(&run->partial);
	observation_deinit(&run->o);
	plan_free(run->plan);
}

/* Who asked for what the state says: who applies it now, else who did. */
static void set_authority(struct run *run)
{
	bool is_asked = run->new_generation || run->approve.len;
	struct view asking = run->new_generation || !run->generation.actor.len
					     ? run->actor
					     : run->generation.actor;

	run->who = (struct authority){
		.person = authority_person(asking),
		.approver = is_asked ? authority_person(run->actor) : VIEW_NULL,
		.approve = run->approve,
		.way = run->way,
		.fingerprint = run->fingerprint,
		.file = run->agent->file,
		.cooling = &run->agent->cooling,
	};
}

/* Marks what is held, and finds out what is left. */
static int hold(struct run *run)
{
	int r;

	set_authority(run);
	r = holding_mark(&run->o, &run->rules, &run->who, run->plan);
	if (r == 0 && run->plan->problem_count == 0)
		r = partial_make(run->agent, &run->o, run->plan, &run->partial);
	run->torn = r == PARTIAL_E_TORN;
	return run->torn ? 0 : r;
}

static int make_plan(struct run *run)
{
	struct agent *agent = run->agent;
	int r;

	run->plan = plan_new();
	run->plan->origin = arena_copy(run->plan->arena, run->generation.origin);
	agent_observation(agent, run->desired, &run->live, run->plan, &run->o);
	run->o.rules = &run->rules;
	run->o.audits = run->audits;
	run->o.lets_be = run->frozen;
	run->o.purge = run->purge;
	run->o.unowned_way = run->unowned;
	r = control_serial(agent->db, &run->plan->base_serial);
	if (r == 0)
		r = observe(&run->o);
	if (r == 0)
		r = rules_load(&run->o, &run->rules);
	if (r == 0)
		r = diff(&run->o, run->plan);
	if (r == 0)
		r = holdings_note(&run->o, run->plan);
	run->plan->rests_until = run->o.rests_until;
	run->plan->awaits_ready = run->o.awaits_ready;
	return r ? r : hold(run);
}
/* -- what is said -- */

static void say_problems(const struct plan *plan, struct agent_result *result)
{
	result_say(result, EXIT_INVALID, plan->problems[0].reason,
			"the state cannot be applied; what runs stays as it is");
}

/* What runs stays, or comes up as it was applied. */
static int stay_torn(struct run *run, struct agent_result *result)
{
	CLEANUP(configured_deinit) struct configured done = { 0 };
	int r = 0;

	if (!run->agent->configuration)
		r = agent_configure(run->agent, NULL, &done, result);
	if (r == 0 && result->code == EXIT_FINE)
		result_say(result, EXIT_GATE, run->plan->held_reason,
				"what is held cannot be told apart from the rest: apply "
				"it "
				"in smaller steps. Nothing was changed.");
	return r;
}

static bool says_adopt(const struct change *change)
{
	const struct desired_user *user = change->wanted->desired;
	const struct desired_shared *shared = change->wanted->desired;

	return change->driver == &driver_user ? user->adopt : shared->adopt;
}

/* Files are bound to accounts only where somebody says so: how many of them nobody has. */
static size_t count_unasked(const struct run *run)
{
	size_t count = 0;

	if (run->unowned != UNOWNED_ASKED || !run->plan->counts[ACTION_ADOPT])
		return 0;
	for (size_t i = 0; i < run->plan->change_count; i++) {
		const struct change *change = &run->plan->changes[i];

		count += change->action == ACTION_ADOPT && !says_adopt(change);
	}
	return count;
}

static bool must_ask(const struct run *run)
{
	return count_unasked(run) > 0;
}

static void say_unowned(const struct run *run, struct agent_result *result, bool planned)
{
	result_say(result, EXIT_GATE, "AdoptionNeeded",
			"%zu account files are here that no object owns, and the state "
			"names their accounts. `posthus apply --adopt` gives them back, "
			"as "
			"`adopt: true` does for one; `--abandon` leaves them and begins "
			"with empty accounts.%s",
			count_unasked(run), planned ? "" : " Nothing was changed.");
}

static void say_stale(const struct run *run, struct agent_result *result)
{
	result_say(result, EXIT_CONFLICT, "StalePlan",
			"the plan %.*s is not what applying would do now: look at a new "
			"plan. Nothing was changed.",
			VIEW_ARG(run->expect));
}

static bool is_expected(const struct run *run)
{
	CLEANUP(buf_free) struct buf digest = BUF_NULL(DIGEST_TEXT + 1);

	text_add_digest(&digest, run->plan->digest);
	return run->expect.len == 0 || view_eq(run->expect, buf_view(&digest));
}

int run_plan(struct run *run, struct agent_result *result)
{
	int r = make_plan(run);

	if (r)
		return result_database(result, r);
	if (run->plan->problem_count)
		say_problems(run->plan, result);
	else if (must_ask(run))
		say_unowned(run, result, true);
	else if (run->plan->held_count)
		holding_say(run->plan, &run->who, true, result);
	result->plan = TAKE(run->plan);
	return 0;
}

int run_apply(struct run *run, struct agent_result *result)
{
	int r = make_plan(run);

	if (r)
		return result_database(result, r);
	if (run->plan->problem_count)
		say_problems(run->plan, result);
	else if (must_ask(run))
		say_unowned(run, result, false);
	else if (!is_expected(run))
		say_stale(run, result);
	else if (run->torn)
		r = stay_torn(run, result);
	else
		r = run_carry_out(run, result);
	if (r == 0 && result->code == EXIT_FINE && run->plan->held_count)
		holding_say(run->plan, &run->who, false, result);
	result->plan = TAKE(run->plan);
	return r;
}

int run_begin(struct agent *agent, struct arena *arena, struct generation *newest,
		struct agent_result *out)
{
	int r;

	*out = (struct agent_result){ 0 };
	r = generation_newest(agent->db, arena, newest);
	if (r == 0)
		r = control_serial(agent->db, &out->serial);
	out->generation = r ? 0 : newest->number;
	return result_database(out, r);
}

int run_suspended(struct agent *agent, struct arena *arena, struct suspension *suspension,
		struct agent_result *result)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_ADVICE + SUSPENSION_REASON);
	int r = suspension_read(
			agent->db, agent->os->wall(agent->os->state), arena, suspension);

	if (r || suspension->until == 0)
		return result_database(result, r);
	suspension_print(suspension, &text);
	result_say(result, EXIT_CONFLICT, "Suspended",
			"%.*s. Nothing was changed; `posthus resume` ends it.",
			VIEW_ARG(buf_view(&text)));
	return 0;
}
