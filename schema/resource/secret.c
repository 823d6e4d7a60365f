/* The forms that a secret may take; never plain text. */
#include "schema/row.h"

/* clang-format off */
static const struct field secret_fields[] = {
	{ "sealed",     TYPE(TYPE_TEXT), NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_LINES, 0, "an age file in base64, made by `posthus seal`" },
	{ "credential", TYPE(TYPE_NAME), NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_CREDENTIAL, 0, "a credential that systemd hands to the agent; agent.yaml must allow it" },
	{ "host_file",  TYPE(TYPE_PATH), NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_READS, 0, "a file of the host; agent.yaml must allow it" },
	{ "generate",   WORDS("true"),   NULL, OWNER_ENFORCE, RISK_HARMLESS, LATER, 0, "made on the host, and never leaves it" },
};

static const struct field password_fields[] = {
	{ "hash",       TYPE(TYPE_HASH), NULL, OWNER_INITIAL, RISK_EXPOSING, SERVED, 0, "`$argon2id$…`; `$6$`, `$2y$` and `{SSHA512}` are upgraded at the first login" },
	{ "sealed",     TYPE(TYPE_TEXT), NULL, OWNER_INITIAL, RISK_EXPOSING, LATER | FIELD_LINES, 0, "an age file in base64, made by `posthus seal`" },
	{ "credential", TYPE(TYPE_NAME), NULL, OWNER_INITIAL, RISK_EXPOSING, LATER | FIELD_CREDENTIAL, 0, "a credential that systemd hands to the agent; agent.yaml must allow it" },
	{ "host_file",  TYPE(TYPE_PATH), NULL, OWNER_INITIAL, RISK_EXPOSING, LATER | FIELD_READS, 0, "a file of the host; agent.yaml must allow it" },
	{ "generate",   WORDS("true"),   NULL, OWNER_INITIAL, RISK_HARMLESS, LATER, 0, "made on the host, and never leaves it" },
};

const struct table secret_table = {
	.noun = "a secret", .help = "Exactly one form of a secret; never plain text.", FIELDS(secret_fields),
	.one_of = ONE_OF_THESE("sealed", "credential", "host_file", "generate"), .secret = true,
};

const struct table password_table = {
	.noun = "a password", .help = "Exactly one form of a password; never plain text.", FIELDS(password_fields),
	.one_of = ONE_OF_THESE("hash", "sealed", "credential", "host_file", "generate"), .secret = true,
};

static const struct field webhook_fields[] = {
	{ "url",    TYPE(TYPE_URL),        NULL,    OWNER_ENFORCE, RISK_EXPOSING, LATER | FIELD_REQUIRED, 0, "where it is sent" },
	{ "secret", RECORD(&secret_table), NULL,    OWNER_ENFORCE, RISK_EXPOSING, LATER, 0, "signs what is sent (HMAC)" },
	{ "raw",    TYPE(TYPE_BOOL),       "false", OWNER_ENFORCE, RISK_EXPOSING, LATER, 0, "the whole message instead of a summary" },
};

const struct table webhook_table = { .noun = "a webhook", .help = "A request to a program elsewhere.", FIELDS(webhook_fields), .short_form = "url" };
/* clang-format on */
