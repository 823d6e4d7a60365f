#include "runtime/service/login.h"

#include "runtime/base/clock.h"
#include "runtime/base/metric.h"
#include "runtime/net/connection.h"
#include "runtime/service/penalty.h"
#include "tests/lib/test.h"
#include "tests/runtime/service/house.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

/* Logins that a test waits for. */
struct desk {
	pthread_mutex_t lock;
	pthread_cond_t change;
	size_t done, accepted, refused, unavailable;
	unsigned char account; /* that was accepted last */
};

struct attempt {
	struct login_request request;
	struct secret password;
};

static const struct peer peer = { .address.ss_family = AF_UNIX, .text = "unix" };

static void done(struct login_request *request)
{
	struct desk *desk = request->context;

	pthread_mutex_lock(&desk->lock);
	desk->done++;
	desk->accepted += request->outcome == LOGIN_ACCEPTED;
	desk->refused += request->outcome == LOGIN_REFUSED;
	desk->unavailable += request->outcome == LOGIN_UNAVAILABLE;
	if (request->outcome == LOGIN_ACCEPTED)
		desk->account = request->account->uid[0];
	pthread_cond_broadcast(&desk->change);
	pthread_mutex_unlock(&desk->lock);
}

static void await(struct desk *desk, size_t count)
{
	pthread_mutex_lock(&desk->lock);
	while (desk->done < count)
		pthread_cond_wait(&desk->change, &desk->lock);
	pthread_mutex_unlock(&desk->lock);
}

static void ask_by(struct house *house, struct desk *desk, struct attempt *attempt,
		enum protocol protocol, const char *user, const char *password)
{
	attempt->password = secret_copy(view_z(password));
	attempt->request = (struct login_request){ .user = view_z(user),
		.password = &attempt->password,
		.protocol = protocol,
		.peer = &peer,
		.done = done,
		.context = desk };
	login_check(service_logins(house->service), &attempt->request);
}

static void ask(struct house *house, struct desk *desk, struct attempt *attempt,
		const char *user, const char *password)
{
	ask_by(house, desk, attempt, PROTOCOL_SMTP, user, password);
}

#define DESK                                                                             \
	{                                                                                \
		PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, 0, 0       \
	}

static void the_right_password_is_accepted_and_known(void **state)
{
	struct house *house = house_new();
	struct desk desk = DESK;
	struct attempt first, again;
	nstime began;

	(void)state;
	ask(house, &desk, &first, "Alice@Example.ORG", "wonderland");
	await(&desk, 1);
	assert_int_equal(desk.accepted, 1);
	assert_int_equal(desk.account, ALICE);
	began = clock_now();
	ask(house, &desk, &again, "alice@example.org", "wonderland");
	assert_int_equal(desk.accepted, 2); /* at once: no hash, no worker */
	assert_true(clock_now() - began < 20 * NS_PER_MS);
	secret_free(&first.password);
	secret_free(&again.password);
	house_free(house);
}

static void what_was_known_ends_with_a_revocation(void **state)
{
	struct house *house = house_new();
	struct desk desk = DESK;
	struct attempt first, again;

	(void)state;
	ask(house, &desk, &first, "alice@example.org", "wonderland");
	await(&desk, 1);
	house_revoke_alice(house);
	ask(house, &desk, &again, "alice@example.org", "wonderland");
	await(&desk, 2);
	assert_int_equal(desk.accepted, 2); /* by a check of its own */
	secret_free(&first.password);
	secret_free(&again.password);
	house_free(house);
}

static void A05_refusals_wait_and_read_alike(void **state)
{
	/* clang-format off */
	static const char *const logins[][3] = {
		{ "alice@example.org",  "wonderlan",  "wrong-password" },
		{ "bob@example.org",    "wonderland", "wrong-password" },
		{ "nobody@example.org", "wonderland", "unknown-user" },
		{ "' OR 1=1 --",        "x",          "unknown-user" },
		{ "carol@example.org",  "wonderland", "account-disabled" },
		{ "eve@example.org",    "wonderland", "protocol-not-allowed" },
		{ "fred@example.org",   "wonderland", "no-password" },
		{ "team@example.org",   "wonderland", "unknown-user" },
	};
	/* clang-format on */
	struct house *house = house_new();
	struct attempt attempts[ARRAY_LEN(logins)];
	struct desk desk = DESK;
	nstime began = clock_now();

	(void)state;
	ask(house, &desk, &attempts[0], logins[0][0], logins[0][1]);
	await(&desk, 1);
	assert_true(clock_now() - began >= nstime_seconds(PENALTY_STEP_S));
	for (size_t i = 1; i < ARRAY_LEN(logins); i++)
		ask(house, &desk, &attempts[i], logins[i][0], logins[i][1]);
	house_free(house); /* what waits for its penalty is answered */
	assert_int_equal(desk.refused, ARRAY_LEN(logins));
	for (size_t i = 0; i < ARRAY_LEN(logins); i++) {
		assert_string_equal(attempts[i].request.reason, logins[i][2]);
		assert_null(attempts[i].request.account);
		secret_free(&attempts[i].password);
	}
}

