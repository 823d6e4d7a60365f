/* One shard a domain. The state's routes come first; what has left the state fills what
 * they leave open, so that an address given to somebody else is theirs. */
#include "agent/build.h"

#include "agent/account.h"
#include "agent/driver/certificate.h"
#include "agent/driver/listener.h"
#include "agent/targets.h"
#include "runtime/base/error.h"
#include "runtime/base/map.h"

#include <jansson.h>
#include <stdlib.h>

struct shard {
	struct view name;
	const struct desired_domain *desired; /* NULL: it left the state */
	struct view twin_of;                  /* of one that left */
	char subaddress;
	struct account_spec *accounts; /* malloc'd, as the next two */
	size_t account_count, account_capacity;
	struct route_spec *left; /* of objects that the state does not name */
	size_t left_count, left_capacity;
};

struct build {
	struct observation *o;
	struct arena *arena;
	struct account_row *rows;
	size_t row_count;
	struct former_address *former;
	size_t former_count;
	const unsigned char **uids; /* by the user's place in the state */
	const unsigned char **shared_uids, **service_uids;
	struct shard *shards;
	size_t shard_count;
	struct map by_name;
};

static void build_deinit(struct build *b)
{
	for (size_t i = 0; i < b->shard_count; i++) {
		free(b->shards[i].accounts);
		free(b->shards[i].left);
	}
	map_free(&b->by_name);
	free(b->rows);
	free(b->former);
	arena_free(b->arena);
}

static struct view domain_of(struct view address)
{
	return view_from(address, view_find_last(address, '@') + 1);
}

static struct view local_part_of(struct view address)
{
	return view_sub(address, 0, view_find_last(address, '@'));
}

static struct shard *shard_of(const struct build *b, struct view address)
{
	return map_get(&b->by_name, domain_of(address));
}

/* -- accounts -- */

static struct account_spec *add_account(
		struct build *b, struct view address, const unsigned char *uid)
{
	const struct account_row *row = account_row_of(b->rows, b->row_count, uid);
	struct shard *shard = shard_of(b, address);
	struct account_spec *account;

	if (!row || !shard)
		return NULL;
	array_grow(&shard->accounts, &shard->account_capacity, shard->account_count + 1,
			sizeof(*shard->accounts));
	account = &shard->accounts[shard->account_count++];
	*account = (struct account_spec){
		.address = address,
		.name = row->name,
		.password = row->password,
		.wrapped_key = row->wrapped,
		.revocation = row->revocation,
	};
	memcpy(account->uid, uid, ACCOUNT_UID_SIZE);
	return account;
}

static unsigned protocols_of(uint64_t protocols)
{
	return (protocols & USER_IMAP ? PROTOCOL_IMAP : 0u) |
	       (protocols & USER_SMTP ? PROTOCOL_SMTP : 0u);
}

static void add_users(struct build *b)
{
	for (size_t i = 0; i < b->o->wanted.count; i++) {
		const struct wanted *wanted = &b->o->wanted.items[i];
		const struct desired_user *user = wanted->desired;
		struct account_spec *account;

		if (wanted->driver != &driver_user || !wanted->object)
			continue;
		b->uids[user - b->o->desired->users] = wanted->object->uid;
		account = add_account(b, user->object.key, wanted->object->uid);
		if (!account)
			continue;
		account->quota = user->quota;
		account->send_limit = user->send_limit.count;
		account->send_period = user->send_limit.period;
		account->protocols = protocols_of(user->protocols);
		account->state = ACCOUNT_ACTIVE;
	}
}

static const unsigned char *uid_of(const struct build *b, const struct desired_user *user)
{
	return b->uids[user - b->o->desired->users];
}

static enum right right_of(uint64_t right)
{
	static const enum right rights[] = { [MAY_READ] = RIGHT_READ,
		[MAY_WRITE] = RIGHT_WRITE,
		[MAY_MANAGE] = RIGHT_MANAGE };

	return right < ARRAY_LEN(rights) ? rights[right] : RIGHT_NONE;
}

/* A user who is no object yet has no account to look from. */
static void add_member(struct member_spec *members, size_t *count,
		const unsigned char *uid, uint64_t right)
{
	if (!uid)
		return;
	memcpy(members[*count].uid, uid, ACCOUNT_UID_SIZE);
	members[(*count)++].right = right_of(right);
}

