/* SEARCH (RFC 3501, 6.4.4), with MODSEQ (RFC 7162, 3.1.5); the answer is imap_found's.
 *
 * Keys become steps in postfix order (imap_op.h). A stack of open frames, bounded by
 * LIMIT_IMAP_DEPTH, stands for the keys that still await operands, so nothing recurs. */
#include "runtime/base/utf8.h"
#include "runtime/imap/imap_command.h"
#include "runtime/imap/imap_found.h"
#include "runtime/mail/date.h"

enum argument {
	NONE,
	STRING,    /* in the field of the row, or in the text */
	FIELD,     /* a field's name and a string */
	FLAG_ATOM, /* a keyword */
	DAY,
	SIZE,
	UIDS,
	MODSEQ,
};

/* clang-format off */
static const struct key {
	const char *name;
	enum imap_search_kind kind;
	enum argument argument;
	bool negated;
	enum imap_flag flag;
	const char *field;
} keys[] = {
	{ "ALL",        IMAP_SEARCH_ALL,        NONE,      false, 0, NULL },
	{ "ANSWERED",   IMAP_SEARCH_FLAG,       NONE,      false, IMAP_FLAG_ANSWERED, NULL },
	{ "BCC",        IMAP_SEARCH_HEADER,     STRING,    false, 0, "Bcc" },
	{ "BEFORE",     IMAP_SEARCH_BEFORE,     DAY,       false, 0, NULL },
	{ "BODY",       IMAP_SEARCH_BODY,       STRING,    false, 0, NULL },
	{ "CC",         IMAP_SEARCH_HEADER,     STRING,    false, 0, "Cc" },
	{ "DELETED",    IMAP_SEARCH_FLAG,       NONE,      false, IMAP_FLAG_DELETED, NULL },
	{ "DRAFT",      IMAP_SEARCH_FLAG,       NONE,      false, IMAP_FLAG_DRAFT, NULL },
	{ "FLAGGED",    IMAP_SEARCH_FLAG,       NONE,      false, IMAP_FLAG_FLAGGED, NULL },
	{ "FROM",       IMAP_SEARCH_HEADER,     STRING,    false, 0, "From" },
	{ "HEADER",     IMAP_SEARCH_HEADER,     FIELD,     false, 0, NULL },
	{ "KEYWORD",    IMAP_SEARCH_KEYWORD,    FLAG_ATOM, false, 0, NULL },
	{ "LARGER",     IMAP_SEARCH_LARGER,     SIZE,      false, 0, NULL },
	{ "MODSEQ",     IMAP_SEARCH_MODSEQ,     MODSEQ,    false, 0, NULL },
	{ "NEW",        IMAP_SEARCH_ALL,        NONE,      true,  0, NULL },
	{ "OLD",        IMAP_SEARCH_ALL,        NONE,      false, 0, NULL },
	{ "ON",         IMAP_SEARCH_ON,         DAY,       false, 0, NULL },
	{ "RECENT",     IMAP_SEARCH_ALL,        NONE,      true,  0, NULL },
	{ "SEEN",       IMAP_SEARCH_FLAG,       NONE,      false, IMAP_FLAG_SEEN, NULL },
	{ "SENTBEFORE", IMAP_SEARCH_SENTBEFORE, DAY,       false, 0, NULL },
	{ "SENTON",     IMAP_SEARCH_SENTON,     DAY,       false, 0, NULL },
	{ "SENTSINCE",  IMAP_SEARCH_SENTSINCE,  DAY,       false, 0, NULL },
	{ "SINCE",      IMAP_SEARCH_SINCE,      DAY,       false, 0, NULL },
	{ "SMALLER",    IMAP_SEARCH_SMALLER,    SIZE,      false, 0, NULL },
	{ "SUBJECT",    IMAP_SEARCH_HEADER,     STRING,    false, 0, "Subject" },
	{ "TEXT",       IMAP_SEARCH_TEXT,       STRING,    false, 0, NULL },
	{ "TO",         IMAP_SEARCH_HEADER,     STRING,    false, 0, "To" },
	{ "UID",        IMAP_SEARCH_UIDS,       UIDS,      false, 0, NULL },
	{ "UNANSWERED", IMAP_SEARCH_FLAG,       NONE,      true,  IMAP_FLAG_ANSWERED, NULL },
	{ "UNDELETED",  IMAP_SEARCH_FLAG,       NONE,      true,  IMAP_FLAG_DELETED, NULL },
	{ "UNDRAFT",    IMAP_SEARCH_FLAG,       NONE,      true,  IMAP_FLAG_DRAFT, NULL },
	{ "UNFLAGGED",  IMAP_SEARCH_FLAG,       NONE,      true,  IMAP_FLAG_FLAGGED, NULL },
	{ "UNKEYWORD",  IMAP_SEARCH_KEYWORD,    FLAG_ATOM, true,  0, NULL },
	{ "UNSEEN",     IMAP_SEARCH_FLAG,       NONE,      true,  IMAP_FLAG_SEEN, NULL },
};
/* clang-format on */

