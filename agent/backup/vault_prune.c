/* What nothing needs any more goes, in two steps.
 *
 *   a mark: these snapshots are dropped, these packs no other needs     ──► snapshots go
 *   … VAULT_GRACE_S …
 *   packs of a mark that still no snapshot needs                        ──► packs, mark go
 *
 * A writer that began before the mark may lean on a pack of it, and its snapshot saves the
 * pack; one that began after it does not lean on it; and none lasts as long as the grace.
 * Whatever a crash leaves undone the next prune finds. */
#include "agent/backup/keep.h"
#include "agent/backup/vault_inside.h"

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/map.h"
#include "runtime/crypto/ssh_wire.h"

#include <stdlib.h>

enum {
	INDEXES_MANY = 16, /* are made into one */
	ID_LISTS_MAX = TARGET_OBJECT_MAX - 64 * 1024,
};

struct standing {
	struct view name;
	struct vault_id id;
	uint64_t generation;
	walltime at;
	bool keep;
};

struct prune {
	struct vault *vault;
	struct target_trouble *trouble;
	struct vault_pruned *out;
	struct arena *arena;
	walltime now;
	struct standing *snapshots; /* by time */
	size_t snapshot_count;
	struct view roll; /* of the newest */
	uint64_t generation;
	struct vault_marks marks;
	struct target_listing pack_list, indexes;
	struct map needed; /* id → itself: packs of snapshots that stay */
	struct map marked; /* packs that a mark has */
	struct map gone;   /* packs that were removed now */
	struct buf dropped, unneeded;
};

static void prune_deinit(struct prune *p)
{
	free(p->snapshots);
	vault_marks_free(&p->marks);
	target_listing_free(&p->pack_list);
	target_listing_free(&p->indexes);
	map_free(&p->needed);
	map_free(&p->marked);
	map_free(&p->gone);
	buf_free(&p->dropped);
	buf_free(&p->unneeded);
	arena_free(p->arena);
}

static bool has(const struct map *map, struct view id)
{
	return map_get(map, id) != NULL;
}

static void put(struct prune *p, struct map *map, struct view id)
{
	struct view kept;

	if (has(map, id))
		return;
	kept = arena_copy(p->arena, id);
	map_set(map, kept, (void *)kept.data);
}

/* -- snapshots -- */

static bool was_dropped(const struct prune *p, struct view id)
{
	for (size_t i = 0; i < p->marks.count; i++)
		if (p->marks.rows[i].outcome == VAULT_OK &&
				ids_have(p->marks.rows[i].mark.snapshots, id))
			return true;
	return false;
}

static int by_time(const void *a, const void *b)
{
	const struct standing *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->generation < y->generation ? -1 : x->generation > y->generation;
}

/* One that cannot be read may need any pack: nothing goes then. */
static int read_snapshots(struct prune *p)
{
	CLEANUP(target_listing_free) struct target_listing listing = TARGET_LISTING_NULL;
	CLEANUP(vault_head_deinit) struct vault_head head = VAULT_HEAD_NULL;
	int r = target_list(p->vault->target, VIEW("snapshots/"), &listing, p->trouble);

	if (r)
		return vault_outcome_of(p->vault, r);
	p->snapshots = xcalloc(listing.count + 1, sizeof(*p->snapshots));
	for (size_t i = 0; i < listing.count; i++) {
		r = vault_head_get(p->vault, listing.objects[i].name, &head, p->trouble);
		if (r == VAULT_E_ABSENT)
			continue;
		if (r)
			return r;
		p->snapshots[p->snapshot_count++] = (struct standing){
			.name = arena_copy(p->arena, listing.objects[i].name),
			.id = head.id,
			.generation = head.head.generation,
			.at = head.head.at,
		};
		p->generation = head.head.generation; /* they come in this order */
		p->roll = arena_copy(p->arena, head.head.roll);
	}
	qsort(p->snapshots, p->snapshot_count, sizeof(*p->snapshots), by_time);
	return VAULT_OK;
}

