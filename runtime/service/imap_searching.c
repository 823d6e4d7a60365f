/* SEARCH: the engine's steps as a program of the store's, run in parts. */
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/service/imap_performer.h"

enum {
	EFFORT = 256 /* KiB read or rows passed in one job: some milliseconds */
};

/* Header fields that the store keeps decoded. */
static const struct {
	const char *name;
	enum search_key key;
} kept_fields[] = {
	{ "Subject", SEARCH_SUBJECT },
	{ "From", SEARCH_FROM },
	{ "To", SEARCH_TO },
	{ "Cc", SEARCH_CC },
	{ "Bcc", SEARCH_BCC },
};

/* An empty text asks whether such a field is there. */
static enum search_key key_of_field(const struct imap_search_step *step)
{
	for (size_t i = 0; step->text.len && i < ARRAY_LEN(kept_fields); i++)
		if (view_eq_nocase(step->field, view_z(kept_fields[i].name)))
			return kept_fields[i].key;
	return SEARCH_HEADER;
}

static struct search_term term_of(const struct imap_search_step *step)
{
	/* clang-format off */
	static const enum search_key keys[] = {
		[IMAP_SEARCH_ALL]        = SEARCH_ALL,
		[IMAP_SEARCH_UIDS]       = SEARCH_UIDS,
		[IMAP_SEARCH_FLAG]       = SEARCH_FLAGS,
		[IMAP_SEARCH_KEYWORD]    = SEARCH_KEYWORD,
		[IMAP_SEARCH_HEADER]     = SEARCH_HEADER,
		[IMAP_SEARCH_BODY]       = SEARCH_BODY,
		[IMAP_SEARCH_TEXT]       = SEARCH_TEXT,
		[IMAP_SEARCH_BEFORE]     = SEARCH_BEFORE,
		[IMAP_SEARCH_ON]         = SEARCH_ON,
		[IMAP_SEARCH_SINCE]      = SEARCH_SINCE,
		[IMAP_SEARCH_SENTBEFORE] = SEARCH_SENT_BEFORE,
		[IMAP_SEARCH_SENTON]     = SEARCH_SENT_ON,
		[IMAP_SEARCH_SENTSINCE]  = SEARCH_SENT_SINCE,
		[IMAP_SEARCH_LARGER]     = SEARCH_LARGER,
		[IMAP_SEARCH_SMALLER]    = SEARCH_SMALLER,
		[IMAP_SEARCH_MODSEQ]     = SEARCH_MODSEQ,
		[IMAP_SEARCH_NOT]        = SEARCH_NOT,
		[IMAP_SEARCH_OR]         = SEARCH_OR,
		[IMAP_SEARCH_AND]        = SEARCH_AND,
	};
	/* clang-format on */
	struct search_term term = {
		.key = keys[step->kind],
		.number = step->size,
		.day = step->day,
		.name = step->field,
		.text = step->text,
		.uids = &step->uids,
	};

	if (step->kind == IMAP_SEARCH_FLAG)
		term.number = step->flag;
	if (step->kind == IMAP_SEARCH_AND)
		term.number = step->operands;
	if (step->kind == IMAP_SEARCH_HEADER)
		term.key = key_of_field(step);
	return term;
}

static struct search_program program_of(
		const struct imap_search_op *op, struct arena *arena)
{
	struct search_term *terms = arena_array(arena, op->step_count, sizeof(*terms));

	for (size_t i = 0; i < op->step_count; i++)
		terms[i] = term_of(&op->steps[i]);
	return (struct search_program){ terms, op->step_count, &op->uids };
}

static void take(struct imap_search_op *op, struct search_result *found)
{
	op->found = found->uids;
	found->uids = UID_SET_NULL;
	op->first_modseq = found->first_modseq;
	op->last_modseq = found->last_modseq;
	op->modseq = found->modseq;
}

static void end(struct imap_performer *p)
{
	search_result_free(p->found);
	freep(&p->found);
	p->found = NULL;
}

int imap_perform_search(
		struct imap_performer *p, struct account_store *store, struct imap_op *op)
{
	struct imap_search_op *search = (struct imap_search_op *)op;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const struct search_program program = program_of(search, arena);
	int r;

	if (!p->found)
		p->found = xcalloc(1, sizeof(*p->found));
	r = search_run(store, (int64_t)search->mailbox, &program, p->found->next, EFFORT,
			p->found);
	if (r == 0 && p->found->effort > limit_value(LIMIT_IMAP_SEARCH_EFFORT))
		r = STORE_E_LIMIT;
	p->again = r == 0 && p->found->next != 0;
	if (p->again)
		return 0;
	if (r == 0)
		take(search, p->found);
	end(p);
	return r;
}
