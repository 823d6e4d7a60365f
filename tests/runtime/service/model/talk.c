#include "tests/runtime/service/model/talk.h"

#include "runtime/base/error.h"
#include "runtime/imap/imap_server.h"
#include "tests/runtime/service/model/command.h"
#include "tests/runtime/service/model/dice.h"
#include "tests/runtime/service/model/report.h"
#include "tests/runtime/service/model/server.h"

enum {
	SAID_MAX = 1 << 26,
	DEPTH_MAX = 3, /* sessions that run within each other's waiting */
};

struct talk {
	unsigned who;
	int account;
	struct engine *engine;
	struct imap_performer performer;
	struct buf said; /* not read yet */
	struct told told;
	struct command command;
	struct command next; /* sent behind it, before it was answered */
	bool has_next;
	enum {
		TALK_READY,
		TALK_RUNNING,
		TALK_IDLE,
	} state;
	bool waits;     /* an operation is out */
	bool continued; /* the server asked for more */
	bool ended;     /* it answered the command */
};

static struct talk talks[TALKS];
static struct truth *truths;
static unsigned depth;

static void move(struct talk *t);
static void settle(struct talk *t);

/* -- what the server says -- */

/* The length of the first whole response, literals and all; 0: it is not whole. */
static size_t response(struct view said)
{
	size_t at = 0;

	for (;;) {
		size_t line = view_find_view(view_from(said, at), VIEW("\r\n"));
		struct view text = view_sub(said, at, line);
		uint64_t literal;
		size_t brace = view_find_last(text, '{');

		if (line == said.len - at)
			return 0;
		at += line + 2;
		if (!view_ends(text, VIEW("}")) || brace == text.len ||
				!view_to_u64(view_sub(text, brace + 1,
							     text.len - brace - 2),
						&literal))
			return at;
		if (literal > said.len - at)
			return 0;
		at += literal;
	}
}

/* The command that was sent behind the one that has ended runs from here on. */
static void begin_next(struct talk *t)
{
	if (!t->has_next)
		return;
	command_free(&t->command);
	t->command = t->next;
	t->next = (struct command){ 0 };
	t->told.condstore |= t->command.condstore;
	t->has_next = t->ended = false;
}

static void read_response(struct talk *t, struct view line)
{
	struct command *c = t->state == TALK_READY ? NULL : &t->command;
	struct truth *truth = &truths[t->account];

	report_note(t->who, "S", line);
	line.len -= 2;
	if (view_starts(line, VIEW("+ "))) {
		t->continued = true;
	} else if (view_starts(line, VIEW("* "))) {
		command_line(c, &t->told, truth, view_from(line, 2));
	} else if (c && !t->ended && view_starts(line, VIEW("a "))) {
		t->ended = true;
		command_end(c, &t->told, truth, view_from(line, 2));
		begin_next(t);
	} else {
		report_difference(t->who, "nobody asked for this");
	}
}

static void read_responses(struct talk *t)
{
	size_t len;

	while ((len = response(buf_view(&t->said)))) {
		read_response(t, view_sub(buf_view(&t->said), 0, len));
		buf_consume(&t->said, len);
		if (t->said.len == 0)
			t->told.late = false;
	}
}

/* -- operations -- */

/* As sessions_changed does: every session of the account but the one that did it. */
static void tell(int account, const struct talk *from,
		const struct server_changes *changes)
{
	for (size_t i = 0; i < TALKS; i++)
		for (size_t n = 0; n < changes->count; n++)
			if (&talks[i] != from && talks[i].account == account)
				engine_event(talks[i].engine, ENGINE_CHANGED,
						changes->ids[n], 0);
}

/* Those that were told and do not wait go on, once all were told. */
static void settle_others(const struct talk *from)
{
	for (size_t i = 0; i < TALKS; i++)
		if (&talks[i] != from && !talks[i].waits)
			settle(&talks[i]);
}

void talks_changed(const struct server_changes changes[SERVER_ACCOUNTS])
{
	for (int i = 0; i < SERVER_ACCOUNTS; i++)
		tell(i, NULL, &changes[i]);
	settle_others(NULL);
}

/* Meanwhile somebody else does something. */
static void others_move(struct talk *t, const struct op *op)
{
	struct talk *other = &talks[dice(TALKS)];

	if (depth == DEPTH_MAX || !once_in(4) || other == t || other->waits ||
			other->state == TALK_RUNNING)
		return;
	if (op->kind == IMAP_OP_READ)
		t->told.late = true;
	move(other);
}

static void hear(struct talk *t)
{
	struct view out;

	while ((out = engine_output(t->engine)).len) {
		buf_add(&t->said, out);
		engine_sent(t->engine, out.len);
		read_responses(t);
	}
}

/* The answer is on its way before another operation of the account begins, and so are the
 * events for others. */
static void perform(struct talk *t, struct op *op)
{
	struct server_changes changes = { .count = 0 };

	t->waits = true;
	depth++;
	if (op->kind != IMAP_OP_LOGIN) {
		others_move(t, op);
		server_perform(t->account, &t->performer, (struct imap_op *)op, &changes);
		if (!truth_modseq(&truths[t->account], changes.modseq))
			report_difference(t->who, "the account's MODSEQ went back");
		command_performed(&t->command, &t->told, &truths[t->account],
				(struct imap_op *)op);
	}
	tell(t->account, t, &changes);
	engine_answer(t->engine, op, 0);
	hear(t);
	settle_others(t);
	depth--;
	t->waits = false;
}

static void settle(struct talk *t)
{
	struct op *op;

	hear(t);
	while ((op = engine_next_op(t->engine))) {
		perform(t, op);
		hear(t);
	}
	if (t->state == TALK_READY && t->said.len)
		report_difference(t->who, "a line that does not end");
}

