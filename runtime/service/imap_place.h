/* Where an IMAP operation happens: in the account of whose session it is, or in one that is
 * shared with it; and whether it may.
 *
 * Below IMAP_SHARED stands the address of a shared mailbox, and below that its folders, for
 * those who are members of it by the configuration that is current; for others there is
 * nothing, and the name is one of their own account's. The right is asked at every
 * operation, so that a member who is none any more sees nothing from then on. */
#ifndef SERVICE_IMAP_PLACE_H
#define SERVICE_IMAP_PLACE_H

#include "runtime/configuration.h"
#include "runtime/imap/imap_op.h"

/* What a session has of accounts, by their uids. */
struct imap_self {
	unsigned char own[ACCOUNT_UID_SIZE];
	unsigned char selected[ACCOUNT_UID_SIZE]; /* of the mailbox that is selected */
	unsigned char append[ACCOUNT_UID_SIZE];   /* of the APPEND that is open */
};

struct imap_place {
	const struct account_spec *account; /* lives as long as the configuration */
	enum right right;                   /* RIGHT_MANAGE in one's own */
	struct view name; /* of the mailbox in that account, where one is named */
};

/* Finds the place of an operation other than IMAP_OP_LOGIN, with the right that it needs;
 * of a COPY, that of its source. The names of the operation become those of the account,
 * and what is less than it asks for (\Seen, read-write) is taken from it. Of a LIST it is
 * the session's own account; the shared ones follow by configuration_memberships. */
enum imap_outcome imap_place_find(const struct configuration *c,
		const struct imap_self *self, struct imap_op *op, struct imap_place *out);
/* Where a COPY goes; its name becomes that of the account. */
enum imap_outcome imap_place_find_target(const struct configuration *c,
		const struct imap_self *self, struct imap_copy_op *op,
		struct imap_place *out);

#endif
