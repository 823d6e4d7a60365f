/* What the IMAP engine asks of the world: its operations.
 *
 * Each begins with `struct imap_op`. The engine fills the request and hands it out by
 * next_op; whoever performs it fills the answer below the line and sets `outcome`, then
 * gives it back. One operation is out at a time. Request and answer own their bytes:
 * views of the request live in `arena`, views of the answer are put into `results` by the
 * performer, so neither points into the engine, the store or the connection.
 *
 * An operation may come again after its answer: FETCH goes on where `next_uid` says,
 * APPEND_CHUNK carries the next bytes. `results` has been reset by then. */
#ifndef IMAP_OP_H
#define IMAP_OP_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/engine.h"
#include "runtime/base/secret.h"
#include "runtime/base/uid_set.h"

/* Below it are the mailboxes that are shared with the session's account: first the address
 * of one, then its folders. */
#define IMAP_SHARED "Shared/"

enum imap_op_kind {
	IMAP_OP_LOGIN,         /* struct imap_login_op */
	IMAP_OP_LIST,          /* struct imap_list_op */
	IMAP_OP_STATUS,        /* struct imap_status_op */
	IMAP_OP_CREATE,        /* struct imap_name_op */
	IMAP_OP_DELETE,        /* struct imap_name_op */
	IMAP_OP_RENAME,        /* struct imap_name_op */
	IMAP_OP_SUBSCRIBE,     /* struct imap_name_op */
	IMAP_OP_UNSUBSCRIBE,   /* struct imap_name_op */
	IMAP_OP_SELECT,        /* struct imap_select_op */
	IMAP_OP_SYNC,          /* struct imap_sync_op */
	IMAP_OP_FETCH,         /* struct imap_fetch_op */
	IMAP_OP_READ,          /* struct imap_read_op */
	IMAP_OP_STORE,         /* struct imap_store_op */
	IMAP_OP_APPEND_BEGIN,  /* struct imap_append_op */
	IMAP_OP_APPEND_NEXT,   /* struct imap_append_op */
	IMAP_OP_APPEND_CHUNK,  /* struct imap_append_op */
	IMAP_OP_APPEND_COMMIT, /* struct imap_append_op */
	IMAP_OP_APPEND_ABORT,  /* struct imap_append_op */
	IMAP_OP_COPY,          /* struct imap_copy_op */
	IMAP_OP_EXPUNGE,       /* struct imap_expunge_op */
	IMAP_OP_SEARCH,        /* struct imap_search_op */
};

enum imap_outcome {
	IMAP_OK = 0,
	IMAP_E_REFUSED = 1, /* wrong name or password */
	IMAP_E_UNAVAILABLE, /* a fault or an account that cannot be opened now */
	IMAP_E_ABSENT,      /* no such mailbox, or it went while it was selected */
	IMAP_E_EXISTS,      /* a mailbox of that name is there */
	IMAP_E_CANNOT,      /* a name or a change that is not allowed */
	IMAP_E_QUOTA,       /* no room left */
	IMAP_E_TOO_BIG,     /* larger than a message may be */
	IMAP_E_LIMIT,       /* more work than one command may ask for */
	IMAP_E_GONE,        /* the message was expunged meanwhile */
	IMAP_E_READ_ONLY,
	IMAP_E_NOT_PERMITTED, /* in a shared mailbox, with less than that right */
};

/* Message flags (RFC 3501, 2.3.2). \Recent is never set and RECENT is always 0: no mail
 * program of today looks at it, and RFC 9051 has done away with it. */
enum imap_flag {
	IMAP_FLAG_SEEN = 1 << 0,
	IMAP_FLAG_ANSWERED = 1 << 1,
	IMAP_FLAG_FLAGGED = 1 << 2,
	IMAP_FLAG_DELETED = 1 << 3,
	IMAP_FLAG_DRAFT = 1 << 4,
};

/* Flags and keywords of a message, or those named in a command. */
struct imap_flags {
	unsigned system;      /* a set of enum imap_flag */
	struct view keywords; /* atoms with one blank between them; empty: none */
};

struct imap_op {
	struct op op;
	enum imap_outcome outcome;
	struct arena *arena;   /* what was asked */
	struct arena *results; /* what was answered */
};

/* LOGIN and AUTHENTICATE. On IMAP_OK the session is bound to the account and hears of its
 * changes from then on. */
