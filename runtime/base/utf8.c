#include "runtime/base/utf8.h"

size_t utf8_decode(struct view v, uint32_t *out)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first;
	uint32_t code;
	size_t len;

	if (v.len == 0)
		return 0;
	first = (unsigned char)v.data[0];
	if (first < 0x80) {
		*out = first;
		return 1;
	}
	if (first >= 0xc2 && first < 0xe0) {
		len = 2;
		code = first & 0x1f;
	} else if (first >= 0xe0 && first < 0xf0) {
		len = 3;
		code = first & 0x0f;
	} else if (first >= 0xf0 && first < 0xf5) {
		len = 4;
		code = first & 0x07;
	} else {
		return 0;
	}
	if (v.len < len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		unsigned char byte = (unsigned char)v.data[i];

		if ((byte & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (byte & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	*out = code;
	return len;
}

bool utf8_valid(struct view v)
{
	uint32_t code;

	while (v.len) {
		size_t len = utf8_decode(v, &code);

		if (!len)
			return false;
		v = view_from(v, len);
	}
	return true;
}

void utf8_add(struct buf *b, uint32_t code)
{
	if (code < 0x80) {
		buf_add_byte(b, (char)code);
	} else if (code < 0x800) {
		buf_add_byte(b, (char)(0xc0 | code >> 6));
		buf_add_byte(b, (char)(0x80 | (code & 0x3f)));
	} else if (code < 0x10000) {
		buf_add_byte(b, (char)(0xe0 | code >> 12));
		buf_add_byte(b, (char)(0x80 | (code >> 6 & 0x3f)));
		buf_add_byte(b, (char)(0x80 | (code & 0x3f)));
	} else {
		buf_add_byte(b, (char)(0xf0 | code >> 18));
		buf_add_byte(b, (char)(0x80 | (code >> 12 & 0x3f)));
		buf_add_byte(b, (char)(0x80 | (code >> 6 & 0x3f)));
		buf_add_byte(b, (char)(0x80 | (code & 0x3f)));
	}
}

void utf8_add_repaired(struct buf *b, struct view v)
{
	uint32_t code;

	while (v.len) {
		size_t len = utf8_decode(v, &code);

		if (len)
			buf_add(b, view_sub(v, 0, len));
		else
			utf8_add(b, 0xfffd);
		v = view_from(v, len ? len : 1);
	}
}

bool view_is_ascii(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if ((unsigned char)v.data[i] >= 0x80)
			return false;
	return true;
}
