/* relays: servers that send for us. */
#include "schema/row.h"

#define AT(member) offsetof(struct desired_relay, member)

/* clang-format off */
static const struct field fields[] = {
	{ "host",     TYPE(TYPE_HOST),             NULL,  OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, AT(host), "its name, or its address" },
	{ "port",     BETWEEN(TYPE_INT, 1, 65535), "587", OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(port), "its port" },
	{ "user",     TYPE(TYPE_TEXT),             NULL,  OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(user), "the login name there" },
	{ "password", RECORD(&secret_table),       NULL,  OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(password), "the password there" },
	{ "spf",      TYPE(TYPE_TEXT),             NULL,  OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(spf), "what it adds to the SPF of domains that send through it: one mechanism" },
};
/* clang-format on */

const struct table relay_table = {
	.noun = "a relay",
	.help = "A server that sends for us.",
	.kind = KIND_RELAY,
	FIELDS(fields),
	.size = sizeof(struct desired_relay),
};
