#include "runtime/mail/received.h"

#include "runtime/mail/address.h"
#include "runtime/mail/header.h"

/* A peer's word inside our field: what could end a comment, a clause or a line is not ours
 * to repeat. */
static void add_foreign(struct buf *out, struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		bool harmless = c > ' ' && c <= '~' && !strchr("()<>\\\";", c);

		buf_add_byte(out, harmless ? c : '?');
	}
}

/* As add_foreign(), where UTF-8 may stand. */
static void add_recipient(struct buf *out, const struct received *r)
{
	for (size_t i = 0; i < r->recipient.len; i++)
		if (r->utf8 && (unsigned char)r->recipient.data[i] > 127)
			buf_add_byte(out, r->recipient.data[i]);
		else
			add_foreign(out, view_sub(r->recipient, i, 1));
}

static const char *protocol(const struct received *r)
{
	/* clang-format off */
	static const char *const names[2][2][2] = { /* utf8, authenticated, tls */
		{ { "ESMTP",    "ESMTPS" },    { "ESMTPA",    "ESMTPSA" } },
		{ { "UTF8SMTP", "UTF8SMTPS" }, { "UTF8SMTPA", "UTF8SMTPSA" } },
	};
	/* clang-format on */

	return r->extended ? names[r->utf8][r->authenticated][r->tls.len > 0] : "SMTP";
}

static void add_from(struct buf *out, const struct received *r)
{
	buf_add_z(out, "Received: from ");
	if (r->helo.len)
		add_foreign(out, r->helo);
	else
		buf_add_z(out, "unknown");
	if (!r->peer.len)
		return;
	buf_add_z(out, view_find(r->peer, ':') < r->peer.len ? " ([IPv6:" : " ([");
	add_foreign(out, r->peer);
	buf_add_z(out, "])");
}

void received_write(struct buf *out, const struct received *r)
{
	add_from(out, r);
	buf_add_z(out, "\r\n\tby ");
	add_foreign(out, r->by);
	buf_addf(out, " with %s", protocol(r));
	if (r->tls.len) {
		buf_add_z(out, "\r\n\t(");
		for (size_t i = 0; i < r->tls.len; i++)
			if (r->tls.data[i] == ' ')
				buf_add_byte(out, ' ');
			else
				add_foreign(out, view_sub(r->tls, i, 1));
		buf_add_byte(out, ')');
	}
	buf_add_z(out, "\r\n\tid ");
	add_foreign(out, r->id);
	if (r->recipient.len) {
		buf_add_z(out, "\r\n\tfor <");
		add_recipient(out, r);
		buf_add_byte(out, '>');
	}
	buf_add_z(out, ";\r\n\t");
	date_print(out, r->date);
	buf_add_z(out, "\r\n");
}

void return_path_write(struct buf *out, struct view local, struct view domain)
{
	buf_add_z(out, "Return-Path: <");
	address_print(out, local, domain);
	buf_add_z(out, ">\r\n");
}

size_t received_count(struct view header_block)
{
	return header_count(header_block, VIEW("Received"));
}
