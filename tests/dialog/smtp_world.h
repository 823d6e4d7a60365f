/* The world of SMTP dialogs, which other tests of the engine live in as well. */
#ifndef TESTS_DIALOG_SMTP_WORLD_H
#define TESTS_DIALOG_SMTP_WORLD_H

#include "runtime/base/view.h"

struct trickle_world;

/* One world; it is made new by its reset. */
const struct trickle_world *smtp_world(void);

/* What was done in it. */
struct smtp_deeds {
	uint64_t logins, messages, aborts;
	bool open;        /* a transaction is */
	struct view last; /* the message under way, or the last; dies at the next deed */
};

struct smtp_deeds smtp_world_deeds(void);
/* Gives its memory back. */
void smtp_world_end(void);

#endif
