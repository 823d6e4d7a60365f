#include "runtime/crypto/recovery_code.h"

#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "tests/lib/test.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

/* The code of the bytes 0 to 31, and what comes of it, as another program made them from the
 * rules in docs/keys.md; the file is the `age` program's, for that recipient. Whoever changes
 * what a code means has every printed one against him. */
#define KNOWN_TEXT                                                                       \
	"000GC-40R4Y-0M301-E209M-185G2-R38EE-1W810-24GKG-2GAH0-C5RR1-34D1A-P70XT-"       \
	"3RFGY"
#define KNOWN_IDENTITY                                                                   \
	"AGE-SECRET-KEY-"                                                                \
	"1ULD5JQ64J80QAD57WTH4Q6UQ9EM6JGDAJ6PD2PLN4WHC998Q3ZWQY9JXKS"
#define KNOWN_RECIPIENT "age17gx4n8cstkypqramuxvzltuwu7uwrjdsf44klk2tn2l5m2npldrspnrrpd"
#define KNOWN_KEY       "593903bb3d1993482e424879f60ba36c3590346622050197287e169103a0b835"

static const char *folder;

static void known(struct recovery_code *out)
{
	for (unsigned i = 0; i < KEY_SIZE; i++)
		out->bytes[i] = (unsigned char)i;
}

static void write_text(const struct recovery_code *code, char out[RECOVERY_CODE_TEXT + 1])
{
	CLEANUP(secret_free) struct secret text = SECRET_NULL;

	recovery_code_write(code, &text);
	assert_int_equal(text.len, RECOVERY_CODE_TEXT);
	memcpy(out, secret_expose(&text).data, RECOVERY_CODE_TEXT);
	out[RECOVERY_CODE_TEXT] = '\0';
}

static void a_known_code_is_what_it_ever_was(void **state)
{
	CLEANUP(buf_free) struct buf recipient = BUF_NULL(AGE_RECIPIENT_TEXT);
	CLEANUP(secret_free) struct secret written = SECRET_NULL;
	struct recovery_code code;
	struct age_recipient public_half;
	struct key key;
	char text[RECOVERY_CODE_TEXT + 1], hex[2 * KEY_SIZE + 1];

	(void)state;
	known(&code);
	write_text(&code, text);
	assert_string_equal(text, KNOWN_TEXT);
	recovery_code_identity(&code, &key);
	age_identity_write(&key, &written);
	assert_view(secret_expose(&written), KNOWN_IDENTITY);
	recovery_code_recipient(&code, &public_half);
	age_recipient_write(&public_half, &recipient);
	assert_view(buf_view(&recipient), KNOWN_RECIPIENT);
	recovery_code_key(&code, VIEW("account"), &key);
	sodium_bin2hex(hex, sizeof(hex), key.bytes, sizeof(key.bytes));
	assert_string_equal(hex, KNOWN_KEY);
}

static void what_age_seals_to_it_opens(void **state)
{
	CLEANUP(freep) char *path = NULL, *file = NULL;
	CLEANUP(secret_free) struct secret clear = SECRET_NULL;
	struct recovery_code code;
	struct key identity;
	size_t len = 0;

	(void)state;
	if (asprintf(&path, "%s/code.age", folder) < 0)
		abort();
	assert_int_equal(os_read_file(os_real(), path, AGE_FILE_MAX, &file, &len), 0);
	known(&code);
	recovery_code_identity(&code, &identity);
	assert_int_equal(age_open(&identity, view_of(file, len), &clear), AGE_OK);
	assert_view(secret_expose(&clear), "for the one with the sheet\n");
	code.bytes[0] ^= 1;
	recovery_code_identity(&code, &identity);
	secret_free(&clear);
	assert_int_equal(
			age_open(&identity, view_of(file, len), &clear), AGE_E_RECIPIENT);
}

static void any_code_is_read_as_it_was_written(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct recovery_code code, again;
		char text[RECOVERY_CODE_TEXT + 1];
		unsigned group;

		recovery_code_make(&code);
		if (i < 2)
			memset(&code, i ? 0xff : 0, sizeof(code));
		write_text(&code, text);
		assert_int_equal(recovery_code_read(view_z(text), &again, &group),
				RECOVERY_CODE_OK);
		assert_memory_equal(&code, &again, sizeof(code));
	}
}

