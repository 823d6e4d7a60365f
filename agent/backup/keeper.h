/* The keeper: takes the backups that the state names when they are due, verifies them, and says
 * in their conditions how fresh they are, and when a restore was last proven.
 *
 * One work at a time, on a thread of its own (work.h). A work that failed is tried again after
 * a minute, two, up to an hour; one that nobody but a person can help waits for the next time
 * that it is due. What is known of each backup stands in the control database. */
#ifndef AGENT_BACKUP_KEEPER_H
#define AGENT_BACKUP_KEEPER_H

#include "agent/backup/work.h"

struct agent;
struct keeper;

enum {
	KEEPER_LOOK = 20, /* seconds between two looks at what is due */
};

MUST_USE int keeper_new(struct keeper **out);
/* Stops a work that is under way; what it has sent is found again. NULL is fine. */
void keeper_free(struct agent *agent, struct keeper *keeper);

#endif
