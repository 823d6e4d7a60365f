/* Operations are made with their bytes and freed with them. */
#include "runtime/base/error.h"
#include "runtime/smtp/smtp_client_session.h"

#include <stdlib.h>

static void *op_new(size_t size, enum smtp_client_op_kind kind,
		void (*free_op)(struct op *op))
{
	struct op *op = xcalloc(1, size);

	op->kind = kind;
	op->free = free_op;
	return op;
}

static void next_free(struct op *op)
{
	struct smtp_client_next *next = CONTAINER_OF(op, struct smtp_client_next, op);

	arena_free(next->arena);
	free(next);
}

struct smtp_client_next *smtp_client_next_new(struct smtp_client *s)
{
	struct smtp_client_next *next =
			op_new(sizeof(*next), SMTP_CLIENT_OP_NEXT, next_free);

	next->arena = arena_new();
	next->transcript = smtp_client_take_transcript(s, next->arena);
	next->offers = s->offers;
	next->size_max = s->size_max;
	return next;
}

static void body_free(struct op *op)
{
	struct smtp_client_body *body = CONTAINER_OF(op, struct smtp_client_body, op);

	buf_free(&body->bytes);
	free(body);
}

struct smtp_client_body *smtp_client_body_new(uint64_t offset)
{
	struct smtp_client_body *body =
			op_new(sizeof(*body), SMTP_CLIENT_OP_BODY, body_free);

	body->offset = offset;
	body->bytes = BUF_NULL(SMTP_CLIENT_CHUNK);
	return body;
}

static void outcome_free(struct op *op)
{
	struct smtp_client_outcome *outcome =
			CONTAINER_OF(op, struct smtp_client_outcome, op);

	arena_free(outcome->arena);
	free(outcome);
}

struct smtp_client_outcome *smtp_client_outcome_new(struct smtp_client *s)
{
	struct smtp_client_outcome *outcome =
			op_new(sizeof(*outcome), SMTP_CLIENT_OP_OUTCOME, outcome_free);

	outcome->arena = TAKE(s->transaction.arena);
	outcome->transcript = smtp_client_take_transcript(s, outcome->arena);
	outcome->results = s->transaction.results;
	outcome->count = s->transaction.count;
	outcome->dsn = s->offers & SMTP_OFFERS_DSN;
	return outcome;
}

static void failed_free(struct op *op)
{
	struct smtp_client_failed *failed =
			CONTAINER_OF(op, struct smtp_client_failed, op);

	arena_free(failed->arena);
	free(failed);
}

struct smtp_client_failed *smtp_client_failed_new(struct smtp_client *s,
		struct arena *taken, const struct smtp_result *result)
{
	struct smtp_client_failed *failed =
			op_new(sizeof(*failed), SMTP_CLIENT_OP_FAILED, failed_free);

	failed->arena = taken;
	failed->transcript = smtp_client_take_transcript(s, taken);
	failed->result = *result;
	return failed;
}
