/* O: never | may | must, then any of: tls, login (alice, wonderland), login=N (alice, a
 * password of so many octets), as=NAME (instead of alice), chunk=N (bytes of one BODY at
 * most)
 *
 * W: lines say what is to be sent, before NEXT asks for it, or look for what was told:
 *
 *   send <a@x> <b@y> WORD…   a transaction: sender, then recipients, each perhaps with
 *                            NOTIFY=… and ORCPT=… behind it; size=N, 8bit, utf8, ret=full,
 *                            ret=hdrs, envid=…
 *   body TEXT                its message, escapes as in R:; `body*N TEXT`: N times
 *   unreadable N             the performer cannot read it from offset N on
 *   offers N                 what NEXT said last of the server (enum smtp_offer)
 *   told LINE                the next line of what was told: for each recipient
 *                            "a@x VERDICT STAGE CAUSE CODE STATUS TEXT", then "dsn" where
 *                            the server reports on; or "failed VERDICT STAGE …"
 *   told nothing             more */
#include "tests/dialog/smtp_client_world.h"

#include "runtime/base/error.h"
#include "runtime/smtp/smtp_client.h"
#include "tests/lib/trickle.h"

#include <stdio.h>

enum {
	MOST_TRANSACTIONS = 8,
	MOST_RECIPIENTS = 1200
};

struct sending {
	struct view words; /* of the send line */
	struct view body;
	uint64_t unreadable; /* from this offset on; 0: it is not */
};

struct world {
	struct arena *arena; /* what was said in W: lines */
	struct sending sendings[MOST_TRANSACTIONS];
	size_t count, given;
	size_t chunk;
	unsigned offers;
	bool in_transaction, failed, quit;
	struct buf told;
	struct view recipients[MOST_RECIPIENTS]; /* of the transaction under way */
	struct arena *addresses;
};

static void reset(void *state)
{
	struct world *w = state;

	arena_free(w->arena);
	arena_free(w->addresses);
	buf_free(&w->told);
	*w = (struct world){
		.arena = arena_new(),
		.addresses = arena_new(),
		.told = BUF_NULL(1 << 22),
		.chunk = SMTP_CLIENT_CHUNK,
	};
}

static bool read_word(struct world *w, struct view word,
		struct smtp_client_options *options, struct secret *password)
{
	uint64_t number;

	if (view_eq(word, VIEW("tls"))) {
		options->tls = true;
	} else if (view_eq(word, VIEW("transcribed"))) {
		options->transcribes = true;
	} else if (view_eq(word, VIEW("here"))) {
		options->on_this_machine = true;
	} else if (view_eq(word, VIEW("login"))) {
		options->user = VIEW("alice");
		*password = secret_copy(VIEW("wonderland"));
	} else if (view_starts(word, VIEW("login=")) &&
			view_to_u64(view_from(word, 6), &number)) {
		char *text = arena_alloc(w->arena, number);

		memset(text, 'w', number);
		options->user = VIEW("alice");
		*password = secret_copy(view_of(text, number));
	} else if (view_starts(word, VIEW("as="))) {
		options->user = view_from(word, 3);
	} else if (view_starts(word, VIEW("chunk=")) &&
			view_to_u64(view_from(word, 6), &number)) {
		w->chunk = number;
	} else {
		return false;
	}
	return true;
}

static struct engine *open_session(void *state, struct view words, nstime now)
{
	struct world *w = state;
	struct view kind = view_cut(&words, ' ');
	CLEANUP(secret_free) struct secret password = SECRET_NULL;
	struct smtp_client_options options = { .name = VIEW("out.example.org") };

	if (view_eq(kind, VIEW("may")))
		options.policy = SMTP_TLS_MAY;
	else if (view_eq(kind, VIEW("must")))
		options.policy = SMTP_TLS_MUST;
	else if (!view_eq(kind, VIEW("never")))
		return NULL;
	while (words.len)
		if (!read_word(w, view_cut(&words, ' '), &options, &password))
			return NULL;
	if (password.data)
		options.password = &password;
	return smtp_client_new(&options, now);
}