static void set_members(struct build *b, struct account_spec *account,
		const struct desired_shared *shared)
{
	struct member_spec *members =
			arena_array(b->arena, shared->member_count, sizeof(*members));

	for (size_t i = 0; i < shared->member_count; i++)
		add_member(members, &account->member_count,
				uid_of(b, shared->members[i].user),
				shared->members[i].right);
	account->members = members;
}

/* After the users, who are its members. */
static void add_shared(struct build *b)
{
	for (size_t i = 0; i < b->o->wanted.count; i++) {
		const struct wanted *wanted = &b->o->wanted.items[i];
		const struct desired_shared *shared = wanted->desired;
		struct account_spec *account;

		if (wanted->driver != &driver_shared || !wanted->object)
			continue;
		b->shared_uids[shared - b->o->desired->shared] = wanted->object->uid;
		account = add_account(b, shared->object.key, wanted->object->uid);
		if (!account)
			continue;
		account->kind = ACCOUNT_SHARED;
		account->quota = shared->quota;
		account->state = ACCOUNT_ACTIVE;
		account->members_send_as = shared->send_as == SEND_AS_MEMBERS;
		set_members(b, account, shared);
	}
}

/* The schema has read them before. */
static void set_networks(
		struct build *b, struct account_spec *account, struct view_list texts)
{
	struct network *networks = arena_array(b->arena, texts.count, sizeof(*networks));

	for (size_t i = 0; i < texts.count; i++)
		if (!network_parse(texts.items[i], &networks[i]))
			die("not a network: %.*s", VIEW_ARG(texts.items[i]));
	account->networks = networks;
	account->network_count = texts.count;
}

static void add_services(struct build *b)
{
	for (size_t i = 0; i < b->o->wanted.count; i++) {
		const struct wanted *wanted = &b->o->wanted.items[i];
		const struct desired_service *service = wanted->desired;
		struct account_spec *account;

		if (wanted->driver != &driver_service || !wanted->object)
			continue;
		b->service_uids[service - b->o->desired->services] = wanted->object->uid;
		account = add_account(b, service->object.key, wanted->object->uid);
		if (!account)
			continue;
		account->kind = ACCOUNT_SERVICE;
		account->protocols = PROTOCOL_SMTP;
		account->send_limit = service->send_limit.count;
		account->send_period = service->send_limit.period;
		account->reach = service->to.items;
		account->reach_count = service->to.count;
		set_networks(b, account, service->from);
	}
}

/* -- what has left the state -- */

static struct route_spec *add_left_route(struct build *b, struct view address)
{
	struct shard *shard = shard_of(b, address);
	struct view local_part = local_part_of(address);
	struct route_spec *route;

	if (!shard || (shard->desired && desired_route(shard->desired, local_part)))
		return NULL;
	array_grow(&shard->left, &shard->left_capacity, shard->left_count + 1,
			sizeof(*shard->left));
	route = &shard->left[shard->left_count++];
	*route = (struct route_spec){ .local_part = local_part };
	return route;
}

static void add_account_route(
		struct build *b, struct view address, const unsigned char *uid)
{
	struct route_spec *route = add_left_route(b, address);

	if (!route)
		return;
	route->kind = ROUTE_ACCOUNT;
	memcpy(route->account, uid, ACCOUNT_UID_SIZE);
}

/* Those who may send as an alias; a user who is no object yet has no account. */
static void set_senders(struct build *b, struct route_spec *route,
		const unsigned char **uids, size_t count)
{
	unsigned char *senders = arena_array(b->arena, count, ACCOUNT_UID_SIZE);

	for (size_t i = 0; i < count; i++)
		if (uids[i])
			memcpy(senders + ACCOUNT_UID_SIZE * route->sender_count++,
					uids[i], ACCOUNT_UID_SIZE);
	route->senders = senders;
}

static struct view copy_json(struct build *b, const json_t *text)
{
	return arena_copy(b->arena,
			view_of(json_string_value(text), json_string_length(text)));
}

static uint64_t number_of(const json_t *was, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(was, key));
}

/* What users and shared mailboxes have in common. */
static struct account_spec *add_left_account(
		struct build *b, const struct object *object, const json_t *was)
{
	struct account_spec *account = add_account(b, object->key, object->uid);
	json_t *address;
	size_t i;

	if (!account)
		return NULL;
	account->quota = number_of(was, "quota");
	account->state = object->state == OBJECT_DISABLED ? ACCOUNT_DISABLED
							  : ACCOUNT_ACTIVE;
	account->disabled_since = object->disabled_at;
	add_account_route(b, object->key, object->uid);
	json_array_foreach (json_object_get(was, "addresses"), i, address)
		add_account_route(b, copy_json(b, address), object->uid);
	return account;
}