static void choose(struct prune *p, const struct vault_keep *policy)
{
	walltime *at = arena_array(p->arena, p->snapshot_count + 1, sizeof(*at));
	bool *keep = arena_array(p->arena, p->snapshot_count + 1, sizeof(*keep));

	for (size_t i = 0; i < p->snapshot_count; i++)
		at[i] = p->snapshots[i].at;
	keep_choose(policy, at, p->snapshot_count, keep);
	for (size_t i = 0; i < p->snapshot_count; i++) {
		struct standing *s = &p->snapshots[i];

		s->keep = (keep[i] && !was_dropped(p, view_of(s->id.bytes,
								      DIGEST_SIZE))) ||
			  s->generation == p->generation;
		if (s->keep) {
			p->out->kept++;
			continue;
		}
		p->out->dropped++;
		if (!was_dropped(p, view_of(s->id.bytes, DIGEST_SIZE)))
			buf_add(&p->dropped, view_of(s->id.bytes, DIGEST_SIZE));
	}
}

/* Snapshots that the newest knows, and that are gone without a prune: verifying has named them
 * until now. */
static void give_up_lost(struct prune *p)
{
	for (size_t i = 0; i < p->roll.len; i += DIGEST_SIZE) {
		struct view id = view_sub(p->roll, i, DIGEST_SIZE);
		bool stands = was_dropped(p, id) || ids_have(buf_view(&p->dropped), id);

		for (size_t k = 0; k < p->snapshot_count && !stands; k++)
			stands = memcmp(p->snapshots[k].id.bytes, id.data, DIGEST_SIZE) ==
				 0;
		if (!stands)
			buf_add(&p->dropped, id);
	}
}

static int read_needed(struct prune *p)
{
	CLEANUP(vault_head_deinit) struct vault_head head = VAULT_HEAD_NULL;

	for (size_t i = 0; i < p->snapshot_count; i++) {
		struct head_pack pack;
		struct view packs;
		int r;

		if (!p->snapshots[i].keep)
			continue;
		r = vault_head_get(p->vault, p->snapshots[i].name, &head, p->trouble);
		if (r)
			return r;
		packs = head.head.packs;
		while (head_pack_next(&packs, &pack))
			put(p, &p->needed, pack.id);
	}
	return VAULT_OK;
}

/* -- packs -- */

static const struct target_object *listed_pack(const struct prune *p, struct view id)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(TARGET_NAME_MAX);

	digest_name("packs/", (const unsigned char *)id.data, &name);
	return target_listing_find(&p->pack_list, buf_view(&name));
}

/* What was marked already is not marked again. */
static void note_marked(struct prune *p)
{
	for (size_t i = 0; i < p->marks.count; i++) {
		struct view ids = p->marks.rows[i].mark.packs;

		for (size_t k = 0; p->marks.rows[i].outcome == VAULT_OK && k < ids.len;
				k += DIGEST_SIZE)
			put(p, &p->marked, view_sub(ids, k, DIGEST_SIZE));
	}
}

/* Calls for each pack of each index that is ours; what cannot be read is passed over. */
static int each_index(struct prune *p,
		int (*take)(struct prune *p, const struct index_pack *row, void *with),
		void *with)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(TARGET_OBJECT_MAX);

	for (size_t i = 0; i < p->indexes.count; i++) {
		struct index_reader reader;
		struct index_pack row;
		bool bad;
		int r;

		buf_clear(&bytes);
		r = target_get(p->vault->target, p->indexes.objects[i].name, 0, SIZE_MAX,
				&bytes, p->trouble);
		if (r == TARGET_E_ABSENT)
			continue;
		if (r)
			return vault_outcome_of(p->vault, r);
		if (index_read(buf_view(&bytes), &p->vault->keys, &reader))
			continue;
		while (index_next(&reader, &row, &bad)) {
			r = take(p, &row, with);
			if (r)
				return r;
		}
	}
	return VAULT_OK;
}

