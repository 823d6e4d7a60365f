#include "runtime/net/proxy_header.h"

#include "runtime/base/limit.h"
#include "runtime/net/ip.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define FOUR      "\xc0\x00\x02\x01\xc6\x33\x64\x02\xc0\x01\x00\x19"
#define SIX_FROM  "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
#define SIX_TO    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
#define MAPPED    "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x01"
/* clang-format off */
#define CASE(text) { text, sizeof(text) - 1 }
/* clang-format on */

/* Read whole, with bytes behind it, and cut anywhere: the answers agree. */
static int parse(struct view text, struct proxy_header *out)
{
	int whole = proxy_header_parse(text, out);
	char longer[256];

	if (whole)
		return whole;
	assert_true(text.len + 6 <= sizeof(longer));
	memcpy(longer, text.data, text.len);
	memcpy(longer + text.len, "EHLO x", 6);
	assert_int_equal(proxy_header_parse(view_of(longer, text.len + 6), out), 0);
	assert_int_equal(out->len, text.len);
	for (size_t i = 0; i < text.len; i++)
		assert_int_equal(proxy_header_parse(view_sub(text, 0, i), out),
				PROXY_HEADER_E_MORE);
	return proxy_header_parse(text, out);
}

static void headers_name_who_is_behind(void **state)
{
	/* clang-format off */
	static const struct {
		struct view text;
		const char *from, *to; /* NULL: not named */
		uint16_t from_port, to_port;
	} cases[] = {
		{ CASE("PROXY TCP4 192.0.2.1 198.51.100.2 49153 25\r\n"),       "192.0.2.1", "198.51.100.2", 49153, 25 },
		{ CASE("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"), "255.255.255.255", "255.255.255.255", 65535, 65535 },
		{ CASE("PROXY TCP4 192.0.2.1 198.51.100.2 0 0\r\n"),            "192.0.2.1", "198.51.100.2", 0, 0 },
		{ CASE("PROXY TCP6 2001:db8::1 2001:db8::2 49153 993\r\n"),     "2001:db8::1", "2001:db8::2", 49153, 993 },
		{ CASE("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"),              "192.0.2.1", "::1", 1, 2 },
		{ CASE("PROXY UNKNOWN\r\n"),                                    NULL, NULL, 0, 0 },
		{ CASE("PROXY UNKNOWN ffff::1 anything at all\r\n"),            NULL, NULL, 0, 0 },
		{ CASE(SIGNATURE "\x21\x11\x00\x0c" FOUR),                      "192.0.2.1", "198.51.100.2", 49153, 25 },
		{ CASE(SIGNATURE "\x21\x11\x00\x10" FOUR "\x04\0\1\0"),         "192.0.2.1", "198.51.100.2", 49153, 25 },
		{ CASE(SIGNATURE "\x21\x21\x00\x24" SIX_FROM SIX_TO "\xc0\x01\x03\xe1"), "2001:db8::1", "2001:db8::2", 49153, 993 },
		{ CASE(SIGNATURE "\x21\x21\x00\x24" MAPPED SIX_TO "\xc0\x01\x03\xe1"),   "192.0.2.1", "2001:db8::2", 49153, 993 },
		{ CASE(SIGNATURE "\x20\x11\x00\x0c" FOUR),                      NULL, NULL, 0, 0 },
		{ CASE(SIGNATURE "\x20\x00\x00\x00"),                           NULL, NULL, 0, 0 },
		{ CASE(SIGNATURE "\x21\x00\x00\x00"),                           NULL, NULL, 0, 0 },
	};
	/* clang-format on */
	char text[INET6_ADDRSTRLEN];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct proxy_header header;

		assert_int_equal(parse(cases[i].text, &header), PROXY_HEADER_OK);
		assert_int_equal(header.named, cases[i].from != NULL);
		if (!header.named)
			continue;
		ip_print(&header.from, text);
		assert_string_equal(text, cases[i].from);
		ip_print(&header.to, text);
		assert_string_equal(text, cases[i].to);
		assert_int_equal(ip_port(&header.from), cases[i].from_port);
		assert_int_equal(ip_port(&header.to), cases[i].to_port);
	}
}

static void what_is_no_header_is_refused(void **state)
{
	/* clang-format off */
	static const struct view cases[] = {
		CASE("EHLO client.example.net\r\n"),
		CASE("proxy TCP4 192.0.2.1 198.51.100.2 1 2\r\n"),
		CASE("PROXY  TCP4 192.0.2.1 198.51.100.2 1 2\r\n"),
		CASE("PROXY TCP4  192.0.2.1 198.51.100.2 1 2\r\n"),
		CASE("PROXY TCP4 192.0.2.1 198.51.100.2 1 2 \r\n"),
		CASE("PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n"),
		CASE("PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n"),
		CASE("PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n"),
		CASE("PROXY TCP4 192.0.2.1 198.51.100.2 1 65536\r\n"),
		CASE("PROXY TCP4 192.0.2.1 198.51.100.2 -1 2\r\n"),
		CASE("PROXY TCP4 192.0.2.1 198.51.100.2 + 2\r\n"),
		CASE("PROXY TCP4 192.0.2 198.51.100.2 1 2\r\n"),
		CASE("PROXY TCP4 192.0.2.1 2001:db8::2 1 2\r\n"),
		CASE("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n"),
		CASE("PROXY TCP6 192.0.2.1 198.51.100.2 1 2\r\n"),
		CASE("PROXY TCP4 192.0.2.1\0 198.51.100.2 1 2\r\n"),
		CASE("PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n"),
		CASE("PROXY UNKNOWNX\r\n"),
		CASE("PROXY \r\n"),
		CASE("PROXY TCP4 192.0.2.1 198.51.100.2 1 2\rEHLO x\r\n"),
		CASE("PROXY UNKNOWN aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"),
		CASE("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
		CASE("\r\n\r\n\0\r\nQUIT\r\n\0\0\0\0"),
		CASE(SIGNATURE "\x11\x11\x00\x0c" FOUR), /* version 1 */
		CASE(SIGNATURE "\x22\x11\x00\x0c" FOUR), /* no such command */
		CASE(SIGNATURE "\x21\x12\x00\x0c" FOUR), /* UDP */
		CASE(SIGNATURE "\x21\x31\x00\x0c" FOUR), /* UNIX */
		CASE(SIGNATURE "\x21\x11\x00\x0b" FOUR), /* too short for two addresses */
		CASE(SIGNATURE "\x21\x21\x00\x0c" FOUR),
		CASE(SIGNATURE "\x21\x11\xff\xff" FOUR),
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct proxy_header header;

		if (proxy_header_parse(cases[i], &header) != PROXY_HEADER_E_BAD)
			fail_msg("case %zu is taken", i);
	}
}

static void a_header_has_its_limit(void **state)
{
	size_t most = limit_value(LIMIT_NET_PROXY_HEADER);
	char *text = calloc(1, most + 1);
	struct proxy_header header;

	(void)state;
	assert_non_null(text);
	for (size_t len = most - 1; len <= most + 1; len++) {
		memcpy(text, SIGNATURE "\x20\x00", 14);
		text[14] = (char)((len - 16) >> 8);
		text[15] = (char)(len - 16);
		assert_int_equal(proxy_header_parse(view_of(text, len), &header),
				len <= most ? PROXY_HEADER_OK : PROXY_HEADER_E_BAD);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_name_who_is_behind),
		cmocka_unit_test(what_is_no_header_is_refused),
		cmocka_unit_test(a_header_has_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