struct imap_login_op {
	struct imap_op op;
	struct view user;
	struct secret password;
	const char *mechanism; /* "login", "plain": for the log */
	bool tls;
};

/* Special uses (RFC 6154). */
enum imap_special_use {
	IMAP_USE_NONE,
	IMAP_USE_DRAFTS,
	IMAP_USE_SENT,
	IMAP_USE_TRASH,
	IMAP_USE_JUNK,
	IMAP_USE_ARCHIVE,
};

/* What STATUS tells of a mailbox. */
struct imap_counts {
	uint32_t messages, unseen, uidnext, uidvalidity;
	uint64_t size;   /* octets of all its messages (RFC 8438) */
	uint64_t modseq; /* HIGHESTMODSEQ (RFC 7162, 3.1.7) */
};

struct imap_mailbox_row {
	struct view name; /* UTF-8, levels separated by '/'; INBOX in capitals */
	enum imap_special_use use;
	bool subscribed;
	bool exists;               /* false: the name is only subscribed to */
	bool selectable;           /* false: or it is only a level above others */
	struct imap_counts counts; /* where it is selectable */
};

/* All mailboxes of the account and all names subscribed to, in bytewise order. The engine
 * matches patterns itself. */
struct imap_list_op {
	struct imap_op op;
	/* -- answer, in results -- */
	struct imap_mailbox_row *rows;
	size_t count;
};

struct imap_status_op {
	struct imap_op op;
	struct view name;
	/* -- answer -- */
	struct imap_counts counts;
};

/* CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE. Names are checked UTF-8. RENAME of
 * INBOX moves its messages and leaves it empty (RFC 3501, 6.3.5). */
struct imap_name_op {
	struct imap_op op;
	struct view name;
	struct view to; /* RENAME */
	/* -- answer -- */
	uint64_t mailbox; /* that went (DELETE) or whose messages did (RENAME of INBOX) */
};

struct imap_select_op {
	struct imap_op op;
	struct view name;
	bool read_only; /* EXAMINE; the answer may set it */
	/* -- answer -- */
	uint64_t mailbox; /* its id, as ENGINE_CHANGED names it; never 0 */
	uint32_t uidvalidity, uidnext;
	uint64_t modseq;       /* all changes up to it are in this answer */
	uint32_t first_unseen; /* a UID; 0: none */
	struct view keywords;  /* those in use in the mailbox, in results */
	struct uid_set uids;   /* the messages in it */
};

/* A message whose flags are told. */
struct imap_flags_row {
	uint32_t uid;
	struct imap_flags flags;
	uint64_t modseq;
};

enum {
	IMAP_BATCH_ROWS = 500,
	IMAP_BATCH_BYTES = 256 * 1024,
	IMAP_CHUNK = 64 * 1024, /* of a body read or an APPEND */
};

/* What changed in the mailbox since a MODSEQ. IMAP_E_ABSENT where the mailbox is gone. */
struct imap_sync_op {
	struct imap_op op;
	uint64_t mailbox;
	uint64_t since;    /* exclusive */
	uint32_t next_uid; /* the first UID that the session does not know */
	/* -- answer -- */
	uint64_t modseq; /* where the next SYNC begins */
	uint32_t uidnext;
	struct uid_set arrived;  /* at or above next_uid, and still there */
	struct uid_set vanished; /* below next_uid, expunged since */
	struct imap_flags_row
			*changed; /* below next_uid, flags changed since, in results */
	size_t changed_count;
};

/* Items of a FETCH that are columns of a row; IMAP_ITEM_SECTIONS where there are
 * sections. */
enum imap_item {
	IMAP_ITEM_UID = 1 << 0, /* the engine's; a row always has it */
	IMAP_ITEM_FLAGS = 1 << 1,
	IMAP_ITEM_DATE = 1 << 2,
	IMAP_ITEM_SIZE = 1 << 3,
	IMAP_ITEM_ENVELOPE = 1 << 4,
	IMAP_ITEM_BODY = 1 << 5,
	IMAP_ITEM_BODYSTRUCTURE = 1 << 6,
	IMAP_ITEM_SECTIONS = 1 << 7,
	IMAP_ITEM_MODSEQ = 1 << 8, /* RFC 7162, 3.1.4.2 */
};

