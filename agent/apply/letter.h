/* Letters that wait to be written: what people have to be told of a change is put here in the
 * transaction that makes the change, so that neither is without the other, and goes into the
 * mail server's own log once that takes it. A crash between the two writes a letter twice,
 * under one Message-ID. */
#ifndef AGENT_LETTER_H
#define AGENT_LETTER_H

#include "runtime/base/view.h"

#include <stddef.h>

struct database;
struct runtime;

struct letter_draft {
	const struct view *to; /* addresses … */
	size_t to_count;
	const unsigned char *account; /* … or one account, by its uid */
	struct view subject, text;
};

/* Within a transaction. */
MUST_USE int letter_put(struct database *db, const struct letter_draft *letter);
/* Writes a few of those that wait. *left_out: more do, or the server takes none now. */
MUST_USE int letters_write(struct database *db, struct runtime *runtime, bool *left_out);

#endif
