/* shared: mailboxes of several people. */
#include "schema/row.h"

#define AT(member) offsetof(struct desired_shared, member)

/* clang-format off */
static const struct field fields[] = {
	{ "id",        TYPE(TYPE_ID),                 NULL,      OWNER_ENFORCE, RISK_HARMLESS, SERVED | FIELD_OWN, 0, "the identity when the address changes" },
	{ "name",      TYPE(TYPE_TEXT),               NULL,      OWNER_INITIAL, RISK_HARMLESS, SERVED | FIELD_OWN, AT(name), "as mail shows it" },
	{ "members",   MAP_OF(HOLDER(ANYBODY), WORDS("read", "write", "manage")),
	                                              NULL,      OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_OWN, 0, "users and groups, and what they may do: read; write, which is flags and messages; manage, which is folders too", UPWARD(RISK_DATA) },
	{ "send_as",   WORDS("members", "none"),      "members", OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(send_as), "who may write in its name", DOWNWARD(RISK_SERVICE) },
	{ "quota",     BETWEEN(TYPE_SIZE, 1048576, (int64_t)1 << 50), "10GiB", OWNER_ENFORCE, RISK_DATA, SERVED, AT(quota), "how much it holds", DOWNWARD(RISK_HARMLESS) },
	{ "addresses", LIST_OF(TYPE(TYPE_ADDRESS)),   NULL,      OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_OWN, AT(addresses), "further addresses", UPWARD(RISK_SERVICE) },
	{ "retention", RECORD(&retention_table),      NULL,      OWNER_ENFORCE, RISK_DATA,     LATER, 0, "how long mail is kept" },
	{ "adopt",     TYPE(TYPE_BOOL),               "false",   OWNER_ENFORCE, RISK_HARMLESS, SERVED | FIELD_OWN, AT(adopt), "true: an account file of it that is here, and that no object owns, is its own again, without `--adopt`" },
	{ "hold",      TYPE(TYPE_BOOL),               "false",   OWNER_ENFORCE, RISK_POLICY,   LATER, 0, "true: nothing of it is ever destroyed", DOWNWARD(RISK_HARMLESS) },
};
/* clang-format on */

const struct table shared_table = {
	.noun = "a shared mailbox",
	.help = "A mailbox of several people, which nobody logs into: each member finds "
		"it "
		"below Shared/ in a mailbox of her own. Who is named has the right that "
		"is "
		"said; else the highest that a group of hers has.",
	.kind = KIND_SHARED,
	FIELDS(fields),
	.size = sizeof(struct desired_shared),
};
