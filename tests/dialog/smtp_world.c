/* O: mx | submission | submissions, then any of: no-tls, delay, dsn, size=N
 * There is one domain, example.org: alice (she logs in by "wonderland"), bob, full, left
 * and gone. W: lines set the weather or look for what was done:
 *
 *   disk good | full | ill       busy yes | no (logins)
 *   logins N                     asked so far
 *   messages N                   accepted so far
 *   aborts N                     transactions dropped so far
 *   last TEXT                    the last message accepted, escapes as in R:
 *   length N                     of the last message accepted
 *   envelope FROM TO,TO          of the last message accepted
 *   asked TEXT                   what MAIL and each RCPT asked: "utf8 8bit RET ENVID
 *                                NOTIFY/ORCPT …", with - where nothing was said
 *   with WORD                    how the last message came */
#include "tests/dialog/smtp_world.h"

#include "runtime/base/error.h"
#include "runtime/smtp/smtp_server.h"
#include "tests/lib/trickle.h"

#include <stdio.h>

enum disk {
	DISK_GOOD,
	DISK_FULL,
	DISK_ILL,
};

struct world {
	enum disk disk;
	bool busy;
	bool submission;
	uint64_t logins, messages, aborts;
	struct buf sender, recipients, asked, body,
			with; /* of the transaction, or the last */
	bool open, begun;
};

static void reset(void *state)
{
	struct world *w = state;

	buf_free(&w->sender);
	buf_free(&w->recipients);
	buf_free(&w->asked);
	buf_free(&w->body);
	buf_free(&w->with);
	*w = (struct world){
		.sender = BUF_NULL(1024),
		.recipients = BUF_NULL(1 << 20),
		.asked = BUF_NULL(1 << 20),
		.body = BUF_NULL(1 << 24),
		.with = BUF_NULL(16),
	};
}

static struct engine *open_session(void *state, struct view words, nstime now)
{
	struct world *w = state;
	struct view kind = view_cut(&words, ' ');
	struct smtp_options options = {
		.mode = SMTP_SUBMISSION,
		.name = VIEW("mx.example.org"),
		.message_size = 100000,
		.starttls = true,
	};

	if (view_eq(kind, VIEW("mx")))
		options.mode = SMTP_MX;
	else if (view_eq(kind, VIEW("submissions")))
		options.tls = true;
	else if (!view_eq(kind, VIEW("submission")))
		return NULL;
	while (words.len) {
		struct view word = view_cut(&words, ' ');

		if (view_eq(word, VIEW("no-tls")))
			options.starttls = false;
		else if (view_eq(word, VIEW("delay")))
			options.greeting_delay = NS_PER_S;
		else if (view_eq(word, VIEW("dsn")))
			options.dsn = true;
		else if (!view_starts(word, VIEW("size=")) ||
				!view_to_u64(view_from(word, 5), &options.message_size))
			return NULL;
	}
	w->submission = options.mode == SMTP_SUBMISSION;
	return smtp_server_new(&options, now);
}

static void log_in(struct world *w, struct smtp_login *op)
{
	bool known = view_eq(buf_view(&op->user), VIEW("alice@example.org")) &&
		     view_eq(secret_expose(&op->password), VIEW("wonderland"));

	w->logins++;
	op->outcome = w->busy ? SMTP_LOGIN_UNAVAILABLE
		      : known ? SMTP_LOGIN_OK
			      : SMTP_LOGIN_REFUSED;
}

static void begin_transaction(struct world *w, struct smtp_path_op *op)
{
	if (w->open)
		die("a sender within a transaction");
	if (w->submission && !view_eq_nocase(buf_view(&op->mailbox),
					     VIEW("alice@example.org"))) {
		buf_add_z(&op->base.reply, "553 5.7.1 Not an address of yours");
		return;
	}
	w->open = true;
	buf_clear(&w->sender);
	buf_clear(&w->recipients);
	buf_add(&w->sender, buf_view(&op->mailbox));
	buf_clear(&w->asked);
	buf_addf(&w->asked, "%s %s %s ", op->utf8 ? "utf8" : "-",
			op->eight_bit ? "8bit" : "-",
			op->ret == DSN_RET_FULL ? "full"
			: op->ret               ? "hdrs"
						: "-");
	buf_add(&w->asked, op->envid.len ? buf_view(&op->envid) : VIEW("-"));
}

static const char *recipient_refusal(struct view mailbox)
{
	/* clang-format off */
	static const char *const replies[][2] = {
		{ "alice", "" },
		{ "bob",   "" },
		{ "j\xc3\xb6rg", "" },
		{ "full",  "552 5.2.2 Mailbox full" },
		{ "left",  "450 4.2.1 Mailbox disabled" },
		{ "gone",  "550 5.2.1 Mailbox disabled" },
	};
	/* clang-format on */
	struct view host = mailbox;
	struct view local = view_cut(&host, '@');

	if (view_eq_nocase(mailbox, VIEW("postmaster")))
		return "";
	if (!view_eq_nocase(host, VIEW("example.org")))
		return "550 5.7.1 Not relayed";
	for (size_t i = 0; i < ARRAY_LEN(replies); i++)
		if (view_eq_nocase(local, view_z(replies[i][0])))
			return replies[i][1];
	return "550 5.1.1 No such user";
}

