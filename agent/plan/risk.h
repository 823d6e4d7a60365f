/* How grave a change is. The class of each field stands in its row of the schema, with the
 * way in which a change of it is of that class: less to keep, a further person who may look,
 * one approval fewer. */
#ifndef AGENT_RISK_H
#define AGENT_RISK_H

#include "agent/driver.h"

#include <jansson.h>

/* A set of 1 << enum risk: one change may be of several classes. */
static inline unsigned risk_bit(enum risk risk)
{
	return 1u << risk;
}

enum risk risk_gravest(unsigned risks);
/* Those of which a policy can ask for approvals or time. */
#define RISKS_OF_AUTHORITY                                                               \
	(1u << RISK_EXPOSING | 1u << RISK_IRREVERSIBLE | 1u << RISK_POLICY)

/* Of a field at `path` that was said so and is said so now, both in their canonical form;
 * NULL: it is not said. `path` is below the object, as in desired_origins. */
unsigned risks_of_field(const struct driver *driver, struct view path,
		const json_t *before, const json_t *after);

#endif
