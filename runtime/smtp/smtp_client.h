/* The client's side of SMTP (RFC 5321): an engine that hands mail on, over one connection,
 * in any number of transactions.
 *
 * It speaks EHLO with HELO behind it, STARTTLS, AUTH, PIPELINING, SIZE, 8BITMIME,
 * SMTPUTF8, DSN and ENHANCEDSTATUSCODES, whatever the server offers of them. It knows the
 * grammar, the order, the limits of what a server may say, and the clock; what to send it
 * asks by the operations below, one at a time:
 *
 *   ──► NEXT ──a transaction──► BODY, BODY, … ──► OUTCOME ──► NEXT … ──none──► QUIT, the end
 *   └─► FAILED, the end             └── not once the envelope was refused
 *
 * Each connection asks NEXT, or says FAILED once and never asks NEXT. Each transaction
 * given is answered by exactly one OUTCOME, whatever happens to the connection: where it
 * has gone `net` still carries the operations of a dialled one to their end (net/dial.h).
 * NEXT may be kept for as long as the connection is worth keeping; a server that leaves
 * meanwhile shows in the outcome of what comes then: SMTP_CAUSE_UNTRIED.
 *
 * Of a message nothing but CR LF ends a line: a bare CR or a bare LF in it goes out as
 * CR LF, so that no server sees the end of a message where we see none. */
#ifndef SMTP_SMTP_CLIENT_H
#define SMTP_SMTP_CLIENT_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/engine.h"
#include "runtime/base/secret.h"
#include "runtime/mail/dsn.h"

/* Whether it goes on in the clear is the caller's decision before, by what he dials with:
 * where STARTTLS was offered and failed the engine says FAILED, and he may dial anew with
 * SMTP_TLS_NEVER. */
enum smtp_tls_policy {
	SMTP_TLS_NEVER,
	SMTP_TLS_MAY,  /* where it is offered */
	SMTP_TLS_MUST, /* else FAILED (4.7.5) */
};

/* How long the server may take. 0: as RFC 5321, 4.5.3.2 has it, QUIT (which it leaves out)
 * ten seconds. */
struct smtp_client_times {
	nstime greeting;
	nstime hello; /* EHLO, HELO, STARTTLS, the handshake, AUTH */
	nstime mail;  /* MAIL, RSET */
	nstime rcpt;
	nstime data;
	nstime block; /* to take one chunk of the body */
	nstime final; /* the reply to the final dot */
	nstime quit;
};

struct smtp_client_options {
	struct view name; /* what we call ourselves: a host name, or an address literal;
			     copied */
	enum smtp_tls_policy policy;
	bool tls; /* on from the first byte */
	/* Copied, the copy wiped; NULL: no AUTH. PLAIN, else LOGIN, and neither without
	 * TLS but to a server `on_this_machine`. */
	struct view user;
	const struct secret *password;
	bool on_this_machine;
	struct smtp_client_times times;
	bool transcribes; /* operations tell what was said and heard since the last */
};

MUST_USE struct engine *smtp_client_new(
		const struct smtp_client_options *options, nstime now);

/* -- what became of it -- */

enum smtp_verdict {
	SMTP_DELIVERED, /* the server has taken it over */
	SMTP_DEFERRED,  /* not now */
	SMTP_REFUSED,   /* not ever */
	SMTP_UNKNOWN,   /* the connection was lost behind the final dot: it may have been
			   taken (RFC 1047). Sent once more it may come twice */
};

/* Where it was said. */
enum smtp_stage {
	SMTP_STAGE_GREETING,
	SMTP_STAGE_HELLO,
	SMTP_STAGE_TLS,
	SMTP_STAGE_AUTH,
	SMTP_STAGE_MAIL,
	SMTP_STAGE_RCPT,
	SMTP_STAGE_DATA,
	SMTP_STAGE_BODY,  /* before the final dot was out */
	SMTP_STAGE_FINAL, /* behind it */
};

/* Who said it. */
enum smtp_cause {
	SMTP_CAUSE_REPLY,    /* the server */
	SMTP_CAUSE_LOST,     /* it closed, or the connection broke */
	SMTP_CAUSE_TIMEOUT,  /* it said nothing in time */
	SMTP_CAUSE_PROTOCOL, /* what it said is no SMTP */
	SMTP_CAUSE_OURS,    /* we: it does not offer what the message needs, the performer
				could not read it, this server stops */
	SMTP_CAUSE_UNTRIED, /* the connection ended before MAIL was sent: another may be
				tried at once, this was no attempt */
};

