/* What a session that selects a mailbox must know of it. */
#include "runtime/store/store.h"

static int first_number(struct account_store *store, const char *sql, int64_t mailbox,
		uint32_t *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store, sql, &s);

	if (r)
		return r;
	bind_i64(s, 1, mailbox);
	r = store_step(s);
	*out = r == DATABASE_ROW ? (uint32_t)column_u64(s, 0) : 0;
	return r == DATABASE_ROW ? STORE_OK : r;
}

static int read_uids(struct account_store *store, int64_t id, struct uid_set *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store,
			"SELECT uid FROM message WHERE mailbox = ?1 ORDER BY uid", &s);

	if (r)
		return r;
	bind_i64(s, 1, id);
	while ((r = store_step(s)) == DATABASE_ROW) {
		uint32_t uid = (uint32_t)column_u64(s, 0);

		uid_set_add(out, uid, uid);
	}
	return r;
}

/* Where as many messages are there as UIDs from the first to the last, none is missing
 * between them, and no row needs to be read. */
static int find_uids(struct account_store *store, const struct mailbox_status *status,
		struct uid_set *out)
{
	uint32_t first, last;
	int r;

	if (!status->messages)
		return STORE_OK;
	r = first_number(store,
			"SELECT uid FROM message WHERE mailbox = ?1 ORDER BY uid LIMIT 1",
			status->id, &first);
	if (!r)
		r = first_number(store,
				"SELECT uid FROM message WHERE mailbox = ?1"
				" ORDER BY uid DESC LIMIT 1",
				status->id, &last);
	if (r)
		return r;
	if (last - first != status->messages - 1)
		return read_uids(store, status->id, out);
	uid_set_add(out, first, last);
	return STORE_OK;
}

int mailbox_open(struct account_store *store, int64_t id, struct mailbox_view *out)
{
	int r = mailbox_status(store, id, &out->status);

	if (!r)
		r = find_uids(store, &out->status, &out->uids);
	if (!r && out->status.unseen)
		r = first_number(store,
				"SELECT uid FROM message WHERE mailbox = ?1"
				" AND flags & 1 = 0 ORDER BY uid LIMIT 1",
				id, &out->first_unseen);
	return r;
}

void mailbox_view_free(struct mailbox_view *view)
{
	uid_set_free(&view->uids);
}
