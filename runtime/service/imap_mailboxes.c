/* Mailboxes for IMAP: their list, their state, and the one that a session selects. */
#include "runtime/service/imap_performer.h"
#include "runtime/store/change_feed.h"
#include "runtime/store/mailbox.h"

#include <stdlib.h>

enum {
	KEYWORDS_MAX = 8192
};

static const enum imap_special_use uses[] = {
	[SPECIAL_NONE] = IMAP_USE_NONE,
	[SPECIAL_DRAFTS] = IMAP_USE_DRAFTS,
	[SPECIAL_SENT] = IMAP_USE_SENT,
	[SPECIAL_TRASH] = IMAP_USE_TRASH,
	[SPECIAL_JUNK] = IMAP_USE_JUNK,
	[SPECIAL_ARCHIVE] = IMAP_USE_ARCHIVE,
};

static int by_name(const void *a, const void *b)
{
	const struct imap_mailbox_row *left = a, *right = b;

	return view_compare(left->name, right->name);
}

static struct imap_counts counts_of(const struct mailbox_status *status)
{
	return (struct imap_counts){
		.messages = status->messages,
		.unseen = status->unseen,
		.uidnext = status->uidnext,
		.uidvalidity = status->uidvalidity,
		.size = status->size,
		.modseq = status->modseq,
	};
}

int imap_perform_list(
		struct imap_performer *p, struct account_store *store, struct imap_op *op)
{
	struct imap_list_op *list = (struct imap_list_op *)op;
	struct mailbox_entry *entries;
	size_t count;
	int r;

	(void)p;
	r = mailbox_list(store, op->results, &entries, &count);
	if (r)
		return r;
	list->rows = arena_array(op->results, count, sizeof(*list->rows));
	list->count = count;
	for (size_t i = 0; i < count; i++)
		list->rows[i] = (struct imap_mailbox_row){
			.name = entries[i].name,
			.use = uses[entries[i].special_use],
			.subscribed = entries[i].subscribed,
			.exists = entries[i].exists,
			.selectable = entries[i].id != 0,
			.counts = counts_of(&entries[i].status),
		};
	qsort(list->rows, count, sizeof(*list->rows), by_name);
	return 0;
}

int imap_perform_status(
		struct imap_performer *p, struct account_store *store, struct imap_op *op)
{
	struct imap_status_op *status = (struct imap_status_op *)op;
	struct mailbox_status now;
	int64_t id;
	int r;

	(void)p;
	r = mailbox_find(store, status->name, &id);
	if (r)
		return r;
	r = mailbox_status(store, id, &now);
	if (r)
		return r;
	status->counts = counts_of(&now);
	return 0;
}

int imap_perform_create(
		struct imap_performer *p, struct account_store *store, struct imap_op *op)
{
	int64_t id;

	imap_perform_changed(p, 0);
	return mailbox_create(store, ((struct imap_name_op *)op)->name, &id);
}

int imap_perform_delete(
		struct imap_performer *p, struct account_store *store, struct imap_op *op)
{
	struct imap_name_op *gone = (struct imap_name_op *)op;
	int64_t id;
	int r;

	r = mailbox_find(store, gone->name, &id);
	if (r)
		return r;
	gone->mailbox = (uint64_t)id;
	imap_perform_changed(p, id);
	imap_perform_changed(p, 0);
	return mailbox_delete(store, gone->name);
}

int imap_perform_rename(
		struct imap_performer *p, struct account_store *store, struct imap_op *op)
{
	struct imap_name_op *rename = (struct imap_name_op *)op;
	int64_t id;

	/* INBOX stays, and what was in it is gone from it. */
	if (view_eq(rename->name, VIEW("INBOX")) &&
			mailbox_find(store, rename->name, &id) == 0) {
		rename->mailbox = (uint64_t)id;
		imap_perform_changed(p, id);
	}
	imap_perform_changed(p, 0);
	return mailbox_rename(store, rename->name, rename->to);
}

int imap_perform_subscribe(
		struct imap_performer *p, struct account_store *store, struct imap_op *op)
{
	imap_perform_changed(p, 0);
	return mailbox_subscribe(store, ((struct imap_name_op *)op)->name,
			op->op.kind == IMAP_OP_SUBSCRIBE);
}

/* -- the selected mailbox -- */

int imap_perform_select(
		struct imap_performer *p, struct account_store *store, struct imap_op *op)
{
	struct imap_select_op *select = (struct imap_select_op *)op;
	CLEANUP(mailbox_view_free) struct mailbox_view view = { 0 };
	CLEANUP(buf_free) struct buf keywords = BUF_NULL(KEYWORDS_MAX);
	int64_t id;
	int r;

	(void)p;
	r = mailbox_find(store, select->name, &id);
	if (r)
		return r;
	r = mailbox_open(store, id, &view);
	if (r)
		return r;
	flags_keywords(store, ~FLAGS_SYSTEM, &keywords);
	select->mailbox = (uint64_t)id;
	select->uidvalidity = view.status.uidvalidity;
	select->uidnext = view.status.uidnext;
	select->modseq = view.status.modseq;
	select->first_unseen = view.first_unseen;
	select->keywords = arena_copy(op->results, buf_view(&keywords));
	select->uids = view.uids;
	view.uids = UID_SET_NULL;
	return 0;
}

static void take_changes(const struct account_store *store, struct imap_sync_op *sync,
		struct changes *changes)
{
	struct imap_flag_names names = { 0 };

	sync->modseq = changes->status.modseq;
	sync->uidnext = changes->status.uidnext;
	sync->vanished = changes->vanished;
	changes->vanished = UID_SET_NULL;
	sync->changed = arena_array(
			sync->op.results, changes->count, sizeof(*sync->changed));
	for (size_t i = 0; i < changes->count; i++) {
		const struct message_row *row = &changes->rows[i];

		if (row->uid >= sync->next_uid)
			uid_set_add(&sync->arrived, row->uid, row->uid);
		else
			sync->changed[sync->changed_count++] =
					(struct imap_flags_row){ row->uid,
						imap_flags_of(store, row->flags, &names,
								sync->op.results),
						row->modseq };
	}
}

int imap_perform_sync(
		struct imap_performer *p, struct account_store *store, struct imap_op *op)
{
	struct imap_sync_op *sync = (struct imap_sync_op *)op;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct changes changes = { 0 };
	int r;

	(void)p;
	r = changes_read(store, (int64_t)sync->mailbox, sync->since, arena, &changes);
	if (r == 0)
		take_changes(store, sync, &changes);
	uid_set_free(&changes.vanished);
	return r;
}
