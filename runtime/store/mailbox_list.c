/* The list of mailboxes: those that are there, the bare levels above them, and the names
 * that are only subscribed to. */
#include "runtime/base/map.h"
#include "runtime/store/store.h"

#include <stdlib.h>

struct listing {
	struct arena *arena;
	struct map by_name; /* → struct mailbox_entry */
};

static struct mailbox_entry *entry_of(struct listing *l, struct view name)
{
	struct mailbox_entry *entry = map_get(&l->by_name, name);

	if (entry)
		return entry;
	entry = ARENA_NEW(l->arena, struct mailbox_entry);
	entry->name = arena_copy(l->arena, name);
	map_set(&l->by_name, entry->name, entry);
	return entry;
}

static int add_mailboxes(struct account_store *store, struct listing *l)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store,
			"SELECT name, special_use, id, uidvalidity, uidnext, messages,"
			" unseen, deleted, size, modseq FROM mailbox",
			&s);

	if (r)
		return r;
	while ((r = store_step(s)) == DATABASE_ROW) {
		struct mailbox_entry *entry = entry_of(l, column_view(s, 0));

		entry->exists = true;
		entry->special_use = (enum special_use)column_u64(s, 1);
		entry->id = column_i64(s, 2);
		entry->status = (struct mailbox_status){ .id = entry->id,
			.uidvalidity = (uint32_t)column_u64(s, 3),
			.uidnext = (uint32_t)column_u64(s, 4),
			.messages = (uint32_t)column_u64(s, 5),
			.unseen = (uint32_t)column_u64(s, 6),
			.deleted = (uint32_t)column_u64(s, 7),
			.size = column_u64(s, 8),
			.modseq = column_u64(s, 9) };
	}
	return r;
}

/* A bare level exists as much as its children do: it is listed and not selectable. */
static void add_levels(struct listing *l, struct view name)
{
	for (;;) {
		size_t slash = view_find_last(name, MAILBOX_SEPARATOR);
		struct mailbox_entry *parent;

		if (slash == name.len)
			return;
		name = view_sub(name, 0, slash);
		parent = entry_of(l, name);
		if (parent->has_children)
			return;
		parent->has_children = true;
		parent->exists = true;
	}
}

static int add_subscriptions(struct account_store *store, struct listing *l)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store, "SELECT name FROM subscription", &s);

	if (r)
		return r;
	while ((r = store_step(s)) == DATABASE_ROW)
		entry_of(l, column_view(s, 0))->subscribed = true;
	return r;
}

static int by_name(const void *a, const void *b)
{
	return view_compare(((const struct mailbox_entry *)a)->name,
			((const struct mailbox_entry *)b)->name);
}

static struct mailbox_entry *all_entries(struct listing *l, size_t *count_out)
{
	struct mailbox_entry *entries;
	size_t count = 0, at = 0;
	struct view name;
	void *value;

	entries = arena_array(l->arena, map_count(&l->by_name), sizeof(*entries));
	while (map_next(&l->by_name, &at, &name, &value))
		entries[count++] = *(struct mailbox_entry *)value;
	*count_out = count;
	return entries;
}

int mailbox_list(struct account_store *store, struct arena *arena,
		struct mailbox_entry **entries_out, size_t *count_out)
{
	struct listing l = { .arena = arena };
	struct mailbox_entry *entries;
	size_t count = 0;
	int r = add_mailboxes(store, &l);

	entries = r ? NULL : all_entries(&l, &count);
	for (size_t i = 0; i < count; i++)
		add_levels(&l, entries[i].name);
	if (!r)
		r = add_subscriptions(store, &l);
	if (!r) {
		*entries_out = all_entries(&l, count_out);
		if (*count_out)
			qsort(*entries_out, *count_out, sizeof(**entries_out), by_name);
	}
	map_free(&l.by_name);
	return r;
}
