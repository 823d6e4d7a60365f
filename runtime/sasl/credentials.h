/* What a password mechanism yields: a name and a secret. */
#ifndef SASL_CREDENTIALS_H
#define SASL_CREDENTIALS_H

#include "runtime/base/buf.h"
#include "runtime/base/secret.h"

enum {
	SASL_USER_SIZE = 320,      /* bytes of a name */
	SASL_PASSWORD_SIZE = 1024, /* bytes of a password */
};

enum {
	SASL_E_SYNTAX = 1, /* not what the mechanism's grammar says, or too long */
	SASL_E_AUTHZID,    /* asks to act for someone else */
	SASL_E_NAME,       /* a name that nobody can have: controls, or not UTF-8 */
};

struct credentials {
	struct buf user; /* UTF-8, no control characters */
	struct secret password;
};

#define CREDENTIALS_NULL ((struct credentials){ BUF_NULL(SASL_USER_SIZE), SECRET_NULL })

/* Freed credentials may be freed again. */
void credentials_free(struct credentials *credentials);

/* Copies a name that can be looked up: 1 to SASL_USER_SIZE bytes, UTF-8, no controls. */
MUST_USE int credentials_set_user(struct credentials *credentials, struct view user);
/* Copies 1 to SASL_PASSWORD_SIZE bytes without NUL. */
MUST_USE int credentials_set_password(
		struct credentials *credentials, struct view password);

#endif
