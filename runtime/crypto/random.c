#include "runtime/crypto/random.h"

#include "runtime/base/error.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

struct pool {
	unsigned char bytes[4096];
	size_t left; /* at the end of `bytes` */
};

static _Thread_local struct pool pool;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Only the thread that forked lives on in the child, and this is its pool. */
static void forget_in_child(void)
{
	explicit_bzero(&pool, sizeof(pool));
}

static void watch_forks(void)
{
	if (pthread_atfork(NULL, NULL, forget_in_child))
		die("out of memory");
}

static void from_system(unsigned char *out, size_t len)
{
	while (len) {
		ssize_t got = getrandom(out, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			die("the system has no random bytes: %s", strerror(errno));
		out += got;
		len -= (size_t)got;
	}
}

void random_bytes(void *out, size_t len)
{
	unsigned char *from;

	if (len > sizeof(pool.bytes) / 4) {
		from_system(out, len);
		return;
	}
	if (pool.left < len) {
		pthread_once(&once, watch_forks);
		from_system(pool.bytes, sizeof(pool.bytes));
		pool.left = sizeof(pool.bytes);
	}
	from = pool.bytes + sizeof(pool.bytes) - pool.left;
	memcpy(out, from, len);
	explicit_bzero(from, len);
	pool.left -= len;
}

struct view random_name(struct arena *arena, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char *bytes = arena_alloc(arena, len);
	char *text = arena_alloc(arena, 2 * len);

	random_bytes(bytes, len);
	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return view_of(text, 2 * len);
}