static int64_t hashes(void)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < METRIC_HASHES; i++)
		sum += metric_value(METRIC_PASSWORD_HASHES, i, 0);
	return sum;
}

/* Counted and not timed: whoever is asked for, and whatever is wrong, it is one hash, and of
 * the kind that new passwords have where there is none of one's own. */
static void A05_nobody_costs_what_somebody_does(void **state)
{
	/* clang-format off */
	static const struct {
		const char *user, *password;
		enum metric_hash kind;
	} logins[] = {
		{ "alice@example.org",  "wonderlan",  METRIC_HASH_ARGON2ID },
		{ "nobody@example.org", "wonderland", METRIC_HASH_ARGON2ID },
		{ "nobody@nowhere",     "",           METRIC_HASH_ARGON2ID },
		{ "",                   "x",          METRIC_HASH_ARGON2ID },
		{ "fred@example.org",   "wonderland", METRIC_HASH_ARGON2ID },
		{ "team@example.org",   "wonderland", METRIC_HASH_ARGON2ID },
		{ "carol@example.org",  "wrong",      METRIC_HASH_ARGON2ID },
		{ "eve@example.org",    "wonderland", METRIC_HASH_ARGON2ID },
		{ "bob@example.org",    "wonderland", METRIC_HASH_SHA512_CRYPT },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(logins); i++) {
		struct house *house = house_new();
		int64_t all = hashes();
		int64_t kind = metric_value(METRIC_PASSWORD_HASHES, logins[i].kind, 0);
		struct desk desk = DESK;
		struct attempt attempt;

		ask(house, &desk, &attempt, logins[i].user, logins[i].password);
		house_free(house); /* what waits for its penalty is answered */
		assert_int_equal(desk.refused, 1);
		assert_int_equal(hashes() - all, 1);
		assert_int_equal(metric_value(METRIC_PASSWORD_HASHES, logins[i].kind, 0) -
						 kind,
				1);
		secret_free(&attempt.password);
	}
}

static void an_old_hash_is_replaced(void **state)
{
	struct house *house = house_new();
	struct service_notice *notice;
	struct desk desk = DESK;
	struct attempt attempt;

	(void)state;
	ask(house, &desk, &attempt, "bob@example.org", "builder");
	await(&desk, 1);
	assert_int_equal(desk.accepted, 1);
	notice = service_next_notice(house->service);
	assert_non_null(notice);
	assert_int_equal(notice->kind, SERVICE_PASSWORD_UPGRADED);
	assert_int_equal(notice->account[0], BOB);
	assert_true(view_starts(notice->text, VIEW("$argon2id$")));
	assert_null(service_next_notice(house->service));
	free(notice);
	secret_free(&attempt.password);
	house_free(house);
}

/* However often, and without a password's hash. */
static void an_app_password_is_a_login(void **state)
{
	struct house *house = house_new();
	struct desk desk = DESK;
	struct attempt attempts[4];
	struct service_notice *notice;
	int64_t before = hashes();

	(void)state;
	ask(house, &desk, &attempts[0], "alice@example.org", PHONE);
	ask_by(house, &desk, &attempts[1], PROTOCOL_IMAP, "alice@example.org",
			"OOOOO 00000 00000 00000 00000i");
	ask(house, &desk, &attempts[2], "fred@example.org", PHONE);
	ask(house, &desk, &attempts[3], "alice@example.org", MAILER);
	await(&desk, 4);
	assert_int_equal(desk.accepted, 4);
	assert_int_equal(hashes(), before);
	notice = service_next_notice(house->service);
	assert_non_null(notice);
	assert_int_equal(notice->kind, SERVICE_APP_PASSWORD_USED);
	while (notice) {
		free(notice);
		notice = service_next_notice(house->service);
	}
	for (size_t i = 0; i < ARRAY_LEN(attempts); i++)
		secret_free(&attempts[i].password);
	house_free(house);
}

