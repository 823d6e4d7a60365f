/* The inside of an SPF check, shared by spf.c (what is evaluated) and spf_answer.c (what
 * an answer means).
 *
 *                 ┌──────────────── no match, or an include that does not ──┐
 *                 ▼                                                         │
 *   RECORD ──► EVALUATING ──► ADDRESS · EXISTS · MX ► MX_ADDRESS ───────────┤
 *     ▲           │   │                        PTR ► PTR_ADDRESS ──► back ──┘
 *     └─ include, ┘   └─ match, or the end ──► DONE, after fail: EXPLAINING ► DONE
 *        redirect
 *
 * Includes are a stack of frames, as deep as the terms that may ask. */
#ifndef MAILAUTH_SPF_STATE_H
#define MAILAUTH_SPF_STATE_H

#include "runtime/dns/lookup.h"
#include "runtime/mailauth/spf_macro.h"
#include "runtime/mailauth/spf_record.h"

enum {
	SPF_FRAMES = 11,   /* the domain, and LIMIT_SPF_LOOKUPS includes in each other */
	SPF_NAMES_MAX = 10 /* room for LIMIT_SPF_NAMES */
};

/* What is being done; but for EVALUATING and DONE a question is out. */
enum spf_step {
	SPF_STEP_EVALUATING,
	SPF_STEP_RECORD,
	SPF_STEP_ADDRESS,
	SPF_STEP_EXISTS,
	SPF_STEP_MX,
	SPF_STEP_MX_ADDRESS,
	SPF_STEP_PTR,
	SPF_STEP_PTR_ADDRESS,
	SPF_STEP_EXPLAINING,
	SPF_STEP_DONE,
};

/* One record under evaluation. */
struct spf_frame {
	struct view domain;
	bool redirected; /* it stands in another's place: its absence is an error (6.1) */
	struct spf_record record;
	size_t at;    /* the term */
	bool charged; /* the term has been counted */
	bool in_vain; /* and counted as a void lookup */
};

struct spf_check {
	struct arena *arena;
	struct spf_macro_values values; /* but for domain and name */
	nstime started;
	enum spf_step step;
	struct dns_lookup *ready; /* to be handed out */

	struct spf_frame frames[SPF_FRAMES];
	size_t depth; /* of the last one */

	/* The hosts of an MX, while they are asked for. */
	struct view hosts[SPF_NAMES_MAX];
	size_t host_count, host_at;

	/* The client's names, once asked for (5.5): those whose addresses agree. */
	bool names_known;
	bool explaining; /* they are for the explanation */
	struct view candidates[SPF_NAMES_MAX], names[SPF_NAMES_MAX];
	size_t candidate_count, candidate_at, name_count;

	struct view explanation; /* as the domain wrote it */
	struct spf_result result;
};

static inline struct spf_frame *spf_frame(struct spf_check *c)
{
	return &c->frames[c->depth];
}

static inline const struct spf_term *spf_term(struct spf_check *c)
{
	return &spf_frame(c)->record.terms[spf_frame(c)->at];
}

/* Prepares the question that `step` waits for. */
void spf_ask(struct spf_check *c, enum spf_step step, enum dns_type type,
		struct view name);
/* Counts a term that asks. False: there were too many, and the check has ended. */
bool spf_charge(struct spf_check *c);
/* Counts the term as one that asked in vain; the same. */
bool spf_charge_void(struct spf_check *c);
/* The term matches, or does not. */
void spf_match(struct spf_check *c);
void spf_no_match(struct spf_check *c);
/* The end, with a reason for people. */
void spf_finish(struct spf_check *c, enum spf_code code, const char *format, ...)
		PRINTF_LIKE(3, 4);
/* Goes on with the domain's explanation, or without one. */
void spf_explain(struct spf_check *c);
/* What an answer means; afterwards a question is ready, or the step is EVALUATING or
 * DONE. */
void spf_take(struct spf_check *c, const struct dns_answer *answer);
/* Asks for the client's names: for `ptr` and the macro of that name. */
void spf_ask_names(struct spf_check *c);
/* Asks for the next host of the MX; without one the term does not match. */
void spf_next_host(struct spf_check *c);

#endif
