/* groups: people who are named together, and what they share. */
#include "schema/row.h"

/* clang-format off */
static const struct field fields[] = {
	{ "members", LIST_OF(HOLDER(REFERS(KIND_USER))), NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "its users, by id or address", UPWARD(RISK_SERVICE) },
};
/* clang-format on */

const struct table group_table = {
	.noun = "a group",
	.help = "People who are named together. What a group says of roles, quota and "
		"the "
		"like holds for each member who does not say otherwise.",
	.kind = KIND_GROUP,
	FIELDS(fields),
	.also = &user_table,
	.size = sizeof(struct desired_group),
};