static void A13_an_app_password_is_good_for_what_it_says(void **state)
{
	/* clang-format off */
	static const struct {
		const char *user, *password, *reason;
		enum protocol protocol;
	} logins[] = {
		{ "alice@example.org",  MAILER, "app-password-scope",   PROTOCOL_IMAP },
		{ "alice@example.org",  OLD,    "app-password-expired", PROTOCOL_IMAP },
		{ "alice@example.org",  OLD,    "app-password-expired", PROTOCOL_SMTP },
		{ "fred@example.org",   MAILER, "no-password",          PROTOCOL_SMTP },
		{ "eve@example.org",    PHONE,  "wrong-password",       PROTOCOL_IMAP },
		{ "nobody@example.org", PHONE,  "unknown-user",         PROTOCOL_IMAP },
		{ "alice@example.org",  "00000-00000-00000-00000-000004", "wrong-password", PROTOCOL_IMAP },
	};
	/* clang-format on */
	struct house *house = house_new();
	struct attempt attempts[ARRAY_LEN(logins)];
	struct desk desk = DESK;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(logins); i++)
		ask_by(house, &desk, &attempts[i], logins[i].protocol, logins[i].user,
				logins[i].password);
	house_free(house); /* what waits for its penalty is answered */
	assert_int_equal(desk.refused, ARRAY_LEN(logins));
	for (size_t i = 0; i < ARRAY_LEN(logins); i++) {
		assert_string_equal(attempts[i].request.reason, logins[i].reason);
		secret_free(&attempts[i].password);
	}
}

/* What cannot be checked soon is told so, and is no refusal. */
static void A12_only_so_many_wait(void **state)
{
	enum {
		MANY = LOGIN_AT_ONCE + LOGIN_WAITING + 50
	};
	struct house *house = house_new();
	struct attempt *attempts = calloc(MANY, sizeof(*attempts));
	struct desk desk = DESK;

	(void)state;
	assert_non_null(attempts);
	for (size_t i = 0; i < MANY; i++)
		ask(house, &desk, &attempts[i], "bob@example.org", "guess");
	await(&desk, 40); /* told at once */
	assert_true(desk.unavailable >= 40);
	house_free(house);
	assert_int_equal(desk.done, MANY);
	assert_true(desk.refused >= LOGIN_WAITING);
	assert_int_equal(desk.refused + desk.unavailable, MANY);
	for (size_t i = 0; i < MANY; i++)
		secret_free(&attempts[i].password);
	free(attempts);
}

/* -- what failures cost -- */

static struct peer peer_at(const char *text)
{
	struct peer at = { 0 };
	struct sockaddr_in *four = (void *)&at.address;
	struct sockaddr_in6 *six = (void *)&at.address;

	if (inet_pton(AF_INET, text, &four->sin_addr) == 1)
		at.address.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1)
		at.address.ss_family = AF_INET6;
	else
		fail_msg("%s is no address", text);
	return at;
}

static nstime failed(
		struct penalty *penalty, const char *name, const char *from, nstime now)
{
	struct peer at = peer_at(from);

	return penalty_failed(
			penalty, &(const struct penalty_who){ view_z(name), &at }, now);
}

static bool barred(
		struct penalty *penalty, const char *name, const char *from, nstime now)
{
	struct peer at = peer_at(from);

	return penalty_bars(
			penalty, &(const struct penalty_who){ view_z(name), &at }, now);
}

static void A03_delays_grow_and_are_forgotten(void **state)
{
	struct penalty *penalty = calloc(1, sizeof(*penalty));
	nstime now = nstime_seconds(1000);

	(void)state;
	assert_non_null(penalty);
	assert_int_equal(failed(penalty, "a", "192.0.2.1", now), nstime_seconds(2));
	assert_int_equal(failed(penalty, "A", "192.0.2.1", now), nstime_seconds(4));
	assert_int_equal(failed(penalty, "b", "198.51.100.1", now), nstime_seconds(2));
	for (int i = 0; i < 20; i++)
		(void)failed(penalty, "a", "192.0.2.1", now);
	assert_int_equal(failed(penalty, "a", "203.0.113.9", now),
			nstime_seconds(PENALTY_LONGEST_S));
	now += nstime_seconds(8 * PENALTY_HALF_LIFE_S);
	assert_int_equal(failed(penalty, "a", "192.0.2.1", now), nstime_seconds(2));
	free(penalty);
}