enum {
	FRAMES_MAX = 64
};

/* A key that awaits operands: NOT one, OR two, a list as many as come. */
struct frame {
	enum imap_search_kind kind;
	uint32_t operands; /* those it has */
};

struct program {
	struct imap_session *s;
	struct imap_parse *p;
	struct imap_search_op *op;
	struct imap_found *found;
	size_t capacity; /* of op->steps */
	size_t truths;   /* on the stack when the steps so far have run */
	struct frame frames[FRAMES_MAX];
	size_t depth;
};

/* -- steps -- */

static struct imap_search_step *add_step(
		struct program *program, enum imap_search_kind kind, uint32_t operands)
{
	struct imap_search_op *op = program->op;
	struct imap_search_step *step;

	if (op->step_count == program->capacity) {
		imap_parse_fail(program->p, limit_reply(LIMIT_IMAP_SEARCH_KEYS));
		return &op->steps[0];
	}
	step = &op->steps[op->step_count++];
	step->kind = kind;
	step->operands = operands;
	program->truths = program->truths + 1 - operands;
	if (program->truths > op->stack)
		op->stack = program->truths;
	return step;
}

/* -- conditions -- */

static struct view parse_text(struct program *program)
{
	struct view text = imap_parse_astring(program->p);

	if (!utf8_valid(text))
		imap_parse_fail(program->p, "BAD A string to search for is not UTF-8");
	return arena_copy(program->op->op.arena, text);
}

static struct view parse_field(struct program *program)
{
	struct view name = imap_parse_astring(program->p);

	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] <= ' ' || name.data[i] >= 0x7f || name.data[i] == ':')
			imap_parse_fail(program->p,
					"BAD That is no name of a header field");
	if (name.len == 0)
		imap_parse_fail(program->p, "BAD The name of a header field is empty");
	return arena_copy(program->op->op.arena, name);
}

static int64_t parse_day(struct program *program)
{
	struct view text = imap_parse_astring(program->p);
	int64_t day = 0;

	if (!search_date_parse(text, &day))
		imap_parse_fail(program->p,
				"BAD A date like 3-Mar-2026 is expected here");
	return day;
}

/* A name of metadata and whose it is may stand before the number; we have one MODSEQ for
 * all of a message and must not mind them. */
static uint64_t parse_modseq(struct program *program)
{
	struct imap_parse *p = program->p;

	program->found->modseq = true;
	if (imap_parse_peek(p, '"')) {
		if (!view_starts_nocase(imap_parse_string(p), VIEW("/flags/")))
			imap_parse_fail(p, "BAD A name of flags is expected here");
		imap_parse_space(p);
		if (!imap_parse_take_word(p, "priv") &&
				!imap_parse_take_word(p, "shared") &&
				!imap_parse_take_word(p, "all"))
			imap_parse_fail(p, "BAD priv, shared or all is expected here");
		imap_parse_space(p);
	}
	return imap_parse_modseq(p);
}

