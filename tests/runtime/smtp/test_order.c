/* Every order of commands, against a model that knows RFC 5321, 4.1.4, RFC 3030, RFC 3207
 * and RFC 4954 and nothing of the engine: which reply, which state behind it.
 *
 * All sequences of four commands are tried. Of longer ones, up to six, those are tried
 * whose beginning brings the model into a state that has not been left in PATHS ways yet:
 * what the engine could remember beyond its model is how it got there. The state behind
 * the last command is looked at by what six probes answer. */
#include "tests/dialog/smtp_world.h"
#include "tests/lib/test.h"
#include "tests/lib/trickle.h"

#include <stdio.h>

enum {
	WHOLE = 4,
	LONGEST = 6,
	BEGUN = 4, /* moves that may stand before a walk */
	PATHS = 6,
};

enum phase {
	IDLE,
	SENDER,
	ADDRESSED,
	CHUNKED, /* a BDAT was taken, and more are to come */
	FAILED,  /* a BDAT was refused */
	CLOSED,
};

struct model {
	bool submission;
	bool hello, tls, user;
	enum phase phase;
	bool refused; /* a recipient was: DATA says so */
	unsigned messages;
};

/* What happens: a flight, perhaps a second one behind the reply that asks for it. */
struct move {
	const char *name;
	const char *flight;
	const char *more; /* behind 354 */
	bool ill;         /* the disk is, for that long */
	unsigned (*expect)(struct model *m);
};

/* -- the model: what a server answers, and what it remembers -- */

static unsigned hello(struct model *m)
{
	m->hello = true;
	m->phase = IDLE;
	return 250;
}

/* Where a command of transactions has no place; 0: it may have one. */
static unsigned out_of_place(const struct model *m)
{
	return !m->hello || m->phase == FAILED || m->phase == CHUNKED ? 503 : 0;
}

static unsigned mail(struct model *m)
{
	if (out_of_place(m) || m->phase != IDLE)
		return 503;
	if (m->submission && !m->user)
		return 530;
	m->phase = SENDER;
	m->refused = false;
	return 250;
}

static unsigned bad_mail(struct model *m)
{
	if (out_of_place(m) || m->phase != IDLE)
		return 503;
	return m->submission && !m->user ? 530 : 501;
}

static unsigned rcpt(struct model *m)
{
	if (out_of_place(m) || m->phase == IDLE)
		return 503;
	m->phase = ADDRESSED;
	return 250;
}

static unsigned bad_rcpt(struct model *m)
{
	if (out_of_place(m) || m->phase == IDLE)
		return 503;
	m->refused = true;
	return 550;
}

static unsigned nobody(const struct model *m)
{
	return m->refused ? 554 : 503;
}

/* DATA up to 354; 0 then. */
static unsigned begin_data(struct model *m)
{
	if (m->phase == CHUNKED) { /* RFC 3030, 2: they do not mix */
		m->phase = FAILED;
		return 503;
	}
	if (out_of_place(m) || m->phase == IDLE)
		return 503;
	return m->phase == SENDER ? nobody(m) : 0;
}

static unsigned data(struct model *m)
{
	unsigned refused = begin_data(m);

	if (refused)
		return refused;
	m->phase = IDLE;
	m->messages++;
	return 250;
}

static unsigned refused_data(struct model *m)
{
	unsigned refused = begin_data(m);

	if (refused)
		return refused;
	m->phase = IDLE; /* the message is over, the envelope with it */
	return 554;
}

static unsigned smuggling_data(struct model *m)
{
	unsigned refused = begin_data(m);

	if (refused)
		return refused;
	m->phase = CLOSED;
	return 550;
}

static unsigned ill_data(struct model *m)
{
	unsigned refused = begin_data(m);

	return refused ? refused : 452; /* before the message: it can be tried again */
}

/* Where a refused BDAT leaves the transaction. */
static enum phase spoiled(bool last)
{
	return last ? IDLE : FAILED;
}