/* -- what is sent -- */

static struct view path_of(struct arena *arena, struct view word)
{
	return arena_copy(arena, view_sub(word, 1, word.len - 2));
}

static void read_send_word(struct smtp_client_next *next, struct view word)
{
	struct smtp_client_recipient *last = next->recipients + next->recipient_count - 1;

	if (view_starts(word, VIEW("<")))
		next->recipients[next->recipient_count++].mailbox =
				path_of(next->arena, word);
	else if (view_starts(word, VIEW("NOTIFY="))) {
		if (!dsn_notify_read(view_from(word, 7), &last->notify))
			die("no NOTIFY");
	} else if (view_starts(word, VIEW("ORCPT="))) {
		last->orcpt = arena_copy(next->arena, view_from(word, 6));
	} else if (view_starts(word, VIEW("size="))) {
		if (!view_to_u64(view_from(word, 5), &next->size))
			die("no size");
	} else if (view_starts(word, VIEW("envid="))) {
		next->envid = arena_copy(next->arena, view_from(word, 6));
	} else if (view_eq(word, VIEW("8bit"))) {
		next->eight_bit = true;
	} else if (view_eq(word, VIEW("utf8"))) {
		next->utf8 = true;
	} else if (view_eq(word, VIEW("ret=full"))) {
		next->ret = DSN_RET_FULL;
	} else if (view_eq(word, VIEW("ret=hdrs"))) {
		next->ret = DSN_RET_HEADERS;
	} else {
		die("no word of send: %.*s", VIEW_ARG(word));
	}
}

static void give_next(struct world *w, struct smtp_client_next *next)
{
	struct view words;

	if (w->in_transaction || w->failed || w->quit)
		die("a NEXT out of turn");
	w->offers = next->offers;
	buf_add(&w->told, next->transcript);
	if (w->given == w->count) {
		w->quit = true;
		return;
	}
	words = w->sendings[w->given++].words;
	next->any = w->in_transaction = true;
	next->recipients = arena_array(
			next->arena, MOST_RECIPIENTS, sizeof(*next->recipients));
	next->sender = path_of(next->arena, view_cut(&words, ' '));
	while (words.len)
		read_send_word(next, view_cut(&words, ' '));
	arena_reset(w->addresses);
	for (size_t i = 0; i < next->recipient_count; i++)
		w->recipients[i] = arena_copy(w->addresses, next->recipients[i].mailbox);
}

static void give_body(struct world *w, struct smtp_client_body *body)
{
	const struct sending *sending = &w->sendings[w->given - 1];
	struct view part = view_sub(sending->body, body->offset, w->chunk);

	if (!w->in_transaction)
		die("a BODY outside a transaction");
	if (sending->unreadable && body->offset >= sending->unreadable) {
		body->failed = true;
		return;
	}
	buf_add(&body->bytes, part);
	body->last = body->offset + part.len == sending->body.len;
}

/* -- what is told -- */

static void add_result(struct buf *out, const struct smtp_result *result)
{
	static const char *const causes[] = {
		[SMTP_CAUSE_REPLY] = "reply",
		[SMTP_CAUSE_LOST] = "lost",
		[SMTP_CAUSE_TIMEOUT] = "timeout",
		[SMTP_CAUSE_PROTOCOL] = "protocol",
		[SMTP_CAUSE_OURS] = "ours",
		[SMTP_CAUSE_UNTRIED] = "untried",
	};

	buf_addf(out, " %s %s %s %u %.*s %.*s\n", smtp_verdict_name(result->verdict),
			smtp_stage_name(result->stage), causes[result->cause],
			result->code, VIEW_ARG(result->status), VIEW_ARG(result->text));
}