enum imap_section_kind {
	IMAP_SECTION_ALL,        /* BODY[], BODY[1.2] */
	IMAP_SECTION_HEADER,     /* with the empty line that ends it */
	IMAP_SECTION_FIELDS,     /* HEADER.FIELDS, ends in an empty line */
	IMAP_SECTION_FIELDS_NOT, /* HEADER.FIELDS.NOT, the same */
	IMAP_SECTION_TEXT,
	IMAP_SECTION_MIME, /* the MIME header of a part */
};

enum imap_section_form {
	IMAP_SECTION_AS_IT_IS, /* BODY[] */
	IMAP_SECTION_DECODED,  /* BINARY[]: its transfer encoding undone (RFC 3516) */
	IMAP_SECTION_SIZE,     /* BINARY.SIZE[]: how many octets that would be */
};

/* A section of a message (RFC 3501, 6.4.5). */
struct imap_section {
	enum imap_section_form form;
	enum imap_section_kind kind;
	const uint32_t *path; /* part numbers, outermost first */
	size_t path_len;
	const struct view *fields; /* HEADER.FIELDS and .NOT: names, as sent */
	size_t field_count;
	bool partial;
	uint32_t offset, length; /* where partial: of the section's octets */
	/* For the engine: how to name it in the response. */
	struct view label; /* "BODY[TEXT]<0>", "RFC822.HEADER" */
};

/* The octets of one section of one message. */
struct imap_section_data {
	bool absent; /* no such part: NIL */
	bool unknown; /* decoded: an encoding that nobody knows, and nothing of it is told */
	bool has_nul; /* it may have NUL octets; only what was decoded has */
	uint64_t len; /* of the section with `partial` applied */
	/* From its start; shorter than len only in the last row. Of a SIZE: empty. */
	struct view bytes;
};

struct imap_row {
	uint32_t uid;
	struct imap_flags flags;
	bool seen_set; /* this FETCH set \Seen */
	uint64_t modseq;
	int64_t date; /* INTERNALDATE, seconds since 1970 */
	uint64_t size;
	struct view envelope;               /* with its parentheses, ready to send */
	struct view body;                   /* the same, without extension data */
	struct view bodystructure;          /* the same, with extension data */
	struct imap_section_data *sections; /* as many as were asked for */
};

/* Reads rows in the order of UIDs. The performer fills rows until IMAP_BATCH_ROWS or
 * about IMAP_BATCH_BYTES and says where the next batch begins; a section that does not
 * fit is cut, its row is then the last one, and the engine reads on by IMAP_OP_READ. UIDs
 * that are no longer there are left out. */
struct imap_fetch_op {
	struct imap_op op;
	uint64_t mailbox;
	struct uid_set uids;
	uint32_t next_uid; /* begin here; the answer moves it; 0 in an answer: done */
	unsigned items;    /* a set of enum imap_item */
	const struct imap_section *sections;
	size_t section_count;
	/* Set \Seen on each and report it (seen_set), but not where a section is unknown. */
	bool set_seen;
	uint64_t changed_since; /* only those with a larger MODSEQ; 0: all */
	/* -- answer; rows has room for IMAP_BATCH_ROWS -- */
	struct imap_row *rows;
	size_t count;
	uint64_t modseq_before, modseq; /* where set_seen: as in imap_store_op */
};

/* The octets of a section from `at` on, at most IMAP_CHUNK of them. IMAP_E_GONE where the
 * message went: the literal cannot be finished and the connection ends. */
struct imap_read_op {
	struct imap_op op;
	uint64_t mailbox;
	uint32_t uid;
	const struct imap_section *section; /* in arena */
	uint64_t at; /* within the section with `partial` applied */
	/* -- answer -- */
	struct view bytes;
};

enum imap_store_mode {
	IMAP_STORE_SET,
	IMAP_STORE_ADD,
	IMAP_STORE_REMOVE,
};

/* Changes flags in one transaction. */
struct imap_store_op {
	struct imap_op op;
	uint64_t mailbox;
	struct uid_set uids;
	enum imap_store_mode mode;
	struct imap_flags flags;
	bool silent; /* no rows are wanted */
	/* Messages with a larger MODSEQ are left alone (RFC 7162, 3.1.3); UINT64_MAX: no
	 * condition. */
	uint64_t unchanged_since;
	/* -- answer -- */
	struct imap_flags_row *rows; /* all that are still there, in results */
	size_t count;
	struct uid_set modified; /* those left alone; they are not among the rows */
	/* The mailbox's highest MODSEQ before and after: where the session knew the
	 * first, it now knows the second and need not be told of its own change. */
	uint64_t modseq_before, modseq;
};

