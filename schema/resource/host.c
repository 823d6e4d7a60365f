/* hosts: the machines that serve. */
#include "schema/row.h"

#define AT(member) offsetof(struct desired_host, member)

enum {
	KIB = 1024,
	MIB = 1024 * 1024
};

/* clang-format off */
static const struct field listen_fields[] = {
	/* a bare port is all addresses; what is not written has its default */
	{ "smtp",        TYPE(TYPE_ENDPOINT), "25",             OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(listen[LISTEN_SMTP]),        "mail from other servers (MX); STARTTLS" },
	{ "submission",  TYPE(TYPE_ENDPOINT), "587",            OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(listen[LISTEN_SUBMISSION]),  "mail from users; STARTTLS, then login" },
	{ "submissions", TYPE(TYPE_ENDPOINT), "465",            OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(listen[LISTEN_SUBMISSIONS]), "mail from users; TLS from the first byte" },
	{ "imaps",       TYPE(TYPE_ENDPOINT), "993",            OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(listen[LISTEN_IMAPS]),       "mailboxes; TLS from the first byte" },
	{ "imap",        TYPE(TYPE_ENDPOINT), "off",            OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(listen[LISTEN_IMAP]),        "mailboxes; STARTTLS; usually 143" },
	{ "pop3s",       TYPE(TYPE_ENDPOINT), "off",            OWNER_ENFORCE, RISK_SERVICE, LATER,  0, "POP3; TLS from the first byte; usually 995" },
	{ "sieve",       TYPE(TYPE_ENDPOINT), "off",            OWNER_ENFORCE, RISK_SERVICE, LATER,  0, "ManageSieve; usually 4190" },
	{ "https",       TYPE(TYPE_ENDPOINT), NULL,             OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(listen[LISTEN_HTTPS]),       "policies of MTA-STS, what mail programs set themselves up by, tls-alpn-01 challenges; not said: 443 where a domain has `mta_sts` or a certificate is issued by them, else off" },
	{ "http",        TYPE(TYPE_ENDPOINT), NULL,             OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(listen[LISTEN_HTTP]),        "http-01 challenges, and redirects to https; not said: 80 where a certificate is issued by them, else off" },
	{ "metrics",     TYPE(TYPE_ENDPOINT), "off",            OWNER_ENFORCE, RISK_SERVICE, SERVED, AT(listen[LISTEN_METRICS]),     "GET /metrics for Prometheus, without a login; a bare port is 127.0.0.1 here; usually 9090" },
};

static const struct table listen_table = {
	.noun = "`listen`", .help = "Where the host listens: PORT, ADDRESS:PORT or `off`.", FIELDS(listen_fields),
};

static const struct field limit_fields[] = {
	{ "message_size",       BETWEEN(TYPE_SIZE, 64 * KIB, 50 * MIB), "50MiB", OWNER_ENFORCE, RISK_POLICY, SERVED, AT(message_size),       "the largest message that is taken; clients see it as SIZE", UPWARD(RISK_SERVICE) },
	{ "connections",        BETWEEN(TYPE_INT, 10, 1000000),         "10000", OWNER_ENFORCE, RISK_POLICY, SERVED, AT(connections),        "open at once, of all listeners", UPWARD(RISK_SERVICE) },
	{ "connections_per_ip", BETWEEN(TYPE_INT, 1, 100000),           "50",    OWNER_ENFORCE, RISK_POLICY, SERVED, AT(connections_per_ip), "open at once from one address", UPWARD(RISK_SERVICE) },
	{ "connections_per_network", BETWEEN(TYPE_INT, 1, 100000),      NULL,    OWNER_ENFORCE, RISK_POLICY, SERVED, AT(connections_per_network), "open at once from one network, an IPv4 /24 or an IPv6 /48; not said: four times connections_per_ip", UPWARD(RISK_SERVICE) },
	{ "memory",             BETWEEN(TYPE_SIZE, 16 * MIB, (int64_t)1024 * 1024 * MIB), "512MiB", OWNER_ENFORCE, RISK_POLICY, SERVED, AT(memory), "for open connections, about 20KiB each where they idle over TLS; beyond it those are closed first that did not log in", UPWARD(RISK_SERVICE) },
};

static const struct table limits_table = {
	.noun = "`limits`", .help = "What the host takes on.", FIELDS(limit_fields),
};

static const struct field fields[] = {
	{ "name",        TYPE(TYPE_DOMAIN),           NULL,     OWNER_ENFORCE, RISK_SERVICE,  SERVED | FIELD_REQUIRED | FIELD_OWN, AT(name), "its full name: EHLO, certificate, MX target" },
	{ "addresses",   LIST_OF(TYPE(TYPE_IP)),      NULL,     OWNER_ENFORCE, RISK_SERVICE,  SERVED, AT(addresses), "its public addresses, for the records of `posthus dns`" },
	{ "mx",          BETWEEN(TYPE_INT, 0, 65535), "10",     OWNER_ENFORCE, RISK_SERVICE,  SERVED, AT(mx), "its preference as a mail exchanger; less comes first" },
	{ "listen",      RECORD(&listen_table),       NULL,     OWNER_ENFORCE, RISK_SERVICE,  SERVED, 0, "where it listens" },
	{ "limits",      RECORD(&limits_table),       NULL,     OWNER_ENFORCE, RISK_SERVICE,  SERVED, 0, "what it takes on" },
	{ "proxy",       LIST_OF(TYPE(TYPE_NETWORK)), NULL,     OWNER_ENFORCE, RISK_POLICY,   SERVED, AT(proxy), "load balancers before it: what comes from there begins by a PROXY header, and is believed to come from whom the header names", UPWARD(RISK_SERVICE) },
	{ "redis",       TYPE(TYPE_URL),              NULL,     OWNER_ENFORCE, RISK_EXPOSING, LATER,  0, "counters and push shared with other hosts; without it they stay in the process" },
	{ "send_via",    &(const struct type){ .kind = TYPE_REFERENCE, .kinds = REFERS(KIND_RELAY), .words = ONE_OF_THESE("direct") },
	                                              "direct", OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(send_via), "a relay for all outgoing mail, or `direct`" },
	{ "standby_for", REFERENCE(REFERS(KIND_HOST)), NULL,    OWNER_ENFORCE, RISK_SERVICE,  LATER,  0, "the host whose place it can take" },
};
/* clang-format on */

const struct table host_table = {
	.noun = "a host",
	.help = "A machine that serves. agent.yaml says which of them this one is.",
	.kind = KIND_HOST,
	FIELDS(fields),
	.size = sizeof(struct desired_host),
};
