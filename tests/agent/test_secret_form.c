#include "agent/secret_form.h"
#include "runtime/base/error.h"
#include "schema/agent_file.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct scene {
	char folder[64];
	char path[128];
	struct agent_file file;
	struct view host_file;
	struct allowed_credential credential;
	struct effect_answer answer;
	struct secret secret;
};

static int setup(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));

	strcpy(s->folder, "/tmp/posthus-secret.XXXXXX");
	if (!mkdtemp(s->folder))
		return -1;
	snprintf(s->path, sizeof(s->path), "%s/key", s->folder);
	agent_file_defaults(&s->file);
	s->host_file = view_z(s->path);
	s->file.host_files = &s->host_file;
	s->file.host_file_count = 1;
	s->credential.name = VIEW("key");
	s->file.credentials = &s->credential;
	s->file.credential_count = 1;
	s->answer = EFFECT_ANSWER_NULL;
	setenv("CREDENTIALS_DIRECTORY", s->folder, 1);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	unlink(s->path);
	rmdir(s->folder);
	unsetenv("CREDENTIALS_DIRECTORY");
	effect_answer_deinit(&s->answer);
	secret_free(&s->secret);
	free(s);
	return 0;
}

static void write_key(const struct scene *s, const char *text, size_t len)
{
	FILE *file = fopen(s->path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static int read_form(struct scene *s, enum desired_secret_form form, const char *name)
{
	const struct desired_secret secret = { form, view_z(name) };
	CLEANUP(buf_free) struct buf text = BUF_NULL(1024);
	json_t *json;
	int r;

	secret_form_add(&text, &secret);
	json = json_loadb(text.data, text.len, JSON_DECODE_ANY, NULL);
	assert_non_null(json);
	secret_free(&s->secret);
	r = secret_form_read(json, &s->file, &s->secret, &s->answer);
	json_decref(json);
	return r;
}

static void assert_read(struct scene *s, const char *expected)
{
	assert_int_equal(read_form(s, SECRET_HOST_FILE, s->path), EFFECT_DONE);
	assert_view(secret_expose(&s->secret), expected);
	assert_int_equal(read_form(s, SECRET_CREDENTIAL, "key"), EFFECT_DONE);
	assert_view(secret_expose(&s->secret), expected);
}

static void assert_refused(struct scene *s, enum desired_secret_form form,
		const char *name, const char *reason)
{
	assert_int_equal(read_form(s, form, name), EFFECT_E_FAILED);
	assert_string_equal(s->answer.reason, reason);
	assert_true(s->answer.untouched);
	assert_int_equal(s->secret.len, 0);
}

static void it_is_read_without_its_line_end(void **state)
{
	struct scene *s = *state;

	write_key(s, "hush", 4);
	assert_read(s, "hush");
	write_key(s, "hush\n", 5);
	assert_read(s, "hush");
	write_key(s, "hush\r\n", 6);
	assert_read(s, "hush");
	write_key(s, "two\nlines\n\n", 11);
	assert_read(s, "two\nlines\n");
}

static void what_is_not_there_is_missing(void **state)
{
	struct scene *s = *state;
	static char long_one[SECRET_BYTES + 1];

	assert_refused(s, SECRET_HOST_FILE, s->path, "SecretMissing");
	assert_refused(s, SECRET_CREDENTIAL, "key", "SecretMissing");
	assert_refused(s, SECRET_NONE, "", "SecretMissing");
	write_key(s, "\n", 1);
	assert_refused(s, SECRET_HOST_FILE, s->path, "SecretMissing");
	memset(long_one, 'x', sizeof(long_one));
	write_key(s, long_one, sizeof(long_one));
	assert_refused(s, SECRET_HOST_FILE, s->path, "SecretMissing");
	write_key(s, long_one, sizeof(long_one) - 1);
	assert_int_equal(read_form(s, SECRET_HOST_FILE, s->path), EFFECT_DONE);
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_refused(s, SECRET_CREDENTIAL, "key", "SecretMissing");
}

/* A plan was made under another agent.yaml, or somebody wrote into the database. */
static void what_the_machine_does_not_allow_is_not_read(void **state)
{
	struct scene *s = *state;

	write_key(s, "hush", 4);
	assert_refused(s, SECRET_HOST_FILE, "/etc/hostname", "NotAllowed");
	assert_refused(s, SECRET_CREDENTIAL, "other", "NotAllowed");
	s->credential.name = VIEW("../key");
	assert_refused(s, SECRET_CREDENTIAL, "../key", "NotAllowed");
	s->credential.name = VIEW("..");
	assert_refused(s, SECRET_CREDENTIAL, "..", "NotAllowed");
	s->file.host_file_count = 0;
	assert_refused(s, SECRET_HOST_FILE, s->path, "NotAllowed");
}

static void no_byte_of_it_is_said(void **state)
{
	struct scene *s = *state;

	s->file.host_file_count = 0;
	write_key(s, "hush", 4);
	assert_refused(s, SECRET_HOST_FILE, s->path, "NotAllowed");
	assert_null(memmem(s->answer.message.data, s->answer.message.len, "hush", 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
				it_is_read_without_its_line_end, setup, teardown),
		cmocka_unit_test_setup_teardown(
				what_is_not_there_is_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(
				what_the_machine_does_not_allow_is_not_read, setup,
				teardown),
		cmocka_unit_test_setup_teardown(no_byte_of_it_is_said, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
