/* The world of IMAP dialogs, which the fuzz target lives in as well. */
#ifndef TESTS_DIALOG_IMAP_WORLD_H
#define TESTS_DIALOG_IMAP_WORLD_H

struct trickle_world;

/* One world; it is made new by its reset. */
const struct trickle_world *imap_world(void);

#endif
