#include "runtime/mail/authres.h"

#include "runtime/base/utf8.h"
#include "runtime/dns/name.h"
#include "runtime/mail/lexer.h"

enum {
	FOLD_AT = 78,
	INDENT = 8
};

/* -- writing -- */

/* The length of what may stand here of a stranger's text: an octet of ASCII, or a whole
 * character; 0: neither. */
static size_t harmless(const struct authres *a, struct view rest)
{
	uint32_t code;

	if (rest.data[0] >= ' ' && rest.data[0] <= '~')
		return 1;
	return a->utf8 && (unsigned char)rest.data[0] > 127 ? utf8_decode(rest, &code)
							    : 0;
}

/* Adds the text with `special` octets after a backslash and '?' for what may not stand. */
static void add_escaped(const struct authres *a, struct buf *out, struct view text,
		const char *special)
{
	while (text.len) {
		size_t len = harmless(a, text);

		if (len == 1 && strchr(special, text.data[0]))
			buf_add_byte(out, '\\');
		if (len)
			buf_add(out, view_sub(text, 0, len));
		else
			buf_add_byte(out, '?');
		text = view_from(text, len ? len : 1);
	}
}

static void add_word(struct authres *a, struct view word)
{
	if (a->column + 1 + word.len > FOLD_AT) {
		buf_add_z(a->out, "\r\n\t");
		a->column = INDENT;
	} else {
		buf_add_byte(a->out, ' ');
		a->column++;
	}
	buf_add(a->out, word);
	a->column += word.len;
}

static bool all(struct view text, bool (*fits)(char))
{
	for (size_t i = 0; i < text.len; i++)
		if (!fits(text.data[i]))
			return false;
	return text.len > 0;
}

static bool is_plain_token(char c)
{
	return byte_is_token(c) && (unsigned char)c < 128;
}

static bool is_plain_local(char c)
{
	return byte_is_atext(c, false) || c == '.';
}

/* RFC 8601, 2.2: pvalue = value / [ [ local-part ] "@" ] domain-name */
static bool needs_no_quotes(struct view value)
{
	size_t at = view_find_last(value, '@');
	struct view local = view_sub(value, 0, at);

	if (at == value.len)
		return all(value, is_plain_token);
	return name_is_host(view_from(value, at + 1)) &&
	       (local.len == 0 || (all(local, is_plain_local) && local.data[0] != '.' &&
						  !view_ends(local, VIEW("."))));
}

static void add_value(const struct authres *a, struct buf *out, struct view value)
{
	if (needs_no_quotes(value)) {
		buf_add(out, value);
		return;
	}
	buf_add_byte(out, '"');
	add_escaped(a, out, value, "\"\\");
	buf_add_byte(out, '"');
}

void authres_begin(struct authres *a, struct buf *out, struct view id, bool utf8)
{
	size_t start = out->len;

	*a = (struct authres){ .out = out, .utf8 = utf8 };
	buf_add_z(out, "Authentication-Results: ");
	add_value(a, out, id);
	a->column = out->len - start;
}

void authres_result(struct authres *a, const char *method, const char *result)
{
	a->any = true;
	buf_addf(a->out, ";\r\n\t%s=%s", method, result);
	a->column = INDENT + strlen(method) + 1 + strlen(result);
}

bool authres_first_is(struct view field, const char *method, const char *result)
{
	struct view begin = VIEW(";\r\n\t"),
		    rest = view_from(field, view_find_view(field, begin));
	size_t len = 0;

	if (!view_starts(rest, begin))
		return false;
	rest = view_from(rest, begin.len);
	if (!view_eq(view_cut(&rest, '='), view_z(method)))
		return false;
	while (len < rest.len && byte_is_alpha(rest.data[len]))
		len++;
	return view_eq(view_sub(rest, 0, len), view_z(result));
}

void authres_comment(struct authres *a, struct view text)
{
	CLEANUP(buf_free) struct buf word = BUF_NULL(2 * AUTHRES_VALUE_MAX);

	buf_add_byte(&word, '(');
	add_escaped(a, &word, view_sub(text, 0, AUTHRES_VALUE_MAX / 2), "()\\");
	buf_add_byte(&word, ')');
	add_word(a, buf_view(&word));
}

void authres_reason(struct authres *a, struct view text)
{
	CLEANUP(buf_free) struct buf word = BUF_NULL(2 * AUTHRES_VALUE_MAX);

	buf_add_z(&word, "reason=\"");
	add_escaped(a, &word, view_sub(text, 0, AUTHRES_VALUE_MAX / 2), "\"\\");
	buf_add_byte(&word, '"');
	add_word(a, buf_view(&word));
}

bool authres_property(struct authres *a, const char *type, const char *property,
		struct view value)
{
	CLEANUP(buf_free) struct buf word = BUF_NULL(AUTHRES_VALUE_MAX + 40);

	buf_addf(&word, "%s.%s=", type, property);
	add_value(a, &word, value);
	if (buf_failed(&word))
		return false;
	add_word(a, buf_view(&word));
	return true;
}

void authres_end(struct authres *a)
{
	buf_add_z(a->out, a->any ? "\r\n" : "; none\r\n");
}

/* -- reading -- */

/* The name that the field bears, as its beginning says (2.2: authserv-id [ CFWS version ]).
 * False where that cannot be read in one way. */
static bool read_id(struct view value, struct buf *out)
{
	struct lexer l = lexer_of(value);

	lexer_skip(&l);
	if (lexer_peek(&l) == '"')
		lexer_quoted(&l, out);
	else
		buf_add(out, lexer_token(&l));
	if (lexer_skip(&l))
		while (byte_is_digit(lexer_peek(&l)))
			l.at++;
	lexer_skip(&l);
	return !l.damaged && out->len && (lexer_end(&l) || lexer_peek(&l) == ';');
}

static bool same_name(struct view a, struct view b)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view one, other;

	if (!name_normalise(arena, a, &one) || !name_normalise(arena, b, &other))
		return view_eq_nocase(a, b);
	return view_eq(one, other);
}

bool authres_is_forged(const struct header_field *field, struct view id)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(field->value.len);

	if (!view_eq_nocase(field->name, VIEW("Authentication-Results")))
		return false;
	return !read_id(field->value, &name) || same_name(buf_view(&name), id);
}
