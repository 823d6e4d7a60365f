/* Patterns of LIST and LSUB (RFC 3501, 6.3.8): '*' is any text, '%' any text without a
 * separator.
 *
 * All positions that may be reached are kept at once, a bit each, so that matching takes
 * time linear in the name whatever the pattern is. */
#ifndef IMAP_PATTERN_H
#define IMAP_PATTERN_H

#include "runtime/base/arena.h"

struct imap_pattern {
	size_t len;          /* without what repeats a wildcard */
	size_t words;        /* of 64 positions */
	uint64_t *literals;  /* for each octet, where it stands: 256 * words */
	uint64_t *wildcards; /* where a wildcard stands */
	uint64_t *stars;     /* where '*' stands */
	uint64_t *reached, *next;
	bool ends_in_percent;
	uint64_t work; /* words passed so far: what matching has cost */
};

/* `text` is at most LIMIT_IMAP_MAILBOX_NAME octets of UTF-8; lives in the arena. */
void imap_pattern_init(struct imap_pattern *p, struct view text, struct arena *arena);
/* INBOX, where it is the whole name, is compared without case. */
bool imap_pattern_matches(struct imap_pattern *p, struct view name);

#endif
