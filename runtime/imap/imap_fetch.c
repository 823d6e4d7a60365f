/* FETCH (RFC 3501, 6.4.5), with CHANGEDSINCE (RFC 7162, 3.1.4) and BINARY (RFC 3516).
 *
 * Rows come in batches. While a batch is told the next one is not asked for until the
 * output has room; a section too large for its batch is read on in chunks, its row half
 * told meanwhile:
 *
 *   FETCH ──rows──► told ──next_uid──► FETCH … ──► done
 *                    │ ▲
 *                    └─┴─ READ: the rest of a section, chunk by chunk */
#include "runtime/imap/imap_command.h"
#include "runtime/imap/imap_items.h"
#include "runtime/mail/date.h"

struct fetch {
	bool asked;
	size_t row;     /* which is told now */
	bool begun;     /* its line has begun */
	size_t section; /* which is told now */
	bool literal;   /* its octets have begun */
	uint64_t sent;  /* octets of it that are told */
	uint64_t told;  /* rows in all */
	bool unknown;   /* a section was left out: nobody knows how to decode it */
};

/* " (CHANGEDSINCE 12)" */
static void parse_modifiers(struct imap_parse *p, struct imap_fetch_op *op)
{
	if (!imap_parse_take(p, ' '))
		return;
	imap_parse_expect(p, '(', "BAD A list of modifiers is expected here");
	if (!imap_parse_take_word(p, "CHANGEDSINCE"))
		imap_parse_fail(p, "BAD There is no such modifier of FETCH");
	imap_parse_space(p);
	op->changed_since = imap_parse_modseq(p);
	op->items |= IMAP_ITEM_MODSEQ;
	imap_parse_expect(p, ')', "BAD A list of modifiers is not closed");
}

void imap_fetch_parse(struct imap_session *s, struct imap_parse *p)
{
	struct imap_fetch_op *op = imap_command_op(s, IMAP_OP_FETCH);

	s->command->state = ARENA_NEW(s->command->arena, struct fetch);
	op->mailbox = s->view->mailbox;
	imap_parse_space(p);
	imap_parse_messages(s, p, s->command->uid, &op->uids);
	imap_parse_space(p);
	imap_items_parse(p, op);
	parse_modifiers(p, op);
	imap_parse_end(p);
	if (s->command->uid)
		op->items |= IMAP_ITEM_UID;
	if (s->view->read_only)
		op->set_seen = false;
	op->rows = arena_array(op->op.arena, IMAP_BATCH_ROWS, sizeof(*op->rows));
}

/* -- a row -- */

static void separate(struct imap_session *s)
{
	if (s->out.data[s->out.len - 1] != '(')
		buf_add_byte(&s->out, ' ');
}

static void add_text(struct imap_session *s, struct view name, struct view text)
{
	separate(s);
	imap_say(s, name);
	imap_say(s, text);
}

static void add_number(struct imap_session *s, struct view name, uint64_t number)
{
	separate(s);
	imap_say(s, name);
	buf_add_u64(&s->out, number);
}

static void add_date(struct imap_session *s, int64_t date)
{
	separate(s);
	imap_say(s, VIEW("INTERNALDATE \""));
	internaldate_print(&s->out, (struct date){ .time = date });
	imap_say(s, VIEW("\""));
}

/* A line has at least one item. */
static bool has_unknown(const struct imap_fetch_op *op, const struct imap_row *row)
{
	for (size_t i = 0; i < op->section_count; i++)
		if (row->sections[i].unknown)
			return true;
	return false;
}

/* Begins the line of a row and adds all but the sections. False where the session does
 * not know the message. */
static bool begin_row(struct imap_session *s, const struct imap_fetch_op *op,
		const struct imap_row *row)
{
	uint32_t number = imap_view_number(s->view, row->uid);
	unsigned items = op->items;

	if (number == 0)
		return false;
	if (row->seen_set)
		items |= IMAP_ITEM_FLAGS;
	if (row->seen_set && s->condstore)
		items |= IMAP_ITEM_UID | IMAP_ITEM_MODSEQ;
	if (has_unknown(op, row))
		items |= IMAP_ITEM_UID;
	imap_say(s, VIEW("* "));
	buf_add_u64(&s->out, number);
	imap_say(s, VIEW(" FETCH ("));
	if (items & IMAP_ITEM_UID)
		add_number(s, VIEW("UID "), row->uid);
	if (items & IMAP_ITEM_FLAGS) {
		separate(s);
		imap_add_flags(s, &row->flags);
	}
	if (items & IMAP_ITEM_MODSEQ) {
		add_number(s, VIEW("MODSEQ ("), row->modseq);
		imap_say(s, VIEW(")"));
	}
	if (items & IMAP_ITEM_DATE)
		add_date(s, row->date);
	if (items & IMAP_ITEM_SIZE)
		add_number(s, VIEW("RFC822.SIZE "), row->size);
	if (items & IMAP_ITEM_ENVELOPE)
		add_text(s, VIEW("ENVELOPE "), row->envelope);
	if (items & IMAP_ITEM_BODYSTRUCTURE)
		add_text(s, VIEW("BODYSTRUCTURE "), row->bodystructure);
	if (items & IMAP_ITEM_BODY)
		add_text(s, VIEW("BODY "), row->body);
	return true;
}

