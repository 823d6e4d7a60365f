/* A house with an outside: the loopback service of the kind `probe`, a state of probes, and
 * clocks that move when they are told to, each by itself. */
#ifndef TESTS_AGENT_WORLD_H
#define TESTS_AGENT_WORLD_H

#include "agent/inside.h"
#include "tests/agent/house.h"
#include "tests/lib/probe/probe.h"

struct world {
	struct house *house;
	nstime now;        /* the monotonic clock */
	walltime wall;     /* the one on the wall */
	uint64_t draw;     /* of every backoff; UINT64_MAX: drawn */
	const char *drift; /* what the states say of probes that drift; NULL: nothing */
};

/* Of the whole test program: argv[1] is the service's path; NULL: its world has no probes. */
extern const char *world_service_path;
int world_group_setup(void **state);
int world_group_teardown(void **state);

/* *state is a struct world; the service has forgotten everything. */
int world_setup(void **state);
int world_teardown(void **state);

/* One probe of a state: its address (`name@provider.example`), its value, and the
 * addresses that it needs, "" for none. */
struct probe_line {
	const char *address;
	const char *value;
	const char *needs;
};

/* Applies a state of these probes; it must go well. */
void world_apply(struct world *w, const struct probe_line *lines, size_t count);
void world_apply_result(struct world *w, const struct probe_line *lines, size_t count,
		struct agent_result *out);
#define WORLD_APPLY(w, ...)                                                              \
	world_apply((w), (const struct probe_line[]){ __VA_ARGS__ },                     \
			sizeof((const struct probe_line[]){ __VA_ARGS__ }) /             \
					sizeof(struct probe_line))

/* Turns until nothing is out and nothing is due now. */
void world_turn(struct world *w);
/* Turns, and moves both clocks to what is due next, until everything is done; fails where
 * that takes more than so many seconds of theirs. */
void world_converge(struct world *w, int64_t seconds);
void world_pass(struct world *w, int64_t seconds);
/* As after the end of the process: the agent is closed, and opened again. */
void world_restart(struct world *w);

/* Rows of the outbox that are not done. */
size_t world_open_rows(struct world *w);
/* Of the object's newest row: state, operation, reason or message; or "". The text is good
 * until the next call. */
const char *world_row(struct world *w, const char *address, const char *column);
/* Of an object, "record/a.example/MX": its condition's status, reason or message; "" where it
 * is Unknown. The text is good until the next call. */
const char *world_condition(struct world *w, const char *object, const char *type,
		const char *member);
/* The condition of a probe: its status, its reason; "" where it is Unknown. */
const char *world_status(struct world *w, const char *address, const char *type);
const char *world_reason(struct world *w, const char *address, const char *type);
bool world_is_ready(struct world *w, const char *address);

/* How many calls of this method (with an effect, or all) were made under the values of the
 * log; "" for any value. */
size_t world_calls(const char *method, const char *value);
/* Of all keys in the log, the most effects that one had. */
size_t world_most_effects(void);
/* The values in the order in which they were put; "-" for a removal. */
void world_order(struct buf *out);

#endif
