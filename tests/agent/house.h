/* A whole agent in a directory of its own, with a fake runtime and a clock that stands
 * still until it is moved. */
#ifndef TESTS_AGENT_HOUSE_H
#define TESTS_AGENT_HOUSE_H

#include "agent/agent.h"
#include "agent/plan/plan.h"
#include "runtime/base/buf.h"
#include "runtime/base/os.h"
#include "runtime/crypto/broker.h"
#include "tests/agent/fake_runtime.h"
#include "tests/lib/test.h"

enum {
	HOUSE_TEXT = 4 * 1024 * 1024
};

/* 2026-08-01 12:00 UTC */
#define HOUSE_BEGIN ((walltime)1785585600)

struct house {
	char directory[64];
	struct broker *broker;
	struct runtime runtime;
	struct os os;
	const struct agent_file *file; /* NULL: all defaults; heeded by house_open() */
	walltime now;
	struct agent *agent; /* NULL: nobody is at home */
};

/* For cmocka: *state is a struct house with its agent open. */
int house_setup(void **state);
int house_teardown(void **state);

/* Opens the agent, attaches the runtime; and the other way about. */
void house_open(struct house *house);
void house_close(struct house *house);
/* As after a restart: the agent opened again, the runtime without a configuration, the
 * desired generation reconciled. */
void house_restart(struct house *house, struct agent_result *out);

/* Of one file, state.yaml. The results are freed by the caller. */
void house_plan(struct house *house, struct view state, struct agent_result *out);
void house_apply(struct house *house, struct view state, struct agent_result *out);
void house_apply_approved(struct house *house, struct view state, struct view approve,
		struct agent_result *out);
/* Applies, and fails the test unless it goes well. */
void house_must_apply(struct house *house, struct view state);
/* The state as the smallest one with these sections behind it. */
void house_state(struct buf *out, const char *sections);

/* BLAKE2b over names and bytes of all files below the data directory. */
void house_digest(const struct house *house, unsigned char out[32]);

/* KIND/ID's member of `agent_get`, as text or in full. */
json_t *house_get(struct house *house, const char *name);
/* Its uid as text, in the arena. */
struct view house_uid(struct house *house, const char *name, struct arena *arena);
/* Where mail to an address goes; *address_out, where it is not NULL, is the first account's.
 * An outcome of configuration_resolve. */
int house_resolve(struct house *house, const char *address, struct view *address_out);
/* The whole text that a result prints. */
void house_print(const struct agent_result *result, struct buf *out);

#endif
