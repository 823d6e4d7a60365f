#include "runtime/base/arena.h"
#include "runtime/configuration.h"
#include "tests/lib/test.h"

enum {
	ANNA = 1,
	BO,
	GONE
};

static const unsigned char first_hash[CONFIGURATION_HASH] = { 1 };
static const unsigned char other_hash[CONFIGURATION_HASH] = { 2 };

static struct account_spec account(unsigned char n, const char *address)
{
	return (struct account_spec){ .uid = { n }, .address = view_z(address) };
}

static struct route_spec to_account(const char *local_part, unsigned char n)
{
	return (struct route_spec){ view_z(local_part), ROUTE_ACCOUNT, .account = { n } };
}

static struct route_spec to_targets(
		const char *local_part, const struct view *targets, size_t count)
{
	return (struct route_spec){ view_z(local_part), ROUTE_ALIAS, .targets = targets,
		.target_count = count };
}

/* a.example with people, aliases of every kind, and a catch-all; b.example without one.
 */
static struct configuration *sample(void)
{
	static struct listener_spec listener = { LISTENER_SMTP, { "127.0.0.1", 9 }, 25 };
	static struct host_spec host = { .listeners = &listener, .listener_count = 1 };
	struct view team[] = { VIEW("anna@a.example"), VIEW("bo+work@a.example"),
		VIEW("all@a.example") };
	struct view all[] = { VIEW("anna@a.example"), VIEW("gone@a.example") };
	struct view loop[] = { VIEW("loop@a.example") };
	struct view far[] = { VIEW("anna@a.example"), VIEW("x@elsewhere.example") };
	struct view left[] = { VIEW("gone@a.example") };
	struct account_spec accounts[] = { account(ANNA, "anna@a.example"),
		account(BO, "bo@a.example"), account(GONE, "gone@a.example") };
	unsigned char senders[2][ACCOUNT_UID_SIZE] = { { ANNA }, { GONE } };
	struct route_spec routes[] = {
		to_account("anna", ANNA),
		{ VIEW("desk"), ROUTE_ALIAS, .targets = left, .target_count = 1,
				.senders = senders[0], .sender_count = 2 },
		{ VIEW("noreply"), ROUTE_DISCARD, .senders = senders[0],
				.sender_count = 1 },
		to_account("a.nna", ANNA),
		to_account("bo", BO),
		to_account("gone", GONE),
		to_targets("team", team, 3),
		to_targets("all", all, 2),
		to_targets("loop", loop, 1),
		to_targets("far", far, 2),
		to_targets("left", left, 1),
		{ VIEW("closed"), ROUTE_REJECT, .text = VIEW("This mailbox is closed") },
		{ VIEW("void"), ROUTE_DISCARD },
		to_account("bo+list", ANNA),
	};
	struct domain_spec a = { VIEW("a.example"), .subaddress = '+',
		.catch_all = VIEW("bo@a.example"), .accounts = accounts,
		.account_count = 3, .routes = routes, .route_count = ARRAY_LEN(routes) };
	struct route_spec twin = to_account("anna", ANNA);
	struct domain_spec b = { VIEW("b.example"), .routes = &twin, .route_count = 1 };
	struct configuration *c;

	accounts[2].state = ACCOUNT_DISABLED;
	accounts[2].disabled_since = 77;
	memcpy(a.hash, first_hash, sizeof(a.hash));
	memcpy(b.hash, first_hash, sizeof(b.hash));
	host.name = VIEW("mail.a.example");
	c = configuration_new(&host, NULL);
	configuration_add_domain(c, &a);
	configuration_add_domain(c, &b);
	return c;
}

struct expected {
	const char *address;
	int outcome;
	const char *accounts; /* the uids' first bytes as digits, in order */
	const char *detail;   /* of the first account */
};

