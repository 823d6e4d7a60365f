/* A LIST over several accounts: the session's own, then those that are shared with it, one
 * account at a time.
 *
 * The rows of a shared account get its place before their names; what is subscribed to is
 * the session's own account's to say, and a special use of a shared folder is not the
 * use of the person who looks at it. */
#ifndef SERVICE_IMAP_LISTING_H
#define SERVICE_IMAP_LISTING_H

#include "runtime/configuration.h"
#include "runtime/imap/imap_op.h"

struct imap_listing {
	struct imap_list_op *op;
	struct imap_mailbox_row *rows; /* malloc'd: what was gathered so far */
	size_t count, capacity;
};

/* Begins with the rows that the own account answered. */
void imap_listing_begin(struct imap_listing *listing, struct imap_list_op *op);
/* The rows that a shared account answered into the same operation; none where it could not
 * be opened: it is then told as a level without folders. */
void imap_listing_add(struct imap_listing *listing, const struct account_spec *shared);
/* Puts all of them into the operation, in order. */
void imap_listing_end(struct imap_listing *listing);

#endif
