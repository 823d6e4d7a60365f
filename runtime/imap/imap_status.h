/* The items of STATUS (RFC 3501, 6.3.10), for the command and for LIST RETURN (STATUS …)
 * (RFC 5819). */
#ifndef IMAP_STATUS_H
#define IMAP_STATUS_H

#include "runtime/imap/imap_session.h"

/* Reads "(MESSAGES UNSEEN)" into a set of items. */
unsigned imap_status_parse_items(struct imap_parse *p);
/* True where HIGHESTMODSEQ is among them: the client wants to know of MODSEQs. */
bool imap_status_asks_modseq(unsigned items);
/* A whole line `* STATUS name (…)`. */
void imap_status_tell(struct imap_session *s, unsigned items, struct view name,
		const struct imap_counts *counts);

#endif
