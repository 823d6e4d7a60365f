/* What a session has been told of its selected mailbox, line by line, as a mail program
 * would keep it: the messages in the order of their numbers, and their flags. Each line is
 * held against the truth of the moment it was said. */
#ifndef TESTS_MODEL_TOLD_H
#define TESTS_MODEL_TOLD_H

#include "runtime/base/uid_set.h"
#include "tests/runtime/service/model/truth.h"

enum {
	TOLD_UNKNOWN = 0xffff, /* flags that were not told yet */
};

struct told_message {
	uint32_t uid;
	unsigned flags;
};

struct told {
	unsigned who;          /* for reports */
	struct truth_box *box; /* NULL: none is selected */
	bool read_only;
	struct told_message *messages;
	size_t count, capacity;
	uint32_t uidnext; /* the first that it does not know */
	bool condstore;   /* the session asked for MODSEQs */
	uint64_t highest; /* where it would begin anew: it takes all before for told */
	struct uid_set saved; /* what `$` stands for */
	/* The line that is read was begun before others changed the mailbox. */
	bool late;
};

/* A mailbox is selected; nothing of it is known yet. */
void told_select(struct told *told, struct truth_box *box, bool read_only);
void told_deselect(struct told *told);
void told_free(struct told *told);

/* `* n EXISTS`: what came is all that came. */
void told_exists(struct told *told, uint64_t n);
/* `* n EXPUNGE`: it is there no more. */
void told_expunge(struct told *told, uint64_t n);
/* `* n FETCH (…)`: the message it speaks of, whose items are right. */
struct told_message *told_fetch(struct told *told, uint64_t n, struct view items);
/* `OK [HIGHESTMODSEQ n]`. */
void told_highest(struct told *told, uint64_t n);

/* The session stored flags silently: it knows what became of them. */
void told_stored(struct told *told, uint32_t uid, int sign, unsigned flags);
/* Nothing is left to tell; where `numbers` are kept, of what went. */
void told_check(const struct told *told, bool numbers);

/* The UIDs of all it knows of, added to the empty set. */
void told_uids(const struct told *told, struct uid_set *uids);
/* Its number, 0: none. */
size_t told_number(const struct told *told, uint32_t uid);

/* Reads "(\Seen k0)"; true where these are flags of ours. */
bool told_flags(struct view *rest, unsigned *out);

#endif
