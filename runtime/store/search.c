/* A program is run with three values: a term that has not been looked at is UNKNOWN. First
 * by what a row knows; where that does not decide, with the stored header fields; then with
 * the bytes, term by term, as long as the whole stays UNKNOWN. */
#include "runtime/store/search.h"

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/mail/fold.h"
#include "runtime/store/search_text.h"
#include "runtime/store/store.h"

#include <stdlib.h>

enum truth {
	FALSE,
	TRUE,
	UNKNOWN,
};

enum cost {
	COST_NOTHING, /* operators */
	COST_ROW,     /* flags, dates, sizes */
	COST_FIELD,   /* stored header fields */
	COST_HEADER,  /* the header block */
	COST_BODY,
};

/* clang-format off */
static const struct {
	enum cost cost;
	enum fact_text field; /* of COST_FIELD; FACT_TEXTS: the sent day */
} keys[] = {
	[SEARCH_AND]         = { COST_NOTHING, 0 },
	[SEARCH_OR]          = { COST_NOTHING, 0 },
	[SEARCH_NOT]         = { COST_NOTHING, 0 },
	[SEARCH_ALL]         = { COST_ROW,     0 },
	[SEARCH_UIDS]        = { COST_ROW,     0 },
	[SEARCH_FLAGS]       = { COST_ROW,     0 },
	[SEARCH_KEYWORD]     = { COST_ROW,     0 },
	[SEARCH_LARGER]      = { COST_ROW,     0 },
	[SEARCH_SMALLER]     = { COST_ROW,     0 },
	[SEARCH_MODSEQ]      = { COST_ROW,     0 },
	[SEARCH_BEFORE]      = { COST_ROW,     0 },
	[SEARCH_ON]          = { COST_ROW,     0 },
	[SEARCH_SINCE]       = { COST_ROW,     0 },
	[SEARCH_SENT_BEFORE] = { COST_FIELD,   FACT_TEXTS },
	[SEARCH_SENT_ON]     = { COST_FIELD,   FACT_TEXTS },
	[SEARCH_SENT_SINCE]  = { COST_FIELD,   FACT_TEXTS },
	[SEARCH_SUBJECT]     = { COST_FIELD,   FACT_SUBJECT },
	[SEARCH_FROM]        = { COST_FIELD,   FACT_FROM },
	[SEARCH_TO]          = { COST_FIELD,   FACT_TO },
	[SEARCH_CC]          = { COST_FIELD,   FACT_CC },
	[SEARCH_BCC]         = { COST_FIELD,   FACT_BCC },
	[SEARCH_HEADER]      = { COST_HEADER,  0 },
	[SEARCH_BODY]        = { COST_BODY,    0 },
	[SEARCH_TEXT]        = { COST_BODY,    0 },
};
/* clang-format on */

struct search {
	struct account_store *store;
	const struct search_program *program;
	struct arena *arena;
	struct view *needles; /* by term: its text, folded */
	uint64_t *masks;      /* by term: of a keyword */
	enum truth *truths;   /* by term, of the message at hand */
	enum truth *stack;
	enum cost dearest;
	bool asks_fields;
	/* the message at hand */
	struct arena *scratch;
	struct message_brief message;
	struct buf header;
	bool has_header;
	size_t effort; /* KiB read of it */
};

/* -- the program -- */

/* Every operator has its operands and one truth is left. */
static bool well_formed(const struct search_program *program)
{
	uint64_t depth = 0;

	for (size_t i = 0; i < program->count; i++) {
		const struct search_term *t = &program->terms[i];
		uint64_t takes = 0;

		if ((size_t)t->key >= ARRAY_LEN(keys))
			return false;
		if (t->key == SEARCH_AND)
			takes = t->number;
		if (t->key == SEARCH_OR)
			takes = 2;
		if (t->key == SEARCH_NOT)
			takes = 1;
		if (takes > depth)
			return false;
		depth = depth - takes + 1;
	}
	return depth == 1 || !program->count;
}

static void prepare(struct search *s)
{
	size_t count = s->program->count;

	s->needles = arena_array(s->arena, count, sizeof(*s->needles));
	s->masks = arena_array(s->arena, count, sizeof(*s->masks));
	s->truths = arena_array(s->arena, count, sizeof(*s->truths));
	s->stack = arena_array(s->arena, count + 1, sizeof(*s->stack));
	for (size_t i = 0; i < count; i++) {
		const struct search_term *t = &s->program->terms[i];
		CLEANUP(buf_free) struct buf folded = BUF_NULL(SIZE_MAX);

		text_fold(&folded, t->text);
		s->needles[i] = arena_copy(s->arena, buf_view(&folded));
		if (t->key == SEARCH_KEYWORD)
			s->masks[i] = flags_keyword_mask(s->store, t->text);
		if (keys[t->key].cost > s->dearest)
			s->dearest = keys[t->key].cost;
		s->asks_fields |= keys[t->key].cost == COST_FIELD;
	}
}

