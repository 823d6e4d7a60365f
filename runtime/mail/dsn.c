#include "runtime/mail/dsn.h"

#include "runtime/base/limit.h"
#include "runtime/base/utf8.h"
#include "runtime/mail/lexer.h"

/* The value of an upper-case hexadecimal digit (RFC 3461, 4), or -1. */
static int hex_value(char c)
{
	if (byte_is_digit(c))
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_printable(int octet)
{
	return octet >= ' ' && octet <= '~';
}

/* The octets of one xtext character at the start of `text`; 0: there is none. */
static size_t xtext_char(struct view text)
{
	int high, low;

	if (text.data[0] != '+')
		return is_printable(text.data[0]) && text.data[0] != ' ' &&
						       text.data[0] != '='
				       ? 1
				       : 0;
	if (text.len < 3)
		return 0;
	high = hex_value(text.data[1]);
	low = hex_value(text.data[2]);
	return high >= 0 && low >= 0 && is_printable(16 * high + low) ? 3 : 0;
}

bool xtext_is_printable(struct view text)
{
	struct view rest = text;

	while (rest.len) {
		size_t len = xtext_char(rest);

		if (len == 0)
			return false;
		rest = view_from(rest, len);
	}
	return text.len > 0;
}

/* \x{10FFFF}: the octets of an embedded character at the start of `text` (RFC 6533, 3)
 * that is no control; 0: there is none. */
static size_t embedded_char(struct view text)
{
	uint32_t code = 0;
	size_t at = strlen("\\x{");

	if (!view_starts(text, VIEW("\\x{")))
		return 0;
	while (at < text.len && hex_value(text.data[at]) >= 0 &&
			at < strlen("\\x{10FFFF"))
		code = 16 * code + (uint32_t)hex_value(text.data[at++]);
	if (at == text.len || text.data[at] != '}' || code < ' ' ||
			(code >= 0x7f && code < 0xa0) || code > 0x10ffff ||
			(code >= 0xd800 && code < 0xe000))
		return 0;
	return at + 1;
}

static bool is_utf8_address(struct view text, bool wide)
{
	struct view rest = text;

	while (rest.len) {
		uint32_t code;
		size_t len;

		if ((unsigned char)rest.data[0] > 127)
			len = wide ? utf8_decode(rest, &code) : 0;
		else if (rest.data[0] == '\\')
			len = embedded_char(rest);
		else
			len = xtext_char(rest);
		if (len == 0)
			return false;
		rest = view_from(rest, len);
	}
	return text.len > 0;
}

static bool is_atom(struct view text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!byte_is_atext(text.data[i], false))
			return false;
	return text.len > 0;
}

bool dsn_is_orcpt(struct view value, bool wide)
{
	struct view address = value;
	struct view type = view_cut(&address, ';');

	if (value.len > limit_value(LIMIT_SMTP_ORCPT) || !is_atom(type))
		return false;
	return view_eq_nocase(type, VIEW("utf-8")) ? is_utf8_address(address, wide)
						   : xtext_is_printable(address);
}

bool dsn_is_envid(struct view value)
{
	return value.len <= limit_value(LIMIT_SMTP_ENVID) && xtext_is_printable(value);
}

bool dsn_ret_read(struct view value, enum dsn_ret *out)
{
	if (view_eq_nocase(value, VIEW("FULL")))
		*out = DSN_RET_FULL;
	else if (view_eq_nocase(value, VIEW("HDRS")))
		*out = DSN_RET_HEADERS;
	else
		return false;
	return true;
}

static unsigned notify_word(struct view word)
{
	/* clang-format off */
	static const struct {
		const char *word;
		unsigned bit;
	} words[] = {
		{ "NEVER",   DSN_NEVER },
		{ "SUCCESS", DSN_SUCCESS },
		{ "FAILURE", DSN_FAILURE },
		{ "DELAY",   DSN_DELAY },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (view_eq_nocase(word, view_z(words[i].word)))
			return words[i].bit;
	return 0;
}

bool dsn_notify_read(struct view value, unsigned *out)
{
	unsigned all = 0;

	do {
		unsigned bit = notify_word(view_cut(&value, ','));

		if (bit == 0)
			return false;
		all |= bit;
	} while (value.data);
	if (all & DSN_NEVER && all != DSN_NEVER)
		return false;
	*out = all;
	return true;
}
