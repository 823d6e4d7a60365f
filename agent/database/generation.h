/* Generations: the states that were accepted, byte for byte.
 *
 * What is desired is the newest one. The last GENERATIONS_KEPT are kept, compressed, each
 * file's content once however many generations share it. */
#ifndef AGENT_GENERATION_H
#define AGENT_GENERATION_H

#include "runtime/base/arena.h"
#include "runtime/base/clock.h"
#include "runtime/crypto/digest.h"
#include "schema/source.h"

#include <jansson.h>

struct buf;
struct database;

enum {
	GENERATIONS_KEPT = 50
};

struct generation {
	uint64_t number; /* from 1; 0: none was accepted yet */
	walltime accepted_at;
	struct view actor;
	struct view origin;
	unsigned char digest[DIGEST_SIZE]; /* over paths and contents */
	unsigned char plan_digest[DIGEST_SIZE];
	struct view summary; /* "2 changes: 1 add, 1 rename" */
	uint64_t serial;
};

/* Over paths and contents, in their order. */
void generation_digest(const struct source_file *files, size_t count,
		unsigned char out[DIGEST_SIZE]);

/* The newest one, without its files; number 0 where there is none. */
MUST_USE int generation_newest(
		struct database *db, struct arena *arena, struct generation *out);
/* Its files, in the arena. */
MUST_USE int generation_read_files(struct database *db, uint64_t number,
		struct arena *arena, struct source_file **out, size_t *count_out);
/* Stores it under the number given, and forgets the oldest. Within a transaction. */
MUST_USE int generation_store(struct database *db, const struct generation *generation,
		const struct source_file *files, size_t count);

struct history {
	struct arena *arena;
	struct generation *items; /* newest first */
	size_t count;
};

MUST_USE int history_read(struct database *db, size_t most, struct history **out);
/* NULL is fine. */
void history_free(struct history *history);
void history_freep(struct history **history);
void history_print(const struct history *history, struct buf *out);
/* {"format_version", "items": [{"generation", "accepted_at", …}]} */
MUST_USE json_t *history_json(const struct history *history);

#endif
