#include "runtime/crypto/keyring.h"

#include "runtime/base/error.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct keyring {
	pthread_mutex_t mutex;
	unsigned char *mapping; /* guard page, slab, guard page */
	size_t mapping_size;
	struct key *slab;
	size_t slab_size;
	uint32_t *free; /* a stack of slot numbers; beside the slab, it holds no secret */
	size_t free_count;
	size_t slots;
	bool locked;
};

/* A read past either end meets a guard page. */
static int map_slab(struct keyring *k, size_t page)
{
	k->mapping_size = k->slab_size + 2 * page;
	k->mapping = mmap(NULL, k->mapping_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);
	if (k->mapping == MAP_FAILED) {
		k->mapping = NULL;
		return fault_errno();
	}
	k->slab = (struct key *)(void *)(k->mapping + page);
	if (mprotect(k->slab, k->slab_size, PROT_READ | PROT_WRITE))
		return fault_errno();
	k->locked = mlock(k->slab, k->slab_size) == 0;
	if (madvise(k->slab, k->slab_size, MADV_DONTDUMP) ||
			madvise(k->slab, k->slab_size, MADV_WIPEONFORK))
		return fault_errno();
	return 0;
}

int keyring_new(size_t slots, struct keyring **out)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	CLEANUP(keyring_freep) struct keyring *k = xcalloc(1, sizeof(*k));
	int r;

	if (sodium_init() < 0)
		die("libsodium does not start");
	assert(slots > 0 && slots < UINT32_MAX / 2);
	pthread_mutex_init(&k->mutex, NULL);
	k->slab_size = (slots * sizeof(struct key) + page - 1) / page * page;
	k->slots = k->slab_size / sizeof(struct key);
	r = map_slab(k, page);
	if (r)
		return fault(r);
	k->free = xcalloc(k->slots, sizeof(*k->free));
	for (size_t i = k->slots; i-- > 0;)
		k->free[k->free_count++] = (uint32_t)i;
	*out = TAKE(k);
	return 0;
}

void keyring_free(struct keyring *keyring)
{
	if (!keyring)
		return;
	if (keyring->free)
		explicit_bzero(keyring->slab, keyring->slab_size);
	if (keyring->mapping)
		munmap(keyring->mapping, keyring->mapping_size);
	pthread_mutex_destroy(&keyring->mutex);
	free(keyring->free);
	free(keyring);
}

void keyring_freep(struct keyring **keyring)
{
	keyring_free(*keyring);
}

struct key *keyring_take(struct keyring *keyring)
{
	struct key *slot = NULL;

	pthread_mutex_lock(&keyring->mutex);
	if (keyring->free_count)
		slot = &keyring->slab[keyring->free[--keyring->free_count]];
	pthread_mutex_unlock(&keyring->mutex);
	return slot;
}

void keyring_give(struct keyring *keyring, struct key *slot)
{
	if (!slot)
		return;
	assert(slot >= keyring->slab && slot < keyring->slab + keyring->slots);
	key_wipe(slot);
	pthread_mutex_lock(&keyring->mutex);
	assert(keyring->free_count < keyring->slots);
	keyring->free[keyring->free_count++] = (uint32_t)(slot - keyring->slab);
	pthread_mutex_unlock(&keyring->mutex);
}

void keyring_observe(struct keyring *keyring, struct keyring_report *out)
{
	pthread_mutex_lock(&keyring->mutex);
	*out = (struct keyring_report){
		.slots = keyring->slots,
		.taken = keyring->slots - keyring->free_count,
		.bytes = keyring->slab_size,
		.locked = keyring->locked,
	};
	pthread_mutex_unlock(&keyring->mutex);
}

void keyring_observe_too(struct keyring *keyring, struct keyring_report *total)
{
	struct keyring_report report;

	keyring_observe(keyring, &report);
	total->slots += report.slots;
	total->taken += report.taken;
	total->bytes += report.bytes;
	total->locked = total->locked && report.locked;
}
