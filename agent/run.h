/* One run of the agent: a state becomes a plan, and the plan is carried out. The one way
 * that every change takes:
 *
 *   state ─► checked ─► observe ─► diff ─► gate ─► plan
 *                                                   │ apply
 *      transaction: generation, objects, journal ───┤
 *      configuration built from what was written ───┤
 *      runtime takes it (one pointer) ──────────────┤
 *      commit; where that fails, the runtime takes the one before again
 *
 * Who begins one stands in request.c (somebody brings files) and reconcile.c (the agent by
 * itself, or a call by hand). */
#ifndef AGENT_RUN_H
#define AGENT_RUN_H

#include "agent/inside.h"

#include "agent/partial.h"

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
	unsigned way;            /* of enum approval: how the actor approves … */
	struct view fingerprint; /* … and by which key; or empty */
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

void run_deinit(struct run *run);

/* Begins the result: which generation and serial there are, and `newest` of it. Where
 * `out->code` is not EXIT_FINE after any of these, `out` says why and nothing has changed. */
MUST_USE int run_begin(struct agent *agent, struct arena *arena,
		struct generation *newest, struct agent_result *out);
/* Reads the suspension; says it, where there is one. */
MUST_USE int run_suspended(struct agent *agent, struct arena *arena,
		struct suspension *suspension, struct agent_result *out);
/* What would be done, by nobody yet. */
MUST_USE int run_plan(struct run *run, struct agent_result *out);
/* Plans and, where nothing forbids it, carries out. */
MUST_USE int run_apply(struct run *run, struct agent_result *out);
/* What run_apply does once there is a plan that may be carried out. */
MUST_USE int run_carry_out(struct run *run, struct agent_result *out);
/* Remembers how it went, for status, the timer and the log: of every run that was to apply
 * something, however it went. */
MUST_USE int run_finish(struct agent *agent, struct view actor,
		struct agent_result *result, nstime start);

#endif
