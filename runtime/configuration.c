/* A shard owns all that one domain says, in one arena; a configuration owns references to
 * shards and one index over their accounts. Both are counted and never change once built.
 */
#include "runtime/configuration.h"

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/map.h"
#include "runtime/crypto/signing_key.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
	LONGEST_ADDRESS = 64 + 1 + 255,
	MOST_HOPS = 10 * RESOLVE_MAX_TARGETS, /* however often aliases meet again */
};

struct shard {
	atomic_uint references;
	struct arena *arena;
	struct view name;
	unsigned char hash[CONFIGURATION_HASH];
	char subaddress;
	struct view catch_all;
	struct view send_via;
	struct signing signings[DOMAIN_SIGNINGS];
	size_t signing_count;
	const struct account_spec *accounts;
	size_t account_count;
	struct map routes; /* local part → const struct route_spec */
};

struct configuration {
	atomic_uint references;
	struct arena *arena;
	const struct configuration *previous; /* while it is built; borrowed */
	struct host_spec host;
	struct identity_spec *identities;
	struct secret *keys;
	size_t identity_count;
	size_t identity_capacity;
	struct map challenges;   /* token → struct view */
	struct map pages;        /* host and path → const struct page_spec */
	struct map domains;      /* name → struct shard */
	struct map accounts;     /* uid → const struct account_spec */
	struct map members;      /* uid → struct member */
	struct map relays;       /* name → struct relay */
	struct map destinations; /* domain → struct destination */
	struct connect_rules connect;
};

struct relay {
	struct relay_spec spec;
	struct secret password;
};

struct destination {
	struct view send_via;
};

/* An account that may look into shared mailboxes. */
struct member {
	struct membership *items; /* malloc'd */
	size_t count, capacity;
};

/* -- building -- */

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

/* -- reading -- */

static bool is_uid(const unsigned char *uid, const struct account_spec *account)
{
	return memcmp(uid, account->uid, ACCOUNT_UID_SIZE) == 0;
}

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

/* An address in lower case, in its two halves. */
struct halves {
	char text[LONGEST_ADDRESS];
	struct view local_part;
	struct view domain;
};

