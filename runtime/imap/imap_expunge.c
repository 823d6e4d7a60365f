/* EXPUNGE (RFC 3501, 6.4.3) and UID EXPUNGE (RFC 4315, 2.1). */
#include "runtime/imap/imap_command.h"

void imap_expunge_parse(struct imap_session *s, struct imap_parse *p)
{
	struct imap_expunge_op *op = imap_command_op(s, IMAP_OP_EXPUNGE);

	op->mailbox = s->view->mailbox;
	if (s->command->uid) {
		imap_parse_space(p);
		imap_parse_messages(s, p, true, &op->uids);
	} else {
		uid_set_copy(&op->uids, &s->view->uids);
	}
	imap_parse_end(p);
}

void imap_expunge_proceed(struct imap_session *s, struct imap_op *answer)
{
	const struct imap_expunge_op *op = (struct imap_expunge_op *)s->command->op;

	if (!answer) {
		if (s->view->read_only)
			imap_refuse(s, IMAP_E_READ_ONLY);
		else
			imap_issue_command_op(s);
		return;
	}
	if (answer->outcome) {
		imap_refuse(s, answer->outcome);
		return;
	}
	imap_vanished(s, &op->expunged);
	imap_own_change(s, op->modseq_before, op->modseq);
	imap_finish(s, VIEW("OK Expunged"));
}
