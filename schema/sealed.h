/* What stands in a sealed value, once it is open: where it belongs, where it may be sent, and
 * the secret.
 *
 *   backup/nightly/to.s3.secret_key
 *   to: https://s3.example:443
 *   THE SECRET
 *
 * Whoever may write a state may paste somebody's sealed value into another place, or change
 * the address that it is sent to. The host, which can open it, must not follow: the first line
 * has to be the place, the second the endpoint, where the secret is sent anywhere. */
#ifndef SCHEMA_SEALED_H
#define SCHEMA_SEALED_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

enum {
	SEALED_OK = 0,
	SEALED_E_PLACE = 1, /* ResealNeeded: it was sealed for another place */
	SEALED_E_ENDPOINT, /* ResealNeeded: it was sealed for another endpoint, or for none */
};

/* `endpoint` is as endpoint_of_url makes it; empty where the secret is sent nowhere: then a
 * second line `to:` is one that does not belong there. One line end behind the secret is no
 * part of it. *out is a view into `clear`. */
MUST_USE int sealed_read(struct view clear, struct view place, struct view endpoint,
		struct view *out);

struct desired_object; /* desired.h */

enum {
	SEALED_MAX = 96 *
		     1024, /* bytes of a value in base64, blanks and line ends with it */
};

/* The age file that a value is in base64, blanks and line ends left out. False where it is
 * none by its looks. */
MUST_USE bool sealed_decode(struct view text, struct buf *out);

/* Where the secret at `path` of an object is sent, by what its values say; empty: nowhere.
 * The object knows its values. */
struct view sealed_endpoint(struct arena *arena, const struct desired_object *object,
		struct view path);
/* `backup/nightly/to.s3.secret_key`. */
struct view sealed_place(struct arena *arena, const struct desired_object *object,
		struct view path);

/* SCHEME://HOST:PORT of a URL, in small letters, the port as it is without one being written;
 * empty where it has no host, or where nobody knows the port of its scheme. */
struct view endpoint_of_url(struct arena *arena, struct view url);

#endif
