/* STORE (RFC 3501, 6.4.6). */
#include "runtime/imap/imap_command.h"
#include "runtime/imap/imap_flags.h"

static void parse_mode(struct imap_parse *p, struct imap_store_op *op)
{
	if (imap_parse_take(p, '+'))
		op->mode = IMAP_STORE_ADD;
	else if (imap_parse_take(p, '-'))
		op->mode = IMAP_STORE_REMOVE;
	else
		op->mode = IMAP_STORE_SET;
	op->silent = imap_parse_take_word(p, "FLAGS.SILENT");
	if (!op->silent && !imap_parse_take_word(p, "FLAGS"))
		imap_parse_fail(p, "BAD FLAGS or FLAGS.SILENT is expected here");
}

void imap_store_parse(struct imap_session *s, struct imap_parse *p)
{
	struct imap_store_op *op = imap_command_op(s, IMAP_OP_STORE);

	op->mailbox = s->view->mailbox;
	imap_parse_space(p);
	imap_parse_messages(s, p, s->command->uid, &op->uids);
	imap_parse_space(p);
	parse_mode(p, op);
	imap_parse_space(p);
	imap_flags_parse(p, true, op->op.arena, &op->flags);
	imap_parse_end(p);
}

static void tell(struct imap_session *s, const struct imap_store_op *op)
{
	for (size_t i = 0; i < op->count; i++)
		imap_tell_flags(s, &op->rows[i]);
	imap_own_change(s, op->modseq_before, op->modseq);
	imap_finish(s, VIEW("OK Stored"));
}

void imap_store_proceed(struct imap_session *s, struct imap_op *answer)
{
	const struct imap_store_op *op = (struct imap_store_op *)s->command->op;

	if (answer && answer->outcome)
		imap_refuse(s, answer->outcome);
	else if (answer)
		tell(s, op);
	else if (s->view->read_only)
		imap_refuse(s, IMAP_E_READ_ONLY);
	else if (op->uids.count == 0)
		imap_finish(s, VIEW("OK There is no such message"));
	else
		imap_issue_command_op(s);
}
