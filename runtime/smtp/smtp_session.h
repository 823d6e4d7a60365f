/* The session that the files of this engine share; private to runtime/smtp.
 *
 *   QUIET ──delay──► GREETED ──EHLO──► READY ──MAIL──► SENDER ──RCPT──► ADDRESSED
 *                       ▲              │  ▲ ▲ ▲           └──RSET, EHLO──┐  │ DATA, 354
 *                       │     STARTTLS │  │ │ └───────────────────────────┘  ▼
 *                 TLS_STARTING ◄───────┤  │ └────end of data, committed──── DATA
 *                                 AUTH ▼  │ answered
 *                                 AUTHENTICATING          any ──QUIT, 421──► CLOSING
 *
 *   ADDRESSED ──BDAT──► CHUNK ──its octets──► CHUNKED
 *                        │ ▲                   │  │
 *                        │ └───────BDAT────────┘  │
 *                        ├──LAST──► READY ◄─RSET──┤
 *                        └─refused─► FAILED ◄─DATA┘
 *                                      └──RSET, LAST──► READY
 *
 * The octets of a BDAT that is refused before they come pass through DISCARD: from GREETED
 * and READY back to there, from any other to FAILED, or to READY behind the last.
 *
 * While an operation is out the state is that in which it was asked, and no command is
 * read. */
#ifndef SMTP_SMTP_SESSION_H
#define SMTP_SMTP_SESSION_H

#include "runtime/base/arena.h"
#include "runtime/base/limit.h"
#include "runtime/sasl/login.h"
#include "runtime/smtp/smtp_body.h"
#include "runtime/smtp/smtp_header.h"
#include "runtime/smtp/smtp_server.h"

enum smtp_state {
	SMTP_QUIET,
	SMTP_GREETED,
	SMTP_READY,
	SMTP_AUTHENTICATING,
	SMTP_SENDER,
	SMTP_ADDRESSED,
	SMTP_DATA,
	SMTP_CHUNK,   /* octets of a BDAT come */
	SMTP_CHUNKED, /* between two of them */
	SMTP_DISCARD, /* octets of a BDAT come that nobody wants */
	SMTP_FAILED,  /* a BDAT went wrong: nothing goes on before RSET (RFC 3030, 2) */
	SMTP_TLS_STARTING,
	SMTP_CLOSING,
	SMTP_STATES,
};

/* Who may not go on, and is told so at the next boundary. */
enum smtp_end {
	SMTP_END_NONE,
	SMTP_END_DRAIN,   /* between transactions */
	SMTP_END_REVOKED, /* between operations */
	SMTP_END_SHED,    /* the same */
	SMTP_END_TIMEOUT, /* the same */
	SMTP_END_EOF,     /* the same, and there is nobody to tell */
};

/* What follows once the performer has forgotten the transaction. */
enum smtp_after {
	SMTP_AFTER_RSET,
	SMTP_AFTER_HELLO,
	SMTP_AFTER_MESSAGE, /* which was refused */
	SMTP_AFTER_CHUNK,   /* which was refused, and more may come */
};

struct smtp_transaction {
	bool open; /* the performer knows of it */
	bool utf8; /* SMTPUTF8 was asked */
	size_t recipients;
	bool refused; /* a recipient was */
};

/* A message on its way. */
struct smtp_message {
	bool utf8; /* SMTPUTF8 was asked */
	struct smtp_body body;
	struct smtp_header header;
	struct buf chunk;
	uint64_t size;      /* as it is stored */
	uint64_t received;  /* as it came */
	nstime deadline;    /* of all of it */
	struct buf refusal; /* what a CHUNK's answer said */
};

/* The BDAT under way. */
struct smtp_bdat {
	bool under_way;
	bool last;
	uint64_t size, left;   /* octets */
	enum smtp_state after; /* it was refused */
	struct buf refusal;    /* of the chunk, said at its end */
	/* Since a message was accepted: */
	unsigned count, empty;
	uint64_t discarded; /* octets */
};

struct smtp_server {
	struct engine engine;
	enum smtp_mode mode;
	enum smtp_state state;
	enum smtp_end end;
	bool tls;
	bool starttls;
	bool dsn;
	bool extended; /* EHLO, not HELO */
	bool authenticated;
	bool in_step; /* no byte may come before the output is out */
	uint64_t message_size;
	struct buf name;
	struct buf hello;

	struct arena *arena; /* of the command under way */
	struct buf line;
	size_t discarded; /* of a line that was too long; 0: none is */

	struct buf out;
	struct op *asked; /* made and not yet handed out */
	int waiting;      /* the kind of the operation that is out; 0: none */
	enum smtp_after after;

	nstime now;      /* of the call that is under way */
	nstime deadline; /* of the peer's next line, or of his whole message */
	nstime asked_at;
	nstime hold_until; /* a peer who errs waits; 0: does not */

	unsigned errors, idle_commands, failed_logins;

	struct login login;
	bool plain; /* the mechanism under way is PLAIN, not LOGIN */
	struct smtp_transaction transaction;
	struct smtp_message message;
	struct smtp_bdat bdat;
};

/* -- smtp_server.c -- */

