/* The one way that every change takes:
 *
 *   state ─► checked ─► observe ─► diff ─► gate ─► plan
 *                                                   │ apply
 *      transaction: generation, objects, journal ───┤
 *      configuration built from what was written ───┤
 *      runtime takes it (one pointer) ──────────────┤
 *      commit; where that fails, the runtime takes the one before again
 */
#include "agent/inside.h"

#include "agent/apply.h"
#include "agent/deeds.h"
#include "agent/diff.h"
#include "agent/drift.h"
#include "agent/fight.h"
#include "agent/holding.h"
#include "agent/journal.h"
#include "agent/metrics.h"
#include "agent/partial.h"
#include "agent/refusal.h"
#include "agent/text.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"
#include "runtime/crypto/random.h"
#include "runtime/runtime.h"

#include <malloc.h>
#include <stdlib.h>

enum {
	LONGEST_TEXT = 16 * 1024 * 1024,
	LONGEST_ADVICE = 256,
};

/* -- a run: one state, one plan -- */

struct run {
	struct agent *agent;
	const struct desired *desired;
	const struct source_file *files; /* of a new generation; else NULL */
	size_t file_count;
	struct generation generation; /* the one that will be desired */
	bool new_generation;
	uint64_t before;         /* the generation that was desired until now */
	walltime confirm_within; /* seconds; 0: it stays unasked */
	bool frozen;             /* suspended: only what was applied is brought up */
	bool audits;             /* every row is compared with what was written there */
	struct view actor, approve, expect;
	enum unowned_way unowned;
	const struct desired_purge *purge; /* asked for by hand; or NULL */
	struct runtime_observed live;
	struct rules rules;
	struct authority who;
	struct plan *plan;
	struct observation o;
	struct partial partial; /* what of it counts now, where some is held */
	bool torn;              /* that does not stand by itself */
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

static void run_deinit(struct run *run)
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
	run->plan->rests_until = run->o.rests_until;
	return r ? r : hold(run);
}

/* -- carrying out -- */

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
	int r = store_generation(run);

	if (r == 0)
		r = write_confirmation(run);

	if (r == 0)
		r = apply_write(a);
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

static int carry_out(struct run *run, struct agent_result *result)
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

/* -- results -- */

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

/* Files are bound to accounts only where somebody says so. */
static bool must_ask(const struct run *run)
{
	return run->plan->counts[ACTION_ADOPT] && run->unowned == UNOWNED_ASKED;
}

static void say_unowned(const struct run *run, struct agent_result *result, bool planned)
{
	result_say(result, EXIT_GATE, "AdoptionNeeded",
			"%zu account files are here that no object owns, and the state "
			"names their accounts. `posthus apply --adopt` gives them back; "
			"`--abandon` leaves them and begins with empty accounts.%s",
			run->plan->counts[ACTION_ADOPT],
			planned ? "" : " Nothing was changed.");
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

/* Plans and, where nothing forbids it, applies. */
static int run_apply(struct run *run, struct agent_result *result)
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
		r = carry_out(run, result);
	if (r == 0 && result->code == EXIT_FINE && run->plan->held_count)
		holding_say(run->plan, &run->who, false, result);
	result->plan = TAKE(run->plan);
	return r;
}

static int begin_result(struct agent *agent, struct arena *arena,
		struct generation *newest, struct agent_result *out)
{
	int r;

	*out = (struct agent_result){ 0 };
	r = generation_newest(agent->db, arena, newest);
	if (r == 0)
		r = control_serial(agent->db, &out->serial);
	out->generation = r ? 0 : newest->number;
	return result_database(out, r);
}

/* True, and said, where nothing is to be applied now. */
static int is_suspended(struct agent *agent, struct arena *arena,
		struct suspension *suspension, struct agent_result *result)
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

static nstime now_of(const struct agent *agent)
{
	return agent->os->now(agent->os->state);
}

/* -- plan -- */

int agent_plan(struct agent *agent, const struct agent_source *source,
		struct agent_result *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(checked_deinit) struct checked checked = { 0 };
	CLEANUP(run_deinit) struct run run = { .agent = agent };
	struct generation newest;
	nstime start = now_of(agent);
	int r = begin_result(agent, arena, &newest, out);

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
	r = make_plan(&run);
	if (r)
		return result_database(out, r);
	if (run.plan->problem_count)
		say_problems(run.plan, out);
	else if (must_ask(&run))
		say_unowned(&run, out, true);
	else if (run.plan->held_count)
		holding_say(run.plan, &run.who, true, out);
	out->plan = TAKE(run.plan);
	out->took = now_of(agent) - start;
	return 0;
}

/* -- apply -- */

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

/* Remembers how it went, for status, the timer and the log. */
static void end_run(struct agent *agent, struct view actor, struct agent_result *result,
		nstime start)
{
	const struct plan *plan = result->plan;
	nstime now = now_of(agent);

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
	agent->holds_memory = agent->heap_has_holes = agent->metrics_stale = true;
	metrics_of_run(result, agent->last.at);
	agent->settled_serial = result->code == EXIT_FINE && !(plan && plan->drift_count)
						? result->serial
						: 0;
	agent->deadline = now + agent_jittered(agent->interval);
	if (plan && plan->rests_until)
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

static int finish(struct agent *agent, struct view actor, struct agent_result *result,
		nstime start)
{
	struct confirmation awaited;
	bool is_news = result->code != EXIT_FINE &&
		       (!agent->last.reason ||
				       strcmp(agent->last.reason, result->reason) != 0);
	int r = 0;

	end_run(agent, actor, result, start);
	purge_sweep(agent);
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

/* Said where a state cannot be applied now, whatever it is. */
static int may_apply(struct agent *agent, struct arena *arena,
		const struct agent_apply_options *options,
		const struct generation *newest, struct agent_result *out)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_ADVICE);
	struct confirmation confirmation;
	struct suspension suspension;
	int r = is_suspended(agent, arena, &suspension, out);

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
	nstime start = now_of(agent);
	int r = begin_result(agent, arena, &newest, out);

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
	r = finish(agent, options->actor, out, start);
	/* What is done about drift the policy says that was applied just now. */
	if (run.o.touched_count)
		agent->deadline = 0;
	return r;
}

/* -- reconciling -- */

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
			now_of(agent) >= agent->full_due)
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
		return r ? r : finish(agent, run->actor, out, start);
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
	return r ? r : finish(agent, run->actor, out, start);
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
	nstime start = now_of(agent);
	bool taken_back;
	int r = confirmation_expire(agent, out, &taken_back);

	if (r || taken_back)
		return r;
	r = begin_result(agent, arena, &run.generation, out);
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
	nstime start = now_of(run->agent);
	int r = begin_result(run->agent, arena, &run->generation, out);

	if (r == 0 && out->code == EXIT_FINE)
		r = is_suspended(run->agent, arena, &suspension, out);
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

int agent_approve(struct agent *agent, struct view digest, struct view actor,
		struct agent_result *out)
{
	CLEANUP(run_deinit)
	struct run run = {
		.agent = agent,
		.actor = actor,
		.approve = digest,
	};

	return reconcile_by_hand(&run, out);
}