static void say(struct talk *t, struct view bytes)
{
	while (bytes.len) {
		size_t took = engine_feed(t->engine, bytes, 0);

		bytes = view_from(bytes, took);
		settle(t);
	}
}

/* -- sessions that come and go -- */

static void open_talk(struct talk *t)
{
	static const struct imap_server_options options = { .tls = true };

	t->engine = imap_server_new(&options, 0);
	t->told.who = t->who;
	t->state = TALK_READY;
	settle(t);
	command_free(&t->command);
	t->state = TALK_RUNNING;
	say(t, VIEW("a LOGIN x y\r\n"));
	if (!t->ended)
		report_difference(t->who, "no login");
	t->ended = false;
	t->state = TALK_READY;
}

static void close_talk(struct talk *t)
{
	report_note(t->who, "-", VIEW("the connection ends"));
	server_leave(t->account, &t->performer);
	engine_free(t->engine);
	buf_clear(&t->said);
	command_free(&t->command);
	command_free(&t->next);
	t->has_next = false;
	told_deselect(&t->told);
	t->told.condstore = false;
	t->told.late = false;
	t->ended = t->continued = false;
}

static void reopen_talk(struct talk *t)
{
	close_talk(t);
	open_talk(t);
}

static bool is_closing(const struct talk *t)
{
	return engine_want(t->engine) & WANT_CLOSE;
}

void talks_begin(struct truth *accounts)
{
	truths = accounts;
	for (size_t i = 0; i < TALKS; i++)
		talks[i].waits = true; /* for its engine */
	for (unsigned i = 0; i < TALKS; i++) {
		struct talk *t = &talks[i];

		t->who = i;
		t->account = i == TALKS - 1;
		t->said = BUF_NULL(SAID_MAX);
		open_talk(t);
	}
}

void talks_end(void)
{
	for (size_t i = 0; i < TALKS; i++) {
		close_talk(&talks[i]);
		buf_free(&talks[i].said);
		told_free(&talks[i].told);
	}
}

/* -- commands -- */

static void say_line(struct talk *t, const char *tag, struct view text, const char *end)
{
	CLEANUP(buf_free) struct buf line = BUF_NULL(SAID_MAX);

	buf_addf(&line, "%s%.*s\r\n", tag, VIEW_ARG(text));
	report_note(t->who, "C", buf_view(&line));
	buf_add_z(&line, end);
	say(t, buf_view(&line));
}

/* The messages of an APPEND, each once it is asked for; now and then the connection ends
 * within one. */
static void say_append(struct talk *t)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(SAID_MAX);
	struct command *c = &t->command;

	buf_addf(&bytes, "a %.*s", VIEW_ARG(buf_view(&c->text)));
	for (size_t i = 0; i < c->appended_count && !t->ended; i++) {
		const struct command_message *message = &c->appended[i];

		buf_addf(&bytes, "%.*s\r\n", VIEW_ARG(buf_view(&message->head)));
		report_note(t->who, "C", buf_view(&bytes));
		if (!message->nonsync) {
			say(t, buf_view(&bytes));
			buf_clear(&bytes);
			if (!t->continued)
				return;
			t->continued = false;
		}
		truth_text(&bytes, message->message.number);
		if (once_in(40)) {
			buf_truncate(&bytes, dice((uint32_t)bytes.len));
			say(t, buf_view(&bytes));
			reopen_talk(t);
			return;
		}
	}
	buf_add_z(&bytes, "\r\n");
	say(t, buf_view(&bytes));
}

static void finish(struct talk *t)
{
	if (is_closing(t)) {
		reopen_talk(t);
		return;
	}
	if (t->state == TALK_READY)
		return;
	if (!t->ended)
		report_difference(t->who, "the command is not answered");
	command_free(&t->command);
	t->state = TALK_READY;
	t->ended = t->continued = false;
}

static void end_idle(struct talk *t)
{
	say_line(t, "", VIEW("DONE"), "");
	finish(t);
}

/* Now and then with another right behind it. */
static void say_command(struct talk *t)
{
	CLEANUP(buf_free) struct buf behind = BUF_NULL(SAID_MAX);

	if (t->command.verb != VERB_IDLE && once_in(5)) {
		report_command();
		command_make_ahead(&t->next, &t->told, &truths[t->account]);
		t->has_next = true;
		buf_addf(&behind, "a %.*s\r\n", VIEW_ARG(buf_view(&t->next.text)));
		report_note(t->who, "C+", buf_view(&behind));
	}
	buf_add_byte(&behind, '\0');
	say_line(t, "a ", buf_view(&t->command.text), behind.data);
}

static void begin_command(struct talk *t)
{
	enum verb verb;

	report_command();
	command_make(&t->command, &t->told, &truths[t->account]);
	verb = t->command.verb;
	if (verb == VERB_SELECT || verb == VERB_EXAMINE)
		told_deselect(&t->told);
	t->told.condstore |= t->command.condstore;
	t->state = TALK_RUNNING;
	if (verb == VERB_APPEND)
		say_append(t);
	else
		say_command(t);
	if (verb == VERB_IDLE && t->continued && !is_closing(t)) {
		t->state = TALK_IDLE;
		told_check(&t->told, false);
	} else {
		finish(t);
	}
}

static void move(struct talk *t)
{
	if (is_closing(t))
		reopen_talk(t);
	else if (t->state == TALK_IDLE)
		end_idle(t);
	else
		begin_command(t);
}

void talks_move(void)
{
	struct talk *t = &talks[dice(TALKS)];

	if (t->who == TALKS - 1 && !once_in(8))
		return;
	if (once_in(300))
		reopen_talk(t);
	else
		move(t);
}
