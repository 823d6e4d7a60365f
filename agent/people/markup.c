#include "agent/people/markup.h"

#include "runtime/base/utf8.h"

static const char *reference_of(uint32_t c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static bool is_character(uint32_t c)
{
	return c >= ' ' ? c != 127 && c != 0xfffe && c != 0xffff : c == '\t' || c == '\n';
}

void markup_add(struct buf *out, struct view text)
{
	while (text.len) {
		uint32_t c = 0;
		size_t len = utf8_decode(text, &c);
		const char *reference = len ? reference_of(c) : NULL;

		if (reference)
			buf_add_z(out, reference);
		else if (len && is_character(c))
			buf_add(out, view_sub(text, 0, len));
		else
			utf8_add(out, 0xfffd);
		text = view_from(text, len ? len : 1);
	}
}
