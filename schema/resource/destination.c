/* destinations: domains of others that are sent to in a way of their own. */
#include "schema/row.h"

/* clang-format off */
static const struct field fields[] = {
	{ "send_via", &(const struct type){ .kind = TYPE_REFERENCE, .kinds = REFERS(KIND_RELAY), .words = ONE_OF_THESE("direct") },
	  NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, offsetof(struct desired_destination, send_via), "a relay, or `direct`; the most specific wins" },
};
/* clang-format on */

const struct table destination_table = {
	.noun = "a destination",
	.help = "A domain of others that is sent to in a way of its own.",
	.kind = KIND_DESTINATION,
	FIELDS(fields),
	.short_form = "send_via",
	.size = sizeof(struct desired_destination),
};
