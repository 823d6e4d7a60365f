#include "agent/backup/writer.h"

#include "runtime/base/error.h"
#include "runtime/crypto/hmac.h"
#include "runtime/crypto/ssh_wire.h"

#include <assert.h>
#include <stdlib.h>

enum {
	CACHE_MAX = 1024 * 1024 * 1024,
	INDEX_PACKS = 128, /* so many arrive at most before an index says so */
};

int writer_fail(struct vault_writer *w, int outcome)
{
	if (w->outcome == VAULT_OK)
		w->outcome = outcome;
	return outcome;
}

const struct vault_progress *vault_writer_progress(const struct vault_writer *w)
{
	return &w->progress;
}

const struct target_trouble *vault_writer_trouble(const struct vault_writer *w)
{
	return &w->trouble;
}

int writer_put(struct vault_writer *w, struct view name, struct view bytes)
{
	int r;

	pace_bytes(&w->pace, bytes.len);
	r = target_put(w->vault->target, name, bytes, &w->trouble);
	if (r)
		return vault_outcome_of(w->vault, r);
	atomic_fetch_add(&w->progress.sent, bytes.len);
	return VAULT_OK;
}

/* -- packs -- */

int writer_index(struct vault_writer *w)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(TARGET_NAME_MAX);
	unsigned char digest[DIGEST_SIZE];
	int r;

	if (w->index.len == 0)
		return VAULT_OK;
	index_end(&w->index, &w->vault->keys);
	digest_bytes(buf_view(&w->index), digest);
	digest_name("index/", digest, &name);
	r = writer_put(w, buf_view(&name), buf_view(&w->index));
	if (r == VAULT_OK)
		vault_index_keep(w->vault, buf_view(&name), buf_view(&w->index));
	buf_clear(&w->index);
	return r;
}

/* A pack is at the target: what it came to be is known now. */
int writer_arrival(struct vault_writer *w, const struct pack *pack)
{
	struct catalog_pack *row =
			catalog_find(&w->catalog, view_of(pack->id.bytes, DIGEST_SIZE));
	int r = VAULT_OK;

	memcpy(row->digest, pack->digest, DIGEST_SIZE);
	memcpy(row->recipients, pack->recipients, DIGEST_SIZE);
	row->size = (uint32_t)pack->bytes.len;
	if (w->index.len + pack->directory.len > INDEX_FULL ||
			++w->arrived % INDEX_PACKS == 0)
		r = writer_index(w);
	index_add(&w->index, row, (uint32_t)pack->head, buf_view(&pack->directory));
	return r;
}

int writer_uploads_failed(struct vault_writer *w)
{
	return writer_fail(w, vault_outcome_of(w->vault,
					      uploads_outcome(w->uploads, &w->trouble)));
}

static int next_pack(struct vault_writer *w)
{
	bool arrived = false;
	struct pack *pack = uploads_next(w->uploads, &arrived);
	int r = VAULT_OK;

	if (!pack)
		return writer_uploads_failed(w);
	if (arrived)
		r = writer_arrival(w, pack);
	if (r == VAULT_OK && pack_begin(pack, w->vault->options.recipients,
					     w->vault->options.recipient_count))
		r = vault_says(&w->trouble, VAULT_E_RECIPIENT, "Refused",
				"one of the recovery recipients is no key that anything "
				"can be "
				"sealed to");
	if (r) {
		uploads_return(w->uploads, pack);
		return writer_fail(w, r);
	}
	w->pack = pack;
	w->pack_row = catalog_add(&w->catalog, &pack->id);
	w->pack_row->usable = true;
	return VAULT_OK;
}

void writer_send(struct vault_writer *w)
{
	if (w->pack)
		uploads_send(w->uploads, w->pack);
	w->pack = NULL;
	w->pack_row = NULL;
}

/* -- chunks -- */

