/* A shard owns all that one domain says, in one arena; a configuration owns references to
 * shards and one index over their accounts. Both are counted and never change once built.
 */
#include "runtime/configuration_inside.h"

#include "runtime/base/error.h"
#include "runtime/crypto/signing_key.h"

#include <assert.h>
#include <stdlib.h>

static void shard_unref(struct shard *shard)
{
	if (atomic_fetch_sub(&shard->references, 1) != 1)
		return;
	for (size_t i = 0; i < shard->signing_count; i++)
		signing_key_free(shard->signings[i].key);
	map_free(&shard->routes);
	arena_free(shard->arena);
	free(shard);
}

static struct listener_spec *copy_listeners(
		struct arena *arena, const struct host_spec *host)
{
	struct listener_spec *copies =
			arena_array(arena, host->listener_count, sizeof(*copies));

	for (size_t i = 0; i < host->listener_count; i++) {
		copies[i] = host->listeners[i];
		copies[i].address = arena_copy(arena, host->listeners[i].address);
	}
	return copies;
}

static const struct view *copy_views(
		struct arena *arena, const struct view *from, size_t count)
{
	struct view *copies = arena_array(arena, count, sizeof(*copies));

	for (size_t i = 0; i < count; i++)
		copies[i] = arena_copy(arena, from[i]);
	return copies;
}

struct configuration *configuration_new(
		const struct host_spec *host, const struct configuration *previous)
{
	struct configuration *c = xcalloc(1, sizeof(*c));

	c->references = 1;
	c->arena = arena_new();
	c->previous = previous;
	c->host = *host;
	c->host.name = arena_copy(c->arena, host->name);
	c->host.listeners = copy_listeners(c->arena, host);
	c->host.proxies = copy_views(c->arena, host->proxies, host->proxy_count);
	c->host.send_via = arena_copy(c->arena, host->send_via);
	return c;
}

static struct member *member_of(struct configuration *c, struct view uid)
{
	struct member *member = map_get(&c->members, uid);

	if (!member) {
		member = xcalloc(1, sizeof(*member));
		map_set(&c->members, uid, member);
	}
	return member;
}

/* Keeps the list in the order of addresses. */
static void add_membership(struct member *member, struct membership membership)
{
	size_t at = member->count;

	array_grow(&member->items, &member->capacity, member->count + 1,
			sizeof(*member->items));
	for (; at > 0; at--) {
		if (view_compare(member->items[at - 1].account->address,
				    membership.account->address) <= 0)
			break;
		member->items[at] = member->items[at - 1];
	}
	member->items[at] = membership;
	member->count++;
}

static void index_members(struct configuration *c, const struct account_spec *shared)
{
	if (shared->state != ACCOUNT_ACTIVE)
		return;
	for (size_t i = 0; i < shared->member_count; i++) {
		const struct member_spec *member = &shared->members[i];

		add_membership(member_of(c, view_of(member->uid, ACCOUNT_UID_SIZE)),
				(struct membership){ shared, member->right });
	}
}

/* Takes the caller's reference of the shard. */
static void add_shard(struct configuration *c, struct shard *shard)
{
	struct shard *before = map_set(&c->domains, shard->name, shard);

	assert(!before);
	(void)before;
	for (size_t i = 0; i < shard->account_count; i++) {
		const struct account_spec *account = &shard->accounts[i];

		map_set(&c->accounts, view_of(account->uid, ACCOUNT_UID_SIZE),
				(void *)account);
		index_members(c, account);
	}
}

bool configuration_share_domain(struct configuration *c, struct view name,
		const unsigned char hash[CONFIGURATION_HASH])
{
	struct shard *shard = c->previous ? map_get(&c->previous->domains, name) : NULL;

	if (!shard || memcmp(shard->hash, hash, CONFIGURATION_HASH) != 0)
		return false;
	atomic_fetch_add(&shard->references, 1);
	add_shard(c, shard);
	return true;
}

/* Aligned as anything may be. */
static void *copy_array(struct arena *arena, const void *from, size_t size)
{
	void *copy = size ? arena_alloc(arena, size) : NULL;

	if (size)
		memcpy(copy, from, size);
	return copy;
}

