/* Zones of the DNS in memory: at their provider, and at two servers that take over what it
 * has, at once or when they are told to.
 *
 * Linked before agent/provider/ask.c and powerdns.c, it stands for both. All zones of two
 * labels are there until they are gone. Values of one set are parted by `|`. */
#ifndef TESTS_LIB_FAKE_ZONE_H
#define TESTS_LIB_FAKE_ZONE_H

#include "runtime/base/buf.h"

enum {
	FAKE_SERVERS = 2,
	FAKE_TEXT = 64 * 1024,
};

/* Forgets all of it; changes are visible at once, nothing fails. */
void fake_zone_reset(void);
/* True: the servers take over a change only when they are told to. */
void fake_zone_lag(bool lags);
/* Server 0 or 1 takes over what the provider has. */
void fake_zone_follow(int server);
/* A server that does not answer. */
void fake_zone_silence(int server, bool silent);
/* Somebody's hand: at the provider and at all servers. Empty: the set is gone. */
void fake_zone_put(const char *name, const char *type, uint32_t ttl, const char *values);
/* "TTL VALUE|VALUE" at the provider, or at a server (0, 1); empty: there is none. */
void fake_zone_at_provider(const char *name, const char *type, struct buf *out);
void fake_zone_at_server(int server, const char *name, const char *type, struct buf *out);
/* Nobody has this zone any more; NULL: all are there. */
void fake_zone_gone(const char *zone);

/* Calls of "read", "change" or "ask" fail with this reason, `count` times; `after`: the change
 * was made, and the answer is lost. */
void fake_zone_fault(const char *on, const char *reason, bool after, unsigned count);
/* Changes that were made since the last reset. */
size_t fake_zone_changes(void);
/* All that the provider has, a line a set, sorted. */
void fake_zone_print(struct buf *out);
/* Called, where it is set, on the courier's thread before (0) and after (1) each call. */
extern void (*fake_zone_boundary)(int after);

#endif
