#include "runtime/smtp/smtp_dots.h"

#include <assert.h>

static void end_line(struct smtp_dots *dots, struct buf *out)
{
	buf_add(out, VIEW("\r\n"));
	dots->within = false;
}

/* What stands before the next CR or LF. */
static size_t line_length(struct view bytes)
{
	size_t len = 0;

	while (len < bytes.len && bytes.data[len] != '\n' && bytes.data[len] != '\r')
		len++;
	return len;
}

void smtp_dots_add(struct smtp_dots *dots, struct view bytes, struct buf *out)
{
	while (bytes.len) {
		size_t len = line_length(bytes);

		if (dots->cr && bytes.data[0] == '\n') {
			dots->cr = false;
			bytes = view_from(bytes, 1);
			continue;
		}
		dots->cr = false;
		if (len) {
			if (!dots->within && bytes.data[0] == '.')
				buf_add_byte(out, '.');
			dots->within = true;
			buf_add(out, view_sub(bytes, 0, len));
		}
		if (len < bytes.len) {
			dots->cr = bytes.data[len++] == '\r';
			end_line(dots, out);
		}
		bytes = view_from(bytes, len);
	}
	assert(!buf_failed(out));
}

void smtp_dots_end(struct smtp_dots *dots, struct buf *out)
{
	if (dots->within)
		end_line(dots, out);
	buf_add(out, VIEW(".\r\n"));
	assert(!buf_failed(out));
}