static void add_recipient(struct world *w, struct smtp_path_op *op)
{
	if (!w->open)
		die("a recipient outside a transaction");
	buf_add_z(&op->base.reply, recipient_refusal(buf_view(&op->mailbox)));
	if (op->base.reply.len)
		return;
	if (w->recipients.len)
		buf_add_byte(&w->recipients, ',');
	buf_add(&w->recipients, buf_view(&op->mailbox));
	buf_addf(&w->asked, " %s%s%s%s/", op->notify & DSN_NEVER ? "n" : "",
			op->notify & DSN_SUCCESS ? "s" : "",
			op->notify & DSN_FAILURE ? "f" : "",
			op->notify & DSN_DELAY ? "d" : "");
	buf_add(&w->asked, op->orcpt.len ? buf_view(&op->orcpt) : VIEW("-"));
}

static void disk_answer(struct world *w, struct buf *reply)
{
	if (w->disk == DISK_FULL)
		buf_add_z(reply, "452 4.3.1 The disk is full");
	if (w->disk == DISK_ILL)
		buf_add_z(reply, "451 4.3.0 The disk is ill");
}

static void begin(struct world *w, struct smtp_begin *op)
{
	if (!w->open || w->begun || w->recipients.len == 0)
		die("a message outside a transaction");
	disk_answer(w, &op->base.reply);
	if (op->base.reply.len)
		return;
	w->begun = true;
	buf_clear(&w->body);
	buf_clear(&w->with);
	buf_add_z(&w->with, op->with);
}

static void chunk(struct world *w, struct smtp_chunk *op)
{
	if (!w->begun)
		die("a chunk of no message");
	if (op->bytes.len == 0)
		die("an empty chunk");
	buf_add(&w->body, buf_view(&op->bytes));
	disk_answer(w, &op->base.reply);
}

static void commit(struct world *w, struct smtp_commit *op)
{
	if (!w->begun)
		die("the end of no message");
	w->open = w->begun = false;
	buf_add(&w->body, buf_view(&op->bytes));
	if (op->size != w->body.len)
		die("the message has another size");
	disk_answer(w, &op->base.reply);
	if (w->submission && view_find_view(buf_view(&op->from),
					     VIEW("alice@example.org")) == op->from.len)
		buf_add_z(&op->base.reply, "553 5.7.1 From is not an address of yours");
	if (op->base.reply.len)
		return;
	w->messages++;
	buf_addf(&op->id, "M%u", (unsigned)w->messages);
}

static void perform(void *state, struct op *op)
{
	struct world *w = state;

	switch ((enum smtp_op_kind)op->kind) {
	case SMTP_OP_LOGIN:
		log_in(w, (struct smtp_login *)op);
		break;
	case SMTP_OP_SENDER:
		begin_transaction(w, (struct smtp_path_op *)op);
		break;
	case SMTP_OP_RECIPIENT:
		add_recipient(w, (struct smtp_path_op *)op);
		break;
	case SMTP_OP_BEGIN:
		begin(w, (struct smtp_begin *)op);
		break;
	case SMTP_OP_CHUNK:
		chunk(w, (struct smtp_chunk *)op);
		break;
	case SMTP_OP_COMMIT:
		commit(w, (struct smtp_commit *)op);
		break;
	case SMTP_OP_ABORT:
		if (!w->open)
			die("an abort of nothing");
		w->open = w->begun = false;
		w->aborts++;
		break;
	}
}

static bool counts(struct view words, const char *name, uint64_t actual)
{
	struct view number = words;
	uint64_t wanted;

	if (!view_eq(view_cut(&number, ' '), view_z(name)) ||
			!view_to_u64(number, &wanted))
		return false;
	if (wanted != actual)
		fprintf(stderr, "%s: %u\n", name, (unsigned)actual);
	return wanted == actual;
}

static bool is_text(struct view actual, struct view wanted)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(1 << 20);

	if (trickle_unescape(&text, wanted) && view_eq(actual, buf_view(&text)))
		return true;
	fprintf(stderr, "it is \"%.*s\"\n", VIEW_ARG(actual));
	return false;
}

static bool set_disk(struct world *w, struct view word)
{
	static const char *const words[] = {
		[DISK_GOOD] = "good", [DISK_FULL] = "full", [DISK_ILL] = "ill"
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (!view_eq(word, view_z(words[i])))
			continue;
		w->disk = (enum disk)i;
		return true;
	}
	return false;
}

static bool happen(void *state, struct view words)
{
	struct world *w = state;
	struct view rest = words;
	struct view verb = view_cut(&rest, ' ');

	if (view_eq(verb, VIEW("disk")))
		return set_disk(w, rest);
	if (view_eq(verb, VIEW("busy"))) {
		w->busy = view_eq(rest, VIEW("yes"));
		return true;
	}
	if (view_eq(verb, VIEW("last")))
		return is_text(buf_view(&w->body), rest);
	if (view_eq(verb, VIEW("asked")))
		return is_text(buf_view(&w->asked), rest);
	if (view_eq(verb, VIEW("with")))
		return is_text(buf_view(&w->with), rest);
	if (view_eq(verb, VIEW("envelope")))
		return is_text(buf_view(&w->sender), view_cut(&rest, ' ')) &&
		       is_text(buf_view(&w->recipients), rest);
	return counts(words, "logins", w->logins) ||
	       counts(words, "messages", w->messages) ||
	       counts(words, "aborts", w->aborts) || counts(words, "length", w->body.len);
}

const struct trickle_world *smtp_world(void)
{
	static struct world w;
	static const struct trickle_world world = {
		.state = &w,
		.reset = reset,
		.open = open_session,
		.perform = perform,
		.happen = happen,
	};

	return &world;
}

struct smtp_deeds smtp_world_deeds(void)
{
	const struct world *w = smtp_world()->state;

	return (struct smtp_deeds){ w->logins, w->messages, w->aborts, w->open,
		buf_view(&w->body) };
}

void smtp_world_end(void)
{
	const struct trickle_world *world = smtp_world();

	world->reset(world->state);
}
