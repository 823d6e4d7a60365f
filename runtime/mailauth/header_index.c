#include "runtime/mailauth/header_index.h"

#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/base/map.h"

#include <stdlib.h>

struct node {
	struct header_field field;
	struct node *above; /* the next one up of the same name */
};

struct chain {
	struct node *bottom;
	struct node *next;  /* to be taken */
	size_t count, left; /* left counts in the taking `taking` */
	unsigned taking;
};

struct header_index {
	struct arena *arena;
	struct map chains; /* by lower name */
	unsigned taking;
};

static void lower(struct view name, struct buf *out)
{
	for (size_t i = 0; i < name.len; i++)
		buf_add_byte(out, byte_lower(name.data[i]));
}

static struct chain *chain_of(const struct header_index *index, struct view name)
{
	CLEANUP(buf_free) struct buf key = BUF_NULL(name.len);

	lower(name, &key);
	return map_get(&index->chains, buf_view(&key));
}

static void add(struct header_index *index, const struct header_field *field)
{
	struct chain *chain = chain_of(index, field->name);
	struct node *node = ARENA_NEW(index->arena, struct node);

	if (!chain) {
		CLEANUP(buf_free) struct buf key = BUF_NULL(field->name.len);

		lower(field->name, &key);
		chain = ARENA_NEW(index->arena, struct chain);
		map_set(&index->chains, arena_copy(index->arena, buf_view(&key)), chain);
	}
	node->field = *field;
	node->above = chain->bottom;
	chain->bottom = node;
	chain->count++;
}

struct header_index *header_index_new(struct view block)
{
	struct header_index *index = xcalloc(1, sizeof(*index));
	struct header_iterator it = header_iterate(block);
	struct header_field field;
	uint64_t count = 0;

	index->arena = arena_new();
	index->taking = 1;
	while (header_next(&it, &field)) {
		if (++count > limit_value(LIMIT_MAILAUTH_FIELDS)) {
			header_index_free(index);
			return NULL;
		}
		if (field.name.len)
			add(index, &field);
	}
	return index;
}

void header_index_free(struct header_index *index)
{
	if (!index)
		return;
	map_free(&index->chains);
	arena_free(index->arena);
	free(index);
}

size_t header_index_count(const struct header_index *index, struct view name)
{
	const struct chain *chain = chain_of(index, name);

	return chain ? chain->count : 0;
}

void header_index_rewind(struct header_index *index)
{
	index->taking++;
}

const struct header_field *header_index_take(struct header_index *index, struct view name)
{
	struct chain *chain = chain_of(index, name);
	struct node *node;

	if (!chain)
		return NULL;
	if (chain->taking != index->taking) {
		chain->taking = index->taking;
		chain->next = chain->bottom;
		chain->left = chain->count;
	}
	node = chain->next;
	if (!node)
		return NULL;
	chain->next = node->above;
	chain->left--;
	return &node->field;
}

size_t header_index_left(const struct header_index *index, struct view name)
{
	const struct chain *chain = chain_of(index, name);

	if (!chain)
		return 0;
	return chain->taking == index->taking ? chain->left : chain->count;
}
