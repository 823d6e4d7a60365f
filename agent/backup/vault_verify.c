/* Whether what is at a target is what was written.
 *
 *   a snapshot     its name is its digest, the host signed it, its generation is its name's
 *   the newest     knows all that stand: one that is missing, or was put back, is seen
 *   a pack         the snapshots that need it say its size and digest
 *   an index       its name is its digest; the host's keyed digest
 *   a mark         its name is its digest, the host signed it */
#include "agent/backup/verify.h"

#include "runtime/base/arena.h"
#include "runtime/base/error.h"

#include <stdlib.h>

enum {
	FINDINGS_MAX = 100000,
};

static void verify_deinit(struct verify *v)
{
	map_free(&v->packs);
	target_listing_free(&v->snapshots);
	target_listing_free(&v->pack_list);
	target_listing_free(&v->indexes);
	vault_marks_free(&v->marks);
	buf_free(&v->newest);
	buf_free(&v->roll);
	buf_free(&v->present);
	arena_free(v->arena);
}

void verify_found(struct verify *v, struct view object, const char *format, ...)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(1024);
	va_list args;

	if (v->out->count == FINDINGS_MAX)
		return;
	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	array_grow(&v->out->rows, &v->out->capacity, v->out->count + 1,
			sizeof(*v->out->rows));
	v->out->rows[v->out->count++] = (struct vault_finding){
		.object = arena_copy(v->out->arena, object),
		.what = arena_copy(v->out->arena, buf_view(&text)),
	};
}

static struct view id_text(struct verify *v, struct view id)
{
	struct vault_id copy;

	memcpy(copy.bytes, id.data, DIGEST_SIZE);
	return vault_id_text(&copy, v->arena);
}

static void need(struct verify *v, struct view id, struct view digest, uint32_t size,
		bool by_snapshot)
{
	struct needed *needed = map_get(&v->packs, id);

	if (!needed) {
		needed = ARENA_NEW(v->arena, struct needed);
		memcpy(needed->id.bytes, id.data, DIGEST_SIZE);
		map_set(&v->packs, view_of(needed->id.bytes, DIGEST_SIZE), needed);
	} else if (needed->by_snapshot || !by_snapshot) {
		return;
	}
	memcpy(needed->digest, digest.data, DIGEST_SIZE);
	needed->size = size;
	needed->by_snapshot = by_snapshot;
}

/* -- snapshots -- */

static void need_packs(struct verify *v, struct view packs)
{
	struct head_pack pack;

	while (head_pack_next(&packs, &pack))
		need(v, pack.id, pack.digest, pack.size, true);
}

/* They come in the order of their generations, the newest last. */
static int look_at_snapshot(struct verify *v, struct view name)
{
	CLEANUP(vault_head_deinit) struct vault_head head = VAULT_HEAD_NULL;
	int r = vault_head_get(v->vault, name, &head, v->trouble);

	v->out->objects++;
	v->out->bytes += head.bytes.len;
	if (r == VAULT_E_DAMAGED || r == VAULT_E_ABSENT) {
		verify_found(v, name, "%s",
				r == VAULT_E_ABSENT ? "it went while this looked"
						    : v->trouble->message);
		return VAULT_OK;
	}
	if (r)
		return r;
	need_packs(v, head.head.packs);
	if (head.head.generation > v->generation) {
		buf_add(&v->present, buf_view(&v->newest));
		buf_clear(&v->newest);
		buf_clear(&v->roll);
	}
	v->generation = head.head.generation;
	buf_add(&v->newest, view_of(head.id.bytes, DIGEST_SIZE));
	buf_add(&v->roll, head.head.roll);
	return VAULT_OK;
}

static void compare_with_roll(struct verify *v)
{
	struct view roll = buf_view(&v->roll), present = buf_view(&v->present);

	for (size_t i = 0; i < roll.len; i += DIGEST_SIZE) {
		struct view id = view_sub(roll, i, DIGEST_SIZE);

		if (!vault_is_listed(&v->snapshots, id) &&
				!vault_marks_drop(&v->marks, id))
			verify_found(v, VIEW("snapshots/"),
					"the snapshot %.*s is missing",
					VIEW_ARG(id_text(v, id)));
	}
	for (size_t i = 0; i < present.len; i += DIGEST_SIZE) {
		struct view id = view_sub(present, i, DIGEST_SIZE);

		if (vault_marks_drop(&v->marks, id))
			verify_found(v, VIEW("snapshots/"),
					"the snapshot %.*s was dropped by a prune, and "
					"stands "
					"again, or still",
					VIEW_ARG(id_text(v, id)));
		else if (!ids_have(roll, id))
			verify_found(v, VIEW("snapshots/"),
					"the newest snapshot does not know %.*s: it was "
					"put "
					"back, or written at the same time as another",
					VIEW_ARG(id_text(v, id)));
	}
}

static void compare_with_last(struct verify *v)
{
	if (v->vault->options.host &&
			vault_judge_last(v->vault, &v->snapshots, v->generation,
					v->trouble) == VAULT_E_LOST)
		verify_found(v, VIEW("snapshots/"), "%s", v->trouble->message);
}

