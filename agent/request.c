#include "agent/run.h"

#include "agent/plan/holding.h"
#include "agent/refusal.h"

enum {
	LONGEST_ADVICE = 256,
};

static void begin_generation(struct run *run, const struct agent_source *source,
		const struct generation *newest)
{
	generation_digest(source->files, source->count, run->generation.digest);
	run->generation.origin = source->origin;
	run->generation.number = newest->number;
	if (newest->number &&
			memcmp(newest->digest, run->generation.digest, DIGEST_SIZE) == 0)
		return;
	run->new_generation = true;
	run->generation.number++;
	run->files = source->files;
	run->file_count = source->count;
}

int agent_plan(struct agent *agent, const struct agent_source *source,
		struct agent_result *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(checked_deinit) struct checked checked = { 0 };
	CLEANUP(run_deinit) struct run run = { .agent = agent };
	struct generation newest;
	nstime start = agent_now(agent);
	int r = run_begin(agent, arena, &newest, out);

	if (r || out->code != EXIT_FINE)
		return r;
	r = agent_check(agent, source->files, source->count, false, &checked);
	if (r < 0)
		return r;
	if (!result_accepts(&checked, out))
		return 0;
	run.desired = checked.desired;
	run.unowned = source->unowned;
	begin_generation(&run, source, &newest);
	r = run_plan(&run, out);
	if (r)
		return r;
	out->took = agent_now(agent) - start;
	return 0;
}

/* Said where a state cannot be applied now, whatever it is. */
static int may_apply(struct agent *agent, struct arena *arena,
		const struct agent_apply_options *options,
		const struct generation *newest, struct agent_result *out)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_ADVICE);
	struct confirmation confirmation;
	struct suspension suspension;
	int r = run_suspended(agent, arena, &suspension, out);

	if (r || out->code != EXIT_FINE)
		return r;
	r = confirmation_look(agent, &confirmation);
	if (r)
		return result_database(out, r);
	if (confirmation.generation) {
		confirmation_print(&confirmation, &text);
		result_say(out, EXIT_CONFLICT, "ConfirmationAwaited",
				"%.*s: `posthus confirm` keeps it. Nothing was changed.",
				VIEW_ARG(buf_view(&text)));
	} else if (options->confirm_within && newest->number == 0) {
		result_say(out, EXIT_INVALID, "NothingToGoBackTo",
				"this is the first generation: there is none to go back "
				"to. Apply without --confirm-within.");
	}
	return 0;
}

int agent_apply(struct agent *agent, const struct agent_source *source,
		const struct agent_apply_options *options, struct agent_result *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(checked_deinit) struct checked checked = { 0 };
	CLEANUP(run_deinit)
	struct run run = {
		.agent = agent,
		.actor = options->actor,
		.approve = options->approve,
		.expect = options->expect,
		.confirm_within = options->confirm_within,
	};
	struct generation newest;
	nstime start = agent_now(agent);
	int r = run_begin(agent, arena, &newest, out);

	if (r == 0 && out->code == EXIT_FINE)
		r = may_apply(agent, arena, options, &newest, out);
	if (r || out->code != EXIT_FINE)
		return r;
	run.before = newest.number;
	r = agent_check(agent, source->files, source->count, false, &checked);
	if (r < 0)
		return r;
	if (result_accepts(&checked, out)) {
		run.desired = checked.desired;
		run.unowned = source->unowned;
		begin_generation(&run, source, &newest);
		r = run_apply(&run, out);
		if (r == 0 && out->code == EXIT_FINE)
			r = result_database(out, refusal_end(agent));
		if (r)
			return r;
		if (out->code == EXIT_FINE || out->code == EXIT_GATE)
			agent->interval = checked.desired->policy.interval;
	}
	r = run_finish(agent, options->actor, out, start);
	/* What is done about drift the policy says that was applied just now. */
	if (run.o.touched_count)
		agent->deadline = 0;
	return r;
}
