/* Packs on their way: threads that seal what a writer has filled and send it, each by a
 * connection of its own. There are PACKS of them in memory, and no more.
 *
 *   empty ──uploads_next──► the writer's ──uploads_send──► sealed, sent ──► arrived ──► empty
 */
#ifndef AGENT_BACKUP_UPLOADS_H
#define AGENT_BACKUP_UPLOADS_H

#include "agent/backup/pace.h"
#include "agent/backup/pack.h"

struct uploads;

enum {
	UPLOADS = 3,
	PACKS = UPLOADS + 2,
};

/* What is passed is borrowed. */
struct uploads *uploads_start(const struct target_place *place,
		const struct vault_keys *keys, struct pace *pace,
		struct vault_progress *progress);
/* Ends the threads; what has not arrived by then is given up. NULL is fine. */
void uploads_stop(struct uploads *uploads);

/* A pack to be filled, or one that arrived, *arrived_out: note what it was before it is begun
 * anew. NULL: something failed, for good. Waits. */
struct pack *uploads_next(struct uploads *uploads, bool *arrived_out);
void uploads_send(struct uploads *uploads, struct pack *pack);
/* One that arrived, as long as any is on its way; NULL: all have, or it failed. Waits. */
struct pack *uploads_arrived(struct uploads *uploads);
/* Gives one back that is not sent. */
void uploads_return(struct uploads *uploads, struct pack *pack);
/* TARGET_OK, or why it failed. */
int uploads_outcome(struct uploads *uploads, struct target_trouble *trouble);

#endif
