#include "runtime/http/http_chunked.h"

#include "runtime/base/limit.h"

enum {
	MOST_DIGITS = 8, /* of a chunk's size: more than any body may have */
	MOST_PASSED = 16384
};

static int hex_value(char c)
{
	if (byte_is_digit(c))
		return c - '0';
	c = byte_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_size(struct http_chunked *c, char byte)
{
	int digit = hex_value(byte);

	if (digit >= 0) {
		if (++c->digits > MOST_DIGITS)
			return 413;
		c->left = c->left * 16 + (uint64_t)digit;
		return 0;
	}
	if (c->digits == 0)
		return 400;
	if (byte == '\r')
		c->state = HTTP_CHUNKED_SIZE_LF;
	else if (byte == ';')
		c->state = HTTP_CHUNKED_EXTENSION;
	else
		return 400;
	return 0;
}

static int pass_over(struct http_chunked *c, char byte)
{
	if (byte == '\n' || byte == '\0' || ++c->passed > MOST_PASSED)
		return 400;
	return 0;
}

static int read_byte(struct http_chunked *c, char byte)
{
	switch (c->state) {
	case HTTP_CHUNKED_SIZE:
		return read_size(c, byte);
	case HTTP_CHUNKED_EXTENSION:
		if (byte == '\r')
			c->state = HTTP_CHUNKED_SIZE_LF;
		return pass_over(c, byte);
	case HTTP_CHUNKED_SIZE_LF:
		c->digits = 0;
		c->state = c->left ? HTTP_CHUNKED_DATA : HTTP_CHUNKED_TRAILER;
		return byte == '\n' ? 0 : 400;
	case HTTP_CHUNKED_DATA_CR:
		c->state = HTTP_CHUNKED_DATA_LF;
		return byte == '\r' ? 0 : 400;
	case HTTP_CHUNKED_DATA_LF:
		c->state = HTTP_CHUNKED_SIZE;
		return byte == '\n' ? 0 : 400;
	case HTTP_CHUNKED_TRAILER:
		if (byte == '\r')
			c->state = HTTP_CHUNKED_TRAILER_LF;
		else
			c->line++;
		return pass_over(c, byte);
	case HTTP_CHUNKED_TRAILER_LF:
		c->state = c->line ? HTTP_CHUNKED_TRAILER : HTTP_CHUNKED_DONE;
		c->line = 0;
		return byte == '\n' ? 0 : 400;
	case HTTP_CHUNKED_DATA:
	case HTTP_CHUNKED_DONE:
		break;
	}
	return 400;
}

int http_chunked_feed(struct http_chunked *c, struct view bytes, struct buf *body,
		size_t *taken_out)
{
	size_t at = 0;

	while (at < bytes.len && c->state != HTTP_CHUNKED_DONE) {
		if (c->state == HTTP_CHUNKED_DATA) {
			struct view data = view_sub(bytes, at, (size_t)c->left);

			if (c->left > body->max - body->len)
				return 413;
			buf_add(body, data);
			at += data.len;
			c->left -= data.len;
			if (c->left == 0)
				c->state = HTTP_CHUNKED_DATA_CR;
		} else {
			int status = read_byte(c, bytes.data[at++]);

			if (status)
				return status;
		}
	}
	*taken_out = at;
	return 0;
}
