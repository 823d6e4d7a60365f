/* issuers: who signs certificates. */
#include "schema/row.h"

#define AT(member) offsetof(struct desired_issuer, member)

/* clang-format off */
static const struct field eab_fields[] = {
	{ "id",  TYPE(TYPE_TEXT),       NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, AT(eab_id), "the key's id at the issuer" },
	{ "key", RECORD(&secret_table), NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, AT(eab_key), "the key, in base64url as the issuer shows it" },
};

static const struct table eab_table = { .noun = "`eab`", .help = "The account that the issuer already knows (RFC 8555, 7.3.4).", FIELDS(eab_fields) };

static const struct field fields[] = {
	{ "acme",     TYPE(TYPE_URL),                  NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, AT(acme), "its ACME directory; its terms are agreed to" },
	{ "fallback", REFERENCE(REFERS(KIND_ISSUER)),  NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(fallback), "who is asked when it does not answer, or has no room" },
	{ "eab",      RECORD(&eab_table),              NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "an account that it already knows" },
};
/* clang-format on */

const struct table issuer_table = {
	.noun = "an issuer",
	.help = "Who signs certificates.",
	.kind = KIND_ISSUER,
	FIELDS(fields),
	.short_form = "acme",
	.size = sizeof(struct desired_issuer),
};
