/* users: people with a mailbox. */
#include "schema/row.h"

#define AT(member) offsetof(struct desired_user, member)

#define YEARS(n) ((int64_t)(n)*366 * 86400)

/* clang-format off */
static const struct field forward_fields[] = {
	{ "to",   LIST_OF(TYPE(TYPE_ADDRESS)), NULL,   OWNER_SHARED, RISK_EXPOSING, SERVED | FIELD_REQUIRED, AT(forward), "where copies go" },
	{ "keep", TYPE(TYPE_BOOL),             "true", OWNER_SHARED, RISK_DATA,     SERVED, AT(forward_keeps), "one stays here", DOWNWARD(RISK_HARMLESS) },
};

static const struct table forward_table = { .noun = "`forward`", .help = "Copies of incoming mail.", FIELDS(forward_fields), .short_form = "to" };

static const struct field vacation_fields[] = {
	{ "text",  TYPE(TYPE_TEXT), NULL, OWNER_INITIAL, RISK_HARMLESS, LATER | FIELD_REQUIRED | FIELD_LINES, 0, "what is answered" },
	{ "from",  TYPE(TYPE_DATE), NULL, OWNER_INITIAL, RISK_HARMLESS, LATER, 0, "the first day" },
	{ "until", TYPE(TYPE_DATE), NULL, OWNER_INITIAL, RISK_HARMLESS, LATER, 0, "the last day" },
};

static const struct table vacation_table = { .noun = "`vacation`", .help = "An answer while away, once to each sender.", FIELDS(vacation_fields), .short_form = "text" };

static const struct field access_fields[] = {
	{ "rights", WORDS("read", "write", "manage"), "read", OWNER_ENFORCE, RISK_EXPOSING, LATER, 0, "what is allowed", UPWARD(RISK_SERVICE) },
	{ "until",  TYPE(TYPE_DATE),                  NULL,   OWNER_ENFORCE, RISK_EXPOSING, LATER, 0, "the last day" },
};

static const struct table access_table = { .noun = "an access", .help = "Somebody else's access to a mailbox.", FIELDS(access_fields), .short_form = "rights" };

static const struct field leaving_fields[] = {
	{ "on",         TYPE(TYPE_DATE),                 NULL, OWNER_ENFORCE, RISK_DATA,         LATER | FIELD_REQUIRED, 0, "from when on there is no login" },
	{ "deliver_to", REFERENCE(ANYBODY),              NULL, OWNER_ENFORCE, RISK_EXPOSING,     LATER, 0, "who gets the mail from then on" },
	{ "reply",      TYPE(TYPE_TEXT),                 NULL, OWNER_ENFORCE, RISK_HARMLESS,     LATER | FIELD_LINES, 0, "what senders are told" },
	{ "access",     MAP_OF(HOLDER(REFERS(KIND_USER)), RECORD(&access_table)),
	                                                 NULL, OWNER_ENFORCE, RISK_EXPOSING,     LATER, 0, "who may look into the mailbox" },
	{ "purge",      TYPE(TYPE_DATE),                 NULL, OWNER_ENFORCE, RISK_IRREVERSIBLE, LATER, 0, "when the mailbox is destroyed, if a verified backup exists" },
};

static const struct table leaving_table = { .noun = "`leaving`", .help = "A person who leaves.", FIELDS(leaving_fields) };

static const struct field retention_fields[] = {
	{ "trash",    BETWEEN(TYPE_DURATION, 3600, YEARS(100)), "30d", OWNER_ENFORCE, RISK_DATA, LATER, 0, "how long mail stays in Trash", DOWNWARD(RISK_HARMLESS) },
	{ "junk",     BETWEEN(TYPE_DURATION, 3600, YEARS(100)), "30d", OWNER_ENFORCE, RISK_DATA, LATER, 0, "how long mail stays in Junk", DOWNWARD(RISK_HARMLESS) },
	{ "expunged", BETWEEN(TYPE_DURATION, 0, YEARS(10)),     "14d", OWNER_ENFORCE, RISK_DATA, LATER, 0, "how long `account undelete` can bring mail back", DOWNWARD(RISK_HARMLESS) },
};
/* clang-format on */

const struct table retention_table = {
	.noun = "`retention`",
	.help = "How long mail is kept.",
	FIELDS(retention_fields),
};

