#include "runtime/base/limit.h"
#include "runtime/dns/name.h"
#include "tests/lib/test.h"
#include "tests/lib/zone.h"

static void add(struct dns_answer *answer, enum dns_type type, const char *rdata,
		size_t len)
{
	dns_answer_add(answer, type, view_of(rdata, len));
}

#define ADD(answer, type, literal) add(answer, type, literal, sizeof(literal) - 1)

static void each_type_has_its_shape(void **state)
{
	struct dns_answer a;

	(void)state;
	dns_answer_init(&a);
	assert_true(dns_answer_failed(&a));
	dns_answer_set(&a, DNS_ANSWERED, true, 60);
	assert_true(dns_answer_void(&a));
	ADD(&a, DNS_A, "\300\0\2\1");
	ADD(&a, DNS_AAAA, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7");
	ADD(&a, DNS_MX, "\1\2\4MAIL\7example\3org\0");
	ADD(&a, DNS_MX, "\0\0\0");
	ADD(&a, DNS_PTR, "\1a\2_b\0");
	ADD(&a, DNS_TXT, "\7v=spf1 \0\4-all");
	ADD(&a, DNS_TXT, "\0");
	assert_int_equal(a.status, DNS_ANSWERED);
	assert_int_equal(a.count, 7);
	assert_memory_equal(a.records[0].address, "\300\0\2\1", 4);
	assert_int_equal(a.records[1].address[15], 7);
	assert_int_equal(a.records[2].preference, 258);
	assert_view(a.records[2].name, "mail.example.org");
	assert_view(a.records[3].name, "");
	assert_view(a.records[4].name, "a._b");
	assert_view(a.records[5].text, "v=spf1 -all");
	assert_view(a.records[6].text, "");
	assert_true(a.secure);
	dns_answer_deinit(&a);
	dns_answer_deinit(&a);
}

static void malformed_rdata_fails_the_answer(void **state)
{
	/* clang-format off */
	static const struct { enum dns_type type; const char *rdata; size_t len; } rows[] = {
		{ DNS_A,    "\1\2\3", 3 },
		{ DNS_A,    "\1\2\3\4\5", 5 },
		{ DNS_AAAA, "\1\2\3\4", 4 },
		{ DNS_TXT,  "", 0 },
		{ DNS_TXT,  "\5abcd", 5 },
		{ DNS_MX,   "\0\12", 2 },
		{ DNS_MX,   "\0\12\3ab", 5 },
		{ DNS_PTR,  "", 0 },
		{ DNS_PTR,  "\1a", 2 },
		{ DNS_PTR,  "\1a\0x", 4 },
		{ DNS_PTR,  "\100a\0", 3 }, /* 64 octets, or a pointer */
		{ (enum dns_type)99, "\0", 1 },
	};
	/* clang-format on */
	struct dns_answer a;

	(void)state;
	dns_answer_init(&a);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		dns_answer_set(&a, DNS_ANSWERED, false, 0);
		ADD(&a, DNS_A, "\300\0\2\1");
		dns_answer_add(&a, rows[i].type, view_of(rows[i].rdata, rows[i].len));
		if (a.status != DNS_FAILED || a.count)
			fail_msg("row %zu was taken", i);
		ADD(&a, DNS_A, "\300\0\2\1");
		assert_int_equal(a.count, 0);
	}
	dns_answer_deinit(&a);
}

static void odd_names_are_left_out(void **state)
{
	struct dns_answer a;

	(void)state;
	dns_answer_init(&a);
	dns_answer_set(&a, DNS_ANSWERED, false, 0);
	ADD(&a, DNS_PTR, "\3a.b\0");
	ADD(&a, DNS_PTR, "\3a\tb\0");
	ADD(&a, DNS_PTR, "\3a\0b\0");
	ADD(&a, DNS_PTR, "\3a\\b\0");
	ADD(&a, DNS_PTR, "\2\303\274\0");
	assert_true(dns_answer_void(&a));
	ADD(&a, DNS_PTR, "\2\"@\0");
	assert_view(a.records[0].name, "\"@");
	dns_answer_deinit(&a);
}

