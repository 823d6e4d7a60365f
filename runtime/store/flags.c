#include "runtime/store/flags.h"

#include "runtime/store/store.h"

/* A removal gives no bit to a keyword that has none. */
static int resolve(struct account_store *store, const struct flags_change *change,
		uint64_t *bits_out)
{
	struct view rest = change->flags.keywords;
	uint64_t bits = change->flags.system & FLAGS_SYSTEM;

	if (change->action != FLAGS_REMOVE)
		return flags_resolve(store, &change->flags, bits_out);
	while (rest.len)
		bits |= flags_keyword_mask(store, view_cut(&rest, ' '));
	*bits_out = bits;
	return STORE_OK;
}

static uint64_t changed(uint64_t flags, enum flags_action action, uint64_t bits)
{
	switch (action) {
	case FLAGS_ADD:
		return flags | bits;
	case FLAGS_REMOVE:
		return flags & ~bits;
	case FLAGS_REPLACE:
		break;
	}
	return bits;
}

static int write_row(struct account_store *store, int64_t mailbox, uint32_t uid,
		uint64_t flags, uint64_t modseq)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store,
			"UPDATE message SET flags = ?3, modseq = ?4"
			" WHERE mailbox = ?1 AND uid = ?2",
			&s);

	if (r)
		return r;
	bind_i64(s, 1, mailbox);
	bind_u64(s, 2, uid);
	bind_u64(s, 3, flags);
	bind_u64(s, 4, modseq);
	return store_run(s);
}

/* Writes the rows that change; `delta` is what that does to the mailbox. */
static int apply(struct account_store *store, int64_t mailbox,
		const struct brief_list *list, const struct flags_change *change,
		struct flags_stored *out, struct mailbox_delta *delta)
{
	uint64_t bits, modseq = store->counters.modseq + 1;
	int r = resolve(store, change, &bits);

	for (size_t i = 0; !r && i < list->count; i++) {
		const struct message_brief *m = &list->items[i];
		uint64_t flags = r ? 0 : changed(m->flags, change->action, bits);
		struct flags_row row = { .uid = m->uid,
			.changed = flags != m->flags,
			.flags = flags,
			.modseq = m->modseq };

		if (m->modseq > change->unchanged_since) {
			uid_set_add(&out->modified, m->uid, m->uid);
			continue;
		}
		if (row.changed) {
			row.modseq = delta->modseq = modseq;
			mailbox_delta_drop(delta, m->flags, m->size);
			mailbox_delta_add(delta, flags, m->size);
			r = write_row(store, mailbox, m->uid, flags, modseq);
		}
		out->rows[out->count++] = row;
	}
	return r;
}

static int store_flags(struct account_store *store, int64_t mailbox,
		const struct brief_list *list, const struct flags_change *change,
		struct flags_stored *out)
{
	CLEANUP(store_end) struct store_change transaction = { 0 };
	struct mailbox_delta delta = { 0 };
	int r = store_begin(store, &transaction);

	if (!r)
		r = apply(store, mailbox, list, change, out, &delta);
	if (!r && !delta.modseq && !store->keywords_changed)
		return STORE_OK; /* nothing to keep: no flush */
	if (!r && delta.modseq) {
		store->counters.modseq = delta.modseq;
		out->modseq = delta.modseq;
		r = mailbox_apply(store, mailbox, &delta);
	}
	return r ? r : store_commit(&transaction);
}

int flags_store(struct account_store *store, int64_t mailbox, const struct uid_set *uids,
		const struct flags_change *change, struct arena *arena,
		struct flags_stored *out)
{
	struct flags_stored stored = { .modified = UID_SET_NULL };
	struct brief_list list = { 0 };
	struct mailbox_status status;
	int r = mailbox_status(store, mailbox, &status);

	if (!r)
		r = briefs_read(store, mailbox, uids, &list);
	if (!r) {
		stored.rows = arena_array(arena, list.count, sizeof(*stored.rows));
		stored.modseq_before = stored.modseq = status.modseq;
		r = store_flags(store, mailbox, &list, change, &stored);
	}
	briefs_free(&list);
	if (r)
		uid_set_free(&stored.modified);
	else
		*out = stored;
	return r;
}
