/* Effects outside of this process: what a kind of object does at a provider of DNS, at an
 * issuer, at a store of backups.
 *
 * A plan puts each effect into the outbox, in the transaction that writes the object's row;
 * the dispatcher hands it to a courier, whose thread may block, and the answer comes back
 * to the agent's loop as an event. What a driver offers here is called on such a thread: it
 * has the effect's own bytes and nothing else of the agent, and it is told to stop by
 * `stopping`. One object is worked on by one thread at a time.
 *
 * An effect of several steps does one a call. It answers InProgress, with what it has reached
 * as its progress; that is on disk, sealed, before the next step begins from it. So what a
 * step made (an account, an order, a key) is never used before it is kept. */
#ifndef AGENT_EFFECT_H
#define AGENT_EFFECT_H

#include "agent/database/object.h"
#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

#include <stdatomic.h>

struct agent_file; /* schema/agent_file.h */
struct database;
struct key;

enum operation {
	OPERATION_CREATE,
	OPERATION_UPDATE,
	OPERATION_REMOVE,
	OPERATIONS,
};

const char *operation_name(enum operation operation);

struct effect {
	enum operation operation;
	bool looks; /* for `brief` and `keep`: what lives is asked for, nothing is done */
	unsigned char uid[UID_SIZE]; /* of the object: a name that outlives renames */
	/* JSON as the driver gave it in `wanted.applied`: what shall live; of a removal, what
	 * lived. */
	struct view text;
	/* What of this object may live besides, as `applied` was before: one JSON a line, the
	 * newest last. With `text` it is all that is ours; empty: nothing else is. */
	struct view former;
	/* The same in each try of one effect; another effect has another. For providers that
	 * do nothing twice under one key. */
	struct view key;
	struct view progress; /* of the answer before; empty: this is the first step */
	struct view brief;    /* what `brief` wrote */
	walltime now;         /* when it was sent out */
	const struct agent_file *file; /* what the machine allows; lives longer */
	const atomic_bool *stopping; /* the agent ends: come back soon, as with a fault */
};

enum {
	EFFECT_LIVE = 1024 * 1024, /* bytes of what lives */
	EFFECT_MESSAGE = 1024,
	EFFECT_PROGRESS = 256 * 1024,
};

struct effect_answer {
	/* Of look: what lives, as the same JSON that `applied` would be of it, byte for byte;
	 * empty where nothing does. */
	struct buf live;
	/* Of a failure. */
	const char *reason; /* a word of reason.c: its class says what happens next */
	struct buf message; /* for people: what the other side said; no secrets */
	nstime given;       /* the time it asked for; 0: none */
	bool untouched;     /* perform: it is certain that nothing was changed */
	/* Where the next call goes on, whatever this one came to; wiped when it goes. Empty: it
	 * begins where this one did. */
	struct buf progress;
};

enum {
	EFFECT_DONE = 0,
	EFFECT_E_FAILED = 1, /* the answer says why */
};

/* The agent's side of an effect, for `brief` and `keep`: within a transaction. */
struct effect_desk {
	struct database *db;
	const struct key *key; /* seals what has to be secret at rest */
	struct arena *arena;
	walltime now;
	struct view object; /* of keep: "certificate/mail", for events */
};

struct effects {
	/* False for an object that has nothing outside: its row alone counts. NULL: all have. */
	bool (*concerns)(struct view text);
	/* True of effects that go on from their progress: perform may be called again
	 * whatever became of the call before. Then look is for what is done, alone. */
	bool resumes;
	/* The queue that this one stands in, "dns/corp": providers do not wait for each
	 * other. On the agent's thread; reads `applied`. */
	struct view (*provider)(struct view text, struct arena *arena);
	/* Asks the world what lives. Changes nothing. */
	int (*look)(const struct effect *effect, struct effect_answer *out);
	/* Does it. Called again only after a failure that was `untouched`, or once look said
	 * that nothing had changed; unless it `resumes`. A fault is a mistake of ours:
	 * InternalError. */
	int (*perform)(const struct effect *effect, struct effect_answer *out);
	/* Before each call, in the transaction that writes its intent: what it has to know of the
	 * agent, and what it will use up is counted. The bytes are wiped behind the call. NULL:
	 * nothing. */
	int (*brief)(const struct effect_desk *desk, const struct effect *effect,
			struct buf *out);
	/* In the transaction that says what became of a call, `outcome`: writes what it brought
	 * into the kind's own tables. *serves_out: what is served follows from those, and is
	 * brought up before anything else goes out. NULL: nothing. */
	int (*keep)(const struct effect_desk *desk, const struct effect *effect,
			int outcome, const struct effect_answer *answer,
			bool *serves_out);
};

static inline bool effects_concern(const struct effects *effects, struct view text)
{
	return effects && (!effects->concerns || effects->concerns(text));
}

/* Sets reason and message; returns EFFECT_E_FAILED. */
int effect_failed(struct effect_answer *answer, const char *reason, const char *format,
		...) PRINTF_LIKE(3, 4);
void effect_answer_deinit(struct effect_answer *answer);
#define EFFECT_ANSWER_NULL                                                               \
	((struct effect_answer){ .live = BUF_NULL(EFFECT_LIVE),                          \
			.message = BUF_NULL(EFFECT_MESSAGE),                             \
			.progress = BUF_NULL(EFFECT_PROGRESS) })

#endif
