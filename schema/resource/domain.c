/* domains: where mail is taken for, and what the world is told about them. */
#include "schema/row.h"

#define AT(member) offsetof(struct desired_domain, member)
#define OF(member) offsetof(struct desired_record, member)

/* clang-format off */
static const struct field dns_fields[] = {
	{ "provider", REFERENCE(REFERS(KIND_DNS_PROVIDER)),      NULL,     OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(dns_provider), "the entry of `dns` that holds the zone" },
	{ "mode",     WORDS("manage", "manual", "none"),         "manage", OWNER_ENFORCE, RISK_SERVICE,  SERVED, AT(dns_mode), "manage: write the records at the provider; manual: `posthus dns records` prints them, and they are waited for; none: neither" },
	{ "except",   LIST_OF(WORDS("mx", "a", "spf", "dkim", "dmarc", "mta-sts", "tls-rpt", "tlsa", "caa", "srv", "autoconfig")),
	                                                         NULL,     OWNER_ENFORCE, RISK_SERVICE,  SERVED, AT(dns_except), "records that somebody else keeps" },
};

static const struct table dns_table = {
	.noun = "`dns` of a domain", .help = "Who keeps the records of the zone.", FIELDS(dns_fields),
	.short_form = "provider", .short_word = "mode",
};

static const struct field record_fields[] = {
	{ "a",     LIST_OF(TYPE(TYPE_IP)),         NULL, OWNER_ENFORCE, RISK_SERVICE, SERVED, 0, "IPv4 addresses" },
	{ "aaaa",  LIST_OF(TYPE(TYPE_IP)),         NULL, OWNER_ENFORCE, RISK_SERVICE, SERVED, 0, "IPv6 addresses" },
	{ "cname", TYPE(TYPE_DOMAIN),              NULL, OWNER_ENFORCE, RISK_SERVICE, SERVED, OF(cname), "the name that it stands for" },
	{ "txt",   LIST_OF(TYPE(TYPE_TEXT)),       NULL, OWNER_ENFORCE, RISK_SERVICE, SERVED, 0, "texts, split into strings by us" },
	{ "mx",    LIST_OF(TYPE(TYPE_TEXT)),       NULL, OWNER_ENFORCE, RISK_SERVICE, SERVED, 0, "`PREFERENCE NAME`" },
	{ "srv",   LIST_OF(TYPE(TYPE_TEXT)),       NULL, OWNER_ENFORCE, RISK_SERVICE, SERVED, 0, "`PRIORITY WEIGHT PORT NAME`" },
	{ "caa",   LIST_OF(TYPE(TYPE_TEXT)),       NULL, OWNER_ENFORCE, RISK_SERVICE, SERVED, 0, "`FLAGS TAG VALUE`" },
	{ "ttl",   BETWEEN(TYPE_INT, 1, 604800),  NULL, OWNER_ENFORCE, RISK_SERVICE, SERVED, OF(ttl), "seconds; not said: as the provider's" },
};

static const struct table record_table = {
	.noun = "a record", .help = "A further record of ours in the zone.", FIELDS(record_fields),
};

static const struct field spf_fields[] = {
	{ "also", LIST_OF(TYPE(TYPE_TEXT)),              NULL,   OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(spf_also), "further mechanisms: who else sends for the domain", UPWARD(RISK_SERVICE) },
	{ "all",  WORDS("fail", "softfail", "neutral"),  "fail", OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(spf_all), "what the rest of the world is", UPWARD(RISK_SERVICE) },
};

static const struct table spf_table = { .noun = "`spf`", .help = "Who may send for the domain (RFC 7208).", FIELDS(spf_fields) };

static const struct field dkim_fields[] = {
	{ "algorithms", LIST_OF(WORDS("rsa2048", "ed25519")),                  "rsa2048, ed25519", OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(dkim_algorithms), "a key and a signature for each" },
	{ "rotate",     BETWEEN(TYPE_DURATION, 7 * 86400, (int64_t)1000 * 86400), "180d",          OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(dkim_rotate), "how old a key becomes" },
};

static const struct table dkim_table = { .noun = "`dkim`", .help = "Signatures (RFC 6376).", FIELDS(dkim_fields) };