static void every_recipient_goes_where_the_state_says(void **state)
{
	static const struct expected table[] = {
		{ "anna@a.example", RESOLVE_OK, "1", "" },
		{ "ANNA@A.Example", RESOLVE_OK, "1", "" },
		{ "a.nna@a.example", RESOLVE_OK, "1", "" },
		{ "anna+Shop@a.example", RESOLVE_OK, "1", "Shop" },
		{ "bo+list@a.example", RESOLVE_OK, "1",
				"" }, /* exact before subaddress */
		{ "bo+list+x@a.example", RESOLVE_OK, "2", "list+x" },
		{ "+x@a.example", RESOLVE_OK, "2", "" }, /* no base: catch-all */
		{ "nobody@a.example", RESOLVE_OK, "2", "" },
		{ "team@a.example", RESOLVE_OK, "12", "" },
		{ "all@a.example", RESOLVE_OK, "1",
				"" }, /* who has left is passed over */
		{ "left@a.example", RESOLVE_E_DISABLED, "", "" },
		{ "gone@a.example", RESOLVE_E_DISABLED, "", "" },
		{ "loop@a.example", RESOLVE_E_TOO_DEEP, "", "" },
		{ "far@a.example", RESOLVE_OK, "1", "" },
		{ "closed@a.example", RESOLVE_E_REJECTED, "", "" },
		{ "void@a.example", RESOLVE_OK, "", "" },
		{ "anna@b.example", RESOLVE_OK, "1", "" },
		{ "anna+x@b.example", RESOLVE_E_UNKNOWN, "", "" },
		{ "bo@b.example", RESOLVE_E_UNKNOWN, "", "" },
		{ "anna@c.example", RESOLVE_E_FOREIGN, "", "" },
		{ "anna@sub.a.example", RESOLVE_E_FOREIGN, "", "" },
		{ "anna", RESOLVE_E_FOREIGN, "", "" },
		{ "@a.example", RESOLVE_E_FOREIGN, "", "" },
		{ "", RESOLVE_E_FOREIGN, "", "" },
	};
	struct configuration *c = sample();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct resolution r = { 0 };
		char accounts[16] = "";

		if (configuration_resolve(c, view_z(table[i].address), &r) !=
				table[i].outcome)
			fail_msg("%s: another outcome", table[i].address);
		if (table[i].outcome == RESOLVE_OK)
			for (size_t k = 0; k < r.count; k++)
				accounts[k] = (char)('0' + r.accounts[k].account->uid[0]);
		assert_string_equal(accounts, table[i].accounts);
		if (table[i].detail[0])
			assert_view(r.accounts[0].detail, table[i].detail);
		if (table[i].outcome == RESOLVE_E_DISABLED)
			assert_int_equal(r.disabled_since, 77);
		if (table[i].outcome == RESOLVE_E_REJECTED)
			assert_view(r.text, "This mailbox is closed");
		resolution_free(&r);
	}
	configuration_unref(c);
}

/* What a resolution leads to elsewhere: "address by forwarder", each. */
static struct view remotes_of(struct arena *arena, const struct resolution *r)
{
	struct view text = VIEW("");

	for (size_t i = 0; i < r->remote_count; i++)
		text = arena_printf(arena, "%.*s%s%.*s by %.*s", VIEW_ARG(text),
				i ? ", " : "", VIEW_ARG(r->remotes[i].address),
				VIEW_ARG(r->remotes[i].forwarder));
	return text;
}

