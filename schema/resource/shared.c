/* shared: mailboxes of several people. */
#include "schema/row.h"

/* clang-format off */
static const struct field fields[] = {
	{ "id",        TYPE(TYPE_ID),                 NULL,      OWNER_ENFORCE, RISK_HARMLESS, LATER | FIELD_OWN, 0, "the identity when the address changes" },
	{ "name",      TYPE(TYPE_TEXT),               NULL,      OWNER_INITIAL, RISK_HARMLESS, LATER | FIELD_OWN, 0, "as mail shows it" },
	{ "members",   MAP_OF(REFERENCE(ANYBODY), WORDS("read", "write", "manage")),
	                                              NULL,      OWNER_ENFORCE, RISK_EXPOSING, LATER | FIELD_OWN, 0, "who may do what: a key slot each" },
	{ "send_as",   WORDS("members", "none"),      "members", OWNER_ENFORCE, RISK_EXPOSING, LATER, 0, "who may write in its name" },
	{ "quota",     BETWEEN(TYPE_SIZE, 1048576, (int64_t)1 << 50), "10GiB", OWNER_ENFORCE, RISK_DATA, LATER, 0, "how much it holds" },
	{ "addresses", LIST_OF(TYPE(TYPE_ADDRESS)),   NULL,      OWNER_ENFORCE, RISK_EXPOSING, LATER | FIELD_OWN, 0, "further addresses" },
	{ "retention", RECORD(&retention_table),      NULL,      OWNER_ENFORCE, RISK_DATA,     LATER, 0, "how long mail is kept" },
	{ "hold",      TYPE(TYPE_BOOL),               "false",   OWNER_ENFORCE, RISK_POLICY,   LATER, 0, "true: nothing of it is ever destroyed" },
};
/* clang-format on */

const struct table shared_table = {
	.noun = "a shared mailbox",
	.help = "A mailbox of several people.",
	.kind = KIND_SHARED,
	FIELDS(fields),
	.size = sizeof(struct desired_object),
};
