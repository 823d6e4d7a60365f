/* A dynamic update (RFC 2136) that makes one RRset into another only if it still is the one:
 * the whole set is the prerequisite, value by value. */
#ifndef AGENT_PROVIDER_UPDATE_H
#define AGENT_PROVIDER_UPDATE_H

#include "agent/provider/rrset.h"

/* Writes a message, to be signed. Without a difference it asks whether the set is so, and
 * changes nothing. Only what differs is named, unless the TTL does: that is the whole set's.
 * False: it does not fit into a message. */
MUST_USE bool update_write(struct view zone, uint16_t id, const struct rrset *before,
		const struct rrset *after, struct buf *out);

#endif
