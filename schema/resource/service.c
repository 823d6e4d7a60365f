/* services: machines that send. */
#include "schema/row.h"

#define AT(member) offsetof(struct desired_service, member)

/* clang-format off */
static const struct field fields[] = {
	{ "id",         TYPE(TYPE_ID),               NULL,    OWNER_ENFORCE, RISK_HARMLESS, SERVED | FIELD_OWN, 0, "the identity when the address changes" },
	{ "name",       TYPE(TYPE_TEXT),             NULL,    OWNER_ENFORCE, RISK_HARMLESS, SERVED | FIELD_OWN, AT(name), "as mail shows it" },
	{ "password",   RECORD(&password_table),     NULL,    OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_OWN | FIELD_REQUIRED, 0, "what it logs in with; the state's, and only the state changes it" },
	{ "from",       LIST_OF(TYPE(TYPE_NETWORK)), NULL,    OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(from), "the networks that it may log in from; left out: from anywhere", UPWARD(RISK_SERVICE), .unset_is_all = true },
	{ "to",         LIST_OF(TYPE(TYPE_REACH)),   NULL,    OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(to), "the domains and addresses that it may write to; left out: to anybody", UPWARD(RISK_SERVICE), .unset_is_all = true },
	{ "send_limit", TYPE(TYPE_RATE),             "300/d", OWNER_ENFORCE, RISK_POLICY,   SERVED, AT(send_limit), "recipients in a time: no more in any second, minute, hour or day", UPWARD(RISK_SERVICE) },
};
/* clang-format on */

const struct table service_table = {
	.noun = "a service",
	.help = "A machine that sends: a scanner, a monitor, a shop. It has no mailbox, "
		"and gets no mail.",
	.kind = KIND_SERVICE,
	FIELDS(fields),
	.size = sizeof(struct desired_service),
};
