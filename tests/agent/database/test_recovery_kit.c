#include "agent/database/recovery_kit.h"

#include "runtime/base/os.h"
#include "runtime/crypto/recovery_code.h"
#include "tests/lib/test.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/posthus-test-kit.XXXXXX";

static void put(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(os_replace_file(os_real(), path, view_z(text), 0600), 0);
}

static void assert_private(const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_kit_opens_with_its_code_alone(void **state)
{
	CLEANUP(secret_free)
	struct secret master = secret_copy(VIEW("0123456789abcdef0123456789abcdef"));
	CLEANUP(secret_free) struct secret opened = SECRET_NULL;
	struct age_recipient recipients[2];
	struct recovery_code code, other;
	struct recovery_kit kit;
	struct key identity;

	(void)state;
	recovery_code_make(&code);
	recovery_code_make(&other);
	recovery_code_recipient(&code, &recipients[0]);
	recovery_code_identity(&code, &identity);
	assert_int_equal(recovery_kit_read(folder, &kit), RECOVERY_KIT_E_ABSENT);
	assert_int_equal(recovery_kit_open(folder, &identity, &opened),
			RECOVERY_KIT_E_ABSENT);
	assert_int_equal(recovery_kit_checked(folder, 5), RECOVERY_KIT_E_ABSENT);
	assert_int_equal(recovery_kit_make(folder, &master, recipients, 1, 1000),
			RECOVERY_KIT_OK);
	assert_private(RECOVERY_KIT_SEALED);
	assert_private(RECOVERY_KIT_FACTS);
	assert_int_equal(recovery_kit_read(folder, &kit), RECOVERY_KIT_OK);
	assert_int_equal(kit.made_at, 1000);
	assert_int_equal(kit.checked_at, 0);
	assert_int_equal(recovery_kit_open(folder, &identity, &opened), RECOVERY_KIT_OK);
	assert_true(view_eq(secret_expose(&opened), secret_expose(&master)));
	assert_int_equal(recovery_kit_checked(folder, 2000), RECOVERY_KIT_OK);
	assert_int_equal(recovery_kit_read(folder, &kit), RECOVERY_KIT_OK);
	assert_int_equal(kit.checked_at, 2000);
	recovery_code_identity(&other, &identity);
	secret_free(&opened);
	assert_int_equal(recovery_kit_open(folder, &identity, &opened),
			RECOVERY_KIT_E_OTHER);
}

static void damaged_files_are_told(void **state)
{
	CLEANUP(secret_free) struct secret opened = SECRET_NULL;
	struct recovery_kit kit;
	struct key identity;

	(void)state;
	key_random(&identity);
	put(RECOVERY_KIT_FACTS,
			"{\"recipient\": \"age1\", \"made_at\": 1, \"checked_at\": 0}");
	assert_int_equal(recovery_kit_read(folder, &kit), RECOVERY_KIT_E_FORM);
	put(RECOVERY_KIT_FACTS, "[");
	assert_int_equal(recovery_kit_read(folder, &kit), RECOVERY_KIT_E_FORM);
	put(RECOVERY_KIT_SEALED, "age-encryption.org/v1\n");
	assert_int_equal(recovery_kit_open(folder, &identity, &opened),
			RECOVERY_KIT_E_FORM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kit_opens_with_its_code_alone),
		cmocka_unit_test(damaged_files_are_told),
	};

	assert_true(sodium_init() >= 0);
	if (!mkdtemp(folder))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
