/* policy: the rules that changes obey. */
#include "schema/row.h"

#define AT(member) offsetof(struct desired_policy, member)

#define PROTECTED (ANYBODY | REFERS(KIND_DOMAIN) | REFERS(KIND_ALIAS) | REFERS(KIND_HOST))

#define DAYS(n) ((int64_t)(n)*86400)

/* clang-format off */
static const struct field user_gate_fields[] = {
	{ "percent",  BETWEEN(TYPE_INT, 0, 100),     "10", OWNER_ENFORCE, RISK_POLICY, SERVED, AT(gate_users.percent),  "of all", UPWARD(RISK_HARMLESS) },
	{ "at_least", BETWEEN(TYPE_INT, 0, 1000000), "1",  OWNER_ENFORCE, RISK_POLICY, SERVED, AT(gate_users.at_least), "however few there are", UPWARD(RISK_HARMLESS) },
};

static const struct field other_gate_fields[] = {
	{ "percent",  BETWEEN(TYPE_INT, 0, 100),     "10", OWNER_ENFORCE, RISK_POLICY, SERVED, AT(gate_other.percent),  "of all", UPWARD(RISK_HARMLESS) },
	{ "at_least", BETWEEN(TYPE_INT, 0, 1000000), "5",  OWNER_ENFORCE, RISK_POLICY, SERVED, AT(gate_other.at_least), "however few there are", UPWARD(RISK_HARMLESS) },
};

static const struct table user_gate_table = { .noun = "a gate", .help = "How many may go in one change.", FIELDS(user_gate_fields) };
static const struct table other_gate_table = { .noun = "a gate", .help = "How many may go in one change.", FIELDS(other_gate_fields) };

static const struct field gates_fields[] = {
	{ "users", RECORD(&user_gate_table),  NULL, OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "user data: more than 10 % and more than 1" },
	{ "other", RECORD(&other_gate_table), NULL, OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "all else: more than 10 % and more than 5" },
};

static const struct table gates_table = { .noun = "`gates`", .help = "Removals that wait for an approval.", FIELDS(gates_fields) };

static const struct field approval_fields[] = {
	{ "exposing",     BETWEEN(TYPE_INT, 0, 10), "1", OWNER_ENFORCE, RISK_POLICY, SERVED, AT(approvals[AUTHORITY_EXPOSING]), "people for a change that lets others see or send", DOWNWARD(RISK_HARMLESS) },
	{ "irreversible", BETWEEN(TYPE_INT, 0, 10), "1", OWNER_ENFORCE, RISK_POLICY, SERVED, AT(approvals[AUTHORITY_IRREVERSIBLE]), "people for a change that cannot be undone", DOWNWARD(RISK_HARMLESS) },
	{ "policy",       BETWEEN(TYPE_INT, 0, 10), "1", OWNER_ENFORCE, RISK_POLICY, SERVED, AT(approvals[AUTHORITY_POLICY]), "people for a change that loosens a rule", DOWNWARD(RISK_HARMLESS) },
};

static const struct table approvals_table = { .noun = "`approvals`", .help = "How many people; who signed the commit counts as one.", FIELDS(approval_fields) };

static const struct field cooldown_fields[] = {
	{ "exposing",     BETWEEN(TYPE_DURATION, 0, DAYS(366)), "0s", OWNER_ENFORCE, RISK_POLICY, SERVED, AT(cooldown[AUTHORITY_EXPOSING]), "before a change that lets others see or send", DOWNWARD(RISK_HARMLESS) },
	{ "irreversible", BETWEEN(TYPE_DURATION, 0, DAYS(366)), "0s", OWNER_ENFORCE, RISK_POLICY, SERVED, AT(cooldown[AUTHORITY_IRREVERSIBLE]), "before a change that cannot be undone", DOWNWARD(RISK_HARMLESS) },
	{ "policy",       BETWEEN(TYPE_DURATION, 0, DAYS(366)), "0s", OWNER_ENFORCE, RISK_POLICY, SERVED, AT(cooldown[AUTHORITY_POLICY]), "before a change that loosens a rule", DOWNWARD(RISK_HARMLESS) },
};

static const struct table cooldown_table = { .noun = "`cooldown`", .help = "How long a change waits, and everybody is told.", FIELDS(cooldown_fields) };

static const struct field rollout_fields[] = {
	{ "first", LIST_OF(TYPE(TYPE_TEXT)),                  NULL, OWNER_ENFORCE, RISK_POLICY, LATER, 0, "objects that go first: KIND/ID" },
	{ "hold",  BETWEEN(TYPE_DURATION, 0, DAYS(366)),      "1h", OWNER_ENFORCE, RISK_POLICY, LATER, 0, "how long the rest waits", DOWNWARD(RISK_HARMLESS) },
};

static const struct table rollout_table = { .noun = "`rollout`", .help = "A change in two steps.", FIELDS(rollout_fields) };

static const struct field fields[] = {
	{ "interval",     BETWEEN(TYPE_DURATION, 10, DAYS(1)),     "5m",      OWNER_ENFORCE, RISK_POLICY, SERVED, AT(interval), "how often the world is compared with the state", UPWARD(RISK_HARMLESS) },
	{ "drift",        &(const struct type){ .kind = TYPE_MAP, .key = TYPE(TYPE_NAME), .item = WORDS("correct", "report", "adopt"), .words = ONE_OF_THESE("correct", "report", "adopt") },
	                                                           "correct", OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "what is done where somebody changed what lives; by kind: `{user: report}`", UPWARD(RISK_HARMLESS) },
	{ "retain",       BETWEEN(TYPE_DURATION, DAYS(1), DAYS(36600)), "30d", OWNER_ENFORCE, RISK_POLICY, SERVED, AT(retain), "how long the data of what left the state is kept at least", DOWNWARD(RISK_HARMLESS) },
	{ "gates",        RECORD(&gates_table),                    NULL,      OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "removals that wait for an approval" },
	{ "protect",      LIST_OF(REFERENCE(PROTECTED)),           NULL,      OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "objects that no change removes: KIND/ID", DOWNWARD(RISK_HARMLESS) },
	{ "approvals",    RECORD(&approvals_table),                NULL,      OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "how many people a change needs" },
	{ "cooldown",     RECORD(&cooldown_table),                 NULL,      OWNER_ENFORCE, RISK_POLICY, SERVED, 0, "how long a change waits" },
	{ "tell_users",   LIST_OF(WORDS("forward", "access", "reset", "recovery")), "forward, access, reset, recovery",
	                                                                      OWNER_ENFORCE, RISK_POLICY, SERVED, AT(tell_users), "changes of an account that its user is told of, in her mailbox", DOWNWARD(RISK_HARMLESS) },
	{ "local",        WORDS("propose", "allow", "deny"),       "propose", OWNER_ENFORCE, RISK_POLICY, LATER, 0, "what the web admin may do: propose (a signed branch), allow, deny" },
	{ "user_forward", WORDS("allow", "internal", "deny"),      "allow",   OWNER_ENFORCE, RISK_POLICY, SERVED, AT(user_forward), "where users may forward to", DOWNWARD(RISK_SERVICE) },
	{ "rollout",      RECORD(&rollout_table),                  NULL,      OWNER_ENFORCE, RISK_POLICY, LATER, 0, "a change in two steps" },
};
/* clang-format on */

const struct table policy_table = {
	.noun = "the policy",
	.help = "The rules that changes obey. Gates run under the policy last applied.",
	.kind = KIND_POLICY,
	FIELDS(fields),
	.size = sizeof(struct desired_policy),
};