/* anna keeps a copy, bo keeps none, gone has left, and cy forwards to herself in a circle. */
static void what_is_sent_on_says_by_whom(void **state)
{
	static const struct expected table[] = {
		{ "anna@a.example", 0, "1", "x@b.test by anna@a.example" },
		{ "a.nna@a.example", 0, "1", "x@b.test by anna@a.example" },
		{ "bo@a.example", 0, "",
				"y@b.test by bo@a.example, x@b.test by "
				"bo@a.example" },
		{ "all@a.example", 0, "1",
				"x@b.test by anna@a.example, y@b.test by "
				"bo@a.example" },
		{ "far@a.example", 0, "", "z@b.test by far@a.example" },
		{ "via@a.example", 0, "", "z@b.test by far@a.example" },
		{ "cy@a.example", 0, "4", "" },
		{ "gone@a.example", RESOLVE_E_DISABLED, "", "" },
	};
	const struct view to_x[] = { VIEW("x@b.test") };
	const struct view to_both[] = { VIEW("y@b.test"), VIEW("x@b.test") };
	const struct view to_cy[] = { VIEW("cycle@a.example") };
	static struct host_spec host;
	const struct view all[] = { VIEW("anna@a.example"), VIEW("bo@a.example") };
	const struct view far[] = { VIEW("z@b.test") };
	const struct view via[] = { VIEW("far@a.example") };
	const struct view cycle[] = { VIEW("cy@a.example") };
	struct account_spec accounts[] = { account(ANNA, "anna@a.example"),
		account(BO, "bo@a.example"), account(GONE, "gone@a.example"),
		account(4, "cy@a.example") };
	struct route_spec routes[] = { to_account("anna", ANNA),
		to_account("a.nna", ANNA), to_account("bo", BO), to_account("gone", GONE),
		to_account("cy", 4), to_targets("all", all, 2), to_targets("far", far, 1),
		to_targets("via", via, 1), to_targets("cycle", cycle, 1) };
	struct domain_spec a = { VIEW("a.example"), .accounts = accounts,
		.account_count = ARRAY_LEN(accounts), .routes = routes,
		.route_count = ARRAY_LEN(routes) };
	CLEANUP(configuration_unrefp)
	struct configuration *c = configuration_new(&host, NULL);
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	(void)state;
	accounts[0].forward = accounts[2].forward = to_x;
	accounts[0].forward_keeps = true;
	accounts[1].forward = to_both;
	accounts[3].forward = to_cy;
	accounts[0].forward_count = accounts[2].forward_count = 1;
	accounts[1].forward_count = 2;
	accounts[3].forward_count = 1;
	accounts[2].state = ACCOUNT_DISABLED;
	configuration_add_domain(c, &a);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct resolution r = { 0 };
		char got[16] = "";

		assert_int_equal(configuration_resolve(c, view_z(table[i].address), &r),
				table[i].outcome);
		for (size_t k = 0; k < r.count; k++)
			got[k] = (char)('0' + r.accounts[k].account->uid[0]);
		assert_string_equal(got, table[i].accounts);
		assert_view(remotes_of(arena, &r), table[i].detail);
		resolution_free(&r);
	}
}

static void logins_and_senders_are_ones_own_addresses(void **state)
{
	struct configuration *c = sample();
	const struct account_spec *anna = configuration_login(c, VIEW("Anna@a.example"));

	(void)state;
	assert_non_null(anna);
	assert_int_equal(anna->uid[0], ANNA);
	assert_ptr_equal(configuration_login(c, VIEW("a.nna@a.example")), anna);
	assert_ptr_equal(configuration_login(c, VIEW("anna@b.example")), anna);
	assert_null(configuration_login(c, VIEW("anna+x@a.example")));
	assert_null(configuration_login(c, VIEW("team@a.example")));
	assert_null(configuration_login(c, VIEW("nobody@a.example")));
	assert_true(configuration_may_send_as(c, anna, VIEW("a.nna@a.example")));
	assert_true(configuration_may_send_as(c, anna, VIEW("anna+x@A.example")));
	assert_false(configuration_may_send_as(c, anna, VIEW("bo@a.example")));
	assert_false(configuration_may_send_as(c, anna, VIEW("team@a.example")));
	assert_true(configuration_may_send_as(c, anna, VIEW("desk@a.example")));
	assert_true(configuration_may_send_as(c, anna, VIEW("Desk+x@a.example")));
	assert_true(configuration_may_send_as(c, anna, VIEW("noreply@a.example")));
	assert_false(configuration_may_send_as(c, anna, VIEW("nobody@a.example")));
	assert_false(configuration_may_send_as(c,
			configuration_login(c, VIEW("bo@a.example")),
			VIEW("desk@a.example")));
	assert_false(configuration_may_send_as(c, anna, VIEW("anna@elsewhere.example")));
	configuration_unref(c);
}

/* Members look into the mailboxes that are shared with them, in the order of addresses, and
 * write as those whose members may; nobody logs into one. */
