/* The courier: threads on which effects outside may block, and the way back.
 *
 * The agent sends an errand and goes on; a thread makes its call; the errand comes back
 * through courier_next(), once courier_fd() can be read. Nothing is called within the
 * agent's calls, and nothing is polled for. Threads are started as they are needed, at most
 * COURIER_THREADS, and wait for the next errand when they are done. */
#ifndef AGENT_COURIER_H
#define AGENT_COURIER_H

#include "agent/effect/effect.h"
#include "agent/effect/outbox.h"
#include "runtime/base/list.h"
#include "runtime/base/secret.h"

enum {
	COURIER_THREADS = 32, /* so many calls are out at once, whatever they are for */
};

enum errand_kind {
	ERRAND_LOOK,
	ERRAND_PERFORM
};

struct errand {
	enum errand_kind kind;
	struct outbox_id id;
	const struct effects *effects;
	size_t queue;        /* the sender's: which provider it is for */
	struct arena *arena; /* owns what the effect points at */
	struct effect effect;
	struct secret progress, brief; /* behind the effect's views of those names */

	/* of the way back */
	int outcome; /* as look or perform returned it */
	struct effect_answer answer;
	struct list link; /* the courier's; then whoever has it */
};

/* The effect's views are filled in by the caller, in the errand's arena. */
struct errand *errand_new(enum errand_kind kind, struct outbox_id id);
void errand_free(struct errand *errand);
void errand_freep(struct errand **errand);

struct courier;

MUST_USE int courier_new(struct courier **out);
/* Tells those that are out to come back, waits for them, and drops what they bring: what
 * was an intent stays one. NULL is fine. */
void courier_free(struct courier *courier);
/* Can be read while an errand is back. */
int courier_fd(const struct courier *courier);
void courier_send(struct courier *courier, struct errand *errand);
/* One that is back; NULL where none is. */
struct errand *courier_next(struct courier *courier);
/* Room for so many more now. */
size_t courier_room(struct courier *courier);

#endif
