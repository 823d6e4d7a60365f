/* One command: made at random from what its session knows, what it does to the truth when
 * the server performs it, and how it must be answered. */
#ifndef TESTS_MODEL_COMMAND_H
#define TESTS_MODEL_COMMAND_H

#include "runtime/imap/imap_op.h"
#include "tests/runtime/service/model/told.h"

enum verb {
	VERB_NOOP,
	VERB_CHECK,
	VERB_IDLE,
	VERB_LIST,
	VERB_STATUS,
	VERB_CREATE,
	VERB_DELETE,
	VERB_RENAME,
	VERB_SELECT,
	VERB_EXAMINE,
	VERB_APPEND,
	VERB_CLOSE,
	VERB_UNSELECT,
	VERB_FETCH,
	VERB_STORE,
	VERB_SEARCH,
	VERB_COPY,
	VERB_MOVE,
	VERB_EXPUNGE,
	VERBS,
};

enum {
	COMMAND_KEYS = 4,     /* of a SEARCH */
	COMMAND_MESSAGES = 3, /* of an APPEND */
};

struct command_key {
	enum {
		KEY_ALL,
		KEY_FLAG,
		KEY_WORD,
		KEY_SUBJECT,
		KEY_LARGER,
		KEY_UIDS,
		KEY_MODSEQ,
	} kind;
	bool negated;
	bool or_next; /* either this or the next */
	unsigned flag, number;
	uint64_t modseq;
	struct uid_set uids;
};

/* What a SEARCH returns (RFC 4731, 5182): a set. */
enum search_return {
	RETURN_MIN = 1 << 0,
	RETURN_MAX = 1 << 1,
	RETURN_COUNT = 1 << 2,
	RETURN_ALL = 1 << 3,
	RETURN_SAVE = 1 << 4,
};

/* One of an APPEND: what stands before its literal, and with the announcement. */
struct command_message {
	struct buf head;
	struct truth_message message;
	bool nonsync;
};

struct command {
	enum verb verb;
	bool by_uid;
	struct buf text; /* without tag and CRLF; of an APPEND without its messages */
	char name[TRUTH_NAME], to[TRUTH_NAME];
	struct uid_set uids; /* those it names, as the session knew them */
	int sign;            /* STORE: + - or 0 */
	unsigned flags;      /* STORE */
	bool silent;
	bool sets_seen; /* FETCH */
	bool condstore; /* it asks for MODSEQs */
	bool has_since;
	uint64_t since; /* CHANGEDSINCE, UNCHANGEDSINCE */
	struct command_message appended[COMMAND_MESSAGES];
	size_t appended_count;
	const char *pattern; /* LIST */
	bool with_status;    /* LIST RETURN (STATUS …) */
	struct command_key keys[COMMAND_KEYS];
	size_t key_count;
	unsigned returns; /* a set of enum search_return */
	bool tells_modseq;

	/* -- once it is performed -- */
	bool performed;
	bool refused;            /* the answer must be NO */
	bool loose;              /* the mailbox went meanwhile: any answer will do */
	struct truth_box *box;   /* the other mailbox: its UIDVALIDITY is in the answer */
	struct buf expected;     /* the numbers, or what stands behind UIDVALIDITY */
	struct uid_set rows;     /* messages that must be told */
	struct uid_set told;     /* messages that were */
	struct uid_set modified; /* STORE left them alone */
	bool vague;              /* a MODSEQ that nobody was told decides */
	uint64_t low, high;      /* of the MODSEQ of a SEARCH */
	uint64_t messages, unseen, uidnext, size; /* STATUS */
	size_t lines;                             /* of LIST: expected */
	size_t statuses;                          /* of LIST: told */
	size_t answers;                           /* lines that answer it */
};

/* Beforehand `*c` is zeroed or was ended. */
void command_make(struct command *c, const struct told *told, const struct truth *truth);
/* The same, of a command that may be sent before the one ahead of it is answered: it means
 * the same whatever that does. */
void command_make_ahead(
		struct command *c, const struct told *told, const struct truth *truth);
void command_free(struct command *c);

/* The server has performed an operation of it. */
void command_performed(struct command *c, struct told *told, struct truth *truth,
		const struct imap_op *op);
/* A line of the server that begins with "* ", without it; `c` is NULL where no command
 * runs. */
void command_line(struct command *c, struct told *told, struct truth *truth,
		struct view line);
/* The tagged line, without the tag. */
void command_end(struct command *c, struct told *told, struct truth *truth,
		struct view reply);

#endif
