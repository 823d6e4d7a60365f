#include "runtime/store/mailbox.h"

#include "runtime/base/limit.h"
#include "runtime/store/store.h"

#include <errno.h>

#define STATUS_COLUMNS "id, uidvalidity, uidnext, messages, unseen, deleted, size, modseq"

static struct mailbox_status status_of(struct statement *s)
{
	return (struct mailbox_status){ .id = column_i64(s, 0),
		.uidvalidity = (uint32_t)column_u64(s, 1),
		.uidnext = (uint32_t)column_u64(s, 2),
		.messages = (uint32_t)column_u64(s, 3),
		.unseen = (uint32_t)column_u64(s, 4),
		.deleted = (uint32_t)column_u64(s, 5),
		.size = column_u64(s, 6),
		.modseq = column_u64(s, 7) };
}

/* A row, or STORE_E_ABSENT. */
static int one_row(struct statement *s)
{
	int r = store_step(s);

	if (r == DATABASE_ROW)
		return STORE_OK;
	return r ? r : STORE_E_ABSENT;
}

/* -- finding and looking -- */

/* `name` is in its standard form. */
static int find(struct account_store *store, struct view name, int64_t *id_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store, "SELECT id FROM mailbox WHERE name = ?1", &s);

	if (r)
		return r;
	bind_text(s, 1, name);
	r = one_row(s);
	if (r)
		return r;
	*id_out = column_i64(s, 0);
	return STORE_OK;
}

int mailbox_find(struct account_store *store, struct view name, int64_t *id_out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	if (mailbox_name(arena, name, &name))
		return STORE_E_ABSENT;
	return find(store, name, id_out);
}

int mailbox_status(struct account_store *store, int64_t id, struct mailbox_status *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store,
			"SELECT " STATUS_COLUMNS " FROM mailbox WHERE id = ?1", &s);

	if (r)
		return r;
	bind_i64(s, 1, id);
	r = one_row(s);
	if (r)
		return r;
	*out = status_of(s);
	return STORE_OK;
}

/* -- counters -- */

static void delta_count(
		struct mailbox_delta *delta, uint64_t flags, uint64_t size, int64_t sign)
{
	delta->messages += sign;
	delta->size += sign * (int64_t)size;
	if (!(flags & FLAG_SEEN))
		delta->unseen += sign;
	if (flags & FLAG_DELETED)
		delta->deleted += sign;
}

void mailbox_delta_add(struct mailbox_delta *delta, uint64_t flags, uint64_t size)
{
	delta_count(delta, flags, size, 1);
}

void mailbox_delta_drop(struct mailbox_delta *delta, uint64_t flags, uint64_t size)
{
	delta_count(delta, flags, size, -1);
}

int mailbox_apply(struct account_store *store, int64_t mailbox,
		const struct mailbox_delta *delta)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	struct store_counters *c = &store->counters;
	int r = store_prepare(store,
			"UPDATE mailbox SET messages = messages + ?2,"
			" unseen = unseen + ?3, deleted = deleted + ?4,"
			" size = size + ?5, modseq = max(modseq, ?6),"
			" uidnext = max(uidnext, ?7) WHERE id = ?1",
			&s);

	if (r)
		return r;
	bind_i64(s, 1, mailbox);
	bind_i64(s, 2, delta->messages);
	bind_i64(s, 3, delta->unseen);
	bind_i64(s, 4, delta->deleted);
	bind_i64(s, 5, delta->size);
	bind_u64(s, 6, delta->modseq);
	bind_u64(s, 7, delta->uidnext);
	c->uidnext = c->uidnext > delta->uidnext ? c->uidnext : delta->uidnext;
	return store_run(s);
}

/* -- making -- */

int mailbox_insert(struct account_store *store, struct view name, enum special_use use,
		int64_t *id_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store,
			"INSERT INTO mailbox (name, special_use, uidvalidity, uidnext,"
			" messages, unseen, deleted, size, modseq)"
			" VALUES (?1, ?2, ?3, 1, 0, 0, 0, 0, ?4)",
			&s);

	if (r)
		return r;
	bind_text(s, 1, name);
	bind_u64(s, 2, use);
	bind_u64(s, 3, ++store->counters.uidvalidity);
	bind_u64(s, 4, ++store->counters.modseq);
	r = store_run(s);
	if (!r)
		*id_out = database_last_id(store->db);
	return r;
}

static int count_of(struct account_store *store, const char *sql, uint64_t *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store, sql, &s);

	if (!r)
		r = one_row(s);
	if (!r)
		*out = column_u64(s, 0);
	return r;
}

static int refuse_past_limit(struct account_store *store, const char *sql)
{
	uint64_t count;
	int r = count_of(store, sql, &count);

	if (r)
		return r;
	return count < limit_value(LIMIT_STORE_MAILBOXES) ? STORE_OK : STORE_E_LIMIT;
}

/* STORE_E_EXISTS where it is there. */
static int refuse_present(struct account_store *store, struct view name)
{
	int64_t id;
	int r = find(store, name, &id);

	if (r == STORE_E_ABSENT)
		return STORE_OK;
	return r ? r : STORE_E_EXISTS;
}

int mailbox_create(struct account_store *store, struct view name, int64_t *id_out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(store_end) struct store_change change = { 0 };
	int r = mailbox_name(arena, name, &name);

	if (!r)
		r = refuse_present(store, name);
	if (!r)
		r = refuse_past_limit(store, "SELECT count(*) FROM mailbox");
	if (!r)
		r = store_begin(store, &change);
	if (!r)
		r = mailbox_insert(store, name, SPECIAL_NONE, id_out);
	return r ? r : store_commit(&change);
}

/* -- deleting -- */

