/* What a domain says of its senders (RFC 7208), held to what others will do with it: a
 * record that they cannot read, or that asks too much of them, is worse than none. */
#include "schema/check.h"

#include "runtime/base/error.h"
#include "runtime/mailauth/spf_record.h"

enum {
	LOOKUPS_MAX = 10 /* RFC 7208, 4.6.4: more is a permanent error */
};

static bool asks(const struct spf_term *term)
{
	return term->mechanism == SPF_INCLUDE || term->mechanism == SPF_A ||
	       term->mechanism == SPF_MX || term->mechanism == SPF_PTR ||
	       term->mechanism == SPF_EXISTS;
}

static bool is_everybody(const struct spf_term *term)
{
	return (term->mechanism == SPF_IP4 || term->mechanism == SPF_IP6) &&
	       term->network.bits == 0;
}

static void refuse_term(struct check *c, const struct value *value, const char *why,
		const char *instead)
{
	help(c, complain(c, BAD_SPF, value->node, "%s", why), "%s", instead);
}

/* One term, as an item of the list; how many look-ups it costs. */
static size_t check_term(struct check *c, const struct value *value)
{
	struct view text = arena_printf(c->arena, "v=spf1 %.*s", VIEW_ARG(value->text));
	struct spf_record record = { 0 };
	struct view wrong;

	if (spf_record_parse(c->arena, text, &record, &wrong))
		refuse_term(c, value,
				"this is no mechanism of SPF: others would refuse "
				"the whole record",
				"write `ip4:198.51.100.7`, `ip6:2001:db8::7` or "
				"`include:relay.example`");
	else if (record.redirect.len || record.explanation.len)
		refuse_term(c, value, "a modifier: only mechanisms stand here",
				"write `include:` instead of `redirect=`; leave `exp=` "
				"out");
	else if (record.count != 1)
		refuse_term(c, value,
				record.count ? "several terms in one item"
					     : "this names nobody",
				record.count ? "write each term as an item of its own"
					     : "write `ip4:198.51.100.7`, or "
					       "`include:relay.example`");
	else if (record.terms[0].mechanism == SPF_ALL)
		refuse_term(c, value, "`all` is said apart, and stands last",
				"write `spf: {all: softfail}`, or leave it out");
	else if (record.terms[0].mechanism == SPF_PTR)
		refuse_term(c, value,
				"`ptr` is not to be used (RFC 7208, 5.5): many "
				"skip it",
				"name the addresses: `ip4:198.51.100.7`");
	else if (is_everybody(&record.terms[0]))
		refuse_term(c, value, "this lets the whole world send for the domain",
				"name the networks of those who send for it");
	else
		return asks(&record.terms[0]);
	return 0;
}

/* `mx` stands in the record of a state whose hosts do not say all their addresses. */
static size_t own_lookups(struct check *c)
{
	for (size_t i = 0; i < c->kinds[KIND_HOST].count; i++) {
		const struct desired_host *host =
				(const void *)object_at(&c->kinds[KIND_HOST], i);

		if (!host->addresses.count)
			return 1;
	}
	return 0;
}

static bool is_among(const struct value *also, struct view term)
{
	for (const struct value *value = also->first; value; value = value->next)
		if (view_eq(value->text, term))
			return true;
	return false;
}

/* What a relay adds to the record; what it says wrong is complained of where it stands. */
static size_t relay_lookups(struct check *c, const struct target_list *send_via,
		const struct value *also)
{
	const struct desired_relay *relay =
			send_via->count ? (const void *)object_named(c, KIND_RELAY,
							  send_via->items[0].address)
					: NULL;
	struct spf_record record = { 0 };
	struct view wrong;

	if (!relay || !relay->spf.len || is_among(also, relay->spf) ||
			spf_record_parse(c->arena,
					arena_printf(c->arena, "v=spf1 %.*s",
							VIEW_ARG(relay->spf)),
					&record, &wrong))
		return 0;
	return record.count == 1 && asks(&record.terms[0]);
}

/* Of the domain's relay, else of those of the hosts. */
static size_t relays_lookups(struct check *c, const struct desired_domain *domain,
		const struct value *also)
{
	size_t lookups = 0;

	if (domain->send_via.count)
		return relay_lookups(c, &domain->send_via, also);
	for (size_t i = 0; i < c->kinds[KIND_HOST].count; i++) {
		const struct desired_host *host =
				(const void *)object_at(&c->kinds[KIND_HOST], i);

		lookups += relay_lookups(c, &host->send_via, also);
	}
	return lookups;
}

static void check_list(
		struct check *c, const struct value *also, size_t own, size_t relays)
{
	size_t lookups = own + relays;
	struct diagnostic *item;

	for (const struct value *value = also->first; value; value = value->next)
		lookups += check_term(c, value);
	if (lookups <= LOOKUPS_MAX)
		return;
	item = complain_key(c, TOO_MANY_LOOKUPS, also->node,
			"%zu look-ups%s; who asks stops after %d", lookups,
			own      ? ", one of them for `mx`"
			: relays ? ", one of them for the relay"
				 : "",
			LOOKUPS_MAX);
	help(c, item,
			own ? "write `addresses` of each host, and networks instead of "
			      "names: `ip4:` and `ip6:` cost none"
			    : "write networks instead of names: `ip4:` and `ip6:` cost "
			      "none");
}

void spf_check_domains(struct check *c)
{
	const struct objects *domains = &c->kinds[KIND_DOMAIN];
	const struct node *seen = NULL; /* of `defaults`, which many domains share */
	size_t own = own_lookups(c);

	for (size_t i = 0; i < domains->count; i++) {
		const struct desired_domain *domain = (const void *)object_at(domains, i);
		const struct value *also = value_at(domain->object.values, "spf.also");

		if (!also || also->node == seen)
			continue;
		check_list(c, also, own, relays_lookups(c, domain, also));
		if (also->origin == ORIGIN_DEFAULTS)
			seen = also->node;
	}
}

void spf_check_relays(struct check *c)
{
	const struct objects *relays = &c->kinds[KIND_RELAY];

	for (size_t i = 0; i < relays->count; i++) {
		const struct value *spf = value_at(object_at(relays, i)->values, "spf");

		if (spf)
			(void)check_term(c, spf);
	}
}
