/* What a writer knows of a vault before it writes: the newest snapshots, the packs that are
 * there whole, and what is in them.
 *
 * A pack is leaned on where it is there, in its size, sealed for the recipients of today, not
 * marked by a prune, and not worn: one of which the last snapshot needs less than a third is
 * given up, so that it can go when the old snapshots go. */
#include "agent/backup/writer.h"

#include "runtime/base/error.h"

#include <stdlib.h>

enum {
	WORN = 3,                /* parts of which one is needed */
	WORN_SIZE = 1024 * 1024, /* smaller packs are not worth it */
	HEADS_TRIED = 16,        /* from the newest on, until one can be read */
	END_GUESS = 64 * 1024,   /* most directories fit */
};

/* -- snapshots -- */

/* One that was seen before stands on, unless it was dropped. Gone without that, it stays on the
 * roll, so that verifying goes on to miss it, until a person says that it is lost
 * (vault_accept_loss), and this host does not remember what it wrote. */
static void keep_roll(struct vault_writer *w, struct view ids,
		const struct vault_marks *marks, const struct target_listing *listing)
{
	struct vault_last last;
	bool forgets = !vault_last_read(w->vault, &last);

	for (size_t i = 0; i < ids.len; i += DIGEST_SIZE) {
		struct view id = view_sub(ids, i, DIGEST_SIZE);

		if (!ids_have(buf_view(&w->roll), id) && !vault_marks_drop(marks, id) &&
				!(forgets && !vault_is_listed(listing, id)))
			buf_add(&w->roll, id);
	}
}

/* Packs that the newest snapshot needs, but little of. */
static void give_up_worn(struct vault_writer *w, struct view packs)
{
	struct head_pack pack;

	while (head_pack_next(&packs, &pack)) {
		struct catalog_pack *known = catalog_find(&w->catalog, pack.id);

		if (known && pack.size >= WORN_SIZE && pack.used < pack.size / WORN)
			known->usable = false;
	}
}

static int know_snapshots(struct vault_writer *w, const struct target_listing *listing,
		const struct vault_marks *marks)
{
	CLEANUP(vault_head_deinit) struct vault_head head = VAULT_HEAD_NULL;
	uint64_t newest = 0;
	size_t tried = 0;

	for (size_t i = listing->count; i-- > 0 && tried++ < HEADS_TRIED;) {
		int r = vault_head_get(
				w->vault, listing->objects[i].name, &head, &w->trouble);

		if (r == VAULT_E_DAMAGED || r == VAULT_E_ABSENT)
			continue; /* vault_verify() names it */
		if (r)
			return r;
		if (head.head.generation < newest)
			break;
		newest = head.head.generation;
		buf_add(&w->previous, view_of(head.id.bytes, DIGEST_SIZE));
		keep_roll(w, view_of(head.id.bytes, DIGEST_SIZE), marks, listing);
		keep_roll(w, head.head.roll, marks, listing);
		give_up_worn(w, head.head.packs);
	}
	w->generation = newest + 1;
	return VAULT_OK;
}

/* -- packs -- */

static void judge_usable(struct vault_writer *w, struct catalog_pack *pack,
		const struct target_listing *listing)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(TARGET_NAME_MAX);
	const struct target_object *object;

	digest_name("packs/", pack->id.bytes, &name);
	object = target_listing_find(listing, buf_view(&name));
	pack->usable = object && object->size == pack->size &&
		       memcmp(pack->recipients, w->vault->recipients, DIGEST_SIZE) == 0;
}

static void know_rows(struct vault_writer *w, const struct catalog_pack *pack,
		struct view rows, uint32_t at)
{
	struct pack_directory directory = { .rows = rows };

	for (uint32_t i = 0; i < rows.len / PACK_ROW; i++) {
		struct chunk_place place = { pack->number, at,
			pack_row_stored(&directory, i) };

		if (place.stored < FRAME_LEAST)
			return;
		catalog_name(&w->catalog, pack_row_name(&directory, i), &place);
		at += place.stored;
	}
}

static struct catalog_pack *know_pack(struct vault_writer *w,
		const struct index_pack *row, const struct target_listing *listing)
{
	struct catalog_pack *pack = catalog_add(&w->catalog, &row->id);

	memcpy(pack->digest, row->digest.data, DIGEST_SIZE);
	memcpy(pack->recipients, row->recipients.data, DIGEST_SIZE);
	pack->size = row->size;
	judge_usable(w, pack, listing);
	if (pack->usable)
		know_rows(w, pack, row->rows, row->head);
	return pack;
}

static int know_index(struct vault_writer *w, struct view name,
		const struct target_listing *packs)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(INDEX_MAX);
	struct index_reader reader;
	struct index_pack row;
	bool bad;
	int r = vault_index_get(w->vault, name, &bytes, &w->trouble);

	if (r)
		return r == VAULT_E_ABSENT ? VAULT_OK : r;
	if (index_read(buf_view(&bytes), &w->vault->keys, &reader))
		return VAULT_OK; /* not ours: what it says is not believed, and verifying names it */
	while (index_next(&reader, &row, &bad))
		if (!catalog_find(&w->catalog, view_of(row.id.bytes, DIGEST_SIZE)))
			know_pack(w, &row, packs);
	return VAULT_OK;
}