static enum truth truth_not(enum truth a)
{
	return a == UNKNOWN ? UNKNOWN : a == TRUE ? FALSE : TRUE;
}

static enum truth truth_and(enum truth a, enum truth b)
{
	if (a == FALSE || b == FALSE)
		return FALSE;
	return a == TRUE && b == TRUE ? TRUE : UNKNOWN;
}

static enum truth truth_or(enum truth a, enum truth b)
{
	return truth_not(truth_and(truth_not(a), truth_not(b)));
}

/* What the whole is, by what is known of its terms. */
static enum truth evaluate(struct search *s)
{
	enum truth *stack = s->stack;
	size_t n = 0;

	for (size_t i = 0; i < s->program->count; i++) {
		const struct search_term *t = &s->program->terms[i];
		enum truth all = TRUE;

		switch (t->key) {
		case SEARCH_AND:
			for (uint64_t k = 0; k < t->number; k++)
				all = truth_and(all, stack[--n]);
			stack[n++] = all;
			break;
		case SEARCH_OR:
			n--;
			stack[n - 1] = truth_or(stack[n - 1], stack[n]);
			break;
		case SEARCH_NOT:
			stack[n - 1] = truth_not(stack[n - 1]);
			break;
		default:
			stack[n++] = s->truths[i];
		}
	}
	return n ? stack[0] : TRUE;
}

/* -- terms, by their cost -- */

static int64_t day_of(walltime time)
{
	return time / 86400 - (time % 86400 < 0);
}

static bool compare_day(enum search_key key, int64_t day, int64_t wanted)
{
	switch (key) {
	case SEARCH_BEFORE:
	case SEARCH_SENT_BEFORE:
		return day < wanted;
	case SEARCH_ON:
	case SEARCH_SENT_ON:
		return day == wanted;
	default:
		return day >= wanted;
	}
}

static bool row_matches(const struct search *s, size_t i)
{
	const struct search_term *t = &s->program->terms[i];
	const struct message_brief *m = &s->message;

	switch (t->key) {
	case SEARCH_UIDS:
		return uid_set_has(t->uids, m->uid);
	case SEARCH_FLAGS:
		return (m->flags & t->number) == t->number;
	case SEARCH_KEYWORD:
		return (m->flags & s->masks[i]) != 0;
	case SEARCH_LARGER:
		return m->size > t->number;
	case SEARCH_SMALLER:
		return m->size < t->number;
	case SEARCH_MODSEQ:
		return m->modseq >= t->number;
	case SEARCH_BEFORE:
	case SEARCH_ON:
	case SEARCH_SINCE:
		return compare_day(t->key, day_of(m->internal_date), t->day);
	default:
		return true;
	}
}

static int look_at_fields(struct search *s)
{
	CLEANUP(statement_done) struct statement *row = NULL;
	int r = store_prepare(s->store,
			"SELECT sent_day, subject, sender, recipient, cc, bcc"
			" FROM field WHERE content = ?1",
			&row);

	if (r)
		return r;
	bind_i64(row, 1, s->message.content);
	r = store_step(row);
	if (r != DATABASE_ROW)
		return r ? r : STORE_E_DAMAGED;
	for (size_t i = 0; i < s->program->count; i++) {
		const struct search_term *t = &s->program->terms[i];
		int column = keys[t->key].field == FACT_TEXTS
					     ? 0
					     : 1 + (int)keys[t->key].field;

		if (keys[t->key].cost != COST_FIELD)
			continue;
		if (column_is_null(row, column))
			s->truths[i] = FALSE;
		else if (column == 0)
			s->truths[i] = compare_day(t->key, column_i64(row, 0), t->day);
		else
			s->truths[i] = text_contains(
					column_view(row, column), s->needles[i]);
	}
	return STORE_OK;
}

static int read_header(struct search *s)
{
	int r;

	if (s->has_header)
		return STORE_OK;
	r = content_header(s->store, s->message.content, s->scratch, &s->header);
	s->effort += s->header.len / 1024;
	s->has_header = !r;
	return r;
}

static int look_at_body(struct search *s, size_t i, bool *found)
{
	struct content_reader reader;
	struct view parts;
	int r = content_open(s->store, s->message.content, &reader);

	if (!r)
		r = content_parts(s->store, s->message.content, s->scratch, &parts);
	if (r)
		return r;
	s->effort += reader.size / 1024;
	return body_has(&reader, parts, s->needles[i], found);
}

