#include "runtime/crypto/age.h"

#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/bech32.h"
#include "tests/lib/test.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

/* What the `age` program made: files for an identity, in the folder that is the argument. */
static const char *folder;

static void read_vector(const char *name, struct buf *out)
{
	CLEANUP(freep) char *path = NULL, *bytes = NULL;
	size_t len = 0;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		abort();
	assert_int_equal(os_read_file(os_real(), path, AGE_FILE_MAX, &bytes, &len), 0);
	buf_add(out, view_of(bytes, len));
}

static void read_identity(struct key *out)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(AGE_FILE_MAX);

	read_vector("identity", &text);
	assert_true(age_identity_read(view_trim(buf_view(&text)), out));
}

static void keys_are_written_as_age_writes_them(void **state)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(AGE_FILE_MAX);
	CLEANUP(buf_free) struct buf wanted = BUF_NULL(AGE_FILE_MAX);
	CLEANUP(secret_free) struct secret written = SECRET_NULL;
	struct age_recipient recipient, again;
	struct key identity;

	(void)state;
	read_identity(&identity);
	age_recipient_of(&identity, &recipient);
	age_recipient_write(&recipient, &text);
	read_vector("recipient", &wanted);
	assert_true(view_eq(buf_view(&text), view_trim(buf_view(&wanted))));
	assert_int_equal(text.len, AGE_RECIPIENT_TEXT);
	assert_true(age_recipient_read(buf_view(&text), &again));
	assert_memory_equal(&recipient, &again, sizeof(again));
	age_identity_write(&identity, &written);
	buf_clear(&wanted);
	read_vector("identity", &wanted);
	assert_true(view_eq(secret_expose(&written), view_trim(buf_view(&wanted))));
	assert_int_equal(written.len, AGE_IDENTITY_TEXT);
}

static void a_wrong_letter_is_no_key(void **state)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(AGE_FILE_MAX);
	struct age_recipient recipient;

	(void)state;
	read_vector("recipient", &text);
	buf_truncate(&text, AGE_RECIPIENT_TEXT);
	for (size_t i = 0; i < text.len; i++) {
		char was = text.data[i];

		text.data[i] = was == 'q' ? 'p' : 'q';
		assert_false(age_recipient_read(buf_view(&text), &recipient));
		text.data[i] = was;
	}
	for (size_t len = 0; len < text.len; len++)
		assert_false(age_recipient_read(
				view_sub(buf_view(&text), 0, len), &recipient));
	text.data[10] = byte_upper(text.data[10]) == text.data[10]
					? 'Q'
					: byte_upper(text.data[10]);
	assert_false(age_recipient_read(buf_view(&text), &recipient));
	assert_false(age_recipient_read(VIEW("age1"), &recipient));
}

static void what_age_seals_is_opened(void **state)
{
	static const char *const files[] = { "one.age", "two.age" };
	CLEANUP(buf_free) struct buf clear = BUF_NULL(AGE_FILE_MAX);
	struct key identity;

	(void)state;
	read_identity(&identity);
	read_vector("clear", &clear);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		CLEANUP(buf_free) struct buf file = BUF_NULL(AGE_FILE_MAX);
		CLEANUP(secret_free) struct secret opened = SECRET_NULL;

		read_vector(files[i], &file);
		assert_int_equal(age_open(&identity, buf_view(&file), &opened), AGE_OK);
		assert_true(view_eq(secret_expose(&opened), buf_view(&clear)));
	}
}

static void others_files_and_none_are_told_apart(void **state)
{
	CLEANUP(buf_free) struct buf others = BUF_NULL(AGE_FILE_MAX);
	CLEANUP(buf_free) struct buf empty = BUF_NULL(AGE_FILE_MAX);
	CLEANUP(secret_free) struct secret opened = SECRET_NULL;
	struct key identity;

	(void)state;
	read_identity(&identity);
	read_vector("others.age", &others);
	assert_int_equal(
			age_open(&identity, buf_view(&others), &opened), AGE_E_RECIPIENT);
	read_vector("empty.age", &empty);
	assert_int_equal(age_open(&identity, buf_view(&empty), &opened), AGE_OK);
	assert_int_equal(opened.len, 0);
	assert_int_equal(age_open(&identity, VIEW("age-encryption.org/v1\n"), &opened),
			AGE_E_FORM);
	assert_int_equal(age_open(&identity, VIEW_NULL, &opened), AGE_E_FORM);
}

