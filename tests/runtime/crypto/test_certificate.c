#include "runtime/crypto/certificate.h"

#include "tests/lib/test.h"

#include <string.h>

enum {
	NOW = 1800000000,
	DAY = 86400
};

static void make(const char *name, const char *other, struct buf *chain,
		struct secret *key)
{
	const struct view names[] = { view_z(name), view_z(other) };

	*chain = BUF_NULL(CERTIFICATE_MAX);
	assert_int_equal(certificate_self_sign(names, other ? 2 : 1, NOW, 90, chain, key),
			0);
}

static void what_is_made_reads_back(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_free) struct buf chain;
	CLEANUP(secret_free) struct secret key;
	struct certificate_facts facts;

	(void)state;
	make("Mail.Example.org", "*.example.net", &chain, &key);
	assert_int_equal(certificate_read(arena, buf_view(&chain), &facts), 0);
	assert_int_equal(facts.not_before, NOW - DAY);
	assert_int_equal(facts.not_after, NOW + 90 * DAY);
	assert_int_equal(facts.name_count, 2);
	assert_view(facts.names[0], "mail.example.org");
	assert_view(facts.names[1], "*.example.net");
	assert_true(facts.self_signed);
	assert_int_equal(facts.chain_length, 1);
	assert_int_equal(certificate_check_key(buf_view(&chain), &key), 0);
}

static void names_are_covered_as_rfc_6125_says(void **state)
{
	static const struct {
		const char *name;
		bool covered;
	} cases[] = {
		{ "mail.example.org", true },
		{ "MAIL.example.org", true },
		{ "a.example.net", true },
		{ "example.net", false },
		{ "a.b.example.net", false },
		{ "mail.example.com", false },
		{ "", false },
	};
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_free) struct buf chain;
	CLEANUP(secret_free) struct secret key;
	struct certificate_facts facts;

	(void)state;
	make("mail.example.org", "*.example.net", &chain, &key);
	assert_int_equal(certificate_read(arena, buf_view(&chain), &facts), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(certificate_covers(&facts, view_z(cases[i].name)),
				cases[i].covered);
}

static void a_long_name_is_no_common_name_but_is_covered(void **state)
{
	static const char name[] = "a-label-of-some-forty-letters-for-the-test."
				   "another-label-of-some-length.example.org";
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_free) struct buf chain;
	CLEANUP(secret_free) struct secret key;
	struct certificate_facts facts;

	(void)state;
	make(name, NULL, &chain, &key);
	assert_int_equal(certificate_read(arena, buf_view(&chain), &facts), 0);
	assert_true(certificate_covers(&facts, view_z(name)));
}

static void a_key_of_another_certificate_is_told(void **state)
{
	CLEANUP(buf_free) struct buf chain;
	CLEANUP(buf_free) struct buf other;
	CLEANUP(secret_free) struct secret key;
	CLEANUP(secret_free) struct secret other_key;
	struct secret nonsense = secret_copy(VIEW("nonsense")), none = SECRET_NULL;

	(void)state;
	make("a.example", NULL, &chain, &key);
	make("a.example", NULL, &other, &other_key);
	assert_int_equal(certificate_check_key(buf_view(&chain), &other_key),
			CERTIFICATE_E_MISMATCH);
	assert_int_equal(certificate_check_key(buf_view(&chain), &nonsense),
			CERTIFICATE_E_KEY);
	assert_int_equal(certificate_check_key(buf_view(&chain), &none),
			CERTIFICATE_E_KEY);
	assert_int_equal(certificate_check_key(VIEW("nonsense"), &key),
			CERTIFICATE_E_CHAIN);
	secret_free(&nonsense);
}

static void a_chain_is_counted_and_a_broken_one_refused(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_free) struct buf chain;
	CLEANUP(buf_free) struct buf second;
	CLEANUP(secret_free) struct secret key;
	CLEANUP(secret_free) struct secret second_key;
	struct certificate_facts facts;

	(void)state;
	make("first.example", NULL, &chain, &key);
	make("second.example", NULL, &second, &second_key);
	buf_add_z(&chain, "Text between two is passed over.\n");
	buf_add(&chain, buf_view(&second));
	assert_int_equal(certificate_read(arena, buf_view(&chain), &facts), 0);
	assert_int_equal(facts.chain_length, 2);
	assert_view(facts.names[0], "first.example");
	memset(chain.data + chain.len - 100, '!', 50);
	assert_int_equal(certificate_read(arena, buf_view(&chain), &facts),
			CERTIFICATE_E_CHAIN);
	assert_int_equal(certificate_read(arena, VIEW(""), &facts), CERTIFICATE_E_CHAIN);
}

static void what_is_no_name_is_refused(void **state)
{
	static const char *const names[] = { "", ".", "a..b", "-a.example", "a.example.",
		"m\xc3\xbcller.example", "a b", "*", "a.*.example" };
	struct buf chain = BUF_NULL(CERTIFICATE_MAX);
	struct secret key = SECRET_NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct view name = view_z(names[i]);

		assert_int_equal(certificate_self_sign(&name, 1, NOW, 1, &chain, &key),
				CERTIFICATE_E_NAME);
	}
	assert_int_equal(certificate_self_sign(NULL, 0, NOW, 1, &chain, &key),
			CERTIFICATE_E_NAME);
	assert_int_equal(chain.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_made_reads_back),
		cmocka_unit_test(names_are_covered_as_rfc_6125_says),
		cmocka_unit_test(a_long_name_is_no_common_name_but_is_covered),
		cmocka_unit_test(a_key_of_another_certificate_is_told),
		cmocka_unit_test(a_chain_is_counted_and_a_broken_one_refused),
		cmocka_unit_test(what_is_no_name_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