static void members_have_what_is_shared_with_them(void **state)
{
	static struct host_spec host;
	const struct member_spec office[] = { { { ANNA }, RIGHT_MANAGE },
		{ { BO }, RIGHT_READ } };
	const struct member_spec desk[] = { { { ANNA }, RIGHT_WRITE } };
	struct account_spec accounts[] = {
		account(ANNA, "anna@a.example"),
		account(BO, "bo@a.example"),
		{ ACCOUNT_SHARED, { 7 }, VIEW("office@a.example"), .members = office,
				.member_count = 2, .members_send_as = true },
		{ ACCOUNT_SHARED, { 8 }, VIEW("desk@a.example"), .members = desk,
				.member_count = 1 },
		{ ACCOUNT_SHARED, { 9 }, VIEW("left@a.example"), .members = office,
				.member_count = 2, .state = ACCOUNT_DISABLED },
	};
	struct route_spec routes[] = {
		to_account("anna", ANNA),
		to_account("bo", BO),
		to_account("office", 7),
		to_account("desk", 8),
	};
	struct domain_spec a = { VIEW("a.example"), .accounts = accounts,
		.account_count = ARRAY_LEN(accounts), .routes = routes,
		.route_count = ARRAY_LEN(routes) };
	struct configuration *c = configuration_new(&host, NULL), *next;
	const unsigned char anna[ACCOUNT_UID_SIZE] = { ANNA };
	const unsigned char bo[ACCOUNT_UID_SIZE] = { BO };
	const unsigned char desk_uid[ACCOUNT_UID_SIZE] = { 8 };
	const struct membership *all;
	size_t count;

	(void)state;
	configuration_add_domain(c, &a);
	all = configuration_memberships(c, anna, &count);
	assert_int_equal(count, 2);
	assert_view(all[0].account->address, "desk@a.example");
	assert_int_equal(all[0].right, RIGHT_WRITE);
	assert_view(all[1].account->address, "office@a.example");
	assert_int_equal(all[1].right, RIGHT_MANAGE);
	assert_ptr_equal(configuration_membership_of(c, anna, desk_uid), &all[0]);
	assert_null(configuration_membership_of(c, bo, desk_uid));
	assert_non_null(configuration_membership(c, bo, VIEW("office@a.example")));
	assert_null(configuration_membership(c, bo, VIEW("left@a.example")));
	(void)configuration_memberships(c, desk_uid, &count);
	assert_int_equal(count, 0);
	assert_null(configuration_login(c, VIEW("office@a.example")));
	assert_true(configuration_may_send_as(
			c, configuration_account(c, bo), VIEW("office@a.example")));
	assert_false(configuration_may_send_as(
			c, configuration_account(c, anna), VIEW("desk@a.example")));
	/* a domain that did not change brings its members along */
	next = configuration_new(&host, c);
	assert_true(configuration_share_domain(next, a.name, a.hash));
	configuration_unref(c);
	(void)configuration_memberships(next, anna, &count);
	assert_int_equal(count, 2);
	configuration_unref(next);
}

static void an_unchanged_domain_is_shared_and_outlives_its_first_owner(void **state)
{
	struct configuration *c = sample();
	struct configuration *next = configuration_new(configuration_host(c), c);
	unsigned char uid[ACCOUNT_UID_SIZE] = { ANNA };
	const struct account_spec *anna = configuration_account(c, uid);

	(void)state;
	assert_false(configuration_share_domain(next, VIEW("a.example"), other_hash));
	assert_false(configuration_share_domain(next, VIEW("new.example"), first_hash));
	assert_true(configuration_share_domain(next, VIEW("a.example"), first_hash));
	configuration_unref(c);
	assert_ptr_equal(configuration_account(next, uid), anna);
	assert_view(anna->address, "anna@a.example");
	assert_false(configuration_has_domain(next, VIEW("b.example")));
	assert_true(configuration_has_domain(next, VIEW("A.EXAMPLE")));
	assert_view(configuration_host(next)->listeners[0].address, "127.0.0.1");
	configuration_unref(next);
}