/* A BDAT that nobody can take; 0: it can be taken. */
static unsigned stray_bdat(struct model *m, bool last)
{
	unsigned reply = m->phase == SENDER ? nobody(m) : 503;

	if (m->phase == ADDRESSED || m->phase == CHUNKED)
		return 0;
	if (m->phase != IDLE)
		m->phase = spoiled(last);
	return reply;
}

static unsigned bdat(struct model *m)
{
	unsigned refused = stray_bdat(m, false);

	if (refused)
		return refused;
	m->phase = CHUNKED;
	return 250;
}

static unsigned last_bdat(struct model *m)
{
	unsigned refused = stray_bdat(m, true);

	if (refused)
		return refused;
	m->phase = IDLE;
	m->messages++;
	return 250;
}

static unsigned large_bdat(struct model *m)
{
	unsigned refused = stray_bdat(m, false);

	if (refused)
		return refused;
	m->phase = FAILED;
	return 552;
}

static unsigned large_last_bdat(struct model *m)
{
	unsigned refused = stray_bdat(m, true);

	if (refused)
		return refused;
	m->phase = IDLE;
	return 552;
}

static unsigned ill_bdat(struct model *m)
{
	unsigned refused = stray_bdat(m, false);

	if (refused)
		return refused;
	if (m->phase == CHUNKED)
		return 250; /* the disk is not asked for so little */
	m->phase = FAILED;
	return 452;
}

static unsigned ill_last_bdat(struct model *m)
{
	unsigned refused = stray_bdat(m, true);

	if (refused)
		return refused;
	m->phase = IDLE;
	return 452;
}

static unsigned uncounted_bdat(struct model *m)
{
	m->phase = CLOSED;
	return 501;
}

static unsigned rset(struct model *m)
{
	m->phase = IDLE;
	return 250;
}

static unsigned noop(struct model *m)
{
	(void)m;
	return 250;
}

static unsigned unknown(struct model *m)
{
	(void)m;
	return 500;
}

static unsigned starttls(struct model *m)
{
	if (!m->hello || m->phase != IDLE || m->tls)
		return 503;
	m->tls = true;
	m->hello = false; /* RFC 3207, 4.2 */
	return 220;
}

/* Up to the question whether the password is right; 0: it is asked. */
static unsigned misplaced_auth(const struct model *m)
{
	if (!m->hello || m->phase != IDLE)
		return 503;
	if (!m->submission)
		return 502;
	if (!m->tls)
		return 538;
	return m->user ? 503 : 0;
}

static unsigned auth(struct model *m)
{
	unsigned refused = misplaced_auth(m);

	if (refused)
		return refused;
	m->user = true;
	return 235;
}

static unsigned bad_auth(struct model *m)
{
	unsigned refused = misplaced_auth(m);

	return refused ? refused : 535;
}

static unsigned quit(struct model *m)
{
	m->phase = CLOSED;
	return 221;
}

#define FROM   "From: alice@example.org\r\n"
#define TEN(x) x x x x x x x x x x
#define LARGE  TEN(TEN(TEN("x"))) "x"

