#include "runtime/mail/submission.h"

#include "runtime/mail/date.h"
#include "runtime/mail/header.h"

void submission_init(struct submission *s, struct view id, struct view host, walltime now)
{
	*s = (struct submission){ .id = id, .host = host, .now = now };
	held_header_init(&s->held);
}

void submission_deinit(struct submission *s)
{
	held_header_deinit(&s->held);
}

static bool is_hidden(struct view name)
{
	return view_eq_nocase(name, VIEW("Bcc")) ||
	       view_eq_nocase(name, VIEW("Resent-Bcc"));
}

static void add_missing(const struct submission *s, struct view header, struct buf *out)
{
	if (header_count(header, VIEW("Date")) == 0) {
		buf_add_z(out, "Date: ");
		date_print(out, (struct date){ s->now, 0 });
		buf_add_z(out, "\r\n");
	}
	if (header_count(header, VIEW("Message-ID")) == 0)
		buf_addf(out, "Message-ID: <%.*s@%.*s>\r\n", VIEW_ARG(s->id),
				VIEW_ARG(s->host));
}

/* Passes on the header but the hidden fields, and what follows it. A line that is no field
 * goes on as it came. */
static void pass_header(struct submission *s, struct view header, struct view rest,
		struct buf *out)
{
	struct header_iterator it = header_iterate(header);
	struct header_field field;

	add_missing(s, header, out);
	while (header_next(&it, &field))
		if (!is_hidden(field.name))
			buf_add(out, field.whole);
	buf_add(out, rest);
	held_header_deinit(&s->held);
}

void submission_feed(struct submission *s, struct view bytes, struct buf *out)
{
	struct view header, rest;

	if (s->held.passed)
		buf_add(out, bytes);
	else if (held_header_feed(&s->held, bytes, &header, &rest))
		pass_header(s, header, rest, out);
}

void submission_finish(struct submission *s, struct buf *out)
{
	struct view header;

	if (held_header_finish(&s->held, &header))
		pass_header(s, header, VIEW_NULL, out);
}
