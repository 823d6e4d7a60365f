#include "runtime/imap/imap_flags.h"

#include "runtime/base/limit.h"

const char imap_system_flags[] = "\\Answered \\Flagged \\Deleted \\Seen \\Draft";

/* clang-format off */
static const struct {
	struct view name;
	enum imap_flag flag;
} system_flags[] = {
	{ { "\\Answered", 9 }, IMAP_FLAG_ANSWERED },
	{ { "\\Flagged", 8 },  IMAP_FLAG_FLAGGED },
	{ { "\\Deleted", 8 },  IMAP_FLAG_DELETED },
	{ { "\\Seen", 5 },     IMAP_FLAG_SEEN },
	{ { "\\Draft", 6 },    IMAP_FLAG_DRAFT },
};
/* clang-format on */

static void take_system_flag(struct imap_parse *p, struct imap_flags *flags)
{
	struct view name = imap_parse_atom(p);

	for (size_t i = 0; i < ARRAY_LEN(system_flags); i++) {
		if (view_eq_nocase(name, view_from(system_flags[i].name, 1))) {
			flags->system |= system_flags[i].flag;
			return;
		}
	}
	imap_parse_fail(p, "BAD There is no such system flag that could be changed");
}

static bool has_keyword(struct view keywords, struct view keyword)
{
	while (keywords.len)
		if (view_eq_nocase(view_cut(&keywords, ' '), keyword))
			return true;
	return false;
}

static void take_keyword(struct imap_parse *p, struct buf *keywords, unsigned *count)
{
	struct view keyword = imap_parse_atom(p);

	if (p->error || has_keyword(buf_view(keywords), keyword))
		return;
	if (keyword.len > limit_value(LIMIT_IMAP_KEYWORD)) {
		imap_parse_fail(p, limit_reply(LIMIT_IMAP_KEYWORD));
		return;
	}
	if (++*count > limit_value(LIMIT_IMAP_KEYWORDS)) {
		imap_parse_fail(p, limit_reply(LIMIT_IMAP_KEYWORDS));
		return;
	}
	if (keywords->len)
		buf_add_byte(keywords, ' ');
	buf_add(keywords, keyword);
}

void imap_flags_parse(struct imap_parse *p, bool bare, struct arena *arena,
		struct imap_flags *out)
{
	CLEANUP(buf_free)
	struct buf keywords = BUF_NULL(limit_value(LIMIT_IMAP_KEYWORDS) *
				       (limit_value(LIMIT_IMAP_KEYWORD) + 1));
	bool list = imap_parse_take(p, '(');
	unsigned count = 0;

	*out = (struct imap_flags){ 0 };
	if (!list && !bare)
		imap_parse_fail(p, "BAD A list of flags is expected here");
	if (list && imap_parse_take(p, ')'))
		return;
	do {
		if (imap_parse_take(p, '\\'))
			take_system_flag(p, out);
		else
			take_keyword(p, &keywords, &count);
	} while (imap_parse_take(p, ' '));
	if (list)
		imap_parse_expect(p, ')', "BAD A list of flags is not closed");
	out->keywords = arena_copy(arena, buf_view(&keywords));
}

static void add_word(struct buf *out, size_t start, struct view word)
{
	if (out->len > start)
		buf_add_byte(out, ' ');
	buf_add(out, word);
}

void imap_flags_add(struct buf *out, const struct imap_flags *flags)
{
	size_t start;

	buf_add_byte(out, '(');
	start = out->len;
	for (size_t i = 0; i < ARRAY_LEN(system_flags); i++)
		if (flags->system & system_flags[i].flag)
			add_word(out, start, system_flags[i].name);
	if (flags->keywords.len)
		add_word(out, start, flags->keywords);
	buf_add_byte(out, ')');
}
