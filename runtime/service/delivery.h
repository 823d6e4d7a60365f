/* The filer: takes what the intake log holds and files it in INBOX of each recipient; what
 * leads to other hosts it hands on to whoever sends.
 *
 * Messages for one account wait in a list of their own and are filed up to a hundred in
 * one transaction. A message is marked filed once every recipient has it. What cannot be
 * filed (a full disk, a damaged or locked account) stays in the log and is tried again,
 * later and later, up to a minute apart; it is never dropped. */
#ifndef SERVICE_DELIVERY_H
#define SERVICE_DELIVERY_H

#include "runtime/base/clock.h"
#include "runtime/configuration.h"
#include "runtime/service/account.h"
#include "runtime/store/intake.h"

struct delivery;

struct delivery_options {
	struct accounts *accounts;
	/* The current configuration, with a reference for the caller; for keys and
	 * quotas. */
	struct configuration *(*configuration)(void *state);
	/* A copy was filed in that mailbox: for the sessions that look at it. On a worker's
	 * thread; it must only post. */
	void (*changed)(void *state, const unsigned char account[ACCOUNT_UID_SIZE],
			uint64_t mailbox);
	/* All only post, and lead to delivery_taken(), the last to delivery_settled(), later:
	 * what leads out of the message is to be taken over; its copies are filed, and its
	 * sender is to be told (queue_tells); the message is what the sending thread made
	 * and wants to hear of before it is filed (intake_envelope.origin). Where nobody can
	 * do that they do nothing, and the message waits in the log. */
	void (*take)(void *state, struct intake_message *message);
	void (*tell)(void *state, struct intake_message *message);
	void (*settle)(void *state, struct intake_message *message);
	void *state;
};

MUST_USE struct delivery *delivery_new(const struct delivery_options *options);
/* Takes over what an earlier run left in the log, and files from then on. Once, after the
 * first configuration is there. */
void delivery_start(struct delivery *delivery, struct intake *intake);
/* For intake_options.committed: `delivery` is its state. Only posts. */
void delivery_committed(void *delivery, struct intake_message *message);
/* What waits for that account is tried now: there is hope again. */
void delivery_retry(
		struct delivery *delivery, const unsigned char account[ACCOUNT_UID_SIZE]);
/* From any thread but one that is in take(), tell() or settle(). */
void delivery_taken(struct delivery *delivery, struct intake_message *message);
void delivery_settled(struct delivery *delivery, struct intake_message *message);
/* Waits until nothing is being filed, gives what waits back to the log. Before
 * intake_close. */
void delivery_stop(struct delivery *delivery);
void delivery_free(struct delivery *delivery);

struct delivery_observed {
	uint64_t accepted;  /* messages committed since the start */
	uint64_t delivered; /* copies filed since the start */
	size_t waiting;     /* messages in the log and not yet filed */
};

struct delivery_observed delivery_observe(struct delivery *delivery);

#endif
