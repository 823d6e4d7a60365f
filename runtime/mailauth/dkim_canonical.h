/* The two forms in which DKIM reads a message, whatever the mailers between did to its
 * blanks (RFC 6376, 3.4). Lines end in CRLF; a CR or LF that stands alone is an octet like
 * others. */
#ifndef MAILAUTH_DKIM_CANONICAL_H
#define MAILAUTH_DKIM_CANONICAL_H

#include "runtime/crypto/sha256.h"
#include "runtime/mail/header.h"

enum dkim_canonical {
	DKIM_SIMPLE,
	DKIM_RELAXED,
};

/* A body on its way into a digest. */
struct dkim_body {
	enum dkim_canonical how;
	struct sha256 *sha;
	uint64_t size;        /* octets that went into the digest so far */
	uint64_t empty_lines; /* that count where something follows */
	bool cr;              /* a CR that may begin a line end */
	bool blank;           /* relaxed: blanks that count where something follows */
	bool in_line;         /* the line under way is not empty */
	char out[4096];       /* on their way to the digest */
	size_t out_len;
};

void dkim_body_init(struct dkim_body *body, enum dkim_canonical how);
/* Harmless twice, and on zeroes. */
void dkim_body_deinit(struct dkim_body *body);
void dkim_body_add(struct dkim_body *body, struct view bytes);
/* The end of the body: `size` is final now, too. Once. */
void dkim_body_final(struct dkim_body *body, unsigned char out[DIGEST_SIZE]);

/* Adds a field with its line end. */
void dkim_field_add(struct sha256 *sha, enum dkim_canonical how,
		const struct header_field *field);
/* Adds the signature's own field, from its name to where the value of b= begins and from
 * where it ends, without a line end (3.7). */
void dkim_signature_add(struct sha256 *sha, enum dkim_canonical how, struct view before,
		struct view after);

#endif
