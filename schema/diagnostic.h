/* What is wrong with a state, said to the person who wrote it.
 *
 * All errors of a run are collected, sorted by place and printed like a compiler's. Every
 * error has a stable name from one registry, for scripts and for the docs. Texts live in
 * the arena of the list. */
#ifndef SCHEMA_DIAGNOSTIC_H
#define SCHEMA_DIAGNOSTIC_H

#include "runtime/base/buf.h"
#include "schema/source.h"

#include <jansson.h>

enum diagnostic_name {
	/* the form of a file */
	BAD_YAML,
	BAD_ENCODING,
	FILE_TOO_LARGE,
	STATE_TOO_LARGE,
	TOO_MANY_FILES,
	TOO_DEEP,
	TOO_MANY_VALUES,
	VALUE_TOO_LONG,
	NO_FILES,
	UNREADABLE_FILE,
	NOT_A_STATE,
	ANCHOR_NOT_ALLOWED,
	ALIAS_NOT_ALLOWED,
	MERGE_KEY_NOT_ALLOWED,
	TAG_NOT_ALLOWED,
	DIRECTIVE_NOT_ALLOWED,
	SECOND_DOCUMENT,
	COMPLEX_KEY,
	EMPTY_KEY,
	KEY_WITH_COLON,
	EMPTY_VALUE,
	VALUE_CUT_OFF,
	CONTROL_BYTE,
	DUPLICATE_KEY,
	/* the language */
	UNKNOWN_FIELD,
	WRONG_TYPE,
	NOT_A_BOOLEAN,
	NOT_A_NUMBER,
	OUT_OF_RANGE,
	UNKNOWN_UNIT,
	UNKNOWN_WORD,
	BAD_DURATION,
	BAD_SIZE,
	BAD_RATE,
	BAD_SCHEDULE,
	BAD_DATE,
	BAD_ID,
	BAD_NAME,
	BAD_DOMAIN,
	BAD_ADDRESS,
	BAD_IP,
	BAD_ENDPOINT,
	BAD_URL,
	BAD_PATH,
	BAD_PATTERN,
	BAD_RECIPIENT,
	BAD_HASH,
	BAD_TEXT,
	PLAIN_SECRET,
	MISSING_FIELD,
	ONE_OF,
	EXCLUDES,
	UNSUPPORTED_VERSION,
	VERSION_DISAGREES,
	DEPRECATED_FIELD,
	/* what the values mean together */
	UNKNOWN_REFERENCE,
	AMBIGUOUS_REFERENCE,
	UNKNOWN_DOMAIN,
	DUPLICATE_ID,
	ID_IS_A_KEY,
	ADDRESS_TAKEN,
	DUPLICATE_ITEM,
	ALIAS_LOOP,
	TWIN_LOOP,
	TWIN_HAS_SETTINGS,
	POLICY_UNSERVED,
	GROUPS_DISAGREE,
	HASH_FOR_PRIVATE,
	INVITE_TO_ITSELF,
	INVITE_UNSERVED,
	HOST_NOT_CHOSEN,
	UNKNOWN_HOST,
	NO_HOST,
	PORT_TAKEN,
	FILE_NOT_ALLOWED,
	FOLDER_NOT_ALLOWED,
	CREDENTIAL_NOT_ALLOWED,
	BAD_RECORD,
	FORWARD_NOT_ALLOWED,
	BAD_SEALED,
	BAD_SPF,
	TOO_MANY_LOOKUPS,
	/* what this version does not do */
	NOT_SERVED_YET,
	/* warnings */
	NO_RECIPIENT_OFF_HOST,
	ALERTS_STAY_INSIDE,
	NO_POSTMASTER,
	CANNOT_LOG_IN,
	NO_MEMBERS,
	DIAGNOSTIC_NAMES,
};

enum severity {
	SEVERITY_ERROR,
	SEVERITY_WARNING
};

