#include "runtime/base/base64.h"

static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(struct buf *out, struct view bytes)
{
	const unsigned char *p = (const unsigned char *)bytes.data;
	size_t left = bytes.len;

	for (; left >= 3; p += 3, left -= 3) {
		buf_add_byte(out, alphabet[p[0] >> 2]);
		buf_add_byte(out, alphabet[(p[0] & 3) << 4 | p[1] >> 4]);
		buf_add_byte(out, alphabet[(p[1] & 15) << 2 | p[2] >> 6]);
		buf_add_byte(out, alphabet[p[2] & 63]);
	}
	if (left == 0)
		return;
	buf_add_byte(out, alphabet[p[0] >> 2]);
	if (left == 1) {
		buf_add_byte(out, alphabet[(p[0] & 3) << 4]);
		buf_add_z(out, "==");
	} else {
		buf_add_byte(out, alphabet[(p[0] & 3) << 4 | p[1] >> 4]);
		buf_add_byte(out, alphabet[(p[1] & 15) << 2]);
		buf_add_byte(out, '=');
	}
}

static int digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* One group of four, of which `count` (2 to 4) are digits. */
static bool decode_group(struct buf *out, const char *group, size_t count)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i < count ? digit_value(group[i]) : 0;

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
	}
	if ((count == 2 && bits & 0xffff) || (count == 3 && bits & 0xff))
		return false;
	buf_add_byte(out, (char)(bits >> 16));
	if (count > 2)
		buf_add_byte(out, (char)(bits >> 8 & 0xff));
	if (count > 3)
		buf_add_byte(out, (char)(bits & 0xff));
	return true;
}

bool base64_decode(struct buf *out, struct view text)
{
	size_t start = out->len, count = 4;

	if (text.len % 4)
		return false;
	for (size_t i = 0; i < text.len; i += 4) {
		if (i + 4 == text.len && text.data[i + 3] == '=')
			count = text.data[i + 2] == '=' ? 2 : 3;
		if (!decode_group(out, text.data + i, count)) {
			buf_truncate(out, start);
			return false;
		}
	}
	return true;
}

void base64url_add(struct buf *out, struct view bytes)
{
	size_t start = out->len;

	base64_add(out, bytes);
	while (out->len > start && out->data[out->len - 1] == '=')
		buf_truncate(out, out->len - 1);
	for (size_t i = start; i < out->len; i++)
		out->data[i] = out->data[i] == '+'   ? '-'
			       : out->data[i] == '/' ? '_'
						     : out->data[i];
}

/* Of the other alphabet's own two nothing is taken here. */
bool base64url_decode(struct buf *out, struct view text)
{
	CLEANUP(buf_wipe) struct buf padded = BUF_NULL(text.len + 3);

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '+' || c == '/' || c == '=')
			return false;
		buf_add_byte(&padded, c == '-' ? '+' : c == '_' ? '/' : c);
	}
	while (padded.len % 4 && padded.len < padded.max)
		buf_add_byte(&padded, '=');
	return base64_decode(out, buf_view(&padded));
}

void hex_add(struct buf *out, struct view bytes)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.len; i++) {
		buf_add_byte(out, digits[(unsigned char)bytes.data[i] >> 4]);
		buf_add_byte(out, digits[(unsigned char)bytes.data[i] & 15]);
	}
}

static int hex_value(char c)
{
	if (byte_is_digit(c))
		return c - '0';
	c = byte_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_decode(struct view text, void *out, size_t len)
{
	unsigned char *bytes = out;

	if (text.len != 2 * len)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (hex_value(text.data[i]) < 0)
			return false;
	for (size_t i = 0; i < len; i++)
		bytes[i] = (unsigned char)(hex_value(text.data[2 * i]) << 4 |
					   hex_value(text.data[2 * i + 1]));
	return true;
}
