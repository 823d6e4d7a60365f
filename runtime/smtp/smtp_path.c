#include "runtime/smtp/smtp_path.h"

#include "runtime/base/limit.h"

static bool is_atext(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) ||
	       (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* Dot-string: atoms between single dots. Returns its length; 0 where there is none. */
static size_t dot_string(struct view text)
{
	size_t at = 0;
	bool atom = false;

	while (at < text.len) {
		if (is_atext(text.data[at]))
			atom = true;
		else if (text.data[at] == '.' && atom)
			atom = false;
		else
			break;
		at++;
	}
	return atom ? at : 0;
}

/* Quoted-string, with its quotes. Returns its length; 0 where it is none. */
static size_t quoted_string(struct view text)
{
	for (size_t at = 1; at < text.len; at++) {
		char c = text.data[at];

		if (c == '"')
			return at + 1;
		if (c == '\\')
			c = ++at < text.len ? text.data[at] : '\0';
		if (c < ' ' || c > '~')
			return 0;
	}
	return 0;
}

/* Sub-domains of letters, digits and inner hyphens. Returns its length, 0 for none. */
static size_t domain_name(struct view text)
{
	size_t at = 0, label = 0;

	for (; at < text.len; at++) {
		char c = text.data[at];

		if (byte_is_alpha(c) || byte_is_digit(c) || (c == '-' && label))
			label++;
		else if (c == '.' && label && text.data[at - 1] != '-')
			label = 0;
		else
			break;
		if (label > 63)
			return 0;
	}
	return label && text.data[at - 1] != '-' ? at : 0;
}

/* address-literal: what is inside is the resolver's to judge. */
static size_t address_literal(struct view text)
{
	size_t end = view_find(text, ']');

	if (end == text.len || end < 2)
		return 0;
	for (size_t i = 1; i < end; i++)
		if (text.data[i] <= ' ' || text.data[i] > '~' || text.data[i] == '[' ||
				text.data[i] == '\\')
			return 0;
	return end + 1;
}

static size_t domain(struct view text)
{
	return text.len && text.data[0] == '[' ? address_literal(text)
					       : domain_name(text);
}

/* Adds a local part; a quoted one that is a Dot-string inside loses its quotes. */
static void add_local_part(struct buf *out, struct view local)
{
	CLEANUP(buf_free) struct buf plain = BUF_NULL(local.len);

	if (local.data[0] != '"') {
		buf_add(out, local);
		return;
	}
	for (size_t i = 1; i < local.len - 1; i++) {
		if (local.data[i] == '\\')
			i++;
		buf_add_byte(&plain, local.data[i]);
	}
	buf_add(out, plain.len && dot_string(buf_view(&plain)) == plain.len
					? buf_view(&plain)
					: local);
}

static bool skip(struct view *text, char byte)
{
	if (text->len == 0 || text->data[0] != byte)
		return false;
	*text = view_from(*text, 1);
	return true;
}

static int check_lengths(struct view path, struct view local, struct view host,
		enum smtp_path_kind kind)
{
	size_t len = path.len + strlen("<>"); /* RFC 5321, 4.5.3.1.3 counts them */

	if (host.len > limit_value(LIMIT_SMTP_DOMAIN))
		return SMTP_PATH_E_DOMAIN;
	if (kind == SMTP_REVERSE_PATH)
		return len > limit_value(LIMIT_SMTP_PATH) ? SMTP_PATH_E_LENGTH : 0;
	if (local.len > limit_value(LIMIT_SMTP_LOCAL_PART))
		return SMTP_PATH_E_LOCAL_PART;
	return len > limit_value(LIMIT_SMTP_FORWARD_PATH) ? SMTP_PATH_E_LENGTH : 0;
}

static int read_mailbox(struct view *text, enum smtp_path_kind kind, struct buf *mailbox)
{
	struct view path = *text, local, host;
	int r;

	if (text->len && text->data[0] == '@')
		return SMTP_PATH_E_ROUTE;
	local = view_sub(*text, 0,
			text->len && text->data[0] == '"' ? quoted_string(*text)
							  : dot_string(*text));
	if (local.len == 0)
		return SMTP_PATH_E_SYNTAX;
	*text = view_from(*text, local.len);
	if (kind == SMTP_FORWARD_PATH && view_eq_nocase(local, VIEW("postmaster")) &&
			text->len && text->data[0] == '>') {
		buf_add(mailbox, local);
		return 0;
	}
	if (!skip(text, '@'))
		return SMTP_PATH_E_SYNTAX;
	host = view_sub(*text, 0, domain(*text));
	if (host.len == 0)
		return SMTP_PATH_E_SYNTAX;
	*text = view_from(*text, host.len);
	r = check_lengths(view_sub(path, 0, path.len - text->len), local, host, kind);
	if (r)
		return r;
	add_local_part(mailbox, local);
	buf_add_byte(mailbox, '@');
	buf_add(mailbox, host);
	return 0;
}

/* True where an octet above 127 stands before the path can have ended. */
static bool is_not_ascii(struct view text)
{
	struct view path = view_sub(text, 0, view_find_last(text, '>'));

	for (size_t i = 0; i < path.len; i++)
		if ((unsigned char)path.data[i] > 127)
			return true;
	return false;
}

int smtp_path_read(struct view text, enum smtp_path_kind kind, struct buf *mailbox,
		struct view *rest_out)
{
	int r;

	if (is_not_ascii(text))
		return SMTP_PATH_E_NOT_ASCII;
	if (!skip(&text, '<'))
		return SMTP_PATH_E_SYNTAX;
	buf_clear(mailbox);
	if (kind == SMTP_REVERSE_PATH && skip(&text, '>')) {
		*rest_out = text;
		return 0;
	}
	r = read_mailbox(&text, kind, mailbox);
	if (r == 0 && !skip(&text, '>'))
		r = SMTP_PATH_E_SYNTAX;
	if (r) {
		buf_clear(mailbox);
		return r;
	}
	*rest_out = text;
	return 0;
}
