/* A configuration's insides, for the files that make it up: configuration.c builds it,
 * configuration_read.c answers what it says, configuration_resolve.c where an address leads. */
#ifndef RUNTIME_CONFIGURATION_INSIDE_H
#define RUNTIME_CONFIGURATION_INSIDE_H

#include "runtime/base/arena.h"
#include "runtime/base/map.h"
#include "runtime/configuration.h"

#include <stdatomic.h>

enum {
	LONGEST_ADDRESS = 64 + 1 + 255,
};

struct shard {
	atomic_uint references;
	struct arena *arena;
	struct view name;
	unsigned char hash[CONFIGURATION_HASH];
	char subaddress;
	struct view catch_all;
	struct view send_via;
	struct signing signings[DOMAIN_SIGNINGS];
	size_t signing_count;
	const struct account_spec *accounts;
	size_t account_count;
	struct map routes; /* local part → const struct route_spec */
};

struct configuration {
	atomic_uint references;
	struct arena *arena;
	const struct configuration *previous; /* while it is built; borrowed */
	struct host_spec host;
	struct identity_spec *identities;
	struct secret *keys;
	size_t identity_count;
	size_t identity_capacity;
	struct map challenges;   /* token → struct view */
	struct map pages;        /* host and path → const struct page_spec */
	struct map domains;      /* name → struct shard */
	struct map accounts;     /* uid → const struct account_spec */
	struct map members;      /* uid → struct member */
	struct map relays;       /* name → struct relay */
	struct map destinations; /* domain → struct destination */
	struct connect_rules connect;
};

struct relay {
	struct relay_spec spec;
	struct secret password;
};

struct destination {
	struct view send_via;
};

/* An account that may look into shared mailboxes. */
struct member {
	struct membership *items; /* malloc'd */
	size_t count, capacity;
};

/* An address in lower case, in its two halves. */
struct halves {
	char text[LONGEST_ADDRESS];
	struct view local_part;
	struct view domain;
};

/* False for what is none. */
bool halves_of(struct view address, struct halves *out);

static inline bool account_spec_is(
		const struct account_spec *account, const unsigned char *uid)
{
	return memcmp(uid, account->uid, ACCOUNT_UID_SIZE) == 0;
}

#endif
