#include "agent/effect/secret_form.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/crypto/age.h"
#include "schema/agent_file.h"
#include "schema/sealed.h"
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

/* -- sealed values -- */

static void seal_for(const struct key *identity, const char *text,
		struct desired_secret *out, struct buf *base64)
{
	CLEANUP(buf_free) struct buf file = BUF_NULL(AGE_FILE_MAX);
	CLEANUP(secret_free) struct secret clear = secret_copy(view_z(text));
	struct age_recipient recipient;

	age_recipient_of(identity, &recipient);
	assert_int_equal(age_seal(&recipient, 1, &clear, &file), AGE_OK);
	base64_add(base64, buf_view(&file));
	*out = (struct desired_secret){ SECRET_SEALED, buf_view(base64),
		VIEW("dns-provider/main/api_key"), VIEW("https://dns.example:443") };
}

static int read_sealed(struct scene *s, const struct key *identity, const char *text)
{
	CLEANUP(buf_free)
	struct buf base64 = BUF_NULL(SEALED_MAX), json = BUF_NULL(SEALED_MAX);
	struct desired_secret secret;
	json_t *form;
	int r;

	seal_for(identity, text, &secret, &base64);
	secret_form_add(&json, &secret);
	form = json_loadb(json.data, json.len, 0, NULL);
	assert_non_null(form);
	r = secret_form_read(form, &s->file, &s->secret, &s->answer);
	json_decref(form);
	return r;
}

/* G14: who pastes a sealed value elsewhere, or changes where it is sent, gets nothing. */
static void G14_what_is_sealed_opens_in_its_place_alone(void **state)
{
	static const char *const wrong[] = {
		"dns-provider/other/api_key\nto: https://dns.example:443\nthe secret",
		"dns-provider/main/api_key\nto: https://evil.example:443\nthe secret",
		"dns-provider/main/api_key\nthe secret",
		"the secret",
	};
	struct scene *s = *state;
	struct key ours, others;

	key_random(&ours);
	key_random(&others);
	s->file.opener = &ours;
	assert_int_equal(read_sealed(s, &ours,
					 "dns-provider/main/api_key\nto: "
					 "https://dns.example:443\nthe secret"),
			EFFECT_DONE);
	assert_view(secret_expose(&s->secret), "the secret");
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		secret_free(&s->secret);
		assert_int_equal(read_sealed(s, &ours, wrong[i]), EFFECT_E_FAILED);
		assert_string_equal(s->answer.reason, "ResealNeeded");
		assert_int_equal(s->secret.len, 0);
		assert_true(view_find_view(buf_view(&s->answer.message),
					    VIEW("the secret")) == s->answer.message.len);
	}
	assert_int_equal(read_sealed(s, &others,
					 "dns-provider/main/api_key\nto: "
					 "https://dns.example:443\nthe secret"),
			EFFECT_E_FAILED);
	assert_string_equal(s->answer.reason, "ResealNeeded");
	s->file.opener = NULL;
	assert_int_equal(read_sealed(s, &ours, wrong[0]), EFFECT_E_FAILED);
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
		cmocka_unit_test_setup_teardown(
				G14_what_is_sealed_opens_in_its_place_alone, setup,
				teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