/* clang-format off */
static const struct move moves[] = {
	{ "EHLO",         "EHLO c\r\n",                              NULL,                      false, hello },
	{ "HELO",         "HELO c\r\n",                              NULL,                      false, hello },
	{ "MAIL",         "MAIL FROM:<alice@example.org>\r\n",       NULL,                      false, mail },
	{ "MAIL bad",     "MAIL FROM:<@@>\r\n",                      NULL,                      false, bad_mail },
	{ "RCPT",         "RCPT TO:<bob@example.org>\r\n",           NULL,                      false, rcpt },
	{ "RCPT bad",     "RCPT TO:<nobody@example.org>\r\n",        NULL,                      false, bad_rcpt },
	{ "DATA",         "DATA\r\n",                                FROM ".\r\n",              false, data },
	{ "DATA refused", "DATA\r\n",                                FROM "X: \xff\r\n.\r\n", false, refused_data },
	{ "DATA bare LF", "DATA\r\n",                                FROM "\n.\n\r\n.\r\n",     false, smuggling_data },
	{ "DATA ill",     "DATA\r\n",                                NULL,                      true,  ill_data },
	{ "BDAT",         "BDAT 6\r\nX: y\r\n",                      NULL,                      false, bdat },
	{ "BDAT LAST",    "BDAT 25 LAST\r\n" FROM,                   NULL,                      false, last_bdat },
	{ "BDAT large",   "BDAT 1001\r\n" LARGE,                     NULL,                      false, large_bdat },
	{ "BDAT L LAST",  "BDAT 1001 LAST\r\n" LARGE,                NULL,                      false, large_last_bdat },
	{ "BDAT ill",     "BDAT 6\r\nX: y\r\n",                      NULL,                      true,  ill_bdat },
	{ "BDAT LAST ill", "BDAT 25 LAST\r\n" FROM,                  NULL,                      true,  ill_last_bdat },
	{ "BDAT ?",       "BDAT x\r\nRSET\r\n",                      NULL,                      false, uncounted_bdat },
	{ "RSET",         "RSET\r\n",                                NULL,                      false, rset },
	{ "NOOP",         "NOOP\r\n",                                NULL,                      false, noop },
	{ "?",            "TURN\r\n",                                NULL,                      false, unknown },
	{ "STARTTLS",     "STARTTLS\r\n",                            NULL,                      false, starttls },
	{ "AUTH",         "AUTH PLAIN AGFsaWNlQGV4YW1wbGUub3JnAHdvbmRlcmxhbmQ=\r\n", NULL,      false, auth },
	{ "AUTH bad",     "AUTH PLAIN AGFsaWNlQGV4YW1wbGUub3JnAGd1ZXNz\r\n", NULL,              false, bad_auth },
	{ "QUIT",         "QUIT\r\n",                                NULL,                      false, quit },
};
/* clang-format on */

enum {
	MOVES = ARRAY_LEN(moves)
};

/* -- a run -- */

struct path {
	unsigned char moves[BEGUN + LONGEST];
	size_t len;
	size_t begun; /* of them; the walk counts from there */
};

