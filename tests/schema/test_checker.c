#include "runtime/base/error.h"
#include "schema/resolve.h"
#include "schema/table.h"
#include "tests/schema/state.h"

#define START                                                                            \
	"version: 1\nhosts: {mail: {name: mail.a.example}}\n"                            \
	"domains: {a.example: {}}\n"

static const struct desired_user *user_of(const struct desired *d, const char *name)
{
	const void *user = desired_find(d, KIND_USER, view_z(name));

	assert_non_null(user);
	return user;
}

static const struct desired_domain *domain_of(const struct desired *d, const char *name)
{
	const struct desired_domain *domain = desired_domain_of(d, view_z(name));

	assert_non_null(domain);
	return domain;
}

static void the_smallest_state_gets_every_default(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(checked_deinit) struct checked checked = { 0 };
	const struct desired_user *anna;
	const struct desired_host *host;

	(void)state;
	check_good(arena, GOOD "/smallest/state.yaml", &checked);
	assert_int_equal(checked.diagnostics.warnings, 0);
	assert_int_equal(checked.desired->not_served.count, 0);
	host = checked.desired->host;
	assert_non_null(host);
	assert_view(host->name, "mail.a.example");
	assert_int_equal(host->listen[LISTEN_SMTP].port, 25);
	assert_int_equal(host->listen[LISTEN_IMAPS].port, 993);
	assert_false(host->listen[LISTEN_IMAP].open);
	assert_int_equal(host->message_size, 50 << 20);
	anna = user_of(checked.desired, "anna@a.example");
	assert_int_equal(anna->quota, (uint64_t)10 << 30);
	assert_int_equal(anna->roles, ROLE_ADMIN);
	assert_int_equal(anna->protocols,
			USER_IMAP | USER_SMTP | USER_DAV | USER_API | USER_POP3);
	assert_int_equal(anna->password_scheme, PASSWORD_NONE);
	assert_view(anna->locale, "en");
	assert_true(checked.desired->policy.interval == 300 * NS_PER_S);
	assert_view(checked.desired->policy.object.canonical, "{}");
	assert_view(anna->object.canonical, "{\"roles\":[\"admin\"]}");
}

static void everything_served_is_decoded(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(checked_deinit) struct checked checked = { 0 };
	const struct desired_user *anna, *bo;
	const struct desired_host *host;
	const struct desired *d;

	(void)state;
	check_good(arena, GOOD "/whole/state.yaml", &checked);
	d = checked.desired;
	assert_int_equal(d->not_served.count, 0);
	host = d->host;
	assert_view(host->name, "mail.a.example");
	assert_view(host->listen[LISTEN_SMTP].address, "127.0.0.1");
	assert_int_equal(host->listen[LISTEN_SMTP].port, 2525);
	assert_false(host->listen[LISTEN_SUBMISSIONS].open);
	assert_view(host->listen[LISTEN_IMAPS].address, "::1");
	assert_int_equal(host->message_size, 20 << 20);
	assert_int_equal(host->connections, 10000);
	anna = user_of(d, "anna");
	assert_view(anna->object.key, "anna@a.example");
	assert_view(anna->name, "Anna Ærlig");
	assert_int_equal(anna->password_scheme, PASSWORD_SHA512);
	assert_int_equal(secret_expose(&anna->password).len, 12 + 86);
	assert_int_equal(anna->quota, (uint64_t)1 << 40);
	assert_int_equal(anna->addresses.count, 2);
	bo = user_of(d, "bo@a.example");
	assert_int_equal(bo->quota, (uint64_t)5 << 30);
	assert_int_equal(bo->roles, ROLE_AUDITOR | ROLE_DOMAIN_ADMIN);
	assert_view(bo->role_domains.items[0], "c.example");
	assert_int_equal(bo->protocols, USER_IMAP | USER_SMTP);
	assert_view(bo->locale, "sv");
	assert_int_equal(anna->send_limit.count, 300);
	assert_true(anna->send_limit.period == nstime_seconds(86400));
	assert_int_equal(d->service_count, 1);
	assert_int_equal(d->services[0].password_scheme, PASSWORD_SHA512);
	assert_int_equal(d->services[0].from.count, 2);
	assert_view(d->services[0].from.items[1], "2001:db8::1");
	assert_view(d->services[0].to.items[0], "xn--bcher-kva.example");
	assert_view(d->services[0].to.items[1], "anna@a.example");
	assert_int_equal(d->services[0].send_limit.count, 100);
	assert_true(d->services[0].send_limit.period == nstime_seconds(3600));
	assert_int_equal(d->shared_count, 1);
	assert_view(d->shared[0].name, "Office");
	assert_int_equal(d->shared[0].quota, (uint64_t)50 << 30);
	assert_int_equal(d->shared[0].send_as, SEND_AS_NONE);
	assert_int_equal(d->shared[0].member_count, 2);
	assert_ptr_equal(d->shared[0].members[0].user, anna);
	assert_int_equal(d->shared[0].members[0].right, MAY_MANAGE);
	assert_int_equal(d->shared[0].members[1].right, MAY_READ);
	assert_int_equal(d->group_count, 2);
	assert_int_equal(d->groups[0].member_count, 2);
	assert_view(d->groups[0].members[1]->object.key, "bo@a.example");
	assert_view(d->certificates[0].chain_path, "/etc/ssl/chain.pem");
	assert_view(d->certificates[0].key_path, "/etc/ssl/key.pem");
	assert_true(d->policy.interval == 90 * NS_PER_S);
	assert_int_equal(d->recipient_count, 2);
}

