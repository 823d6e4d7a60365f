/* The record that publishes a signing key: s._domainkey.d, TXT (RFC 6376, 3.6.1). */
#ifndef MAILAUTH_DKIM_KEY_H
#define MAILAUTH_DKIM_KEY_H

#include "runtime/crypto/signing_key.h"
#include "runtime/mailauth/tag_list.h"

struct dkim_key {
	enum key_algorithm algorithm;
	struct view octets; /* for public_key_read(); empty: the key was revoked */
	bool testing;       /* t=y */
	bool strict;        /* t=s: i= must be of d= itself */
	bool sha256;        /* may be used with it */
	bool email;         /* may be used for mail */
};

enum {
	DKIM_KEY_E_SYNTAX = 1, /* no key record */
	DKIM_KEY_E_ALGORITHM,  /* one for an algorithm that we do not know */
};

/* The octets live in the arena. */
MUST_USE int dkim_key_parse(struct arena *arena, struct view text, struct dkim_key *out);
/* Adds the record of our key's public half: what the state of a domain publishes. */
MUST_USE int dkim_key_print(const struct signing_key *key, struct buf *out);

#endif
