/* Quota: what the account holds, exact, kept in the same transactions as the messages. A
 * message counts with its size once for each mailbox it is in, as clients see it. */
#ifndef STORE_QUOTA_H
#define STORE_QUOTA_H

#include "runtime/store/account.h"

struct quota {
	uint64_t used;     /* bytes */
	uint64_t limit;    /* bytes */
	uint64_t messages; /* how many */
};

void quota_read(const struct account_store *store, struct quota *out);

#endif
