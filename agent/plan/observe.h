/* What is: the objects that were applied, what lives of them, and what the state wants,
 * side by side. One is made for each plan and dropped with it. */
#ifndef AGENT_OBSERVE_H
#define AGENT_OBSERVE_H

#include "agent/agent.h"
#include "agent/database/object.h"
#include "agent/driver.h"
#include "agent/plan/plan.h"
#include "agent/zone/records.h"
#include "schema/agent_file.h"

struct broker;
struct key;           /* runtime/crypto/key.h */
struct desired_purge; /* schema/desired.h */
struct os;
struct rules; /* agent/plan/rules.h */
struct runtime_observed;

struct observation {
	struct database *db;
	struct arena *arena; /* the plan's */
	const struct os *os;
	walltime now;
	const struct agent_file *file;       /* what the machine allows; never NULL */
	const struct runtime_observed *live; /* NULL: no runtime is there to be seen */
	bool assumed; /* nothing lives behind the objects: only states are compared */
	const struct desired *desired; /* NULL: only what is shall be seen */
	const struct rules *rules;     /* set before the diff */
	bool audits;  /* each row is compared with what was written there */
	bool lets_be; /* nothing is set right: what lives is all that counts */
	const struct desired_purge
			*purge; /* asked for by hand, beside the state's; or NULL */
	/* Where account files are, what is known of them, and what becomes of those that
	 * nobody owns. */
	const char *data;
	struct database *deeds;     /* NULL: there are none */
	const struct key *dkim_key; /* seals keys that sign */
	struct broker *broker;
	enum unowned_way unowned_way;
	struct unowned_list *unowned; /* malloc'd: looked for by the first that asks */
	struct object_set objects;
	struct zone_facts
			facts; /* what the drivers know, before any says what is wanted */
	struct wanted_list wanted; /* one run a kind, in the order of drivers */
	size_t first_user;         /* among them: the users, in the state's order */
	struct object **touched;   /* malloc'd: those with touches */
	size_t touched_count, touched_capacity;
	walltime rests_until; /* when something is to be done by time alone (a field that is
				 fought for is set right again); 0: nothing is */
	bool awaits_ready;    /* something is to be done once another object is Ready */
};

/* Loads the objects, asks every driver what the state wants and what has drifted. The
 * caller filled in what is above `objects`. */
MUST_USE int observe(struct observation *o);
void observation_deinit(struct observation *o);

/* Where the state declares it; `file` lives as long as the observation. */
struct declaration observe_declaration(
		const struct observation *o, const struct wanted *wanted);
/* The identity that a user's object has once the plan is carried out. */
struct view observe_identity(
		const struct observation *o, const struct desired_user *user);

/* Notes that an object is not as it was applied; the first reason counts. */
void observe_drift(struct object *object, enum drift_kind kind, const char *reason,
		struct view message);

#endif