/* -- packs that no index has -- */

static int read_end(struct vault_writer *w, const struct target_object *object,
		struct buf *end, struct pack_directory *out)
{
	size_t len = END_GUESS, need = 0;
	int r;

	for (int i = 0; i < 2; i++) {
		buf_clear(end);
		if (len > object->size)
			len = object->size;
		r = target_get(w->vault->target, object->name, object->size - len, len,
				end, &w->trouble);
		if (r)
			return r;
		if (pack_directory_read(buf_view(end), object->size, out, &need))
			return TARGET_E_ABSENT;
		if (need == 0)
			return TARGET_OK;
		len = need;
	}
	return TARGET_E_ABSENT;
}

/* Whole packs of a run that did not come to its end. What is not ours, or not whole, is passed
 * over. */
static int know_orphan(struct vault_writer *w, const struct target_object *object,
		const struct target_listing *listing)
{
	CLEANUP(buf_free) struct buf head = BUF_NULL(PACK_HEAD_MAX);
	CLEANUP(buf_free) struct buf end = BUF_NULL(PACK_MAX);
	unsigned char named[DIGEST_SIZE], recipients[DIGEST_SIZE];
	struct pack_directory directory;
	struct index_pack row = { .size = (uint32_t)object->size };
	struct catalog_pack *pack;
	struct view envelope;
	size_t head_size;
	int r;

	if (object->size > PACK_MAX ||
			!digest_name_read(object->name, VIEW("packs/"), named) ||
			catalog_find(&w->catalog, view_of(named, DIGEST_SIZE)))
		return VAULT_OK;
	r = target_get(w->vault->target, object->name, 0, PACK_HEAD_MAX, &head,
			&w->trouble);
	if (r == TARGET_OK)
		r = read_end(w, object, &end, &directory);
	if (r == TARGET_E_ABSENT)
		return VAULT_OK;
	if (r)
		return vault_outcome_of(w->vault, r);
	if (pack_head_read(buf_view(&head), &row.id, recipients, &head_size, &envelope) ||
			memcmp(row.id.bytes, named, DIGEST_SIZE) != 0 ||
			!pack_directory_ours(&directory, &w->vault->keys, &row.id))
		return VAULT_OK;
	row.digest = view_of(directory.whole, DIGEST_SIZE);
	row.recipients = view_of(recipients, DIGEST_SIZE);
	row.rows = directory.rows;
	row.head = (uint32_t)head_size;
	pack = know_pack(w, &row, listing);
	if (w->index.len + row.rows.len > INDEX_FULL) {
		r = writer_index(w);
		if (r)
			return r;
	}
	index_add(&w->index, pack, row.head, row.rows);
	return VAULT_OK;
}

static int know_packs(struct vault_writer *w)
{
	CLEANUP(target_listing_free) struct target_listing packs = TARGET_LISTING_NULL;
	CLEANUP(target_listing_free) struct target_listing indexes = TARGET_LISTING_NULL;
	int r;

	/* The index first: a pack that it has and the later listing has not is gone. */
	r = target_list(w->vault->target, VIEW("index/"), &indexes, &w->trouble);
	if (r == TARGET_OK)
		r = target_list(w->vault->target, VIEW("packs/"), &packs, &w->trouble);
	if (r)
		return vault_outcome_of(w->vault, r);
	vault_index_forget(w->vault, &indexes);
	for (size_t i = 0; i < indexes.count; i++) {
		r = know_index(w, indexes.objects[i].name, &packs);
		if (r)
			return r;
	}
	for (size_t i = 0; i < packs.count; i++) {
		r = know_orphan(w, &packs.objects[i], &packs);
		if (r)
			return r;
	}
	return VAULT_OK;
}

int writer_know(struct vault_writer *w)
{
	CLEANUP(target_listing_free)
	struct target_listing snapshots = TARGET_LISTING_NULL;
	CLEANUP(vault_marks_free) struct vault_marks marks = VAULT_MARKS_NULL;
	int r = vault_marks_get(w->vault, &marks, &w->trouble);

	if (r == VAULT_OK)
		r = know_packs(w);
	if (r)
		return r;
	for (size_t i = 0; i < marks.count; i++) {
		struct view ids = marks.rows[i].mark.packs;

		for (size_t k = 0; marks.rows[i].outcome == VAULT_OK && k < ids.len;
				k += DIGEST_SIZE) {
			struct catalog_pack *pack = catalog_find(
					&w->catalog, view_sub(ids, k, DIGEST_SIZE));

			if (pack)
				pack->usable = false;
		}
	}
	r = target_list(w->vault->target, VIEW("snapshots/"), &snapshots, &w->trouble);
	if (r)
		return vault_outcome_of(w->vault, r);
	r = know_snapshots(w, &snapshots, &marks);
	if (r)
		return r;
	return vault_judge_last(w->vault, &snapshots, w->generation - 1, &w->trouble);
}
