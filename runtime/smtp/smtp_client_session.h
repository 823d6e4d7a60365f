/* The session that the files of the client's engine share; private to runtime/smtp.
 *
 *   GREETING ──220──► HELLO ───────┬────► AUTH ──235──► READY ◄──────────────────┐
 *                      │ ▲         └────────────────────►│ a transaction         │
 *              offered │ │ started                       ▼                       │
 *                      ▼ │                           ENVELOPE ──354──► BODY      │
 *      STARTTLS ──220──► TLS_STARTING                    │ all refused  │ dot    │
 *                                                        ▼              ▼        │
 *   what goes wrong before READY ─────────────────────► TOLD ◄─────── FINAL      │
 *                                                        │  └──────answered──────┘
 *   READY, TOLD ──over──► QUIT ──221──► CLOSING ◄────────┘ the connection is no good
 *
 * In READY a NEXT is out, in TOLD an OUTCOME or a FAILED, in BODY often a BODY; one
 * operation at a time, and none is left out when it closes. */
#ifndef SMTP_SMTP_CLIENT_SESSION_H
#define SMTP_SMTP_CLIENT_SESSION_H

#include "runtime/smtp/smtp_client.h"
#include "runtime/smtp/smtp_dots.h"
#include "runtime/smtp/smtp_reply_reader.h"

enum smtp_client_state {
	SMTP_CLIENT_GREETING,
	SMTP_CLIENT_HELLO,
	SMTP_CLIENT_STARTTLS,
	SMTP_CLIENT_TLS_STARTING,
	SMTP_CLIENT_AUTH,
	SMTP_CLIENT_READY,
	SMTP_CLIENT_ENVELOPE,
	SMTP_CLIENT_BODY,
	SMTP_CLIENT_FINAL,
	SMTP_CLIENT_TOLD,
	SMTP_CLIENT_QUIT,
	SMTP_CLIENT_CLOSING,
	SMTP_CLIENT_STATES,
};

/* Whether the connection goes on behind the operation that is out. */
enum smtp_client_end {
	SMTP_CLIENT_GOES_ON,
	SMTP_CLIENT_QUITS, /* by QUIT */
	SMTP_CLIENT_GONE,  /* it is no good any more */
};

/* What AUTH waits for. */
enum smtp_client_auth_at {
	SMTP_CLIENT_AUTH_MESSAGE,  /* of PLAIN is asked for */
	SMTP_CLIENT_AUTH_USER,     /* of LOGIN */
	SMTP_CLIENT_AUTH_PASSWORD, /* of LOGIN */
	SMTP_CLIENT_AUTH_LAST,     /* the reply to all of it */
};

/* What is known of one recipient. */
enum smtp_fate {
	SMTP_FATE_OPEN,
	SMTP_FATE_ACCEPTED, /* by RCPT; the message decides */
	SMTP_FATE_DECIDED,  /* his result is written */
};

/* The steps of an envelope, numbered: RSET where it is needed, MAIL, each RCPT, DATA. */
enum {
	SMTP_STEP_RSET,
	SMTP_STEP_MAIL,
	SMTP_STEP_RCPT /* of the first asked; DATA is behind the last */
};

struct smtp_client_transaction {
	struct arena *arena; /* NEXT's */
	struct view sender;
	struct smtp_client_recipient *recipients;
	size_t count;
	uint64_t size;
	bool utf8, eight_bit;
	enum dsn_ret ret;
	struct view envid;

	struct smtp_result *results;
	enum smtp_fate *fates;
	size_t *asked; /* whom RCPT names, by their places */
	size_t asked_count;
	size_t accepted;    /* that nothing has decided yet */
	size_t open;        /* neither accepted nor decided */
	size_t said, heard; /* steps; the same: nothing is under way */
	bool refused;       /* MAIL was */
	uint64_t offset;    /* in the message */
	struct smtp_dots dots;
};

struct smtp_client {
	struct engine engine;
	enum smtp_client_state state;
	enum smtp_client_end end;
	enum smtp_tls_policy policy;
	bool tls;
	bool extended;      /* EHLO is what was said, not HELO */
	bool open_envelope; /* the server has a MAIL that nothing has ended */
	struct smtp_client_times times;
	struct buf name;
	struct buf user;
	struct secret password;
	bool logs_in;
	bool on_this_machine;

	unsigned offers;
	uint64_t size_max;
	enum smtp_client_auth_at auth_at;
	bool secret_out; /* a password is in `out` */

	struct smtp_reply_reader reply;
	struct buf out;
	struct op *asked; /* made and not yet handed out */
	int waiting;      /* the kind of the operation that is out; 0: none */
	nstime now;       /* of the call that is under way */
	nstime deadline;  /* of the server's next reply */

	struct smtp_client_transaction transaction;

