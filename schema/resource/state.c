/* The root of a state: its sections. */
#include "schema/row.h"

/* clang-format off */
static const struct field defaults_fields[] = {
	{ "host",    RECORD(&host_table),    NULL, OWNER_ENFORCE, RISK_SERVICE,  SERVED, 0, "what a host has that does not say otherwise" },
	{ "domain",  RECORD(&domain_table),  NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "what a domain has that does not say otherwise" },
	{ "user",    RECORD(&user_table),    NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "what a user has that neither a group nor the user says otherwise" },
	{ "shared",  RECORD(&shared_table),  NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED,  0, "what a shared mailbox has that does not say otherwise" },
	{ "service", RECORD(&service_table), NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED,  0, "what a service has that does not say otherwise" },
};

static const struct table defaults_table = { .noun = "`defaults`", .help = "Values for all objects of a kind: schema < defaults < groups < object.", FIELDS(defaults_fields) };

static const struct field secrets_fields[] = {
	{ "recipients", MAP_OF(TYPE(TYPE_TEXT), TYPE(TYPE_RECIPIENT)), NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "who can open sealed values: host/NAME, recovery", UPWARD(RISK_SERVICE) },
};

static const struct table secrets_table = { .noun = "`secrets`", .help = "Who can open what is sealed.", FIELDS(secrets_fields) };

static const struct field spam_fields[] = {
	{ "engine",    WORDS("builtin", "rspamd"),             "builtin", OWNER_ENFORCE, RISK_POLICY,   LATER, 0, "who judges" },
	{ "url",       TYPE(TYPE_URL),                         NULL,      OWNER_ENFORCE, RISK_EXPOSING, LATER, 0, "rspamd: where it is" },
	{ "reject_at", BETWEEN(TYPE_INT, 1, 1000),             "15",      OWNER_ENFORCE, RISK_POLICY,   LATER, 0, "points from which on mail is refused", UPWARD(RISK_DATA) },
	{ "junk_at",   BETWEEN(TYPE_INT, 1, 1000),             "5",       OWNER_ENFORCE, RISK_POLICY,   LATER, 0, "points from which on mail goes to Junk", UPWARD(RISK_SERVICE) },
	{ "greylist",  BETWEEN(TYPE_DURATION, 0, 86400),       "5m",      OWNER_ENFORCE, RISK_POLICY,   LATER, 0, "how long a stranger's first attempt is put off", DOWNWARD(RISK_SERVICE) },
	{ "dnsbl",     LIST_OF(TYPE(TYPE_DOMAIN)),             NULL,      OWNER_ENFORCE, RISK_POLICY,   LATER, 0, "block lists that are asked", DOWNWARD(RISK_SERVICE) },
};

static const struct table spam_table = { .noun = "`spam`", .help = "How mail from outside is judged.", FIELDS(spam_fields) };

static const struct field logs_fields[] = {
	{ "retain",    BETWEEN(TYPE_DURATION, 0, (int64_t)3660 * 86400), "14d",   OWNER_ENFORCE, RISK_DATA,   LATER, 0, "how long lines are kept", DOWNWARD(RISK_HARMLESS) },
	{ "addresses", WORDS("plain", "hash"),                           "plain", OWNER_ENFORCE, RISK_POLICY, LATER, 0, "how addresses stand in them", DOWNWARD(RISK_HARMLESS) },
};

static const struct table logs_table = { .noun = "`logs`", .help = "What is written down, and for how long.", FIELDS(logs_fields) };

static const struct field upgrades_fields[] = {
	{ "schedule", TYPE(TYPE_SCHEDULE),          "weekly Sun 04:00", OWNER_ENFORCE, RISK_SERVICE, LATER, 0, "when" },
	{ "channel",  WORDS("stable", "candidate"), "stable",           OWNER_ENFORCE, RISK_SERVICE, LATER, 0, "which versions" },
};

static const struct table upgrades_table = { .noun = "`upgrades`", .help = "New versions of this program.", FIELDS(upgrades_fields) };

static const struct field maintenance_fields[] = {
	{ "upgrades", RECORD(&upgrades_table), NULL, OWNER_ENFORCE, RISK_SERVICE, LATER, 0, "new versions of this program" },
};

static const struct table maintenance_table = { .noun = "`maintenance`", .help = "What the host does for itself.", FIELDS(maintenance_fields) };

static const struct field moved_fields[] = {
	{ "kind", WORDS("user", "shared", "service", "alias", "domain", "group"), NULL, OWNER_ENFORCE, RISK_DATA, SERVED | FIELD_REQUIRED, 0, "of the object" },
	{ "from", TYPE(TYPE_TEXT), NULL, OWNER_ENFORCE, RISK_DATA, SERVED | FIELD_REQUIRED, 0, "its identity before: its id, or its key where it has none" },
	{ "to",   TYPE(TYPE_TEXT), NULL, OWNER_ENFORCE, RISK_DATA, SERVED | FIELD_REQUIRED, 0, "its identity now" },
};

