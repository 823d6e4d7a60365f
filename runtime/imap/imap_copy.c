/* COPY (RFC 3501, 6.4.7) and MOVE (RFC 6851), with COPYUID (RFC 4315, 3). */
#include "runtime/imap/imap_command.h"
#include "runtime/imap/imap_name.h"
#include "runtime/imap/imap_set.h"

static void parse(struct imap_session *s, struct imap_parse *p, bool move)
{
	struct imap_copy_op *op = imap_command_op(s, IMAP_OP_COPY);

	op->mailbox = s->view->mailbox;
	op->move = move;
	imap_parse_space(p);
	imap_parse_messages(s, p, s->command->uid, &op->uids);
	imap_parse_space(p);
	op->name = imap_name_parse(p, op->op.arena);
	imap_parse_end(p);
}

void imap_copy_parse(struct imap_session *s, struct imap_parse *p)
{
	parse(s, p, false);
}

void imap_move_parse(struct imap_session *s, struct imap_parse *p)
{
	parse(s, p, true);
}

static void add_copyuid(struct buf *out, const struct imap_copy_op *op)
{
	buf_addf(out, "OK [COPYUID %" PRIu32 " ", op->uidvalidity);
	imap_set_add(out, &op->from);
	buf_add_byte(out, ' ');
	imap_set_add(out, &op->to);
	buf_add_z(out, op->move ? "] Moved" : "] Copied");
}

static void tell(struct imap_session *s, const struct imap_copy_op *op)
{
	CLEANUP(buf_free) struct buf copyuid = BUF_NULL(SIZE_MAX / 2);

	imap_touched(s, op->destination);
	if (op->from.count == 0) {
		imap_finish(s, VIEW("OK [EXPUNGEISSUED] No such message is left"));
		return;
	}
	add_copyuid(&copyuid, op);
	if (!op->move) {
		imap_finish(s, buf_view(&copyuid));
		return;
	}
	/* Told before the EXPUNGEs that it explains (RFC 6851, 4.3). */
	imap_sayf(s, "* %.*s\r\n", VIEW_ARG(buf_view(&copyuid)));
	imap_vanished(s, &op->from);
	if (op->destination != op->mailbox)
		imap_own_change(s, op->modseq_before, op->modseq);
	imap_finish(s, VIEW("OK Moved"));
}

void imap_copy_proceed(struct imap_session *s, struct imap_op *answer)
{
	const struct imap_copy_op *op = (struct imap_copy_op *)s->command->op;

	if (answer && answer->outcome == IMAP_E_ABSENT)
		imap_finish(s, VIEW("NO [TRYCREATE] No such mailbox"));
	else if (answer && answer->outcome)
		imap_refuse(s, answer->outcome);
	else if (answer)
		tell(s, op);
	else if (op->move && s->view->read_only)
		imap_refuse(s, IMAP_E_READ_ONLY);
	else if (op->uids.count == 0)
		imap_finish(s, VIEW("OK There is no such message"));
	else
		imap_issue_command_op(s);
}
