#include "runtime/mail/imap_string.h"

enum {
	QUOTED_MAX = 1000
};

static bool fits_in_quotes(struct view text)
{
	if (text.len > QUOTED_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\r' || text.data[i] == '\n' ||
				(unsigned char)text.data[i] >= 0x80)
			return false;
	return true;
}

static void add_literal(struct buf *out, struct view text)
{
	uint64_t len = 0;

	for (size_t i = 0; i < text.len; i++)
		len += text.data[i] != '\0';
	buf_add_byte(out, '{');
	buf_add_u64(out, len);
	buf_add_z(out, "}\r\n");
	if (len == text.len) {
		buf_add(out, text);
		return;
	}
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] != '\0')
			buf_add_byte(out, text.data[i]);
}

void imap_string_add(struct buf *out, struct view text)
{
	if (!fits_in_quotes(text)) {
		add_literal(out, text);
		return;
	}
	buf_add_byte(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			buf_add_byte(out, '\\');
		if (text.data[i] != '\0')
			buf_add_byte(out, text.data[i]);
	}
	buf_add_byte(out, '"');
}