/* One APPEND, in steps: BEGIN and CHUNKs, NEXT and CHUNKs for each further message, then
 * COMMIT stores all of them or none. BEGIN and NEXT refuse before the client sends a byte;
 * the performer keeps the messages of the session until COMMIT, ABORT or the end of the
 * connection. */
struct imap_append_op {
	struct imap_op op;
	struct view name;        /* BEGIN */
	struct imap_flags flags; /* BEGIN and NEXT, as are the next three */
	bool has_date;
	int64_t date; /* where has_date: seconds since 1970; else now */
	uint64_t size;
	struct buf chunk; /* CHUNK: at most IMAP_CHUNK bytes */
	/* -- answer of COMMIT -- */
	uint64_t mailbox;
	uint32_t uidvalidity;
	struct uid_set uids; /* in the order of the messages */
};

/* COPY and MOVE, whole or not at all. */
struct imap_copy_op {
	struct imap_op op;
	uint64_t mailbox;
	struct uid_set uids;
	struct view name; /* the destination */
	bool move;
	/* -- answer: the n-th UID of `from` became the n-th of `to` -- */
	uint64_t destination;
	uint32_t uidvalidity;
	struct uid_set from, to;
	uint64_t modseq_before, modseq; /* MOVE: of the source, as in imap_store_op */
};

/* Expunges what has \Deleted. */
struct imap_expunge_op {
	struct imap_op op;
	uint64_t mailbox;
	struct uid_set uids; /* only among these */
	/* -- answer -- */
	struct uid_set expunged;
	uint64_t modseq_before, modseq; /* as in imap_store_op */
};

enum imap_search_kind {
	IMAP_SEARCH_ALL,
	IMAP_SEARCH_UIDS,    /* uids: also what sequence numbers became */
	IMAP_SEARCH_FLAG,    /* flag is set */
	IMAP_SEARCH_KEYWORD, /* text is set */
	IMAP_SEARCH_HEADER,  /* field contains text; empty text: the field is there */
	IMAP_SEARCH_BODY,    /* text in the body */
	IMAP_SEARCH_TEXT,    /* text in header or body */
	IMAP_SEARCH_BEFORE,  /* internal date; day is the day's number since 1970 */
	IMAP_SEARCH_ON,
	IMAP_SEARCH_SINCE,
	IMAP_SEARCH_SENTBEFORE, /* Date: field, without time and zone */
	IMAP_SEARCH_SENTON,
	IMAP_SEARCH_SENTSINCE,
	IMAP_SEARCH_LARGER, /* octets */
	IMAP_SEARCH_SMALLER,
	IMAP_SEARCH_MODSEQ, /* size: this MODSEQ or a later one */
	IMAP_SEARCH_NOT,    /* of the one result before it */
	IMAP_SEARCH_OR,     /* of the two before it */
	IMAP_SEARCH_AND,    /* of the `operands` before it; none: true */
};

/* One step of a search. The steps stand in postfix order: a condition pushes a truth,
 * NOT, OR and AND take theirs off and push one; at the end one is left. */
struct imap_search_step {
	enum imap_search_kind kind;
	unsigned flag;     /* one enum imap_flag */
	uint32_t operands; /* AND */
	uint64_t size;
	int64_t day;
	struct view field; /* of HEADER, as sent */
	struct view text;  /* UTF-8; compared without case, as RFC 3501, 6.4.4 has it */
	struct uid_set uids;
};

/* Finds messages among `uids`. */
struct imap_search_op {
	struct imap_op op;
	uint64_t mailbox;
	struct uid_set uids; /* those the session knows of */
	struct imap_search_step *steps;
	size_t step_count;
	size_t stack; /* the most truths that stand on the stack at once */
	/* -- answer -- */
	struct uid_set found;
	/* Of what was found: of the first, of the last, and the highest of all. */
	uint64_t first_modseq, last_modseq, modseq;
};

/* Makes an operation of that kind's struct, zeroed, with its arenas. */
MUST_USE void *imap_op_new(enum imap_op_kind kind);

#endif
