/* Operations are made with their bytes and freed with them. */
#include "runtime/base/error.h"
#include "runtime/smtp/smtp_session.h"

#include <stdlib.h>

static struct buf take_buf(struct buf *taken)
{
	struct buf moved = *taken;

	*taken = BUF_NULL(taken->max);
	return moved;
}

static void *op_new(size_t size, enum smtp_op_kind kind, void (*free_op)(struct op *op))
{
	struct smtp_op *op = xcalloc(1, size);

	op->op.kind = kind;
	op->op.free = free_op;
	op->reply = BUF_NULL(SMTP_REPLY_SIZE);
	return op;
}

static void op_deinit(struct smtp_op *op)
{
	buf_free(&op->reply);
	free(op);
}

static void login_op_free(struct op *op)
{
	struct smtp_login *login = (struct smtp_login *)op;

	buf_free(&login->user);
	secret_free(&login->password);
	op_deinit(&login->base);
}

struct smtp_login *smtp_login_new(const char *mechanism, struct credentials *taken)
{
	struct smtp_login *op = op_new(sizeof(*op), SMTP_OP_LOGIN, login_op_free);

	op->mechanism = mechanism;
	op->user = take_buf(&taken->user);
	op->password = secret_take(&taken->password);
	op->outcome = SMTP_LOGIN_UNAVAILABLE;
	return op;
}

static void path_op_free(struct op *op)
{
	struct smtp_path_op *path = (struct smtp_path_op *)op;

	buf_free(&path->mailbox);
	buf_free(&path->envid);
	buf_free(&path->orcpt);
	op_deinit(&path->base);
}

struct smtp_path_op *smtp_path_op_new(enum smtp_op_kind kind, struct buf *taken)
{
	struct smtp_path_op *op = op_new(sizeof(*op), kind, path_op_free);

	op->mailbox = take_buf(taken);
	op->envid = BUF_NULL(limit_value(LIMIT_SMTP_ENVID));
	op->orcpt = BUF_NULL(limit_value(LIMIT_SMTP_ORCPT));
	return op;
}

static void begin_free(struct op *op)
{
	struct smtp_begin *begin = (struct smtp_begin *)op;

	buf_free(&begin->hello);
	op_deinit(&begin->base);
}

struct smtp_begin *smtp_begin_new(struct view hello, const char *with)
{
	struct smtp_begin *op = op_new(sizeof(*op), SMTP_OP_BEGIN, begin_free);

	op->hello = BUF_NULL(hello.len);
	buf_add(&op->hello, hello);
	op->with = with;
	return op;
}

static void chunk_free(struct op *op)
{
	struct smtp_chunk *chunk = (struct smtp_chunk *)op;

	buf_free(&chunk->bytes);
	op_deinit(&chunk->base);
}

struct smtp_chunk *smtp_chunk_new(struct buf *taken)
{
	struct smtp_chunk *op = op_new(sizeof(*op), SMTP_OP_CHUNK, chunk_free);

	op->bytes = take_buf(taken);
	return op;
}

static void commit_free(struct op *op)
{
	struct smtp_commit *commit = (struct smtp_commit *)op;

	buf_free(&commit->bytes);
	buf_free(&commit->from);
	buf_free(&commit->sender);
	buf_free(&commit->id);
	op_deinit(&commit->base);
}

struct smtp_commit *smtp_commit_new(struct smtp_message *taken)
{
	struct smtp_commit *op = op_new(sizeof(*op), SMTP_OP_COMMIT, commit_free);

	op->bytes = take_buf(&taken->chunk);
	op->size = taken->size;
	op->from = take_buf(&taken->header.from);
	op->sender = take_buf(&taken->header.sender);
	op->id = BUF_NULL(SMTP_REPLY_SIZE);
	return op;
}

static void abort_free(struct op *op)
{
	op_deinit((struct smtp_op *)op);
}

struct smtp_abort *smtp_abort_new(void)
{
	return op_new(sizeof(struct smtp_abort), SMTP_OP_ABORT, abort_free);
}
