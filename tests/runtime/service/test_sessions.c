#include "runtime/service/sessions.h"

#include "tests/lib/test.h"
#include "tests/runtime/net/toy.h"

static const unsigned char alice[ACCOUNT_UID_SIZE] = { 'a' };
static const unsigned char bob[ACCOUNT_UID_SIZE] = { 'b' };

/* One domain with Alice and Bob, as they stand. */
static struct configuration *world(uint64_t alice_revocation,
		enum account_state alice_state, unsigned alice_protocols)
{
	const struct host_spec host = { .name = VIEW("mx.example.org") };
	struct account_spec accounts[] = {
		{ .address = VIEW("alice@example.org"),
				.revocation = alice_revocation,
				.state = alice_state,
				.protocols = alice_protocols,
				.quota = 1 },
		{ .address = VIEW("bob@example.org"),
				.protocols = PROTOCOL_IMAP | PROTOCOL_SMTP,
				.quota = 1 },
	};
	const struct domain_spec domain = {
		.name = VIEW("example.org"), .accounts = accounts, .account_count = 2
	};
	struct configuration *c = configuration_new(&host, NULL);

	memcpy(accounts[0].uid, alice, ACCOUNT_UID_SIZE);
	memcpy(accounts[1].uid, bob, ACCOUNT_UID_SIZE);
	configuration_add_domain(c, &domain);
	return c;
}

struct fixture {
	struct toy *toy;
	struct sessions *sessions;
	struct configuration *first;
	struct client alice, alice_too, bob;
};

static void log_in(struct fixture *f, struct client *c, const unsigned char *uid,
		enum protocol protocol)
{
	size_t before = f->toy->opened;

	client_connect(c, f->toy);
	client_expect(c, "hello");
	toy_await_opened(f->toy, before + 1);
	sessions_add(f->sessions, f->toy->sessions[before],
			configuration_account(f->first, uid), protocol);
}

static void set_up(struct fixture *f)
{
	*f = (struct fixture){ .toy = toy_new(false, false) };
	f->sessions = sessions_new(f->toy->net);
	f->first = world(1, ACCOUNT_ACTIVE, PROTOCOL_IMAP | PROTOCOL_SMTP);
	log_in(f, &f->alice, alice, PROTOCOL_IMAP);
	log_in(f, &f->alice_too, alice, PROTOCOL_SMTP);
	log_in(f, &f->bob, bob, PROTOCOL_IMAP);
}

static void tear_down(struct fixture *f)
{
	client_close(&f->alice);
	client_close(&f->alice_too);
	client_close(&f->bob);
	for (size_t i = 0; i < 3; i++)
		sessions_remove(f->sessions, f->toy->sessions[i]);
	assert_int_equal(sessions_count(f->sessions), 0);
	toy_free(f->toy);
	sessions_free(f->sessions);
	configuration_unref(f->first);
}

static void a_change_goes_to_the_account_alone(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	sessions_changed(f.sessions, alice, 7, f.toy->sessions[1]);
	sessions_changed(f.sessions, bob, 8, 0);
	client_expect(&f.alice, "changed 7");
	client_expect(&f.bob, "changed 8");
	client_send(&f.alice_too, "say nothing came\n");
	client_expect(&f.alice_too, "nothing came");
	sessions_remove(f.sessions, f.toy->sessions[0]);
	sessions_remove(f.sessions, f.toy->sessions[0]);
	sessions_changed(f.sessions, alice, 9, 0);
	client_expect(&f.alice_too, "changed 9");
	client_send(&f.alice, "say I left\n");
	client_expect(&f.alice, "I left");
	tear_down(&f);
}

/* Who looks at a shared mailbox hears of its account, of one at a time. */
static void a_watcher_hears_of_what_it_watches(void **state)
{
	static const unsigned char office[ACCOUNT_UID_SIZE] = { 77 };
	struct fixture f;

	(void)state;
	set_up(&f);
	sessions_watch(f.sessions, f.toy->sessions[0], office, 3);
	sessions_changed(f.sessions, office, 3, 0);
	client_expect(&f.alice, "changed 3");
	sessions_watch(f.sessions, f.toy->sessions[0], bob, 4);
	sessions_changed(f.sessions, office, 5, 0);
	sessions_changed(f.sessions, bob, 4, 0);
	client_expect(&f.alice, "changed 4");
	client_expect(&f.bob, "changed 4");
	sessions_unwatch(f.sessions, f.toy->sessions[0]);
	sessions_changed(f.sessions, bob, 6, 0);
	client_expect(&f.bob, "changed 6");
	client_send(&f.alice, "say nothing came\n");
	client_expect(&f.alice, "nothing came");
	sessions_watch(f.sessions, f.toy->sessions[0], office, 3); /* ends with it */
	tear_down(&f);
}

static void I17_watchers_of_a_mailbox_that_was_replaced_end(void **state)
{
	static const unsigned char office[ACCOUNT_UID_SIZE] = { 77 };
	struct fixture f;

	(void)state;
	set_up(&f);
	sessions_watch(f.sessions, f.toy->sessions[0], office, 3);
	sessions_renounce(f.sessions, bob);
	client_send(&f.bob, "say here\n");
	client_expect(&f.bob, "here");
	sessions_renounce(f.sessions, office);
	client_expect(&f.alice, "revoked");
	client_send(&f.alice_too, "say here\n");
	client_expect(&f.alice_too, "here");
	tear_down(&f);
}

/* Whose sessions end under a new configuration. */
static void expect_revoked(uint64_t revocation, enum account_state account_state,
		unsigned protocols, bool imap_ends, bool smtp_ends)
{
	struct configuration *next = world(revocation, account_state, protocols);
	struct fixture f;

	set_up(&f);
	assert_int_equal(sessions_revoke(f.sessions, next),
			(size_t)imap_ends + (size_t)smtp_ends);
	client_send(&f.bob, "say here\n");
	client_expect(&f.bob, "here");
	if (imap_ends)
		client_expect(&f.alice, "revoked");
	if (smtp_ends)
		client_expect(&f.alice_too, "revoked");
	tear_down(&f);
	configuration_unref(next);
}

static void revoked_sessions_end_and_others_stay(void **state)
{
	const unsigned both = PROTOCOL_IMAP | PROTOCOL_SMTP;

	(void)state;
	expect_revoked(1, ACCOUNT_ACTIVE, both, false, false);
	expect_revoked(2, ACCOUNT_ACTIVE, both, true, true);
	expect_revoked(1, ACCOUNT_DISABLED, both, true, true);
	expect_revoked(1, ACCOUNT_ACTIVE, PROTOCOL_IMAP, false, true);
}

static void an_absent_account_ends_its_sessions(void **state)
{
	const struct host_spec host = { .name = VIEW("mx.example.org") };
	struct configuration *empty = configuration_new(&host, NULL);
	struct fixture f;

	(void)state;
	set_up(&f);
	assert_int_equal(sessions_revoke(f.sessions, empty), 3);
	client_expect(&f.alice, "revoked");
	client_expect(&f.alice_too, "revoked");
	client_expect(&f.bob, "revoked");
	tear_down(&f);
	configuration_unref(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_goes_to_the_account_alone),
		cmocka_unit_test(a_watcher_hears_of_what_it_watches),
		cmocka_unit_test(I17_watchers_of_a_mailbox_that_was_replaced_end),
		cmocka_unit_test(revoked_sessions_end_and_others_stay),
		cmocka_unit_test(an_absent_account_ends_its_sessions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
