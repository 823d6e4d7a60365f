/* A hash map from bytes to a pointer. Keys are borrowed: they must live as long as their
 * entry. The hash is SipHash under a key drawn once a process, so that no peer can make
 * keys collide. Not for several threads at once, but any number may read. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "runtime/base/view.h"

struct map_entry {
	struct view key;
	void *value;
	uint64_t hash;
};

struct map {
	struct map_entry *entries;
	size_t capacity;
	size_t count;
	size_t filled; /* with the graves of removed entries */
};

#define MAP_NULL ((struct map){ 0 })

/* Gives the table back; keys and values are the caller's. */
void map_free(struct map *m);
size_t map_count(const struct map *m);
/* The value, or NULL. A value is never NULL. */
void *map_get(const struct map *m, struct view key);
/* Sets it and returns the value that was there before, or NULL. The new key is kept. */
void *map_set(struct map *m, struct view key, void *value);
/* Takes it out and returns it, or NULL. */
void *map_remove(struct map *m, struct view key);
/* Walks in no order: start with *at = 0, false at the end. Changing the map ends the
 * walk. */
bool map_next(const struct map *m, size_t *at, struct view *key_out, void **value_out);

/* SipHash-2-4 under the process's key. */
uint64_t bytes_hash(struct view bytes);

#endif