/* Moves to a state that the table of moves allows. */
void smtp_enter(struct smtp_server *s, enum smtp_state next);
/* True where a message is on its way and its parts are to be freed. */
bool smtp_has_message(const struct smtp_server *s);
/* Sends an operation out; it is the engine's no more. */
void smtp_ask(struct smtp_server *s, struct op *op);
/* Says this last line and closes. */
void smtp_close(struct smtp_server *s, const char *line);
void smtp_close_view(struct smtp_server *s, struct view line);
/* Ends the transaction, in the performer's books too where he has it; then goes on by
 * smtp_forgotten(), at once or with the answer. */
void smtp_forget(struct smtp_server *s, enum smtp_after after);

/* The peer's time for his next line begins; who may not go on is told so. */
void smtp_boundary(struct smtp_server *s);

/* -- smtp_line.c -- */

/* Takes bytes of a line; returns how many. */
size_t smtp_line_bytes(struct smtp_server *s, struct view bytes);

/* -- smtp_reply.c -- */

void smtp_reply(struct smtp_server *s, const char *line);
/* A refusal. Those for good are counted: they slow the peer down, and too many close. */
void smtp_refuse(struct smtp_server *s, const char *line);
/* What the performer answered, made harmless. */
void smtp_refuse_view(struct smtp_server *s, struct view line);
void smtp_reply_view(struct smtp_server *s, struct view line);

/* -- smtp_command.c -- */

/* One command line, without its CRLF. */
void smtp_command(struct smtp_server *s, struct view line);

/* -- what a command does: `rest` is what follows its verb and the blank -- */

void smtp_ehlo(struct smtp_server *s, struct view rest);
void smtp_helo(struct smtp_server *s, struct view rest);
/* The reply to EHLO or HELO. */
void smtp_welcome(struct smtp_server *s);
void smtp_starttls(struct smtp_server *s, struct view rest);
void smtp_tls_started(struct smtp_server *s);
void smtp_auth(struct smtp_server *s, struct view rest);
void smtp_auth_response(struct smtp_server *s, struct view line);
void smtp_auth_answered(struct smtp_server *s, struct op *op);
void smtp_mail(struct smtp_server *s, struct view rest);
void smtp_mail_answered(struct smtp_server *s, struct op *op);
void smtp_rcpt(struct smtp_server *s, struct view rest);
void smtp_rcpt_answered(struct smtp_server *s, struct op *op);
void smtp_data(struct smtp_server *s, struct view rest);
void smtp_bdat(struct smtp_server *s, struct view rest);
void smtp_rset(struct smtp_server *s, struct view rest);
void smtp_noop(struct smtp_server *s, struct view rest);
void smtp_vrfy(struct smtp_server *s, struct view rest);
void smtp_expn(struct smtp_server *s, struct view rest);
void smtp_help(struct smtp_server *s, struct view rest);
void smtp_quit(struct smtp_server *s, struct view rest);

/* -- smtp_data.c, smtp_bdat.c -- */

/* Asks the performer to begin the message. */
void smtp_begin(struct smtp_server *s);
void smtp_begin_answered(struct smtp_server *s, struct op *op);
/* Why there is nobody to send to. */
const char *smtp_no_recipients(const struct smtp_server *s);
/* These take octets of what their state waits for; they return how many. */
size_t smtp_data_bytes(struct smtp_server *s, struct view bytes);
size_t smtp_bdat_bytes(struct smtp_server *s, struct view bytes);
size_t smtp_discard_bytes(struct smtp_server *s, struct view bytes);
/* Goes on with a BDAT once its message was begun, or `refusal` says that it was not. */
void smtp_bdat_begun(struct smtp_server *s, struct view refusal);
/* The same once a part was given to the performer. */
void smtp_bdat_goes_on(struct smtp_server *s);
/* Ends the transaction: nothing more of it is taken, and `refusal` is the reply. */
void smtp_bdat_spoil(struct smtp_server *s, struct view refusal);
/* Says why the chunk was refused. */
void smtp_chunk_refused(struct smtp_server *s);

/* -- smtp_message.c -- */

/* `counted`: it comes by BDAT. */
void smtp_message_init(struct smtp_server *s, bool counted);
void smtp_message_deinit(struct smtp_message *message);
/* Takes bytes of it; returns how many. */
size_t smtp_message_bytes(struct smtp_server *s, struct view bytes);
/* So many octets may come, and what is too large is read to its end and refused there;
 * beyond that the session closes. */
uint64_t smtp_message_drained(const struct smtp_server *s);
/* Why it cannot be taken, whatever else comes; empty: so far it can. */
struct view smtp_message_refusal(const struct smtp_server *s);
void smtp_message_ends(struct smtp_server *s);
void smtp_message_refused(struct smtp_server *s);
void smtp_chunk_answered(struct smtp_server *s, struct op *op);
void smtp_commit_answered(struct smtp_server *s, struct op *op);

/* -- smtp_op.c -- */

struct smtp_login *smtp_login_new(const char *mechanism, struct credentials *taken);
struct smtp_path_op *smtp_path_op_new(enum smtp_op_kind kind, struct buf *taken);
struct smtp_begin *smtp_begin_new(struct view hello, const char *with);
struct smtp_chunk *smtp_chunk_new(struct buf *taken);
struct smtp_commit *smtp_commit_new(struct smtp_message *taken);
struct smtp_abort *smtp_abort_new(void);

#endif