/* Every byte of a file counts, but of the other recipient's stanza: the header's MAC holds
 * that, too. */
static void a_changed_byte_is_never_opened(void **state)
{
	CLEANUP(buf_free) struct buf file = BUF_NULL(AGE_FILE_MAX);
	struct key identity;

	(void)state;
	read_identity(&identity);
	read_vector("two.age", &file);
	for (size_t i = 0; i < file.len; i++) {
		CLEANUP(secret_free) struct secret opened = SECRET_NULL;

		file.data[i] ^= 1;
		assert_int_not_equal(
				age_open(&identity, buf_view(&file), &opened), AGE_OK);
		file.data[i] ^= 1;
	}
	for (size_t len = 0; len < file.len; len++) {
		CLEANUP(secret_free) struct secret opened = SECRET_NULL;

		assert_int_not_equal(
				age_open(&identity, view_sub(buf_view(&file), 0, len),
						&opened),
				AGE_OK);
	}
}

static void what_is_sealed_each_recipient_opens(void **state)
{
	struct key identities[3];
	struct age_recipient recipients[3];
	CLEANUP(secret_free) struct secret clear = secret_copy(VIEW("place\nsecret"));
	CLEANUP(buf_free) struct buf file = BUF_NULL(AGE_FILE_MAX);
	struct age_recipient nobody = { { 0 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(identities); i++) {
		key_random(&identities[i]);
		age_recipient_of(&identities[i], &recipients[i]);
	}
	assert_int_equal(age_seal(recipients, 2, &clear, &file), AGE_OK);
	for (size_t i = 0; i < ARRAY_LEN(identities); i++) {
		CLEANUP(secret_free) struct secret opened = SECRET_NULL;
		int r = age_open(&identities[i], buf_view(&file), &opened);

		assert_int_equal(r, i < 2 ? AGE_OK : AGE_E_RECIPIENT);
		if (r == AGE_OK)
			assert_view(secret_expose(&opened), "place\nsecret");
	}
	assert_int_equal(age_seal(&nobody, 1, &clear, &file), AGE_E_WEAK);
	assert_int_equal(age_seal(recipients, 0, &clear, &file), AGE_E_TOO_LARGE);
}

static void secrets_have_a_bound(void **state)
{
	struct key identity;
	struct age_recipient recipient;
	struct secret clear = { .len = AGE_CLEAR_MAX };
	CLEANUP(buf_free) struct buf file = BUF_NULL(AGE_FILE_MAX);
	CLEANUP(secret_free) struct secret opened = SECRET_NULL;

	(void)state;
	key_random(&identity);
	age_recipient_of(&identity, &recipient);
	clear.data = xcalloc(1, AGE_CLEAR_MAX + 1);
	assert_int_equal(age_seal(&recipient, 1, &clear, &file), AGE_OK);
	assert_int_equal(age_open(&identity, buf_view(&file), &opened), AGE_OK);
	assert_int_equal(opened.len, AGE_CLEAR_MAX);
	clear.len++;
	assert_int_equal(age_seal(&recipient, 1, &clear, &file), AGE_E_TOO_LARGE);
	secret_free(&clear);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_written_as_age_writes_them),
		cmocka_unit_test(a_wrong_letter_is_no_key),
		cmocka_unit_test(what_age_seals_is_opened),
		cmocka_unit_test(others_files_and_none_are_told_apart),
		cmocka_unit_test(a_changed_byte_is_never_opened),
		cmocka_unit_test(what_is_sealed_each_recipient_opens),
		cmocka_unit_test(secrets_have_a_bound),
	};

	assert_true(argc == 2 && sodium_init() >= 0);
	folder = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