static const struct app_password_spec *copy_app_passwords(
		struct arena *arena, const struct account_spec *account)
{
	struct app_password_spec *copies = copy_array(arena, account->app_passwords,
			account->app_password_count * sizeof(*copies));

	for (size_t i = 0; i < account->app_password_count; i++)
		copies[i].name = arena_copy(arena, copies[i].name);
	return copies;
}

static void copy_accounts(struct shard *shard, const struct domain_spec *spec)
{
	struct account_spec *copies =
			arena_array(shard->arena, spec->account_count, sizeof(*copies));

	for (size_t i = 0; i < spec->account_count; i++) {
		struct account_spec *copy = &copies[i];

		*copy = spec->accounts[i];
		copy->address = arena_copy(shard->arena, copy->address);
		copy->name = arena_copy(shard->arena, copy->name);
		copy->password = arena_copy(shard->arena, copy->password);
		copy->wrapped_key = arena_copy(shard->arena, copy->wrapped_key);
		copy->next_key = arena_copy(shard->arena, copy->next_key);
		copy->app_passwords = copy_app_passwords(shard->arena, copy);
		copy->members = copy_array(shard->arena, copy->members,
				copy->member_count * sizeof(*copy->members));
		copy->networks = copy_array(shard->arena, copy->networks,
				copy->network_count * sizeof(*copy->networks));
		copy->reach = copy_views(shard->arena, copy->reach, copy->reach_count);
		copy->forward = copy_views(
				shard->arena, copy->forward, copy->forward_count);
	}
	shard->accounts = copies;
	shard->account_count = spec->account_count;
}

static void copy_route(struct shard *shard, const struct route_spec *spec)
{
	struct route_spec *copy = ARENA_NEW(shard->arena, struct route_spec);

	*copy = *spec;
	copy->local_part = arena_copy(shard->arena, spec->local_part);
	copy->text = arena_copy(shard->arena, spec->text);
	copy->targets = copy_views(shard->arena, spec->targets, spec->target_count);
	copy->senders = copy_array(shard->arena, spec->senders,
			spec->sender_count * ACCOUNT_UID_SIZE);
	map_set(&shard->routes, copy->local_part, copy);
}

static void read_signings(struct shard *shard, const struct domain_spec *spec)
{
	assert(spec->signing_count <= DOMAIN_SIGNINGS);
	for (size_t i = 0; i < spec->signing_count; i++) {
		struct signing *signing = &shard->signings[shard->signing_count];

		if (signing_key_read(spec->signings[i].key, &signing->key))
			continue;
		signing->selector = arena_copy(shard->arena, spec->signings[i].selector);
		shard->signing_count++;
	}
}

void configuration_add_domain(struct configuration *c, const struct domain_spec *spec)
{
	struct shard *shard = xcalloc(1, sizeof(*shard));

	shard->references = 1;
	shard->arena = arena_new();
	shard->name = arena_copy(shard->arena, spec->name);
	memcpy(shard->hash, spec->hash, CONFIGURATION_HASH);
	shard->subaddress = spec->subaddress;
	shard->catch_all = arena_copy(shard->arena, spec->catch_all);
	shard->send_via = arena_copy(shard->arena, spec->send_via);
	read_signings(shard, spec);
	copy_accounts(shard, spec);
	for (size_t i = 0; i < spec->route_count; i++)
		copy_route(shard, &spec->routes[i]);
	add_shard(c, shard);
}

void configuration_add_challenge(
		struct configuration *c, struct view token, struct view text)
{
	struct view *shown = ARENA_NEW(c->arena, struct view);

	*shown = arena_copy(c->arena, text);
	map_set(&c->challenges, arena_copy(c->arena, token), shown);
}

struct view configuration_challenge(const struct configuration *c, struct view token)
{
	const struct view *shown = map_get(&c->challenges, token);

	return shown ? *shown : VIEW_NULL;
}

/* A path begins with a slash, which no host has. */
static struct view page_key(struct arena *arena, struct view host, struct view path)
{
	char *key = arena_alloc(arena, host.len + path.len);

	for (size_t i = 0; i < host.len; i++)
		key[i] = byte_lower(host.data[i]);
	for (size_t i = 0; i < path.len; i++)
		key[host.len + i] = byte_lower(path.data[i]);
	return view_of(key, host.len + path.len);
}