static void a_twin_borrows_what_its_domain_has(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(checked_deinit) struct checked checked = { 0 };
	const struct desired_domain *twin, *domain;
	const struct desired_route *route;

	(void)state;
	check_good(arena, GOOD "/whole/state.yaml", &checked);
	domain = domain_of(checked.desired, "a.example");
	twin = domain_of(checked.desired, "xn--bcher-kva.example");
	assert_ptr_equal(twin->same_as, domain);
	assert_ptr_equal(twin->routes, domain->routes);
	assert_ptr_equal(twin->catch_all.items[0].user, user_of(checked.desired, "anna"));
	route = desired_route(twin, VIEW("gone"));
	assert_int_equal(route->kind, TO_REJECTION);
	assert_view(route->text, "This mailbox is closed, sorry");
	route = desired_route(twin, VIEW("postmaster"));
	assert_int_equal(route->kind, TO_TARGETS);
	assert_null(route->alias);
	assert_int_equal(route->targets.items[0].kind, TARGET_GROUP);
	assert_null(desired_route(twin, VIEW("nobody")));
	assert_ptr_equal(domain_of(checked.desired, "named.example")->same_as, domain);
	assert_int_equal(domain_of(checked.desired, "c.example")->subaddress.len, 0);
}

static void origins_name_the_layer_and_the_line(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(checked_deinit) struct checked checked = { 0 };
	struct desired_origin *origins;
	size_t count, seen = 0;

	(void)state;
	check_good(arena, GOOD "/whole/state.yaml", &checked);
	count = desired_origins(checked.desired, &user_of(checked.desired, "bo")->object,
			arena, &origins);
	for (size_t i = 0; i < count; i++) {
		struct place place =
				sources_place(checked.desired->sources, origins[i].span);

		if (view_eq(origins[i].path, VIEW("quota"))) {
			assert_int_equal(origins[i].origin, ORIGIN_GROUP);
			assert_view(origins[i].value, "5GiB");
			assert_int_equal(place.line, 15);
			seen++;
		} else if (view_eq(origins[i].path, VIEW("locale"))) {
			assert_int_equal(origins[i].origin, ORIGIN_DEFAULTS);
			assert_int_equal(place.line, 11);
			seen++;
		} else if (view_eq(origins[i].path, VIEW("encryption"))) {
			assert_int_equal(origins[i].origin, ORIGIN_SCHEMA);
			assert_view(origins[i].value, "managed");
			seen++;
		}
	}
	assert_int_equal(seen, 3);
}

/* Of one field of a user: what each layer says of it, in the order of the layers. */
struct layered {
	const char *path;
	const char *values[3];
};

static void check_layers(const struct layered *field, unsigned said)
{
	static const enum origin origins[] = { ORIGIN_DEFAULTS, ORIGIN_GROUP,
		ORIGIN_OBJECT };
	static const char *const heads[] = { "defaults:\n  user:\n",
		"groups:\n  all:\n    members: [anna]\n",
		"users:\n  anna@a.example:\n    id: anna\n" };
	CLEANUP(buf_free) struct buf text = BUF_NULL(1 << 16);
	CLEANUP(checked_deinit) struct checked checked = { 0 };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(freep) char *z = NULL;
	struct desired_origin *list;
	uint32_t line = 4, lines[3] = { 0 };
	enum origin wanted = ORIGIN_SCHEMA;
	size_t count, found = 0;

	buf_add_z(&text, START);
	for (size_t i = 0; i < 3; i++) {
		bool says = said & 1u << i;

		if (i == 0 && !says)
			continue;
		buf_add_z(&text, heads[i]);
		line += i == 0 ? 2 : 3;
		if (!says)
			continue;
		buf_addf(&text, "    %s\n", field->values[i]);
		lines[i] = line++;
		wanted = origins[i];
	}
	z = buf_take_z(&text);
	check_text(z, &checked);
	assert_valid(&checked);
	count = desired_origins(checked.desired,
			&user_of(checked.desired, "anna@a.example")->object, arena,
			&list);
	for (size_t i = 0; i < count; i++) {
		struct place place;

		if (!view_eq(list[i].path, view_z(field->path)))
			continue;
		found++;
		if (list[i].origin != wanted)
			fail_msg("%s: layer %d and not %d\n%s", field->path,
					(int)list[i].origin, (int)wanted, z);
		if (wanted == ORIGIN_SCHEMA)
			continue;
		place = sources_place(checked.desired->sources, list[i].span);
		assert_int_equal(place.line, lines[wanted - ORIGIN_DEFAULTS]);
	}
	assert_int_equal(found, wanted == ORIGIN_SCHEMA ? found : 1);
}

