#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/key.h"
#include "runtime/crypto/master_key.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/posthus-test-master.XXXXXX";
static char path[128];

static void write_text(const char *text, mode_t mode)
{
	unlink(path);
	assert_int_equal(os_replace_file(os_real(), path, view_z(text), 0600), 0);
	assert_int_equal(chmod(path, mode), 0);
}

#define GOOD "posthus-master-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static void a_made_key_loads(void **state)
{
	CLEANUP(secret_free) struct secret one = SECRET_NULL, two = SECRET_NULL;
	struct stat st;

	(void)state;
	assert_int_equal(master_key_load_file(path, &one), MASTER_KEY_E_ABSENT);
	assert_int_equal(master_key_make(path, NULL), MASTER_KEY_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(master_key_load_file(path, &one), MASTER_KEY_OK);
	assert_int_equal(one.len, KEY_SIZE);
	assert_int_equal(master_key_make(path, NULL), MASTER_KEY_E_EXISTS);
	assert_int_equal(master_key_load_file(path, &two), MASTER_KEY_OK);
	assert_true(view_eq(secret_expose(&one), secret_expose(&two)));
	unlink(path);
}

static void the_text_is_the_key(void **state)
{
	CLEANUP(secret_free) struct secret key = SECRET_NULL;

	(void)state;
	write_text(GOOD "\n", 0400);
	assert_int_equal(master_key_load_file(path, &key), MASTER_KEY_OK);
	for (size_t i = 0; i < KEY_SIZE; i++)
		assert_int_equal(secret_expose(&key).data[i], i);
	unlink(path);
}

static void a_key_that_others_can_read_is_refused(void **state)
{
	static const mode_t modes[] = { 0644, 0640, 0604, 0660, 0700, 0440, 04600 };
	struct secret key = SECRET_NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		write_text(GOOD, modes[i]);
		assert_int_equal(master_key_load_file(path, &key), MASTER_KEY_E_READABLE);
	}
	if (geteuid() == 0) {
		write_text(GOOD, 0600);
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_int_equal(master_key_load_file(path, &key), MASTER_KEY_E_READABLE);
	}
	assert_null(key.data);
	unlink(path);
}

static void other_texts_are_no_keys(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"posthus-master-1:",
		"posthus-master-2:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
		"posthus-master-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		"posthus-master-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g",
		"posthus-master-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
		GOOD " " GOOD,
	};
	struct secret key = SECRET_NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		write_text(texts[i], 0600);
		assert_int_equal(master_key_load_file(path, &key), MASTER_KEY_E_FORM);
	}
	unlink(path);
}

static void only_a_regular_file_is_read(void **state)
{
	struct secret key = SECRET_NULL;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(master_key_load_file(path, &key), MASTER_KEY_E_FORM);
	unlink(path);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(master_key_load_file(path, &key), MASTER_KEY_E_FORM);
	unlink(path);
	assert_int_equal(master_key_load_file(folder, &key), MASTER_KEY_E_FORM);
}

static void a_credential_is_found_by_its_name(void **state)
{
	CLEANUP(secret_free) struct secret key = SECRET_NULL;

	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(master_key_load_credential("master", &key), MASTER_KEY_E_ABSENT);
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	assert_int_equal(master_key_load_credential("master", &key), MASTER_KEY_E_ABSENT);
	write_text(GOOD, 0440);
	assert_int_equal(master_key_load_credential("../master", &key),
			MASTER_KEY_E_ABSENT);
	assert_int_equal(master_key_load_credential("master", &key), MASTER_KEY_OK);
	assert_int_equal(key.len, KEY_SIZE);
	unlink(path);
}

static void a_passphrase_locks_it(void **state)
{
	CLEANUP(secret_free)
	struct secret right = secret_copy(VIEW("six words and a dog"));
	CLEANUP(secret_free)
	struct secret wrong = secret_copy(VIEW("six words and a cat"));
	CLEANUP(secret_free)
	struct secret key = secret_copy(VIEW("0123456789abcdef0123456789abcdef"));
	CLEANUP(secret_free) struct secret locked = SECRET_NULL, open = SECRET_NULL;
	CLEANUP(freep) char *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(master_key_keep(path, &key, &right), MASTER_KEY_OK);
	assert_int_equal(os_read_file(os_real(), path, 1000, &text, &len), 0);
	assert_true(view_starts(view_of(text, len), VIEW("posthus-master-locked-1:")));
	assert_int_equal(master_key_load_file(path, &locked), MASTER_KEY_E_LOCKED);
	assert_int_equal(master_key_unlock(&locked, &wrong, &open), MASTER_KEY_E_WRONG);
	assert_int_equal(master_key_unlock(&locked, &right, &open), MASTER_KEY_OK);
	assert_true(view_eq(secret_expose(&open), secret_expose(&key)));
	secret_free(&open);
	locked.data[locked.len - 1] ^= 1;
	assert_int_equal(master_key_unlock(&locked, &right, &open), MASTER_KEY_E_WRONG);
	memset(locked.data + 16, 0xff, 4); /* what it would cost in memory */
	assert_int_equal(master_key_unlock(&locked, &right, &open), MASTER_KEY_E_FORM);
	unlink(path);
}

static void it_is_written_as_it_is_read(void **state)
{
	CLEANUP(secret_free) struct secret key = SECRET_NULL, text = SECRET_NULL;

	(void)state;
	assert_int_equal(master_key_read(VIEW(GOOD), &key), MASTER_KEY_OK);
	master_key_write(&key, &text);
	assert_view(view_trim(secret_expose(&text)), GOOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_made_key_loads),
		cmocka_unit_test(the_text_is_the_key),
		cmocka_unit_test(a_key_that_others_can_read_is_refused),
		cmocka_unit_test(other_texts_are_no_keys),
		cmocka_unit_test(only_a_regular_file_is_read),
		cmocka_unit_test(a_credential_is_found_by_its_name),
		cmocka_unit_test(a_passphrase_locks_it),
		cmocka_unit_test(it_is_written_as_it_is_read),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/master", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