static int remove_rows(struct account_store *store, const char *sql, int64_t mailbox)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store, sql, &s);

	if (r)
		return r;
	bind_i64(s, 1, mailbox);
	return store_run(s);
}

static int empty_mailbox(struct account_store *store, int64_t id)
{
	struct brief_list all = { 0 };
	int r = briefs_read(store, id, NULL, &all);

	if (!r)
		r = messages_remove(store, id, &all, ++store->counters.modseq);
	briefs_free(&all);
	return r;
}

int mailbox_delete(struct account_store *store, struct view name)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(store_end) struct store_change change = { 0 };
	int64_t id;
	int r;

	if (mailbox_name(arena, name, &name))
		return STORE_E_ABSENT;
	if (view_eq(name, VIEW("INBOX")))
		return STORE_E_INBOX;
	r = find(store, name, &id);
	if (!r)
		r = store_begin(store, &change);
	if (!r)
		r = empty_mailbox(store, id);
	if (!r)
		r = remove_rows(store, "DELETE FROM tombstone WHERE mailbox = ?1", id);
	if (!r)
		r = remove_rows(store, "DELETE FROM mailbox WHERE id = ?1", id);
	return r ? r : store_commit(&change);
}

/* -- renaming -- */

/* Everything below `name` sorts between "name/" and "name0", the byte behind '/'. */
static void bind_below(struct arena *arena, struct statement *s, int at, struct view name)
{
	bind_text(s, at, arena_printf(arena, "%.*s/", VIEW_ARG(name)));
	bind_text(s, at + 1, arena_printf(arena, "%.*s0", VIEW_ARG(name)));
}

static int has_below(struct account_store *store, struct arena *arena, struct view name)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store,
			"SELECT 1 FROM mailbox WHERE name > ?1 AND name < ?2 LIMIT 1",
			&s);

	if (r)
		return r;
	bind_below(arena, s, 1, name);
	return one_row(s);
}

/* The names that would be made must be neither taken nor too long. */
static int refuse_clash(struct account_store *store, struct arena *arena,
		struct view from, struct view to)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store,
			"SELECT name FROM mailbox WHERE name > ?1 AND name < ?2", &s);

	if (r)
		return r;
	bind_below(arena, s, 1, from);
	while ((r = store_step(s)) == DATABASE_ROW) {
		struct view below = view_from(column_view(s, 0), from.len);
		struct view name = arena_printf(
				arena, "%.*s%.*s", VIEW_ARG(to), VIEW_ARG(below));

		if (name.len > limit_value(LIMIT_IMAP_MAILBOX_NAME))
			return STORE_E_NAME;
		r = refuse_present(store, name);
		if (r)
			return r;
	}
	return r;
}

static int rename_tree(struct account_store *store, struct arena *arena, struct view from,
		struct view to)
{
	CLEANUP(store_end) struct store_change change = { 0 };
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_begin(store, &change);

	if (!r)
		r = store_prepare(store,
				"UPDATE mailbox SET modseq = ?5,"
				" name = ?4 || substr(name, length(?3) + 1)"
				" WHERE name = ?3 OR (name > ?1 AND name < ?2)",
				&s);
	if (r)
		return r;
	bind_below(arena, s, 1, from);
	bind_text(s, 3, from);
	bind_text(s, 4, to);
	bind_u64(s, 5, ++store->counters.modseq);
	r = store_run(s);
	return r ? r : store_commit(&change);
}

static int rename_inbox(struct account_store *store, struct view to)
{
	CLEANUP(store_end) struct store_change change = { 0 };
	struct brief_list all = { 0 };
	struct uid_set uids = UID_SET_NULL;
	int64_t inbox, target;
	int r = find(store, VIEW("INBOX"), &inbox);

	if (!r)
		r = store_begin(store, &change);
	if (!r)
		r = mailbox_insert(store, to, SPECIAL_NONE, &target);
	if (!r)
		r = briefs_read(store, inbox, NULL, &all);
	if (!r)
		r = messages_put(store, target, &all, store->counters.modseq, &uids);
	if (!r)
		r = messages_take(store, inbox, &all, ++store->counters.modseq);
	uid_set_free(&uids);
	briefs_free(&all);
	return r ? r : store_commit(&change);
}

int mailbox_rename(struct account_store *store, struct view from, struct view to)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	int64_t id;
	int r = mailbox_name(arena, to, &to);

	if (r)
		return r;
	if (mailbox_name(arena, from, &from))
		return STORE_E_ABSENT;
	r = refuse_present(store, to);
	if (r)
		return r;
	if (view_eq(from, VIEW("INBOX"))) {
		r = refuse_past_limit(store, "SELECT count(*) FROM mailbox");
		return r ? r : rename_inbox(store, to);
	}
	if (view_starts(to, from) && to.data[from.len] == MAILBOX_SEPARATOR)
		return STORE_E_NAME;
	r = find(store, from, &id);
	if (r == STORE_E_ABSENT)
		r = has_below(store, arena, from);
	if (!r)
		r = refuse_clash(store, arena, from, to);
	return r ? r : rename_tree(store, arena, from, to);
}

/* -- subscriptions -- */

int mailbox_subscribe(struct account_store *store, struct view name, bool subscribed)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(store_end) struct store_change change = { 0 };
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = mailbox_name(arena, name, &name);

	if (!r && subscribed)
		r = refuse_past_limit(store, "SELECT count(*) FROM subscription");
	if (!r)
		r = store_begin(store, &change);
	if (!r)
		r = store_prepare(store,
				subscribed ? "INSERT OR IGNORE INTO subscription VALUES "
					     "(?1)"
					   : "DELETE FROM subscription WHERE name = ?1",
				&s);
	if (r)
		return r;
	bind_text(s, 1, name);
	r = store_run(s);
	return r ? r : store_commit(&change);
}
