#include "runtime/mail/held_header.h"

#include "runtime/base/limit.h"

void held_header_init(struct held_header *held)
{
	*held = (struct held_header){ .bytes = BUF_NULL(2 *
							limit_value(LIMIT_SMTP_HEADER)) };
}

void held_header_deinit(struct held_header *held)
{
	buf_free(&held->bytes);
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

bool held_header_feed(struct held_header *held, struct view bytes, struct view *header,
		struct view *rest)
{
	/* the empty line may have begun in what came before */
	size_t from = held->bytes.len < 3 ? 0 : held->bytes.len - 3, end;

	buf_add(&held->bytes, bytes);
	end = header_end(buf_view(&held->bytes), from);
	if (end == held->bytes.len)
		return false;
	held->passed = true;
	*header = view_sub(buf_view(&held->bytes), 0, end);
	*rest = view_from(buf_view(&held->bytes), end);
	return true;
}

bool held_header_finish(struct held_header *held, struct view *header)
{
	if (held->passed)
		return false;
	held->passed = true;
	*header = buf_view(&held->bytes);
	return true;
}