static int look_at_bytes(struct search *s, size_t i)
{
	const struct search_term *t = &s->program->terms[i];
	bool found = false;
	int r = STORE_OK;

	if (t->key == SEARCH_HEADER || t->key == SEARCH_TEXT) {
		r = read_header(s);
		if (!r)
			found = header_has(s->scratch, buf_view(&s->header),
					t->key == SEARCH_HEADER ? t->name : VIEW_NULL,
					s->needles[i]);
	}
	if (!r && !found && keys[t->key].cost == COST_BODY)
		r = look_at_body(s, i, &found);
	s->truths[i] = found ? TRUE : FALSE;
	return r;
}

/* Terms of that cost, one by one, until the whole is decided. */
static int look_deeper(struct search *s, enum cost cost, enum truth *whole)
{
	int r = STORE_OK;

	for (size_t i = 0; !r && *whole == UNKNOWN && i < s->program->count; i++) {
		if (keys[s->program->terms[i].key].cost != cost)
			continue;
		r = look_at_bytes(s, i);
		*whole = evaluate(s);
	}
	return r;
}

static int matches(struct search *s, bool *out)
{
	enum truth whole;
	int r = STORE_OK;

	for (size_t i = 0; i < s->program->count; i++)
		s->truths[i] = keys[s->program->terms[i].key].cost > COST_ROW ? UNKNOWN
			       : row_matches(s, i)                            ? TRUE
									      : FALSE;
	whole = evaluate(s);
	if (whole == UNKNOWN && s->asks_fields) {
		r = look_at_fields(s);
		whole = evaluate(s);
	}
	for (enum cost cost = COST_HEADER; !r && whole == UNKNOWN && cost <= s->dearest;
			cost++)
		r = look_deeper(s, cost, &whole);
	*out = whole == TRUE;
	arena_reset(s->scratch);
	buf_clear(&s->header);
	s->has_header = false;
	return r;
}

/* -- running -- */

static void add_found(struct search_result *result, const struct message_brief *m)
{
	if (!result->uids.count)
		result->first_modseq = m->modseq;
	result->last_modseq = m->modseq;
	if (m->modseq > result->modseq)
		result->modseq = m->modseq;
	uid_set_add(&result->uids, m->uid, m->uid);
}

static int run(struct search *s, int64_t mailbox, uint32_t from, size_t effort,
		struct search_result *result)
{
	CLEANUP(statement_done) struct statement *rows = NULL;
	size_t passed = 0;
	int r = store_prepare(s->store,
			"SELECT uid, flags, modseq, size, internal_date, content"
			" FROM message WHERE mailbox = ?1 AND uid >= ?2 ORDER BY uid",
			&rows);

	if (r)
		return r;
	bind_i64(rows, 1, mailbox);
	bind_u64(rows, 2, from);
	result->next = 0;
	while ((r = store_step(rows)) == DATABASE_ROW) {
		bool found;

		s->message = (struct message_brief){ .uid = (uint32_t)column_u64(rows, 0),
			.flags = column_u64(rows, 1),
			.modseq = column_u64(rows, 2),
			.size = column_u64(rows, 3),
			.internal_date = column_i64(rows, 4),
			.content = column_i64(rows, 5) };
		if (passed++ && passed + s->effort > effort) {
			result->next = s->message.uid;
			result->effort += passed + s->effort;
			return STORE_OK;
		}
		if (s->program->among && !uid_set_has(s->program->among, s->message.uid))
			continue;
		r = matches(s, &found);
		if (r)
			return r;
		if (found)
			add_found(result, &s->message);
	}
	return r;
}

int search_run(struct account_store *store, int64_t mailbox,
		const struct search_program *program, uint32_t from, size_t effort,
		struct search_result *result)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(arena_freep) struct arena *scratch = arena_new();
	struct search s = { .store = store,
		.program = program,
		.arena = arena,
		.scratch = scratch,
		.header = BUF_NULL(SIZE_MAX) };
	struct mailbox_status status;
	int r;

	if (program->count > limit_value(LIMIT_STORE_SEARCH_TERMS) ||
			!well_formed(program))
		return STORE_E_LIMIT;
	r = mailbox_status(store, mailbox, &status);
	if (r)
		return r;
	prepare(&s);
	r = run(&s, mailbox, from, effort, result);
	buf_free(&s.header);
	return r;
}

void search_result_free(struct search_result *result)
{
	uid_set_free(&result->uids);
}
