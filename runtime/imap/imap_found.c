#include "runtime/imap/imap_found.h"

/* clang-format off */
static const struct {
	const char *name;
	enum imap_found_option option;
} options[] = {
	{ "ALL",   IMAP_FOUND_ALL },
	{ "COUNT", IMAP_FOUND_COUNT },
	{ "MAX",   IMAP_FOUND_MAX },
	{ "MIN",   IMAP_FOUND_MIN },
	{ "SAVE",  IMAP_FOUND_SAVE },
};
/* clang-format on */

enum {
	SOME = IMAP_FOUND_MIN | IMAP_FOUND_MAX, /* one message or two of those found */
	EACH = IMAP_FOUND_ALL | IMAP_FOUND_COUNT,
};

/* -- options -- */

static unsigned parse_option(struct imap_parse *p)
{
	struct view word = imap_parse_word(p);

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (view_eq_nocase(word, view_z(options[i].name)))
			return options[i].option;
	imap_parse_fail(p, "BAD That result option is not offered");
	return 0;
}

void imap_found_parse(struct imap_parse *p, struct imap_found *found)
{
	if (!imap_parse_take_word(p, "RETURN"))
		return;
	imap_parse_space(p);
	imap_parse_expect(p, '(', "BAD A list of result options is expected here");
	if (!imap_parse_take(p, ')')) {
		do {
			found->options |= parse_option(p);
		} while (imap_parse_take(p, ' '));
		imap_parse_expect(p, ')', "BAD A list of result options is not closed");
	}
	imap_parse_space(p);
	if (!found->options)
		found->options = IMAP_FOUND_ALL;
}

/* -- taking -- */

/* MIN and MAX alone save no more than they tell (RFC 5182, 2.4). */
static bool saves_some(const struct imap_found *found)
{
	return found->options & SOME && !(found->options & EACH);
}

static void save(struct imap_session *s, const struct imap_found *found,
		const struct uid_set *uids)
{
	size_t last = uids->count - 1;

	uid_set_free(&s->saved);
	if (uids->count == 0)
		return;
	if (!saves_some(found)) {
		uid_set_copy(&s->saved, uids);
		return;
	}
	if (found->options & IMAP_FOUND_MIN)
		uid_set_add(&s->saved, uids->ranges[0].first, uids->ranges[0].first);
	if (found->options & IMAP_FOUND_MAX)
		uid_set_add(&s->saved, uids->ranges[last].last, uids->ranges[last].last);
}

void imap_found_take(struct imap_session *s, const struct imap_found *found,
		struct imap_search_op *op)
{
	struct uid_set numbers = UID_SET_NULL;

	if (found->options & IMAP_FOUND_SAVE)
		save(s, found, &op->found);
	if (s->command->uid)
		return;
	imap_view_to_numbers(s->view, &op->found, &numbers);
	uid_set_free(&op->found);
	op->found = numbers;
}

/* -- telling -- */

static bool is_full(const struct imap_session *s)
{
	return imap_output_waiting(s) > IMAP_OUTPUT_HIGH;
}

static bool add_numbers(struct imap_session *s, struct imap_found *found,
		const struct uid_set *set)
{
	for (; found->range < set->count; found->range++, found->taken = 0) {
		struct uid_range range = set->ranges[found->range];

		for (; found->taken <= range.last - range.first; found->taken++) {
			if (is_full(s))
				return false;
			buf_add_byte(&s->out, ' ');
			buf_add_u64(&s->out, range.first + found->taken);
		}
	}
	return true;
}

static bool add_set(struct imap_session *s, struct imap_found *found,
		const struct uid_set *set)
{
	for (; found->range < set->count; found->range++) {
		struct uid_range range = set->ranges[found->range];

		if (is_full(s))
			return false;
		imap_say(s, found->range ? VIEW(",") : VIEW(" ALL "));
		buf_add_u64(&s->out, range.first);
		if (range.last == range.first)
			continue;
		buf_add_byte(&s->out, ':');
		buf_add_u64(&s->out, range.last);
	}
	return true;
}

static void begin_extended(struct imap_session *s, const struct imap_found *found,
		const struct uid_set *set)
{
	imap_sayf(s, "* ESEARCH (TAG \"%.*s\")%s", VIEW_ARG(s->command->tag),
			s->command->uid ? " UID" : "");
	if (set->count && found->options & IMAP_FOUND_MIN)
		imap_sayf(s, " MIN %" PRIu32, set->ranges[0].first);
	if (set->count && found->options & IMAP_FOUND_MAX)
		imap_sayf(s, " MAX %" PRIu32, set->ranges[set->count - 1].last);
	if (found->options & IMAP_FOUND_COUNT)
		imap_sayf(s, " COUNT %" PRIu64, uid_set_size(set));
}

/* Of the messages that are told of (RFC 4731, 3.2). */
static uint64_t modseq_of(const struct imap_found *found, const struct imap_search_op *op)
{
	uint64_t first = op->first_modseq, last = op->last_modseq;

	if (!saves_some(found))
		return op->modseq;
	if (!(found->options & IMAP_FOUND_MAX))
		return first;
	if (!(found->options & IMAP_FOUND_MIN))
		return last;
	return first > last ? first : last;
}

static void end(struct imap_session *s, const struct imap_found *found,
		const struct imap_search_op *op)
{
	if (found->modseq && op->found.count)
		imap_sayf(s,
				found->options ? " MODSEQ %" PRIu64
					       : " (MODSEQ %" PRIu64 ")",
				modseq_of(found, op));
	imap_say(s, VIEW("\r\n"));
}

bool imap_found_tell(struct imap_session *s, struct imap_found *found,
		const struct imap_search_op *op)
{
	bool all_told = true;

	if (found->options == IMAP_FOUND_SAVE)
		return true;
	if (!found->begun) {
		if (found->options)
			begin_extended(s, found, &op->found);
		else
			imap_say(s, VIEW("* SEARCH"));
	}
	found->begun = true;
	if (!found->options)
		all_told = add_numbers(s, found, &op->found);
	else if (found->options & IMAP_FOUND_ALL)
		all_told = add_set(s, found, &op->found);
	if (all_told)
		end(s, found, op);
	return all_told;
}
