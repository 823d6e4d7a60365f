/* APPEND (RFC 3501, 6.3.11) of one message or more (MULTIAPPEND, RFC 3502), as literals or
 * binary literals (RFC 3516, 4.4), with APPENDUID (RFC 4315, 3).
 *
 *     ┌────────────── another literal is announced ───────────────┐
 *     ▼                                                           │
 *   BEGIN ──accepted──► octets ──chunk full──► CHUNK ──► octets … ┴──► line ──► COMMIT
 *     │ refused                                  │ refused               │ more words
 *     │  synchronising: ABORT, NO                └──► octets dropped ────┴──► ABORT, NO
 *     └─ else: octets dropped, ABORT, NO
 *
 * The messages are never held here: octets go out in chunks of IMAP_CHUNK. */
#include "runtime/imap/imap_command.h"
#include "runtime/imap/imap_flags.h"
#include "runtime/imap/imap_name.h"
#include "runtime/imap/imap_set.h"
#include "runtime/mail/date.h"

struct append {
	uint64_t messages;   /* announced so far */
	bool nonsync;        /* the one that comes now does so unasked */
	bool binary;         /* it is one of "~{n}", where NUL octets are no error */
	bool open;           /* the performer holds messages */
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

/* -- a message is announced -- */

/* " [(flags)] [date-time] " */
static void parse_arguments(struct imap_parse *p, struct imap_append_op *op)
{
	struct date date;

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
}

static void check_size(struct imap_parse *p, uint64_t size)
{
	if (!p->error && size == 0)
		imap_parse_fail(p, "NO [CANNOT] A message has at least one octet");
	if (!p->error && size > limit_value(LIMIT_IMAP_APPEND))
		imap_parse_fail(p, limit_reply(LIMIT_IMAP_APPEND));
}

static void send(struct imap_session *s, enum imap_op_kind kind)
{
	append_op(s)->op.op.kind = kind;
	imap_issue_command_op(s);
}

static void receive(struct imap_session *s)
{
	imap_reader_stream(&s->reader);
	s->input = IMAP_INPUT_MESSAGE;
}

/* The client sends no more of this command; none of its messages is stored. */
static void give_up(struct imap_session *s)
{
	const struct append *a = s->command->state;

	s->input = IMAP_INPUT_COMMAND;
	if (a->open)
		send(s, IMAP_OP_APPEND_ABORT);
	else
		imap_reject(s, a->refusal);
}

/* Octets that were not asked for come in any case and must be passed over. */
static void refuse_literal(struct imap_session *s, const char *reply)
{
	struct append *a = s->command->state;

	if (!a->refusal)
		a->refusal = reply;
	if (a->nonsync)
		receive(s);
	else
		give_up(s);
}

/* Behind the name of the mailbox, or behind another message. */
static void begin_message(struct imap_session *s, struct imap_parse *p)
{
	struct append *a = s->command->state;
	struct imap_append_op *op = append_op(s);

	a->nonsync = s->reader.nonsync;
	a->binary = s->reader.binary;
	op->size = s->reader.left;
	op->chunk = BUF_NULL(IMAP_CHUNK);
	parse_arguments(p, op);
	check_size(p, op->size);
	if (++a->messages > limit_value(LIMIT_IMAP_APPEND_MESSAGES))
		imap_parse_fail(p, limit_reply(LIMIT_IMAP_APPEND_MESSAGES));
	if (p->error || a->refusal)
		refuse_literal(s, p->error);
	else
		imap_issue_command_op(s);
}

void imap_append_begin(struct imap_session *s, struct imap_parse *p)
{
	struct imap_append_op *op = imap_command_op(s, IMAP_OP_APPEND_BEGIN);

	s->command->state = ARENA_NEW(s->command->arena, struct append);
	imap_parse_space(p);
	op->name = imap_name_parse(p, op->op.arena);
	begin_message(s, p);
}

void imap_append_next(struct imap_session *s)
{
	CLEANUP(buf_wipe) struct buf text = imap_reader_take(&s->reader);
	struct imap_parse p = { .data = text.data, .len = s->reader.announced };

	op_free(&TAKE(s->command->op)->op);
	(void)imap_command_op(s, IMAP_OP_APPEND_NEXT);
	begin_message(s, &p);
}

/* -- octets -- */

size_t imap_append_room(const struct imap_session *s)
{
	const struct append *a = s->command->state;

	return a->refusal ? SIZE_MAX : IMAP_CHUNK - append_op(s)->chunk.len;
}

void imap_append_octets(struct imap_session *s, struct view octets)
{
	struct append *a = s->command->state;

	/* We would have to send them back in a BODY[], which cannot have them (RFC 3501,
	 * 4.3.1). */
	if (!a->refusal && view_find(octets, '\0') < octets.len)
		a->refusal = a->binary ? "NO [UNKNOWN-CTE] Messages with NUL octets are "
					 "not kept; encode them"
				       : "BAD A literal has a NUL octet";
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

	if (line.len && !a->refusal)
		a->refusal = "BAD Another message or nothing follows a message";
	if (a->refusal) {
		give_up(s);
		return;
	}
	s->input = IMAP_INPUT_COMMAND;
	send(s, IMAP_OP_APPEND_COMMIT);
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
	CLEANUP(buf_free) struct buf uids = BUF_NULL(SIZE_MAX / 2);

	if (op->op.outcome) {
		imap_finish(s, view_z(refusal_of(op->op.outcome)));
		return;
	}
	imap_set_add(&uids, &op->uids);
	imap_touched(s, op->mailbox);
	imap_finishf(s, "OK [APPENDUID %" PRIu32 " %.*s] Stored", op->uidvalidity,
			VIEW_ARG(buf_view(&uids)));
}

void imap_append_proceed(struct imap_session *s, struct imap_op *answer)
{
	struct imap_append_op *op = (struct imap_append_op *)answer;
	struct append *a = s->command->state;

	switch (answer->op.kind) {
	case IMAP_OP_APPEND_BEGIN:
	case IMAP_OP_APPEND_NEXT:
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
