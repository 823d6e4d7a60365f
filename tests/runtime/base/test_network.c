#include "runtime/base/network.h"
#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage out = { 0 };
	struct sockaddr_in *four = (struct sockaddr_in *)&out;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&out;

	out.ss_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(
			inet_pton(out.ss_family, text,
					out.ss_family == AF_INET ? (void *)&four->sin_addr
								 : &six->sin6_addr),
			1);
	return out;
}

static void an_address_is_in_its_network(void **state)
{
	static const struct {
		const char *network, *address;
		bool has;
	} table[] = {
		{ "192.0.2.0/24", "192.0.2.0", true },
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.128/25", "192.0.2.128", true },
		{ "192.0.2.7", "192.0.2.7", true }, { "192.0.2.7", "192.0.2.6", false },
		{ "192.0.2.6/31", "192.0.2.7", true },
		{ "192.0.2.6/31", "192.0.2.8", false },
		{ "192.0.2.7/24", "192.0.2.1", true },
		{ "0.0.0.0/0", "203.0.113.9", true }, { "0.0.0.0/0", "::1", false },
		{ "192.0.2.0/24", "::ffff:192.0.2.9", true },
		{ "192.0.2.0/24", "::ffff:192.0.3.9", false },
		{ "::ffff:0:0/96", "192.0.2.1", false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "::/0", "2001:db8::1", true }, { "::/0", "192.0.2.1", false },
		{ "c000:200::/24", "192.0.2.1", false }, /* the same first bytes */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct sockaddr_storage from = address(table[i].address);
		struct network network;

		assert_true(network_parse(view_z(table[i].network), &network));
		if (network_has(&network, &from) != table[i].has)
			fail_msg("%s and %s", table[i].network, table[i].address);
	}
}

static void a_socket_of_this_host_is_in_none(void **state)
{
	struct sockaddr_storage from = { .ss_family = AF_UNIX };
	struct network network;

	(void)state;
	assert_true(network_parse(VIEW("0.0.0.0/0"), &network));
	assert_false(network_has(&network, &from));
}

static void what_is_no_network_is_refused(void **state)
{
	static const char *const wrong[] = { "", "/", "/24", "192.0.2.0/", "192.0.2.0/33",
		"192.0.2/24", "::/129", "a.example", "192.0.2.0/-1", "192.0.2.0/8/8",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb" };
	struct network network;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		if (network_parse(view_z(wrong[i]), &network))
			fail_msg("%s", wrong[i]);
}

static void equal_networks_are_equal_bytes(void **state)
{
	/* clang-format off */
	static const struct { const char *network, *address; } table[] = {
		{ "192.0.2.0/24",    "192.0.2.77" },
		{ "192.0.2.99/24",   "::ffff:192.0.2.77" },
		{ "2001:db8:1::/48", "2001:db8:1:2::3" },
		{ "2001:db8:1::9/48", "2001:db8:1::" },
	};
	/* clang-format on */
	struct network parsed, around;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct sockaddr_storage from = address(table[i].address);

		memset(&parsed, 0x55, sizeof(parsed));
		memset(&around, 0xaa, sizeof(around));
		assert_true(network_parse(view_z(table[i].network), &parsed));
		assert_true(network_around(&from, 24, 48, &around));
		assert_memory_equal(&parsed, &around, sizeof(around));
	}
	assert_false(network_parse(VIEW("192.0.2.1\0"), &parsed));
}

static void a_network_covers_a_smaller_one(void **state)
{
	/* clang-format off */
	static const struct { const char *outer, *inner; bool covers; } table[] = {
		{ "192.0.2.0/24",  "192.0.2.77",      true },
		{ "192.0.2.0/24",  "192.0.2.128/25",  true },
		{ "192.0.2.0/24",  "192.0.2.0/23",    false },
		{ "192.0.2.0/24",  "192.0.3.1",       false },
		{ "0.0.0.0/0",     "2001:db8::1",     false },
		{ "2001:db8::/32", "2001:db8:7::1",   true },
		{ "::/0",          "192.0.2.1",       false },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct network outer, inner;

		assert_true(network_parse(view_z(table[i].outer), &outer));
		assert_true(network_parse(view_z(table[i].inner), &inner));
		if (network_covers(&outer, &inner) != table[i].covers)
			fail_msg("%s and %s", table[i].outer, table[i].inner);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_in_its_network),
		cmocka_unit_test(equal_networks_are_equal_bytes),
		cmocka_unit_test(a_network_covers_a_smaller_one),
		cmocka_unit_test(a_socket_of_this_host_is_in_none),
		cmocka_unit_test(what_is_no_network_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
