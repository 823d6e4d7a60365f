/* What users and shared mailboxes have in common: an account with a file and a key of its
 * own, and addresses. */
#ifndef AGENT_DRIVER_POSTBOX_H
#define AGENT_DRIVER_POSTBOX_H

#include "agent/apply/apply.h"
#include "runtime/base/buf.h"

/* The account's rows with its wrapped key, of those that apply_prepare() made. */
MUST_USE int postbox_create(struct application *a, const struct change *change,
		struct view name, struct view locale);
/* Of one that is there: a rename keeps the old address for a while. */
MUST_USE int postbox_change(struct application *a, const struct change *change);
/* Refuses an address that a purge freed: mail to the one who had it would go to somebody
 * else. */
MUST_USE int postbox_check(
		const struct change *change, struct observation *o, struct plan *plan);
/* All of it goes. */
MUST_USE int postbox_purge(struct application *a, const struct change *change);
/* Sessions end. */
MUST_USE int postbox_retire(struct application *a, const struct change *change);
/* Reports those whose data nobody can read, since their key is gone, and those whose file is
 * set apart. */
MUST_USE int postbox_observe(const struct driver *driver, struct observation *o);

#endif