static int look_at_snapshots(struct verify *v)
{
	int r = target_list(
			v->vault->target, VIEW("snapshots/"), &v->snapshots, v->trouble);

	if (r)
		return vault_outcome_of(v->vault, r);
	for (size_t i = 0; i < v->snapshots.count; i++) {
		r = look_at_snapshot(v, v->snapshots.objects[i].name);
		if (r)
			return r;
	}
	compare_with_roll(v);
	compare_with_last(v);
	return VAULT_OK;
}

/* -- indexes and marks -- */

static void read_index(struct verify *v, struct view name, struct view bytes)
{
	unsigned char said[DIGEST_SIZE], digest[DIGEST_SIZE];
	struct index_reader reader;
	struct index_pack row;
	bool bad = false;

	digest_bytes(bytes, digest);
	if (!digest_name_read(name, VIEW("index/"), said) ||
			memcmp(said, digest, DIGEST_SIZE) != 0) {
		verify_found(v, name, "its bytes are not those that were written");
		return;
	}
	if (index_read(bytes, v->vault->options.host ? &v->vault->keys : NULL, &reader)) {
		verify_found(v, name, "this host did not write it");
		return;
	}
	while (index_next(&reader, &row, &bad))
		need(v, view_of(row.id.bytes, DIGEST_SIZE), row.digest, row.size, false);
	if (bad)
		verify_found(v, name, "it makes no sense");
}

static int look_at_indexes(struct verify *v)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(TARGET_OBJECT_MAX);
	int r = target_list(v->vault->target, VIEW("index/"), &v->indexes, v->trouble);

	for (size_t i = 0; r == TARGET_OK && i < v->indexes.count; i++) {
		struct view name = v->indexes.objects[i].name;

		buf_clear(&bytes);
		r = target_get(v->vault->target, name, 0, bytes.max, &bytes, v->trouble);
		v->out->objects++;
		v->out->bytes += bytes.len;
		if (r == TARGET_OK)
			read_index(v, name, buf_view(&bytes));
		else if (r == TARGET_E_ABSENT)
			r = TARGET_OK; /* a prune made another of it */
	}
	return vault_outcome_of(v->vault, r);
}

static int look_at_marks(struct verify *v)
{
	int r = vault_marks_get(v->vault, &v->marks, v->trouble);

	for (size_t i = 0; r == VAULT_OK && i < v->marks.count; i++) {
		v->out->objects++;
		if (v->marks.rows[i].outcome)
			verify_found(v, v->marks.rows[i].name,
					"its bytes are not those that were written");
	}
	return r;
}

/* -- what an identity opens: each snapshot's list of files, to its end -- */

static int walk_files(struct verify *v, struct view name, const struct vault_id *id)
{
	CLEANUP(vault_reader_freep) struct vault_reader *reader = NULL;
	struct vault_entry entry;
	int r = vault_read(v->vault, id, &reader, v->trouble);

	while (r == VAULT_OK)
		r = vault_next_file(reader, &entry, v->trouble);
	if (r == VAULT_E_DAMAGED)
		verify_found(v, name, "%s", v->trouble->message);
	return r == VAULT_END || r == VAULT_E_DAMAGED || r == VAULT_E_RECIPIENT ||
					       r == VAULT_E_ABSENT
			       ? VAULT_OK
			       : r;
}

static int walk_snapshots(struct verify *v)
{
	for (size_t i = 0; i < v->snapshots.count; i++) {
		struct view name = v->snapshots.objects[i].name;
		struct vault_id id;
		uint64_t generation;
		int r = snapshot_name_read(name, &generation, id.bytes)
					? walk_files(v, name, &id)
					: VAULT_OK;

		if (r)
			return r;
	}
	return VAULT_OK;
}

int vault_verify(struct vault *vault, enum vault_depth depth, struct vault_findings *out,
		struct target_trouble *trouble)
{
	CLEANUP(verify_deinit)
	struct verify v = {
		.vault = vault,
		.depth = depth,
		.out = out,
		.trouble = trouble,
		.arena = arena_new(),
		.newest = BUF_NULL(VAULT_SNAPSHOTS_MAX * DIGEST_SIZE),
		.roll = BUF_NULL(TARGET_OBJECT_MAX),
		.present = BUF_NULL(TARGET_OBJECT_MAX),
	};
	int r;

	if (!out->arena)
		out->arena = arena_new();
	r = look_at_marks(&v);
	if (r == VAULT_OK)
		r = look_at_snapshots(&v);
	if (r == VAULT_OK)
		r = look_at_indexes(&v);
	if (r == VAULT_OK)
		r = verify_packs(&v);
	if (r == VAULT_OK && depth == VAULT_DEEP && vault->options.identity_count)
		r = walk_snapshots(&v);
	return r;
}

void vault_findings_free(struct vault_findings *findings)
{
	free(findings->rows);
	arena_free(findings->arena);
	*findings = VAULT_FINDINGS_NULL;
}
