#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "tests/lib/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/posthus-test-os.XXXXXX";

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void a_replaced_file_is_whole_and_private(void **state)
{
	const struct os *os = os_real();
	CLEANUP(freep) char *text = NULL;
	struct stat st;
	size_t len;

	(void)state;
	assert_int_equal(os_replace_file(os, path_of("f"), VIEW("first, longer"), 0600),
			0);
	assert_int_equal(os_replace_file(os, path_of("f"), VIEW("second"), 0600), 0);
	assert_int_equal(os_read_file(os, path_of("f"), 100, &text, &len), 0);
	assert_string_equal(text, "second");
	assert_int_equal(stat(path_of("f"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(access(path_of("f.tmp"), F_OK), -1);
	unlink(path_of("f"));
}

static void a_file_past_the_maximum_is_refused(void **state)
{
	char *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(os_replace_file(os_real(), path_of("big"), VIEW("123456"), 0600),
			0);
	assert_int_equal(os_read_file(os_real(), path_of("big"), 5, &text, &len), -EFBIG);
	assert_null(text);
	assert_int_equal(os_read_file(os_real(), path_of("big"), 6, &text, &len), 0);
	free(text);
	unlink(path_of("big"));
}

static void a_symbolic_link_is_not_followed(void **state)
{
	char *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(symlink("/etc/hostname", path_of("link")), 0);
	assert_int_equal(os_read_file(os_real(), path_of("link"), 1000, &text, &len),
			-ELOOP);
	unlink(path_of("link"));
}

static int fail_sync(void *state, int fd)
{
	(void)state;
	(void)fd;
	return -EIO;
}

static void a_failed_flush_keeps_the_old_file(void **state)
{
	struct os os = *os_real();
	CLEANUP(freep) char *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(os_replace_file(&os, path_of("k"), VIEW("old"), 0600), 0);
	os.sync_data = fail_sync;
	assert_int_equal(os_replace_file(&os, path_of("k"), VIEW("new"), 0600), -EIO);
	assert_int_equal(os_read_file(&os, path_of("k"), 100, &text, &len), 0);
	assert_string_equal(text, "old");
	assert_int_equal(access(path_of("k.tmp"), F_OK), -1);
	unlink(path_of("k"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_replaced_file_is_whole_and_private),
		cmocka_unit_test(a_file_past_the_maximum_is_refused),
		cmocka_unit_test(a_symbolic_link_is_not_followed),
		cmocka_unit_test(a_failed_flush_keeps_the_old_file),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
