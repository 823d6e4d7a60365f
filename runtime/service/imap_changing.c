/* What IMAP changes in a mailbox: flags, copies, and what is taken out. */
#include "runtime/service/imap_performer.h"
#include "runtime/store/mailbox.h"
#include "runtime/store/message.h"

/* -- flags -- */

static const enum flags_action actions[] = {
	[IMAP_STORE_SET] = FLAGS_REPLACE,
	[IMAP_STORE_ADD] = FLAGS_ADD,
	[IMAP_STORE_REMOVE] = FLAGS_REMOVE,
};

static void take_rows(const struct account_store *store, struct imap_store_op *op,
		const struct flags_stored *stored)
{
	struct imap_flag_names names = { 0 };

	op->rows = arena_array(op->op.results, stored->count, sizeof(*op->rows));
	op->count = stored->count;
	for (size_t i = 0; i < stored->count; i++)
		op->rows[i] = (struct imap_flags_row){ stored->rows[i].uid,
			imap_flags_of(store, stored->rows[i].flags, &names,
					op->op.results),
			stored->rows[i].modseq };
}

int imap_perform_store(
		struct imap_performer *p, struct account_store *store, struct imap_op *op)
{
	struct imap_store_op *change = (struct imap_store_op *)op;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const struct flags_change how = {
		.action = actions[change->mode],
		.flags = imap_flag_list(&change->flags),
		.unchanged_since = change->unchanged_since,
	};
	struct flags_stored stored = { 0 };
	int r;

	r = flags_store(store, (int64_t)change->mailbox, &change->uids, &how, arena,
			&stored);
	if (r)
		return r;
	change->modified = stored.modified;
	change->modseq_before = stored.modseq_before;
	change->modseq = stored.modseq;
	if (!change->silent)
		take_rows(store, change, &stored);
	if (stored.modseq != stored.modseq_before)
		imap_perform_changed(p, (int64_t)change->mailbox);
	return 0;
}

/* -- copies -- */

static void take_copy(struct imap_performer *p, struct imap_copy_op *op,
		struct copy_result *result)
{
	op->uidvalidity = result->uidvalidity;
	op->modseq_before = result->modseq_before;
	op->modseq = result->modseq;
	op->from = result->from;
	op->to = result->to;
	result->from = result->to = UID_SET_NULL;
	if (op->from.count == 0)
		return;
	imap_perform_changed(p, (int64_t)op->destination);
	if (op->move && op->mailbox != op->destination)
		imap_perform_changed(p, (int64_t)op->mailbox);
}

int imap_perform_copy(
		struct imap_performer *p, struct account_store *store, struct imap_op *op)
{
	struct imap_copy_op *copy = (struct imap_copy_op *)op;
	struct copy_result result = { 0 };
	int64_t target;
	int r;

	r = mailbox_find(store, copy->name, &target);
	if (r)
		return r;
	copy->destination = (uint64_t)target;
	r = (copy->move ? message_move : message_copy)(
			store, (int64_t)copy->mailbox, &copy->uids, target, &result);
	if (r == 0)
		take_copy(p, copy, &result);
	copy_result_free(&result);
	return r;
}

/* -- what is taken out -- */

int imap_perform_expunge(
		struct imap_performer *p, struct account_store *store, struct imap_op *op)
{
	struct imap_expunge_op *expunge = (struct imap_expunge_op *)op;
	struct expunge_result result = { 0 };
	int r;

	r = message_expunge(store, (int64_t)expunge->mailbox, &expunge->uids, &result);
	if (r)
		return r;
	expunge->expunged = result.expunged;
	expunge->modseq_before = result.modseq_before;
	expunge->modseq = result.modseq;
	if (expunge->expunged.count)
		imap_perform_changed(p, (int64_t)expunge->mailbox);
	return 0;
}