/* A pack that no index has is one of a run that goes on, or was killed: the next writer
 * takes it up. */
static int note_unneeded(struct prune *p, const struct index_pack *row, void *with)
{
	struct view id = view_of(row->id.bytes, DIGEST_SIZE);

	(void)with;
	if (!has(&p->needed, id) && !has(&p->marked, id) && listed_pack(p, id)) {
		put(p, &p->marked, id);
		buf_add(&p->unneeded, id);
	}
	return VAULT_OK;
}

static int put_mark(struct prune *p)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(TARGET_OBJECT_MAX);
	CLEANUP(buf_free) struct buf name = BUF_NULL(TARGET_NAME_MAX);
	unsigned char digest[DIGEST_SIZE];
	struct prune_mark mark = {
		.at = p->now,
		.snapshots = buf_view(&p->dropped),
		.packs = buf_view(&p->unneeded),
	};

	if (p->dropped.len == 0 && p->unneeded.len == 0)
		return VAULT_OK;
	p->out->marked = p->unneeded.len / DIGEST_SIZE;
	prune_mark_write(&mark, &p->vault->keys, &bytes);
	digest_bytes(buf_view(&bytes), digest);
	digest_name("marks/", digest, &name);
	return vault_outcome_of(p->vault, target_put(p->vault->target, buf_view(&name),
							  buf_view(&bytes), p->trouble));
}

/* -- removing -- */

/* VAULT_OK, too, where it may not: then `refused` is set, and nothing more is tried. */
static int remove_object(struct prune *p, struct view name)
{
	int r;

	if (p->out->refused)
		return VAULT_OK;
	r = target_remove(p->vault->target, name, p->trouble);
	if (r == TARGET_E_REFUSED) {
		p->out->refused = true;
		return VAULT_OK;
	}
	return vault_outcome_of(p->vault, r);
}

static int remove_snapshots(struct prune *p)
{
	int r = VAULT_OK;

	for (size_t i = 0; i < p->snapshot_count && r == VAULT_OK; i++)
		if (!p->snapshots[i].keep)
			r = remove_object(p, p->snapshots[i].name);
	return r;
}

static int remove_packs(struct prune *p, const struct prune_mark *mark)
{
	for (size_t i = 0; i < mark->packs.len; i += DIGEST_SIZE) {
		struct view id = view_sub(mark->packs, i, DIGEST_SIZE);
		const struct target_object *object = listed_pack(p, id);
		int r;

		if (!object || has(&p->needed, id) || has(&p->gone, id))
			continue;
		r = remove_object(p, object->name);
		if (r)
			return r;
		if (p->out->refused)
			return VAULT_OK;
		put(p, &p->gone, id);
		p->out->removed++;
		p->out->bytes += object->size;
	}
	return VAULT_OK;
}

/* The newest snapshot does not know what it dropped, so nothing misses it. */
static bool is_done(const struct prune *p, const struct prune_mark *mark)
{
	for (size_t i = 0; i < mark->snapshots.len; i += DIGEST_SIZE)
		if (ids_have(p->roll, view_sub(mark->snapshots, i, DIGEST_SIZE)))
			return false;
	return true;
}

static int end_marks(struct prune *p)
{
	int r = VAULT_OK;

	for (size_t i = 0; i < p->marks.count && r == VAULT_OK; i++) {
		const struct vault_mark *row = &p->marks.rows[i];

		if (row->outcome || row->mark.at + VAULT_GRACE_S > p->now)
			continue;
		r = remove_packs(p, &row->mark);
		if (r == VAULT_OK && !p->out->refused && is_done(p, &row->mark))
			r = remove_object(p, row->name);
	}
	return r;
}

/* -- one index of many -- */

struct rewriting {
	struct buf index;
	struct map seen;
	struct map made; /* names of the new ones */
};

