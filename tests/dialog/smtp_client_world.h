/* The world of dialogs in which the engine is a client of SMTP, which other tests of it
 * live in as well. */
#ifndef TESTS_DIALOG_SMTP_CLIENT_WORLD_H
#define TESTS_DIALOG_SMTP_CLIENT_WORLD_H

#include "runtime/base/view.h"

struct trickle_world;

/* One world; it is made new by its reset. */
const struct trickle_world *smtp_client_world(void);
/* What was told and nobody has looked for yet, a line each with LF; dies at the next
 * operation. */
struct view smtp_client_world_told(void);
/* Gives its memory back. */
void smtp_client_world_end(void);

#endif
