#include "runtime/net/ip.h"

#include "tests/lib/test.h"

#include <string.h>

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage address;

	assert_true(ip_parse(view_z(text), 25, &address));
	return address;
}

static void addresses_print_as_they_parse(void **state)
{
	static const char *const same[] = { "192.0.2.1", "0.0.0.0", "::", "2001:db8::1",
		"::1" };
	static const char *const none[] = { "", "192.0.2", "192.0.2.300", "2001:db8",
		"192.0.2.1 ", "example.org", ":::", "1.2.3.4/24",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000" };
	struct sockaddr_storage parsed;
	char text[INET6_ADDRSTRLEN];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		parsed = address(same[i]);
		ip_print(&parsed, text);
		assert_string_equal(text, same[i]);
		assert_int_equal(ip_port(&parsed), 25);
	}
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_false(ip_parse(view_z(none[i]), 25, &parsed));
	assert_false(ip_parse(VIEW("192.0.2.1\0"), 25, &parsed));
}

static void a_mapped_address_is_the_one_within(void **state)
{
	struct sockaddr_storage mapped = address("::ffff:192.0.2.1"),
				plain = address("192.0.2.1");

	(void)state;
	assert_false(ip_same(&mapped, &plain));
	ip_unmap(&mapped);
	assert_true(ip_same(&mapped, &plain));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_print_as_they_parse),
		cmocka_unit_test(a_mapped_address_is_the_one_within),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
