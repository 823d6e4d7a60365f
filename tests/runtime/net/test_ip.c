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

static void networks_have_their_addresses(void **state)
{
	/* clang-format off */
	static const struct {
		const char *network, *in, *out;
	} cases[] = {
		{ "192.0.2.0/24",    "192.0.2.255",            "192.0.3.0" },
		{ "192.0.2.7/24",    "192.0.2.1",              "192.0.1.255" },
		{ "192.0.2.7",       "192.0.2.7",              "192.0.2.8" },
		{ "192.0.2.6/31",    "192.0.2.7",              "192.0.2.8" },
		{ "0.0.0.0/0",       "255.255.255.255",        "::1" },
		{ "2001:db8::/32",   "2001:db8:ffff::1",       "2001:db9::" },
		{ "2001:db8::/33",   "2001:db8:7fff::1",       "2001:db8:8000::" },
		{ "::1",             "::1",                    "::2" },
		{ "::/0",            "ffff::",                 "1.2.3.4" },
	};
	static const char *const none[] = { "", "/", "192.0.2.0/", "192.0.2.0/33",
		"::/129", "192.0.2.0/x", "192.0.2.0/-1", "192.0.2.0/24/24", "x/8" };
	/* clang-format on */
	struct network network;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sockaddr_storage in = address(cases[i].in),
					out = address(cases[i].out);

		assert_true(network_parse(view_z(cases[i].network), &network));
		assert_true(network_has(&network, &in));
		assert_false(network_has(&network, &out));
	}
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_false(network_parse(view_z(none[i]), &network));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_print_as_they_parse),
		cmocka_unit_test(a_mapped_address_is_the_one_within),
		cmocka_unit_test(networks_have_their_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
