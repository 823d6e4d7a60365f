#include "runtime/dns/mx.h"

#include "runtime/base/buf.h"
#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

/* "10 a.example, 20 b.example": records as an answer has them; "" names the root. */
static void make(struct dns_answer *answer, const char *text)
{
	struct view rest = view_z(text);

	dns_answer_init(answer);
	if (view_eq(rest, VIEW("failed")))
		return;
	if (view_eq(rest, VIEW("bogus"))) {
		dns_answer_set(answer, DNS_BOGUS, false, 0);
		return;
	}
	if (view_eq(rest, VIEW("nxdomain"))) {
		dns_answer_set(answer, DNS_NXDOMAIN, true, 60);
		return;
	}
	if (view_eq(rest, VIEW("nodata"))) {
		dns_answer_set(answer, DNS_NODATA, true, 60);
		return;
	}
	dns_answer_set(answer, DNS_ANSWERED, true, 60);
	while (rest.len) {
		struct view record = view_cut(&rest, ',');
		struct view preference = view_cut(&record, ' ');
		CLEANUP(buf_free) struct buf wire = BUF_NULL(512);
		uint64_t number;

		assert_true(view_to_u64(preference, &number));
		buf_add_byte(&wire, (char)(number >> 8));
		buf_add_byte(&wire, (char)number);
		while (record.len) {
			struct view label = view_cut(&record, '.');

			buf_add_byte(&wire, (char)label.len);
			buf_add(&wire, label);
		}
		buf_add_byte(&wire, '\0');
		dns_answer_add(answer, DNS_MX, buf_view(&wire));
	}
}

/* The hosts of the list with commas between them; equals in the order of their names. */
static void print(const struct mx_list *list, char *out, size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < list->count; i++)
		at += (size_t)snprintf(out + at, size - at, "%s%u %.*s", i ? "," : "",
				list->hosts[i].preference, VIEW_ARG(list->hosts[i].name));
}

/* clang-format off */
static const struct {
	const char *name, *answer, *domain;
	enum mx_outcome outcome;
	const char *hosts;
} rows[] = {
	{ "sorted",                 "20 b.example,10 a.example,30 c.example", "d.example", MX_OK, "10 a.example,20 b.example,30 c.example" },
	{ "one",                    "0 a.example",             "d.example",  MX_OK, "0 a.example" },
	{ "the largest preference", "65535 a.example",         "d.example",  MX_OK, "65535 a.example" },
	{ "implicit",               "nodata",                  "d.example",  MX_OK, "0 d.example" },
	{ "implicit, and we",       "nodata",                  "MX.own.example", MX_LOOP, NULL },
	{ "no domain",              "nxdomain",                "d.example",  MX_NO_DOMAIN, NULL },
	{ "failed",                 "failed",                  "d.example",  MX_FAILED, NULL },
	{ "bogus",                  "bogus",                   "d.example",  MX_FAILED, NULL },
	{ "S35 null MX",            "0 ",                      "d.example",  MX_NULL, NULL },
	{ "S35 null MX of another preference", "10 ",          "d.example",  MX_NULL, NULL },
	{ "S35 null MX and a host", "0 ,10 a.example",         "d.example",  MX_OK, "10 a.example" },
	{ "we are the best",        "10 mx.own.example,20 b.example", "d.example", MX_LOOP, NULL },
	{ "we are the second",      "10 a.example,20 mx.own.example,20 b.example,30 c.example", "d.example", MX_OK, "10 a.example" },
	{ "we stand twice",         "10 a.example,30 mx.own.example,20 mx.own.example,25 b.example", "d.example", MX_OK, "10 a.example" },
	{ "an address",             "10 192.0.2.1",            "d.example",  MX_NO_HOST, NULL },
	{ "an address and a host",  "10 192.0.2.1,20 b.example", "d.example", MX_OK, "20 b.example" },
	{ "an underscore",          "10 _a.example",           "d.example",  MX_NO_HOST, NULL },
	{ "a single label",         "10 localhost",            "d.example",  MX_OK, "10 localhost" },
};
/* clang-format on */

