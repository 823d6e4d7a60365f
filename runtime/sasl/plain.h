/* SASL PLAIN (RFC 4616), the server's side: one message, `authzid NUL authcid NUL
 * password`. */
#ifndef SASL_PLAIN_H
#define SASL_PLAIN_H

#include "runtime/sasl/credentials.h"

/* Reads the message, base64 already undone. The authzid must be empty or the authcid.
 * SASL_E_*; `out` is then empty. The caller wipes its message. */
MUST_USE int plain_read(struct view message, struct credentials *out);

#endif
