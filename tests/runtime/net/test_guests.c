#include "runtime/net/guests.h"

#include "tests/lib/test.h"

enum {
	PER_ADDRESS = 50,
	PER_NETWORK = 500,
	MANY = 10000
};

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage address;

	assert_true(ip_parse(view_z(text), 1, &address));
	return address;
}

static int enter(struct guests *guests, const struct sockaddr_storage *who)
{
	return guests_enter(guests, who, PER_ADDRESS, PER_NETWORK);
}

/* A family that comes from one network. */
struct crowd {
	const char *first;
	unsigned word; /* of 16 bits: the one in which the others differ */
	unsigned span; /* how many there are */
};

static struct sockaddr_storage member(const struct crowd *crowd, unsigned i)
{
	struct sockaddr_storage who = address(crowd->first);
	struct sockaddr_in *four = (void *)&who;
	struct sockaddr_in6 *six = (void *)&who;

	i %= crowd->span;
	if (who.ss_family == AF_INET)
		four->sin_addr.s_addr |= htonl(i);
	else
		six->sin6_addr.s6_addr16[crowd->word] |= htons((uint16_t)i);
	return who;
}

/* MANY of them come; how many got in. */
static size_t flood(struct guests *guests, const struct crowd *crowd, bool in[MANY])
{
	size_t entered = 0;

	for (unsigned i = 0; i < MANY; i++) {
		struct sockaddr_storage who = member(crowd, i);

		in[i] = enter(guests, &who) == GUESTS_OK;
		entered += in[i];
	}
	return entered;
}

static void leave(struct guests *guests, const struct crowd *crowd, const bool in[MANY])
{
	for (unsigned i = 0; i < MANY; i++) {
		struct sockaddr_storage who = member(crowd, i);

		if (in[i])
			guests_leave(guests, &who);
	}
}

static void S31_connections_of_one_network(void **state)
{
	/* clang-format off */
	static const struct {
		struct crowd crowd;
		size_t enter;
		int outcome;        /* of the next one */
		const char *others; /* who still have a place */
	} cases[] = {
		{ { "192.0.2.1",       0, 1 },     PER_ADDRESS, GUESTS_E_ADDRESS, "192.0.2.2" },
		{ { "192.0.2.0",       0, 256 },   PER_NETWORK, GUESTS_E_NETWORK, "192.0.3.1" },
		{ { "2001:db8:1:2::",  7, 65536 }, PER_ADDRESS, GUESTS_E_ADDRESS, "2001:db8:1:3::1" },
		{ { "2001:db8:1::",    3, 65536 }, PER_NETWORK, GUESTS_E_NETWORK, "2001:db8:2::1" },
	};
	/* clang-format on */
	static bool in[MANY];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sockaddr_storage next = member(&cases[i].crowd, MANY);
		struct sockaddr_storage other = address(cases[i].others);
		struct guests guests = { 0 };

		assert_int_equal(flood(&guests, &cases[i].crowd, in), cases[i].enter);
		assert_int_equal(enter(&guests, &next), cases[i].outcome);
		assert_int_equal(enter(&guests, &other), GUESTS_OK);
		guests_leave(&guests, &other);
		leave(&guests, &cases[i].crowd, in);
		assert_int_equal(guests_places(&guests), 0);
		guests_deinit(&guests);
	}
}

static void who_has_no_address_is_not_counted(void **state)
{
	const struct sockaddr_storage local = { .ss_family = AF_UNIX };
	struct guests guests = { 0 };

	(void)state;
	assert_int_equal(guests_enter(&guests, &local, 0, 0), GUESTS_OK);
	assert_int_equal(guests_places(&guests), 0);
	guests_leave(&guests, &local);
	guests_deinit(&guests);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(S31_connections_of_one_network),
		cmocka_unit_test(who_has_no_address_is_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
