#include "runtime/mail/incoming.h"

#include "runtime/mail/authres.h"

void incoming_init(struct incoming *in, struct view id)
{
	*in = (struct incoming){ .id = id };
	held_header_init(&in->held);
}

void incoming_deinit(struct incoming *in)
{
	held_header_deinit(&in->held);
}

/* A line that is no field goes on as it came. */
static void pass_header(struct incoming *in, struct view header, struct view rest,
		struct buf *out)
{
	struct header_iterator it = header_iterate(header);
	struct header_field field;

	while (header_next(&it, &field))
		if (!authres_is_forged(&field, in->id))
			buf_add(out, field.whole);
	buf_add(out, rest);
	held_header_deinit(&in->held);
}

void incoming_feed(struct incoming *in, struct view bytes, struct buf *out)
{
	struct view header, rest;

	if (in->held.passed)
		buf_add(out, bytes);
	else if (held_header_feed(&in->held, bytes, &header, &rest))
		pass_header(in, header, rest, out);
}

void incoming_finish(struct incoming *in, struct buf *out)
{
	struct view header;

	if (held_header_finish(&in->held, &header))
		pass_header(in, header, VIEW_NULL, out);
}
