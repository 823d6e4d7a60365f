/* STORE (RFC 3501, 6.4.6), with UNCHANGEDSINCE (RFC 7162, 3.1.3). */
#include "runtime/imap/imap_command.h"
#include "runtime/imap/imap_flags.h"
#include "runtime/imap/imap_set.h"

struct store {
	bool silent;
	bool conditional;
};

/* " (UNCHANGEDSINCE 12)" */
static void parse_modifiers(
		struct imap_parse *p, struct store *store, struct imap_store_op *op)
{
	if (!imap_parse_take(p, '('))
		return;
	if (!imap_parse_take_word(p, "UNCHANGEDSINCE"))
		imap_parse_fail(p, "BAD There is no such modifier of STORE");
	imap_parse_space(p);
	op->unchanged_since = imap_parse_modseq(p);
	store->conditional = true;
	imap_parse_expect(p, ')', "BAD A list of modifiers is not closed");
	imap_parse_space(p);
}

static bool parse_mode(struct imap_parse *p, struct imap_store_op *op)
{
	bool silent;

	if (imap_parse_take(p, '+'))
		op->mode = IMAP_STORE_ADD;
	else if (imap_parse_take(p, '-'))
		op->mode = IMAP_STORE_REMOVE;
	else
		op->mode = IMAP_STORE_SET;
	silent = imap_parse_take_word(p, "FLAGS.SILENT");
	if (!silent && !imap_parse_take_word(p, "FLAGS"))
		imap_parse_fail(p, "BAD FLAGS or FLAGS.SILENT is expected here");
	return silent;
}

void imap_store_parse(struct imap_session *s, struct imap_parse *p)
{
	struct imap_store_op *op = imap_command_op(s, IMAP_OP_STORE);
	struct store *store = ARENA_NEW(s->command->arena, struct store);

	s->command->state = store;
	op->mailbox = s->view->mailbox;
	op->unchanged_since = UINT64_MAX;
	imap_parse_space(p);
	imap_parse_messages(s, p, s->command->uid, &op->uids);
	imap_parse_space(p);
	parse_modifiers(p, store, op);
	store->silent = parse_mode(p, op);
	imap_parse_space(p);
	imap_flags_parse(p, true, op->op.arena, &op->flags);
	imap_parse_end(p);
}

static void finish_modified(struct imap_session *s, const struct imap_store_op *op)
{
	CLEANUP(uid_set_free) struct uid_set numbers = UID_SET_NULL;
	CLEANUP(buf_free) struct buf set = BUF_NULL(SIZE_MAX / 2);

	if (s->command->uid)
		uid_set_copy(&numbers, &op->modified);
	else
		imap_view_to_numbers(s->view, &op->modified, &numbers);
	imap_set_add(&set, &numbers);
	imap_finishf(s, "OK [MODIFIED %.*s] These have changed since",
			VIEW_ARG(buf_view(&set)));
}

/* Whoever knows MODSEQs is told the new ones, also where he wants no flags: he could not
 * tell his own change from another's. */
static void tell(struct imap_session *s, const struct store *store,
		const struct imap_store_op *op)
{
	for (size_t i = 0; i < op->count; i++)
		imap_tell_flags(s, &op->rows[i], store->silent);
	imap_own_change(s, op->modseq_before, op->modseq);
	if (op->modified.count)
		finish_modified(s, op);
	else
		imap_finish(s, VIEW("OK Stored"));
}

void imap_store_proceed(struct imap_session *s, struct imap_op *answer)
{
	struct imap_store_op *op = (struct imap_store_op *)s->command->op;
	const struct store *store = s->command->state;

	if (answer && answer->outcome) {
		imap_refuse(s, answer->outcome);
		return;
	}
	if (answer) {
		tell(s, store, op);
		return;
	}
	if (store->conditional)
		imap_enable_condstore(s);
	op->silent = store->silent && !s->condstore;
	if (s->view->read_only)
		imap_refuse(s, IMAP_E_READ_ONLY);
	else if (op->uids.count == 0)
		imap_finish(s, VIEW("OK There is no such message"));
	else
		imap_issue_command_op(s);
}
