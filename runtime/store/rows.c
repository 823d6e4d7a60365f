/* The rows of messages: reading those of a set, putting them into a mailbox, taking them
 * out. */
#include "runtime/base/error.h"
#include "runtime/store/content.h"
#include "runtime/store/store.h"

#include <stdlib.h>

/* -- reading -- */

static int read_range(struct account_store *store, int64_t mailbox,
		struct uid_range range, struct brief_list *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store,
			"SELECT uid, flags, modseq, size, internal_date, content"
			" FROM message WHERE mailbox = ?1 AND uid BETWEEN ?2 AND ?3"
			" ORDER BY uid",
			&s);

	if (r)
		return r;
	bind_i64(s, 1, mailbox);
	bind_u64(s, 2, range.first);
	bind_u64(s, 3, range.last);
	while ((r = store_step(s)) == DATABASE_ROW) {
		array_grow(&out->items, &out->capacity, out->count + 1,
				sizeof(*out->items));
		out->items[out->count++] = (struct message_brief){
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

int briefs_read(struct account_store *store, int64_t mailbox, const struct uid_set *uids,
		struct brief_list *out)
{
	int r = STORE_OK;

	if (!uids)
		return read_range(
				store, mailbox, (struct uid_range){ 1, UINT32_MAX }, out);
	for (size_t i = 0; !r && i < uids->count; i++)
		r = read_range(store, mailbox, uids->ranges[i], out);
	return r;
}

void briefs_free(struct brief_list *list)
{
	free(list->items);
	*list = (struct brief_list){ 0 };
}

/* -- putting in -- */

static int insert(struct account_store *store, int64_t mailbox,
		const struct message_brief *m, uint32_t uid, uint64_t modseq)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store,
			"INSERT INTO message (mailbox, uid, flags, modseq, size,"
			" internal_date, content) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
			&s);

	if (r)
		return r;
	bind_i64(s, 1, mailbox);
	bind_u64(s, 2, uid);
	bind_u64(s, 3, m->flags);
	bind_u64(s, 4, modseq);
	bind_u64(s, 5, m->size);
	bind_i64(s, 6, m->internal_date);
	bind_i64(s, 7, m->content);
	return store_run(s);
}

int messages_put(struct account_store *store, int64_t mailbox,
		const struct brief_list *list, uint64_t modseq, struct uid_set *uids_out)
{
	struct mailbox_delta delta = { .modseq = modseq };
	struct mailbox_status status;
	int r = mailbox_status(store, mailbox, &status);

	/* The last UID is never given: UIDNEXT has to stay a number. */
	if (!r && list->count > UINT32_MAX - status.uidnext)
		return STORE_E_LIMIT;
	for (size_t i = 0; !r && i < list->count; i++) {
		uint32_t uid = status.uidnext + (uint32_t)i;

		r = insert(store, mailbox, &list->items[i], uid, modseq);
		mailbox_delta_add(&delta, list->items[i].flags, list->items[i].size);
		uid_set_add(uids_out, uid, uid);
	}
	if (r || !list->count)
		return r;
	delta.uidnext = status.uidnext + (uint32_t)list->count;
	return mailbox_apply(store, mailbox, &delta);
}

/* -- taking out -- */

static int leave_tombstone(struct account_store *store, int64_t mailbox, uint64_t modseq,
		struct uid_range range)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store, "INSERT INTO tombstone VALUES (?1, ?2, ?3, ?4)", &s);

	if (r)
		return r;
	bind_i64(s, 1, mailbox);
	bind_u64(s, 2, modseq);
	bind_u64(s, 3, range.first);
	bind_u64(s, 4, range.last);
	return store_run(s);
}

static int delete_row(struct account_store *store, int64_t mailbox, uint32_t uid)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(
			store, "DELETE FROM message WHERE mailbox = ?1 AND uid = ?2", &s);

	if (r)
		return r;
	bind_i64(s, 1, mailbox);
	bind_u64(s, 2, uid);
	return store_run(s);
}

int messages_take(struct account_store *store, int64_t mailbox,
		const struct brief_list *list, uint64_t modseq)
{
	struct mailbox_delta delta = { .modseq = modseq };
	struct uid_set gone = UID_SET_NULL;
	int r = STORE_OK;

	for (size_t i = 0; !r && i < list->count; i++) {
		const struct message_brief *m = &list->items[i];

		mailbox_delta_drop(&delta, m->flags, m->size);
		uid_set_add(&gone, m->uid, m->uid);
		r = delete_row(store, mailbox, m->uid);
	}
	for (size_t i = 0; !r && i < gone.count; i++)
		r = leave_tombstone(store, mailbox, modseq, gone.ranges[i]);
	uid_set_free(&gone);
	if (r || !list->count)
		return r;
	return mailbox_apply(store, mailbox, &delta);
}

int messages_remove(struct account_store *store, int64_t mailbox,
		const struct brief_list *list, uint64_t modseq)
{
	int r = messages_take(store, mailbox, list, modseq);

	for (size_t i = 0; !r && i < list->count; i++) {
		r = content_release(store, list->items[i].content);
		store->counters.used -= list->items[i].size;
		store->counters.messages--;
	}
	return r;
}