/* Each field that defaults and groups can give, in every combination of the layers. */
static void every_value_names_its_line(void **state)
{
	static const struct layered fields[] = {
		{ "quota", { "quota: 1GiB", "quota: 2GiB", "quota: 3GiB" } },
		{ "encryption", { "encryption: managed", "encryption: managed",
						"encryption: managed" } },
		{ "roles", { "roles: [auditor]", "roles: [planner]", "roles: [admin]" } },
		{ "protocols", { "protocols: [imap]", "protocols: [smtp]",
					       "protocols: [dav]" } },
		{ "locale", { "locale: sv", "locale: de", "locale: fr" } },
		{ "hold", { "hold: true", "hold: false", "hold: true" } },
		{ "send_limit", { "send_limit: 1/d", "send_limit: 2/d",
						"send_limit: 3/d" } },
		{ "retention.trash", { "retention: {trash: 1d}", "retention: {trash: 2d}",
						     "retention: {trash: 3d}" } },
	};
	size_t given = 0;

	(void)state;
	for (size_t i = 0; i < user_table.count; i++)
		given += (user_table.fields[i].flags & FIELD_GROUP) != 0;
	assert_int_equal(given, ARRAY_LEN(fields)); /* a new one belongs here */
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		for (unsigned said = 0; said < 8; said++)
			check_layers(&fields[i], said);
}

static void a_directory_is_one_state_without_hidden_files(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(checked_deinit) struct checked checked = { 0 };

	(void)state;
	check_good(arena, GOOD "/directory", &checked);
	assert_int_equal(sources_count(checked.desired->sources), 4);
	assert_int_equal(checked.desired->user_count, 2);
}

