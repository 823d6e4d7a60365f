/* A transaction: who sends, to whom, and its message on the way into the intake log.
 *
 * It takes the configuration that is current when it opens and keeps it to its end.
 * Recipients are resolved to accounts when they are named, so that whoever cannot get the
 * message is refused in the session and nothing has to bounce.
 *
 * What comes from outside loses what only we may write into its header; what our people
 * send out is signed. Both have their place on top, with Received: there the log, and whoever
 * files it, finds the verdict.
 *
 *   receive_open ──► (resolve ──► look* ──► recipient)* ──► begin ──► chunk* ──► commit */
#ifndef SERVICE_RECEIVE_H
#define SERVICE_RECEIVE_H

#include "runtime/base/buf.h"
#include "runtime/configuration.h"
#include "runtime/mail/dsn.h"

struct account; /* service/account.h */
struct sockaddr_storage;
struct receive;
struct service;

enum {
	RECEIVE_ACCOUNTS = 10000, /* behind all recipients of one message */
	RECEIVE_GRACE_S = 86400,  /* a disabled account: 450 for so long, then 550 */
};

/* Who is logged in. */
struct receive_login {
	unsigned char account[ACCOUNT_UID_SIZE];
	uint64_t revocation;
};

/* What MAIL said; borrowed for the call. */
struct receive_sender {
	struct view mailbox; /* empty for <> */
	bool utf8, eight_bit;
	enum dsn_ret ret;
	struct view envid;
};

/* Who has connected; borrowed for the call. */
struct receive_client {
	struct view hello; /* as it calls itself */
	const struct sockaddr_storage
			*address; /* NULL: this host, whom SPF cannot know */
};

/* What the Received field says of the session. */
struct receive_trace {
	struct view hello;
	struct view peer;
	struct view tls; /* "TLSv1.3 TLS_AES_256_GCM_SHA384"; empty: plain text */
	struct view id;
	bool extended;
	bool authenticated;
};

/* What is refused is said in `reply`, as one line with its codes; else `reply` stays
 * empty. */

/* `login` is NULL for mail from outside, which goes to our accounts and nowhere else.
 * NULL where it is refused. */
MUST_USE struct receive *receive_open(struct service *s,
		const struct receive_login *login, const struct receive_sender *sender,
		struct buf *reply);
/* Drops what was not committed; may touch the disk once it has begun. NULL is fine. */
void receive_free(struct receive *r);
void receive_freep(struct receive **r);
/* True between begin and commit: receive_free is then a worker's. */
bool receive_has_begun(const struct receive *r);

/* Finds the accounts behind a recipient. False where it is refused. */
MUST_USE bool receive_resolve(
		struct receive *r, struct view mailbox, walltime now, struct buf *reply);
/* One of them of which nothing is known since the start, with a reference; any job on it
 * changes that. NULL after the last. */
MUST_USE struct account *receive_look(struct receive *r);
/* Adds what was resolved, where one of the accounts at least has room for `size` bytes
 * (as declared; 0: they were not). `notify` (enum dsn_notify) and `orcpt` are kept for
 * reports; of two recipients with one account those of the first are. */
void receive_recipient(struct receive *r, uint64_t size, unsigned notify,
		struct view orcpt, struct buf *reply);
/* What comes from another host is checked from here on (checking.h), where the service has a
 * resolver. */
void receive_begin(struct receive *r, walltime now, const struct receive_client *client,
		struct buf *reply);

/* -- what may wait for the disk: a worker's -- */

void receive_chunk(struct receive *r, struct view bytes, struct buf *reply);
/* The last bytes; on submission From and Sender are checked. True: done() comes, once,
 * perhaps before this returns, or as late as the check of the message needs, and must only
 * post; receive_outcome() then turns its outcome into a reply. False: refused. */
MUST_USE bool receive_commit(struct receive *r, struct view bytes, struct view from,
		struct view sender, const struct receive_trace *trace,
		void (*done)(void *arg, int outcome, uint64_t intake_id), void *arg,
		struct buf *reply);
/* The message was taken: its recipients count against what the account may send. May touch
 * the disk. */
void receive_sent(struct receive *r);
/* Adds the refusal that goes with an outcome of the intake log; none for 0. */
void receive_outcome(int outcome, struct buf *reply);

/* For the log. The verdict is as verdict_write_line() makes it; empty: not checked. */
struct view receive_verdict(const struct receive *r);
struct view receive_sender(const struct receive *r);
size_t receive_recipients(const struct receive *r);
size_t receive_accounts(const struct receive *r);

#endif
