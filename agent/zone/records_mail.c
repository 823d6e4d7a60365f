/* What the world is told of a domain's mail: where it goes, who sends it, what to do with
 * what somebody else sent, and where its users' programs find their server. */
#include "agent/zone/records_inside.h"

#include "runtime/base/buf.h"
#include "runtime/dns/name.h"

enum {
	RECORD_MAX = 65535
};

void make_exchangers(struct making *m, const struct desired_domain *domain)
{
	for (size_t i = 0; i < m->desired->host_count; i++) {
		const struct desired_host *host = &m->desired->hosts[i];

		making_add(m, &(struct made){ DNS_PART_MX, domain->object.key, "MX",
					      arena_printf(m->arena, "%u %.*s.",
							      (unsigned)host->mx,
							      VIEW_ARG(host->name)),
					      arena_printf(m->arena,
							      "%.*s takes its mail",
							      VIEW_ARG(making_host(
									      m, host))),
					      making_said(&host->object, "mx") });
	}
}

/* -- SPF (RFC 7208) -- */

static bool all_have_addresses(const struct desired *desired)
{
	for (size_t i = 0; i < desired->host_count; i++)
		if (!desired->hosts[i].addresses.count)
			return false;
	return true;
}

/* Addresses cost no look-up, and hold while the DNS of an MX fails. */
static void add_hosts(const struct desired *desired, struct buf *out)
{
	if (!all_have_addresses(desired)) {
		buf_add_z(out, " mx");
		return;
	}
	for (size_t i = 0; i < desired->host_count; i++) {
		const struct view_list *list = &desired->hosts[i].addresses;

		for (size_t j = 0; j < list->count; j++)
			buf_addf(out, " %s:%.*s",
					view_find(list->items[j], ':') <
									list->items[j].len
							? "ip6"
							: "ip4",
					VIEW_ARG(list->items[j]));
	}
}

static bool has_term(struct view text, struct view term)
{
	while (text.len)
		if (view_eq(view_cut(&text, ' '), term))
			return true;
	return false;
}

static void add_term(struct buf *out, struct view term)
{
	if (term.len && !has_term(buf_view(out), term))
		buf_addf(out, " %.*s", VIEW_ARG(term));
}

/* Empty: none, or one that says nothing of itself. */
static struct view relay_term(const struct making *m, const struct target_list *send_via)
{
	const struct desired_relay *relay = NULL;

	if (send_via->count && send_via->items[0].kind == TARGET_OBJECT)
		relay = (const void *)desired_find(
				m->desired, KIND_RELAY, send_via->items[0].address);
	return relay ? relay->spf : VIEW_NULL;
}

/* What sends for the domain in our place: its own relay, else those of the hosts. */
static void add_relays(const struct making *m, const struct desired_domain *domain,
		struct buf *out)
{
	if (domain->send_via.count) {
		add_term(out, relay_term(m, &domain->send_via));
		return;
	}
	for (size_t i = 0; i < m->desired->host_count; i++)
		add_term(out, relay_term(m, &m->desired->hosts[i].send_via));
}

void make_senders(struct making *m, const struct desired_domain *domain)
{
	static const char *const alls[] = { "-all", "~all", "?all" };
	CLEANUP(buf_free) struct buf text = BUF_NULL(RECORD_MAX);

	buf_add_z(&text, "v=spf1");
	add_hosts(m->desired, &text);
	add_relays(m, domain, &text);
	for (size_t i = 0; i < domain->spf_also.count; i++)
		add_term(&text, domain->spf_also.items[i]);
	buf_addf(&text, " %s", alls[domain->spf_all]);
	making_add(m, &(struct made){ DNS_PART_SPF, domain->object.key, "TXT",
				      arena_copy(m->arena, buf_view(&text)),
				      VIEW("who may send for it"),
				      making_said(&domain->object, "spf") });
}

/* -- DKIM (RFC 6376) -- */

struct view zone_key_text(struct arena *arena, const struct zone_key *key)
{
	return arena_printf(arena, "v=DKIM1; k=%.*s; p=%.*s", VIEW_ARG(key->algorithm),
			VIEW_ARG(key->public_key));
}

void make_keys(struct making *m, const struct desired_domain *domain)
{
	for (size_t i = 0; i < m->facts->key_count; i++) {
		const struct zone_key *key = &m->facts->keys[i];

		if (!view_eq(key->domain, domain->object.key) ||
				key->state == ZONE_KEY_HIDDEN)
			continue;
		making_add(m, &(struct made){ .part = DNS_PART_DKIM,
					      .name = arena_printf(m->arena,
							      "%.*s._domainkey.%.*s",
							      VIEW_ARG(key->selector),
							      VIEW_ARG(key->domain)),
					      .type = "TXT",
					      .value = zone_key_text(m->arena, key),
					      .why = VIEW("what its signatures are "
							  "checked with"),
					      .span = domain->object.key_span,
					      .maker = key->object,
					      .pending = !key->public_key.len });
	}
}

/* -- where reports go -- */

/* A shared mailbox is named; a person's address is nobody's business, and a group has none:
 * postmaster of the domain leads to them. Empty: nobody would get them. */
static struct view reports_to(struct making *m, const struct desired_domain *domain)
{
	if (domain->contact.count && domain->contact.items[0].kind == TARGET_ADDRESS)
		return domain->contact.items[0].address;
	if (desired_route(domain, VIEW("postmaster")) || domain->catch_all.count)
		return arena_printf(m->arena, "postmaster@%.*s",
				VIEW_ARG(domain->object.key));
	return VIEW_NULL;
}

