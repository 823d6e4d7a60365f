/* Drives an engine without a socket: a dialog, or plain bytes, whole, byte by byte, and
 * split at random. What comes out must not depend on how the bytes came in.
 *
 * A dialog is a file of lines; what the client sends before the next other line is one
 * flight, and no output reaches the client before the flight is in:
 *
 *   # text          a comment
 *   O: words        what kind of session this is; the world reads it
 *   C: text         a line of the client, sent with CRLF
 *   R: text         bytes of the client, no CRLF; \r \n \t \0 \\ and \xHH stand for bytes
 *   S: text         a line of the server, without its CRLF; {any} stands for any bytes
 *   U: text         the same, with escapes as in R:
 *   C*7: R*7: S*7:  the same, seven times
 *   S~              lines of the server up to the next S: line, whatever they are
 *   T: started      the engine waits for TLS, and now has it
 *   E: event n      tls, eof, changed, revoked, drain or timeout, with its argument
 *   A: hold         operations that are out stay out, until `A: answer`
 *   +5m             time passes (ms, s, m, h), deadlines on the way are kept
 *   W: words        something happens in the world, or is looked for in it
 *   X: closed       the engine wants to close; a dialog that ends without it must not
 *
 * After each group of S: lines nothing more may have come.
 *
 * Where the engine is a client C and S change sides: the file's server is the peer, and
 * R: are bytes of his. */
#ifndef TESTS_LIB_TRICKLE_H
#define TESTS_LIB_TRICKLE_H

#include "runtime/base/buf.h"
#include "runtime/base/engine.h"

enum trickle_way {
	TRICKLE_WHOLE,
	TRICKLE_BYTES,  /* in and out one at a time */
	TRICKLE_RANDOM, /* at points drawn from a seed */
};

/* What performs a protocol's operations, in place of the service. */
struct trickle_world {
	void *state;
	bool engine_is_client;
	/* Forgets all that happened. Called before each run. */
	void (*reset)(void *state);
	/* The engine of a new session; NULL where the words mean nothing. */
	struct engine *(*open)(void *state, struct view words, nstime now);
	/* Fills in the answer; the operation stays the driver's. */
	void (*perform)(void *state, struct op *op);
	/* A W: line. False where the words mean nothing or what they look for is not so.
	 */
	bool (*happen)(void *state, struct view words);
};

/* Runs the dialog of each file in every way and says on stderr where one differs; for
 * main(). */
int trickle_main(int argc, char **argv, const struct trickle_world *world);

/* A conversation that a test leads itself, flight by flight. */
struct trickle_talk;

/* The engine becomes the talk's. */
struct trickle_talk *trickle_talk_new(struct engine *engine,
		const struct trickle_world *world, enum trickle_way way, uint64_t seed);
void trickle_talk_free(struct trickle_talk *talk);
/* Sends a flight; what comes back, with TLS started where the engine asks for it and time
 * passed where it does not read. The view dies at the next call. */
struct view trickle_say(struct trickle_talk *talk, struct view bytes);
/* The peer closes its side; what still comes. */
struct view trickle_hang_up(struct trickle_talk *talk);
/* Lets time pass; what comes meanwhile. */
struct view trickle_wait(struct trickle_talk *talk, nstime span);
bool trickle_is_closed(const struct trickle_talk *talk);

/* Adds the bytes that \r \n \t \0 \\ and \xHH stand for. False where there is another
 * escape. */
bool trickle_unescape(struct buf *out, struct view text);

/* Feeds the bytes as one flight and adds what comes out to `output`. Starts TLS when the
 * engine asks for it, lets time pass where it does not read, stops where it closes. Ends
 * with the peer's EOF; the engine stays the caller's. For fuzz targets. */
void trickle_bytes(struct engine *engine, const struct trickle_world *world,
		struct view bytes, enum trickle_way way, uint64_t seed,
		struct buf *output);

#endif
