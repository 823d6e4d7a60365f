/* Passwords that were verified a short while ago, so that a program which logs in every
 * minute does not cost an Argon2id each time.
 *
 * What is kept is a keyed digest of account, revocation, stored hash and password, under
 * a key that lives as long as the process: from it neither can be had back, and a changed
 * password or a revoked account no longer matches. For any thread. */
#ifndef SERVICE_LOGIN_CACHE_H
#define SERVICE_LOGIN_CACHE_H

#include "runtime/base/clock.h"
#include "runtime/base/secret.h"
#include "runtime/configuration.h"
#include "runtime/crypto/digest.h"
#include "runtime/crypto/key.h"

#include <pthread.h>

enum {
	LOGIN_CACHE_SLOTS = 4096,
	LOGIN_CACHE_S = 300, /* an entry's life */
};

struct login_cache {
	pthread_mutex_t lock;
	struct key key;
	struct {
		unsigned char digest[DIGEST_SIZE];
		nstime ends;
	} slots[LOGIN_CACHE_SLOTS];
};

void login_cache_init(struct login_cache *cache);
void login_cache_deinit(struct login_cache *cache);

/* True where this password was verified for this account as it is now. */
bool login_cache_knows(struct login_cache *cache, const struct account_spec *account,
		const struct secret *password, nstime now);
void login_cache_add(struct login_cache *cache, const struct account_spec *account,
		const struct secret *password, nstime now);

#endif
