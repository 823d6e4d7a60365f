/* APPEND (RFC 3501, 6.3.11), with APPENDUID (RFC 4315, 3).
 *
 *   BEGIN ──accepted──► octets ──chunk full──► CHUNK ──► octets … ──► line ──► COMMIT
 *     │ refused                                  │ refused             │ more words
 *     │  synchronising: NO                       └──► octets dropped ──┴──► ABORT, NO
 *     └─ else: octets dropped, NO
 *
 * The message is never held: octets go out in chunks of IMAP_CHUNK. */
#include "runtime/imap/imap_command.h"
#include "runtime/imap/imap_flags.h"
#include "runtime/imap/imap_name.h"
#include "runtime/mail/date.h"

struct append {
	bool nonsync;
	bool open;           /* the performer holds a message */
	bool over;           /* all octets are in */
	const char *refusal; /* the reply in place of OK */
};

static struct imap_append_op *append_op(const struct imap_session *s)
{
	return (struct imap_append_op *)s->command->op;
}

void imap_append_parse(struct imap_session *s, struct imap_parse *p)
{
	imap_parse_fail(p, "BAD APPEND takes a mailbox and a message as a literal");
}

/* "mailbox [(flags)] [date-time] " */
static void parse_arguments(
		struct imap_session *s, struct imap_parse *p, struct imap_append_op *op)
{
	struct date date;

	imap_parse_space(p);
	op->name = imap_name_parse(p, op->op.arena);
	imap_parse_space(p);
	if (imap_parse_peek(p, '(')) {
		imap_flags_parse(p, false, op->op.arena, &op->flags);
		imap_parse_space(p);
	}
	op->has_date = imap_parse_peek(p, '"');
	if (op->has_date) {
		if (!internaldate_parse(imap_parse_string(p), &date))
			imap_parse_fail(p, "BAD That is no date and time");
		else
			op->date = date.time;
		imap_parse_space(p);
	}
	imap_parse_end(p);
	if (!p->error && op->size == 0)
		imap_parse_fail(p, "NO [CANNOT] A message has at least one octet");
	if (!p->error && op->size > limit_value(LIMIT_IMAP_APPEND))
		imap_parse_fail(p, limit_reply(LIMIT_IMAP_APPEND));
}

static void receive(struct imap_session *s)
{
	imap_reader_stream(&s->reader);
	s->input = IMAP_INPUT_MESSAGE;
}

/* Octets that were not asked for come in any case and must be passed over. */
static void refuse_literal(struct imap_session *s, const char *reply)
{
	struct append *a = s->command->state;

	a->refusal = reply;
	if (a->nonsync)
		receive(s);
	else
		imap_reject(s, reply);
}

void imap_append_begin(struct imap_session *s, struct imap_parse *p)
{
	struct append *a = ARENA_NEW(s->command->arena, struct append);
	struct imap_append_op *op = imap_command_op(s, IMAP_OP_APPEND_BEGIN);

	s->command->state = a;
	a->nonsync = s->reader.nonsync;
	op->size = s->reader.left;
	op->chunk = BUF_NULL(IMAP_CHUNK);
	if (!p->error)
		parse_arguments(s, p, op);
	if (p->error)
		refuse_literal(s, p->error);
	else
		imap_issue_command_op(s);
}

/* -- octets -- */

size_t imap_append_room(const struct imap_session *s)
{
	const struct append *a = s->command->state;

	return a->refusal ? SIZE_MAX : IMAP_CHUNK - append_op(s)->chunk.len;
}

static void send(struct imap_session *s, enum imap_op_kind kind)
{
	append_op(s)->op.op.kind = kind;
	imap_issue_command_op(s);
}

void imap_append_octets(struct imap_session *s, struct view octets)
{
	const struct append *a = s->command->state;

	if (a->refusal)
		return;
	buf_add(&append_op(s)->chunk, octets);
	if (append_op(s)->chunk.len == IMAP_CHUNK)
		send(s, IMAP_OP_APPEND_CHUNK);
}

void imap_append_end(struct imap_session *s)
{
	const struct append *a = s->command->state;

	s->input = IMAP_INPUT_TAIL;
	if (!a->refusal && append_op(s)->chunk.len)
		send(s, IMAP_OP_APPEND_CHUNK);
}

void imap_append_line(struct imap_session *s, struct view line)
{
	struct append *a = s->command->state;

	s->input = IMAP_INPUT_COMMAND;
	if (line.len && !a->refusal)
		a->refusal = "BAD One message is taken by each APPEND";
	if (!a->refusal)
		send(s, IMAP_OP_APPEND_COMMIT);
	else if (a->open)
		send(s, IMAP_OP_APPEND_ABORT);
	else
		imap_reject(s, a->refusal);
}

/* -- answers -- */

static const char *refusal_of(enum imap_outcome outcome)
{
	switch (outcome) {
	case IMAP_E_ABSENT:
		return "NO [TRYCREATE] No such mailbox";
	case IMAP_E_QUOTA:
		return "NO [OVERQUOTA] The mailbox is full; delete messages first";
	case IMAP_E_TOO_BIG:
		return limit_reply(LIMIT_IMAP_APPEND);
	case IMAP_E_NOT_PERMITTED:
		return "NO [NOPERM] You may not put messages into this shared mailbox";
	case IMAP_E_LIMIT:
		return "NO [LIMIT] More keywords than an account may have";
	default:
		return "NO [UNAVAILABLE] The message cannot be stored now; try again "
		       "later";
	}
}

static void take_begin(
		struct imap_session *s, struct append *a, enum imap_outcome outcome)
{
	if (outcome) {
		refuse_literal(s, refusal_of(outcome));
		return;
	}
	a->open = true;
	if (!a->nonsync)
		imap_say(s, VIEW("+ Ready\r\n"));
	receive(s);
}

static void take_commit(struct imap_session *s, const struct imap_append_op *op)
{
	if (op->op.outcome) {
		imap_finish(s, view_z(refusal_of(op->op.outcome)));
		return;
	}
	imap_touched(s, op->mailbox);
	imap_finishf(s, "OK [APPENDUID %" PRIu32 " %" PRIu32 "] Stored", op->uidvalidity,
			op->uid);
}

void imap_append_proceed(struct imap_session *s, struct imap_op *answer)
{
	struct imap_append_op *op = (struct imap_append_op *)answer;
	struct append *a = s->command->state;

	switch (answer->op.kind) {
	case IMAP_OP_APPEND_BEGIN:
		take_begin(s, a, answer->outcome);
		break;
	case IMAP_OP_APPEND_CHUNK:
		buf_clear(&op->chunk);
		if (answer->outcome)
			a->refusal = refusal_of(answer->outcome);
		break;
	case IMAP_OP_APPEND_COMMIT:
		take_commit(s, op);
		break;
	default:
		imap_reject(s, a->refusal);
	}
}