static void set_left_limit(struct account_spec *account, const json_t *was)
{
	account->send_limit = number_of(was, "limit");
	account->send_period = nstime_seconds((int64_t)number_of(was, "period"));
}

static void add_left_user(struct build *b, const struct object *object, const json_t *was)
{
	struct account_spec *account = add_left_account(b, object, was);

	if (!account)
		return;
	account->protocols = protocols_of(number_of(was, "protocols"));
	set_left_limit(account, was);
}

static struct view_list left_texts(struct build *b, const json_t *texts)
{
	struct view_list list = { .count = json_array_size(texts) };

	list.items = arena_array(b->arena, list.count, sizeof(*list.items));
	for (size_t i = 0; i < list.count; i++)
		list.items[i] = copy_json(b, json_array_get(texts, i));
	return list;
}

static void add_left_service(
		struct build *b, const struct object *object, const json_t *was)
{
	struct account_spec *account = add_account(b, object->key, object->uid);
	struct view_list reach;

	if (!account)
		return;
	reach = left_texts(b, json_object_get(was, "to"));
	account->kind = ACCOUNT_SERVICE;
	account->protocols = PROTOCOL_SMTP;
	account->reach = reach.items;
	account->reach_count = reach.count;
	set_networks(b, account, left_texts(b, json_object_get(was, "from")));
	set_left_limit(account, was);
	add_account_route(b, object->key, object->uid);
}

/* The account of a user by the address that is kept of it; NULL where it has gone. */
static const unsigned char *left_uid(struct build *b, const json_t *address)
{
	const struct object *user = object_by_key(
			&b->o->objects, &driver_user, copy_json(b, address));

	return user && !user->gone ? user->uid : NULL;
}

static void add_left_shared(
		struct build *b, const struct object *object, const json_t *was)
{
	struct account_spec *account = add_left_account(b, object, was);
	json_t *all = json_object_get(was, "members"), *one;
	struct member_spec *members;
	size_t i;

	if (!account)
		return;
	members = arena_array(b->arena, json_array_size(all), sizeof(*members));
	account->kind = ACCOUNT_SHARED;
	account->members_send_as = number_of(was, "send_as") == SEND_AS_MEMBERS;
	account->members = members;
	json_array_foreach (all, i, one)
		add_member(members, &account->member_count,
				left_uid(b, json_array_get(one, 0)),
				(uint64_t)json_integer_value(json_array_get(one, 1)));
}

/* By addresses, as users had them. */
static void set_left_senders(
		struct build *b, struct route_spec *route, const json_t *addresses)
{
	size_t count = json_array_size(addresses);
	const unsigned char **uids = arena_array(b->arena, count, sizeof(*uids));

	for (size_t i = 0; i < count; i++)
		uids[i] = left_uid(b, json_array_get(addresses, i));
	set_senders(b, route, uids, count);
}

static void add_left_alias(
		struct build *b, const struct object *object, const json_t *was)
{
	struct route_spec *route = add_left_route(b, object->key);
	json_t *to = json_object_get(was, "to"), *text = json_object_get(was, "reject");
	struct view *targets;

	if (!route)
		return;
	set_left_senders(b, route, json_object_get(was, "send_as"));
	if (!to) {
		route->kind = text ? ROUTE_REJECT : ROUTE_DISCARD;
		route->text = text ? copy_json(b, text) : VIEW_NULL;
		return;
	}
	targets = arena_array(b->arena, json_array_size(to), sizeof(*targets));
	for (size_t i = 0; i < json_array_size(to); i++)
		targets[i] = copy_json(b, json_array_get(to, i));
	route->kind = ROUTE_ALIAS;
	route->targets = targets;
	route->target_count = json_array_size(to);
}

typedef void (*left_adder)(struct build *, const struct object *, const json_t *);

static int add_left(struct build *b, const struct driver *driver, enum object_state state,
		left_adder add)
{
	for (size_t i = 0; i < b->o->objects.count; i++) {
		const struct object *object = &b->o->objects.items[i];
		struct object_texts texts;
		json_t *was;
		int r;

		if (object->driver != driver || object->wanted || object->gone ||
				object->state != state)
			continue;
		r = object_read_texts(b->o->db, object->uid, b->arena, &texts);
		if (r)
			return r;
		was = json_loadb(
				texts.last_applied.data, texts.last_applied.len, 0, NULL);
		add(b, object, was);
		json_decref(was);
	}
	return 0;
}

