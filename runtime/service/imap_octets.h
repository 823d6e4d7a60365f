/* The octets of one section of a message, as FETCH asks for them: a part of the message, a
 * choice of its header fields, or a part with its transfer encoding undone. */
#ifndef SERVICE_IMAP_OCTETS_H
#define SERVICE_IMAP_OCTETS_H

#include "runtime/service/imap_perform.h"
#include "runtime/store/message.h"

struct imap_octets {
	bool absent;     /* there is no such section */
	bool unknown;    /* nobody knows how to decode it */
	bool has_nul;    /* only where it is decoded */
	uint64_t len;    /* with `partial` applied */
	uint64_t passed; /* encoded octets that had to be gone through so far */
	/* -- for reading -- */
	int64_t content;
	uint64_t skipped; /* by `partial` */
	enum {
		OCTETS_AS_THEY_ARE,
		OCTETS_CHOSEN,
		OCTETS_DECODED,
	} kind;
	struct section_range range; /* in the message */
	struct buf fields;          /* where chosen */
};

/* STORE_E_ABSENT: the content has gone. Ends by imap_octets_free in any case. */
MUST_USE int imap_octets_find(struct imap_performer *p, struct account_store *store,
		int64_t content, const struct imap_section *section,
		struct imap_octets *out);
void imap_octets_free(struct imap_octets *octets);

/* Octets `at` and on, at most `len` and IMAP_BATCH_BYTES, in the arena. */
MUST_USE int imap_octets_read(struct imap_performer *p, struct account_store *store,
		struct imap_octets *octets, uint64_t at, uint64_t len,
		struct arena *arena, struct view *out);

#endif