/* One account, from everywhere: past the limit nobody new is checked, its owner is. */
static void A03_the_owner_is_not_locked_out(void **state)
{
	struct penalty *penalty = calloc(1, sizeof(*penalty));
	struct peer home = peer_at("2001:db8:1:2::3");
	const struct penalty_who owner = { VIEW("Anna@a.example"), &home };
	nstime now = nstime_seconds(1000);

	(void)state;
	assert_non_null(penalty);
	penalty_succeeded(penalty, &owner);
	for (unsigned i = 0; i <= PENALTY_NAME_MOST; i++) {
		char from[32];

		snprintf(from, sizeof(from), "10.%u.%u.1", i / 200, i % 200);
		assert_false(barred(penalty, "anna@a.example", from, now));
		(void)failed(penalty, "anna@a.example", from, now);
	}
	assert_true(barred(penalty, "anna@a.example", "203.0.113.1", now));
	assert_false(barred(penalty, "bo@a.example", "203.0.113.1", now));
	assert_false(barred(penalty, "anna@a.example", "2001:db8:1:2::99", now));
	assert_true(barred(penalty, "anna@a.example", "2001:db8:1:3::3", now));
	now += nstime_seconds(PENALTY_HALF_LIFE_S);
	assert_false(barred(penalty, "anna@a.example", "203.0.113.1", now));
	free(penalty);
}

/* Many accounts, from one address; then from its whole network. */
static void A04_a_spray_is_barred_by_where_it_comes_from(void **state)
{
	struct penalty *penalty = calloc(1, sizeof(*penalty));
	nstime now = nstime_seconds(1000);
	char name[32], from[32];

	(void)state;
	assert_non_null(penalty);
	for (unsigned i = 0; i <= PENALTY_ADDRESS_MOST; i++) {
		snprintf(name, sizeof(name), "u%u@a.example", i);
		assert_false(barred(penalty, name, "192.0.2.7", now));
		(void)failed(penalty, name, "192.0.2.7", now);
	}
	assert_true(barred(penalty, "other@a.example", "192.0.2.7", now));
	assert_false(barred(penalty, "other@a.example", "192.0.2.8", now));
	for (unsigned i = 0; i < PENALTY_NETWORK_MOST; i++) {
		snprintf(name, sizeof(name), "v%u@a.example", i);
		snprintf(from, sizeof(from), "192.0.2.%u", 10 + i % 200);
		(void)failed(penalty, name, from, now);
	}
	assert_true(barred(penalty, "other@a.example", "192.0.2.8", now));
	assert_false(barred(penalty, "other@a.example", "192.0.3.8", now));
	free(penalty);
}

static void await_accepted(struct desk *desk)
{
	pthread_mutex_lock(&desk->lock);
	while (desk->accepted == 0)
		pthread_cond_wait(&desk->change, &desk->lock);
	pthread_mutex_unlock(&desk->lock);
}

/* Checks run in their order: once the last one was accepted, those before have failed. */
static void A04_all_protocols_share_one_limiter(void **state)
{
	enum {
		FAILURES = PENALTY_ADDRESS_MOST + 1 + LOGIN_AT_ONCE
	};
	struct house *house = house_new();
	struct attempt *attempts = calloc(FAILURES + 2, sizeof(*attempts));
	struct desk desk = DESK;

	(void)state;
	assert_non_null(attempts);
	for (size_t i = 0; i < FAILURES; i++)
		ask(house, &desk, &attempts[i], "fred@example.org", "guess");
	ask(house, &desk, &attempts[FAILURES], "alice@example.org", "wonderland");
	await_accepted(&desk);
	ask_by(house, &desk, &attempts[FAILURES + 1], PROTOCOL_IMAP, "eve@example.org",
			"guess");
	assert_int_equal(attempts[FAILURES + 1].request.outcome, LOGIN_UNAVAILABLE);
	assert_string_equal(attempts[FAILURES + 1].request.reason, "too-many-failures");
	house_free(house);
	for (size_t i = 0; i < FAILURES + 2; i++)
		secret_free(&attempts[i].password);
	free(attempts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_right_password_is_accepted_and_known),
		cmocka_unit_test(what_was_known_ends_with_a_revocation),
		cmocka_unit_test(A05_refusals_wait_and_read_alike),
		cmocka_unit_test(A05_nobody_costs_what_somebody_does),
		cmocka_unit_test(an_old_hash_is_replaced),
		cmocka_unit_test(an_app_password_is_a_login),
		cmocka_unit_test(A13_an_app_password_is_good_for_what_it_says),
		cmocka_unit_test(A12_only_so_many_wait),
		cmocka_unit_test(A03_delays_grow_and_are_forgotten),
		cmocka_unit_test(A03_the_owner_is_not_locked_out),
		cmocka_unit_test(A04_a_spray_is_barred_by_where_it_comes_from),
		cmocka_unit_test(A04_all_protocols_share_one_limiter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
