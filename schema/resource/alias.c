/* aliases: addresses that lead elsewhere, or nowhere. */
#include "schema/row.h"

#define AT(member) offsetof(struct desired_alias, member)

/* clang-format off */
static const struct field fields[] = {
	{ "id",       TYPE(TYPE_ID),               NULL,    OWNER_ENFORCE, RISK_HARMLESS, SERVED | FIELD_OWN, 0, "the identity when the address changes" },
	{ "to",       LIST_OF(REFERENCE(MAILBOXES)), NULL,  OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_OWN | FIELD_REMOTE, AT(to), "users, groups, shared mailboxes and addresses", UPWARD(RISK_SERVICE) },
	{ "reject",   TYPE(TYPE_TEXT),             NULL,    OWNER_ENFORCE, RISK_DATA,     SERVED | FIELD_OWN, AT(reject), "mail is refused with this text" },
	{ "discard",  TYPE(TYPE_BOOL),             NULL,    OWNER_ENFORCE, RISK_DATA,     SERVED | FIELD_OWN, AT(discard), "mail is taken and thrown away" },
	{ "match",    TYPE(TYPE_PATTERN),          NULL,    OWNER_ENFORCE, RISK_EXPOSING, LATER | FIELD_OWN, 0, "a regular expression over the local part; `to` may use $1" },
	{ "priority", BETWEEN(TYPE_INT, 0, 1000),  NULL,    OWNER_ENFORCE, RISK_EXPOSING, LATER | FIELD_OWN, 0, "which of two patterns that overlap comes first: the higher" },
	{ "send_as",  LIST_OF(HOLDER(ANYBODY)),    NULL,    OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_OWN, AT(send_as), "users and groups who may write in its name", UPWARD(RISK_SERVICE) },
	{ "webhook",  RECORD(&webhook_table),      NULL,    OWNER_ENFORCE, RISK_EXPOSING, LATER | FIELD_OWN, 0, "a program elsewhere that is told of each message" },
};
/* clang-format on */

const struct table alias_table = {
	.noun = "an alias",
	.help = "An address that leads elsewhere, or nowhere. An exact address comes "
		"before "
		"a subaddress, that before a pattern, that before the catch-all.",
	.kind = KIND_ALIAS,
	FIELDS(fields),
	.short_form = "to",
	.one_of = ONE_OF_THESE("to", "reject", "discard"),
	.size = sizeof(struct desired_alias),
};
