#include "tests/lib/trickle.h"

#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	RANDOM_RUNS = 8,
	LONGEST_FILE = 1 << 20,
	LONGEST_FLIGHT = 1 << 26,
	LONGEST_PIECE = 23
};

/* One session under way: an engine, and what is between it and its peer. */
struct drive {
	struct engine *engine;
	const struct trickle_world *world;
	enum trickle_way way;
	uint64_t seed;
	nstime now;
	struct buf flight;  /* sent by the client, not yet taken */
	struct buf arrived; /* what the client has received */
	struct op *held;    /* operations that are out */
	bool hold;
};

/* splitmix64: the same splits from the same seed, everywhere. */
static uint64_t draw(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static size_t piece_size(struct drive *d, size_t left)
{
	size_t size = left;

	if (d->way == TRICKLE_BYTES)
		size = 1;
	if (d->way == TRICKLE_RANDOM)
		size = 1 + draw(&d->seed) % LONGEST_PIECE;
	return size < left ? size : left;
}

/* Hands out what the engine asks, and answers it after it has asked all. */
static bool perform(struct drive *d)
{
	struct op *op, **end = &d->held;
	bool moved = false;

	while (*end)
		end = &(*end)->next;
	while ((op = engine_next_op(d->engine))) {
		op->next = NULL;
		*end = op;
		end = &op->next;
	}
	if (d->hold)
		return false;
	while ((op = d->held)) {
		d->held = op->next;
		op->next = NULL;
		d->world->perform(d->world->state, op);
		engine_answer(d->engine, op, d->now);
		moved = true;
	}
	return moved;
}

static bool feed_piece(struct drive *d, size_t *at)
{
	size_t size, took;
	char *piece;

	if (*at == d->flight.len || !(engine_want(d->engine) & WANT_READ))
		return false;
	size = piece_size(d, d->flight.len - *at);
	/* a copy of its own, so that a sanitizer sees a byte too far */
	piece = xmalloc(size);
	memcpy(piece, d->flight.data + *at, size);
	took = engine_feed(d->engine, view_of(piece, size), d->now);
	free(piece);
	if (took > size)
		die("the engine took more than it was given");
	*at += took;
	return took > 0;
}

/* Feeds the flight until it is in or the engine takes no more. Answers come when it does
 * not read: all bytes of a flight are there before the first of them is answered. */
static void feed(struct drive *d)
{
	size_t at = 0;

	while (feed_piece(d, &at) || perform(d))
		continue;
	buf_consume(&d->flight, at);
}

static bool drain(struct drive *d)
{
	bool moved = false;
	struct view out;

	while ((out = engine_output(d->engine)).len) {
		size_t size = piece_size(d, out.len);

		buf_add(&d->arrived, view_sub(out, 0, size));
		engine_sent(d->engine, size);
		moved = true;
	}
	return moved;
}

static void settle(struct drive *d)
{
	do {
		feed(d);
	} while (drain(d));
	if (engine_want(d->engine) & WANT_CLOSE)
		buf_clear(&d->flight);
}

static void pass_time(struct drive *d, nstime span)
{
	nstime end = d->now + span;

	for (int i = 0; engine_deadline(d->engine) <= end; i++) {
		if (i == 10000)
			die("the engine's deadline does not move");
		if (engine_deadline(d->engine) > d->now)
			d->now = engine_deadline(d->engine);
		engine_tick(d->engine, d->now);
		settle(d);
	}
	d->now = end;
	settle(d);
}

static void drive_init(struct drive *d, const struct trickle_world *world,
		enum trickle_way way, uint64_t seed)
{
	*d = (struct drive){ .world = world, .way = way, .seed = seed };
	d->now = nstime_seconds(1000);
	d->flight = BUF_NULL(LONGEST_FLIGHT);
	d->arrived = BUF_NULL(LONGEST_FLIGHT);
}

/* The connection goes; what is out is dropped as `net` drops it. */
static void drive_deinit(struct drive *d)
{
	while (d->held) {
		struct op *op = d->held;

		d->held = op->next;
		op_free(op);
	}
	engine_free(d->engine);
	buf_free(&d->flight);
	buf_free(&d->arrived);
}

/* Does what lets the rest of a flight in: starts TLS, or lets the time pass for which the
 * engine does not read. */
static bool move_on(struct drive *d)
{
	if (engine_want(d->engine) & WANT_TLS) {
		engine_event(d->engine, ENGINE_TLS_STARTED, 0, d->now);
		return true;
	}
	if (d->flight.len == 0 || engine_deadline(d->engine) == NSTIME_NEVER)
		return false;
	d->now = engine_deadline(d->engine);
	engine_tick(d->engine, d->now);
	return true;
}

static void fly(struct drive *d, struct view bytes)
{
	buf_add(&d->flight, bytes);
	do {
		settle(d);
	} while (move_on(d));
}

void trickle_bytes(struct engine *engine, const struct trickle_world *world,
		struct view bytes, enum trickle_way way, uint64_t seed,
		struct buf *output)
{
	struct drive d;

	drive_init(&d, world, way, seed);
	d.engine = engine;
	fly(&d, bytes);
	engine_event(engine, ENGINE_EOF, 0, d.now);
	settle(&d);
	buf_add(output, buf_view(&d.arrived));
	d.engine = NULL;
	drive_deinit(&d);
}

/* -- a conversation -- */

struct trickle_talk {
	struct drive drive;
};

struct trickle_talk *trickle_talk_new(struct engine *engine,
		const struct trickle_world *world, enum trickle_way way, uint64_t seed)
{
	struct trickle_talk *talk = xcalloc(1, sizeof(*talk));

	drive_init(&talk->drive, world, way, seed);
	talk->drive.engine = engine;
	return talk;
}

void trickle_talk_free(struct trickle_talk *talk)
{
	drive_deinit(&talk->drive);
	free(talk);
}

struct view trickle_say(struct trickle_talk *talk, struct view bytes)
{
	buf_clear(&talk->drive.arrived);
	fly(&talk->drive, bytes);
	return buf_view(&talk->drive.arrived);
}

struct view trickle_hang_up(struct trickle_talk *talk)
{
	buf_clear(&talk->drive.arrived);
	engine_event(talk->drive.engine, ENGINE_EOF, 0, talk->drive.now);
	settle(&talk->drive);
	return buf_view(&talk->drive.arrived);
}

struct view trickle_wait(struct trickle_talk *talk, nstime span)
{
	buf_clear(&talk->drive.arrived);
	pass_time(&talk->drive, span);
	return buf_view(&talk->drive.arrived);
}

bool trickle_is_closed(const struct trickle_talk *talk)
{
	return engine_want(talk->drive.engine) & WANT_CLOSE;
}

/* -- a dialog -- */

struct dialog {
	const char *path;
	int line; /* of the file, for complaints */
	struct drive drive;
	bool any_lines; /* after S~ */
	bool expecting; /* an S: line was just met */
	bool closed;    /* X: was said */
};

static const char *const ways[] = { "whole", "byte by byte", "split at random" };

PRINTF_LIKE(2, 3) static bool complain(const struct dialog *g, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: (%s) ", g->path, g->line, ways[g->drive.way]);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return false;
}

bool trickle_unescape(struct buf *out, struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		static const char names[] = "rnt0\\", bytes[] = "\r\n\t\0\\";
		const char *name;
		unsigned char byte;

		if (text.data[i] != '\\') {
			buf_add_byte(out, text.data[i]);
			continue;
		}
		if (++i == text.len)
			return false;
		name = strchr(names, text.data[i]);
		if (name) {
			buf_add_byte(out, bytes[name - names]);
		} else if (text.data[i] == 'x' &&
				hex_decode(view_sub(text, i + 1, 2), &byte, 1)) {
			buf_add_byte(out, (char)byte);
			i += 2;
		} else {
			return false;
		}
	}
	return true;
}

