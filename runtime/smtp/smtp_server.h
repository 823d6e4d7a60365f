/* The server's side of SMTP (RFC 5321) and of submission (RFC 6409): an engine.
 *
 * It speaks PIPELINING, SIZE, 8BITMIME, CHUNKING, SMTPUTF8, DSN, ENHANCEDSTATUSCODES, STARTTLS and AUTH;
 * not BINARYMIME, since IMAP's lines and literals would not give such octets back. It knows
 * the grammar, the order of commands, the limits and the clock; what is true in the world
 * it asks by the operations below, one at a time. It holds a transaction's state and no
 * message: the body leaves in chunks.
 *
 * The performer keeps the transaction: SENDER opens one, RECIPIENT adds to it, BEGIN
 * opens its message, CHUNK and COMMIT carry it, and an accepted COMMIT or an ABORT ends
 * it. A connection that ends ends it too. */
#ifndef SMTP_SMTP_SERVER_H
#define SMTP_SMTP_SERVER_H

#include "runtime/base/buf.h"
#include "runtime/base/engine.h"
#include "runtime/base/secret.h"
#include "runtime/mail/dsn.h"

enum smtp_mode {
	SMTP_MX,         /* from anyone to us; no AUTH */
	SMTP_SUBMISSION, /* from our users, after STARTTLS and AUTH */
};

struct smtp_options {
	enum smtp_mode mode;
	struct view name;      /* what we call ourselves; copied */
	uint64_t message_size; /* bytes */
	nstime greeting_delay; /* who talks before it ends is no mail server */
	bool tls;              /* on from the first byte */
	bool starttls;         /* can be started */
	/* To offer DSN is to promise reports: of success where it is asked for, of failure
	 * where it is not forbidden, and that RET, ENVID, NOTIFY and ORCPT go on with the
	 * message (RFC 3461, 4 to 6). Off, its parameters are not known. */
	bool dsn;
};

MUST_USE struct engine *smtp_server_new(const struct smtp_options *options, nstime now);

/* -- operations -- */

enum smtp_op_kind {
	SMTP_OP_LOGIN = 1,
	SMTP_OP_SENDER,
	SMTP_OP_RECIPIENT,
	SMTP_OP_BEGIN,
	SMTP_OP_CHUNK,
	SMTP_OP_COMMIT,
	SMTP_OP_ABORT,
};

enum {
	SMTP_CHUNK_SIZE = 65536,
	SMTP_REPLY_SIZE = 480 /* of one reply line, without its CRLF */
};

/* Every operation of this engine begins with this. */
struct smtp_op {
	struct op op;
	/* The answer: a refusal as one line with its codes ("550 5.1.1 No such user"), or
	 * empty: granted. What is no printable ASCII leaves as '?'. */
	struct buf reply;
};

enum smtp_login_outcome {
	SMTP_LOGIN_OK,
	SMTP_LOGIN_REFUSED,
	SMTP_LOGIN_UNAVAILABLE, /* too busy to check, or the disk is ill */
};

/* SMTP_OP_LOGIN. The answer is `outcome`; all refusals read the same. */
struct smtp_login {
	struct smtp_op base;
	const char *mechanism; /* "PLAIN" */
	struct buf user;
	struct secret password;
	enum smtp_login_outcome outcome;
};

/* SMTP_OP_SENDER, SMTP_OP_RECIPIENT: the path without its brackets, the local part
 * unquoted where it needs no quotes, U-labels made A-labels; empty for <>, and
 * "postmaster" for <postmaster>. */
struct smtp_path_op {
	struct smtp_op base;
	struct buf mailbox;
	/* Of SENDER: */
	uint64_t size;  /* as declared; 0 where it was not */
	bool utf8;      /* SMTPUTF8 */
	bool eight_bit; /* BODY=8BITMIME */
	enum dsn_ret ret;
	struct buf envid; /* in xtext, as it came; empty where it was not given */
	/* Of RECIPIENT: */
	unsigned notify;  /* enum dsn_notify */
	struct buf orcpt; /* the same */
};

/* SMTP_OP_BEGIN: DATA was given, or the first BDAT. Refused, the transaction stays open
 * until the engine aborts it. */
struct smtp_begin {
	struct smtp_op base;
	struct buf hello; /* as the client calls itself */
	const char *with; /* for the trace: "ESMTPSA" (RFC 3848) */
};

/* SMTP_OP_CHUNK: lines end in CRLF, dots are unstuffed. Refused, no other chunk comes,
 * and an ABORT. */
struct smtp_chunk {
	struct smtp_op base;
	struct buf bytes;
};

/* SMTP_OP_COMMIT: the message's last bytes. Granted, the message is on disk and is ours;
 * the transaction is over either way. */
struct smtp_commit {
	struct smtp_op base;
	struct buf bytes;
	uint64_t size;           /* of the whole message */
	struct buf from, sender; /* on submission: what the From and Sender fields say, as
				    they came */
	struct buf id;           /* the answer: what the reply calls the message */
};

/* SMTP_OP_ABORT: nothing of the transaction is kept. */
struct smtp_abort {
	struct smtp_op base;
};

#endif
