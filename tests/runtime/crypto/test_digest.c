/* Against published values: RFC 7693 (python's hashlib for the 256-bit length), FIPS
 * 180-4, RFC 4231. */
#include "runtime/base/base64.h"
#include "runtime/crypto/hmac.h"
#include "tests/lib/test.h"

static void assert_hex(const unsigned char digest[DIGEST_SIZE], const char *expected)
{
	CLEANUP(buf_free) struct buf hex = BUF_NULL(2 * DIGEST_SIZE);

	hex_add(&hex, view_of(digest, DIGEST_SIZE));
	assert_view(buf_view(&hex), expected);
}

static void digests_are_the_published_ones(void **state)
{
	unsigned char out[DIGEST_SIZE];

	(void)state;
	digest_bytes(VIEW("abc"), out);
	assert_hex(out, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d5231"
			"9");
	digest_bytes(VIEW_NULL, out);
	assert_hex(out, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a"
			"8");
	digest_sha256(VIEW("abc"), out);
	assert_hex(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a"
			"d");
}

static void pieces_give_the_digest_of_the_whole(void **state)
{
	unsigned char whole[DIGEST_SIZE], pieces[DIGEST_SIZE];
	struct digest d;
	char text[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7);
	digest_bytes(view_of(text, sizeof(text)), whole);
	digest_init(&d);
	for (size_t i = 0; i < sizeof(text); i += 37)
		digest_add(&d, view_sub(view_of(text, sizeof(text)), i, 37));
	digest_final(&d, pieces);
	assert_memory_equal(whole, pieces, DIGEST_SIZE);
}

static void hmac_is_that_of_rfc_4231(void **state)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(512);
	unsigned char longer[HMAC_MOST];
	unsigned char out[DIGEST_SIZE];

	(void)state;
	hmac_sha256(VIEW("Jefe"), VIEW("what do ya want for nothing?"), out);
	assert_hex(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec384"
			"3");
	assert_int_equal(hmac_sha2(HMAC_SHA384, VIEW("Jefe"),
					 VIEW("what do ya want for nothing?"), longer),
			48);
	hex_add(&text, view_of(longer, 48));
	assert_int_equal(hmac_sha2(HMAC_SHA512, VIEW("Jefe"),
					 VIEW("what do ya want for nothing?"), longer),
			64);
	hex_add(&text, view_of(longer, 64));
	assert_view(buf_view(&text),
			"af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47"
			"e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"
			"164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
			"9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce73"
			"7");
}

static void a_keyed_digest_depends_on_key_and_bytes(void **state)
{
	struct key one = { { 1 } }, two = { { 2 } };
	unsigned char a[DIGEST_SIZE], b[DIGEST_SIZE];

	(void)state;
	keyed_digest(&one, VIEW("text"), a);
	keyed_digest(&two, VIEW("text"), b);
	assert_memory_not_equal(a, b, DIGEST_SIZE);
	keyed_digest(&one, VIEW("texu"), b);
	assert_memory_not_equal(a, b, DIGEST_SIZE);
	digest_bytes(VIEW("text"), b);
	assert_memory_not_equal(a, b, DIGEST_SIZE);
}

static void purposes_have_keys_of_their_own(void **state)
{
	struct key master = { { 42 } }, keys[PURPOSE_COUNT];

	(void)state;
	for (int i = 0; i < PURPOSE_COUNT; i++) {
		key_derive(&master, (enum purpose)i, &keys[i]);
		assert_memory_not_equal(&keys[i], &master, KEY_SIZE);
		for (int j = 0; j < i; j++)
			assert_memory_not_equal(&keys[i], &keys[j], KEY_SIZE);
	}
}

/* On disk there are files under these keys: they may never change. */
static void a_purpose_key_stays_what_it_is(void **state)
{
	struct key master = { { 42 } }, key;

	(void)state;
	key_derive(&master, PURPOSE_CONTROL, &key);
	assert_hex(key.bytes, "a9c0521aa6f3048234097b0bc403b04857b3e1a596162ff5d928d33791"
			      "65c390");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_the_published_ones),
		cmocka_unit_test(pieces_give_the_digest_of_the_whole),
		cmocka_unit_test(hmac_is_that_of_rfc_4231),
		cmocka_unit_test(a_keyed_digest_depends_on_key_and_bytes),
		cmocka_unit_test(purposes_have_keys_of_their_own),
		cmocka_unit_test(a_purpose_key_stays_what_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