/* The snapshot needs it, and so does the file, where it is in one. */
static void count_use(struct vault_writer *w, uint32_t number, uint32_t stored)
{
	struct catalog_pack *pack = w->catalog.packs[number];

	pack->used += stored;
	if (!w->in_file)
		return;
	if (pack->file != w->file_number) {
		pack->file = w->file_number;
		pack->file_used = 0;
		array_grow(&w->row.uses, &w->use_capacity, w->row.use_count + 1,
				sizeof(*w->row.uses));
		w->row.uses[w->row.use_count++] = (struct file_use){ .pack = number };
	}
	pack->file_used += stored;
}

int writer_chunk(struct vault_writer *w, struct view chunk, bool compress,
		struct tree_ref *out)
{
	unsigned char name[DIGEST_SIZE];
	struct chunk_place place;
	int r = vault_go_on(w->vault, &w->trouble);

	if (r)
		return r;
	keyed_digest(&w->vault->keys.names, chunk, name);
	atomic_fetch_add(&w->progress.chunks, 1);
	if (!catalog_place(&w->catalog, view_of(name, DIGEST_SIZE), &place)) {
		r = w->pack ? VAULT_OK : next_pack(w);
		if (r)
			return r;
		place.pack = w->pack_row->number;
		pack_add(w->pack, name, chunk, compress, &place.at, &place.stored);
		catalog_name(&w->catalog, view_of(name, DIGEST_SIZE), &place);
		atomic_fetch_add(&w->progress.new_chunks, 1);
		if (pack_is_full(w->pack))
			writer_send(w);
	}
	count_use(w, place.pack, place.stored);
	*out = (struct tree_ref){
		.pack = w->catalog.packs[place.pack]->id,
		.at = place.at,
		.stored = place.stored,
		.clear = (uint32_t)chunk.len,
	};
	pace_cpu(&w->pace, &w->cpu);
	return VAULT_OK;
}

/* -- files -- */

/* A row of the list of files. */
static int list_file(struct vault_writer *w)
{
	CLEANUP(buf_free)
	struct buf text = BUF_NULL(VAULT_PATH_MAX + VAULT_META_MAX + 1024);
	CLEANUP(buf_free)
	struct buf row = BUF_NULL(VAULT_PATH_MAX + VAULT_META_MAX + 1024);

	ssh_put_string(&text, w->path);
	ssh_put_string(&text, w->meta);
	buf_add(&text, view_of(w->row.digest, DIGEST_SIZE));
	tree_root_add(&text, &w->row.root);
	ssh_put_string(&row, buf_view(&text));
	assert(!buf_failed(&row));
	w->in_file = false;
	w->file_bytes += w->row.root.size;
	atomic_fetch_add(&w->progress.files, 1);
	return tree_add(w, &w->list, &w->list_cutter, buf_view(&row));
}

static void digest_stamp(const struct vault_file *file, struct file_row *row)
{
	digest_bytes(file->path, row->path);
	digest_bytes(file->stamp, row->stamp);
}

/* Takes it as it was. */
static int take_same(struct vault_writer *w, const struct file_row *same)
{
	for (size_t i = 0; i < same->use_count; i++)
		w->catalog.packs[same->uses[i].pack]->used += same->uses[i].used;
	memcpy(w->row.digest, same->digest, DIGEST_SIZE);
	w->row.root = same->root;
	file_cache_add(&w->cache, same);
	atomic_fetch_add(&w->progress.bytes, same->root.size);
	return list_file(w);
}

int vault_file_begin(
		struct vault_writer *w, const struct vault_file *file, bool *same_out)
{
	struct file_row same;

	*same_out = false;
	if (w->outcome)
		return w->outcome;
	assert(!w->in_file && file->path.len <= VAULT_PATH_MAX &&
			file->meta.len <= VAULT_META_MAX);
	arena_reset(w->arena);
	w->path = arena_copy(w->arena, file->path);
	w->meta = arena_copy(w->arena, file->meta);
	w->in_file = true;
	w->file_number++;
	w->row.use_count = 0;
	digest_stamp(file, &w->row);
	if (file->stamp.len && file_cache_find(&w->cache, w->row.path, w->row.stamp,
					       w->arena, &same)) {
		*same_out = true;
		return writer_fail(w, take_same(w, &same));
	}
	if (file->stamp.len == 0)
		memset(w->row.stamp, 0, sizeof(w->row.stamp)); /* no digest is that */
	w->cutter.shape = file->shape;
	cutter_next(&w->cutter);
	digest_init(&w->digest);
	return VAULT_OK;
}

