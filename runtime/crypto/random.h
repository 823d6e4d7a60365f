/* Random bytes from the system, drawn ahead into a pool of the thread's own, so that a
 * nonce costs no system call. What was handed out is wiped from the pool; a forked child
 * starts with an empty one. */
#ifndef CRYPTO_RANDOM_H
#define CRYPTO_RANDOM_H

#include "runtime/base/arena.h"

#include <stddef.h>

void random_bytes(void *out, size_t len);
/* As many of them in hexadecimal, for a name that nobody else has. */
struct view random_name(struct arena *arena, size_t len);

#endif