static void parse_argument(struct program *program, const struct key *key,
		struct imap_search_step *step)
{
	struct imap_parse *p = program->p;

	if (key->argument != NONE)
		imap_parse_space(p);
	switch (key->argument) {
	case NONE:
		step->flag = key->flag;
		break;
	case STRING:
		step->field = view_z(key->field);
		step->text = parse_text(program);
		break;
	case FIELD:
		step->field = parse_field(program);
		imap_parse_space(p);
		step->text = parse_text(program);
		break;
	case FLAG_ATOM:
		step->text = arena_copy(program->op->op.arena, imap_parse_atom(p));
		break;
	case DAY:
		step->day = parse_day(program);
		break;
	case SIZE:
		step->size = imap_parse_number(p);
		break;
	case UIDS:
		imap_parse_messages(program->s, p, true, &step->uids);
		break;
	case MODSEQ:
		step->size = parse_modseq(program);
		break;
	}
}

static void parse_condition(struct program *program, const struct key *key)
{
	struct imap_search_step *step = add_step(program, key->kind, 0);

	if (program->p->error)
		return;
	parse_argument(program, key, step);
	if (key->negated)
		add_step(program, IMAP_SEARCH_NOT, 1);
}

/* Numbers that no message has find nothing; they are no error here. */
static void parse_numbers(struct program *program)
{
	CLEANUP(uid_set_free) struct uid_set numbers = UID_SET_NULL;
	const struct imap_view *view = program->s->view;
	struct imap_search_step *step = add_step(program, IMAP_SEARCH_UIDS, 0);

	if (imap_parse_take(program->p, '$')) {
		uid_set_intersect(&step->uids, &program->s->saved, &view->uids);
		return;
	}
	imap_parse_set(program->p, view->exists, UINT32_MAX, &numbers);
	if (!program->p->error)
		imap_view_to_uids(view, &numbers, &step->uids);
}

/* -- the structure -- */

static void open_frame(struct program *program, enum imap_search_kind kind)
{
	if (program->depth == limit_value(LIMIT_IMAP_DEPTH)) {
		imap_parse_fail(program->p, limit_reply(LIMIT_IMAP_DEPTH));
		return;
	}
	program->frames[program->depth++] = (struct frame){ kind, 0 };
}

static void close_list(struct program *program)
{
	struct frame *frame = &program->frames[--program->depth];

	if (frame->operands != 1)
		add_step(program, IMAP_SEARCH_AND, frame->operands);
}

/* A key is whole: so are those that awaited it alone. True where another key must
 * follow; false at the end of the program. */
static bool key_is_whole(struct program *program)
{
	struct imap_parse *p = program->p;

	while (!p->error) {
		struct frame *frame = &program->frames[program->depth - 1];

		frame->operands++;
		if (frame->kind == IMAP_SEARCH_NOT ||
				(frame->kind == IMAP_SEARCH_OR && frame->operands == 2)) {
			add_step(program, frame->kind, frame->operands);
			program->depth--;
		} else if (frame->kind == IMAP_SEARCH_AND && program->depth > 1 &&
				imap_parse_take(p, ')')) {
			close_list(program);
		} else if (program->depth == 1 && imap_parse_at_end(p)) {
			close_list(program);
			return false;
		} else {
			imap_parse_space(p);
			return true;
		}
	}
	return false;
}

static const struct key *find_key(struct view word)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (view_eq_nocase(word, view_z(keys[i].name)))
			return &keys[i];
	return NULL;
}

/* "(", "NOT " or "OR ": true where one was there; operands follow. */
static bool parse_operator(struct program *program)
{
	struct imap_parse *p = program->p;

	if (imap_parse_take(p, '(')) {
		open_frame(program, IMAP_SEARCH_AND);
		return true;
	}
	if (imap_parse_take_word(p, "NOT"))
		open_frame(program, IMAP_SEARCH_NOT);
	else if (imap_parse_take_word(p, "OR"))
		open_frame(program, IMAP_SEARCH_OR);
	else
		return false;
	imap_parse_space(p);
	return true;
}

