#include "runtime/smtp/smtp_path.h"

#include "runtime/base/limit.h"

enum {
	/* A local part that is quoted, and an A-label where a short U-label was. */
	MAILBOX_SIZE = 4096
};

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

/* A sender that the Sender Rewriting Scheme made (mailauth/srs.h) holds another address. */
static bool is_rewritten(struct view local)
{
	return view_starts_nocase(local, VIEW("SRS0=")) ||
	       view_starts_nocase(local, VIEW("SRS1="));
}

/* What holds for our own recipients; a foreign bounce address may be longer. */
static int check_forward(const struct address *address)
{
	size_t len = address->raw.len +
		     strlen("<>"); /* RFC 5321, 4.5.3.1.3 counts them */

	if (!address_local_fits(address) && !is_rewritten(address->local))
		return SMTP_PATH_E_LOCAL_PART;
	return len > limit_value(LIMIT_SMTP_FORWARD_PATH) ? SMTP_PATH_E_LENGTH : 0;
}

int smtp_path_read(struct arena *arena, struct view text, enum path_kind kind,
		struct smtp_path *out)
{
	struct address address;
	struct view rest;
	int r = outcome(address_parse_path(arena, text, kind, &address, &rest));

	if (r == 0 && kind == PATH_FORWARD)
		r = check_forward(&address);
	if (r)
		return r;
	*out = (struct smtp_path){
		.mailbox = BUF_NULL(MAILBOX_SIZE), .wide = address.wide, .rest = rest
	};
	if (address.domain.len)
		address_print(&out->mailbox, address.local, address.domain);
	else
		buf_add(&out->mailbox, address.local);
	return 0;
}

void smtp_path_free(struct smtp_path *path)
{
	buf_free(&path->mailbox);
}
