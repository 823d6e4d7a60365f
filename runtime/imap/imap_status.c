/* STATUS (RFC 3501, 6.3.10), with SIZE (RFC 8438) and HIGHESTMODSEQ (RFC 7162, 3.1.7). */
#include "runtime/imap/imap_status.h"

#include "runtime/imap/imap_command.h"
#include "runtime/imap/imap_name.h"

enum status_item {
	STATUS_MESSAGES,
	STATUS_RECENT,
	STATUS_UIDNEXT,
	STATUS_UIDVALIDITY,
	STATUS_UNSEEN,
	STATUS_SIZE,
	STATUS_HIGHESTMODSEQ,
};

static const char *const items_by_name[] = {
	[STATUS_MESSAGES] = "MESSAGES",
	[STATUS_RECENT] = "RECENT",
	[STATUS_UIDNEXT] = "UIDNEXT",
	[STATUS_UIDVALIDITY] = "UIDVALIDITY",
	[STATUS_UNSEEN] = "UNSEEN",
	[STATUS_SIZE] = "SIZE",
	[STATUS_HIGHESTMODSEQ] = "HIGHESTMODSEQ",
};

static uint64_t number_of(const struct imap_counts *counts, enum status_item item)
{
	switch (item) {
	case STATUS_MESSAGES:
		return counts->messages;
	case STATUS_UIDNEXT:
		return counts->uidnext;
	case STATUS_UIDVALIDITY:
		return counts->uidvalidity;
	case STATUS_UNSEEN:
		return counts->unseen;
	case STATUS_SIZE:
		return counts->size;
	case STATUS_HIGHESTMODSEQ:
		return counts->modseq;
	case STATUS_RECENT:
		break;
	}
	return 0;
}

/* A set of one. */
static unsigned parse_item(struct imap_parse *p)
{
	struct view word = imap_parse_word(p);

	for (size_t i = 0; i < ARRAY_LEN(items_by_name); i++)
		if (view_eq_nocase(word, view_z(items_by_name[i])))
			return 1U << i;
	imap_parse_fail(p, "BAD There is no such status item");
	return 0;
}

unsigned imap_status_parse_items(struct imap_parse *p)
{
	unsigned items = 0;

	imap_parse_expect(p, '(', "BAD A list of status items is expected here");
	do {
		items |= parse_item(p);
	} while (imap_parse_take(p, ' '));
	imap_parse_expect(p, ')', "BAD A list of status items is not closed");
	return items;
}

bool imap_status_asks_modseq(unsigned items)
{
	return items & 1U << STATUS_HIGHESTMODSEQ;
}

void imap_status_tell(struct imap_session *s, unsigned items, struct view name,
		const struct imap_counts *counts)
{
	const char *before = "";

	imap_say(s, VIEW("* STATUS "));
	imap_name_add(&s->out, name);
	imap_say(s, VIEW(" ("));
	for (size_t i = 0; i < ARRAY_LEN(items_by_name); i++) {
		if (!(items & 1U << i))
			continue;
		imap_sayf(s, "%s%s %" PRIu64, before, items_by_name[i],
				number_of(counts, (enum status_item)i));
		before = " ";
	}
	imap_say(s, VIEW(")\r\n"));
}

/* -- the command -- */

void imap_status_parse(struct imap_session *s, struct imap_parse *p)
{
	struct imap_status_op *op = imap_command_op(s, IMAP_OP_STATUS);
	unsigned *items = ARENA_NEW(s->command->arena, unsigned);

	s->command->state = items;
	imap_parse_space(p);
	op->name = imap_name_parse(p, op->op.arena);
	imap_parse_space(p);
	*items = imap_status_parse_items(p);
	imap_parse_end(p);
}

void imap_status_proceed(struct imap_session *s, struct imap_op *answer)
{
	const struct imap_status_op *op = (struct imap_status_op *)answer;
	const unsigned *items = s->command->state;

	if (!answer) {
		if (imap_status_asks_modseq(*items))
			imap_enable_condstore(s);
		imap_issue_command_op(s);
		return;
	}
	if (answer->outcome) {
		imap_refuse(s, answer->outcome);
		return;
	}
	imap_status_tell(s, *items, op->name, &op->counts);
	imap_finish(s, VIEW("OK Done"));
}