static void lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dns_answer answer;
		struct mx_list list = { .count = 77 };
		char hosts[512];
		enum mx_outcome outcome;

		make(&answer, rows[i].answer);
		outcome = mx_list(&answer, view_z(rows[i].domain), VIEW("mx.own.example"),
				7, &list);
		if (outcome != rows[i].outcome)
			fail_msg("%s: outcome %d", rows[i].name, outcome);
		if (outcome == MX_OK) {
			print(&list, hosts, sizeof(hosts));
			assert_string_equal(hosts, rows[i].hosts);
			assert_true(list.secure);
			assert_int_equal(list.implicit,
					strcmp(rows[i].answer, "nodata") == 0);
		} else {
			assert_int_equal(list.count, 77); /* untouched */
			assert_true(mx_reply(outcome)->code >= 400);
		}
		dns_answer_deinit(&answer);
	}
}

static void S35_null_mx_is_refused_by_556(void **state)
{
	(void)state;
	assert_int_equal(mx_reply(MX_NULL)->code, 556);
	assert_string_equal(mx_reply(MX_NULL)->status, "5.1.10");
}

/* Each of three equals comes first about as often, and the same seed says the same. */
static void equals_take_turns(void **state)
{
	struct dns_answer answer;
	unsigned first[3] = { 0 };

	(void)state;
	make(&answer, "10 a.example,10 b.example,10 c.example,5 z.example");
	for (uint64_t seed = 0; seed < 3000; seed++) {
		struct mx_list list, again;

		assert_int_equal(mx_list(&answer, VIEW("d.example"), VIEW("own"), seed,
						 &list),
				MX_OK);
		assert_int_equal(mx_list(&answer, VIEW("d.example"), VIEW("own"), seed,
						 &again),
				MX_OK);
		assert_int_equal(list.count, 4);
		assert_view(list.hosts[0].name, "z.example");
		for (size_t i = 0; i < 4; i++)
			assert_true(view_eq(list.hosts[i].name, again.hosts[i].name));
		first[list.hosts[1].name.data[0] - 'a']++;
	}
	for (size_t i = 0; i < 3; i++)
		assert_true(first[i] > 800 && first[i] < 1200);
	dns_answer_deinit(&answer);
}

static void S35_the_best_of_very_many(void **state)
{
	struct dns_answer answer;
	struct mx_list list;
	char text[16384];
	size_t at = 0;

	(void)state;
	for (unsigned i = 200; i > 0; i--)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u h%u.example",
				i == 200 ? "" : ",", i, i);
	make(&answer, text);
	assert_int_equal(answer.count, 200);
	assert_int_equal(mx_list(&answer, VIEW("d.example"), VIEW("own"), 1, &list),
			MX_OK);
	assert_int_equal(list.count, MX_HOSTS);
	assert_int_equal(list.left_out, 200 - MX_HOSTS);
	for (size_t i = 0; i < MX_HOSTS; i++)
		assert_int_equal(list.hosts[i].preference, i + 1);
	dns_answer_deinit(&answer);
}

static void addresses(void **state)
{
	struct sockaddr_storage out[MX_ADDRESSES];
	struct dns_answer four, six;
	const struct sockaddr_in *at = (const void *)&out[2];
	const struct sockaddr_in6 *at_six = (const void *)&out[0];
	size_t count = 0;

	(void)state;
	dns_answer_init(&four);
	dns_answer_init(&six);
	dns_answer_set(&four, DNS_ANSWERED, false, 60);
	dns_answer_set(&six, DNS_ANSWERED, false, 60);
	for (unsigned i = 0; i < 7; i++)
		dns_answer_add(&four, DNS_A,
				view_of((unsigned char[]){ 192, 0, 2, (unsigned char)i },
						4));
	for (unsigned i = 0; i < 2; i++)
		dns_answer_add(&six, DNS_AAAA,
				view_of((unsigned char[16]){ 0x20, 1, 0xd,
							0xb8, [15] = (unsigned char)i },
						16));
	mx_addresses(&six, DNS_AAAA, 25, out, &count);
	mx_addresses(&four, DNS_A, 25, out, &count);
	assert_int_equal(count, MX_ADDRESSES);
	assert_int_equal(at_six->sin6_family, AF_INET6);
	assert_int_equal(ntohs(at_six->sin6_port), 25);
	assert_int_equal(at_six->sin6_addr.s6_addr[0], 0x20);
	assert_int_equal(at->sin_family, AF_INET);
	assert_int_equal(ntohs(at->sin_port), 25);
	assert_int_equal(ntohl(at->sin_addr.s_addr), 0xc0000200);
	dns_answer_deinit(&four);
	dns_answer_deinit(&six);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(S35_null_mx_is_refused_by_556),
		cmocka_unit_test(equals_take_turns),
		cmocka_unit_test(S35_the_best_of_very_many),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
