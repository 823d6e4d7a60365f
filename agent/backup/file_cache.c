#include "agent/backup/file_cache.h"

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/crypto/ssh_wire.h"

#include <stdlib.h>

enum {
	CACHE_MAX = 1024 * 1024 * 1024,
	USE = 4 + 4,
};

/* Skips over the row that begins here and says whether it is one. */
static bool take_row(struct ssh_wire *wire, struct view *path_out, struct file_row *row,
		struct view *uses_out)
{
	struct view path = ssh_take(wire, DIGEST_SIZE),
		    stamp = ssh_take(wire, DIGEST_SIZE);
	struct view digest = ssh_take(wire, DIGEST_SIZE);
	uint32_t count;

	if (wire->bad || !tree_root_take(wire, &row->root))
		return false;
	count = ssh_take_u32(wire);
	*uses_out = ssh_take(wire, (size_t)count * USE);
	if (wire->bad)
		return false;
	memcpy(row->path, path.data, DIGEST_SIZE);
	memcpy(row->stamp, stamp.data, DIGEST_SIZE);
	memcpy(row->digest, digest.data, DIGEST_SIZE);
	row->use_count = count;
	*path_out = path;
	return true;
}

void file_cache_init(struct file_cache *cache, struct buf *bytes,
		const struct catalog *catalog)
{
	struct ssh_wire wire;
	uint32_t count;

	*cache = (struct file_cache){ .old = *bytes, .made = BUF_NULL(CACHE_MAX) };
	*bytes = BUF_NULL(bytes->max);
	wire = ssh_wire_of(buf_view(&cache->old));
	count = ssh_take_u32(&wire);
	if (wire.bad || count > wire.rest.len / DIGEST_SIZE)
		return;
	cache->packs = xcalloc(count + 1, sizeof(*cache->packs));
	cache->pack_count = count;
	for (uint32_t i = 0; i < count; i++)
		cache->packs[i] = catalog_find(catalog, ssh_take(&wire, DIGEST_SIZE));
	while (wire.rest.len) {
		const char *at = wire.rest.data;
		struct file_row row;
		struct view path, uses;

		if (!take_row(&wire, &path, &row, &uses))
			return;
		map_set(&cache->rows, path, (void *)at);
	}
}

void file_cache_deinit(struct file_cache *cache)
{
	map_free(&cache->rows);
	free(cache->packs);
	buf_free(&cache->old);
	buf_free(&cache->made);
}

bool file_cache_find(const struct file_cache *cache,
		const unsigned char path[DIGEST_SIZE],
		const unsigned char stamp[DIGEST_SIZE], struct arena *arena,
		struct file_row *out)
{
	const char *at = map_get(&cache->rows, view_of(path, DIGEST_SIZE));
	struct ssh_wire wire, uses;
	struct view name, use_bytes;

	if (!at)
		return false;
	wire = ssh_wire_of(view_of(at, (size_t)(cache->old.data + cache->old.len - at)));
	if (!take_row(&wire, &name, out, &use_bytes) ||
			memcmp(out->stamp, stamp, DIGEST_SIZE) != 0)
		return false;
	uses = ssh_wire_of(use_bytes);
	out->uses = arena_array(arena, out->use_count + 1, sizeof(*out->uses));
	for (size_t i = 0; i < out->use_count; i++) {
		uint32_t number = ssh_take_u32(&uses);
		const struct catalog_pack *pack =
				number < cache->pack_count ? cache->packs[number] : NULL;

		if (!pack || !pack->usable)
			return false;
		out->uses[i] = (struct file_use){ pack->number, ssh_take_u32(&uses) };
	}
	return true;
}

void file_cache_add(struct file_cache *cache, const struct file_row *row)
{
	buf_add(&cache->made, view_of(row->path, DIGEST_SIZE));
	buf_add(&cache->made, view_of(row->stamp, DIGEST_SIZE));
	buf_add(&cache->made, view_of(row->digest, DIGEST_SIZE));
	tree_root_add(&cache->made, &row->root);
	ssh_put_u32(&cache->made, (uint32_t)row->use_count);
	for (size_t i = 0; i < row->use_count; i++) {
		ssh_put_u32(&cache->made, row->uses[i].pack);
		ssh_put_u32(&cache->made, row->uses[i].used);
	}
}

void file_cache_bytes(const struct file_cache *cache, const struct catalog *catalog,
		struct buf *out)
{
	ssh_put_u32(out, (uint32_t)catalog->pack_count);
	for (size_t i = 0; i < catalog->pack_count; i++)
		buf_add(out, view_of(catalog->packs[i]->id.bytes, DIGEST_SIZE));
	buf_add(out, buf_view(&cache->made));
}
