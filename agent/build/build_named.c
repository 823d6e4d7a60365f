/* What the state names: its domains, accounts and routes, and this machine. */
#include "agent/build/build_inside.h"

#include "agent/driver/host.h"
#include "agent/driver/listener.h"
#include "agent/effect/secret_form.h"
#include "agent/plan/targets.h"
#include "runtime/base/error.h"

enum {
	LONGEST_FORM = 8192
};

/* -- domains -- */

void build_named_domains(struct build *b)
{
	const struct desired *desired = b->o->desired;

	for (size_t i = 0; desired && i < desired->domain_count; i++) {
		const struct desired_domain *domain = &desired->domains[i];
		struct shard *shard = build_add_shard(b, domain->object.key);

		shard->desired = domain;
		if (domain->same_as)
			shard->twin_of = domain->same_as->object.key;
		if (domain->subaddress.len)
			shard->subaddress = domain->subaddress.data[0];
		shard->send_via = targets_relay(&domain->send_via);
	}
}

/* -- ways out -- */

static void add_relay(struct build *b, const struct desired_relay *desired)
{
	CLEANUP(buf_free) struct buf form = BUF_NULL(LONGEST_FORM);
	struct relay_spec *relay = &b->relays[b->relay_count++];
	json_t *json;

	*relay = (struct relay_spec){
		.name = desired->object.key,
		.host = desired->host,
		.port = (uint16_t)desired->port,
	};
	secret_form_add(&form, &desired->password);
	json = json_loadb(form.data, form.len, JSON_DECODE_ANY, NULL);
	build_set_login(b, relay, desired->user, json);
	json_decref(json);
}

void build_named_relays(struct build *b)
{
	const struct desired *desired = b->o->desired;

	for (size_t i = 0; desired && i < desired->relay_count; i++)
		add_relay(b, &desired->relays[i]);
	for (size_t i = 0; desired && i < desired->destination_count; i++)
		b->destinations[b->destination_count++] = (struct destination){
			desired->destinations[i].object.key,
			targets_relay(&desired->destinations[i].send_via)
		};
}

/* -- accounts -- */

/* What is the object's own, whatever the state says: it may be shut, and somebody may have
 * changed values that are let be. */
static void finish(struct account_spec *account, const struct wanted *wanted)
{
	const struct object *object = wanted->object;
	json_t *lived;

	if (object->state == OBJECT_DISABLED) {
		account->state = ACCOUNT_DISABLED;
		account->disabled_since = object->disabled_at;
	}
	if (!wanted->changed)
		return;
	lived = json_loadb(wanted->applied.data, wanted->applied.len, 0, NULL);
	build_set_lived(account, lived);
	json_decref(lived);
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
		account = build_add_account(b, user->object.key, wanted->object->uid);
		if (!account)
			continue;
		account->quota = user->quota;
		account->send_limit = user->send_limit.count;
		account->send_period = user->send_limit.period;
		account->protocols = build_protocols(user->protocols);
		account->forward = user->forward.items;
		account->forward_count = user->forward.count;
		account->forward_keeps = user->forward_keeps;
		finish(account, wanted);
	}
}

static const unsigned char *uid_of(const struct build *b, const struct desired_user *user)
{
	return b->uids[user - b->o->desired->users];
}

static void set_members(struct build *b, struct account_spec *account,
		const struct desired_shared *shared)
{
	struct member_spec *members =
			arena_array(b->arena, shared->member_count, sizeof(*members));

	for (size_t i = 0; i < shared->member_count; i++)
		build_add_member(members, &account->member_count,
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
		account = build_add_account(b, shared->object.key, wanted->object->uid);
		if (!account)
			continue;
		account->kind = ACCOUNT_SHARED;
		account->quota = shared->quota;
		account->members_send_as = shared->send_as == SEND_AS_MEMBERS;
		set_members(b, account, shared);
		finish(account, wanted);
	}
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
		account = build_add_account(b, service->object.key, wanted->object->uid);
		if (!account)
			continue;
		account->kind = ACCOUNT_SERVICE;
		account->protocols = PROTOCOL_SMTP;
		account->send_limit = service->send_limit.count;
		account->send_period = service->send_limit.period;
		account->reach = service->to.items;
		account->reach_count = service->to.count;
		build_set_networks(b, account, service->from);
		finish(account, wanted);
	}
}

void build_named_accounts(struct build *b)
{
	const struct desired *desired = b->o->desired;

	if (!desired)
		return;
	b->uids = arena_array(b->arena, desired->user_count, sizeof(*b->uids));
	b->shared_uids = arena_array(
			b->arena, desired->shared_count, sizeof(*b->shared_uids));
	b->service_uids = arena_array(
			b->arena, desired->service_count, sizeof(*b->service_uids));
	add_users(b);
	add_shared(b);
	add_services(b);
}

/* -- routes -- */

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
	build_set_senders(b, route, uids, count);
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

void build_named_routes(struct build *b, const struct desired_domain *domain,
		struct domain_spec *spec, struct route_spec *routes)
{
	for (size_t i = 0; i < domain->route_count; i++)
		if (is_served(b, &domain->routes[i]))
			routes[spec->route_count++] = route_spec(b, &domain->routes[i]);
	build_set_catch_all(
			b, targets_addresses(&domain->catch_all, b->arena), spec, routes);
}

/* -- the host -- */

void build_named_host(
		struct build *b, struct host_spec *out, struct listener_spec *listeners)
{
	const struct desired_host *host = b->o->desired->host;

	*out = (struct host_spec){
		.name = host->name,
		.message_size = host->message_size,
		.connections = (uint32_t)host->connections,
		.connections_per_ip = (uint32_t)host->connections_per_ip,
		.connections_per_network = (uint32_t)host_connections_per_network(host),
		.memory = host->memory,
		.listeners = listeners,
		.proxies = host->proxy.items,
		.proxy_count = host->proxy.count,
		.send_via = targets_relay(&host->send_via),
	};
	for (size_t i = 0; i < b->o->wanted.count; i++) {
		const struct wanted *wanted = &b->o->wanted.items[i];

		if (wanted->driver == &driver_listener &&
				listener_read(wanted->key, wanted->spec, b->arena,
						&listeners[out->listener_count]))
			out->listener_count++;
	}
}
