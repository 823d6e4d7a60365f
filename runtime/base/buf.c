#include "runtime/base/buf.h"

#include "runtime/base/error.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static bool make_room(struct buf *b, size_t len)
{
	size_t need;

	if (b->failed || len > b->max || b->len > b->max - len) {
		b->failed = true;
		return false;
	}
	need = b->len + len;
	if (need > b->capacity) {
		size_t wanted = b->capacity ? b->capacity : 64;

		while (wanted < need)
			wanted *= 2;
		b->data = xrealloc(b->data, wanted);
		b->capacity = wanted;
	}
	return true;
}

void buf_add(struct buf *b, struct view bytes)
{
	if (bytes.len == 0 || !make_room(b, bytes.len))
		return;
	memcpy(b->data + b->len, bytes.data, bytes.len);
	b->len += bytes.len;
}

void buf_add_z(struct buf *b, const char *text)
{
	buf_add(b, view_z(text));
}

void buf_add_byte(struct buf *b, char byte)
{
	if (make_room(b, 1))
		b->data[b->len++] = byte;
}

void buf_vaddf(struct buf *b, const char *format, va_list args)
{
	char small[256];
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(small, sizeof(small), format, args);
	assert(len >= 0);
	if ((size_t)len < sizeof(small)) {
		buf_add(b, view_of(small, (size_t)len));
	} else {
		char *text = xmalloc((size_t)len + 1);

		vsnprintf(text, (size_t)len + 1, format, again);
		buf_add(b, view_of(text, (size_t)len));
		free(text);
	}
	va_end(again);
}

void buf_addf(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vaddf(b, format, args);
	va_end(args);
}

void buf_add_u64(struct buf *b, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	buf_add(b, view_of(digits + at, sizeof(digits) - at));
}

char *buf_room(struct buf *b, size_t len)
{
	return make_room(b, len ? len : 1) ? b->data + b->len : NULL;
}

void buf_grown(struct buf *b, size_t len)
{
	assert(len <= b->capacity - b->len);
	b->len += len;
}

void buf_consume(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len -= len;
	if (b->len && len)
		memmove(b->data, b->data + len, b->len);
}

void buf_truncate(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len = len;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = BUF_NULL(b->max);
}

void buf_wipe(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->capacity);
	buf_free(b);
}

char *buf_take_z(struct buf *b)
{
	char *text = xstrndup(b->data, b->len);

	buf_free(b);
	return text;
}