PRINTF_LIKE(2, 3) static void complain(const struct path *path, const char *format, ...)
{
	va_list args;

	for (size_t i = 0; i < path->len; i++)
		fprintf(stderr, "%s%s", i ? ", " : "", moves[path->moves[i]].name);
	fprintf(stderr, ": ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	fail();
}

/* The code of the last reply line. */
static unsigned last_code(struct view output)
{
	struct view lines = view_sub(output, 0, output.len ? output.len - 2 : 0);
	size_t start = view_find_last(lines, '\n');
	uint64_t code;

	lines = start < lines.len ? view_from(lines, start + 1) : lines;
	return view_to_u64(view_sub(lines, 0, 3), &code) ? (unsigned)code : 0;
}

static unsigned make_move(struct trickle_talk *talk, const struct move *move)
{
	const struct trickle_world *world = smtp_world();
	unsigned code;

	assert_true(world->happen(
			world->state, move->ill ? VIEW("disk full") : VIEW("disk good")));
	code = last_code(trickle_say(talk, view_z(move->flight)));
	if (code == 354 && move->more)
		code = last_code(trickle_say(talk, view_z(move->more)));
	return code;
}

static struct trickle_talk *begin(bool submission)
{
	const struct trickle_world *world = smtp_world();
	struct view kind =
			submission ? VIEW("submission size=1000") : VIEW("mx size=1000");

	world->reset(world->state);
	return trickle_talk_new(world->open(world->state, kind, nstime_seconds(1)), world,
			TRICKLE_WHOLE, 0);
}

/* Goes the path with engine and model, then tries one probe. */
static void go(const struct path *path, bool submission, const struct move *probe,
		struct model *out)
{
	struct trickle_talk *talk = begin(submission);
	struct model m = { .submission = submission };
	unsigned said, wanted;

	for (size_t i = 0; i < path->len; i++) {
		said = make_move(talk, &moves[path->moves[i]]);
		wanted = moves[path->moves[i]].expect(&m);
		if (said != wanted)
			complain(path, "move %zu: %u, not %u", i + 1, said, wanted);
	}
	*out = m;
	if (trickle_is_closed(talk) != (m.phase == CLOSED))
		complain(path, "closed: %d", m.phase != CLOSED);
	if (smtp_world_deeds().messages != m.messages)
		complain(path, "%u messages, not %u",
				(unsigned)smtp_world_deeds().messages, m.messages);
	if (m.phase != CLOSED &&
			smtp_world_deeds().open !=
					(m.phase == SENDER || m.phase == ADDRESSED ||
							m.phase == CHUNKED))
		complain(path, "the performer's transaction is another");
	if (probe && m.phase != CLOSED) {
		said = make_move(talk, probe);
		wanted = probe->expect(&m);
		if (said != wanted)
			complain(path, "behind it %s: %u, not %u", probe->name, said,
					wanted);
	}
	trickle_talk_free(talk);
}

/* -- which paths -- */

/* How often a state was reached; messages do not make another one. */
struct seen {
	struct model model;
	unsigned paths;
};

static bool is_worth_leaving(struct seen *seen, size_t *count, const struct model *m)
{
	struct model key = *m;

	key.messages = 0;
	for (size_t i = 0; i < *count; i++)
		if (memcmp(&seen[i].model, &key, sizeof(key)) == 0)
			return seen[i].paths++ < PATHS;
	assert_true(*count < 200);
	seen[(*count)++] = (struct seen){ key, 1 };
	return true;
}

static const struct move *find(const char *name)
{
	for (size_t i = 0; i < MOVES; i++)
		if (strcmp(moves[i].name, name) == 0)
			return &moves[i];
	fail_msg("no move %s", name);
	return NULL;
}

static void probe_all(const struct path *path, bool submission)
{
	static const char *const probes[] = { "MAIL", "RCPT", "DATA", "BDAT LAST",
		"STARTTLS", "AUTH" };
	struct model m;

	for (size_t i = 0; i < ARRAY_LEN(probes); i++)
		go(path, submission, find(probes[i]), &m);
}

/* All that begin so. */
static size_t walk(struct path *path, bool submission)
{
	static struct seen seen[LONGEST][200];
	static size_t counts[LONGEST];
	size_t runs = 1;
	size_t depth = path->len - path->begun;
	struct model m;

	if (depth == 0)
		memset(counts, 0, sizeof(counts));
	go(path, submission, NULL, &m);
	if (depth == LONGEST) {
		probe_all(path, submission);
		return runs;
	}
	if (m.phase == CLOSED)
		return runs;
	if (depth >= WHOLE && !is_worth_leaving(seen[depth], &counts[depth], &m))
		return runs;
	for (unsigned char i = 0; i < MOVES; i++) {
		path->moves[path->len++] = i;
		runs += walk(path, submission);
		path->len--;
	}
	return runs;
}

static void every_order_on_the_mx_port(void **state)
{
	struct path path = { .len = 0 };

	(void)state;
	print_message("%zu orders\n", walk(&path, false));
}

static void every_order_on_the_submission_port(void **state)
{
	struct path path = { .len = 0 };

	(void)state;
	print_message("%zu orders\n", walk(&path, true));
}

/* Six more from where a user has secured the session and logged in. */
static void every_order_of_who_is_logged_in(void **state)
{
	static const char *const beginning[BEGUN] = { "EHLO", "STARTTLS", "EHLO",
		"AUTH" };
	struct path path = { .len = 0 };

	(void)state;
	for (size_t i = 0; i < BEGUN; i++)
		path.moves[path.len++] = (unsigned char)(find(beginning[i]) - moves);
	path.begun = path.len;
	print_message("%zu orders\n", walk(&path, true));
}

static int end(void **state)
{
	(void)state;
	smtp_world_end();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_order_on_the_mx_port),
		cmocka_unit_test(every_order_on_the_submission_port),
		cmocka_unit_test(every_order_of_who_is_logged_in),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
