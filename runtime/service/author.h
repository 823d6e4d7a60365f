/* Who may write as whom: the From and Sender fields of a message that one of our users
 * submits (RFC 6409, 6.1). */
#ifndef SERVICE_AUTHOR_H
#define SERVICE_AUTHOR_H

#include "runtime/configuration.h"

/* The values of the two fields, folds and all; an empty `sender`: there is none. Every
 * address in them must be one that the account may send as. NULL, or the refusal. */
const char *author_refusal(const struct configuration *c,
		const struct account_spec *account, struct view from, struct view sender);

#endif