static void tell_outcome(struct world *w, const struct smtp_client_outcome *outcome)
{
	if (!w->in_transaction)
		die("an OUTCOME of nothing");
	w->in_transaction = false;
	buf_add(&w->told, outcome->transcript);
	for (size_t i = 0; i < outcome->count; i++) {
		buf_add(&w->told, w->recipients[i]);
		add_result(&w->told, &outcome->results[i]);
	}
	if (outcome->dsn)
		buf_add_z(&w->told, "dsn\n");
}

static void tell_failed(struct world *w, const struct smtp_client_failed *failed)
{
	if (w->given || w->failed || w->quit)
		die("a FAILED behind a NEXT");
	w->failed = true;
	buf_add(&w->told, failed->transcript);
	buf_add_z(&w->told, "failed");
	add_result(&w->told, &failed->result);
}

static void perform(void *state, struct op *op)
{
	struct world *w = state;

	switch ((enum smtp_client_op_kind)op->kind) {
	case SMTP_CLIENT_OP_NEXT:
		give_next(w, (struct smtp_client_next *)op);
		break;
	case SMTP_CLIENT_OP_BODY:
		give_body(w, (struct smtp_client_body *)op);
		break;
	case SMTP_CLIENT_OP_OUTCOME:
		tell_outcome(w, (struct smtp_client_outcome *)op);
		break;
	case SMTP_CLIENT_OP_FAILED:
		tell_failed(w, (struct smtp_client_failed *)op);
		break;
	}
}

/* -- W: lines -- */

static bool add_sending(struct world *w, struct view words)
{
	if (w->count == MOST_TRANSACTIONS)
		return false;
	w->sendings[w->count++].words = arena_copy(w->arena, words);
	return true;
}

static bool set_body(struct world *w, uint64_t times, struct view text)
{
	CLEANUP(buf_free) struct buf body = BUF_NULL(1 << 24);

	if (w->count == 0)
		return false;
	while (times--)
		if (!trickle_unescape(&body, text))
			return false;
	w->sendings[w->count - 1].body = arena_copy(w->arena, buf_view(&body));
	return true;
}

static bool was_told(struct world *w, struct view wanted)
{
	struct view all = buf_view(&w->told);
	struct view line = view_cut(&all, '\n');

	if (view_eq(wanted, VIEW("nothing")) ? w->told.len == 0 : view_eq(line, wanted)) {
		buf_consume(&w->told, w->told.len ? line.len + 1 : 0);
		return true;
	}
	fprintf(stderr, "it was told \"%.*s\"\n", VIEW_ARG(line));
	return false;
}

static bool happen(void *state, struct view words)
{
	struct world *w = state;
	struct view rest = words;
	struct view verb = view_cut(&rest, ' ');
	uint64_t number;

	if (view_eq(verb, VIEW("send")))
		return add_sending(w, rest);
	if (view_eq(verb, VIEW("body")))
		return set_body(w, 1, rest);
	if (view_starts(verb, VIEW("body*")) && view_to_u64(view_from(verb, 5), &number))
		return set_body(w, number, rest);
	if (view_eq(verb, VIEW("told")))
		return was_told(w, rest);
	if (!view_to_u64(rest, &number))
		return false;
	if (view_eq(verb, VIEW("unreadable")) && w->count) {
		w->sendings[w->count - 1].unreadable = number;
		return true;
	}
	return view_eq(verb, VIEW("offers")) && w->offers == number;
}

const struct trickle_world *smtp_client_world(void)
{
	static struct world w;
	static const struct trickle_world world = {
		.state = &w,
		.engine_is_client = true,
		.reset = reset,
		.open = open_session,
		.perform = perform,
		.happen = happen,
	};

	return &world;
}

struct view smtp_client_world_told(void)
{
	const struct world *w = smtp_client_world()->state;

	return buf_view(&w->told);
}

void smtp_client_world_end(void)
{
	struct world *w = smtp_client_world()->state;

	arena_free(w->arena);
	arena_free(w->addresses);
	buf_free(&w->told);
	*w = (struct world){ 0 };
}
