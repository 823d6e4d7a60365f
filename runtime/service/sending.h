/* Sending: brings what leads to other hosts on its way, and reports what could not be
 * delivered.
 *
 * A thread of its own has the queue and its order. It takes messages over from the filer,
 * looks up where each goes, dials, and answers what the client engines ask; what an attempt
 * brought is on disk before the connection goes on. What many connections bring at once is
 * one commit.
 *
 * A disk that fails stops it until the next start; what is full is tried again. */
#ifndef SERVICE_SENDING_H
#define SERVICE_SENDING_H

#include "runtime/base/clock.h"
#include "runtime/base/view.h"

#include <stdbool.h>

struct intake_message; /* store/intake.h */
struct key;
struct sending;
struct service;

struct sending_options {
	struct service *service;
	const struct key *key; /* of PURPOSE_QUEUE; borrowed until sending_free */
	/* What leads out of the message is in the queue, or its report is owed; its report
	 * is settled. On the sending thread; they must only post. */
	void (*taken)(void *state, struct intake_message *message);
	void (*settled)(void *state, struct intake_message *message);
	void *state;
};

/* Opens DATA/queue.db. Where the service has no resolver mail goes by relays only. An outcome of store/database.h, or a fault. */
MUST_USE int sending_new(const struct sending_options *options, struct sending **out);
/* Begins to send; once, after the filer has taken over what an earlier run left. */
void sending_start(struct sending *s);
/* Begins no attempt any more; those that are under way go on. What is asked of the resolver
 * must come to an end: it is stopped next. */
void sending_drain(struct sending *s);
/* Waits for them (the net is drained and ends its connections), then ends the thread. What
 * was not taken stays in the intake log. */
void sending_stop(struct sending *s);
/* NULL is fine. */
void sending_free(struct sending *s);

/* -- from any thread; all only post -- */

/* Takes over the recipients of a message that lead out. */
void sending_take(struct sending *s, struct intake_message *message);
/* Tells its sender that it was delivered here: its copies are filed. */
void sending_tell(struct sending *s, struct intake_message *message);
/* A report that is durable in the intake log. */
void sending_settle(struct sending *s, struct intake_message *message);

enum {
	SENDING_TESTS = 8, /* that are watched at once: of more, the oldest is not any more */
	SENDING_TEST_NAME = 40,
};

enum sending_test_outcome {
	SENDING_E_ADDRESS = 1, /* it is no address */
	SENDING_E_HERE,        /* its mail stays here, or nobody takes it */
	SENDING_E_LATER,       /* the disk does not take it now */
};

/* Sends a message from postmaster to an address elsewhere. What happens to it is told in the
 * log: `sending.test` with `test` as this name, `step`, and `text`, a sentence. Its last step
 * is `end`; behind `waits` it goes on at the next attempt. From any thread but the sending
 * one; waits for the disk. */
MUST_USE int sending_test(
		struct sending *s, struct view to, char name[SENDING_TEST_NAME]);

/* -- the operator's; both wait for the sending thread -- */

struct arena;
struct queue_message; /* queue/queue.h */

/* At most `most` messages with ids above `after`, in their order, with all recipients. An
 * outcome of store/database.h, or a fault. */
MUST_USE int sending_list(struct sending *s, uint64_t after, size_t most,
		struct arena *arena, struct queue_message **out, size_t *count_out);

enum sending_change {
	SENDING_RETRY, /* now, and its destinations are asked anew */
	SENDING_HOLD,
	SENDING_RELEASE,
	SENDING_DROP,   /* its sender hears nothing */
	SENDING_BOUNCE, /* its sender hears that it failed */
};

/* `message` 0: all; not of DROP and BOUNCE. DATABASE_E_ABSENT: there is no such message. */
MUST_USE int sending_change(
		struct sending *s, enum sending_change change, uint64_t message);

/* The file of the queue stays as it is from then on, for a copy (database_freeze), until it is
 * thawed. An outcome of store/database.h, or a fault. Both wait for the sending thread. */
MUST_USE int sending_freeze(struct sending *s);
void sending_thaw(struct sending *s);

struct sending_observed {
	uint64_t delivered, deferred, failed; /* recipients, since the start */
	size_t waiting;                       /* errands: messages by destinations */
	size_t out;                           /* of those, on their way */
	bool broken;                          /* the queue's disk failed */
};

struct sending_observed sending_observe(struct sending *s);

#endif
