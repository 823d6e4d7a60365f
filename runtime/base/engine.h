/* The contract between a protocol engine and whoever drives it: a socket, a test, a
 * fuzzer.
 *
 * An engine is a pure state machine. Bytes, answers, events and the time go in; bytes,
 * operations and a deadline come out. It opens nothing, waits for nothing, and never
 * calls back. The driver's round, until nothing moves:
 *
 *   feed ──► next_op (until NULL; each is performed and comes back by answer, always
 * later) ──► output / sent ──► want: READ? ANSWER? FLUSH? TLS? CLOSE?
 *
 * Back-pressure: an engine that waits for an ANSWER or a FLUSH does not take bytes, and
 * feed says how many it took. The driver keeps the rest and feeds them again. */
#ifndef BASE_ENGINE_H
#define BASE_ENGINE_H

#include "runtime/base/clock.h"
#include "runtime/base/view.h"

#include <stdint.h>

struct engine;
struct op;

/* What an engine waits for: a set. */
enum want {
	WANT_READ = 1 << 0,   /* bytes from the peer */
	WANT_ANSWER = 1 << 1, /* an operation is out */
	WANT_FLUSH = 1 << 2,  /* output must drain before it goes on */
	WANT_TLS = 1 << 3,    /* start TLS once the output has drained */
	WANT_CLOSE = 1 << 4,  /* close once the output has drained */
};

enum engine_event {
	ENGINE_TLS_STARTED, /* the handshake is done; arg unused */
	ENGINE_EOF,         /* the peer closed its side; arg unused */
	ENGINE_CHANGED, /* the account changed; arg: the mailbox's id, 0 for the list of
			   mailboxes */
	ENGINE_REVOKED, /* the account may no longer be used: say so and close; arg: where
			   it is not 0, only who has that mailbox open */
	ENGINE_DRAIN,   /* the server stops: finish what was accepted, say so and close */
	ENGINE_TIMEOUT, /* the driver gives a slow peer up */
	ENGINE_SHED,    /* there is no room for all: say so and close */
};

/* An operation: what an engine asks of the world. It begins with this head, owns its
 * bytes (no views into the engine) and carries the answer back in its own fields. The
 * engine makes it, next_op hands it over, answer() hands it back to the engine, which
 * frees it; where the connection has gone the driver frees it. */
struct op {
	int kind; /* from the enum of its protocol */
	void (*free)(struct op *op);
	uint64_t session; /* the driver's: which connection asked */
	struct op *next;  /* the driver's: for queues */
	void *context;    /* the performer's, for as long as it works on it */
};

struct engine_class {
	const char *protocol; /* "smtp", "imap": for the log */

	/* Takes bytes; returns how many. Bytes it did not take come again. */
	size_t (*feed)(struct engine *engine, struct view bytes, nstime now);
	/* The next operation, now the caller's, or NULL. */
	struct op *(*next_op)(struct engine *engine);
	/* An operation comes back with its answer; it is the engine's again. */
	void (*answer)(struct engine *engine, struct op *op, nstime now);
	void (*event)(struct engine *engine, enum engine_event event, uint64_t arg,
			nstime now);
	/* What is to be sent; the view dies at the next call to the engine. */
	struct view (*output)(struct engine *engine);
	void (*sent)(struct engine *engine, size_t len);
	void (*tick)(struct engine *engine, nstime now);
	/* When tick() must be called at the latest; NSTIME_NEVER where nothing is due. */
	nstime (*deadline)(const struct engine *engine);
	unsigned (*want)(const struct engine *engine);
	/* Bytes that it holds for its peer, what is in operations with them; about. NULL:
	 * not worth a count. */
	size_t (*held)(const struct engine *engine);
	/* Only with no operation outstanding. */
	void (*free)(struct engine *engine);
};

/* Every engine's struct begins with this. */
struct engine {
	const struct engine_class *class;
};

size_t engine_feed(struct engine *engine, struct view bytes, nstime now);
struct op *engine_next_op(struct engine *engine);
void engine_answer(struct engine *engine, struct op *op, nstime now);
void engine_event(
		struct engine *engine, enum engine_event event, uint64_t arg, nstime now);
struct view engine_output(struct engine *engine);
void engine_sent(struct engine *engine, size_t len);
void engine_tick(struct engine *engine, nstime now);
nstime engine_deadline(const struct engine *engine);
unsigned engine_want(const struct engine *engine);
size_t engine_held(const struct engine *engine);
/* NULL is fine. */
void engine_free(struct engine *engine);
/* NULL is fine. */
void op_free(struct op *op);

#endif
