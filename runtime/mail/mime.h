/* The fields that say what a body is: Content-Type (RFC 2045, 5), Content-Disposition
 * (RFC 2183), Content-Transfer-Encoding (RFC 2045, 6), Content-Language (RFC 3282), and
 * their parameters with continuations and charsets (RFC 2231). */
#ifndef MAIL_MIME_H
#define MAIL_MIME_H

#include "runtime/base/arena.h"

struct mime_parameter {
	struct view name;  /* lower case; ends with '*' where the value is extended:
			      charset'language'percent-encoded (RFC 2231, 4) */
	struct view value; /* without quotes; continuations are joined */
};

struct mime_parameters {
	struct mime_parameter *items;
	size_t count;   /* at most LIMIT_MIME_PARAMETERS; the first of a name wins */
	bool ambiguous; /* a name came twice, or one of the text was dropped */
};

struct content_type {
	struct view type;    /* lower case: "text" */
	struct view subtype; /* lower case: "plain" */
	struct mime_parameters parameters;
};

struct content_disposition {
	struct view kind; /* lower case: "inline", "attachment" */
	struct mime_parameters parameters;
};

enum transfer_encoding {
	ENCODING_7BIT,
	ENCODING_8BIT,
	ENCODING_BINARY,
	ENCODING_QUOTED_PRINTABLE,
	ENCODING_BASE64,
	ENCODING_OTHER, /* unknown: the body is opaque (RFC 2045, 6.4) */
};

/* Each parses the folded value of its field; what is made lives in the arena. False where
 * the value has no type, subtype or kind: the field then counts as absent (RFC
 * 2045, 5.2).
 */
MUST_USE bool content_type_parse(
		struct arena *arena, struct view value, struct content_type *out);
MUST_USE bool content_disposition_parse(
		struct arena *arena, struct view value, struct content_disposition *out);
/* The token itself in lower case, for those who pass it on; empty where there is none. */
struct view transfer_encoding_token(struct arena *arena, struct view value);
enum transfer_encoding transfer_encoding_of(struct view token);

/* The raw value of parameter `name` (or, where only that is there, `name*`), or empty. */
struct view mime_parameter(const struct mime_parameters *parameters, struct view name);
/* The same for people: RFC 2231 charsets and (against the letter of RFC 2047, 5, since so
 * many send them) encoded words decoded to UTF-8. */
struct view mime_parameter_text(struct arena *arena,
		const struct mime_parameters *parameters, struct view name);

#endif
