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
#include "agent/backup/prune.h"

#include "runtime/base/arena.h"
#include "runtime/base/error.h"

#include <stdlib.h>

enum {
	ID_LISTS_MAX = TARGET_OBJECT_MAX - 64 * 1024,
};

static void prune_deinit(struct prune *p)
{
	free(p->snapshots);
	vault_marks_free(&p->marks);
	target_listing_free(&p->heads);
	target_listing_free(&p->pack_list);
	target_listing_free(&p->indexes);
	map_free(&p->needed);
	map_free(&p->marked);
	map_free(&p->gone);
	buf_free(&p->dropped);
	buf_free(&p->unneeded);
	arena_free(p->arena);
}

bool prune_has(const struct map *map, struct view id)
{
	return map_get(map, id) != NULL;
}

void prune_put(struct prune *p, struct map *map, struct view id)
{
	struct view kept;

	if (prune_has(map, id))
		return;
	kept = arena_copy(p->arena, id);
	map_set(map, kept, (void *)kept.data);
}

/* -- snapshots -- */

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
	CLEANUP(vault_head_deinit) struct vault_head head = VAULT_HEAD_NULL;
	int r = target_list(p->vault->target, VIEW("snapshots/"), &p->heads, p->trouble);

	if (r)
		return vault_outcome_of(p->vault, r);
	p->snapshots = xcalloc(p->heads.count + 1, sizeof(*p->snapshots));
	for (size_t i = 0; i < p->heads.count; i++) {
		r = vault_head_get(p->vault, p->heads.objects[i].name, &head, p->trouble);
		if (r == VAULT_E_ABSENT)
			continue;
		if (r)
			return r;
		p->snapshots[p->snapshot_count++] = (struct standing){
			.name = arena_copy(p->arena, p->heads.objects[i].name),
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

		s->keep = (keep[i] && !vault_marks_drop(&p->marks,
						      view_of(s->id.bytes,
								      DIGEST_SIZE))) ||
			  s->generation == p->generation;
		if (s->keep) {
			p->out->kept++;
			continue;
		}
		p->out->dropped++;
		if (!vault_marks_drop(&p->marks, view_of(s->id.bytes, DIGEST_SIZE)))
			buf_add(&p->dropped, view_of(s->id.bytes, DIGEST_SIZE));
	}
}

/* One that the newest knows, and that went without a prune, may be put back by a person; what it
 * needs does not go before somebody says that it is lost. */
static int judge_lost(struct prune *p)
{
	for (size_t i = 0; i < p->roll.len; i += DIGEST_SIZE) {
		struct view id = view_sub(p->roll, i, DIGEST_SIZE);

		if (vault_marks_drop(&p->marks, id) || vault_is_listed(&p->heads, id))
			continue;
		return vault_says(p->trouble, VAULT_E_LOST, "BackupsLost",
				"a snapshot is missing that no prune dropped: nothing is "
				"removed until you say that it is lost (`backup verify` "
				"names "
				"it)");
	}
	return vault_judge_last(p->vault, &p->heads, p->generation, p->trouble);
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
			prune_put(p, &p->needed, pack.id);
	}
	return VAULT_OK;
}

/* -- packs -- */

const struct target_object *prune_listed(const struct prune *p, struct view id)
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
			prune_put(p, &p->marked, view_sub(ids, k, DIGEST_SIZE));
	}
}

/* A pack that no index has is one of a run that goes on, or was killed: the next writer
 * takes it up. */
static int note_unneeded(struct prune *p, const struct index_pack *row, void *with)
{
	struct view id = view_of(row->id.bytes, DIGEST_SIZE);

	(void)with;
	if (!prune_has(&p->needed, id) && !prune_has(&p->marked, id) &&
			prune_listed(p, id)) {
		prune_put(p, &p->marked, id);
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
int prune_remove(struct prune *p, struct view name)
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
			r = prune_remove(p, p->snapshots[i].name);
	return r;
}

static int remove_packs(struct prune *p, const struct prune_mark *mark)
{
	for (size_t i = 0; i < mark->packs.len; i += DIGEST_SIZE) {
		struct view id = view_sub(mark->packs, i, DIGEST_SIZE);
		const struct target_object *object = prune_listed(p, id);
		int r;

		if (!object || prune_has(&p->needed, id) || prune_has(&p->gone, id))
			continue;
		r = prune_remove(p, object->name);
		if (r)
			return r;
		if (p->out->refused)
			return VAULT_OK;
		prune_put(p, &p->gone, id);
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
			r = prune_remove(p, row->name);
	}
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
	r = judge_lost(&p);
	if (r || p.snapshot_count == 0)
		return r;
	choose(&p, keep);
	note_marked(&p);
	r = read_needed(&p);
	if (r == VAULT_OK)
		r = prune_each_index(&p, note_unneeded, NULL);
	if (r == VAULT_OK)
		r = put_mark(&p);
	if (r == VAULT_OK)
		r = remove_snapshots(&p);
	if (r == VAULT_OK)
		r = end_marks(&p);
	return r == VAULT_OK ? prune_rewrite_index(&p) : r;
}
