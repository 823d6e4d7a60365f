/* What is wanted against what is: the changes of a plan.
 *
 * Identity decides first (match.h). Then hashes are compared, and only where they differ the
 * specs. */
#ifndef AGENT_DIFF_H
#define AGENT_DIFF_H

#include "agent/plan/observe.h"

/* Fills the plan's changes, drift, retained objects and problems. Reads the database, no
 * more. */
MUST_USE int diff(struct observation *o, struct plan *plan);

#endif