static bool split_address(struct view address, struct halves *out)
{
	size_t at = view_find_last(address, '@');

	if (at == address.len || at == 0 || address.len > sizeof(out->text))
		return false;
	for (size_t i = 0; i < address.len; i++)
		out->text[i] = byte_lower(address.data[i]);
	out->local_part = view_of(out->text, at);
	out->domain = view_of(out->text + at + 1, address.len - at - 1);
	return true;
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
		if (is_uid(shared, all[i].account))
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

/* The route of a local part: itself, else what stands before the separator of a
 * subaddress; then *detail_at is where the detail begins, else 0. */
static const struct route_spec *find_route(
		const struct shard *shard, struct view local_part, size_t *detail_at)
{
	const struct route_spec *route = map_get(&shard->routes, local_part);
	size_t separator;

	*detail_at = 0;
	if (route || !shard->subaddress)
		return route;
	separator = view_find(local_part, shard->subaddress);
	if (separator == 0 || separator == local_part.len)
		return NULL;
	*detail_at = separator + 1;
	return map_get(&shard->routes, view_sub(local_part, 0, separator));
}

const struct account_spec *configuration_login(
		const struct configuration *c, struct view address)
{
	const struct account_spec *account;
	const struct route_spec *route;
	struct halves halves;
	struct shard *shard;

	if (!split_address(address, &halves))
		return NULL;
	shard = map_get(&c->domains, halves.domain);
	route = shard ? map_get(&shard->routes, halves.local_part) : NULL;
	if (!route || route->kind != ROUTE_ACCOUNT)
		return NULL;
	account = configuration_account(c, route->account);
	return account && account->kind != ACCOUNT_SHARED ? account : NULL;
}

/* Whether the account is a member of a shared mailbox whose members may write as it. */
static bool is_sending_member(const struct configuration *c,
		const struct account_spec *account, const unsigned char *shared)
{
	const struct membership *membership =
			configuration_membership_of(c, account->uid, shared);

	return membership && membership->account->members_send_as;
}

bool configuration_may_send_as(const struct configuration *c,
		const struct account_spec *account, struct view address)
{
	const struct route_spec *route;
	struct halves halves;
	struct shard *shard;
	size_t detail_at;

	if (!split_address(address, &halves))
		return false;
	shard = map_get(&c->domains, halves.domain);
	route = shard ? find_route(shard, halves.local_part, &detail_at) : NULL;
	if (!route)
		return false;
	if (route->kind == ROUTE_ACCOUNT)
		return is_uid(route->account, account) ||
		       is_sending_member(c, account, route->account);
	for (size_t i = 0; i < route->sender_count; i++)
		if (is_uid(route->senders + i * ACCOUNT_UID_SIZE, account))
			return true;
	return false;
}

/* -- resolving -- */

struct hop {
	struct view address;
	struct view forwarder; /* who named it */
	bool kept;             /* … and has a copy */
	unsigned depth;
};

/* What is still to be followed, and what was met that gave no account. */
struct walk {
	const struct configuration *configuration;
	struct resolution *out;
	struct hop *hops;
	size_t count;
	size_t capacity;
	const struct account_spec **forwarded; /* whose forward was followed */
	size_t forwarded_count, forwarded_capacity;
	int outcome; /* of the last hop that led nowhere */
	bool discarded;
};

static void push_hop(struct walk *walk, struct hop hop)
{
	array_grow(&walk->hops, &walk->capacity, walk->count + 1, sizeof(*walk->hops));
	walk->hops[walk->count++] = hop;
}

/* The last target is pushed first, so that the first is followed first. */
static int push_hops(struct walk *walk, const struct view *targets, size_t count,
		struct hop from)
{
	if (walk->count + count > RESOLVE_MAX_TARGETS)
		return RESOLVE_E_TOO_DEEP;
	for (size_t i = count; i > 0; i--)
		push_hop(walk, (struct hop){ targets[i - 1], from.forwarder, from.kept,
					       from.depth });
	return RESOLVE_OK;
}

/* True the first time: whoever is reached by his own forward gets the mail. */
static bool goes_on(struct walk *walk, const struct account_spec *account)
{
	if (account->forward_count == 0)
		return false;
	for (size_t i = 0; i < walk->forwarded_count; i++)
		if (walk->forwarded[i] == account)
			return false;
	array_grow(&walk->forwarded, &walk->forwarded_capacity, walk->forwarded_count + 1,
			sizeof(struct account_spec *));
	walk->forwarded[walk->forwarded_count++] = account;
	return true;
}

static void add_remote(struct walk *walk, struct hop hop)
{
	struct resolution *out = walk->out;

	for (size_t i = 0; i < out->remote_count; i++)
		if (view_eq(out->remotes[i].address, hop.address))
			return;
	array_grow(&out->remotes, &out->remote_capacity, out->remote_count + 1,
			sizeof(*out->remotes));
	out->remotes[out->remote_count++] =
			(struct resolved_remote){ hop.address, hop.forwarder, hop.kept };
}

static void add_account(
		struct walk *walk, const struct account_spec *account, struct view detail)
{
	struct resolution *out = walk->out;

	if (account->kind == ACCOUNT_SERVICE) {
		walk->outcome = RESOLVE_E_SENDS_ONLY;
		return;
	}
	if (account->state == ACCOUNT_DISABLED) {
		out->disabled_since = account->disabled_since;
		walk->outcome = RESOLVE_E_DISABLED;
		return;
	}
	for (size_t i = 0; i < out->count; i++)
		if (out->accounts[i].account == account)
			return;
	array_grow(&out->accounts, &out->capacity, out->count + 1,
			sizeof(*out->accounts));
	out->accounts[out->count++] = (struct resolved_account){ account, detail };
}

static int follow_account(struct walk *walk, const struct account_spec *account,
		struct hop hop, struct view detail)
{
	bool forwards = account->state == ACCOUNT_ACTIVE && goes_on(walk, account);

	if (!forwards || account->forward_keeps)
		add_account(walk, account, detail);
	if (!forwards)
		return RESOLVE_OK;
	return push_hops(walk, account->forward, account->forward_count,
			(struct hop){ .forwarder = account->address,
					.kept = account->forward_keeps,
					.depth = hop.depth + 1 });
}

static int follow_route(struct walk *walk, const struct route_spec *route, struct hop hop,
		struct view detail)
{
	const struct account_spec *account;
	int outcome = RESOLVE_OK;

	switch (route->kind) {
	case ROUTE_ACCOUNT:
		account = configuration_account(walk->configuration, route->account);
		if (account)
			outcome = follow_account(walk, account, hop, detail);
		else
			walk->outcome = RESOLVE_E_UNKNOWN;
		break;
	case ROUTE_ALIAS:
		outcome = push_hops(walk, route->targets, route->target_count,
				(struct hop){ .forwarder = hop.address,
						.depth = hop.depth + 1 });
		break;
	case ROUTE_REJECT:
		walk->out->text = route->text;
		walk->outcome = RESOLVE_E_REJECTED;
		break;
	case ROUTE_DISCARD:
		walk->discarded = true;
		break;
	}
	if (walk->out->count + walk->out->remote_count > RESOLVE_MAX_TARGETS)
		return RESOLVE_E_TOO_DEEP;
	return outcome;
}

static int follow_hop(struct walk *walk, struct hop hop)
{
	const struct route_spec *route;
	struct view detail = VIEW_NULL;
	struct halves halves;
	struct shard *shard = NULL;
	size_t detail_at;

	if (hop.depth > RESOLVE_MAX_DEPTH)
		return RESOLVE_E_TOO_DEEP;
	if (split_address(hop.address, &halves))
		shard = map_get(&walk->configuration->domains, halves.domain);
	if (!shard && hop.depth == 0)
		return RESOLVE_E_FOREIGN;
	if (!shard) {
		add_remote(walk, hop);
		return RESOLVE_OK;
	}
	route = find_route(shard, halves.local_part, &detail_at);
	if (detail_at)
		detail = view_sub(hop.address, detail_at,
				halves.local_part.len - detail_at);
	if (route)
		return follow_route(walk, route, hop, detail);
	if (shard->catch_all.len)
		push_hop(walk, (struct hop){ .address = shard->catch_all,
					       .forwarder = hop.address,
					       .depth = hop.depth + 1 });
	else
		walk->outcome = RESOLVE_E_UNKNOWN;
	return RESOLVE_OK;
}

int configuration_resolve(const struct configuration *c, struct view address,
		struct resolution *out)
{
	struct walk walk = { .configuration = c, .out = out };
	int outcome = RESOLVE_OK;

	push_hop(&walk, (struct hop){ .address = address });
	for (size_t n = 0; walk.count && outcome == RESOLVE_OK; n++) {
		if (n == MOST_HOPS)
			outcome = RESOLVE_E_TOO_DEEP;
		else
			outcome = follow_hop(&walk, walk.hops[--walk.count]);
	}
	free(walk.hops);
	free(walk.forwarded);
	if (outcome)
		return outcome;
	/* One target that takes the message is enough; the others are the alias's own
	 * matter. */
	return out->count || out->remote_count || walk.discarded ? RESOLVE_OK
								 : walk.outcome;
}

void resolution_free(struct resolution *r)
{
	free(r->accounts);
	free(r->remotes);
	*r = (struct resolution){ 0 };
}
