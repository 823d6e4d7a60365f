#include "runtime/imap/imap_session.h"

#include "runtime/base/error.h"
#include "runtime/imap/imap_flags.h"

#include <assert.h>

/* -- answering -- */

void imap_say(struct imap_session *s, struct view text)
{
	buf_add(&s->out, text);
}

void imap_sayf(struct imap_session *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vaddf(&s->out, format, args);
	va_end(args);
}

void imap_bye(struct imap_session *s, const char *text)
{
	if (!s->mid_line)
		imap_sayf(s, "* BYE %s\r\n", text);
	s->phase = IMAP_CLOSING;
}

static void check_errors(struct imap_session *s)
{
	enum limit limit = s->state == IMAP_GREETED ? LIMIT_IMAP_ERRORS_BEFORE_LOGIN
						    : LIMIT_IMAP_ERRORS;

	if (s->errors < limit_value(limit) || s->phase == IMAP_CLOSING)
		return;
	imap_sayf(s, "* %s\r\n", limit_reply(limit));
	s->phase = IMAP_CLOSING;
}

static bool may_expunge(const struct imap_session *s)
{
	const struct imap_command *c = s->command;

	return c->uid || !(c->row && c->row->flags & IMAP_KEEPS_NUMBERS);
}

/* An EXPUNGE that could not be told yet is older than changes that were: the client must
 * not take those for all there is (RFC 7162, 3.2 and 6). */
static void tell_modseq(struct imap_session *s)
{
	struct imap_view *view = s->view;
	bool all_told = view->vanished.count == 0;

	if (s->condstore && (!all_told || view->held_back))
		imap_sayf(s, "* OK [HIGHESTMODSEQ %" PRIu64 "] %s\r\n",
				all_told ? view->modseq : view->told,
				all_told ? "All is told" : "Not all is told yet");
	view->held_back = s->condstore && !all_told;
	if (all_told)
		view->told = view->modseq;
}

void imap_end_command(struct imap_session *s)
{
	struct imap_command *c = s->command;

	if (s->view && may_expunge(s))
		imap_view_expunge(s->view, &s->out);
	if (s->view)
		tell_modseq(s);
	imap_say(s, c->tag);
	imap_say(s, VIEW(" "));
	imap_say(s, c->reply);
	imap_say(s, VIEW("\r\n"));
	if (s->state != IMAP_GREETED && view_starts(c->reply, VIEW("OK")))
		s->errors = 0;
	imap_command_free(s);
	check_errors(s);
	if (s->draining && s->phase == IMAP_RUNNING)
		imap_bye(s, "The server is stopping; connect again");
}

void imap_finish(struct imap_session *s, struct view reply)
{
	struct imap_command *c = s->command;
	bool looks = c->row && c->row->flags & IMAP_LOOKS;

	c->reply = arena_copy(c->arena, reply);
	s->awaits_flush = false;
	s->input = IMAP_INPUT_COMMAND;
	if (s->view && s->phase == IMAP_RUNNING && (s->view->changed || looks))
		imap_sync(s);
	else
		imap_end_command(s);
}

void imap_finishf(struct imap_session *s, const char *format, ...)
{
	CLEANUP(buf_free) struct buf reply = BUF_NULL(SIZE_MAX / 2);
	va_list args;

	va_start(args, format);
	buf_vaddf(&reply, format, args);
	va_end(args);
	imap_finish(s, buf_view(&reply));
}

void imap_reject(struct imap_session *s, const char *reply)
{
	s->errors += view_starts(view_z(reply), VIEW("BAD"));
	if (s->command) {
		imap_finish(s, view_z(reply));
		return;
	}
	imap_sayf(s, "* %s\r\n", reply);
	check_errors(s);
}

void imap_refuse(struct imap_session *s, enum imap_outcome outcome)
{
	/* clang-format off */
	static const char *const replies[] = {
		[IMAP_E_REFUSED]     = "NO [AUTHENTICATIONFAILED] Wrong user name or password",
		[IMAP_E_UNAVAILABLE] = "NO [UNAVAILABLE] This cannot be done now; try again later",
		[IMAP_E_ABSENT]      = "NO [NONEXISTENT] No such mailbox",
		[IMAP_E_EXISTS]      = "NO [ALREADYEXISTS] A mailbox of that name is there",
		[IMAP_E_CANNOT]      = "NO [CANNOT] That cannot be done with this mailbox",
		[IMAP_E_QUOTA]       = "NO [OVERQUOTA] The mailbox is full; delete messages first",
		[IMAP_E_TOO_BIG]     = "NO [TOOBIG] Message size exceeds the limit",
		[IMAP_E_LIMIT]       = "NO [LIMIT] That is more than one account may have",
		[IMAP_E_GONE]        = "NO [EXPUNGEISSUED] The message has been expunged",
		[IMAP_E_READ_ONLY]   = "NO The mailbox is selected read-only",
		[IMAP_E_NOT_PERMITTED] = "NO [NOPERM] You may not do that in this shared mailbox",
	};
	/* clang-format on */

	assert(outcome > 0 && outcome < ARRAY_LEN(replies));
	imap_finish(s, view_z(replies[outcome]));
}

/* -- going on -- */

void imap_issue(struct imap_session *s, struct imap_op *op)
{
	assert(!s->op && !s->op_is_out);
	op->outcome = IMAP_OK;
	arena_reset(op->results);
	s->op = op;
}