static void a_page_is_found_at_its_own_name_alone(void **state)
{
	static struct host_spec host;
	struct configuration *c = configuration_new(&host, NULL);
	const struct page_spec *page;

	(void)state;
	assert_null(configuration_page(c, VIEW("mta-sts.a.example"), VIEW("/x")));
	configuration_add_page(c, &(const struct page_spec){
						  .host = VIEW("mta-sts.a.example"),
						  .path = VIEW("/.well-known/x.txt"),
						  .type = VIEW("text/plain"),
						  .body = VIEW("version: STSv1\n"),
				  });
	page = configuration_page(
			c, VIEW("MTA-STS.a.example"), VIEW("/.well-known/X.txt"));
	assert_non_null(page);
	assert_true(view_eq(page->body, VIEW("version: STSv1\n")));
	assert_null(configuration_page(
			c, VIEW("mta-sts.b.example"), VIEW("/.well-known/x.txt")));
	assert_null(configuration_page(
			c, VIEW("mta-sts.a.example"), VIEW("/.well-known/x")));
	assert_null(configuration_page(
			c, VIEW("mta-sts.a.example/.well-known"), VIEW("/x.txt/")));
	configuration_unref(c);
}

static void identities_keep_their_keys(void **state)
{
	struct configuration *c = sample();
	struct secret key = secret_copy(VIEW("key"));

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct identity_spec spec = { VIEW("mail.a.example"), VIEW("chain"),
			&key };

		configuration_add_identity(c, &spec);
	}
	secret_free(&key);
	assert_int_equal(configuration_identity_count(c), 20);
	for (size_t i = 0; i < 20; i++)
		assert_view(secret_expose(configuration_identity(c, i)->key), "key");
	configuration_unref(c);
}

static const char *relay(const struct configuration *c, const char *from, const char *to)
{
	const struct relay_spec *found = configuration_relay(c, view_z(from), view_z(to));

	return found ? found->host.data : "direct";
}

static void what_is_said_most_closely_decides_on_the_relay(void **state)
{
	const struct host_spec host = { .send_via = VIEW("usual") };
	const struct domain_spec said = { .name = VIEW("a.example"),
		.send_via = VIEW("other") };
	const struct domain_spec direct = { .name = VIEW("b.example"),
		.send_via = VIEW("direct") };
	const struct domain_spec unsaid = { .name = VIEW("c.example") };
	const struct relay_spec usual = { VIEW("usual"), VIEW("usual.example\0"), 587 };
	const struct relay_spec other = { VIEW("other"), VIEW("192.0.2.1\0"), 25 };
	struct configuration *c = configuration_new(&host, NULL);

	(void)state;
	configuration_add_relay(c, &usual);
	configuration_add_relay(c, &other);
	configuration_add_domain(c, &said);
	configuration_add_domain(c, &direct);
	configuration_add_domain(c, &unsaid);
	configuration_add_destination(c, VIEW("far.example"), VIEW("direct"));
	configuration_add_destination(c, VIEW("near.far.example"), VIEW("other"));
	assert_string_equal(relay(c, "a.example", "x.example"), "192.0.2.1");
	assert_string_equal(relay(c, "b.example", "x.example"), "direct");
	assert_string_equal(relay(c, "c.example", "x.example"), "usual.example");
	assert_string_equal(relay(c, "", "x.example"), "usual.example");
	assert_string_equal(relay(c, "a.example", "far.example"), "direct");
	assert_string_equal(relay(c, "c.example", "sub.far.example"), "direct");
	assert_string_equal(relay(c, "c.example", "notfar.example"), "usual.example");
	assert_string_equal(relay(c, "b.example", "very.near.far.example"), "192.0.2.1");
	configuration_unref(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recipient_goes_where_the_state_says),
		cmocka_unit_test(what_is_sent_on_says_by_whom),
		cmocka_unit_test(logins_and_senders_are_ones_own_addresses),
		cmocka_unit_test(members_have_what_is_shared_with_them),
		cmocka_unit_test(
				an_unchanged_domain_is_shared_and_outlives_its_first_owner),
		cmocka_unit_test(what_is_said_most_closely_decides_on_the_relay),
		cmocka_unit_test(a_page_is_found_at_its_own_name_alone),
		cmocka_unit_test(identities_keep_their_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
