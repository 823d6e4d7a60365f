#include "runtime/imap/imap_parse.h"

#include "runtime/base/limit.h"
#include "runtime/base/utf8.h"

void imap_parse_fail(struct imap_parse *p, const char *error)
{
	if (!p->error)
		p->error = error;
}

bool imap_parse_at_end(const struct imap_parse *p)
{
	return p->at == p->len;
}

bool imap_parse_peek(const struct imap_parse *p, char byte)
{
	return !p->error && p->at < p->len && p->data[p->at] == byte;
}

bool imap_parse_take(struct imap_parse *p, char byte)
{
	if (!imap_parse_peek(p, byte))
		return false;
	p->at++;
	return true;
}

void imap_parse_expect(struct imap_parse *p, char byte, const char *error)
{
	if (!imap_parse_take(p, byte))
		imap_parse_fail(p, error);
}

void imap_parse_space(struct imap_parse *p)
{
	imap_parse_expect(p, ' ', "BAD One space is expected here");
}

void imap_parse_end(struct imap_parse *p)
{
	if (!imap_parse_at_end(p))
		imap_parse_fail(p, "BAD More words than the command takes");
}

/* -- characters (RFC 3501, 9) -- */

static bool is_atom_char(char c)
{
	return c > ' ' && c < 0x7f && !strchr("(){%*\"\\]", c);
}

static bool is_astring_char(char c)
{
	return is_atom_char(c) || c == ']';
}

static bool is_tag_char(char c)
{
	return is_astring_char(c) && c != '+';
}

static bool is_list_char(char c)
{
	return is_astring_char(c) || c == '%' || c == '*';
}

static bool is_word_char(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) || c == '.' || c == '-' || c == '_';
}

static struct view take_while(struct imap_parse *p, bool (*is)(char c))
{
	size_t start = p->at;

	if (p->error)
		return VIEW_NULL;
	while (p->at < p->len && is(p->data[p->at]))
		p->at++;
	return view_of(p->data + start, p->at - start);
}

static struct view take_some(struct imap_parse *p, bool (*is)(char c), const char *error)
{
	struct view taken = take_while(p, is);

	if (taken.len == 0)
		imap_parse_fail(p, error);
	return taken;
}

struct view imap_parse_tag(struct imap_parse *p)
{
	return take_some(p, is_tag_char, "BAD A command begins with a tag");
}

struct view imap_parse_atom(struct imap_parse *p)
{
	return take_some(p, is_atom_char, "BAD An atom is expected here");
}

struct view imap_parse_word(struct imap_parse *p)
{
	return take_while(p, is_word_char);
}

bool imap_parse_take_word(struct imap_parse *p, const char *word)
{
	size_t before = p->at;

	if (!p->error && view_eq_nocase(imap_parse_word(p), view_z(word)))
		return true;
	p->at = before;
	return false;
}

/* -- strings -- */

static struct view take_quoted(struct imap_parse *p)
{
	size_t start = p->at, end = p->at;
	struct view text;

	while (p->at < p->len && p->data[p->at] != '"') {
		char c = p->data[p->at++];

		if (c == '\\') {
			if (!imap_parse_peek(p, '"') && !imap_parse_peek(p, '\\'))
				break;
			c = p->data[p->at++];
		} else if (c == '\0' || c == '\r' || c == '\n') {
			break;
		}
		p->data[end++] = c;
	}
	imap_parse_expect(p, '"',
			"BAD A quoted string is not closed or has a bad character");
	text = view_of(p->data + start, end - start);
	if (!utf8_valid(text))
		imap_parse_fail(p, "BAD A quoted string is not UTF-8");
	return p->error ? VIEW_NULL : text;
}

static struct view take_literal(struct imap_parse *p)
{
	uint32_t len = imap_parse_number(p);
	struct view text;

	(void)imap_parse_take(p, '+');
	imap_parse_expect(p, '}', "BAD A literal is malformed");
	imap_parse_expect(p, '\r', "BAD A literal is malformed");
	imap_parse_expect(p, '\n', "BAD A literal is malformed");
	if (!p->error && len > p->len - p->at)
		imap_parse_fail(p, "BAD A literal is cut off");
	if (p->error)
		return VIEW_NULL;
	text = view_of(p->data + p->at, len);
	p->at += len;
	if (view_find(text, '\0') < text.len)
		imap_parse_fail(p, "BAD A literal has a NUL octet");
	return text;
}

struct view imap_parse_string(struct imap_parse *p)
{
	if (imap_parse_take(p, '"'))
		return take_quoted(p);
	if (imap_parse_take(p, '{'))
		return take_literal(p);
	imap_parse_fail(p, "BAD A string is expected here");
	return VIEW_NULL;
}

static bool string_is_next(const struct imap_parse *p)
{
	return imap_parse_peek(p, '"') || imap_parse_peek(p, '{');
}

struct view imap_parse_astring(struct imap_parse *p)
{
	if (string_is_next(p))
		return imap_parse_string(p);
	return take_some(p, is_astring_char, "BAD A word or a string is expected here");
}

struct view imap_parse_list_mailbox(struct imap_parse *p)
{
	if (string_is_next(p))
		return imap_parse_string(p);
	return take_some(p, is_list_char, "BAD A pattern is expected here");
}

/* -- numbers -- */

static bool is_digit(char c)
{
	return byte_is_digit(c);
}

uint32_t imap_parse_number(struct imap_parse *p)
{
	struct view digits = take_while(p, is_digit);
	uint64_t number;

	if (!view_to_u64(digits, &number) || number > UINT32_MAX) {
		imap_parse_fail(p, "BAD A number below 4294967296 is expected here");
		return 0;
	}
	return (uint32_t)number;
}

uint32_t imap_parse_nz_number(struct imap_parse *p)
{
	uint32_t number = imap_parse_number(p);

	if (number == 0)
		imap_parse_fail(p, "BAD Zero is not allowed here");
	return number;
}

uint64_t imap_parse_modseq(struct imap_parse *p)
{
	struct view digits = take_while(p, is_digit);
	uint64_t number;

	if (!view_to_u64(digits, &number) || number > INT64_MAX) {
		imap_parse_fail(p, "BAD A mod-sequence is expected here");
		return 0;
	}
	return number;
}

/* One number of a set, or '*'. */
static uint32_t take_seq_number(struct imap_parse *p, uint32_t last, bool *star)
{
	if (!imap_parse_take(p, '*'))
		return imap_parse_nz_number(p);
	*star = true;
	return last;
}

void imap_parse_set(
		struct imap_parse *p, uint32_t last, uint32_t max, struct uid_set *out)
{
	uint64_t ranges = 0;

	do {
		bool star = false;
		uint32_t first = take_seq_number(p, last, &star), second = first;

		if (imap_parse_take(p, ':'))
			second = take_seq_number(p, last, &star);
		if (++ranges > limit_value(LIMIT_IMAP_SET))
			imap_parse_fail(p, limit_reply(LIMIT_IMAP_SET));
		/* n:* past the end is the last message; a bare number past it is none. */
		if (!star && (first > max || second > max))
			imap_parse_fail(p, "BAD There is no message of that number");
		if (p->error)
			break;
		if (star && last == 0)
			continue;
		if (first > second) {
			uint32_t swapped = first;

			first = second;
			second = swapped;
		}
		uid_set_add_raw(out, first, second < max ? second : max);
	} while (imap_parse_take(p, ','));
	uid_set_normalise(out);
}
