/* dns: who holds the zones. */
#include "schema/row.h"

#define AT(member) offsetof(struct desired_dns_provider, member)

/* clang-format off */
static const struct field key_fields[] = {
	{ "name",      TYPE(TYPE_NAME),       NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, AT(key_name), "the name of the TSIG key" },
	{ "algorithm", WORDS("hmac-sha256", "hmac-sha384", "hmac-sha512"), "hmac-sha256", OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(key_algorithm), "its algorithm" },
	{ "secret",    RECORD(&secret_table), NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, AT(key_secret), "the key" },
};

static const struct table key_table = { .noun = "a TSIG key", .help = "What signs updates (RFC 8945).", FIELDS(key_fields) };

static const struct field fields[] = {
	{ "type",      WORDS("powerdns", "rfc2136", "cloudflare", "hetzner", "zonefile"),
	                                           NULL,  OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, AT(type), "what it speaks",
	  .later_words = ONE_OF_THESE("cloudflare", "hetzner") },
	{ "url",       TYPE(TYPE_URL),             NULL,  OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(url), "where its API is" },
	{ "api_key",   RECORD(&secret_table),      NULL,  OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(api_key), "what opens its API" },
	{ "server",    TYPE(TYPE_ENDPOINT),        NULL,  OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(server), "rfc2136: the primary server" },
	{ "key",       RECORD(&key_table),         NULL,  OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "rfc2136: the TSIG key" },
	{ "directory", TYPE(TYPE_PATH),            NULL,  OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_WRITES, AT(directory), "zonefile: where the files go" },
	{ "ttl",       BETWEEN(TYPE_INT, 1, 604800), "300", OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(ttl), "seconds" },
};
/* clang-format on */

const struct table dns_provider_table = {
	.noun = "a DNS provider",
	.help = "Who holds zones, and how they are written.",
	.kind = KIND_DNS_PROVIDER,
	FIELDS(fields),
	.size = sizeof(struct desired_dns_provider),
};
