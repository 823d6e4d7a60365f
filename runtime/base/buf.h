/* A buf owns bytes that grow up to a maximum chosen when it is made.
 *
 * Its error sticks: what would pass the maximum is dropped whole, buf_failed() is true
 * from then on, and the caller checks once at the end. Views into it die at the next
 * write. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "runtime/base/view.h"

#include <stdarg.h>

struct buf {
	char *data;
	size_t len;
	size_t capacity;
	size_t max;
	bool failed;
};

#define BUF_NULL(maximum) ((struct buf){ .max = (maximum) })

static inline struct view buf_view(const struct buf *b)
{
	return (struct view){ b->data, b->len };
}

static inline bool buf_failed(const struct buf *b)
{
	return b->failed;
}

void buf_add(struct buf *b, struct view bytes);
void buf_add_z(struct buf *b, const char *text);
void buf_add_byte(struct buf *b, char byte);
void buf_addf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_vaddf(struct buf *b, const char *format, va_list args) PRINTF_LIKE(2, 0);
void buf_add_u64(struct buf *b, uint64_t number);

/* Room for `len` more bytes at the end, to be filled and then counted by buf_grown();
 * NULL (and the error sticks) where the maximum forbids it. */
MUST_USE char *buf_room(struct buf *b, size_t len);
void buf_grown(struct buf *b, size_t len);

/* Drops the first `len` bytes. */
void buf_consume(struct buf *b, size_t len);
/* Shortens it to `len` bytes. */
void buf_truncate(struct buf *b, size_t len);
/* Empties it and forgets the error; keeps the memory. */
void buf_clear(struct buf *b);
/* Gives the memory back; the maximum stays, so the buf can be used again. */
void buf_free(struct buf *b);
/* The same, with the bytes wiped first. */
void buf_wipe(struct buf *b);

/* The bytes as a malloc'd C string that the caller owns; the buf is empty afterwards. */
MUST_USE char *buf_take_z(struct buf *b);

#endif