	bool transcribes;
	struct buf transcript;
	bool in_line; /* of what was said, not at its end */
};

enum {
	SMTP_CLIENT_OUTPUT_HIGH = 16384 /* no more is said until so much has gone */
};

/* -- smtp_client.c -- */

/* Moves to a state that the table of moves allows. */
void smtp_client_enter(struct smtp_client *s, enum smtp_client_state next);
void smtp_client_ask(struct smtp_client *s, struct op *op);
/* The server has so long from now on. */
void smtp_client_await(struct smtp_client *s, nstime span);
/* The connection is ready, or over: asks NEXT, says QUIT, or closes. */
void smtp_client_go_on(struct smtp_client *s);
/* The stage that the server's next reply belongs to. */
enum smtp_stage smtp_client_stage(const struct smtp_client *s);

/* -- smtp_client_loss.c -- */

/* The connection can be used no more. Whoever waits for something is told, with `text` as
 * the reason; NULL: what the cause is in general. */
void smtp_client_lose(struct smtp_client *s, enum smtp_cause cause, const char *text);
/* The same by the reply at hand, 421, whatever it is an answer to: the server closes
 * (RFC 5321, 3.8). */
void smtp_client_server_leaves(struct smtp_client *s);

/* -- smtp_result.c -- */

/* What the reply at hand means, of class 4 or 5. Lives in the arena. */
struct smtp_result smtp_result_of_reply(const struct smtp_reply_reader *reply,
		enum smtp_stage stage, struct arena *arena);
/* What no server said. `text` is copied. */
struct smtp_result smtp_result_of_ours(enum smtp_verdict verdict, enum smtp_stage stage,
		enum smtp_cause cause, const char *status, const char *text,
		struct arena *arena);
/* The same for a connection that is no good, in general words where `text` is NULL. */
struct smtp_result smtp_result_of_loss(enum smtp_cause cause, enum smtp_stage stage,
		const char *text, struct arena *arena);

/* -- smtp_client_hello.c, smtp_client_auth.c: up to READY -- */

void smtp_client_greeted(struct smtp_client *s);
void smtp_client_say_hello(struct smtp_client *s);
void smtp_client_hello_heard(struct smtp_client *s);
void smtp_client_starttls_heard(struct smtp_client *s);
void smtp_client_log_in(struct smtp_client *s);
void smtp_client_auth_heard(struct smtp_client *s);
/* Says so, and ends. */
void smtp_client_fail(struct smtp_client *s, struct arena *arena,
		struct smtp_result result, enum smtp_client_end end);
/* With the reply at hand, of class 4 or 5. */
void smtp_client_fail_by_reply(struct smtp_client *s);
/* For want of something: temporary, and politely. */
void smtp_client_fail_by_us(struct smtp_client *s, enum smtp_stage stage,
		const char *status, const char *text);

/* -- smtp_client_envelope.c -- */

/* A transaction was given. */
void smtp_client_begin(struct smtp_client *s, struct smtp_client_next *next);
/* Says what can be said of it now. */
void smtp_client_say_envelope(struct smtp_client *s);
void smtp_client_envelope_heard(struct smtp_client *s);
enum smtp_stage smtp_client_envelope_stage(const struct smtp_client *s);
/* All who are not decided are decided by this. */
void smtp_client_decide(struct smtp_client *s, const struct smtp_result *result);
/* Tells what became of it, as soon as nothing else is out. */
void smtp_client_tell(struct smtp_client *s);
void smtp_client_transaction_deinit(struct smtp_client_transaction *t);

/* -- smtp_client_body.c -- */

void smtp_client_begin_body(struct smtp_client *s);
/* The next part of it, where there is room. */
void smtp_client_ask_body(struct smtp_client *s);
void smtp_client_body_answered(struct smtp_client *s, struct smtp_client_body *op);
/* A reply that came before the final dot. */
void smtp_client_body_heard(struct smtp_client *s);
void smtp_client_final_heard(struct smtp_client *s);

/* -- smtp_client_op.c -- */

struct smtp_client_next *smtp_client_next_new(struct smtp_client *s);
struct smtp_client_body *smtp_client_body_new(uint64_t offset);
/* Takes the transaction's arena. */
struct smtp_client_outcome *smtp_client_outcome_new(struct smtp_client *s);
struct smtp_client_failed *smtp_client_failed_new(struct smtp_client *s,
		struct arena *taken, const struct smtp_result *result);

/* -- smtp_client_transcript.c: nothing where it was not asked for -- */

/* These bytes go out now. */
void smtp_client_transcribe_said(struct smtp_client *s, struct view bytes);
/* The reply at hand. */
void smtp_client_transcribe_heard(struct smtp_client *s);
/* What there is since the last time. */
struct view smtp_client_take_transcript(struct smtp_client *s, struct arena *arena);

#endif
