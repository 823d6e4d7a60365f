/* One shard a domain. The state's routes come first; what has left the state fills what
 * they leave open, so that an address given to somebody else is theirs. */
#include "agent/build/build_inside.h"

#include "agent/driver/certificate.h"
#include "agent/effect/secret_form.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"

#include <stdlib.h>

static void build_deinit(struct build *b)
{
	for (size_t i = 0; i < b->shard_count; i++) {
		free(b->shards[i].accounts);
		free(b->shards[i].left);
	}
	for (size_t i = 0; i < b->relay_count; i++)
		secret_free(&b->passwords[i]);
	map_free(&b->by_name);
	free(b->rows);
	free(b->app_passwords);
	free(b->former);
	arena_free(b->arena);
}

static struct view domain_of(struct view address)
{
	return view_from(address, view_find_last(address, '@') + 1);
}

struct shard *build_shard_of(const struct build *b, struct view address)
{
	return map_get(&b->by_name, domain_of(address));
}

/* -- accounts -- */

static void set_app_passwords(struct build *b, struct account_spec *account)
{
	size_t count;
	const struct app_password_row *rows = app_password_rows_of(
			b->app_passwords, b->app_password_count, account->uid, &count);
	struct app_password_spec *specs = arena_array(b->arena, count, sizeof(*specs));

	for (size_t i = 0; i < count; i++)
		specs[i] = rows[i].spec;
	account->app_passwords = specs;
	account->app_password_count = count;
}

struct account_spec *build_add_account(
		struct build *b, struct view address, const unsigned char *uid)
{
	const struct account_row *row = account_row_of(b->rows, b->row_count, uid);
	struct shard *shard = build_shard_of(b, address);
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
		.next_key = row->next,
		.revocation = row->revocation,
		.known = row->known,
		.put_back = row->put_back,
	};
	memcpy(account->uid, uid, ACCOUNT_UID_SIZE);
	set_app_passwords(b, account);
	return account;
}

static enum right right_of(uint64_t right)
{
	static const enum right rights[] = { [MAY_READ] = RIGHT_READ,
		[MAY_WRITE] = RIGHT_WRITE,
		[MAY_MANAGE] = RIGHT_MANAGE };

	return right < ARRAY_LEN(rights) ? rights[right] : RIGHT_NONE;
}

void build_add_member(struct member_spec *members, size_t *count,
		const unsigned char *uid, uint64_t right)
{
	if (!uid)
		return;
	memcpy(members[*count].uid, uid, ACCOUNT_UID_SIZE);
	members[(*count)++].right = right_of(right);
}

void build_set_networks(
		struct build *b, struct account_spec *account, struct view_list texts)
{
	struct network *networks = arena_array(b->arena, texts.count, sizeof(*networks));

	for (size_t i = 0; i < texts.count; i++)
		if (!network_parse(texts.items[i], &networks[i]))
			die("not a network: %.*s", VIEW_ARG(texts.items[i]));
	account->networks = networks;
	account->network_count = texts.count;
}

void build_set_senders(struct build *b, struct route_spec *route,
		const unsigned char **uids, size_t count)
{
	unsigned char *senders = arena_array(b->arena, count, ACCOUNT_UID_SIZE);

	for (size_t i = 0; i < count; i++)
		if (uids[i])
			memcpy(senders + ACCOUNT_UID_SIZE * route->sender_count++,
					uids[i], ACCOUNT_UID_SIZE);
	route->senders = senders;
}

unsigned build_protocols(uint64_t protocols)
{
	return (protocols & USER_IMAP ? PROTOCOL_IMAP : 0u) |
	       (protocols & USER_SMTP ? PROTOCOL_SMTP : 0u);
}

static json_int_t number_of(const json_t *was, const char *key)
{
	return json_integer_value(json_object_get(was, key));
}

void build_set_lived(struct account_spec *account, const json_t *was)
{
	account->quota = (uint64_t)number_of(was, "quota");
	account->send_limit = (uint64_t)number_of(was, "limit");
	account->send_period = nstime_seconds(number_of(was, "period"));
	if (account->kind == ACCOUNT_USER)
		account->protocols =
				build_protocols((uint64_t)number_of(was, "protocols"));
	account->members_send_as = account->kind == ACCOUNT_SHARED &&
				   number_of(was, "send_as") == SEND_AS_MEMBERS;
}

/* -- shards -- */

struct shard *build_add_shard(struct build *b, struct view name)
{
	struct shard *shard = &b->shards[b->shard_count++];

	shard->name = name;
	map_set(&b->by_name, name, shard);
	return shard;
}

/* A catch-all that is a group needs an address of its own; whoever writes to it reaches
 * the group, as with any other address that nobody has. */