int vault_add(struct vault_writer *w, struct view bytes)
{
	if (w->outcome)
		return w->outcome;
	assert(w->in_file);
	digest_add(&w->digest, bytes);
	atomic_fetch_add(&w->progress.bytes, bytes.len);
	return writer_fail(w, tree_add(w, &w->tree, &w->cutter, bytes));
}

int vault_file_end(struct vault_writer *w)
{
	int r;

	if (w->outcome)
		return w->outcome;
	assert(w->in_file);
	digest_final(&w->digest, w->row.digest);
	r = tree_end(w, &w->tree, &w->cutter, &w->row.root);
	if (r)
		return writer_fail(w, r);
	for (size_t i = 0; i < w->row.use_count; i++)
		w->row.uses[i].used = writer_used(
				w->catalog.packs[w->row.uses[i].pack]->file_used,
				PACK_MAX);
	file_cache_add(&w->cache, &w->row);
	return writer_fail(w, list_file(w));
}

/* -- the beginning and the end -- */

int vault_write(struct vault *vault, struct vault_writer **out,
		struct target_trouble *trouble)
{
	CLEANUP(vault_writer_freep) struct vault_writer *w = xcalloc(1, sizeof(*w));
	CLEANUP(buf_free) struct buf cache = BUF_NULL(CACHE_MAX);
	int r;

	assert(vault->options.host);
	if (vault->options.recipient_count == 0 ||
			vault->options.recipient_count > AGE_RECIPIENTS_MAX)
		return vault_says(trouble, VAULT_E_RECIPIENT, "Refused",
				"there is nobody that a backup could be sealed to: say "
				"`recovery`, or make a recovery code");
	w->vault = vault;
	w->began = clock_now();
	w->arena = arena_new();
	w->index = BUF_NULL(INDEX_MAX);
	w->previous = BUF_NULL(WRITER_IDS_MAX);
	w->roll = BUF_NULL(WRITER_IDS_MAX);
	catalog_init(&w->catalog);
	gear_init(&w->gear, &vault->keys.cuts);
	cutter_init(&w->cutter, &w->gear, VAULT_STREAM);
	cutter_init(&w->list_cutter, &w->gear, VAULT_STREAM);
	tree_init(&w->tree);
	tree_init(&w->list);
	pace_init(&w->pace, vault->options.bytes_per_second, vault->options.cpu_percent,
			vault->options.place->stopping);
	r = writer_know(w);
	if (r) {
		*trouble = w->trouble;
		return r;
	}
	if (!vault_kept_state(vault, WRITER_CACHE, &cache))
		buf_clear(&cache);
	file_cache_init(&w->cache, &cache, &w->catalog);
	w->uploads = uploads_start(
			vault->options.place, &vault->keys, &w->pace, &w->progress);
	*out = TAKE(w);
	return VAULT_OK;
}

void vault_writer_free(struct vault_writer *w)
{
	if (!w)
		return;
	uploads_stop(w->uploads);
	pace_deinit(&w->pace);
	file_cache_deinit(&w->cache);
	catalog_deinit(&w->catalog);
	cutter_deinit(&w->cutter);
	cutter_deinit(&w->list_cutter);
	tree_deinit(&w->tree);
	tree_deinit(&w->list);
	buf_free(&w->index);
	buf_free(&w->previous);
	buf_free(&w->roll);
	free(w->row.uses);
	arena_free(w->arena);
	free(w);
}

void vault_writer_freep(struct vault_writer **writer)
{
	vault_writer_free(*writer);
}
