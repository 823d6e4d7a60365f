/* How an object stands: its generations and its conditions, read and written apart from the
 * rest of its row. */
#ifndef AGENT_STANDING_H
#define AGENT_STANDING_H

#include "agent/database/condition.h"
#include "agent/database/object.h"

struct standing {
	unsigned char uid[UID_SIZE];
	uint64_t generation, observed_generation;
	bool leaving;
	json_t *conditions;
	walltime now; /* of what is set */
	bool changed;
};

enum {
	STANDING_E_ABSENT = 100, /* beyond the outcomes of a database */
};

MUST_USE int standing_read(struct database *db, const unsigned char uid[UID_SIZE],
		walltime now, struct standing *out);
void standing_deinit(struct standing *standing);
void standing_set(struct standing *standing, enum condition_type type, bool is,
		const char *reason, struct view message);
void standing_drop(struct standing *standing, enum condition_type type);
/* Its generation lives. */
void standing_observe(struct standing *standing);
/* Writes nothing where nothing was changed. */
MUST_USE int standing_write(struct database *db, const struct standing *standing);

#endif
