/* Files to a desired state: read, check every field and every reference, decode.
 *
 * All that is wrong comes out of one run. Structural errors and wrong values are errors
 * of the whole state; what validates but is not served by this version is listed in
 * desired->not_served, so that `validate` can pass and `apply` refuse. */
#ifndef SCHEMA_CHECKER_H
#define SCHEMA_CHECKER_H

#include "schema/agent_file.h"
#include "schema/desired.h"

struct overlay;

struct check_options {
	/* What this machine says; NULL: unknown (validate without an agent), then host
	 * files are not checked against `allow` and several hosts are no error. */
	const struct agent_file *agent;
	/* 32 bytes that key the digests which stand for secrets in canonical forms; NULL:
	 * plain digests. The agent gives its own so that a plan tells nobody whether two
	 * hashes are the same. */
	const unsigned char *secret_key;
	/* What is read otherwise than it is written; NULL: nothing (schema/overlay.h). */
	const struct overlay *overlay;
	/* Keeps neither values nor the lines that gave them, only what was made of them:
	 * desired_origins() and compose() have no answer, and a large state is half as
	 * large. */
	bool forget_origins;
};

enum {
	CHECK_OK = 0,
	CHECK_E_INVALID = 1, /* the diagnostics say why */
};

/* One checked state: owns everything that it names. */
struct checked {
	struct arena *arena;
	struct diagnostics diagnostics; /* errors and warnings, sorted */
	struct desired *desired;        /* NULL where there are errors */
};

/* `files` and their bytes must outlive the result; `out` is to be ended by
 * checked_deinit in either case. */
MUST_USE int checker_check(const struct source_file *files, size_t count,
		const struct check_options *options, struct checked *out);
/* Takes the desired state of a check without errors; diagnostics are gone with it. The
 * caller ends it by desired_free. */
MUST_USE struct desired *checked_take(struct checked *checked);
void checked_deinit(struct checked *checked);

#endif
