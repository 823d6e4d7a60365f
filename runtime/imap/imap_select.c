/* SELECT, EXAMINE (RFC 3501, 6.3.1 and 6.3.2; CONDSTORE, RFC 7162, 3.1.8), CLOSE (6.4.2),
 * UNSELECT (RFC 3691). */
#include "runtime/imap/imap_command.h"
#include "runtime/imap/imap_flags.h"
#include "runtime/imap/imap_name.h"

/* " (CONDSTORE)" */
static void parse_parameters(struct imap_session *s, struct imap_parse *p)
{
	if (!imap_parse_take(p, ' '))
		return;
	imap_parse_expect(p, '(', "BAD A list of parameters is expected here");
	do {
		if (!imap_parse_take_word(p, "CONDSTORE"))
			imap_parse_fail(p, "BAD There is no such parameter of SELECT");
	} while (imap_parse_take(p, ' '));
	imap_parse_expect(p, ')', "BAD A list of parameters is not closed");
	imap_parse_end(p);
	if (!p->error)
		s->condstore = true;
}

static void parse_select(struct imap_session *s, struct imap_parse *p, bool read_only)
{
	struct imap_select_op *op = imap_command_op(s, IMAP_OP_SELECT);

	op->read_only = read_only;
	imap_parse_space(p);
	op->name = imap_name_parse(p, op->op.arena);
	parse_parameters(s, p);
	imap_parse_end(p);
	/* Whatever becomes of it, no mailbox is selected now (6.3.1). */
	if (p->error && !view_starts(view_z(p->error), VIEW("NO")))
		return;
	if (s->view) /* RFC 7162, 3.2.11 */
		imap_say(s, VIEW("* OK [CLOSED] The other mailbox is closed\r\n"));
	imap_deselect(s);
}

void imap_select_parse(struct imap_session *s, struct imap_parse *p)
{
	parse_select(s, p, false);
}

void imap_examine_parse(struct imap_session *s, struct imap_parse *p)
{
	parse_select(s, p, true);
}

static void open_view(struct imap_session *s, struct imap_select_op *op)
{
	struct imap_view *view = imap_view_new(op->mailbox, op->read_only);

	imap_view_set(view, &op->uids, op->uidnext);
	view->modseq = view->told = op->modseq;
	s->view = view;
	s->state = IMAP_SELECTED;
}

static void tell_flags(struct imap_session *s, const struct imap_select_op *op)
{
	const char *before = op->keywords.len ? " " : "";

	imap_sayf(s, "* FLAGS (%s%s%.*s)\r\n", imap_system_flags, before,
			VIEW_ARG(op->keywords));
	if (op->read_only)
		imap_say(s, VIEW("* OK [PERMANENTFLAGS ()] Nothing can be changed\r\n"));
	else
		imap_sayf(s,
				"* OK [PERMANENTFLAGS (%s%s%.*s \\*)] These and new "
				"keywords are kept\r\n",
				imap_system_flags, before, VIEW_ARG(op->keywords));
}

void imap_select_proceed(struct imap_session *s, struct imap_op *answer)
{
	struct imap_select_op *op = (struct imap_select_op *)answer;

	if (!answer) {
		imap_issue_command_op(s);
		return;
	}
	if (answer->outcome) {
		imap_refuse(s, answer->outcome);
		return;
	}
	open_view(s, op);
	tell_flags(s, op);
	imap_sayf(s, "* %" PRIu32 " EXISTS\r\n* 0 RECENT\r\n", s->view->exists);
	if (op->first_unseen)
		imap_sayf(s, "* OK [UNSEEN %" PRIu32 "] The first unseen message\r\n",
				imap_view_number(s->view, op->first_unseen));
	imap_sayf(s, "* OK [UIDVALIDITY %" PRIu32 "] UIDs are valid\r\n",
			op->uidvalidity);
	imap_sayf(s, "* OK [UIDNEXT %" PRIu32 "] The next UID\r\n", op->uidnext);
	imap_sayf(s, "* OK [HIGHESTMODSEQ %" PRIu64 "] The last change\r\n", op->modseq);
	imap_finishf(s, "OK [READ-%s] Selected", op->read_only ? "ONLY" : "WRITE");
}

void imap_unselect_proceed(struct imap_session *s, struct imap_op *answer)
{
	imap_deselect(s);
	imap_finish(s, VIEW("OK Nothing is selected now"));
}

/* Expunges, and tells of none. */
void imap_close_proceed(struct imap_session *s, struct imap_op *answer)
{
	enum imap_outcome outcome = answer ? answer->outcome : IMAP_OK;

	if (!answer && !s->view->read_only) {
		struct imap_expunge_op *op = imap_command_op(s, IMAP_OP_EXPUNGE);

		op->mailbox = s->view->mailbox;
		uid_set_copy(&op->uids, &s->view->uids);
		imap_issue_command_op(s);
		return;
	}
	imap_deselect(s);
	if (outcome == IMAP_E_UNAVAILABLE)
		imap_refuse(s, outcome);
	else
		imap_finish(s, VIEW("OK Closed"));
}
