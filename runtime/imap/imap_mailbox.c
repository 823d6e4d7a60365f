/* CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 3501, 6.3): commands that name a
 * mailbox and are done. */
#include "runtime/imap/imap_command.h"
#include "runtime/imap/imap_name.h"

typedef struct view parse_name(struct imap_parse *p, struct arena *arena);

static struct imap_name_op *parse_named(struct imap_session *s, struct imap_parse *p,
		enum imap_op_kind kind, parse_name *parse)
{
	struct imap_name_op *op = imap_command_op(s, kind);

	imap_parse_space(p);
	op->name = parse(p, op->op.arena);
	return op;
}

void imap_create_parse(struct imap_session *s, struct imap_parse *p)
{
	parse_named(s, p, IMAP_OP_CREATE, imap_name_parse_new);
	imap_parse_end(p);
}

void imap_delete_parse(struct imap_session *s, struct imap_parse *p)
{
	parse_named(s, p, IMAP_OP_DELETE, imap_name_parse);
	imap_parse_end(p);
}

void imap_rename_parse(struct imap_session *s, struct imap_parse *p)
{
	struct imap_name_op *op = parse_named(s, p, IMAP_OP_RENAME, imap_name_parse);

	imap_parse_space(p);
	op->to = imap_name_parse_new(p, op->op.arena);
	imap_parse_end(p);
}

void imap_subscribe_parse(struct imap_session *s, struct imap_parse *p)
{
	parse_named(s, p, IMAP_OP_SUBSCRIBE, imap_name_parse);
	imap_parse_end(p);
}

void imap_unsubscribe_parse(struct imap_session *s, struct imap_parse *p)
{
	parse_named(s, p, IMAP_OP_UNSUBSCRIBE, imap_name_parse);
	imap_parse_end(p);
}

/* The session did it itself to the mailbox that it has selected: to lose it by DELETE is
 * no reason to close. */
static void tell_own(struct imap_session *s, const struct imap_name_op *op)
{
	if (op->op.op.kind == IMAP_OP_DELETE && s->view &&
			s->view->mailbox == op->mailbox)
		imap_deselect(s);
	else
		imap_touched(s, op->mailbox);
}

void imap_mailbox_proceed(struct imap_session *s, struct imap_op *answer)
{
	if (!answer) {
		imap_issue_command_op(s);
	} else if (answer->outcome) {
		imap_refuse(s, answer->outcome);
	} else {
		tell_own(s, (struct imap_name_op *)answer);
		imap_finish(s, VIEW("OK Done"));
	}
}
