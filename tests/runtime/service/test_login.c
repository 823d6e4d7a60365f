#include "runtime/service/login.h"

#include "runtime/base/clock.h"
#include "runtime/net/connection.h"
#include "runtime/service/penalty.h"
#include "tests/lib/test.h"
#include "tests/runtime/service/house.h"

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

static void ask(struct house *house, struct desk *desk, struct attempt *attempt,
		const char *user, const char *password)
{
	attempt->password = secret_copy(view_z(password));
	attempt->request = (struct login_request){ .user = view_z(user),
		.password = &attempt->password,
		.protocol = PROTOCOL_SMTP,
		.peer = &peer,
		.done = done,
		.context = desk };
	login_check(service_logins(house->service), &attempt->request);
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

static void refusals_wait_and_read_alike(void **state)
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

/* A12: what cannot be checked soon is told so, and is no refusal. */
static void only_so_many_wait(void **state)
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

static void penalties_grow_and_are_forgotten(void **state)
{
	struct penalty *penalty = calloc(1, sizeof(*penalty));
	nstime now = nstime_seconds(1000);

	(void)state;
	assert_non_null(penalty);
	assert_int_equal(penalty_add(penalty, VIEW("a"), now), nstime_seconds(2));
	assert_int_equal(penalty_add(penalty, VIEW("a"), now), nstime_seconds(4));
	assert_int_equal(penalty_add(penalty, VIEW("b"), now), nstime_seconds(2));
	for (int i = 0; i < 20; i++)
		(void)penalty_add(penalty, VIEW("a"), now);
	assert_int_equal(penalty_add(penalty, VIEW("a"), now),
			nstime_seconds(PENALTY_LONGEST_S));
	now += nstime_seconds(PENALTY_MEMORY_S + 1);
	assert_int_equal(penalty_add(penalty, VIEW("a"), now), nstime_seconds(2));
	free(penalty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_right_password_is_accepted_and_known),
		cmocka_unit_test(what_was_known_ends_with_a_revocation),
		cmocka_unit_test(refusals_wait_and_read_alike),
		cmocka_unit_test(an_old_hash_is_replaced),
		cmocka_unit_test(only_so_many_wait),
		cmocka_unit_test(penalties_grow_and_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
