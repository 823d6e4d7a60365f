/* A transaction's insides, for the files that make it up: receive.c has its sender and its
 * message, receive_recipient.c those whom it is for. */
#ifndef SERVICE_RECEIVE_INSIDE_H
#define SERVICE_RECEIVE_INSIDE_H

#include "runtime/base/map.h"
#include "runtime/mail/incoming.h"
#include "runtime/mail/submission.h"
#include "runtime/service/receive.h"
#include "runtime/store/intake.h"

struct target {
	struct target *next;
	struct intake_recipient recipient;
};

struct receive {
	struct service *service;
	struct configuration *configuration;
	const struct account_spec *account; /* who is logged in; NULL: from outside */
	struct arena *arena;
	struct receive_sender sender;
	struct view only;        /* the recipient, where there is one */
	struct view mailbox;     /* that is being resolved */
	struct resolution found; /* behind it */
	size_t looked;           /* how many of them */
	size_t recipients;
	size_t taken;      /* of what the account may send, and not sent yet … */
	walltime taken_at; /* … the first of them */
	struct target *targets, **end;
	struct map by_account; /* or by address, where it leads out */
	bool leads_out;        /* what is being resolved goes to another host */
	walltime began;
	bool begun;
	struct intake_message *message; /* NULL where all of it is discarded */
	struct submission submission;   /* of one of our people, from begin on */
	struct incoming incoming;       /* from outside, likewise */
	struct buf edited;              /* what they make of a chunk */
	size_t head_size;               /* until it has passed … */
	size_t head_charged;            /* … of the long headers of all */
	bool head_passed;               /* the header, whole, was among it */
	struct checking *checking;      /* from outside; NULL: it is not checked */
	struct dkim_sign *sign;         /* of our people; NULL: it is not signed */
	struct buf trace;               /* that we put on top */
	struct buf verdict;             /* for the log */
	intake_done *done;
	void *arg;
};

/* The form in which the configuration knows addresses; false for what is none. */
bool receive_normalise(struct arena *arena, struct view mailbox, struct view *out);

#endif