struct diagnostic_row {
	const char *name; /* as printed: UnknownField */
	enum severity severity;
	const char *meaning; /* one line for the reference */
};

const struct diagnostic_row *diagnostic_row(enum diagnostic_name name);

/* One excerpt of a file with a line of carets below it. */
struct frame {
	struct span span;
	struct view label; /* behind the carets */
};

enum {
	FRAMES_MAX = 12 /* of one diagnostic: a longer loop is shown in part */
};

struct diagnostic {
	enum diagnostic_name name;
	size_t order;     /* in which it was added */
	bool warning;     /* as its row says, unless made stricter */
	bool placed;      /* false: it belongs to no file (no frames) */
	struct view path; /* $.users[anna@a.example].quota */
	struct view help; /* empty: none */
	struct frame *frames;
	size_t frame_count;
};

struct diagnostics {
	struct arena *arena;
	const struct sources *sources;
	struct diagnostic *items; /* malloc'd */
	size_t count;
	size_t capacity;
	size_t errors; /* those past DIAGNOSTICS_KEPT too */
	size_t warnings;
	struct diagnostic spare; /* what is said of those past it */
};

enum {
	DIAGNOSTICS_PRINTED = 100,
	DIAGNOSTICS_KEPT = 2000, /* the rest is only counted */
};

void diagnostics_init(struct diagnostics *d, struct arena *arena,
		const struct sources *sources);
void diagnostics_deinit(struct diagnostics *d);

/* Adds one at `span`; the format makes the label behind the carets. Returns it, for
 * help and further frames, until the next one is added. */
struct diagnostic *diagnostics_add(struct diagnostics *d, enum diagnostic_name name,
		struct view path, struct span span, const char *label, ...)
		PRINTF_LIKE(5, 6);
/* The same without a place: the label stands on a line of its own. */
struct diagnostic *diagnostics_add_unplaced(struct diagnostics *d,
		enum diagnostic_name name, struct view path, const char *label, ...)
		PRINTF_LIKE(4, 5);
void diagnostic_help(struct diagnostics *d, struct diagnostic *item, const char *help,
		...) PRINTF_LIKE(3, 4);
void diagnostic_frame(struct diagnostics *d, struct diagnostic *item, struct span span,
		const char *label, ...) PRINTF_LIKE(4, 5);

/* True once no more are kept: then their paths need not be worked out. */
bool diagnostics_full(const struct diagnostics *d);

/* Puts them in the order of their places; those without a place come first. */
void diagnostics_sort(struct diagnostics *d);
/* --strict: warnings count as errors from here on. */
void diagnostics_make_strict(struct diagnostics *d);
/* Prints them as text: at most DIAGNOSTICS_PRINTED, then the count. Sort them before.
 * Bytes of the files that a terminal would act on are escaped. */
void diagnostics_print(const struct diagnostics *d, struct buf *out);
/* {"errors": N, "warnings": N, "diagnostics": [{name, severity, path, file, line, column,
 * offset, …}]}: a new reference. */
MUST_USE json_t *diagnostics_json(const struct diagnostics *d);
/* Moves all of `from` behind those of `into`; both must share arena and sources. */
void diagnostics_move(struct diagnostics *into, struct diagnostics *from);

/* A search for the candidate nearest to `word`, at an edit distance (insertion, deletion,
 * substitution, swap of neighbours) of at most 2 that is less than either is long. Of two
 * that are as near the one with more of the same beginning and end is taken. Begin with
 * { .word = … }; best.data stays NULL where none is near. */
struct nearest {
	struct view word;
	struct view best;
	unsigned distance;
	unsigned like;
	unsigned most; /* a smaller distance than 2, where it is not 0 */
	uint64_t letters;
};

void nearest_try(struct nearest *n, struct view candidate);
/* The same over a table; NULL where none is near. */
const char *nearest_word(struct view word, const char *const *candidates, size_t count);

#endif
