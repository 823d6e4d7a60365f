#include "agent/backup/kit.h"

#include "runtime/crypto/master_key.h"
#include "runtime/crypto/recovery_code.h"
#include "tests/lib/test.h"

static int read_page(
		const struct buf *page, struct kit *out, unsigned *line, unsigned *group)
{
	*out = (struct kit){ 0 };
	return kit_read(buf_view(page), out, line, group);
}

static void a_printed_page_is_read(void **state)
{
	CLEANUP(recovery_code_wipe) struct recovery_code code;
	CLEANUP(secret_free) struct secret text = SECRET_NULL, line = SECRET_NULL;
	CLEANUP(secret_free)
	struct secret master = secret_copy(VIEW("0123456789abcdef0123456789abcdef"));
	CLEANUP(buf_free) struct buf page = BUF_NULL(KIT_MAX);
	CLEANUP(kit_deinit) struct kit kit;
	CLEANUP(key_wipe) struct key identity;
	unsigned at, group;

	(void)state;
	recovery_code_make(&code);
	recovery_code_write(&code, &text);
	recovery_code_identity(&code, &identity);
	master_key_write(&master, &line);
	buf_add_z(&page, "Recovery kit of the mail server\n\n  ");
	buf_add(&page, secret_expose(&text));
	buf_add_z(&page, "\n\n  ");
	buf_add(&page, secret_expose(&line));
	buf_add_z(&page, "\n  backup {\"directory\":\"/srv/copies\"}\n  vault ");
	for (int i = 0; i < VAULT_KEY; i++)
		buf_addf(&page, "%02x", i);
	buf_add_z(&page, "\nTwice a year prove that this page is good.\n");
	assert_int_equal(read_page(&page, &kit, &at, &group), KIT_OK);
	assert_true(kit.has_identity);
	assert_memory_equal(kit.identity.bytes, identity.bytes, KEY_SIZE);
	assert_true(view_eq(secret_expose(&kit.master), secret_expose(&master)));
	assert_int_equal(kit.place_count, 1);
	assert_string_equal(
			json_string_value(json_object_get(kit.places[0], "directory")),
			"/srv/copies");
	assert_true(kit.has_signer);
	assert_int_equal(kit.signer[31], 31);
}

static void a_slip_of_the_pen_is_named(void **state)
{
	CLEANUP(recovery_code_wipe) struct recovery_code code;
	CLEANUP(secret_free) struct secret text = SECRET_NULL;
	CLEANUP(buf_free) struct buf page = BUF_NULL(KIT_MAX);
	CLEANUP(kit_deinit) struct kit kit;
	unsigned at, group;
	char *letter;

	(void)state;
	recovery_code_make(&code);
	recovery_code_write(&code, &text);
	buf_add_z(&page, "a title\n");
	buf_add(&page, secret_expose(&text));
	letter = page.data + 8 + 4 * (RECOVERY_CODE_GROUP + 1);
	*letter = *letter == '7' ? '8' : '7';
	assert_int_equal(read_page(&page, &kit, &at, &group), KIT_E_CODE);
	assert_int_equal(at, 2);
	assert_int_equal(group, 5);
}

static void a_place_that_is_none_is_named(void **state)
{
	CLEANUP(buf_free) struct buf page = BUF_NULL(KIT_MAX);
	CLEANUP(kit_deinit) struct kit kit;
	unsigned at, group;

	(void)state;
	buf_add_z(&page, "\n\nbackup {\"directory\":\n");
	assert_int_equal(read_page(&page, &kit, &at, &group), KIT_E_PLACE);
	assert_int_equal(at, 3);
}

static void other_lines_are_for_people(void **state)
{
	CLEANUP(buf_free) struct buf page = BUF_NULL(KIT_MAX);
	CLEANUP(kit_deinit) struct kit kit;
	unsigned at, group;

	(void)state;
	buf_add_z(&page, "posthus restore --kit FILE --to DIR\nvault\nbackup\n"
			 "a-b-c-d\nvault zz\n________________\n");
	assert_int_equal(read_page(&page, &kit, &at, &group), KIT_OK);
	assert_false(kit.has_identity || kit.has_signer || kit.place_count);
	assert_int_equal(kit.master.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_printed_page_is_read),
		cmocka_unit_test(a_slip_of_the_pen_is_named),
		cmocka_unit_test(a_place_that_is_none_is_named),
		cmocka_unit_test(other_lines_are_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
