#include "runtime/store/quota.h"

#include "runtime/store/store.h"

void quota_read(const struct account_store *store, struct quota *out)
{
	*out = (struct quota){ .used = store->counters.used,
		.limit = store->quota,
		.messages = store->counters.messages };
}