/* The last route of a local part counts: the order is that of their claims. */
static int add_all_left(struct build *b)
{
	int r;

	for (size_t i = 0; i < b->former_count; i++)
		add_account_route(b, b->former[i].address, b->former[i].uid);
	r = add_left(b, &driver_user, OBJECT_DISABLED, add_left_user);
	if (r == 0)
		r = add_left(b, &driver_shared, OBJECT_DISABLED, add_left_shared);
	if (r == 0)
		r = add_left(b, &driver_alias, OBJECT_ACTIVE, add_left_alias);
	if (r == 0)
		r = add_left(b, &driver_user, OBJECT_ACTIVE, add_left_user);
	if (r == 0)
		r = add_left(b, &driver_shared, OBJECT_ACTIVE, add_left_shared);
	if (r == 0)
		r = add_left(b, &driver_service, OBJECT_ACTIVE, add_left_service);
	return r;
}

/* -- shards -- */

static struct shard *add_shard(struct build *b, struct view name)
{
	struct shard *shard = &b->shards[b->shard_count++];

	shard->name = name;
	map_set(&b->by_name, name, shard);
	return shard;
}

static void add_left_domain(
		struct build *b, const struct object *object, const json_t *was)
{
	json_t *subaddress = json_object_get(was, "subaddress");
	struct shard *shard = add_shard(b, object->key);

	shard->twin_of = copy_json(b, json_object_get(was, "same_as"));
	if (json_string_length(subaddress))
		shard->subaddress = json_string_value(subaddress)[0];
}

static int add_domains(struct build *b)
{
	const struct desired *desired = b->o->desired;
	size_t most = desired->domain_count;
	int r;

	for (size_t i = 0; i < b->o->objects.count; i++)
		most += b->o->objects.items[i].driver == &driver_domain;
	b->shards = arena_array(b->arena, most, sizeof(*b->shards));
	for (size_t i = 0; i < desired->domain_count; i++) {
		const struct desired_domain *domain = &desired->domains[i];
		struct shard *shard = add_shard(b, domain->object.key);

		shard->desired = domain;
		if (domain->same_as)
			shard->twin_of = domain->same_as->object.key;
		if (domain->subaddress.len)
			shard->subaddress = domain->subaddress.data[0];
	}
	r = add_left(b, &driver_domain, OBJECT_ACTIVE, add_left_domain);
	return r ? r : add_left(b, &driver_domain, OBJECT_DISABLED, add_left_domain);
}

static const unsigned char *shared_uid_of(
		const struct build *b, const struct desired_shared *shared)
{
	return b->shared_uids[shared - b->o->desired->shared];
}

static const unsigned char *service_uid_of(
		const struct build *b, const struct desired_service *service)
{
	return b->service_uids[service - b->o->desired->services];
}

static void set_alias_senders(struct build *b, struct route_spec *route,
		const struct desired_alias *alias)
{
	size_t count;
	const struct desired_user **users =
			targets_users(&alias->send_as, b->arena, &count);
	const unsigned char **uids = arena_array(b->arena, count, sizeof(*uids));

	for (size_t i = 0; i < count; i++)
		uids[i] = uid_of(b, users[i]);
	set_senders(b, route, uids, count);
}

static struct route_spec route_spec(struct build *b, const struct desired_route *route)
{
	struct route_spec spec = { .local_part = route->local_part };
	struct view_list targets;

	if (route->alias)
		set_alias_senders(b, &spec, route->alias);

	switch (route->kind) {
	case TO_USER:
		spec.kind = ROUTE_ACCOUNT;
		memcpy(spec.account, uid_of(b, route->user), ACCOUNT_UID_SIZE);
		break;
	case TO_SHARED:
		spec.kind = ROUTE_ACCOUNT;
		memcpy(spec.account, shared_uid_of(b, route->shared), ACCOUNT_UID_SIZE);
		break;
	case TO_SERVICE:
		spec.kind = ROUTE_ACCOUNT;
		memcpy(spec.account, service_uid_of(b, route->service), ACCOUNT_UID_SIZE);
		break;
	case TO_TARGETS:
		targets = targets_addresses(&route->targets, b->arena);
		spec.kind = ROUTE_ALIAS;
		spec.targets = targets.items;
		spec.target_count = targets.count;
		break;
	case TO_REJECTION:
		spec.kind = ROUTE_REJECT;
		spec.text = route->text;
		break;
	case TO_NOTHING:
		spec.kind = ROUTE_DISCARD;
		break;
	}
	return spec;
}