void build_set_catch_all(struct build *b, struct view_list targets,
		struct domain_spec *spec, struct route_spec *routes)
{
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

static void append_routes(struct route_spec *routes, struct domain_spec *spec,
		const struct shard *from)
{
	if (from && from->left_count)
		memcpy(routes + spec->route_count, from->left,
				from->left_count * sizeof(*routes));
	spec->route_count += from ? from->left_count : 0;
}

/* Those that sign, of all that there are. */
static int gather_keys(struct build *b)
{
	struct dkim_row *rows;
	size_t count;
	int r = dkim_rows_read(b->o->db, b->arena, &rows, &count);

	b->keys = rows;
	for (size_t i = 0; r == 0 && i < count; i++)
		if (dkim_row_state(&rows[i], b->o->now) == DKIM_ACTIVE)
			b->keys[b->key_count++] = rows[i];
	return r;
}

/* The keys of one domain, opened; a domain's are in a row. */
struct opened {
	struct signing_spec specs[DOMAIN_SIGNINGS];
	struct secret keys[DOMAIN_SIGNINGS];
	size_t count;
};

static void opened_deinit(struct opened *opened)
{
	for (size_t i = 0; i < opened->count; i++)
		secret_free(&opened->keys[i]);
}

static int open_keys(const struct build *b, struct view domain, struct opened *out)
{
	size_t count = b->key_count;
	const struct dkim_row *rows = dkim_rows_of(b->keys, &count, domain);

	for (size_t i = 0; i < count && out->count < DOMAIN_SIGNINGS; i++) {
		struct secret *key = &out->keys[out->count];
		int r = dkim_row_open(&rows[i], b->o->dkim_key, key);

		if (r)
			return r;
		out->specs[out->count++] = (struct signing_spec){ rows[i].selector, key };
	}
	return 0;
}

static int put_domain(struct build *b, const struct shard *shard, struct configuration *c)
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
		.send_via = shard->send_via,
		.accounts = shard->accounts,
		.account_count = shard->account_count,
		.routes = routes,
	};
	CLEANUP(opened_deinit) struct opened keys = { 0 };
	int r = open_keys(b, shard->name, &keys);

	if (r)
		return r;
	spec.signings = keys.specs;
	spec.signing_count = keys.count;
	append_routes(routes, &spec, original);
	append_routes(routes, &spec, shard);
	if (desired)
		build_named_routes(b, desired, &spec, routes);
	else
		build_set_catch_all(b, (original ? original : shard)->catch_all, &spec,
				routes);
	build_digest_domain(&spec);
	if (!configuration_share_domain(c, spec.name, spec.hash))
		configuration_add_domain(c, &spec);
	return 0;
}

/* -- all -- */

static size_t count_objects(const struct build *b, const struct driver *driver)
{
	size_t count = 0;

	for (size_t i = 0; i < b->o->objects.count; i++)
		count += b->o->objects.items[i].driver == driver;
	return count;
}

static int add_domains(struct build *b)
{
	size_t most = count_objects(b, &driver_domain) +
		      (b->o->desired ? b->o->desired->domain_count : 0);

	b->shards = arena_array(b->arena, most, sizeof(*b->shards));
	build_named_domains(b);
	return build_left_domains(b);
}

static int gather(struct build *b)
{
	int r = account_read_all(b->o->db, b->arena, &b->rows, &b->row_count);

	if (!r)
		r = app_password_read_all(b->o->db, b->arena, NULL, &b->app_passwords,
				&b->app_password_count);
	if (r == 0)
		r = account_read_former(b->o->db, b->o->now, b->arena, &b->former,
				&b->former_count);
	if (r == 0)
		r = add_domains(b);
	if (r)
		return r;
	build_named_accounts(b);
	return build_left_accounts(b);
}

void build_set_login(struct build *b, struct relay_spec *relay, struct view user,
		const json_t *form)
{
	struct secret *password = &b->passwords[relay - b->relays];
	CLEANUP(effect_answer_deinit) struct effect_answer answer = EFFECT_ANSWER_NULL;

	relay->user = user;
	if (user.len == 0)
		return;
	if (secret_form_read(form, b->o->file, password, &answer) == EFFECT_DONE)
		relay->password = password;
	else
		log_event(LOG_WARN, "sending.relay.locked",
				log_view("relay", relay->name),
				log_text("reason", answer.reason),
				log_view("message", buf_view(&answer.message)),
				log_text("next", "its mail waits until the password can "
						 "be read: `posthus apply` reads it "
						 "anew"));
}

static int gather_relays(struct build *b)
{
	const struct desired *desired = b->o->desired;
	size_t relays = count_objects(b, &driver_relay);
	size_t destinations = count_objects(b, &driver_destination);

	if (desired) {
		relays += desired->relay_count;
		destinations += desired->destination_count;
	}
	b->relays = arena_array(b->arena, relays, sizeof(*b->relays));
	b->passwords = arena_array(b->arena, relays, sizeof(*b->passwords));
	b->destinations = arena_array(b->arena, destinations, sizeof(*b->destinations));
	build_named_relays(b);
	return build_left_relays(b);
}

static void put_relays(const struct build *b, struct configuration *c)
{
	for (size_t i = 0; i < b->relay_count; i++)
		configuration_add_relay(c, &b->relays[i]);
	for (size_t i = 0; i < b->destination_count; i++)
		configuration_add_destination(c, b->destinations[i].domain,
				b->destinations[i].send_via);
}

static int make_host(struct build *b, struct host_spec *out)
{
	struct listener_spec *listeners =
			arena_array(b->arena, 2 * LISTENER_KINDS, sizeof(*listeners));
	int r = 0;

	if (b->o->desired)
		build_named_host(b, out, listeners);
	else
		r = build_left_host(b, out);
	out->listeners = listeners;
	return r ? r : build_left_listeners(b, out, listeners);
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
		r = gather_keys(&b);
	if (r == 0)
		r = gather_relays(&b);
	if (r == 0)
		r = make_host(&b, &host);
	if (r)
		return r;
	c = configuration_new(&host, previous);
	r = certificates_add(o->db, tls_key, host.name, o->now, c);
	if (r)
		return r;
	configuration_set_connect(c, &o->file->connect);
	put_relays(&b, c);
	for (size_t i = 0; i < b.shard_count && r == 0; i++)
		r = put_domain(&b, &b.shards[i], c);
	if (r == 0)
		r = build_pages(&b, c);
	if (r)
		return r;
	*out = TAKE(c);
	return 0;
}
