/* Open addressing with linear steps over a table whose size is a power of two. A removed
 * entry leaves a grave (value NULL, key kept) so that walks past it go on. */
#include "runtime/base/map.h"

#include "runtime/base/error.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

static uint64_t hash_key[2];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

static void draw_hash_key(void)
{
	if (getrandom(hash_key, sizeof(hash_key), 0) != sizeof(hash_key))
		die("no random bytes for the hash key");
}

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

uint64_t bytes_hash(struct view bytes)
{
	uint64_t v[4], last = (uint64_t)bytes.len << 56;
	size_t whole = bytes.len / 8;

	pthread_once(&hash_key_once, draw_hash_key);
	v[0] = hash_key[0] ^ 0x736f6d6570736575;
	v[1] = hash_key[1] ^ 0x646f72616e646f6d;
	v[2] = hash_key[0] ^ 0x6c7967656e657261;
	v[3] = hash_key[1] ^ 0x7465646279746573;
	for (size_t i = 0; i < whole; i++) {
		uint64_t word;

		memcpy(&word, bytes.data + 8 * i, sizeof(word));
		sip_word(v, word);
	}
	for (size_t i = whole * 8; i < bytes.len; i++)
		last |= (uint64_t)(unsigned char)bytes.data[i] << (8 * (i - whole * 8));
	sip_word(v, last);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static bool is_free(const struct map_entry *entry)
{
	return !entry->value && !entry->key.data;
}

/* The entry of the key, or the free one that ends its walk. */
static struct map_entry *find(const struct map *m, struct view key, uint64_t hash)
{
	for (size_t i = hash & (m->capacity - 1);; i = (i + 1) & (m->capacity - 1)) {
		struct map_entry *entry = &m->entries[i];

		if (is_free(entry))
			return entry;
		if (entry->value && entry->hash == hash && view_eq(entry->key, key))
			return entry;
	}
}

static void grow(struct map *m)
{
	struct map bigger = { .capacity = 16 };

	while (bigger.capacity < m->count * 4)
		bigger.capacity *= 2;
	bigger.entries = xcalloc(bigger.capacity, sizeof(*bigger.entries));
	for (size_t i = 0; i < m->capacity; i++) {
		struct map_entry *entry = &m->entries[i];

		if (!entry->value)
			continue;
		*find(&bigger, entry->key, entry->hash) = *entry;
		bigger.count++;
	}
	bigger.filled = bigger.count;
	free(m->entries);
	*m = bigger;
}

void map_free(struct map *m)
{
	free(m->entries);
	*m = MAP_NULL;
}

size_t map_count(const struct map *m)
{
	return m->count;
}

void *map_get(const struct map *m, struct view key)
{
	return m->capacity ? find(m, key, bytes_hash(key))->value : NULL;
}

void *map_set(struct map *m, struct view key, void *value)
{
	uint64_t hash = bytes_hash(key);
	struct map_entry *entry;
	void *before;

	assert(value);
	if ((m->filled + 1) * 4 > m->capacity * 3)
		grow(m);
	if (!key.data)
		key.data = ""; /* an entry without data would read as free */
	entry = find(m, key, hash);
	before = entry->value;
	if (!before) {
		m->count++;
		m->filled++;
	}
	*entry = (struct map_entry){ key, value, hash };
	return before;
}

void *map_remove(struct map *m, struct view key)
{
	struct map_entry *entry;
	void *before;

	if (!m->capacity)
		return NULL;
	entry = find(m, key, bytes_hash(key));
	before = entry->value;
	if (before) {
		*entry = (struct map_entry){ .key = { "", 0 } };
		m->count--;
	}
	return before;
}

bool map_next(const struct map *m, size_t *at, struct view *key_out, void **value_out)
{
	for (; *at < m->capacity; ++*at) {
		const struct map_entry *entry = &m->entries[*at];

		if (!entry->value)
			continue;
		*key_out = entry->key;
		*value_out = entry->value;
		++*at;
		return true;
	}
	return false;
}