static void rewriting_deinit(struct rewriting *w)
{
	buf_free(&w->index);
	map_free(&w->seen);
	map_free(&w->made);
}

static int put_index(struct prune *p, struct rewriting *w)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(TARGET_NAME_MAX);
	unsigned char digest[DIGEST_SIZE];
	int r;

	if (w->index.len == 0)
		return VAULT_OK;
	index_end(&w->index, &p->vault->keys);
	digest_bytes(buf_view(&w->index), digest);
	digest_name("index/", digest, &name);
	r = target_put(p->vault->target, buf_view(&name), buf_view(&w->index),
			p->trouble);
	buf_clear(&w->index);
	put(p, &w->made, buf_view(&name));
	return vault_outcome_of(p->vault, r);
}

static int rewrite_row(struct prune *p, const struct index_pack *row, void *with)
{
	struct view id = view_of(row->id.bytes, DIGEST_SIZE);
	struct rewriting *w = with;
	struct catalog_pack pack = { .id = row->id, .size = row->size };
	int r = VAULT_OK;

	if (has(&w->seen, id) || has(&p->gone, id) || !listed_pack(p, id))
		return VAULT_OK;
	put(p, &w->seen, id);
	memcpy(pack.digest, row->digest.data, DIGEST_SIZE);
	memcpy(pack.recipients, row->recipients.data, DIGEST_SIZE);
	if (w->index.len + row->rows.len > INDEX_FULL)
		r = put_index(p, w);
	index_add(&w->index, &pack, row->head, row->rows);
	return r;
}

/* The new ones are there before the old ones go. */
static int rewrite_index(struct prune *p)
{
	CLEANUP(rewriting_deinit)
	struct rewriting w = { .index = BUF_NULL(INDEX_MAX) };
	int r;

	if (p->out->refused || (p->out->removed == 0 && p->indexes.count <= INDEXES_MANY))
		return VAULT_OK;
	r = each_index(p, rewrite_row, &w);
	if (r == VAULT_OK)
		r = put_index(p, &w);
	for (size_t i = 0; i < p->indexes.count && r == VAULT_OK; i++)
		if (!has(&w.made, p->indexes.objects[i].name))
			r = remove_object(p, p->indexes.objects[i].name);
	return r;
}

static int list_both(struct prune *p)
{
	int r = target_list(p->vault->target, VIEW("index/"), &p->indexes, p->trouble);

	if (r == TARGET_OK)
		r = target_list(p->vault->target, VIEW("packs/"), &p->pack_list,
				p->trouble);
	return vault_outcome_of(p->vault, r);
}

int vault_prune(struct vault *vault, const struct vault_keep *keep, walltime now,
		struct vault_pruned *out, struct target_trouble *trouble)
{
	CLEANUP(prune_deinit)
	struct prune p = {
		.vault = vault,
		.trouble = trouble,
		.out = out,
		.arena = arena_new(),
		.now = now,
		.dropped = BUF_NULL(VAULT_SNAPSHOTS_MAX * 2 * DIGEST_SIZE),
		.unneeded = BUF_NULL(ID_LISTS_MAX / 2),
	};
	int r;

	*out = (struct vault_pruned){ 0 };
	r = vault_marks_get(vault, &p.marks, trouble);
	if (r == VAULT_OK)
		r = list_both(&p);
	if (r == VAULT_OK)
		r = read_snapshots(&p);
	if (r)
		return r;
	choose(&p, keep);
	give_up_lost(&p);
	note_marked(&p);
	r = read_needed(&p);
	if (r == VAULT_OK)
		r = each_index(&p, note_unneeded, NULL);
	if (r == VAULT_OK)
		r = put_mark(&p);
	if (r == VAULT_OK)
		r = remove_snapshots(&p);
	if (r == VAULT_OK)
		r = end_marks(&p);
	return r == VAULT_OK ? rewrite_index(&p) : r;
}
