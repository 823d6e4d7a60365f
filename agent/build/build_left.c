/* What the objects' rows say of what the state does not name: disabled users, what a gate
 * holds; of everything, where the state cannot be read any more. */
#include "agent/build/build_inside.h"

#include "agent/driver/listener.h"
#include "runtime/base/error.h"

#include <errno.h>
#include <stdlib.h>

/* -- routes -- */

static struct view local_part_of(struct view address)
{
	return view_sub(address, 0, view_find_last(address, '@'));
}

static struct route_spec *add_left_route(struct build *b, struct view address)
{
	struct shard *shard = build_shard_of(b, address);
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

static struct view copy_json(struct build *b, const json_t *text)
{
	return arena_copy(b->arena,
			view_of(json_string_value(text), json_string_length(text)));
}

static struct view_list left_texts(struct build *b, const json_t *texts)
{
	struct view_list list = { .count = json_array_size(texts) };

	list.items = arena_array(b->arena, list.count, sizeof(*list.items));
	for (size_t i = 0; i < list.count; i++)
		list.items[i] = copy_json(b, json_array_get(texts, i));
	return list;
}

/* -- accounts -- */

/* What users and shared mailboxes have in common. */
static struct account_spec *add_left_account(struct build *b, enum account_kind kind,
		const struct object *object, const json_t *was)
{
	struct account_spec *account = build_add_account(b, object->key, object->uid);
	json_t *address;
	size_t i;

	if (!account)
		return NULL;
	account->kind = kind;
	build_set_lived(account, was);
	account->state = object->state == OBJECT_DISABLED ? ACCOUNT_DISABLED
							  : ACCOUNT_ACTIVE;
	account->disabled_since = object->disabled_at;
	add_account_route(b, object->key, object->uid);
	json_array_foreach (json_object_get(was, "addresses"), i, address)
		add_account_route(b, copy_json(b, address), object->uid);
	return account;
}

static void add_left_user(struct build *b, const struct object *object, const json_t *was)
{
	struct account_spec *account = add_left_account(b, ACCOUNT_USER, object, was);
	struct view_list forward;

	if (!account)
		return;
	forward = left_texts(b, json_object_get(was, "forward"));
	account->forward = forward.items;
	account->forward_count = forward.count;
	account->forward_keeps = json_is_true(json_object_get(was, "keep"));
}

static void add_left_service(
		struct build *b, const struct object *object, const json_t *was)
{
	struct account_spec *account = build_add_account(b, object->key, object->uid);
	struct view_list reach;

	if (!account)
		return;
	reach = left_texts(b, json_object_get(was, "to"));
	account->kind = ACCOUNT_SERVICE;
	account->protocols = PROTOCOL_SMTP;
	account->reach = reach.items;
	account->reach_count = reach.count;
	build_set_networks(b, account, left_texts(b, json_object_get(was, "from")));
	build_set_lived(account, was);
	add_account_route(b, object->key, object->uid);
}

/* The account of a user by the identity that is kept of it; NULL where it has gone, or has
 * another one. */
static const unsigned char *left_uid(struct build *b, const json_t *identity)
{
	struct view id = copy_json(b, identity);
	const struct object *user = object_by_id(&b->o->objects, &driver_user, id);

	return user && !user->gone && view_eq(user->id, id) ? user->uid : NULL;
}

static void add_left_shared(
		struct build *b, const struct object *object, const json_t *was)
{
	struct account_spec *account = add_left_account(b, ACCOUNT_SHARED, object, was);
	json_t *all = json_object_get(was, "members"), *one;
	struct member_spec *members;
	size_t i;

	if (!account)
		return;
	members = arena_array(b->arena, json_array_size(all), sizeof(*members));
	account->members = members;
	json_array_foreach (all, i, one)
		build_add_member(members, &account->member_count,
				left_uid(b, json_array_get(one, 0)),
				(uint64_t)json_integer_value(json_array_get(one, 1)));
}

static void set_left_senders(
		struct build *b, struct route_spec *route, const json_t *identities)
{
	size_t count = json_array_size(identities);
	const unsigned char **uids = arena_array(b->arena, count, sizeof(*uids));

	for (size_t i = 0; i < count; i++)
		uids[i] = left_uid(b, json_array_get(identities, i));
	build_set_senders(b, route, uids, count);
}

static void add_left_alias(
		struct build *b, const struct object *object, const json_t *was)
{
	struct route_spec *route = add_left_route(b, object->key);
	json_t *to = json_object_get(was, "to"), *text = json_object_get(was, "reject");
	struct view_list targets;

