/* certs: the certificates that listeners show. */
#include "schema/row.h"

#define AT(member) offsetof(struct desired_certificate, member)

/* clang-format off */
static const struct field key_fields[] = {
	{ "host_file", TYPE(TYPE_PATH), NULL, OWNER_ENFORCE, RISK_SERVICE, SERVED | FIELD_READS | FIELD_REQUIRED, AT(key_path), "the private key in PEM, readable by the agent alone" },
};

static const struct table key_table = { .noun = "the key of a certificate", .help = "Where the private key is.", FIELDS(key_fields), .secret = true };

static const struct field files_fields[] = {
	{ "chain", TYPE(TYPE_PATH),     NULL, OWNER_ENFORCE, RISK_SERVICE, SERVED | FIELD_READS | FIELD_REQUIRED, AT(chain_path), "the certificate and those that signed it, in PEM" },
	{ "key",   RECORD(&key_table),  NULL, OWNER_ENFORCE, RISK_SERVICE, SERVED | FIELD_REQUIRED, 0, "the private key" },
};

static const struct table files_table = { .noun = "`files` of a certificate", .help = "A certificate that somebody else keeps fresh. agent.yaml must allow both files.", FIELDS(files_fields) };

static const struct field fields[] = {
	{ "files",        RECORD(&files_table),                          NULL,         OWNER_ENFORCE, RISK_SERVICE, SERVED, 0, "from files of the host" },
	{ "issuer",       REFERENCE(REFERS(KIND_ISSUER)),                NULL,         OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(issuer_target), "who signs it" },
	{ "challenge",    WORDS("http-01", "dns-01", "tls-alpn-01"),     "http-01",    OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(challenge), "how the issuer is shown that the names are ours" },
	{ "key",          WORDS("ecdsa-p256", "ecdsa-p384", "rsa2048"),  "ecdsa-p256", OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(key_kind), "what kind of key" },
	{ "profile",      TYPE(TYPE_NAME),                               NULL,         OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(profile), "one of the issuer's kinds of certificate, `shortlived` for one; not said: its own choice" },
	{ "renew_before", BETWEEN(TYPE_DURATION, 3600, (int64_t)365 * 86400), NULL,    OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(renew_before), "how long before its end, half of its life at most; not said: a third of its life, or when the issuer asks for it" },
};
/* clang-format on */

const struct table certificate_table = {
	.noun = "a certificate",
	.help = "A certificate of the listeners. Its names come from what is served. "
		"With "
		"`certs: none`, or no `certs` at all, the host signs its own.",
	.kind = KIND_CERTIFICATE,
	FIELDS(fields),
	.one_of = ONE_OF_THESE("files", "issuer"),
	.size = sizeof(struct desired_certificate),
};