/* The pattern's {any} stands for any bytes; taken from the left, each as short as it can
 * be. */
static bool matches(struct view line, struct view pattern)
{
	const struct view any = VIEW("{any}");
	size_t at = view_find_view(pattern, any);
	bool first = true;

	while (at < pattern.len) {
		struct view piece = view_sub(pattern, 0, at);
		size_t found = first ? 0 : view_find_view(line, piece);

		if (found + piece.len > line.len ||
				!view_eq(view_sub(line, found, piece.len), piece))
			return false;
		line = view_from(line, found + piece.len);
		pattern = view_from(pattern, at + any.len);
		at = view_find_view(pattern, any);
		first = false;
	}
	return first ? view_eq(line, pattern) : view_ends(line, pattern);
}

/* Takes the next line that arrived. False where there is no whole one. */
static bool next_line(struct dialog *g, struct view *out)
{
	struct view arrived = buf_view(&g->drive.arrived);
	size_t end = view_find_view(arrived, VIEW("\r\n"));

	if (end == arrived.len)
		return false;
	*out = view_sub(arrived, 0, end);
	return true;
}

static bool expect_line(struct dialog *g, struct view pattern)
{
	struct view line;

	settle(&g->drive);
	while (next_line(g, &line)) {
		bool same = matches(line, pattern);

		if (!same && !g->any_lines)
			return complain(g, "the engine said \"%.*s\"", VIEW_ARG(line));
		buf_consume(&g->drive.arrived, line.len + 2);
		if (same) {
			g->any_lines = false;
			return true;
		}
	}
	return complain(g, "the engine said nothing more%s",
			g->drive.flight.len ? " and does not read" : "");
}

