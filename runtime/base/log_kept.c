/* A ring of bytes; a line ends with its line end, and none has another one within. */
#include "runtime/base/log_kept.h"

#include "runtime/base/buf.h"

#include <pthread.h>
#include <unistd.h>

static struct {
	pthread_mutex_t lock;
	size_t start, used;
	uint64_t oldest,
			next; /* the number of the line at `start`, and of the one to come */
	int waiter;           /* -1: none */
	char bytes[LOG_KEPT_BYTES];
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER, .oldest = 1, .next = 1, .waiter = -1 };

/* The bytes from `from` on, counted from the start; at most up to where the ring turns. */
static struct view stretch(size_t from)
{
	size_t at = (kept.start + from) % LOG_KEPT_BYTES;
	size_t left = kept.used - from, straight = LOG_KEPT_BYTES - at;

	return view_of(kept.bytes + at, left < straight ? left : straight);
}

/* How long the line is that begins at `from`. */
static size_t line_len(size_t from)
{
	struct view part = stretch(from);
	size_t len = view_find(part, '\n');

	if (len < part.len)
		return len + 1;
	return len + view_find(stretch(from + len), '\n') + 1;
}

static void drop_oldest(void)
{
	size_t len = line_len(0);

	kept.start = (kept.start + len) % LOG_KEPT_BYTES;
	kept.used -= len;
	kept.oldest++;
}

static void announce(void)
{
	uint64_t one = 1;
	int fd = kept.waiter;

	kept.waiter = -1;
	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return; /* its count is full: it is readable already */
}

void log_keep(struct view line)
{
	size_t end, straight;

	if (line.len > LOG_KEPT_BYTES)
		return;
	pthread_mutex_lock(&kept.lock);
	while (kept.used + line.len > LOG_KEPT_BYTES)
		drop_oldest();
	end = (kept.start + kept.used) % LOG_KEPT_BYTES;
	straight = LOG_KEPT_BYTES - end;
	if (straight > line.len)
		straight = line.len;
	memcpy(kept.bytes + end, line.data, straight);
	memcpy(kept.bytes, line.data + straight, line.len - straight);
	kept.used += line.len;
	kept.next++;
	announce();
	pthread_mutex_unlock(&kept.lock);
}

uint64_t log_kept_read(uint64_t after, struct buf *out)
{
	uint64_t number;
	size_t at = 0;

	pthread_mutex_lock(&kept.lock);
	for (number = kept.oldest; number < kept.next && number <= after; number++)
		at += line_len(at);
	while (at < kept.used) {
		struct view part = stretch(at);

		buf_add(out, part);
		at += part.len;
	}
	pthread_mutex_unlock(&kept.lock);
	return number;
}

void log_kept_await(int fd)
{
	pthread_mutex_lock(&kept.lock);
	kept.waiter = fd;
	pthread_mutex_unlock(&kept.lock);
}