/* What the same thing written in another way must not change, and what must. */
static void the_hash_follows_the_meaning(void **state)
{
	static const struct {
		const char *one, *other;
		bool same;
	} pairs[] = {
		{ "{quota: 1GiB}", "{quota: 1024MiB}", true },
		{ "{roles: [admin, auditor]}", "{roles: [auditor, admin]}", true },
		{ "{name: Anna, quota: 1GiB}", "{quota: 1GiB, name: 'Anna'}", true },
		{ "{addresses: Info@A.example}", "{addresses: [info@a.example]}", true },
		{ "{}", "{id: anna}", true },
		{ "{quota: 1GiB}", "{quota: 2GiB}", false },
		{ "{}", "{quota: 10GiB}", false }, /* the state owns it now */
		{ "{name: Anna}", "{name: anna}", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		CLEANUP(checked_deinit) struct checked one = { 0 };
		CLEANUP(checked_deinit) struct checked other = { 0 };
		char a[256], b[256];

		snprintf(a, sizeof(a), START "users: {anna@a.example: %s}\n",
				pairs[i].one);
		snprintf(b, sizeof(b), START "users: {anna@a.example: %s}\n",
				pairs[i].other);
		check_text(a, &one);
		check_text(b, &other);
		assert_valid(&one);
		assert_valid(&other);
		assert_int_equal(memcmp(one.desired->users[0].object.hash,
						 other.desired->users[0].object.hash,
						 DESIRED_HASH) == 0,
				pairs[i].same);
	}
}

static void a_reference_means_the_same_by_id_and_by_address(void **state)
{
	static const char text[] = START
			"users: {anna@a.example: {id: anna}}\n"
			"aliases: {x@a.example: anna, y@a.example: [Anna@A.example],"
			" z@a.example: {to: user/anna}}\n";
	CLEANUP(checked_deinit) struct checked checked = { 0 };

	(void)state;
	check_text(text, &checked);
	assert_valid(&checked);
	for (size_t i = 0; i < 3; i++) {
		const struct desired_alias *alias = &checked.desired->aliases[i];

		assert_view(alias->object.canonical, "{\"to\":[\"user/anna\"]}");
		assert_int_equal(alias->to.items[0].kind, TARGET_USER);
		assert_view(alias->to.items[0].address, "anna@a.example");
	}
}

static void a_secret_is_in_no_canonical_form(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(checked_deinit) struct checked checked = { 0 };
	const struct desired_user *anna;

	(void)state;
	check_good(arena, GOOD "/whole/state.yaml", &checked);
	anna = user_of(checked.desired, "anna");
	assert_int_equal(view_find_view(anna->object.canonical, VIEW("saltsalt")),
			anna->object.canonical.len);
	assert_true(view_find_view(anna->object.canonical,
				    VIEW("\"password\":{\"hash\":\"b2:")) <
			anna->object.canonical.len);
}

/* Fifty mistakes of many kinds: one run names them all. */
static void fifty_mistakes_come_out_of_one_run(void **state)
{
	static const char *const mistakes[] = { "qouta: 1GiB", "quota: 1GB", "quota: big",
		"roles: [king]", "id: A", "name: \"a\\rb\"", "encryption: open",
		"addresses: [x@b.example]", "locale: x", "password: plain" };
	CLEANUP(buf_free) struct buf text = BUF_NULL(1 << 20);
	CLEANUP(checked_deinit) struct checked checked = { 0 };
	CLEANUP(freep) char *z = NULL;

	(void)state;
	buf_add_z(&text, START "users:\n");
	for (int i = 0; i < 40; i++)
		buf_addf(&text, "  u%d@a.example: {%s}\n", i, mistakes[i % 10]);
	buf_add_z(&text, "aliases:\n");
	for (int i = 0; i < 10; i++)
		buf_addf(&text, "  a%d@a.example: missing%d\n", i, i);
	z = buf_take_z(&text);
	check_text(z, &checked);
	assert_null(checked.desired);
	assert_int_equal(checked.diagnostics.errors, 50);
	for (size_t i = 1; i < checked.diagnostics.count; i++)
		assert_true(checked.diagnostics.items[i - 1].frames[0].span.start <=
				checked.diagnostics.items[i].frames[0].span.start);
}

static void resolve_follows_every_hop(void **state)
{
	static const struct {
		const char *address;
		enum hop_kind kinds[8];
		size_t count;
	} cases[] = {
		{ "ANNA@a.example", { HOP_USER }, 1 },
		{ "anna+x@a.example", { HOP_SUBADDRESS, HOP_USER }, 2 },
		{ "anna+x@c.example", { HOP_UNKNOWN }, 1 },
		{ "a.anna@bücher.example", { HOP_TWIN, HOP_USER }, 2 },
		{ "nobody@a.example", { HOP_CATCH_ALL, HOP_USER }, 2 },
		{ "gone@a.example", { HOP_REJECTED }, 1 },
		{ "void@c.example", { HOP_DISCARDED }, 1 },
		{ "x@elsewhere.test", { HOP_REMOTE }, 1 },
		{ "abuse@c.example", { HOP_CONTACT, HOP_USER }, 2 },
		{ "info@a.example",
				{ HOP_ALIAS, HOP_GROUP, HOP_USER, HOP_SUBADDRESS,
						HOP_USER, HOP_CONTACT, HOP_AGAIN },
				7 },
	};
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(checked_deinit) struct checked checked = { 0 };

	(void)state;
	check_good(arena, GOOD "/whole/state.yaml", &checked);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct resolution_path path;
		const char *why;

		assert_int_equal(resolve_address(checked.desired, arena,
						 view_z(cases[i].address), &path, &why),
				0);
		assert_int_equal(path.count, cases[i].count);
		for (size_t k = 0; k < path.count; k++)
			assert_string_equal(hop_name(path.hops[k].kind),
					hop_name(cases[i].kinds[k]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_smallest_state_gets_every_default),
		cmocka_unit_test(everything_served_is_decoded),
		cmocka_unit_test(a_twin_borrows_what_its_domain_has),
		cmocka_unit_test(origins_name_the_layer_and_the_line),
		cmocka_unit_test(every_value_names_its_line),
		cmocka_unit_test(a_directory_is_one_state_without_hidden_files),
		cmocka_unit_test(the_hash_follows_the_meaning),
		cmocka_unit_test(a_reference_means_the_same_by_id_and_by_address),
		cmocka_unit_test(a_secret_is_in_no_canonical_form),
		cmocka_unit_test(fifty_mistakes_come_out_of_one_run),
		cmocka_unit_test(resolve_follows_every_hop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