static bool numbers_are_next(const struct imap_parse *p)
{
	return imap_parse_peek(p, '*') || imap_parse_peek(p, '$') ||
	       (!imap_parse_at_end(p) && byte_is_digit(p->data[p->at]));
}

/* One key, or the beginning of one that awaits others. True where it is whole. */
static bool parse_key(struct program *program)
{
	struct imap_parse *p = program->p;
	const struct key *key;

	if (parse_operator(program))
		return false;
	if (numbers_are_next(p)) {
		parse_numbers(program);
		return true;
	}
	key = find_key(imap_parse_word(p));
	if (key)
		parse_condition(program, key);
	else
		imap_parse_fail(p, "BAD There is no such search key");
	return true;
}

static void parse_charset(struct imap_parse *p)
{
	struct view charset;

	if (!imap_parse_take_word(p, "CHARSET"))
		return;
	imap_parse_space(p);
	charset = imap_parse_astring(p);
	imap_parse_space(p);
	if (!p->error && !view_eq_nocase(charset, VIEW("UTF-8")) &&
			!view_eq_nocase(charset, VIEW("US-ASCII")))
		imap_parse_fail(p, "NO [BADCHARSET (US-ASCII UTF-8)] Search in UTF-8");
}

/* A search that was to be kept and is answered NO keeps nothing (RFC 5182, 2.1). */
static void drop_saved(struct imap_session *s, const struct imap_found *found)
{
	if (found->options & IMAP_FOUND_SAVE)
		uid_set_free(&s->saved);
}

void imap_search_parse(struct imap_session *s, struct imap_parse *p)
{
	struct imap_search_op *op = imap_command_op(s, IMAP_OP_SEARCH);
	struct program *program = ARENA_NEW(s->command->arena, struct program);

	/* Half of what is left of the text may be keys, and each may be two steps. */
	program->capacity = (p->len - p->at) * 2 + 4;
	if (program->capacity > limit_value(LIMIT_IMAP_SEARCH_KEYS))
		program->capacity = limit_value(LIMIT_IMAP_SEARCH_KEYS);
	op->mailbox = s->view->mailbox;
	op->steps = arena_array(op->op.arena, program->capacity, sizeof(*op->steps));
	program->s = s;
	program->p = p;
	program->op = op;
	program->found = ARENA_NEW(s->command->arena, struct imap_found);
	s->command->state = program->found;
	imap_parse_space(p);
	imap_found_parse(p, program->found);
	parse_charset(p);
	open_frame(program, IMAP_SEARCH_AND);
	while (!p->error && (!parse_key(program) || key_is_whole(program)))
		;
	if (p->error && view_starts(view_z(p->error), VIEW("NO")))
		drop_saved(s, program->found);
	uid_set_copy(&op->uids, &s->view->uids);
}

void imap_search_proceed(struct imap_session *s, struct imap_op *answer)
{
	struct imap_search_op *op = (struct imap_search_op *)s->command->op;
	struct imap_found *found = s->command->state;

	if (!answer && !found->begun) {
		if (found->modseq)
			imap_enable_condstore(s);
		imap_issue_command_op(s);
		return;
	}
	if (op->op.outcome) {
		drop_saved(s, found);
		if (op->op.outcome == IMAP_E_LIMIT)
			imap_reject(s, limit_reply(LIMIT_IMAP_SEARCH_EFFORT));
		else
			imap_refuse(s, op->op.outcome);
		return;
	}
	if (answer)
		imap_found_take(s, found, op);
	s->mid_line = !imap_found_tell(s, found, op);
	if (s->mid_line)
		imap_wait_flush(s);
	else
		imap_finish(s, VIEW("OK Found"));
}
