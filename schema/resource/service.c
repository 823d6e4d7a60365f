/* services: machines that send. */
#include "schema/row.h"

/* clang-format off */
static const struct field fields[] = {
	{ "id",         TYPE(TYPE_ID),                NULL,    OWNER_ENFORCE, RISK_HARMLESS, LATER | FIELD_OWN, 0, "the identity when the address changes" },
	{ "name",       TYPE(TYPE_TEXT),              NULL,    OWNER_ENFORCE, RISK_HARMLESS, LATER | FIELD_OWN, 0, "as mail shows it" },
	{ "password",   RECORD(&password_table),      NULL,    OWNER_ENFORCE, RISK_EXPOSING, LATER | FIELD_OWN, 0, "what it logs in with" },
	{ "from",       LIST_OF(TYPE(TYPE_NETWORK)),  NULL,    OWNER_ENFORCE, RISK_EXPOSING, LATER, 0, "the networks that it may come from" },
	{ "to",         LIST_OF(TYPE(TYPE_TEXT)),     NULL,    OWNER_ENFORCE, RISK_EXPOSING, LATER, 0, "the domains and addresses that it may write to" },
	{ "send_limit", TYPE(TYPE_RATE),              "300/d", OWNER_ENFORCE, RISK_POLICY,   LATER, 0, "recipients in a time" },
};
/* clang-format on */

const struct table service_table = {
	.noun = "a service",
	.help = "A machine that sends: a scanner, a monitor, a shop.",
	.kind = KIND_SERVICE,
	FIELDS(fields),
	.size = sizeof(struct desired_object),
};