static void the_limits_fail_the_answer(void **state)
{
	static char text[70000];
	uint64_t most = limit_value(LIMIT_DNS_RECORDS);
	struct dns_answer a;

	(void)state;
	dns_answer_init(&a);
	dns_answer_set(&a, DNS_ANSWERED, false, 0);
	for (uint64_t i = 0; i < most; i++)
		ADD(&a, DNS_A, "\300\0\2\1");
	assert_int_equal(a.count, most);
	ADD(&a, DNS_A, "\300\0\2\1");
	assert_int_equal(a.status, DNS_FAILED);
	most = limit_value(LIMIT_DNS_OCTETS);
	dns_answer_set(&a, DNS_ANSWERED, false, 0);
	dns_answer_add(&a, DNS_TXT, view_of(text, most));
	assert_int_equal(a.status, DNS_ANSWERED);
	dns_answer_set(&a, DNS_ANSWERED, false, 0);
	dns_answer_add(&a, DNS_TXT, view_of(text, most + 1));
	assert_int_equal(a.status, DNS_FAILED);
	dns_answer_deinit(&a);
}

/* 0 and 2 octets are no record, and the answer is not empty for all that; of 3 there is no
 * data; of 19 the digest is cut: who takes them has to look. */
static void S35_short_records_TLSA_are_read_as_they_are(void **state)
{
	struct dns_answer a;

	(void)state;
	dns_answer_init(&a);
	dns_answer_set(&a, DNS_ANSWERED, true, 60);
	ADD(&a, DNS_TLSA, "");
	ADD(&a, DNS_TLSA, "\3\1");
	assert_int_equal(a.status, DNS_ANSWERED);
	assert_int_equal(a.count, 0);
	ADD(&a, DNS_TLSA, "\3\1\2");
	ADD(&a, DNS_TLSA, "\2\0\1abcdefghijklmnop");
	assert_int_equal(a.count, 2);
	assert_int_equal(a.records[0].usage, 3);
	assert_int_equal(a.records[0].selector, 1);
	assert_int_equal(a.records[0].matching, 2);
	assert_int_equal(a.records[0].text.len, 0);
	assert_int_equal(a.records[1].usage, 2);
	assert_view(a.records[1].text, "abcdefghijklmnop");
	dns_answer_deinit(&a);
}

static void names_that_can_be_asked_for(void **state)
{
	char name[260];

	(void)state;
	assert_true(dns_name_fits(VIEW("_dmarc.example.org")));
	assert_true(dns_name_fits(VIEW("a+b=c@d.example.org")));
	assert_true(dns_name_fits(VIEW("org")));
	assert_false(dns_name_fits(VIEW("")));
	assert_false(dns_name_fits(VIEW(".")));
	assert_false(dns_name_fits(VIEW("a.")));
	assert_false(dns_name_fits(VIEW("a..b")));
	assert_true(dns_name_fits(VIEW("a b.c")));
	assert_false(dns_name_fits(VIEW("a\tb.c")));
	assert_false(dns_name_fits(VIEW("a\\.c")));
	assert_false(dns_name_fits(VIEW("a\0.c")));
	assert_false(dns_name_fits(VIEW("\303\274.c")));
	memset(name, 'a', sizeof(name));
	assert_false(dns_name_fits(view_of(name, NAME_LABEL_MAX + 1)));
	for (size_t i = NAME_LABEL_MAX; i < sizeof(name); i += NAME_LABEL_MAX + 1)
		name[i] = '.';
	assert_true(dns_name_fits(view_of(name, NAME_MAX)));
	assert_false(dns_name_fits(view_of(name, NAME_MAX + 1)));
}

static void a_lookup_nobody_answered_has_failed(void **state)
{
	struct dns_lookup *lookup = dns_lookup_new(DNS_TXT, VIEW("example.org"));

	(void)state;
	assert_true(dns_answer_failed(&lookup->answer));
	zone_answer(VIEW("example.org A 192.0.2.1\n"), lookup);
	assert_int_equal(lookup->answer.status, DNS_NODATA);
	zone_answer(VIEW("example.com A 192.0.2.1\n"), lookup);
	assert_int_equal(lookup->answer.status, DNS_NXDOMAIN);
	zone_answer(VIEW("EXAMPLE.org TXT one\nexample.org TXT two\n"), lookup);
	assert_int_equal(lookup->answer.count, 2);
	assert_view(lookup->answer.records[1].text, "two");
	op_free(&lookup->op);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_type_has_its_shape),
		cmocka_unit_test(malformed_rdata_fails_the_answer),
		cmocka_unit_test(odd_names_are_left_out),
		cmocka_unit_test(the_limits_fail_the_answer),
		cmocka_unit_test(S35_short_records_TLSA_are_read_as_they_are),
		cmocka_unit_test(names_that_can_be_asked_for),
		cmocka_unit_test(a_lookup_nobody_answered_has_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
