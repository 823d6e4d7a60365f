/* The keyring: one slab of memory for all keys that stay, sized at the start.
 *
 * It stands between two guard pages, is locked into memory, is left out of core dumps and
 * is empty in a forked child. Slots are handed out and wiped when they come back. Any
 * thread may take and give. */
#ifndef CRYPTO_KEYRING_H
#define CRYPTO_KEYRING_H

#include "runtime/crypto/key.h"

#include <stdbool.h>
#include <stddef.h>

struct keyring;

/* With room for `slots` keys (rounded up to whole pages of memory). */
MUST_USE int keyring_new(size_t slots, struct keyring **out);
/* Wipes all slots. NULL is fine. */
void keyring_free(struct keyring *keyring);
void keyring_freep(struct keyring **keyring);

/* A zeroed slot, or NULL where all are taken: give back the least-used one first. */
MUST_USE struct key *keyring_take(struct keyring *keyring);
/* Wipes the slot. NULL is fine. */
void keyring_give(struct keyring *keyring, struct key *slot);

struct keyring_report {
	size_t slots, taken;
	size_t bytes; /* of locked memory that it wants (RLIMIT_MEMLOCK) */
	bool locked;  /* false: the system refused, and keys may reach the swap */
};

void keyring_observe(struct keyring *keyring, struct keyring_report *out);
/* Adds another's to a report of several, which is locked where all of them are. It begins
 * as { .locked = true }. */
void keyring_observe_too(struct keyring *keyring, struct keyring_report *total);

#endif