struct smtp_result {
	enum smtp_verdict verdict;
	enum smtp_stage stage;
	enum smtp_cause cause;
	unsigned code;      /* of the reply; 0 where no server said it */
	struct view status; /* "5.1.1" (RFC 3463): the server's, else what fits */
	struct view text;   /* of the reply, its lines joined by blanks, codes left out;
			       else what happened. Printable ASCII */
};

/* A stage and a verdict in one word, for the log: "rcpt", "deferred". */
const char *smtp_stage_name(enum smtp_stage stage);
const char *smtp_verdict_name(enum smtp_verdict verdict);

/* -- operations -- */

enum smtp_client_op_kind {
	SMTP_CLIENT_OP_NEXT = 1,
	SMTP_CLIENT_OP_BODY,
	SMTP_CLIENT_OP_OUTCOME,
	SMTP_CLIENT_OP_FAILED,
};

enum {
	SMTP_CLIENT_RECIPIENTS = 1000, /* of one transaction, at most */
	/* Of what was said and heard so much is kept at a time; of more nothing is told any
	 * more. */
	SMTP_CLIENT_TRANSCRIPT = 64 * 1024,
	SMTP_CLIENT_CHUNK = 65536 /* bytes of one BODY, at most */
};

/* What a server offers, for the log and the performer's choice: a set. */
enum smtp_offer {
	SMTP_OFFERS_PIPELINING = 1 << 0,
	SMTP_OFFERS_SIZE = 1 << 1,
	SMTP_OFFERS_8BITMIME = 1 << 2,
	SMTP_OFFERS_SMTPUTF8 = 1 << 3,
	SMTP_OFFERS_DSN = 1 << 4,
	SMTP_OFFERS_STATUS = 1 << 5, /* ENHANCEDSTATUSCODES */
	SMTP_OFFERS_STARTTLS = 1 << 6,
	SMTP_OFFERS_PLAIN = 1 << 7, /* of AUTH */
	SMTP_OFFERS_LOGIN = 1 << 8,
};

/* As it goes between the brackets of RCPT: quoted where it needs to be, domain in
 * A-labels unless the message is `utf8`. */
struct smtp_client_recipient {
	struct view mailbox;
	unsigned notify;   /* enum dsn_notify; 0: nothing was said */
	struct view orcpt; /* as it came (mail/dsn.h); empty: nothing was said */
};

/* SMTP_CLIENT_OP_NEXT: the connection is ready. The answer: `any` and a transaction, whose
 * bytes the performer has copied into `arena`; or it is left as it is, and the connection
 * ends by QUIT. */
struct smtp_client_next {
	struct op op;
	struct arena *arena;
	/* A line each, "C: EHLO here", "S: 250 there"; without the message, and without what
	 * logs in. Empty where nobody asked for it. */
	struct view transcript;
	unsigned offers;   /* enum smtp_offer */
	uint64_t size_max; /* that SIZE names; 0: none */
	bool any;
	struct view sender; /* empty: <> */
	struct smtp_client_recipient *recipients;
	size_t recipient_count; /* 1 to SMTP_CLIENT_RECIPIENTS */
	uint64_t size;          /* bytes of the message, about; 0: not known */
	bool utf8;              /* an address or a field of its header is not ASCII */
	bool eight_bit;         /* its body is not */
	enum dsn_ret ret;
	struct view envid; /* in xtext, as it came */
};

/* SMTP_CLIENT_OP_BODY: the next bytes of the message under way, from `offset` on. The
 * answer: at most SMTP_CLIENT_CHUNK bytes and whether they are the last, or `failed`: the
 * connection then closes without the final dot, and nothing half is taken. */
struct smtp_client_body {
	struct op op;
	uint64_t offset;
	struct buf bytes;
	bool last;
	bool failed;
};

/* SMTP_CLIENT_OP_OUTCOME: the transaction is over. One result for each recipient, in the
 * order in which NEXT gave them. The engine goes on once it is answered, so what the
 * performer writes down is down before he is asked anew. */
struct smtp_client_outcome {
	struct op op;
	struct arena *arena;    /* of NEXT, with all that it held, and the results */
	struct view transcript; /* as of NEXT */
	const struct smtp_result *results;
	size_t count;
	/* Who was delivered to is reported about by that server: it speaks DSN. Else who
	 * asked for success is told "relayed" by us (RFC 3461, 5.2.2). */
	bool dsn;
};

/* SMTP_CLIENT_OP_FAILED: no transaction is possible here; another host may be tried. A
 * server that refuses for good says so of itself, not of a message: SMTP_REFUSED is the
 * fifth hundred of its reply, no more. */
struct smtp_client_failed {
	struct op op;
	struct arena *arena;
	struct view transcript;    /* as of NEXT */
	struct smtp_result result; /* SMTP_DEFERRED or SMTP_REFUSED */
};

#endif
