#include "runtime/smtp/smtp_path.h"

#include "runtime/base/limit.h"

/* True where an octet above 127 stands before the path can have ended. */
static bool is_not_ascii(struct view text)
{
	struct view path = view_sub(text, 0, view_find_last(text, '>'));

	for (size_t i = 0; i < path.len; i++)
		if ((unsigned char)path.data[i] > 127)
			return true;
	return false;
}

static int outcome(enum address_outcome r)
{
	switch (r) {
	case ADDRESS_OK:
		return 0;
	case ADDRESS_E_SYNTAX:
		break;
	case ADDRESS_E_LOCAL:
		return SMTP_PATH_E_LOCAL;
	case ADDRESS_E_DOMAIN:
		return SMTP_PATH_E_DOMAIN;
	case ADDRESS_E_ROUTE:
		return SMTP_PATH_E_ROUTE;
	case ADDRESS_E_TOO_LONG:
		return SMTP_PATH_E_LENGTH;
	}
	return SMTP_PATH_E_SYNTAX;
}

/* What holds for our own recipients; a foreign bounce address may be longer. */
static int check_forward(const struct address *address)
{
	size_t len = address->raw.len +
		     strlen("<>"); /* RFC 5321, 4.5.3.1.3 counts them */

	if (!address_local_fits(address))
		return SMTP_PATH_E_LOCAL_PART;
	return len > limit_value(LIMIT_SMTP_FORWARD_PATH) ? SMTP_PATH_E_LENGTH : 0;
}

int smtp_path_read(struct arena *arena, struct view text, enum path_kind kind,
		struct buf *mailbox, struct view *rest_out)
{
	struct address address;
	struct view rest;
	int r;

	if (is_not_ascii(text))
		return SMTP_PATH_E_NOT_ASCII;
	r = outcome(address_parse_path(arena, text, kind, &address, &rest));
	if (r == 0 && kind == PATH_FORWARD)
		r = check_forward(&address);
	if (r)
		return r;
	if (address.domain.len)
		address_print(mailbox, address.local, address.domain);
	else
		buf_add(mailbox, address.local);
	*rest_out = rest;
	return 0;
}