static void people_type_as_they_like(void **state)
{
	/* clang-format off */
	static const char *const typed[] = {
		"  000gc-40r4y-0m301-e209m-185g2-r38ee-1w810-24gkg-2gah0-c5rr1-34d1a-p70xt-3rfgy\n",
		"OOOGC 4OR4Y OM3Ol E2o9M\r\nI85G2 R38EE iW8LO 24GKG\r\n2GAHO C5RRL 34DlA P7OXT\r\n3RFGY",
		"000GC40R4Y0M301E209M185G2R38EE1W81024GKG2GAH0C5RR134D1AP70XT3RFGY",
		"0 0 0 G C 4 0 R 4 Y 0M301E209M185G2\tR38EE1W81024GKG2GAH0C5RR1 34D1AP70XT3RFGY",
	};
	/* clang-format on */
	struct recovery_code wanted, code;
	unsigned group;

	(void)state;
	known(&wanted);
	for (size_t i = 0; i < ARRAY_LEN(typed); i++) {
		assert_int_equal(recovery_code_read(view_z(typed[i]), &code, &group),
				RECOVERY_CODE_OK);
		assert_memory_equal(&code, &wanted, sizeof(code));
	}
}

static void expect(const char *text, int outcome, unsigned group)
{
	struct recovery_code code = { { 7 } }, before = code;
	unsigned named;

	assert_int_equal(recovery_code_read(view_z(text), &code, &named), outcome);
	assert_int_equal(named, group);
	assert_memory_equal(&code, &before, sizeof(code));
}

static void every_wrong_letter_is_found_in_its_group(void **state)
{
	static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	char text[] = KNOWN_TEXT;

	(void)state;
	for (unsigned i = 0; i < RECOVERY_CODE_TEXT; i++) {
		char was = text[i];

		if (was == '-')
			continue;
		for (unsigned l = 0; l < 32; l++) {
			text[i] = letters[l];
			if (letters[l] != was)
				expect(text, RECOVERY_CODE_E_GROUP, i / 6 + 1);
		}
		text[i] = 'U';
		expect(text, RECOVERY_CODE_E_LETTER, i / 6 + 1);
		text[i] = was;
	}
}

static void neighbours_and_groups_keep_their_places(void **state)
{
	char text[] = KNOWN_TEXT;

	(void)state;
	for (unsigned i = 0; i + 1 < RECOVERY_CODE_TEXT; i++) {
		char a = text[i], b = text[i + 1];

		if (a == '-' || b == '-' || a == b)
			continue;
		text[i] = b;
		text[i + 1] = a;
		expect(text, RECOVERY_CODE_E_GROUP, i / 6 + 1);
		text[i] = a;
		text[i + 1] = b;
	}
	for (unsigned a = 0; a < RECOVERY_CODE_GROUPS; a++)
		for (unsigned b = a + 1; b < RECOVERY_CODE_GROUPS; b++) {
			char swapped[] = KNOWN_TEXT;

			memcpy(swapped + (size_t)6 * a, text + (size_t)6 * b, 5);
			memcpy(swapped + (size_t)6 * b, text + (size_t)6 * a, 5);
			expect(swapped, RECOVERY_CODE_E_GROUP, a + 1);
		}
}

static void what_is_missing_or_too_much_is_no_code(void **state)
{
	static const char spare[] = "000GC-40R4Y-0M301-E209M-185G2-R38EE-1W810-24GKG-"
				    "2GAH0-C5RR1-34D1A-P70XT-3RFHE";
	char text[RECOVERY_CODE_TYPED_MAX + 2];

	(void)state;
	for (unsigned len = 0; len < RECOVERY_CODE_TEXT; len++) {
		memcpy(text, KNOWN_TEXT, len);
		text[len] = '\0';
		expect(text, RECOVERY_CODE_E_LENGTH, 0);
	}
	expect(KNOWN_TEXT "0", RECOVERY_CODE_E_LENGTH, 0);
	memset(text, ' ', sizeof(text));
	memcpy(text, KNOWN_TEXT, RECOVERY_CODE_TEXT);
	text[sizeof(text) - 1] = '\0';
	expect(text, RECOVERY_CODE_E_LENGTH, 0);
	expect(KNOWN_TEXT "\xc3\x96", RECOVERY_CODE_E_LENGTH, 0);
	expect("\xc3\x96", RECOVERY_CODE_E_LETTER, 1);
	expect(spare, RECOVERY_CODE_E_GROUP, RECOVERY_CODE_GROUPS); /* checks, but says
								       260 bits */
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_code_is_what_it_ever_was),
		cmocka_unit_test(what_age_seals_to_it_opens),
		cmocka_unit_test(any_code_is_read_as_it_was_written),
		cmocka_unit_test(people_type_as_they_like),
		cmocka_unit_test(every_wrong_letter_is_found_in_its_group),
		cmocka_unit_test(neighbours_and_groups_keep_their_places),
		cmocka_unit_test(what_is_missing_or_too_much_is_no_code),
	};

	assert_true(argc == 2 && sodium_init() >= 0);
	folder = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
