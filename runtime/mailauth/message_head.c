#include "runtime/mailauth/message_head.h"

#include "runtime/base/limit.h"

void message_head_init(struct message_head *head)
{
	*head = (struct message_head){ .bytes = BUF_NULL(limit_value(
						       LIMIT_MAILAUTH_HEADER)) };
}

void message_head_deinit(struct message_head *head)
{
	buf_free(&head->bytes);
}

/* How many octets lead up to the end of the header, or all of them. */
static size_t header_octets(struct message_head *head, struct view bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		char c = bytes.data[i];

		if (c == '\n' && head->line == 0) {
			head->complete = true;
			return i + 1;
		}
		if (c == '\n')
			head->line = 0;
		else if (c != '\r' || head->line)
			head->line++;
	}
	return bytes.len;
}

struct view message_head_take(struct message_head *head, struct view bytes)
{
	size_t len;

	if (head->complete)
		return bytes;
	len = header_octets(head, bytes);
	buf_add(&head->bytes, view_sub(bytes, 0, len));
	head->too_long = buf_failed(&head->bytes);
	return view_from(bytes, len);
}
