#include "runtime/store/message.h"

#include "runtime/base/error.h"
#include "runtime/store/content.h"
#include "runtime/store/store.h"

#include <stdlib.h>

/* -- listing -- */

#define LIST_FROM(texts)                                                                 \
	"SELECT m.uid, m.flags, m.modseq, m.size, m.internal_date, m.content, " texts    \
	" FROM message m JOIN content c ON c.id = m.content"                             \
	" WHERE m.mailbox = ?1 AND m.uid BETWEEN ?2 AND ?3 AND m.modseq > ?4"            \
	" ORDER BY m.uid"

/* By the set of texts that are wanted: those that are not are not even read. */
static const char *const list_sql[] = {
	"SELECT uid, flags, modseq, size, internal_date, content FROM message"
	" WHERE mailbox = ?1 AND uid BETWEEN ?2 AND ?3 AND modseq > ?4 ORDER BY uid",
	[MESSAGE_WANT_ENVELOPE] = LIST_FROM("c.envelope, '', ''"),
	[MESSAGE_WANT_BODY] = LIST_FROM("'', c.body, ''"),
	[MESSAGE_WANT_ENVELOPE | MESSAGE_WANT_BODY] = LIST_FROM("c.envelope, c.body, ''"),
	[MESSAGE_WANT_BODYSTRUCTURE] = LIST_FROM("'', '', c.bodystructure"),
	[MESSAGE_WANT_ENVELOPE | MESSAGE_WANT_BODYSTRUCTURE] =
			LIST_FROM("c.envelope, '', c.bodystructure"),
	[MESSAGE_WANT_BODY | MESSAGE_WANT_BODYSTRUCTURE] =
			LIST_FROM("'', c.body, c.bodystructure"),
	[MESSAGE_WANT_ENVELOPE | MESSAGE_WANT_BODY | MESSAGE_WANT_BODYSTRUCTURE] =
			LIST_FROM("c.envelope, c.body, c.bodystructure"),
};

/* A page that grows; its rows move to the arena at the end. */
struct listing {
	struct message_row *rows;
	size_t count, capacity;
	size_t bytes; /* of texts */
	struct message_budget budget;
	struct arena *arena;
	unsigned want;
};

static struct view take_text(struct listing *l, struct statement *s, int column)
{
	struct view text = column_view(s, column);

	l->bytes += text.len;
	return text.len ? arena_copy(l->arena, text) : VIEW_NULL;
}

static void take_row(struct listing *l, struct statement *s)
{
	struct message_row row = { .uid = (uint32_t)column_u64(s, 0),
		.flags = column_u64(s, 1),
		.modseq = column_u64(s, 2),
		.size = column_u64(s, 3),
		.internal_date = column_i64(s, 4),
		.content = column_i64(s, 5) };

	if (l->want & MESSAGE_WANT_ENVELOPE)
		row.envelope = take_text(l, s, 6);
	if (l->want & MESSAGE_WANT_BODY)
		row.body = take_text(l, s, 7);
	if (l->want & MESSAGE_WANT_BODYSTRUCTURE)
		row.bodystructure = take_text(l, s, 8);
	array_grow(&l->rows, &l->capacity, l->count + 1, sizeof(*l->rows));
	l->rows[l->count++] = row;
}

/* Lists one range; *next_out is the UID at which the budget was used up, or 0. */
static int list_range(struct account_store *store, int64_t mailbox,
		struct uid_range range, uint64_t changed_since, struct listing *l,
		uint32_t *next_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store, list_sql[l->want], &s);

	if (r)
		return r;
	bind_i64(s, 1, mailbox);
	bind_u64(s, 2, range.first);
	bind_u64(s, 3, range.last);
	bind_u64(s, 4, changed_since);
	while ((r = store_step(s)) == DATABASE_ROW) {
		if (l->count == l->budget.rows ||
				(l->count && l->bytes >= l->budget.bytes)) {
			*next_out = (uint32_t)column_u64(s, 0);
			return STORE_OK;
		}
		take_row(l, s);
	}
	return r;
}

int message_list(struct account_store *store, int64_t mailbox, const struct uid_set *uids,
		uint32_t from, uint64_t changed_since, unsigned want,
		struct message_budget budget, struct arena *arena,
		struct message_page *out)
{
	struct listing l = { .budget = budget, .arena = arena, .want = want & 7 };
	uint32_t next = 0;
	int r = STORE_OK;

	for (size_t i = uid_set_find(uids, from); !r && !next && i < uids->count; i++) {
		struct uid_range range = uids->ranges[i];

		if (range.first < from)
			range.first = from;
		r = list_range(store, mailbox, range, changed_since, &l, &next);
	}
	if (!r) {
		out->rows = arena_array(arena, l.count, sizeof(*l.rows));
		if (l.count)
			memcpy(out->rows, l.rows, l.count * sizeof(*l.rows));
		out->count = l.count;
		out->next = next;
	}
	free(l.rows);
	return r;
}

