#include "runtime/mail/submission.h"

#include "runtime/base/limit.h"
#include "runtime/mail/date.h"
#include "runtime/mail/header.h"

void submission_init(struct submission *s, struct view id, struct view host, walltime now)
{
	*s = (struct submission){ .header = BUF_NULL(2 * limit_value(LIMIT_SMTP_HEADER)),
		.id = id,
		.host = host,
		.now = now };
}

void submission_deinit(struct submission *s)
{
	buf_free(&s->header);
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

/* Passes on the header, which is the first `len` bytes that are held, but the hidden fields,
 * and what follows it. A line that is no field goes on as it came. */
static void pass_header(struct submission *s, size_t len, struct buf *out)
{
	struct view header = view_sub(buf_view(&s->header), 0, len);
	struct header_iterator it = header_iterate(header);
	struct header_field field;

	add_missing(s, header, out);
	while (header_next(&it, &field))
		if (!is_hidden(field.name))
			buf_add(out, field.whole);
	buf_add(out, view_from(buf_view(&s->header), len));
	buf_free(&s->header);
	s->in_body = true;
}

/* Where the header ends, its empty line not counted, with no end before `from`; the length
 * where it has not come. */
static size_t header_end(struct view held, size_t from)
{
	struct view tail = view_from(held, from);
	size_t at = view_find_view(tail, VIEW("\r\n\r\n"));

	if (view_starts(held, VIEW("\r\n")))
		return 0;
	return at == tail.len ? held.len : from + at + strlen("\r\n");
}

void submission_feed(struct submission *s, struct view bytes, struct buf *out)
{
	/* the empty line may have begun in what came before */
	size_t from = s->header.len < 3 ? 0 : s->header.len - 3, end;

	if (s->in_body) {
		buf_add(out, bytes);
		return;
	}
	buf_add(&s->header, bytes);
	end = header_end(buf_view(&s->header), from);
	if (end < s->header.len)
		pass_header(s, end, out);
}

void submission_finish(struct submission *s, struct buf *out)
{
	if (!s->in_body)
		pass_header(s, s->header.len, out);
}