void imap_issue_command_op(struct imap_session *s)
{
	imap_issue(s, TAKE(s->command->op));
}

void imap_wait_flush(struct imap_session *s)
{
	s->awaits_flush = true;
}

void imap_want_line(struct imap_session *s)
{
	s->input = IMAP_INPUT_LINE;
}

void *imap_command_op(struct imap_session *s, enum imap_op_kind kind)
{
	struct imap_op *op = imap_op_new(kind);

	assert(!s->command->op);
	s->command->op = op;
	return op;
}

struct imap_command *imap_command_new(struct imap_session *s)
{
	struct arena *arena = arena_new();

	assert(!s->command);
	s->command = ARENA_NEW(arena, struct imap_command);
	s->command->arena = arena;
	s->command->text = BUF_NULL(0);
	return s->command;
}

void imap_command_free(struct imap_session *s)
{
	struct imap_command *c = s->command;

	if (!c)
		return;
	s->command = NULL;
	buf_wipe(&c->text);
	op_free((struct op *)c->op);
	op_free((struct op *)c->kept);
	arena_free(c->arena);
}

/* -- the selected mailbox -- */

void imap_deselect(struct imap_session *s)
{
	imap_view_free(s->view);
	s->view = NULL;
	uid_set_free(&s->saved);
	s->state = IMAP_AUTHENTICATED;
}

void imap_sync(struct imap_session *s)
{
	struct imap_sync_op *op = imap_op_new(IMAP_OP_SYNC);

	op->mailbox = s->view->mailbox;
	op->since = s->view->modseq;
	op->next_uid = s->view->next_uid;
	s->view->changed = false;
	imap_issue(s, &op->op);
}

void imap_enable_condstore(struct imap_session *s)
{
	if (s->condstore)
		return;
	s->condstore = true;
	if (s->view)
		imap_sayf(s, "* OK [HIGHESTMODSEQ %" PRIu64 "] Known so far\r\n",
				s->view->told);
}

void imap_vanished(struct imap_session *s, const struct uid_set *uids)
{
	for (size_t i = 0; i < uids->count; i++)
		uid_set_add(&s->view->vanished, uids->ranges[i].first,
				uids->ranges[i].last);
}

static void tell_size(struct imap_session *s, const struct imap_sync_op *sync)
{
	struct imap_view *view = s->view;
	const struct uid_set *arrived = &sync->arrived;

	if (arrived->count == 0)
		return;
	for (size_t i = 0; i < arrived->count; i++)
		imap_view_add(view, arrived->ranges[i].first, arrived->ranges[i].last);
	imap_sayf(s, "* %" PRIu32 " EXISTS\r\n", view->exists);
}

void imap_tell_changes(struct imap_session *s, const struct imap_sync_op *sync)
{
	struct imap_view *view = s->view;

	if (sync->op.outcome == IMAP_E_ABSENT)
		imap_bye(s, "The selected mailbox has been deleted");
	if (sync->op.outcome)
		return;
	imap_vanished(s, &sync->vanished);
	if (may_expunge(s))
		imap_view_expunge(view, &s->out);
	tell_size(s, sync);
	for (size_t i = 0; i < sync->changed_count; i++)
		imap_tell_flags(s, &sync->changed[i], false);
	view->modseq = sync->modseq;
	if (view->next_uid < sync->uidnext)
		view->next_uid = sync->uidnext;
}

void imap_own_change(struct imap_session *s, uint64_t before, uint64_t now)
{
	if (s->view->modseq == before)
		s->view->modseq = now;
	else if (before != now)
		s->view->changed = true;
}

void imap_touched(struct imap_session *s, uint64_t mailbox)
{
	if (s->view && s->view->mailbox == mailbox)
		s->view->changed = true;
}

void imap_parse_messages(struct imap_session *s, struct imap_parse *p, bool by_uid,
		struct uid_set *uids)
{
	CLEANUP(uid_set_free) struct uid_set numbers = UID_SET_NULL;
	const struct imap_view *view = s->view;

	if (imap_parse_take(p, '$')) {
		uid_set_intersect(uids, &s->saved, &view->uids);
	} else if (by_uid) {
		imap_parse_set(p, imap_view_last(view), UINT32_MAX, &numbers);
		uid_set_intersect(uids, &view->uids, &numbers);
	} else {
		imap_parse_set(p, view->exists, view->exists, &numbers);
		imap_view_to_uids(view, &numbers, uids);
	}
}

void imap_add_flags(struct imap_session *s, const struct imap_flags *flags)
{
	imap_say(s, VIEW("FLAGS "));
	imap_flags_add(&s->out, flags);
}

void imap_tell_flags(
		struct imap_session *s, const struct imap_flags_row *row, bool silent)
{
	uint32_t number = imap_view_number(s->view, row->uid);
	const char *before = "";

	if (number == 0)
		return;
	imap_say(s, VIEW("* "));
	buf_add_u64(&s->out, number);
	imap_say(s, VIEW(" FETCH ("));
	if (s->command->uid || s->condstore) {
		imap_say(s, VIEW("UID "));
		buf_add_u64(&s->out, row->uid);
		before = " ";
	}
	if (!silent) {
		imap_say(s, view_z(before));
		imap_add_flags(s, &row->flags);
		before = " ";
	}
	if (s->condstore)
		imap_sayf(s, "%sMODSEQ (%" PRIu64 ")", before, row->modseq);
	imap_say(s, VIEW(")\r\n"));
}