void configuration_add_page(struct configuration *c, const struct page_spec *spec)
{
	struct page_spec *page = ARENA_NEW(c->arena, struct page_spec);

	*page = *spec;
	page->host = arena_copy(c->arena, spec->host);
	page->path = arena_copy(c->arena, spec->path);
	page->type = arena_copy(c->arena, spec->type);
	page->body = arena_copy(c->arena, spec->body);
	map_set(&c->pages, page_key(c->arena, page->host, page->path), page);
}

const struct page_spec *configuration_page(
		const struct configuration *c, struct view host, struct view path)
{
	CLEANUP(arena_freep) struct arena *arena = NULL;

	if (map_count(&c->pages) == 0)
		return NULL;
	arena = arena_new();
	return map_get(&c->pages, page_key(arena, host, path));
}

void configuration_add_relay(struct configuration *c, const struct relay_spec *spec)
{
	struct relay *copy = ARENA_NEW(c->arena, struct relay);

	copy->spec = *spec;
	copy->spec.name = arena_copy(c->arena, spec->name);
	copy->spec.host = arena_copy(c->arena, spec->host);
	copy->spec.user = arena_copy(c->arena, spec->user);
	copy->password = SECRET_NULL;
	if (spec->password) {
		copy->password = secret_copy(secret_expose(spec->password));
		copy->spec.password = &copy->password;
	}
	map_set(&c->relays, copy->spec.name, copy);
}

void configuration_set_connect(struct configuration *c, const struct connect_rules *rules)
{
	c->connect = *rules;
	c->connect.denied = copy_array(c->arena, rules->denied,
			rules->deny_count * sizeof(*rules->denied));
	c->connect.excepts = copy_array(c->arena, rules->excepts,
			rules->except_count * sizeof(*rules->excepts));
}

void configuration_add_destination(
		struct configuration *c, struct view domain, struct view send_via)
{
	struct destination *copy = ARENA_NEW(c->arena, struct destination);

	copy->send_via = arena_copy(c->arena, send_via);
	map_set(&c->destinations, arena_copy(c->arena, domain), copy);
}

void configuration_add_identity(struct configuration *c, const struct identity_spec *spec)
{
	size_t key_capacity = c->identity_capacity;
	size_t i = c->identity_count++;

	array_grow(&c->keys, &key_capacity, c->identity_count, sizeof(*c->keys));
	array_grow(&c->identities, &c->identity_capacity, c->identity_count,
			sizeof(*c->identities));
	c->keys[i] = secret_copy(secret_expose(spec->key));
	c->identities[i].is_challenge = spec->is_challenge;
	c->identities[i].name = arena_copy(c->arena, spec->name);
	c->identities[i].chain = arena_copy(c->arena, spec->chain);
	for (size_t k = 0; k <= i; k++)
		c->identities[k].key = &c->keys[k]; /* the array may have moved */
}

struct configuration *configuration_ref(struct configuration *c)
{
	atomic_fetch_add(&c->references, 1);
	return c;
}

static void free_members(struct configuration *c)
{
	struct view uid;
	void *value;
	size_t at = 0;

	while (map_next(&c->members, &at, &uid, &value)) {
		struct member *member = value;

		free(member->items);
		free(member);
	}
	map_free(&c->members);
}

static void free_relays(struct configuration *c)
{
	struct view name;
	void *relay;
	size_t at = 0;

	while (map_next(&c->relays, &at, &name, &relay))
		secret_free(&((struct relay *)relay)->password);
	map_free(&c->challenges);
	map_free(&c->pages);
	map_free(&c->relays);
}

void configuration_unref(struct configuration *c)
{
	struct view name;
	void *shard;
	size_t at = 0;

	if (!c || atomic_fetch_sub(&c->references, 1) != 1)
		return;
	while (map_next(&c->domains, &at, &name, &shard))
		shard_unref(shard);
	for (size_t i = 0; i < c->identity_count; i++)
		secret_free(&c->keys[i]);
	free_relays(c);
	map_free(&c->destinations);
	map_free(&c->domains);
	map_free(&c->accounts);
	free_members(c);
	free(c->identities);
	free(c->keys);
	arena_free(c->arena);
	free(c);
}

void configuration_unrefp(struct configuration **c)
{
	configuration_unref(*c);
}