static bool expect_silence(struct dialog *g)
{
	struct view line = buf_view(&g->drive.arrived);

	settle(&g->drive);
	line = buf_view(&g->drive.arrived);
	if (line.len == 0)
		return true;
	return complain(g, "the engine also said \"%.*s\"",
			VIEW_ARG(view_sub(line, 0, 200)));
}

static bool start_session(struct dialog *g, struct view words)
{
	if (g->drive.engine)
		return complain(g, "O: comes first and once");
	g->drive.engine =
			g->drive.world->open(g->drive.world->state, words, g->drive.now);
	if (!g->drive.engine)
		return complain(g, "no such session: \"%.*s\"", VIEW_ARG(words));
	return true;
}

static bool pass_named_time(struct dialog *g, struct view text)
{
	static const struct {
		const char *name;
		nstime span;
	} units[] = { { "ms", NS_PER_MS }, { "s", NS_PER_S }, { "m", 60 * NS_PER_S },
		{ "h", 3600 * NS_PER_S } };
	size_t digits = 0;
	uint64_t count;

	while (digits < text.len && byte_is_digit(text.data[digits]))
		digits++;
	if (!view_to_u64(view_sub(text, 0, digits), &count) || count > 100000)
		return complain(g, "a time is a number and a unit");
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (!view_eq(view_from(text, digits), view_z(units[i].name)))
			continue;
		settle(&g->drive);
		pass_time(&g->drive, (nstime)count * units[i].span);
		return true;
	}
	return complain(g, "the units of time are ms, s, m and h");
}

static bool tell_event(struct dialog *g, struct view words)
{
	static const struct {
		const char *name;
		enum engine_event event;
	} events[] = { { "tls", ENGINE_TLS_STARTED }, { "eof", ENGINE_EOF },
		{ "changed", ENGINE_CHANGED }, { "revoked", ENGINE_REVOKED },
		{ "drain", ENGINE_DRAIN }, { "timeout", ENGINE_TIMEOUT },
		{ "shed", ENGINE_SHED } };
	struct view name = view_cut(&words, ' ');
	uint64_t arg = 0;

	if (words.len && !view_to_u64(words, &arg))
		return complain(g, "an event's argument is a number");
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		if (!view_eq(name, view_z(events[i].name)))
			continue;
		settle(&g->drive);
		engine_event(g->drive.engine, events[i].event, arg, g->drive.now);
		return true;
	}
	return complain(g, "no such event");
}

static bool start_tls(struct dialog *g)
{
	if (!expect_silence(g))
		return false;
	if (!(engine_want(g->drive.engine) & WANT_TLS))
		return complain(g, "the engine does not wait for TLS");
	engine_event(g->drive.engine, ENGINE_TLS_STARTED, 0, g->drive.now);
	return true;
}

static bool expect_close(struct dialog *g)
{
	if (!expect_silence(g))
		return false;
	g->closed = true;
	return engine_want(g->drive.engine) & WANT_CLOSE
			       ? true
			       : complain(g, "the engine does not close");
}

static bool change_world(struct dialog *g, struct view words)
{
	const struct trickle_world *world = g->drive.world;

	settle(&g->drive);
	return world->happen(world->state, words)
			       ? true
			       : complain(g, "W: \"%.*s\" is not so", VIEW_ARG(words));
}

static bool hold_answers(struct dialog *g, struct view word)
{
	settle(&g->drive);
	g->drive.hold = view_eq(word, VIEW("hold"));
	return g->drive.hold || view_eq(word, VIEW("answer"))
			       ? true
			       : complain(g, "A: is hold or answer");
}

static bool expect_escaped_line(struct dialog *g, struct view text)
{
	CLEANUP(buf_free) struct buf line = BUF_NULL(LONGEST_FILE);

	if (!trickle_unescape(&line, text))
		return complain(g, "a bad escape");
	return expect_line(g, buf_view(&line));
}

