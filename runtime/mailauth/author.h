/* Whose message is it? The domain of its From field, as DMARC asks for it (RFC 7489, 3.1
 * and 6.6.1), read by the same parser as all that is shown and stored. */
#ifndef MAILAUTH_AUTHOR_H
#define MAILAUTH_AUTHOR_H

#include "runtime/base/arena.h"

enum {
	AUTHOR_OK = 0,
	AUTHOR_E_FIELDS = 1, /* no From field, or several */
	AUTHOR_E_NONE,       /* no address in it, or one without a domain name */
	AUTHOR_E_SEVERAL,    /* addresses of several domains */
};

struct author {
	struct view domain; /* normalised */
	bool clean; /* written as addresses are, with nothing that others might read
		       otherwise */
};

/* Of a header block. */
MUST_USE int author_find(struct arena *arena, struct view header, struct author *out);

#endif