/* Who is not an object yet has no account to deliver to. */
static bool is_served(const struct build *b, const struct desired_route *route)
{
	if (route->kind == TO_SHARED)
		return shared_uid_of(b, route->shared);
	if (route->kind == TO_SERVICE)
		return service_uid_of(b, route->service);
	return route->kind != TO_USER || uid_of(b, route->user);
}

/* A catch-all that is a group needs an address of its own; whoever writes to it reaches
 * the group, as with any other address that nobody has. */
static void set_catch_all(struct build *b, const struct desired_domain *domain,
		struct domain_spec *spec, struct route_spec *routes)
{
	struct view_list targets = targets_addresses(&domain->catch_all, b->arena);

	if (targets.count == 1) {
		spec->catch_all = targets.items[0];
	} else if (targets.count > 1) {
		routes[spec->route_count++] = (struct route_spec){
			.local_part = VIEW("*"),
			.kind = ROUTE_ALIAS,
			.targets = targets.items,
			.target_count = targets.count,
		};
		spec->catch_all = arena_printf(b->arena, "*@%.*s", VIEW_ARG(spec->name));
	}
}

static void digest_part(struct digest *d, struct view part)
{
	uint64_t len = part.len;

	digest_add(d, view_of(&len, sizeof(len)));
	digest_add(d, part);
}

static void digest_u64(struct digest *d, uint64_t number)
{
	digest_add(d, view_of(&number, sizeof(number)));
}

static void digest_account(struct digest *d, const struct account_spec *account)
{
	digest_add(d, view_of(account->uid, ACCOUNT_UID_SIZE));
	digest_part(d, account->address);
	digest_part(d, account->name);
	digest_part(d, account->password);
	digest_part(d, account->wrapped_key);
	digest_u64(d, account->quota);
	digest_u64(d, account->protocols);
	digest_u64(d, account->state);
	digest_u64(d, (uint64_t)account->disabled_since);
	digest_u64(d, account->revocation);
	digest_u64(d, account->kind);
	digest_u64(d, account->send_limit);
	digest_u64(d, (uint64_t)account->send_period);
	digest_part(d, view_of(account->networks,
				       account->network_count *
						       sizeof(*account->networks)));
	digest_u64(d, account->reach_count);
	for (size_t i = 0; i < account->reach_count; i++)
		digest_part(d, account->reach[i]);
	digest_u64(d, account->members_send_as);
	digest_u64(d, account->member_count);
	for (size_t i = 0; i < account->member_count; i++) {
		digest_add(d, view_of(account->members[i].uid, ACCOUNT_UID_SIZE));
		digest_u64(d, account->members[i].right);
	}
}

static void digest_route(struct digest *d, const struct route_spec *route)
{
	digest_part(d, route->local_part);
	digest_u64(d, route->kind);
	digest_add(d, view_of(route->account, ACCOUNT_UID_SIZE));
	digest_u64(d, route->target_count);
	for (size_t i = 0; i < route->target_count; i++)
		digest_part(d, route->targets[i]);
	digest_part(d, route->text);
	digest_part(d, view_of(route->senders, route->sender_count * ACCOUNT_UID_SIZE));
}

/* Of this process's life only: the order of bytes is the machine's. */
static void digest_domain(struct domain_spec *spec)
{
	struct digest d;

	digest_init(&d);
	digest_part(&d, spec->name);
	digest_u64(&d, (unsigned char)spec->subaddress);
	digest_part(&d, spec->catch_all);
	for (size_t i = 0; i < spec->account_count; i++)
		digest_account(&d, &spec->accounts[i]);
	for (size_t i = 0; i < spec->route_count; i++)
		digest_route(&d, &spec->routes[i]);
	digest_final(&d, spec->hash);
}

static void append_routes(struct route_spec *routes, struct domain_spec *spec,
		const struct shard *from)
{
	if (from && from->left_count)
		memcpy(routes + spec->route_count, from->left,
				from->left_count * sizeof(*routes));
	spec->route_count += from ? from->left_count : 0;
}

