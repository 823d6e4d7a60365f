#include "runtime/base/arena.h"

#include "runtime/base/error.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	FIRST_BLOCK = 1024,
	LARGEST_BLOCK = 256 * 1024
};

struct block {
	struct block *next;
	size_t size;
	size_t used;
	alignas(max_align_t) char data[];
};

struct arena {
	struct block *newest;
	size_t used;
	size_t next_size;
};

static struct block *add_block(struct arena *arena, size_t least)
{
	size_t size = arena->next_size;
	struct block *block;

	if (size < least)
		size = least;
	else if (arena->next_size < LARGEST_BLOCK)
		arena->next_size *= 2;
	if (size > SIZE_MAX - sizeof(*block))
		die("an arena block too large");
	block = xmalloc(sizeof(*block) + size);
	block->next = arena->newest;
	block->size = size;
	block->used = 0;
	arena->newest = block;
	return block;
}

struct arena *arena_new(void)
{
	struct arena *arena = xcalloc(1, sizeof(*arena));

	arena->next_size = FIRST_BLOCK;
	return arena;
}

static void free_blocks(struct block *block)
{
	while (block) {
		struct block *next = block->next;

		free(block);
		block = next;
	}
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	free_blocks(arena->newest);
	free(arena);
}

void arena_freep(struct arena **arena)
{
	arena_free(*arena);
}

void arena_reset(struct arena *arena)
{
	struct block *kept = arena->newest;

	arena->used = 0;
	if (!kept)
		return;
	free_blocks(kept->next);
	kept->next = NULL;
	kept->used = 0;
	if (kept->size > LARGEST_BLOCK) {
		free(kept);
		arena->newest = NULL;
		arena->next_size = FIRST_BLOCK;
	}
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t alignment = alignof(max_align_t);
	struct block *block = arena->newest;
	size_t rounded;
	void *memory;

	if (size > SIZE_MAX - alignment)
		die("an allocation too large");
	rounded = (size + alignment - 1) / alignment * alignment;
	if (!block || block->size - block->used < rounded)
		block = add_block(arena, rounded);
	memory = block->data + block->used;
	block->used += rounded;
	arena->used += rounded;
	memset(memory, 0, rounded);
	return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		die("an array too long");
	return arena_alloc(arena, bytes);
}

char *arena_copy_z(struct arena *arena, struct view bytes)
{
	char *copy = arena_alloc(arena, bytes.len + 1);

	if (bytes.len)
		memcpy(copy, bytes.data, bytes.len);
	return copy;
}

struct view arena_copy(struct arena *arena, struct view bytes)
{
	return view_of(arena_copy_z(arena, bytes), bytes.len);
}

struct view arena_printf(struct arena *arena, const char *format, ...)
{
	CLEANUP(freep) char *text = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		die("out of memory");
	return view_of(arena_copy_z(arena, view_of(text, (size_t)len)), (size_t)len);
}

size_t arena_used(const struct arena *arena)
{
	return arena->used;
}
