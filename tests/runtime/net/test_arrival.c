#include "runtime/net/arrival.h"

#include "tests/lib/test.h"
#include "tests/runtime/net/toy.h"

#include <stdio.h>
#include <string.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
/* clang-format off */
#define CASE(text) { text, sizeof(text) - 1 }
/* clang-format on */

enum {
	MANY = 10000,
	PER_ADDRESS = 4,
	PER_NETWORK = 20
};

static struct toy *toy_behind_a_proxy(bool implicit_tls)
{
	static const struct view listed[] = { CASE("192.0.2.0/24"), CASE("127.0.0.0/8") };
	struct toy *toy = toy_new(implicit_tls, implicit_tls);

	assert_true(net_set_proxies(toy->net, listed, ARRAY_LEN(listed)));
	return toy;
}

static void expect_peer(struct client *c, const char *peer)
{
	client_expect(c, "hello");
	client_send(c, "facts\n");
	client_expect(c, peer);
}

static void a_header_names_the_peer(void **state)
{
	/* clang-format off */
	static const struct {
		struct view header;
		const char *peer;
	} cases[] = {
		{ CASE("PROXY TCP4 198.51.100.7 192.0.2.1 4000 25\r\n"), "198.51.100.7" },
		{ CASE("PROXY TCP6 2001:db8::7 2001:db8::1 4000 25\r\n"), "2001:db8::7" },
		{ CASE("PROXY UNKNOWN\r\n"), "127.0.0.1" },
		{ CASE(SIGNATURE "\x21\x11\x00\x0c\xc6\x33\x64\x07\xc0\x00\x02\x01\x0f\xa0\x00\x19"), "198.51.100.7" },
		{ CASE(SIGNATURE "\x20\x00\x00\x00"), "127.0.0.1" },
	};
	/* clang-format on */
	struct toy *toy = toy_behind_a_proxy(false);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (size_t step = 1; step <= cases[i].header.len; step *= 8) {
			struct client c;

			client_connect(&c, toy);
			for (size_t at = 0; at < cases[i].header.len; at += step) {
				struct view part = view_sub(cases[i].header, at, step);

				client_send_bytes(&c, part.data, part.len);
			}
			expect_peer(&c, cases[i].peer);
			client_close(&c);
		}
	toy_free(toy);
}

/* What stands behind the header is not lost, and not read too early. */
static void bytes_behind_it_are_the_engines(void **state)
{
	struct toy *toy = toy_behind_a_proxy(false);
	struct client c;

	(void)state;
	client_connect(&c, toy);
	client_send(&c, "PROXY TCP4 198.51.100.7 192.0.2.1 4000 25\r\nsay behind\n");
	client_expect(&c, "hello");
	client_expect(&c, "behind");
	client_close(&c);
	toy_free(toy);
}

static void tls_begins_behind_it(void **state)
{
	struct toy *toy = toy_behind_a_proxy(true);
	struct client c;

	(void)state;
	client_connect(&c, toy);
	client_send(&c, "PROXY TCP6 2001:db8::7 2001:db8::1 4000 993\r\n");
	assert_true(client_secure(&c, TLS1_3_VERSION, NULL, NULL));
	client_expect(&c, "hello");
	client_send(&c, "facts\n");
	client_expect(&c, "2001:db8::7 TLSv1.3 name=");
	client_close(&c);
	toy_free(toy);
}

static void without_a_header_it_is_closed(void **state)
{
	static const char *const bytes[] = { "say hello\n", "\x16\x03\x01",
		"PROXY TCP4 198.51.100.7 192.0.2.1 4000\r\n",
		"PROXY TCP4 ::1 ::1 4000 25\r\n" };
	struct toy *toy = toy_behind_a_proxy(false);
	char byte;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bytes); i++) {
		struct client c;

		client_connect(&c, toy);
		client_send(&c, bytes[i]);
		assert_true(client_read(&c, &byte, 1) <= 0);
		client_close(&c);
	}
	toy_free(toy);
}

static void S24_a_header_of_who_is_not_listed(void **state)
{
	struct toy *toy = toy_new(false, false);
	struct client c;

	(void)state;
	client_connect(&c, toy);
	client_send(&c, "PROXY TCP4 198.51.100.7 192.0.2.1 4000 25\r\n");
	client_expect(&c, "hello");
	client_expect(&c, "what?");
	client_send(&c, "facts\n");
	client_expect(&c, "127.0.0.1");
	client_close(&c);
	toy_free(toy);
}

static bool arrive(struct client *c, struct toy *toy, const char *network, unsigned i)
{
	char line[128], answer[16] = "";

	client_connect(c, toy);
	snprintf(line, sizeof(line), "PROXY TCP4 %s.%u 192.0.2.1 4000 25\r\n", network,
			i % 256);
	client_send(c, line);
	assert_true(client_read(c, answer, 6) > 0);
	return strncmp(answer, "hello", 5) == 0;
}

/* One address and one network fill their places; the rest of the world still comes in. */
static void S31_ten_thousand_of_one_network(void **state)
{
	struct toy *toy = toy_behind_a_proxy(false);
	struct client in[PER_NETWORK], c;
	size_t entered = 0;

	(void)state;
	net_set_caps(toy->net,
			(struct net_caps){ 1000, PER_ADDRESS, PER_NETWORK, SIZE_MAX });
	for (unsigned i = 0; i < MANY; i++) {
		if (!arrive(&c, toy, "198.51.100", i % 16 ? 9 : i)) {
			client_close(&c);
			continue;
		}
		assert_true(entered < PER_NETWORK);
		in[entered++] = c;
	}
	assert_int_equal(entered, PER_NETWORK);
	assert_int_equal(net_sessions(toy->net), PER_NETWORK);
	assert_true(arrive(&c, toy, "198.51.101", 9));
	client_close(&c);
	for (size_t i = 0; i < entered; i++)
		client_close(&in[i]);
	toy_await_closed(toy, PER_NETWORK + 1);
	toy_free(toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_names_the_peer),
		cmocka_unit_test(bytes_behind_it_are_the_engines),
		cmocka_unit_test(tls_begins_behind_it),
		cmocka_unit_test(without_a_header_it_is_closed),
		cmocka_unit_test(S24_a_header_of_who_is_not_listed),
		cmocka_unit_test(S31_ten_thousand_of_one_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
