/* CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, STATUS (RFC 3501, 6.3). */
#include "runtime/imap/imap_command.h"
#include "runtime/imap/imap_name.h"

/* -- commands that name a mailbox and are done -- */

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

void imap_mailbox_proceed(struct imap_session *s, struct imap_op *answer)
{
	if (!answer)
		imap_issue_command_op(s);
	else if (answer->outcome)
		imap_refuse(s, answer->outcome);
	else
		imap_finish(s, VIEW("OK Done"));
}

/* -- STATUS -- */

enum status_item {
	STATUS_MESSAGES,
	STATUS_RECENT,
	STATUS_UIDNEXT,
	STATUS_UIDVALIDITY,
	STATUS_UNSEEN,
};

static const char *const status_items[] = {
	[STATUS_MESSAGES] = "MESSAGES",
	[STATUS_RECENT] = "RECENT",
	[STATUS_UIDNEXT] = "UIDNEXT",
	[STATUS_UIDVALIDITY] = "UIDVALIDITY",
	[STATUS_UNSEEN] = "UNSEEN",
};

static uint32_t status_number(const struct imap_status_op *op, enum status_item item)
{
	switch (item) {
	case STATUS_MESSAGES:
		return op->messages;
	case STATUS_UIDNEXT:
		return op->uidnext;
	case STATUS_UIDVALIDITY:
		return op->uidvalidity;
	case STATUS_UNSEEN:
		return op->unseen;
	default:
		return 0;
	}
}

/* A set of one. */
static unsigned parse_status_item(struct imap_parse *p)
{
	struct view word = imap_parse_word(p);

	for (size_t i = 0; i < ARRAY_LEN(status_items); i++)
		if (view_eq_nocase(word, view_z(status_items[i])))
			return 1U << i;
	imap_parse_fail(p, "BAD There is no such status item");
	return 0;
}

void imap_status_parse(struct imap_session *s, struct imap_parse *p)
{
	struct imap_status_op *op = imap_command_op(s, IMAP_OP_STATUS);
	unsigned *items = ARENA_NEW(s->command->arena, unsigned);

	s->command->state = items;
	imap_parse_space(p);
	op->name = imap_name_parse(p, op->op.arena);
	imap_parse_space(p);
	imap_parse_expect(p, '(', "BAD A list of status items is expected here");
	do {
		*items |= parse_status_item(p);
	} while (imap_parse_take(p, ' '));
	imap_parse_expect(p, ')', "BAD A list of status items is not closed");
	imap_parse_end(p);
}

void imap_status_proceed(struct imap_session *s, struct imap_op *answer)
{
	const struct imap_status_op *op = (struct imap_status_op *)answer;
	const unsigned *items = s->command->state;
	const char *before = "";

	if (!answer) {
		imap_issue_command_op(s);
		return;
	}
	if (answer->outcome) {
		imap_refuse(s, answer->outcome);
		return;
	}
	imap_say(s, VIEW("* STATUS "));
	imap_name_add(&s->out, op->name);
	imap_say(s, VIEW(" ("));
	for (size_t i = 0; i < ARRAY_LEN(status_items); i++) {
		if (!(*items & 1U << i))
			continue;
		imap_sayf(s, "%s%s %" PRIu32, before, status_items[i],
				status_number(op, (enum status_item)i));
		before = " ";
	}
	imap_say(s, VIEW(")\r\n"));
	imap_finish(s, VIEW("OK Done"));
}
