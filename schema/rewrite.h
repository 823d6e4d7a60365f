/* What was probably meant by a value that is wrong: `10 GB` is `10GiB`, `yes` is `true`,
 * `Anna <anna@a.example>` is the address alone. For the help line of an error. */
#ifndef SCHEMA_REWRITE_H
#define SCHEMA_REWRITE_H

#include "schema/value.h"

/* The value to write instead, in the arena; empty where there is no guess. What is given
 * is right for `type`. `fallback` is the default of the field, or NULL. Secrets and texts
 * are never guessed at: nothing of them is repeated. */
struct view rewrite_value(struct arena *arena, const struct type *type,
		const char *fallback, struct view text);

/* -- its parts: guesses that need not be right -- */

struct view rewrite_size(struct arena *arena, const struct type *type, struct view text);
struct view rewrite_duration(struct arena *arena, struct view text);
struct view rewrite_rate(struct arena *arena, struct view text);
struct view rewrite_date(struct arena *arena, struct view text);
struct view rewrite_schedule(struct arena *arena, struct view text);

#endif
