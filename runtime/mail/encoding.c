#include "runtime/mail/encoding.h"

void decoder_init(struct decoder *decoder, enum transfer_encoding encoding)
{
	*decoder = (struct decoder){ .encoding = encoding };
}

/* -- base64 -- */

/* By octet below 128; -1: outside the alphabet. */
/* clang-format off */
static const signed char base64_values[128] = {
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, -1, -1, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1,
	-1,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, -1,
	-1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
};
/* clang-format on */

static int base64_value(char c)
{
	return (unsigned char)c < 128 ? base64_values[(unsigned char)c] : -1;
}

static char *put_group(char *to, uint32_t bits)
{
	to[0] = (char)(bits >> 16);
	to[1] = (char)(bits >> 8);
	to[2] = (char)bits;
	return to + 3;
}

/* Whole groups of the alphabet, as almost all are; returns how many octets. */
static size_t decode_groups(struct view bytes, char **to)
{
	size_t at = 0;

	for (; bytes.len - at >= 4; at += 4) {
		int a = base64_value(bytes.data[at]);
		int b = base64_value(bytes.data[at + 1]);
		int c = base64_value(bytes.data[at + 2]);
		int d = base64_value(bytes.data[at + 3]);

		if ((a | b | c | d) < 0)
			break;
		*to = put_group(*to, (uint32_t)(a << 18 | b << 12 | c << 6 | d));
	}
	return at;
}

/* Octets outside the alphabet are passed over; padding ends the data (RFC 2045, 6.8). */
static void feed_base64(struct decoder *d, struct view bytes, struct buf *out)
{
	char *start = buf_room(out, bytes.len / 4 * 3 + 3), *to = start;

	if (!start)
		return;
	for (size_t i = 0; i < bytes.len && !d->done; i++) {
		int value;

		if (d->have == 0)
			i += decode_groups(view_from(bytes, i), &to);
		if (i == bytes.len)
			break;
		value = base64_value(bytes.data[i]);
		if (bytes.data[i] == '=')
			d->done = d->have > 0;
		if (value < 0)
			continue;
		d->bits = (d->bits << 6 | (uint32_t)value) & 0xffffff;
		if (++d->have == 4) {
			to = put_group(to, d->bits);
			d->have = 0;
		}
	}
	buf_grown(out, (size_t)(to - start));
}

static void finish_base64(struct decoder *d, struct buf *out)
{
	if (d->have == 2)
		buf_add_byte(out, (char)(d->bits >> 4));
	if (d->have == 3) {
		buf_add_byte(out, (char)(d->bits >> 10));
		buf_add_byte(out, (char)(d->bits >> 2));
	}
	d->have = 0;
}

/* -- quoted-printable -- */

/*
 *            blank           CR           LF
 *   plain ───────► blanks ──────► CR? ────────► plain    the blanks are dropped
 *   plain ──'='──► escape ──hex──► digit ──hex──► plain  an octet
 *                  escape ──blank, CR──► soft ──LF──► plain    nothing: a soft break
 *
 * What turns out to be none of these goes out as it came. `held` is what is undecided;
 * its first and last octet say where we are. */
static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int hex_digit(char c)
{
	if (byte_is_digit(c))
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool may_follow(const struct decoder *d, char c)
{
	char last = d->held[d->held_len - 1];

	if (last == '\r')
		return false;
	if (d->held[0] != '=')
		return is_blank(c) || c == '\r';
	if (d->held_len == 1)
		return is_blank(c) || c == '\r' || hex_digit(c) >= 0;
	return is_blank(last) && (is_blank(c) || c == '\r');
}

static void release(struct decoder *d, struct buf *out)
{
	buf_add(out, view_of(d->held, d->held_len));
	d->held_len = 0;
}

static void end_line(struct decoder *d, struct buf *out)
{
	bool soft = d->held_len && d->held[0] == '=' &&
		    hex_digit(d->held[d->held_len - 1]) < 0;
	bool returned = d->held_len && d->held[d->held_len - 1] == '\r';

	if (d->held_len && d->held[0] == '=' && !soft)
		release(d, out);
	d->held_len = 0;
	if (!soft)
		buf_add_z(out, returned ? "\r\n" : "\n");
}

static void feed_byte(struct decoder *d, char c, struct buf *out)
{
	if (c == '\n') {
		end_line(d, out);
		return;
	}
	if (d->held_len == 2 && d->held[0] == '=' && hex_digit(d->held[1]) >= 0 &&
			hex_digit(c) >= 0) {
		buf_add_byte(out, (char)(hex_digit(d->held[1]) << 4 | hex_digit(c)));
		d->held_len = 0;
		return;
	}
	if (d->held_len && (!may_follow(d, c) || d->held_len == sizeof(d->held)))
		release(d, out);
	if (d->held_len || is_blank(c) || c == '\r' || c == '=')
		d->held[d->held_len++] = c;
	else
		buf_add_byte(out, c);
}

static void feed_quoted_printable(struct decoder *d, struct view bytes, struct buf *out)
{
	for (size_t i = 0; i < bytes.len; i++)
		feed_byte(d, bytes.data[i], out);
}

static void finish_quoted_printable(struct decoder *d, struct buf *out)
{
	bool dropped = d->held_len && (is_blank(d->held[0]) || d->held_len == 1);

	if (d->held_len && d->held[0] == '\r')
		dropped = false;
	if (!dropped)
		release(d, out);
	d->held_len = 0;
}

/* ----------------------------------------------------------------------------------------- */

void decoder_feed(struct decoder *decoder, struct view bytes, struct buf *out)
{
	if (decoder->encoding == ENCODING_BASE64)
		feed_base64(decoder, bytes, out);
	else if (decoder->encoding == ENCODING_QUOTED_PRINTABLE)
		feed_quoted_printable(decoder, bytes, out);
	else
		buf_add(out, bytes);
}

void decoder_finish(struct decoder *decoder, struct buf *out)
{
	if (decoder->encoding == ENCODING_BASE64)
		finish_base64(decoder, out);
	else if (decoder->encoding == ENCODING_QUOTED_PRINTABLE)
		finish_quoted_printable(decoder, out);
}
