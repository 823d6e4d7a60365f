#include "agent/backup/catalog.h"

#include "runtime/base/arena.h"
#include "runtime/base/error.h"

#include <stdlib.h>

struct catalog_name {
	unsigned char name[DIGEST_SIZE];
	struct chunk_place place; /* stored == 0: nothing is here */
};

enum {
	FIRST_NAMES = 1024,
};

void catalog_init(struct catalog *catalog)
{
	*catalog = (struct catalog){ .arena = arena_new() };
}

void catalog_deinit(struct catalog *catalog)
{
	map_free(&catalog->by_id);
	free(catalog->packs);
	free(catalog->names);
	arena_free(catalog->arena);
	*catalog = (struct catalog){ 0 };
}

struct catalog_pack *catalog_find(const struct catalog *catalog, struct view id)
{
	return map_get(&catalog->by_id, id);
}

struct catalog_pack *catalog_add(struct catalog *catalog, const struct vault_id *id)
{
	struct catalog_pack *pack = ARENA_NEW(catalog->arena, struct catalog_pack);

	pack->id = *id;
	pack->number = (uint32_t)catalog->pack_count;
	array_grow(&catalog->packs, &catalog->pack_capacity, catalog->pack_count + 1,
			sizeof(struct catalog_pack *));
	catalog->packs[catalog->pack_count++] = pack;
	map_set(&catalog->by_id, view_of(pack->id.bytes, DIGEST_SIZE), pack);
	return pack;
}

/* Names are keyed digests: any eight of their bytes are as good as a hash. */
static struct catalog_name *slot(const struct catalog *catalog, struct view name)
{
	size_t mask = catalog->name_capacity - 1;
	uint64_t hash;
	size_t i;

	memcpy(&hash, name.data, sizeof(hash));
	for (i = hash & mask; catalog->names[i].place.stored; i = (i + 1) & mask)
		if (memcmp(catalog->names[i].name, name.data, DIGEST_SIZE) == 0)
			break;
	return &catalog->names[i];
}

static void grow(struct catalog *catalog)
{
	struct catalog_name *old = catalog->names;
	size_t capacity = catalog->name_capacity;

	catalog->name_capacity = capacity ? 2 * capacity : FIRST_NAMES;
	catalog->names = xcalloc(catalog->name_capacity, sizeof(*catalog->names));
	for (size_t i = 0; i < capacity; i++)
		if (old[i].place.stored)
			*slot(catalog, view_of(old[i].name, DIGEST_SIZE)) = old[i];
	free(old);
}

void catalog_name(struct catalog *catalog, struct view name,
		const struct chunk_place *place)
{
	struct catalog_name *at;

	if (4 * catalog->name_count >= 3 * catalog->name_capacity)
		grow(catalog);
	at = slot(catalog, name);
	if (at->place.stored == 0)
		catalog->name_count++;
	else if (catalog->packs[at->place.pack]->usable)
		return;
	memcpy(at->name, name.data, DIGEST_SIZE);
	at->place = *place;
}

bool catalog_place(
		const struct catalog *catalog, struct view name, struct chunk_place *out)
{
	const struct catalog_name *at;

	if (catalog->name_count == 0)
		return false;
	at = slot(catalog, name);
	if (at->place.stored == 0 || !catalog->packs[at->place.pack]->usable)
		return false;
	*out = at->place;
	return true;
}
