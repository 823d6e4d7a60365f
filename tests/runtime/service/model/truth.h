/* The model of an account: what is in it, in the simplest way that is right.
 *
 * Messages stand in the order of their UIDs; what went is not in it. A mailbox that was
 * deleted stays allocated, so that a session which had it selected may look at it. */
#ifndef TESTS_MODEL_TRUTH_H
#define TESTS_MODEL_TRUTH_H

#include "runtime/base/buf.h"

#include <stdbool.h>

enum {
	TRUTH_NAME = 256,
	TRUTH_KEYWORDS = 3,
	TRUTH_KEYWORD = 1 << 8, /* the bit of k0; those of the system are the engine's */
	TRUTH_WORDS = 7,
	TRUTH_TEXT_MAX = 1 << 20,
};

struct truth_message {
	uint32_t uid;
	unsigned flags;
	unsigned number;   /* its text: truth_text */
	const char *above; /* header lines that the delivery put above it */
	int64_t date;      /* 0: when it was appended */
	/* MODSEQ: 0 until it was told; then, and before, low < it <= high. */
	uint64_t modseq, low, high;
};

/* A message that went, and the MODSEQ that it went by. */
struct truth_tombstone {
	uint32_t uid;
	uint64_t high;
};

struct truth_box {
	char name[TRUTH_NAME];
	bool there;
	uint32_t uidnext;
	/* 0: not seen yet; then it must be larger than `floor` and no other's. */
	uint32_t uidvalidity, floor;
	struct truth_message *messages;
	size_t count, capacity;
	struct truth_tombstone *gone; /* by UID in no order */
	size_t gone_count, gone_capacity;
};

struct truth {
	struct truth_box **boxes;
	size_t count, capacity;
	size_t there;
	uint32_t uidvalidity; /* the highest that was seen */
	/* The account's MODSEQ before and after the change that is being made. */
	uint64_t low, high;
};

void truth_init(struct truth *t);
void truth_free(struct truth *t);

/* Never the same twice. */
unsigned truth_new_number(void);
/* Adds the text of message `number`; its body has the word of truth_word(). */
void truth_text(struct buf *out, unsigned number);
/* Adds its body, decoded. */
void truth_body(struct buf *out, unsigned number);
uint64_t truth_size(const struct truth_message *m);
unsigned truth_word(unsigned number);

/* NULL: there is none (it may be a bare level). */
struct truth_box *truth_find(const struct truth *t, const char *name);
bool truth_has_below(const struct truth *t, const char *name);
/* One of those that are there. */
struct truth_box *truth_any(const struct truth *t);

struct truth_box *truth_create(struct truth *t, const char *name);
/* What the server does with these names: true where it must say OK. */
bool truth_delete(struct truth *t, const char *name);
bool truth_rename(struct truth *t, const char *from, const char *to);
/* The server says that a mailbox has this UIDVALIDITY: true where it may. */
bool truth_validity(struct truth *t, struct truth_box *box, uint64_t value);

/* The message, or NULL. */
struct truth_message *truth_message(const struct truth_box *box, uint32_t uid);
/* How many have a smaller UID. */
size_t truth_below(const struct truth_box *box, uint64_t uid);
/* The account's MODSEQ is this now: true where it may be. */
bool truth_modseq(struct truth *t, uint64_t modseq);
/* A copy of `m` with the next UID. */
struct truth_message *truth_add(
		struct truth *t, struct truth_box *box, const struct truth_message *m);
void truth_remove(struct truth *t, struct truth_box *box, uint32_t uid);
/* These are its flags now; a MODSEQ goes with them where they are others. */
void truth_flags(const struct truth *t, struct truth_message *m, unsigned flags);
/* The server says that this is its MODSEQ: true where it may be. */
bool truth_message_modseq(struct truth_message *m, uint64_t modseq);
/* 1: it changed after `modseq`, 0: it did not, -1: who knows. */
int truth_later(const struct truth_message *m, uint64_t modseq);
/* The MODSEQ by which a message went, at most; 0: it is not known to have been there. */
uint64_t truth_gone(const struct truth_box *box, uint32_t uid);
uint64_t truth_box_size(const struct truth_box *box);
size_t truth_unseen(const struct truth_box *box);

#endif