/* The letters name the sides of the conversation; here C is the peer and S the engine. */
static char side_of(const struct dialog *g, char letter)
{
	if (!g->drive.world->engine_is_client)
		return letter;
	return letter == 'C' ? 'S' : letter == 'S' ? 'C' : letter;
}

/* One line whose letter and count were read. */
static bool play(struct dialog *g, char letter, struct view text)
{
	struct buf *flight = &g->drive.flight;

	if (letter == 'O')
		return start_session(g, text);
	if (!g->drive.engine)
		return complain(g, "a dialog begins with O:");
	if (letter != 'S' && letter != 'U' && letter != 'X' && g->expecting &&
			!g->any_lines && !expect_silence(g))
		return false;
	g->expecting = letter == 'S' || letter == 'U';
	switch (letter) {
	case 'C':
		buf_add(flight, text);
		buf_add_z(flight, "\r\n");
		return true;
	case 'R':
		return trickle_unescape(flight, text) ? true
						      : complain(g, "a bad escape");
	case 'S':
		return expect_line(g, text);
	case 'U':
		return expect_escaped_line(g, text);
	case 'T':
		return start_tls(g);
	case 'E':
		return tell_event(g, text);
	case 'A':
		return hold_answers(g, text);
	case 'W':
		return change_world(g, text);
	case 'X':
		return expect_close(g);
	case '+':
		return pass_named_time(g, text);
	default:
		return complain(g, "a line begins with # O C R S U T E A W X or +");
	}
}

/* Reads `C*7: text`, `C: text`, `S~`, `+5m`. */
static bool play_line(struct dialog *g, struct view line)
{
	uint64_t count = 1;
	struct view head;
	char letter;

	if (line.len == 0 || line.data[0] == '#')
		return true;
	letter = side_of(g, line.data[0]);
	if (letter == 'S' && view_eq(view_from(line, 1), VIEW("~"))) {
		g->any_lines = true;
		return true;
	}
	if (letter == '+')
		return play(g, letter, view_from(line, 1));
	head = view_from(view_cut(&line, ':'), 1);
	if (!line.data || (head.len && (head.data[0] != '*' ||
						       !view_to_u64(view_from(head, 1),
								       &count))))
		return complain(g, "a line is a letter, perhaps *count, a colon, text");
	if (line.len && line.data[0] == ' ')
		line = view_from(line, 1);
	while (count--)
		if (!play(g, letter, line))
			return false;
	return true;
}

static bool run_dialog(const char *path, struct view text,
		const struct trickle_world *world, enum trickle_way way, uint64_t seed)
{
	struct dialog g = { .path = path };
	bool good = true;

	drive_init(&g.drive, world, way, seed);
	world->reset(world->state);
	while (good && text.len) {
		g.line++;
		good = play_line(&g, view_cut(&text, '\n'));
	}
	if (good && !g.drive.engine)
		good = complain(&g, "a dialog begins with O:");
	if (good)
		good = expect_silence(&g);
	if (good && g.drive.flight.len)
		good = complain(&g, "the engine does not read the rest");
	if (good && !g.closed && engine_want(g.drive.engine) & WANT_CLOSE)
		good = complain(&g, "the engine closes");
	g.drive.hold = false;
	if (g.drive.engine)
		settle(&g.drive);
	drive_deinit(&g.drive);
	return good;
}

static bool run_file(const char *path, const struct trickle_world *world)
{
	CLEANUP(freep) char *text = NULL;
	size_t len;
	struct view dialog;
	int r = os_read_file(os_real(), path, LONGEST_FILE, &text, &len);

	if (r) {
		fprintf(stderr, "%s: %s\n", path, strerror(-r));
		return false;
	}
	dialog = view_of(text, len);
	if (!run_dialog(path, dialog, world, TRICKLE_WHOLE, 0) ||
			!run_dialog(path, dialog, world, TRICKLE_BYTES, 0))
		return false;
	for (uint64_t seed = 1; seed <= RANDOM_RUNS; seed++) {
		if (!run_dialog(path, dialog, world, TRICKLE_RANDOM, seed)) {
			fprintf(stderr, "%s: the seed was %" PRIu64 "\n", path, seed);
			return false;
		}
	}
	return true;
}

int trickle_main(int argc, char **argv, const struct trickle_world *world)
{
	bool good = argc > 1; /* no dialog at all is a mistake */

	for (int i = 1; i < argc; i++)
		good = run_file(argv[i], world) && good;
	return good ? 0 : 1;
}
