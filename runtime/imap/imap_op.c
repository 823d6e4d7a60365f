#include "runtime/imap/imap_op.h"

#include "runtime/base/error.h"

#include <assert.h>
#include <stdlib.h>

static void free_login(struct op *op)
{
	secret_free(&((struct imap_login_op *)op)->password);
}

static void free_select(struct op *op)
{
	uid_set_free(&((struct imap_select_op *)op)->uids);
}

static void free_sync(struct op *op)
{
	struct imap_sync_op *sync = (struct imap_sync_op *)op;

	uid_set_free(&sync->arrived);
	uid_set_free(&sync->vanished);
}

static void free_fetch(struct op *op)
{
	uid_set_free(&((struct imap_fetch_op *)op)->uids);
}

static void free_store(struct op *op)
{
	struct imap_store_op *change = (struct imap_store_op *)op;

	uid_set_free(&change->uids);
	uid_set_free(&change->modified);
}

static void free_append(struct op *op)
{
	struct imap_append_op *append = (struct imap_append_op *)op;

	buf_free(&append->chunk);
	uid_set_free(&append->uids);
}

static void free_copy(struct op *op)
{
	struct imap_copy_op *copy = (struct imap_copy_op *)op;

	uid_set_free(&copy->uids);
	uid_set_free(&copy->from);
	uid_set_free(&copy->to);
}

static void free_expunge(struct op *op)
{
	struct imap_expunge_op *expunge = (struct imap_expunge_op *)op;

	uid_set_free(&expunge->uids);
	uid_set_free(&expunge->expunged);
}

static void free_search(struct op *op)
{
	struct imap_search_op *search = (struct imap_search_op *)op;

	for (size_t i = 0; i < search->step_count; i++)
		uid_set_free(&search->steps[i].uids);
	uid_set_free(&search->uids);
	uid_set_free(&search->found);
}

/* clang-format off */
static const struct imap_op_class {
	size_t size;
	void (*deinit)(struct op *op);
} classes[] = {
	[IMAP_OP_LOGIN]         = { sizeof(struct imap_login_op),   free_login },
	[IMAP_OP_LIST]          = { sizeof(struct imap_list_op),    NULL },
	[IMAP_OP_STATUS]        = { sizeof(struct imap_status_op),  NULL },
	[IMAP_OP_CREATE]        = { sizeof(struct imap_name_op),    NULL },
	[IMAP_OP_DELETE]        = { sizeof(struct imap_name_op),    NULL },
	[IMAP_OP_RENAME]        = { sizeof(struct imap_name_op),    NULL },
	[IMAP_OP_SUBSCRIBE]     = { sizeof(struct imap_name_op),    NULL },
	[IMAP_OP_UNSUBSCRIBE]   = { sizeof(struct imap_name_op),    NULL },
	[IMAP_OP_SELECT]        = { sizeof(struct imap_select_op),  free_select },
	[IMAP_OP_SYNC]          = { sizeof(struct imap_sync_op),    free_sync },
	[IMAP_OP_FETCH]         = { sizeof(struct imap_fetch_op),   free_fetch },
	[IMAP_OP_READ]          = { sizeof(struct imap_read_op),    NULL },
	[IMAP_OP_STORE]         = { sizeof(struct imap_store_op),   free_store },
	[IMAP_OP_APPEND_BEGIN]  = { sizeof(struct imap_append_op),  free_append },
	[IMAP_OP_APPEND_NEXT]   = { sizeof(struct imap_append_op),  free_append },
	[IMAP_OP_APPEND_CHUNK]  = { sizeof(struct imap_append_op),  free_append },
	[IMAP_OP_APPEND_COMMIT] = { sizeof(struct imap_append_op),  free_append },
	[IMAP_OP_APPEND_ABORT]  = { sizeof(struct imap_append_op),  free_append },
	[IMAP_OP_COPY]          = { sizeof(struct imap_copy_op),    free_copy },
	[IMAP_OP_EXPUNGE]       = { sizeof(struct imap_expunge_op), free_expunge },
	[IMAP_OP_SEARCH]        = { sizeof(struct imap_search_op),  free_search },
};
/* clang-format on */

static void imap_op_free(struct op *op)
{
	struct imap_op *imap_op = (struct imap_op *)op;

	if (classes[op->kind].deinit)
		classes[op->kind].deinit(op);
	arena_free(imap_op->results);
	arena_free(imap_op->arena);
	free(op);
}

void *imap_op_new(enum imap_op_kind kind)
{
	struct imap_op *op;

	assert(kind < ARRAY_LEN(classes));
	op = xcalloc(1, classes[kind].size);
	op->op.kind = kind;
	op->op.free = imap_op_free;
	op->arena = arena_new();
	op->results = arena_new();
	return op;
}