/* RFC 6068, 2; RFC 7489, 6.2 and RFC 8460, 3 want `!`, `,` and `;` encoded besides. */
static void add_mailto(struct buf *out, struct view address)
{
	buf_add_z(out, "mailto:");
	for (size_t i = 0; i < address.len; i++) {
		char c = address.data[i];

		if (byte_is_alpha(c) || byte_is_digit(c) || memchr("@.-_+", c, 5))
			buf_add_byte(out, c);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)c);
	}
}

static struct view domain_part(struct view address)
{
	return view_from(address, view_find_last(address, '@') + 1);
}

/* Who gets reports of another domain has to say so, lest he be flooded (RFC 7489, 7.1). */
static void make_consent(struct making *m, const struct desired_domain *domain,
		struct view address)
{
	struct view at = domain_part(address), key = domain->object.key;

	if (view_eq(at, key) || name_is_under(at, key) || name_is_under(key, at))
		return;
	making_add(m, &(struct made){ DNS_PART_DMARC,
				      arena_printf(m->arena, "%.*s._report._dmarc.%.*s",
						      VIEW_ARG(key), VIEW_ARG(at)),
				      "TXT", VIEW("v=DMARC1"),
				      arena_printf(m->arena, "takes the reports of %.*s",
						      VIEW_ARG(key)),
				      making_said(&domain->object, "contact") });
}

/* Without knowing when it began: the first step. */
static enum desired_dmarc reached(
		const struct making *m, const struct desired_domain *domain)
{
	if (m->facts->dmarc && m->facts->policies_of == m->desired)
		return m->facts->dmarc[domain - m->desired->domains];
	return domain->dmarc_ramp ? DESIRED_DMARC_NONE
				  : (enum desired_dmarc)domain->dmarc_policy;
}

void make_policy(struct making *m, const struct desired_domain *domain)
{
	static const char *const policies[] = { "reject", "quarantine", "none" };
	CLEANUP(buf_free) struct buf text = BUF_NULL(RECORD_MAX);
	struct view address = reports_to(m, domain);

	buf_addf(&text, "v=DMARC1; p=%s", policies[reached(m, domain)]);
	if (address.len) {
		buf_add_z(&text, "; rua=");
		add_mailto(&text, address);
	}
	making_add(m, &(struct made){ DNS_PART_DMARC, making_below(m, "_dmarc", domain),
				      "TXT", arena_copy(m->arena, buf_view(&text)),
				      VIEW("what others do with mail that is not from "
					   "it"),
				      making_said(&domain->object, "dmarc") });
	if (address.len)
		make_consent(m, domain, address);
}

/* RFC 8460, 3. Without somebody to tell there is nothing to say. */
void make_tls_reports(struct making *m, const struct desired_domain *domain)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(RECORD_MAX);
	struct view address = reports_to(m, domain);

	if (!address.len)
		return;
	buf_add_z(&text, "v=TLSRPTv1; rua=");
	add_mailto(&text, address);
	making_add(m, &(struct made){ DNS_PART_TLS_RPT,
				      making_below(m, "_smtp._tls", domain), "TXT",
				      arena_copy(m->arena, buf_view(&text)),
				      VIEW("where others report that TLS to it failed"),
				      making_said(&domain->object, "contact") });
}

/* -- services (RFC 6186; RFC 8314, 5.1) -- */

enum {
	NOT_OURS = LISTEN_SERVICES /* this version does not speak it */
};

static size_t offer(
		struct making *m, struct view name, unsigned service, const char *field)
{
	size_t offers = 0;

	for (size_t i = 0; i < m->desired->host_count; i++) {
		const struct desired_host *host = &m->desired->hosts[i];

		if (service == NOT_OURS || !host_offers(host, service))
			continue;
		offers++;
		making_add(m, &(struct made){ DNS_PART_SRV, name, "SRV",
					      arena_printf(m->arena, "0 1 %u %.*s.",
							      (unsigned)host->listen[service]
									      .port,
							      VIEW_ARG(host->name)),
					      VIEW("where mail programs find it"),
					      making_said(&host->object, field) });
	}
	return offers;
}

void make_services(struct making *m, const struct desired_domain *domain)
{
	/* clang-format off */
	static const struct {
		const char *name;
		unsigned service;
		const char *field;
	} services[] = {
		{ "_submissions._tcp", LISTEN_SUBMISSIONS, "listen.submissions" },
		{ "_submission._tcp",  LISTEN_SUBMISSION,  "listen.submission" },
		{ "_imaps._tcp",       LISTEN_IMAPS,       "listen.imaps" },
		{ "_imap._tcp",        LISTEN_IMAP,        "listen.imap" },
		{ "_pop3s._tcp",       NOT_OURS,           NULL },
		{ "_pop3._tcp",        NOT_OURS,           NULL },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_LEN(services); i++) {
		struct view name = making_below(m, services[i].name, domain);

		if (offer(m, name, services[i].service, services[i].field) == 0)
			making_add(m, &(struct made){ DNS_PART_SRV, name, "SRV",
						      VIEW("0 0 0 ."),
						      VIEW("tells mail programs that "
							   "this is "
							   "not offered"),
						      domain->object.key_span });
	}
}
