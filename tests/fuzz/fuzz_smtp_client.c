/* Whole, byte by byte and split at random a client of SMTP says the same to a server that
 * says anything, and tells the same of what became of its mail: each transaction once. The
 * first byte chooses how it is asked to connect, the second what it has to send; an octet
 * 0xff ends a flight of the server's. */
#include "runtime/smtp/smtp_client.h"
#include "tests/lib/trickle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	MAY_TLS = 1 << 0,
	MUST_TLS = 1 << 1,
	HAS_TLS = 1 << 2,
	LOGS_IN = 1 << 3,
	/* of the second byte */
	IS_WIDE = 1 << 0,
	IS_8BIT = 1 << 1,
	HAS_DSN = 1 << 2,
	IS_UNREADABLE = 1 << 3,
	IN_PARTS = 1 << 4,
	COUNT_SHIFT = 5 /* the rest: how many transactions */
};

#define END_OF_FLIGHT '\xff'

static const char message[] = "Subject: x\r\n\r\n.\r\na\n.\rb";

struct world {
	unsigned flags, left;
	bool in_transaction, failed, was_ready;
	struct buf told;
};

static void require(bool so)
{
	if (!so)
		abort();
}

static void give_next(struct world *w, struct smtp_client_next *next)
{
	require(!w->in_transaction && !w->failed);
	w->was_ready = true;
	if (w->left == 0)
		return;
	next->any = w->in_transaction = true;
	next->sender = w->left % 2 ? VIEW("a@example.org") : VIEW_NULL;
	next->recipient_count = 1 + w->left % 3;
	next->recipients = arena_array(
			next->arena, next->recipient_count, sizeof(*next->recipients));
	for (size_t i = 0; i < next->recipient_count; i++)
		next->recipients[i] = (struct smtp_client_recipient){
			.mailbox = i == 1 ? VIEW("\"b..c\"@example.net")
					  : VIEW("b@example.net"),
			.notify = w->flags & HAS_DSN ? DSN_FAILURE : 0,
		};
	next->size = sizeof(message) - 1;
	next->utf8 = w->flags & IS_WIDE;
	next->eight_bit = w->flags & IS_8BIT;
	w->left--;
}

static void give_body(struct world *w, struct smtp_client_body *body)
{
	struct view all = view_of(message, sizeof(message) - 1);
	struct view part = view_sub(all, body->offset, w->flags & IN_PARTS ? 5 : all.len);

	require(w->in_transaction);
	body->failed = w->flags & IS_UNREADABLE && body->offset > 0;
	buf_add(&body->bytes, part);
	body->last = body->offset + part.len == all.len;
}

static void tell(struct world *w, const struct smtp_result *result)
{
	require(result->status.len >= 5 && result->text.len <= 8192 + 200);
	for (size_t i = 0; i < result->text.len; i++)
		require(result->text.data[i] >= ' ' && result->text.data[i] <= '~');
	buf_addf(&w->told, "%s %s %d %u %.*s %.*s\n", smtp_verdict_name(result->verdict),
			smtp_stage_name(result->stage), (int)result->cause, result->code,
			VIEW_ARG(result->status), VIEW_ARG(result->text));
}

static void perform(void *state, struct op *op)
{
	struct world *w = state;
	const struct smtp_client_outcome *outcome;

	switch ((enum smtp_client_op_kind)op->kind) {
	case SMTP_CLIENT_OP_NEXT:
		give_next(w, (struct smtp_client_next *)op);
		break;
	case SMTP_CLIENT_OP_BODY:
		give_body(w, (struct smtp_client_body *)op);
		break;
	case SMTP_CLIENT_OP_OUTCOME:
		outcome = (struct smtp_client_outcome *)op;
		require(w->in_transaction);
		w->in_transaction = false;
		for (size_t i = 0; i < outcome->count; i++)
			tell(w, &outcome->results[i]);
		break;
	case SMTP_CLIENT_OP_FAILED:
		require(!w->was_ready && !w->failed);
		w->failed = true;
		tell(w, &((struct smtp_client_failed *)op)->result);
		break;
	}
}

static void run(const uint8_t *data, size_t size, enum trickle_way way, uint64_t seed,
		struct buf *output)
{
	struct world w = { .flags = data[1],
		.left = data[1] >> COUNT_SHIFT,
		.told = BUF_NULL(1 << 24) };
	const struct trickle_world world = { .state = &w, .perform = perform };
	CLEANUP(secret_free) struct secret password = secret_copy(VIEW("wonderland"));
	const struct smtp_client_options options = {
		.name = VIEW("out.example.org"),
		.policy = data[0] & MUST_TLS  ? SMTP_TLS_MUST
			  : data[0] & MAY_TLS ? SMTP_TLS_MAY
					      : SMTP_TLS_NEVER,
		.tls = data[0] & HAS_TLS,
		.user = VIEW("alice"),
		.password = data[0] & LOGS_IN ? &password : NULL,
	};
	struct trickle_talk *talk =
			trickle_talk_new(smtp_client_new(&options, nstime_seconds(1000)),
					&world, way, seed);
	struct view rest = view_of(data + 2, size - 2);

	do {
		buf_add(output, trickle_say(talk, view_cut(&rest, END_OF_FLIGHT)));
	} while (rest.data);
	buf_add(output, trickle_hang_up(talk));
	/* nobody is left without a word */
	require(trickle_is_closed(talk) && !w.in_transaction);
	require(w.failed != w.was_ready);
	trickle_talk_free(talk);
	buf_add(output, buf_view(&w.told));
	buf_free(&w.told);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_free) struct buf whole = BUF_NULL(1 << 26);
	CLEANUP(buf_free) struct buf split = BUF_NULL(1 << 26);

	if (size < 2)
		return 0;
	run(data, size, TRICKLE_WHOLE, 0, &whole);
	run(data, size, TRICKLE_BYTES, 0, &split);
	if (!view_eq(buf_view(&whole), buf_view(&split)))
		abort();
	buf_clear(&split);
	run(data, size, TRICKLE_RANDOM, size * 31 + data[size - 1], &split);
	if (!view_eq(buf_view(&whole), buf_view(&split)))
		abort();
	return 0;
}