/* clang-format off */
static const struct field fields[] = {
	{ "id",         TYPE(TYPE_ID),                  NULL,      OWNER_ENFORCE, RISK_HARMLESS, SERVED | FIELD_OWN, 0, "the identity when the address changes" },
	{ "name",       TYPE(TYPE_TEXT),                NULL,      OWNER_INITIAL, RISK_HARMLESS, SERVED | FIELD_OWN, AT(name), "a person's name, as mail shows it" },
	{ "invite",     TYPE(TYPE_ADDRESS),             NULL,      OWNER_INITIAL, RISK_EXPOSING, SERVED | FIELD_OWN, AT(invite), "where the one-time link goes with which the person takes the account" },
	{ "password",   RECORD(&password_table),        NULL,      OWNER_INITIAL, RISK_EXPOSING, SERVED | FIELD_OWN, 0, "instead of an invitation" },
	{ "quota",      BETWEEN(TYPE_SIZE, 1048576, (int64_t)1 << 50), "10GiB", OWNER_ENFORCE, RISK_DATA, SERVED | FIELD_GROUP, AT(quota), "how much the mailbox holds", DOWNWARD(RISK_HARMLESS) },
	{ "encryption", WORDS("managed", "private"),    "managed", OWNER_ENFORCE, RISK_IRREVERSIBLE, SERVED | FIELD_GROUP, AT(encryption), "managed: the host can open the mailbox; private: only the person's credentials or recovery can",
	  .later_words = ONE_OF_THESE("private") },
	{ "recovery",   OR_WORDS(TYPE_RECIPIENT, "code", "none"), "code", OWNER_ENFORCE, RISK_EXPOSING, LATER, 0, "of a private mailbox: a code that is printed once, an age recipient, or none" },
	{ "addresses",  LIST_OF(TYPE(TYPE_ADDRESS)),    NULL,      OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_OWN, AT(addresses), "further addresses of the same mailbox", UPWARD(RISK_SERVICE) },
	{ "roles",      LIST_OF(TYPE(TYPE_ROLE)),       NULL,      OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_GROUP, 0, "what the person may administer: admin, auditor, planner, domain-admin:DOMAIN", UPWARD(RISK_SERVICE) },
	{ "protocols",  LIST_OF(WORDS("imap", "smtp", "dav", "api", "pop3")), "imap, smtp, dav, api, pop3", OWNER_ENFORCE, RISK_SERVICE, SERVED | FIELD_GROUP, AT(protocols), "ways in that are open to the person" },
	{ "locale",     BETWEEN(TYPE_TEXT, 2, 35),      "en",      OWNER_INITIAL, RISK_HARMLESS, SERVED | FIELD_GROUP, AT(locale), "the language of what we write to the person" },
	{ "forward",    RECORD(&forward_table),         NULL,      OWNER_SHARED,  RISK_EXPOSING, SERVED | FIELD_OWN, 0, "copies elsewhere, if policy.user_forward allows" },
	{ "vacation",   RECORD(&vacation_table),        NULL,      OWNER_INITIAL, RISK_HARMLESS, LATER | FIELD_OWN, 0, "an answer while away" },
	{ "filter",     TYPE(TYPE_FILE),                NULL,      OWNER_INITIAL, RISK_EXPOSING, LATER | FIELD_OWN, 0, "a Sieve script, a file of the state" },
	{ "retention",  RECORD(&retention_table),       NULL,      OWNER_ENFORCE, RISK_DATA,     LATER | FIELD_GROUP, 0, "how long mail is kept" },
	{ "hold",       TYPE(TYPE_BOOL),                "false",   OWNER_ENFORCE, RISK_POLICY,   LATER | FIELD_GROUP, 0, "true: nothing of the mailbox is ever destroyed", DOWNWARD(RISK_HARMLESS) },
	{ "send_limit", TYPE(TYPE_RATE),                "300/d",   OWNER_ENFORCE, RISK_POLICY,   SERVED | FIELD_GROUP, AT(send_limit), "recipients in a time: no more in any second, minute, hour or day", UPWARD(RISK_SERVICE) },
	{ "adopt",      TYPE(TYPE_BOOL),                "false",   OWNER_ENFORCE, RISK_HARMLESS, SERVED | FIELD_OWN, AT(adopt), "true: an account file of it that is here, and that no object owns, is its own again, without `--adopt`" },
	{ "leaving",    RECORD(&leaving_table),         NULL,      OWNER_ENFORCE, RISK_DATA,     LATER | FIELD_OWN, 0, "when and how the person leaves" },
};
/* clang-format on */

const struct table user_table = {
	.noun = "a user",
	.help = "A person with a mailbox. The key is the first address, which is also "
		"the "
		"login name.",
	.kind = KIND_USER,
	FIELDS(fields),
	.size = sizeof(struct desired_user),
};
