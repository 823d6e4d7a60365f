/* What each type of DNS provider needs, and what says nothing to it. */
#include "schema/check.h"

#define OF(type) (1u << (type))

/* clang-format off */
static const struct {
	const char *field;
	unsigned types; /* that need it; to the others it says nothing */
	const char *example;
} needs[] = {
	{ "url",       OF(DNS_POWERDNS), "url: \"https://ns1.a.example:8081\"" },
	{ "api_key",   OF(DNS_POWERDNS), "api_key: {host_file: /etc/posthus/powerdns.key}" },
	{ "server",    OF(DNS_RFC2136),  "server: \"192.0.2.53:53\"" },
	{ "key",       OF(DNS_RFC2136),  "key: {name: posthus.a.example, secret: {host_file: /etc/posthus/tsig.key}}" },
	{ "directory", OF(DNS_ZONEFILE), "directory: /var/lib/knot/posthus" },
};
/* clang-format on */

static const char *word_of(const struct desired_dns_provider *p)
{
	return table_field(&dns_provider_table, VIEW("type"))->type->words[p->type];
}

static void check_need(struct check *c, const struct desired_dns_provider *p, size_t i)
{
	const struct value *value = value_at(p->object.values, needs[i].field);
	bool needed = needs[i].types & OF(p->type);
	struct diagnostic *item;

	/* What is there and wrong has been said. */
	if (needed && !value && !node_child(p->object.node, view_z(needs[i].field))) {
		item = complain_key(c, MISSING_FIELD, p->object.node,
				"`%s` of type `%s` is missing", needs[i].field,
				word_of(p));
		help(c, item, "add `%s`", needs[i].example);
	} else if (!needed && value) {
		item = complain_key(c, EXCLUDES, value->node,
				"this says nothing to a provider of type `%s`",
				word_of(p));
		help(c, item, "remove it, or write another `type`");
	}
}

static void check_server(struct check *c, const struct desired_dns_provider *p)
{
	const struct value *value = value_at(p->object.values, "server");
	struct diagnostic *item;

	if (!value || p->server.address.len)
		return;
	item = complain(c, BAD_ENDPOINT, value->node, "this names no server");
	help(c, item, "write its address and port: `192.0.2.53:53`");
}

static void check_url(struct check *c, const struct desired_dns_provider *p)
{
	const struct value *value = value_at(p->object.values, "url");
	struct diagnostic *item;

	if (!value || view_starts(p->url, VIEW("http://")) ||
			view_starts(p->url, VIEW("https://")))
		return;
	item = complain(c, BAD_URL, value->node, "an API is spoken to by HTTP");
	help(c, item, "write `https://…`, or `http://…` on this machine");
}

void dns_provider_check(struct check *c, const struct desired_dns_provider *provider)
{
	if (!value_at(provider->object.values, "type"))
		return;
	if (provider->type == DNS_CLOUDFLARE || provider->type == DNS_HETZNER)
		return; /* said to be for later */
	for (size_t i = 0; i < ARRAY_LEN(needs); i++)
		check_need(c, provider, i);
	check_server(c, provider);
	check_url(c, provider);
}
