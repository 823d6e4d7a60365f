#include "runtime/base/error.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int fault_trace(int r, const char *file, int line)
{
	assert(r < 0);
#ifndef NDEBUG
	if (getenv("POSTHUS_TRACE"))
		fprintf(stderr, "fault: %s:%d: %s\n", file, line, strerror(-r));
#else
	(void)file;
	(void)line;
#endif
	return r;
}

int fault_errno(void)
{
	return errno > 0 ? -errno : -EIO;
}

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("posthus: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	abort();
}

void *xmalloc(size_t size)
{
	void *memory = malloc(size ? size : 1);

	if (!memory)
		die("out of memory (%zu bytes)", size);
	return memory;
}

void *xcalloc(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size ? size : 1);

	if (!memory)
		die("out of memory (%zu times %zu bytes)", count, size);
	return memory;
}

void *xrealloc(void *memory, size_t size)
{
	void *moved = realloc(memory, size ? size : 1);

	if (!moved)
		die("out of memory (%zu bytes)", size);
	return moved;
}

char *xstrndup(const char *text, size_t len)
{
	char *copy;

	if (len == SIZE_MAX)
		die("a text too long to copy");
	copy = xmalloc(len + 1);
	if (len)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

void array_grow(void *items, size_t *capacity, size_t need, size_t size)
{
	void *memory;
	size_t wanted = *capacity ? *capacity : 8;
	size_t bytes;

	if (need <= *capacity)
		return;
	while (wanted < need)
		if (__builtin_mul_overflow(wanted, 2, &wanted))
			die("an array too long");
	if (__builtin_mul_overflow(wanted, size, &bytes))
		die("an array too long");
	memcpy(&memory, items, sizeof(memory));
	memory = xrealloc(memory, bytes);
	memcpy(items, &memory, sizeof(memory));
	*capacity = wanted;
}

void freep(void *pointer)
{
	void *memory;

	memcpy(&memory, pointer, sizeof(memory));
	free(memory);
}
