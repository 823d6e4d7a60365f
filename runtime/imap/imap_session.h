/* What the files of the engine share: the session, the command that runs, and how a
 * command answers.
 *
 *   parse ──► proceed(NULL) ──imap_issue──► proceed(answer) … ──imap_finish──►
 *                                            changes of the mailbox, then the tagged line
 *
 * parse reads the grammar into an operation that is not handed out yet (command->op);
 * proceed makes each next move: it is called with NULL at first and whenever output has
 * drained (imap_wait_flush), else with the operation that came back, which has become
 * command->op again. */
#ifndef IMAP_SESSION_H
#define IMAP_SESSION_H

#include "runtime/base/limit.h"
#include "runtime/imap/imap_op.h"
#include "runtime/imap/imap_parse.h"
#include "runtime/imap/imap_reader.h"
#include "runtime/imap/imap_server.h"
#include "runtime/imap/imap_view.h"
#include "runtime/sasl/login.h"

#include <inttypes.h>

enum imap_state {
	IMAP_GREETED = 1 << 0,
	IMAP_AUTHENTICATED = 1 << 1,
	IMAP_SELECTED = 1 << 2,
	IMAP_LOGGED_IN = IMAP_AUTHENTICATED | IMAP_SELECTED,
	IMAP_ANY = IMAP_GREETED | IMAP_LOGGED_IN,
};

enum imap_command_flag {
	IMAP_HAS_UID = 1 << 0,       /* "UID FETCH" is a command, too */
	IMAP_KEEPS_NUMBERS = 1 << 1, /* no EXPUNGE with it, unless by UID (7.4.1) */
	IMAP_LOOKS = 1 << 2,         /* asks for what changed in any case */
};

struct imap_session;

struct imap_command_row {
	const char *name;
	unsigned states; /* a set of enum imap_state */
	unsigned flags;  /* a set of enum imap_command_flag */
	void (*parse)(struct imap_session *s, struct imap_parse *p);
	void (*proceed)(struct imap_session *s, struct imap_op *answer);
	/* A line of the client while the command runs (imap_want_line), without CRLF. */
	void (*line)(struct imap_session *s, struct view line);
};

struct imap_command {
	struct arena *arena; /* lives as long as the command; it is in it */
	struct buf text;     /* as the client sent it; wiped */
	const struct imap_command_row *row;
	struct view tag;
	bool uid;             /* it came as "UID …" */
	struct imap_op *op;   /* not handed out */
	struct imap_op *kept; /* a second one, while the first is out */
	void *state;          /* of the command's own file, in arena */
	struct view reply;    /* the tagged line, once it is finished */
};

struct imap_session {
	struct engine engine;
	enum imap_state state;
	bool tls, can_start_tls;
	_Atomic int64_t *counts; /* of commands, or NULL */
	enum {
		IMAP_INPUT_COMMAND, /* a command */
		IMAP_INPUT_LINE,    /* a line for the command that runs */
		IMAP_INPUT_MESSAGE, /* the octets of an APPEND */
		IMAP_INPUT_TAIL,    /* the end of the line of an APPEND */
	} input;
	enum {
		IMAP_RUNNING,
		IMAP_STARTING_TLS,
		IMAP_CLOSING,
	} phase;
	struct imap_reader reader;
	struct imap_command *command; /* NULL: none runs */
	struct imap_view *view;       /* IMAP_SELECTED */
	bool condstore;               /* the client wants to know of MODSEQ (RFC 7162) */
	struct uid_set saved;         /* what "$" stands for (RFC 5182) */
	struct login login;           /* AUTHENTICATE LOGIN: how far it is */
	struct imap_op *op;           /* to be handed out */
	bool op_is_out;
	bool awaits_flush; /* the command goes on once output has drained */
	bool mid_line;     /* the output ends within a line: no other can follow */
	bool draining;     /* the command that runs is the last */
	bool eof;          /* the client has closed its side */
	unsigned errors;   /* in a row; before login, in all */
	nstime opened, active;
	struct buf out;
	size_t out_sent;
};

/* -- answering -- */

enum {
	IMAP_OUTPUT_HIGH = 128 * 1024, /* with more than this waiting, nothing is begun */
};

static inline size_t imap_output_waiting(const struct imap_session *s)
{
	return s->out.len - s->out_sent;
}

/* Adds to the output. */
void imap_say(struct imap_session *s, struct view text);
void imap_sayf(struct imap_session *s, const char *format, ...) PRINTF_LIKE(2, 3);

/* The command is over; the tagged line is `TAG ` and this. Changes of the mailbox are told
 * before it. */
void imap_finish(struct imap_session *s, struct view reply);
void imap_finishf(struct imap_session *s, const char *format, ...) PRINTF_LIKE(2, 3);
/* The command (or, where none runs, the line) is refused; a "BAD …" is counted. */
void imap_reject(struct imap_session *s, const char *reply);
/* The NO for an outcome other than IMAP_OK. */
void imap_refuse(struct imap_session *s, enum imap_outcome outcome);
/* Says `* BYE text` and closes. */
void imap_bye(struct imap_session *s, const char *text);

/* -- going on -- */

/* Hands the operation out. */
void imap_issue(struct imap_session *s, struct imap_op *op);
/* Hands command->op out. */
void imap_issue_command_op(struct imap_session *s);
/* proceed(NULL) is called when output has drained. */
void imap_wait_flush(struct imap_session *s);
/* The next line of the client is for the command. */
void imap_want_line(struct imap_session *s);
/* Makes the command's operation. */
void *imap_command_op(struct imap_session *s, enum imap_op_kind kind);

/* -- the selected mailbox -- */

/* Forgets it. */
void imap_deselect(struct imap_session *s);
/* Asks for what changed (IMAP_OP_SYNC); told when the answer comes. */
void imap_sync(struct imap_session *s);
/* Tells what an IMAP_OP_SYNC answered, but for EXPUNGE. */
void imap_tell_changes(struct imap_session *s, const struct imap_sync_op *sync);
/* From now on MODSEQ is told with each change (RFC 7162, 3.1). */
void imap_enable_condstore(struct imap_session *s);
/* These messages went; told when it may be. */
void imap_vanished(struct imap_session *s, const struct uid_set *uids);
/* The session changed the mailbox itself: from MODSEQ `before` to `now`. */
void imap_own_change(struct imap_session *s, uint64_t before, uint64_t now);
/* The mailbox was changed in a way that is not known yet. */
void imap_touched(struct imap_session *s, uint64_t mailbox);

/* Reads a sequence set, or a set of UIDs where the command came as UID, or "$", into the
 * UIDs that it means in this session. */
void imap_parse_messages(struct imap_session *s, struct imap_parse *p, bool by_uid,
		struct uid_set *uids);

/* Adds "FLAGS (…)". */
void imap_add_flags(struct imap_session *s, const struct imap_flags *flags);
/* A whole line `* n FETCH (FLAGS (…))`; with the UID where the command came as UID, and
 * with UID and MODSEQ where the client wants to know of them (RFC 7162, 3.2.4). `silent`:
 * without the flags. */
void imap_tell_flags(
		struct imap_session *s, const struct imap_flags_row *row, bool silent);

/* -- for the server -- */

/* A command without tag, row or text; it becomes s->command. */
struct imap_command *imap_command_new(struct imap_session *s);
/* Drops it with its operations. None is fine. */
void imap_command_free(struct imap_session *s);
/* Says the tagged line of the command that is finished. */
void imap_end_command(struct imap_session *s);

#endif