static const struct table moved_table = { .noun = "an entry of `moved`", .help = "An object that changed its identity.", FIELDS(moved_fields) };

static const struct field purge_fields[] = {
	{ "kind", WORDS("user", "shared", "service", "domain"), NULL, OWNER_ENFORCE, RISK_IRREVERSIBLE, SERVED | FIELD_REQUIRED, 0, "of the object" },
	{ "id",   TYPE(TYPE_TEXT), NULL, OWNER_ENFORCE, RISK_IRREVERSIBLE, SERVED | FIELD_REQUIRED, 0, "its identity" },
	{ "uid",  TYPE(TYPE_TEXT), NULL, OWNER_ENFORCE, RISK_IRREVERSIBLE, SERVED | FIELD_REQUIRED, 0, "the number that the host gave it; `posthus get` shows it" },
};

static const struct table purge_table = { .noun = "an entry of `purge`", .help = "An object whose data is destroyed, once it left the state and `policy.retain` is over.", FIELDS(purge_fields) };

#define OBJECTS(key_kind, table_) MAP_OF(TYPE(key_kind), RECORD(table_))

static const struct field fields[] = {
	{ "version",      BETWEEN(TYPE_INT, 1, 1),                        NULL, OWNER_ENFORCE, RISK_HARMLESS, SERVED | FIELD_REQUIRED, 0, "the version of the language" },
	{ "hosts",        OBJECTS(TYPE_NAME, &host_table),                NULL, OWNER_ENFORCE, RISK_SERVICE,  SERVED, 0, "the machines that serve" },
	{ "defaults",     RECORD(&defaults_table),                        NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "values for all objects of a kind" },
	{ "groups",       OBJECTS(TYPE_NAME, &group_table),               NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "people who are named together" },
	{ "domains",      OBJECTS(TYPE_DOMAIN, &domain_table),            NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "where mail is taken for" },
	{ "users",        OBJECTS(TYPE_ADDRESS, &user_table),             NULL, OWNER_ENFORCE, RISK_DATA,     SERVED, 0, "people with a mailbox" },
	{ "shared",       OBJECTS(TYPE_ADDRESS, &shared_table),           NULL, OWNER_ENFORCE, RISK_DATA,     SERVED, 0, "mailboxes of several people" },
	{ "services",     OBJECTS(TYPE_ADDRESS, &service_table),          NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "machines that send" },
	{ "aliases",      OBJECTS(TYPE_ADDRESS, &alias_table),            NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "addresses that lead elsewhere, or nowhere" },
	{ "relays",       OBJECTS(TYPE_NAME, &relay_table),               NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "servers that send for us" },
	{ "destinations", OBJECTS(TYPE_DOMAIN, &destination_table),       NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "domains of others with a way of their own" },
	{ "dns",          OBJECTS(TYPE_NAME, &dns_provider_table),        NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED,  0, "who holds the zones" },
	{ "issuers",      OBJECTS(TYPE_NAME, &issuer_table),              NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED,  0, "who signs certificates" },
	{ "certs",        &(const struct type){ .kind = TYPE_MAP, .key = TYPE(TYPE_NAME), .item = RECORD(&certificate_table), .words = ONE_OF_THESE("none") },
	                                                                  "none", OWNER_ENFORCE, RISK_SERVICE, SERVED, 0, "the certificates of the listeners; `none`: the host signs its own" },
	{ "backups",      OBJECTS(TYPE_NAME, &backup_table),              NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "where copies go" },
	{ "secrets",      RECORD(&secrets_table),                         NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "who can open what is sealed" },
	{ "alerts",       RECORD(&alerts_table),                          NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "who is told when something is wrong" },
	{ "policy",       RECORD(&policy_table),                          NULL, OWNER_ENFORCE, RISK_POLICY,   SERVED, 0, "the rules that changes obey" },
	{ "spam",         RECORD(&spam_table),                            NULL, OWNER_ENFORCE, RISK_POLICY,   LATER,  0, "how mail from outside is judged" },
	{ "logs",         RECORD(&logs_table),                            NULL, OWNER_ENFORCE, RISK_DATA,     LATER,  0, "what is written down" },
	{ "maintenance",  RECORD(&maintenance_table),                     NULL, OWNER_ENFORCE, RISK_SERVICE,  LATER,  0, "what the host does for itself" },
	{ "moved",        LIST_OF(RECORD(&moved_table)),                  NULL, OWNER_ENFORCE, RISK_DATA,     SERVED, 0, "objects that changed their identity" },
	{ "purge",        LIST_OF(RECORD(&purge_table)),                  NULL, OWNER_ENFORCE, RISK_IRREVERSIBLE, SERVED, 0, "objects whose data is destroyed" },
};
/* clang-format on */

const struct table state_table = {
	.noun = "a state",
	.help = "The top level of a state: one file, or every *.yaml and *.yml of "
		"directories.",
	FIELDS(fields),
};