static const struct field dmarc_fields[] = {
	{ "policy", WORDS("reject", "quarantine", "none"),                     "reject", OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(dmarc_policy), "what it asks of them" },
	{ "ramp",   BETWEEN(TYPE_DURATION, 0, (int64_t)1000 * 86400), "0s",     OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(dmarc_ramp), "the time of each step on the way there, none and quarantine; 0s: at once" },
};

static const struct table dmarc_table = { .noun = "`dmarc`", .help = "What others do with mail that fails (RFC 7489).", FIELDS(dmarc_fields) };

static const struct field mta_sts_fields[] = {
	{ "mode", WORDS("enforce", "testing", "none"),               "enforce", OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(sts_mode), "where it climbs to; none: it is taken back, in order" },
	{ "ramp", BETWEEN(TYPE_DURATION, 0, (int64_t)1000 * 86400), "14d",     OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(sts_ramp), "the time of testing before enforce" },
};

static const struct table mta_sts_table = { .noun = "`mta_sts`", .help = "TLS for mail to the domain (RFC 8461).", FIELDS(mta_sts_fields) };

static const struct field fields[] = {
	{ "id",          TYPE(TYPE_ID),                        NULL,  OWNER_ENFORCE, RISK_HARMLESS, SERVED | FIELD_OWN, 0, "its identity when the name changes" },
	{ "contact",     REFERENCE(MAILBOXES),                 NULL,  OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(contact), "gets postmaster@ and abuse@, reports and the mail of certificate authorities; default: everyone with the role admin" },
	{ "catch_all",   REFERENCE(REFERS(KIND_USER)),         NULL,  OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(catch_all), "gets what is for no other address" },
	{ "subaddress",  WORDS("none", "+", "-", "="),         "+",   OWNER_ENFORCE, RISK_DATA,     SERVED, AT(subaddress_word), "what begins the detail: eva+shop@ is eva@" },
	{ "same_as",     REFERENCE(REFERS(KIND_DOMAIN)),       NULL,  OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_OWN, AT(same_as_target), "the domain of which it is a twin: every address exists in both" },
	{ "dns",         RECORD(&dns_table),                   NULL,  OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "who keeps the zone's records" },
	{ "records",     MAP_OF(TYPE(TYPE_TEXT), RECORD(&record_table)),
	                                                       NULL,  OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "further records of ours in the zone, by name below the domain" },
	{ "spf",         RECORD(&spf_table),                   NULL,  OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "who may send for it" },
	{ "dkim",        RECORD(&dkim_table),                  NULL,  OWNER_ENFORCE, RISK_SERVICE,  SERVED, 0, "signatures" },
	{ "dmarc",       RECORD(&dmarc_table),                 NULL,  OWNER_ENFORCE, RISK_SERVICE,  SERVED, 0, "what others do with mail that fails" },
	{ "mta_sts",     RECORD(&mta_sts_table),               NULL,  OWNER_ENFORCE, RISK_SERVICE,  SERVED, 0, "TLS for mail to it" },
	{ "require_tls", TYPE(TYPE_BOOL),                      "false", OWNER_ENFORCE, RISK_POLICY, LATER, 0, "mail from and to it travels under TLS or not at all", DOWNWARD(RISK_SERVICE) },
	{ "allow",       LIST_OF(TYPE(TYPE_TEXT)),             NULL,  OWNER_ENFORCE, RISK_POLICY,   LATER, 0, "senders, hosts, networks past greylisting and filtering", UPWARD(RISK_SERVICE) },
	{ "deny",        LIST_OF(TYPE(TYPE_TEXT)),             NULL,  OWNER_ENFORCE, RISK_POLICY,     LATER, 0, "senders, hosts, networks whose mail is refused", DOWNWARD(RISK_DATA) },
	{ "send_via",    &(const struct type){ .kind = TYPE_REFERENCE, .kinds = REFERS(KIND_RELAY), .words = ONE_OF_THESE("direct") },
	                                                       NULL,  OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(send_via), "a relay for mail from it, or `direct`; not said: as the host" },
};
/* clang-format on */

const struct table domain_table = {
	.noun = "a domain",
	.help = "A domain that mail is taken for.",
	.kind = KIND_DOMAIN,
	FIELDS(fields),
	.size = sizeof(struct desired_domain),
};
