#include "runtime/store/change_feed.h"

#include "runtime/base/error.h"
#include "runtime/store/store.h"

#include <stdlib.h>

static int by_uid(const void *a, const void *b)
{
	uint32_t x = ((const struct message_row *)a)->uid;
	uint32_t y = ((const struct message_row *)b)->uid;

	return x < y ? -1 : x > y;
}

/* By the index over MODSEQ: the cost is that of the changes, not of the mailbox. */
static int read_rows(struct account_store *store, int64_t mailbox, uint64_t since,
		struct message_row **rows, size_t *count)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	size_t capacity = 0;
	int r = store_prepare(store,
			"SELECT uid, flags, modseq, size, internal_date, content"
			" FROM message INDEXED BY message_modseq"
			" WHERE mailbox = ?1 AND modseq > ?2",
			&s);

	if (r)
		return r;
	bind_i64(s, 1, mailbox);
	bind_u64(s, 2, since);
	while ((r = store_step(s)) == DATABASE_ROW) {
		array_grow(rows, &capacity, *count + 1, sizeof(**rows));
		(*rows)[(*count)++] = (struct message_row){
			.uid = (uint32_t)column_u64(s, 0),
			.flags = column_u64(s, 1),
			.modseq = column_u64(s, 2),
			.size = column_u64(s, 3),
			.internal_date = column_i64(s, 4),
			.content = column_i64(s, 5),
		};
	}
	return r;
}

static int read_vanished(struct account_store *store, int64_t mailbox, uint64_t since,
		struct uid_set *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store,
			"SELECT first, last FROM tombstone"
			" WHERE mailbox = ?1 AND modseq > ?2",
			&s);

	if (r)
		return r;
	bind_i64(s, 1, mailbox);
	bind_u64(s, 2, since);
	while ((r = store_step(s)) == DATABASE_ROW)
		uid_set_add_raw(out, (uint32_t)column_u64(s, 0),
				(uint32_t)column_u64(s, 1));
	uid_set_normalise(out);
	return r;
}

int changes_read(struct account_store *store, int64_t mailbox, uint64_t since,
		struct arena *arena, struct changes *out)
{
	CLEANUP(freep) struct message_row *rows = NULL;
	struct changes changes = { .vanished = UID_SET_NULL };
	int r = mailbox_status(store, mailbox, &changes.status);

	if (!r && changes.status.modseq > since) {
		r = read_rows(store, mailbox, since, &rows, &changes.count);
		if (!r)
			r = read_vanished(store, mailbox, since, &changes.vanished);
	}
	if (r) {
		uid_set_free(&changes.vanished);
		return r;
	}
	changes.rows = arena_array(arena, changes.count, sizeof(*rows));
	if (changes.count) {
		qsort(rows, changes.count, sizeof(*rows), by_uid);
		memcpy(changes.rows, rows, changes.count * sizeof(*rows));
	}
	*out = changes;
	return STORE_OK;
}
