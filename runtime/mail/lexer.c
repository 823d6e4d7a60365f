#include "runtime/mail/lexer.h"

#include "runtime/base/limit.h"

bool byte_is_atext(char c, bool wide)
{
	if (byte_is_alpha(c) || byte_is_digit(c))
		return true;
	if ((unsigned char)c >= 0x80)
		return wide;
	return c && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL;
}

bool byte_is_token(char c)
{
	unsigned char octet = (unsigned char)c;

	return octet > ' ' && octet != 127 && !strchr("()<>@,;:\\\"/[]?=", c);
}

/* Here is '('. Depth is a number, not a call. */
static void skip_comment(struct lexer *l)
{
	size_t start = l->at + 1;
	uint64_t depth = 0;

	for (; !lexer_end(l); l->at++) {
		char c = lexer_peek(l);

		if (c == '\\') {
			l->at++;
		} else if (c == '(') {
			if (++depth > limit_value(LIMIT_MIME_COMMENT_DEPTH))
				l->damaged = l->too_deep = true;
		} else if (c == ')' && --depth == 0) {
			l->comment = view_sub(l->text, start, l->at - start);
			l->at++;
			return;
		}
	}
	l->at = l->text.len;
	l->comment = view_from(l->text, start);
	l->damaged = true;
}

bool lexer_skip(struct lexer *l)
{
	size_t start = l->at;

	while (!lexer_end(l)) {
		if (lexer_peek(l) == '(')
			skip_comment(l);
		else if (byte_is_blank(lexer_peek(l)))
			l->at++;
		else
			break;
	}
	return l->at > start;
}

bool lexer_take(struct lexer *l, char c)
{
	if (lexer_end(l) || lexer_peek(l) != c)
		return false;
	l->at++;
	return true;
}

struct view lexer_atom(struct lexer *l)
{
	size_t start = l->at;

	while (!lexer_end(l) && byte_is_atext(lexer_peek(l), true))
		l->at++;
	return view_sub(l->text, start, l->at - start);
}

struct view lexer_token(struct lexer *l)
{
	size_t start = l->at;

	while (!lexer_end(l) && byte_is_token(lexer_peek(l)))
		l->at++;
	return view_sub(l->text, start, l->at - start);
}

static void enclosed(struct lexer *l, char close, bool blanks, struct buf *out)
{
	for (l->at++; !lexer_end(l); l->at++) {
		char c = lexer_peek(l);

		if (c == close) {
			l->at++;
			return;
		}
		if (c == '\\' && l->at + 1 < l->text.len)
			c = l->text.data[++l->at];
		if (c == '\r' || c == '\n' || c == '\0' || (!blanks && byte_is_blank(c)))
			continue;
		buf_add_byte(out, c);
	}
	l->damaged = true;
}

void lexer_quoted(struct lexer *l, struct buf *out)
{
	enclosed(l, '"', true, out);
}

void lexer_literal(struct lexer *l, struct buf *out)
{
	buf_add_byte(out, '[');
	enclosed(l, ']', false, out);
	buf_add_byte(out, ']');
}
