/* Giving up root: for good, and checked. */
#ifndef BASE_PRIVILEGES_H
#define BASE_PRIVILEGES_H

#include "runtime/base/attr.h"

#include <stdbool.h>

enum {
	PRIVILEGES_OK = 0,
	PRIVILEGES_E_NO_USER = 1, /* the host knows nobody of that name */
	PRIVILEGES_E_ROOT,        /* that name is root's */
	PRIVILEGES_E_KEPT,        /* they could be had back: do not go on */
};

/* True for root, and for who has a right of root's beyond opening low ports. */
bool privileges_are_root(void);

/* Becomes this user, with his group and no other; keeps the right to open ports below 1024
 * and nothing else, so that a later state can still name one. Tries to get back, and says so
 * where that works. With one thread, before helpers are forked: they inherit it. */
MUST_USE int privileges_drop(const char *user);

#endif