/* -- copying and moving -- */

static uint64_t bytes_of(const struct brief_list *list)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < list->count; i++)
		bytes += list->items[i].size;
	return bytes;
}

static int copy_rows(struct account_store *store, const struct brief_list *list,
		int64_t target, struct copy_result *out)
{
	int r = store_has_room(store, bytes_of(list)) ? STORE_OK : STORE_E_QUOTA;

	for (size_t i = 0; !r && i < list->count; i++)
		r = content_hold(store, list->items[i].content);
	if (!r)
		r = messages_put(store, target, list, ++store->counters.modseq, &out->to);
	store->counters.used += bytes_of(list);
	store->counters.messages += list->count;
	return r;
}

/* Two numbers: the target's is drawn first, so that who follows the source sees its own. */
static int move_rows(struct account_store *store, int64_t mailbox,
		const struct brief_list *list, int64_t target, struct copy_result *out)
{
	int r = messages_put(store, target, list, ++store->counters.modseq, &out->to);

	if (!r)
		r = messages_take(store, mailbox, list, ++store->counters.modseq);
	if (!r && list->count)
		out->modseq = store->counters.modseq;
	return r;
}

static int transfer(struct account_store *store, int64_t mailbox,
		const struct uid_set *uids, int64_t target, bool move,
		struct copy_result *out)
{
	CLEANUP(copy_result_free) struct copy_result result = { 0 };
	CLEANUP(store_end) struct store_change change = { 0 };
	CLEANUP(briefs_free) struct brief_list list = { 0 };
	struct mailbox_status from, to;
	int r = mailbox_status(store, mailbox, &from);

	if (!r)
		r = mailbox_status(store, target, &to);
	if (!r)
		r = briefs_read(store, mailbox, uids, &list);
	if (r)
		return r;
	result.uidvalidity = to.uidvalidity;
	result.modseq_before = result.modseq = from.modseq;
	for (size_t i = 0; i < list.count; i++)
		uid_set_add(&result.from, list.items[i].uid, list.items[i].uid);
	if (list.count) {
		r = store_begin(store, &change);
		if (!r)
			r = move ? move_rows(store, mailbox, &list, target, &result)
				 : copy_rows(store, &list, target, &result);
		if (!r)
			r = store_commit(&change);
	}
	if (r)
		return r;
	*out = result;
	result = (struct copy_result){ 0 };
	return STORE_OK;
}

int message_copy(struct account_store *store, int64_t mailbox, const struct uid_set *uids,
		int64_t target, struct copy_result *out)
{
	return transfer(store, mailbox, uids, target, false, out);
}

int message_move(struct account_store *store, int64_t mailbox, const struct uid_set *uids,
		int64_t target, struct copy_result *out)
{
	return transfer(store, mailbox, uids, target, true, out);
}

void copy_result_free(struct copy_result *result)
{
	uid_set_free(&result->from);
	uid_set_free(&result->to);
}

/* -- taking out -- */

static void keep_deleted(struct brief_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].flags & FLAG_DELETED)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

static int take_out(struct account_store *store, int64_t mailbox, struct brief_list *list,
		const struct mailbox_status *status, struct expunge_result *out)
{
	CLEANUP(store_end) struct store_change change = { 0 };
	struct expunge_result result = { .modseq_before = status->modseq,
		.modseq = status->modseq };
	int r = 0;

	if (list->count) {
		r = store_begin(store, &change);
		if (!r)
			r = messages_remove(
					store, mailbox, list, ++store->counters.modseq);
		result.modseq = store->counters.modseq;
		if (!r)
			r = store_commit(&change);
	}
	if (r)
		return r;
	for (size_t i = 0; i < list->count; i++)
		uid_set_add(&result.expunged, list->items[i].uid, list->items[i].uid);
	*out = result;
	return STORE_OK;
}

int message_expunge(struct account_store *store, int64_t mailbox,
		const struct uid_set *uids, struct expunge_result *out)
{
	CLEANUP(briefs_free) struct brief_list list = { 0 };
	struct mailbox_status status;
	int r = mailbox_status(store, mailbox, &status);

	if (!r && status.deleted)
		r = briefs_read(store, mailbox, uids, &list);
	if (r)
		return r;
	keep_deleted(&list);
	return take_out(store, mailbox, &list, &status, out);
}

int message_remove(struct account_store *store, int64_t mailbox,
		const struct uid_set *uids, struct expunge_result *out)
{
	CLEANUP(briefs_free) struct brief_list list = { 0 };
	struct mailbox_status status;
	int r = mailbox_status(store, mailbox, &status);

	if (!r)
		r = briefs_read(store, mailbox, uids, &list);
	return r ? r : take_out(store, mailbox, &list, &status, out);
}