/* -- a section -- */

static void add_octets(struct imap_session *s, struct fetch *f, struct view octets)
{
	imap_say(s, octets);
	f->sent += octets.len;
}

static void read_on(struct imap_session *s, const struct fetch *f,
		const struct imap_fetch_op *op)
{
	struct imap_command *c = s->command;
	struct imap_read_op *read;

	c->kept = TAKE(c->op);
	read = imap_command_op(s, IMAP_OP_READ);
	read->mailbox = op->mailbox;
	read->uid = op->rows[f->row].uid;
	read->section = imap_section_copy(read->op.arena, &op->sections[f->section]);
	read->at = f->sent;
	imap_issue_command_op(s);
}

/* Tells it up to its octets; true where it has none. */
static bool begin_section(struct imap_session *s, struct fetch *f,
		const struct imap_section *section, const struct imap_section_data *data)
{
	bool is_number = section->form == IMAP_SECTION_SIZE;

	if (data->unknown) {
		f->unknown = true;
		return true;
	}
	add_text(s, section->label, VIEW(" "));
	if (is_number)
		buf_add_u64(&s->out, data->len);
	else if (data->absent)
		imap_say(s, VIEW("NIL"));
	if (is_number || data->absent)
		return true;
	imap_sayf(s, "%s{%" PRIu64 "}\r\n", data->has_nul ? "~" : "", data->len);
	return false;
}

/* True where all of it is told; false where the command waits. */
static bool tell_section(
		struct imap_session *s, struct fetch *f, const struct imap_fetch_op *op)
{
	const struct imap_section_data *data = &op->rows[f->row].sections[f->section];

	if (!f->literal) {
		if (begin_section(s, f, &op->sections[f->section], data))
			return true;
		f->literal = true;
		add_octets(s, f, data->bytes);
	}
	s->mid_line = f->sent < data->len;
	if (!s->mid_line)
		return true;
	if (imap_output_waiting(s) > IMAP_OUTPUT_HIGH)
		imap_wait_flush(s);
	else
		read_on(s, f, op);
	return false;
}

/* True where the batch is told; false where the command waits. */
static bool tell_rows(
		struct imap_session *s, struct fetch *f, const struct imap_fetch_op *op)
{
	for (; f->row < op->count; f->row++, f->begun = false, f->section = 0) {
		if (!f->begun && !begin_row(s, op, &op->rows[f->row]))
			continue;
		f->begun = true;
		for (; f->section < op->section_count;
				f->section++, f->literal = false, f->sent = 0)
			if (!tell_section(s, f, op))
				return false;
		imap_say(s, VIEW(")\r\n"));
		f->told++;
	}
	return true;
}

/* -- moves -- */

static void go_on(struct imap_session *s, struct fetch *f)
{
	struct imap_fetch_op *op = (struct imap_fetch_op *)s->command->op;

	if (!tell_rows(s, f, op))
		return;
	if (op->next_uid == 0) {
		if (f->unknown)
			imap_finish(s, VIEW("NO [UNKNOWN-CTE] The encoding of a part is "
					    "not known; fetch it by BODY[]"));
		else if (!op->changed_since && f->told < uid_set_size(&op->uids))
			imap_finish(s, VIEW("OK [EXPUNGEISSUED] Some of them are gone"));
		else
			imap_finish(s, VIEW("OK Fetched"));
		return;
	}
	if (imap_output_waiting(s) > IMAP_OUTPUT_HIGH) {
		imap_wait_flush(s);
		return;
	}
	f->row = 0;
	op->count = 0;
	imap_issue_command_op(s);
}

/* The next octets of a section. Without them its literal, whose length is told, cannot be
 * finished: there is nothing left but to close. */
static void take_octets(
		struct imap_session *s, struct fetch *f, struct imap_read_op *read)
{
	struct imap_command *c = s->command;

	if (read->op.outcome || read->bytes.len == 0) {
		s->phase = IMAP_CLOSING;
		return;
	}
	add_octets(s, f, read->bytes);
	op_free(&TAKE(c->op)->op);
	c->op = TAKE(c->kept);
	go_on(s, f);
}

void imap_fetch_proceed(struct imap_session *s, struct imap_op *answer)
{
	struct fetch *f = s->command->state;
	struct imap_fetch_op *op = (struct imap_fetch_op *)s->command->op;

	if (!f->asked) {
		f->asked = true;
		if (op->items & IMAP_ITEM_MODSEQ)
			imap_enable_condstore(s);
		if (op->uids.count == 0) {
			imap_finish(s, VIEW("OK There is no such message"));
			return;
		}
		op->next_uid = op->uids.ranges[0].first;
		imap_issue_command_op(s);
		return;
	}
	if (answer && answer->op.kind == IMAP_OP_READ) {
		take_octets(s, f, (struct imap_read_op *)answer);
		return;
	}
	if (answer && answer->outcome) {
		imap_refuse(s, answer->outcome);
		return;
	}
	if (answer && op->set_seen)
		imap_own_change(s, op->modseq_before, op->modseq);
	go_on(s, f);
}
