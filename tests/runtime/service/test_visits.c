#include "runtime/service/visits.h"

#include "runtime/net/ip.h"
#include "tests/lib/test.h"

#include <stdio.h>

static bool enter(struct visits *visits, const char *address, int64_t seconds)
{
	struct sockaddr_storage who;

	assert_true(ip_parse(view_z(address), 0, &who));
	return visits_enter(visits, &who, nstime_seconds(1000 + seconds));
}

static void so_many_at_once_and_then_one_in_a_while(void **state)
{
	static struct visits visits;

	(void)state;
	for (int i = 0; i < VISITS_BURST; i++)
		assert_true(enter(&visits, "192.0.2.1", 0));
	assert_false(enter(&visits, "192.0.2.1", 0));
	assert_false(enter(&visits, "192.0.2.1", VISITS_EVERY_S - 1));
	assert_true(enter(&visits, "192.0.2.1", VISITS_EVERY_S));
	assert_false(enter(&visits, "192.0.2.1", VISITS_EVERY_S));
}

static void others_are_not_in_the_way(void **state)
{
	static struct visits visits;

	(void)state;
	while (enter(&visits, "192.0.2.1", 0))
		;
	assert_true(enter(&visits, "192.0.2.2", 0));
	while (enter(&visits, "2001:db8::1", 0))
		;
	assert_false(enter(&visits, "2001:db8::2", 0)); /* the same customer's */
	assert_true(enter(&visits, "2001:db8:0:1::1", 0));
}

static void the_table_does_not_grow_and_forgets_the_quietest(void **state)
{
	static struct visits visits;
	char address[64];

	(void)state;
	while (enter(&visits, "192.0.2.1", 0))
		;
	for (int i = 0; i < 20 * VISITS_ROWS; i++) {
		snprintf(address, sizeof(address), "10.%d.%d.1", i / 256, i % 256);
		assert_true(enter(&visits, address, 0));
	}
	assert_false(enter(&visits, "192.0.2.1", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_at_once_and_then_one_in_a_while),
		cmocka_unit_test(others_are_not_in_the_way),
		cmocka_unit_test(the_table_does_not_grow_and_forgets_the_quietest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
