/* COPY and MOVE between two accounts.
 *
 * A store is one thread's at a time and has a queue of its own, so messages go across in
 * loads: a load is read on the queue of the source and filed on that of the target, in one
 * transaction. Memory is bounded by the load.
 *
 *   FINDING ──► LOADING ──► FILING ──more──► LOADING …
 *   target      source      target │ all
 *                  │          │    ├─COPY──► OVER
 *                  │ failed   │    └─MOVE──► REMOVING ──► OVER
 *                  ▼          ▼              source │ failed
 *               UNDOING ◄─────┘◄────────────────────┘
 *               target ──► OVER
 *
 * What was filed before a failure is taken out again: whole or not at all (RFC 3501, 6.4.7).
 * A MOVE takes messages out of the source once all of them are durable in the target, so
 * none is ever in neither; where the process dies in between they are in both (RFC 6851,
 * 3.3). */
#ifndef SERVICE_IMAP_TRANSFER_H
#define SERVICE_IMAP_TRANSFER_H

#include "runtime/imap/imap_op.h"
#include "runtime/service/account.h"

enum {
	TRANSFER_BYTES = 1024 * 1024, /* of a load */
	TRANSFER_ROWS = 100,
};

struct imap_transfer;

/* The operation's name is that of the mailbox in the target. Both accounts are referred to
 * until it is freed. */
MUST_USE struct imap_transfer *imap_transfer_new(
		struct account *source, struct account *target, struct imap_copy_op *op);
/* It is over. NULL is fine. */
void imap_transfer_free(struct imap_transfer *t);

/* On whose queue the next step is; NULL: it is over, and the operation has its answer. */
struct account *imap_transfer_next(const struct imap_transfer *t);
/* One step, in a job of that account. Returns what the store answered; *changed_out is the
 * mailbox of that account that it changed, or 0. */
int imap_transfer_step(struct imap_transfer *t, struct account_store *store, int outcome,
		uint64_t *changed_out);

#endif