static void put_domain(
		struct build *b, const struct shard *shard, struct configuration *c)
{
	const struct shard *original =
			shard->twin_of.len ? map_get(&b->by_name, shard->twin_of) : NULL;
	/* A twin that left is still one, for as long as it is held. */
	const struct desired_domain *desired =
			shard->desired || !original ? shard->desired : original->desired;
	size_t most = shard->left_count + (original ? original->left_count : 0) +
		      (desired ? desired->route_count : 0) + 1;
	CLEANUP(freep) struct route_spec *routes = xcalloc(most, sizeof(*routes));
	struct domain_spec spec = {
		.name = shard->name,
		.subaddress = shard->subaddress,
		.accounts = shard->accounts,
		.account_count = shard->account_count,
		.routes = routes,
	};

	append_routes(routes, &spec, original);
	append_routes(routes, &spec, shard);
	for (size_t i = 0; desired && i < desired->route_count; i++)
		if (is_served(b, &desired->routes[i]))
			routes[spec.route_count++] = route_spec(b, &desired->routes[i]);
	if (desired)
		set_catch_all(b, desired, &spec, routes);
	digest_domain(&spec);
	if (!configuration_share_domain(c, spec.name, spec.hash))
		configuration_add_domain(c, &spec);
}

/* -- the host -- */

static int add_held_listeners(
		struct build *b, struct host_spec *host, struct listener_spec *listeners)
{
	for (size_t i = 0; i < b->o->objects.count; i++) {
		const struct object *object = &b->o->objects.items[i];
		struct object_texts texts;
		int r;

		if (object->driver != &driver_listener || object->wanted || object->gone)
			continue;
		r = object_read_texts(b->o->db, object->uid, b->arena, &texts);
		if (r)
			return r;
		if (listener_read(object->key, texts.spec, b->arena,
				    &listeners[host->listener_count]))
			host->listener_count++;
	}
	return 0;
}

enum {
	ADDRESSES_A_NETWORK = 4 /* that come at once, where nothing is said of it */
};

static uint32_t connections_per_network(const struct desired_host *host)
{
	return (uint32_t)(host->connections_per_network
					  ? host->connections_per_network
					  : ADDRESSES_A_NETWORK *
							    host->connections_per_ip);
}

static int make_host(struct build *b, struct host_spec *out)
{
	const struct desired_host *host = b->o->desired->host;
	struct listener_spec *listeners =
			arena_array(b->arena, 2 * LISTENER_KINDS, sizeof(*listeners));

	*out = (struct host_spec){
		.name = host->name,
		.message_size = host->message_size,
		.connections = (uint32_t)host->connections,
		.connections_per_ip = (uint32_t)host->connections_per_ip,
		.connections_per_network = connections_per_network(host),
		.memory = host->memory,
		.listeners = listeners,
		.proxies = host->proxy.items,
		.proxy_count = host->proxy.count,
	};
	for (size_t i = 0; i < b->o->wanted.count; i++) {
		const struct wanted *wanted = &b->o->wanted.items[i];

		if (wanted->driver == &driver_listener &&
				listener_read(wanted->key, wanted->spec, b->arena,
						&listeners[out->listener_count]))
			out->listener_count++;
	}
	return add_held_listeners(b, out, listeners);
}

static int gather(struct build *b)
{
	int r = account_read_all(b->o->db, b->arena, &b->rows, &b->row_count);

	if (r == 0)
		r = account_read_former(b->o->db, b->o->now, b->arena, &b->former,
				&b->former_count);
	if (r == 0)
		r = add_domains(b);
	if (r)
		return r;
	b->uids = arena_array(b->arena, b->o->desired->user_count, sizeof(*b->uids));
	b->shared_uids = arena_array(
			b->arena, b->o->desired->shared_count, sizeof(*b->shared_uids));
	b->service_uids = arena_array(
			b->arena, b->o->desired->service_count, sizeof(*b->service_uids));
	add_users(b);
	add_shared(b);
	add_services(b);
	return add_all_left(b);
}

int build_configuration(struct observation *o, const struct key *tls_key,
		const struct configuration *previous, struct configuration **out)
{
	CLEANUP(build_deinit) struct build b = { .o = o, .arena = arena_new() };
	CLEANUP(configuration_unrefp) struct configuration *c = NULL;
	struct host_spec host;
	int r;

	r = gather(&b);
	if (r == 0)
		r = make_host(&b, &host);
	if (r)
		return r;
	c = configuration_new(&host, previous);
	r = certificates_add(o->db, tls_key, host.name, c);
	if (r)
		return r;
	for (size_t i = 0; i < b.shard_count; i++)
		put_domain(&b, &b.shards[i], c);
	*out = TAKE(c);
	return 0;
}
