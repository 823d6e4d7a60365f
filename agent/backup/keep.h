/* Which snapshots stay: the newest of each of the last so many hours, days, weeks, months and
 * years that have one (UTC; weeks begin on Monday). A function of its arguments. */
#ifndef AGENT_BACKUP_KEEP_H
#define AGENT_BACKUP_KEEP_H

#include "agent/backup/vault.h"

/* `at` goes up. Sets keep[i]; the newest is always kept. */
void keep_choose(const struct vault_keep *policy, const walltime *at, size_t count,
		bool *keep);

#endif
