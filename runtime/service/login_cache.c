#include "runtime/service/login_cache.h"

#include "runtime/crypto/hmac.h"

void login_cache_init(struct login_cache *cache)
{
	memset(cache->slots, 0, sizeof(cache->slots));
	pthread_mutex_init(&cache->lock, NULL);
	key_random(&cache->key);
}

void login_cache_deinit(struct login_cache *cache)
{
	pthread_mutex_destroy(&cache->lock);
	explicit_bzero(cache, sizeof(*cache));
}

/* Each part behind its length, so that no two logins have the same bytes. */
static void add_part(struct digest *d, struct view bytes)
{
	uint64_t len = bytes.len;

	digest_add(d, view_of(&len, sizeof(len)));
	digest_add(d, bytes);
}

static void digest_login(const struct login_cache *cache,
		const struct account_spec *account, const struct secret *password,
		unsigned char out[DIGEST_SIZE])
{
	struct digest d;

	keyed_digest_init(&d, &cache->key);
	add_part(&d, view_of(account->uid, sizeof(account->uid)));
	add_part(&d, view_of(&account->revocation, sizeof(account->revocation)));
	add_part(&d, account->password);
	add_part(&d, secret_expose(password));
	digest_final(&d, out);
	explicit_bzero(&d, sizeof(d));
}

static size_t slot_of(const unsigned char digest[DIGEST_SIZE])
{
	return (size_t)(digest[0] | digest[1] << 8) % LOGIN_CACHE_SLOTS;
}

bool login_cache_knows(struct login_cache *cache, const struct account_spec *account,
		const struct secret *password, nstime now)
{
	unsigned char digest[DIGEST_SIZE];
	size_t slot;
	bool known;

	digest_login(cache, account, password, digest);
	slot = slot_of(digest);
	pthread_mutex_lock(&cache->lock);
	known = cache->slots[slot].ends > now &&
		view_eq_secret(view_of(cache->slots[slot].digest, DIGEST_SIZE),
				view_of(digest, DIGEST_SIZE));
	pthread_mutex_unlock(&cache->lock);
	return known;
}

void login_cache_add(struct login_cache *cache, const struct account_spec *account,
		const struct secret *password, nstime now)
{
	unsigned char digest[DIGEST_SIZE];
	size_t slot;

	digest_login(cache, account, password, digest);
	slot = slot_of(digest);
	pthread_mutex_lock(&cache->lock);
	memcpy(cache->slots[slot].digest, digest, DIGEST_SIZE);
	cache->slots[slot].ends = now + nstime_seconds(LOGIN_CACHE_S);
	pthread_mutex_unlock(&cache->lock);
}
