/* The heads of snapshots, and the marks of prunes, as they are at the target. */
#include "agent/backup/vault_inside.h"

#include "runtime/base/error.h"

#include <stdlib.h>

/* -- heads -- */

void vault_head_deinit(struct vault_head *head)
{
	buf_free(&head->bytes);
}

int vault_head_get(struct vault *vault, struct view name, struct vault_head *out,
		struct target_trouble *trouble)
{
	unsigned char said[DIGEST_SIZE];
	uint64_t generation;
	int r;

	if (!snapshot_name_read(name, &generation, said))
		return vault_says(trouble, VAULT_E_DAMAGED, "BackupsDamaged",
				"%.*s: that is no name of a snapshot", VIEW_ARG(name));
	buf_clear(&out->bytes);
	r = target_get(vault->target, name, 0, out->bytes.max, &out->bytes, trouble);
	if (r)
		return vault_outcome_of(vault, r);
	digest_bytes(buf_view(&out->bytes), out->id.bytes);
	if (memcmp(out->id.bytes, said, DIGEST_SIZE) != 0)
		return vault_says(trouble, VAULT_E_DAMAGED, "BackupsDamaged",
				"%.*s: its bytes are not those that were written",
				VIEW_ARG(name));
	switch (snapshot_head_read(buf_view(&out->bytes), vault->public, &out->head)) {
	case RECORD_OK:
		break;
	case RECORD_E_NEWER:
		return vault_says(trouble, VAULT_E_NEWER, "BackupsDamaged",
				"%.*s: a newer version wrote it", VIEW_ARG(name));
	case RECORD_E_FORGED:
		return vault_says(trouble, VAULT_E_DAMAGED, "BackupsDamaged",
				"%.*s: this host did not sign it", VIEW_ARG(name));
	default:
		return vault_says(trouble, VAULT_E_DAMAGED, "BackupsDamaged",
				"%.*s: that is no head of a snapshot", VIEW_ARG(name));
	}
	if (out->head.generation != generation)
		return vault_says(trouble, VAULT_E_DAMAGED, "BackupsDamaged",
				"%.*s: its generation is %llu", VIEW_ARG(name),
				(unsigned long long)out->head.generation);
	return VAULT_OK;
}

bool vault_is_listed(const struct target_listing *listing, struct view id)
{
	unsigned char named[DIGEST_SIZE];
	uint64_t generation;

	for (size_t i = 0; i < listing->count; i++)
		if (snapshot_name_read(listing->objects[i].name, &generation, named) &&
				memcmp(named, id.data, DIGEST_SIZE) == 0)
			return true;
	return false;
}

int vault_judge_last(const struct vault *vault, const struct target_listing *listing,
		uint64_t newest, struct target_trouble *trouble)
{
	struct vault_last last;

	if (!vault_last_read(vault, &last) || last.generation == 0 ||
			newest > last.generation ||
			vault_is_listed(listing, view_of(last.id.bytes, DIGEST_SIZE)))
		return VAULT_OK;
	return vault_says(trouble, VAULT_E_LOST, "BackupsLost",
			"the snapshot that was written last is not there: is it another "
			"disk, "
			"or was it put back from an older copy? Nothing is written until "
			"you "
			"say so");
}

static int by_generation(const void *a, const void *b)
{
	const struct vault_snapshot *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->generation < y->generation ? -1 : x->generation > y->generation;
}

int vault_snapshots(struct vault *vault, const struct vault_snapshot **out,
		size_t *count_out, struct target_trouble *trouble)
{
	CLEANUP(target_listing_free) struct target_listing listing = TARGET_LISTING_NULL;
	CLEANUP(vault_head_deinit) struct vault_head head = VAULT_HEAD_NULL;
	size_t count = 0;
	int r;

	r = target_list(vault->target, VIEW("snapshots/"), &listing, trouble);
	if (r)
		return vault_outcome_of(vault, r);
	if (listing.count > VAULT_SNAPSHOTS_MAX)
		return vault_says(trouble, VAULT_E_DAMAGED, "BackupsDamaged",
				"%zu snapshots are listed: more than %d", listing.count,
				VAULT_SNAPSHOTS_MAX);
	free(vault->snapshots);
	vault->snapshot_count = 0;
	vault->snapshots = xcalloc(listing.count + 1, sizeof(*vault->snapshots));
	for (size_t i = 0; i < listing.count; i++) {
		r = vault_head_get(vault, listing.objects[i].name, &head, trouble);
		if (r == VAULT_E_DAMAGED || r == VAULT_E_ABSENT)
			continue; /* vault_verify() names it */
		if (r)
			return r;
		vault->snapshots[count++] = (struct vault_snapshot){
			.id = head.id,
			.generation = head.head.generation,
			.at = head.head.at,
			.bytes = head.head.bytes,
			.files = head.head.files,
			.packs = head.head.packs.len / HEAD_PACK,
		};
	}
	qsort(vault->snapshots, count, sizeof(*vault->snapshots), by_generation);
	vault->snapshot_count = count;
	*out = vault->snapshots;
	*count_out = count;
	return VAULT_OK;
}

bool vault_id_read(struct view text, struct vault_id *out)
{
	return hex_read(text, out->bytes, DIGEST_SIZE);
}

struct view vault_id_text(const struct vault_id *id, struct arena *arena)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(4 * DIGEST_SIZE);

	digest_name("", id->bytes, &text);
	return arena_copy(arena, buf_view(&text));
}

/* -- marks -- */

void vault_marks_free(struct vault_marks *marks)
{
	free(marks->rows);
	arena_free(marks->arena);
	*marks = VAULT_MARKS_NULL;
}

bool vault_marks_drop(const struct vault_marks *marks, struct view id)
{
	for (size_t i = 0; i < marks->count; i++)
		if (marks->rows[i].outcome == VAULT_OK &&
				ids_have(marks->rows[i].mark.snapshots, id))
			return true;
	return false;
}

static int get_mark(struct vault *vault, struct view name, struct vault_marks *out,
		struct target_trouble *trouble)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(TARGET_OBJECT_MAX);
	unsigned char said[DIGEST_SIZE], digest[DIGEST_SIZE];
	struct vault_mark mark = { .name = arena_copy(out->arena, name) };
	int r = target_get(vault->target, name, 0, bytes.max, &bytes, trouble);
	struct view kept;

	if (r == TARGET_E_ABSENT)
		return VAULT_OK; /* another prune ended it */
	if (r)
		return vault_outcome_of(vault, r);
	kept = arena_copy(out->arena, buf_view(&bytes));
	digest_bytes(kept, digest);
	if (!digest_name_read(name, VIEW("marks/"), said) ||
			memcmp(said, digest, DIGEST_SIZE) != 0 ||
			prune_mark_read(kept, vault->public, &mark.mark))
		mark.outcome = VAULT_E_DAMAGED;
	array_grow(&out->rows, &out->capacity, out->count + 1, sizeof(*out->rows));
	out->rows[out->count++] = mark;
	return VAULT_OK;
}

int vault_marks_get(struct vault *vault, struct vault_marks *out,
		struct target_trouble *trouble)
{
	CLEANUP(target_listing_free) struct target_listing listing = TARGET_LISTING_NULL;
	int r = target_list(vault->target, VIEW("marks/"), &listing, trouble);

	if (r)
		return vault_outcome_of(vault, r);
	if (!out->arena)
		out->arena = arena_new();
	for (size_t i = 0; i < listing.count; i++) {
		r = get_mark(vault, listing.objects[i].name, out, trouble);
		if (r)
			return r;
	}
	return VAULT_OK;
}
