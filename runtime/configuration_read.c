/* What a configuration says. */
#include "runtime/configuration_inside.h"

#include <assert.h>

const struct host_spec *configuration_host(const struct configuration *c)
{
	return &c->host;
}

size_t configuration_identity_count(const struct configuration *c)
{
	return c->identity_count;
}

const struct identity_spec *configuration_identity(
		const struct configuration *c, size_t i)
{
	assert(i < c->identity_count);
	return &c->identities[i];
}

bool configuration_has_domain(const struct configuration *c, struct view domain)
{
	char lower[LONGEST_ADDRESS];

	if (domain.len > sizeof(lower))
		return false;
	for (size_t i = 0; i < domain.len; i++)
		lower[i] = byte_lower(domain.data[i]);
	return map_get(&c->domains, view_of(lower, domain.len)) != NULL;
}

const struct signing *configuration_signings(
		const struct configuration *c, struct view domain, size_t *count_out)
{
	const struct shard *shard = map_get(&c->domains, domain);

	*count_out = shard ? shard->signing_count : 0;
	return *count_out ? shard->signings : NULL;
}

struct view configuration_own_domain(const struct configuration *c)
{
	struct view domain = configuration_host(c)->name;

	while (domain.len && !configuration_has_domain(c, domain))
		view_cut(&domain, '.');
	return domain;
}

/* What is said of mail to that domain, by itself or by the nearest one above it. */
static struct view said_of_destination(const struct configuration *c, struct view domain)
{
	while (domain.len) {
		const struct destination *found = map_get(&c->destinations, domain);

		if (found)
			return found->send_via;
		view_cut(&domain, '.');
	}
	return VIEW_NULL;
}

const struct relay_spec *configuration_relay(
		const struct configuration *c, struct view from, struct view to)
{
	const struct shard *shard = map_get(&c->domains, from);
	struct view said = said_of_destination(c, to);

	if (said.len == 0 && shard)
		said = shard->send_via;
	if (said.len == 0)
		said = c->host.send_via;
	return configuration_relay_named(c, said);
}

const struct relay_spec *configuration_relay_named(
		const struct configuration *c, struct view name)
{
	const struct relay *relay = map_get(&c->relays, name);

	return relay ? &relay->spec : NULL;
}

const struct connect_rules *configuration_connect(const struct configuration *c)
{
	return &c->connect;
}

const struct account_spec *configuration_account(
		const struct configuration *c, const unsigned char uid[ACCOUNT_UID_SIZE])
{
	return map_get(&c->accounts, view_of(uid, ACCOUNT_UID_SIZE));
}

const struct membership *configuration_memberships(const struct configuration *c,
		const unsigned char uid[ACCOUNT_UID_SIZE], size_t *count_out)
{
	const struct member *member =
			map_get(&c->members, view_of(uid, ACCOUNT_UID_SIZE));

	*count_out = member ? member->count : 0;
	return member ? member->items : NULL;
}

const struct membership *configuration_membership(const struct configuration *c,
		const unsigned char uid[ACCOUNT_UID_SIZE], struct view address)
{
	size_t count;
	const struct membership *all = configuration_memberships(c, uid, &count);

	for (size_t i = 0; i < count; i++)
		if (view_eq(all[i].account->address, address))
			return &all[i];
	return NULL;
}

const struct membership *configuration_membership_of(const struct configuration *c,
		const unsigned char uid[ACCOUNT_UID_SIZE],
		const unsigned char shared[ACCOUNT_UID_SIZE])
{
	size_t count;
	const struct membership *all = configuration_memberships(c, uid, &count);

	for (size_t i = 0; i < count; i++)
		if (account_spec_is(all[i].account, shared))
			return &all[i];
	return NULL;
}

bool account_spec_comes_from(const struct account_spec *account,
		const struct sockaddr_storage *address)
{
	for (size_t i = 0; i < account->network_count; i++)
		if (network_has(&account->networks[i], address))
			return true;
	return account->network_count == 0;
}

bool account_spec_reaches(const struct account_spec *account, struct view address)
{
	struct view domain = view_from(address, view_find_last(address, '@') + 1);

	for (size_t i = 0; i < account->reach_count; i++)
		if (view_eq_nocase(account->reach[i], domain) ||
				view_eq_nocase(account->reach[i], address))
			return true;
	return account->reach_count == 0;
}

const struct account_spec *configuration_next_account(
		const struct configuration *c, size_t *at)
{
	struct view uid;
	void *account;

	return map_next(&c->accounts, at, &uid, &account) ? account : NULL;
}