	if (!route)
		return;
	set_left_senders(b, route, json_object_get(was, "send_as"));
	if (!to) {
		route->kind = text ? ROUTE_REJECT : ROUTE_DISCARD;
		route->text = text ? copy_json(b, text) : VIEW_NULL;
		return;
	}
	targets = left_texts(b, to);
	route->kind = ROUTE_ALIAS;
	route->targets = targets.items;
	route->target_count = targets.count;
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

/* -- domains -- */

/* Those that no alias and nobody's address gives: the contact's. */
static void add_left_routes(struct build *b, struct view domain, const json_t *routes)
{
	const char *local_part;
	json_t *to;

	json_object_foreach ((json_t *)routes, local_part, to) {
		struct route_spec *route = add_left_route(
				b, arena_printf(b->arena, "%s@%.*s", local_part,
						   VIEW_ARG(domain)));
		struct view_list targets = left_texts(b, to);

		if (!route)
			continue;
		route->kind = ROUTE_ALIAS;
		route->targets = targets.items;
		route->target_count = targets.count;
	}
}

static void add_left_domain(
		struct build *b, const struct object *object, const json_t *was)
{
	json_t *subaddress = json_object_get(was, "subaddress");
	struct shard *shard = build_add_shard(b, object->key);

	shard->twin_of = copy_json(b, json_object_get(was, "same_as"));
	shard->send_via = copy_json(b, json_object_get(was, "send_via"));
	if (json_string_length(subaddress))
		shard->subaddress = json_string_value(subaddress)[0];
	shard->catch_all = left_texts(b, json_object_get(was, "catch_all"));
	add_left_routes(b, object->key, json_object_get(was, "routes"));
}

int build_left_domains(struct build *b)
{
	int r = add_left(b, &driver_domain, OBJECT_ACTIVE, add_left_domain);

	return r ? r : add_left(b, &driver_domain, OBJECT_DISABLED, add_left_domain);
}

/* -- all -- */

/* The last route of a local part counts: the order is that of their claims. */
int build_left_accounts(struct build *b)
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

/* -- ways out -- */

static void add_left_relay(
		struct build *b, const struct object *object, const json_t *was)
{
	struct relay_spec *relay = &b->relays[b->relay_count++];

	*relay = (struct relay_spec){
		.name = object->key,
		.host = copy_json(b, json_object_get(was, "host")),
		.port = (uint16_t)json_integer_value(json_object_get(was, "port")),
	};
	build_set_login(b, relay, copy_json(b, json_object_get(was, "user")),
			json_object_get(was, "password"));
}

static void add_left_destination(
		struct build *b, const struct object *object, const json_t *was)
{
	b->destinations[b->destination_count++] = (struct destination){ object->key,
		copy_json(b, json_object_get(was, "send_via")) };
}

int build_left_relays(struct build *b)
{
	int r = add_left(b, &driver_relay, OBJECT_ACTIVE, add_left_relay);

	return r ? r
		 : add_left(b, &driver_destination, OBJECT_ACTIVE, add_left_destination);
}

/* -- the host -- */

static uint64_t number_of(const json_t *was, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(was, key));
}

static void set_left_host(struct build *b, struct host_spec *out, const json_t *was)
{
	struct view_list proxies = left_texts(b, json_object_get(was, "proxy"));

	*out = (struct host_spec){
		.name = copy_json(b, json_object_get(was, "name")),
		.message_size = number_of(was, "message_size"),
		.connections = (uint32_t)number_of(was, "connections"),
		.connections_per_ip = (uint32_t)number_of(was, "connections_per_ip"),
		.connections_per_network =
				(uint32_t)number_of(was, "connections_per_network"),
		.memory = number_of(was, "memory"),
		.proxies = proxies.items,
		.proxy_count = proxies.count,
		.send_via = copy_json(b, json_object_get(was, "send_via")),
	};
}

int build_left_host(struct build *b, struct host_spec *out)
{
	bool found = false;

	for (size_t i = 0; i < b->o->objects.count && !found; i++) {
		const struct object *object = &b->o->objects.items[i];
		struct object_texts texts;
		json_t *was;
		int r;

		if (object->driver != &driver_host)
			continue;
		r = object_read_texts(b->o->db, object->uid, b->arena, &texts);
		if (r)
			return r;
		was = json_loadb(
				texts.last_applied.data, texts.last_applied.len, 0, NULL);
		found = json_is_true(json_object_get(was, "here"));
		if (found)
			set_left_host(b, out, was);
		json_decref(was);
	}
	return found ? 0 : fault(-ENOENT);
}

int build_left_listeners(
		struct build *b, struct host_spec *out, struct listener_spec *listeners)
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
				    &listeners[out->listener_count]))
			out->listener_count++;
	}
	return 0;
}
