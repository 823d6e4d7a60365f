/* The first files of a server: what they hold, what they let others do, and that they are of
 * use to the programs that read them. */
#include "agent/setup/host_checks.h"
#include "agent/setup/init.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/master_key.h"
#include "schema/checker.h"
#include "schema/collect.h"
#include "tests/lib/test.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct scene {
	char directory[64];
	char inside[80]; /* where the files go */
	mode_t umask;
};

static int setup(void **state)
{
	struct scene *scene = xcalloc(1, sizeof(*scene));

	strcpy(scene->directory, "/tmp/posthus-init-XXXXXX");
	assert_non_null(mkdtemp(scene->directory));
	snprintf(scene->inside, sizeof(scene->inside), "%s/posthus", scene->directory);
	scene->umask = umask(0022);
	*state = scene;
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;
	char command[128];

	umask(scene->umask);
	snprintf(command, sizeof(command), "rm -rf %s", scene->directory);
	assert_int_equal(system(command), 0);
	free(scene);
	return 0;
}

static struct init_answers answers_for(const struct scene *scene)
{
	return (struct init_answers){
		.dir = scene->inside,
		.data = "data",
		.domain = "a.example",
		.host_name = "mail.a.example",
		.user = "anna@a.example",
	};
}

static char *read_text(const struct scene *scene, const char *name)
{
	char path[200], *text;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", scene->inside, name);
	assert_int_equal(os_read_file(os_real(), path, 1 << 20, &text, &len), 0);
	return text;
}

static void assert_mode(const struct scene *scene, const char *name, mode_t mode)
{
	char path[200];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", scene->inside, name);
	if (stat(path, &st))
		fail_msg("%s is not there", path);
	if ((st.st_mode & 07777) != mode)
		fail_msg("%s has the mode %o", path, (unsigned)st.st_mode & 07777);
}

static void must_write(const struct init_answers *answers)
{
	struct init_failure failure;
	int r = init_write(answers, &failure);

	if (r)
		fail_msg("%d at %s", r, failure.path);
}

/* Checks state/ as `posthus validate` does; the caller ends it. */
static void check_state(
		const struct scene *scene, struct arena *arena, struct checked *out)
{
	const char *path = arena_printf(arena, "%s/state", scene->inside).data;
	CLEANUP(buf_free) struct buf text = BUF_NULL(64 * 1024);
	struct collection files;

	assert_int_equal(collect_files(arena, &path, 1, &files), COLLECT_OK);
	assert_int_equal(files.count, 1);
	if (checker_check(files.files, files.count, NULL, out) != CHECK_OK ||
			out->diagnostics.warnings) {
		diagnostics_print(&out->diagnostics, &text);
		fail_msg("%.*s", VIEW_ARG(buf_view(&text)));
	}
}

static void files_have_the_modes_of_what_they_hold(void **state)
{
	static const mode_t masks[] = { 0, 0022, 0077 };
	struct scene *scene = *state;
	struct init_answers answers = answers_for(scene);

	for (size_t i = 0; i < ARRAY_LEN(masks); i++) {
		snprintf(scene->inside, sizeof(scene->inside), "%s/%zu", scene->directory,
				i);
		umask(masks[i]);
		must_write(&answers);
		assert_mode(scene, "master.key", 0600);
		assert_mode(scene, "recovery-kit.txt", 0600);
		assert_mode(scene, "agent.yaml", 0644);
		assert_mode(scene, "state/mail.yaml", 0644);
		assert_mode(scene, "state.schema.json", 0644);
		assert_mode(scene, "agent.schema.json", 0644);
		assert_mode(scene, "", 0755);
		assert_mode(scene, "state", 0755);
	}
}

static void the_state_is_valid_and_served_whole(void **state)
{
	struct scene *scene = *state;
	struct init_answers answers = answers_for(scene);
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(checked_deinit) struct checked checked = { 0 };

	must_write(&answers);
	check_state(scene, arena, &checked);
	assert_int_equal(checked.desired->not_served.count, 0);
	assert_int_equal(checked.desired->user_count, 1);
	assert_non_null(desired_find(checked.desired, KIND_DOMAIN, VIEW("a.example")));
	assert_non_null(desired_find(checked.desired, KIND_USER, VIEW("anna@a.example")));
}

/* Whatever the command line lets through makes a state that can be read. */
static void unusual_names_make_a_valid_state(void **state)
{
	/* clang-format off */
	static const struct { const char *domain, *host, *user; } table[] = {
		{ "123.example",             "mail.123.example",         "anna@123.example" },
		{ "xn--mnchen-3ya.example",  "mx.xn--mnchen-3ya.example", "anna@xn--mnchen-3ya.example" },
		{ "a.b.c.d.example",         "mx1.other.example",        "o'neill@a.b.c.d.example" },
		{ "no.example",              "no.example",               "true@no.example" },
		{ "a.example",               "mail.a.example",           "a+b@a.example" },
		{ "a.example",               "mail.a.example",           "#{}&*|^`?$'+=~@a.example" },
	};
	/* clang-format on */
	struct scene *scene = *state;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new();
		CLEANUP(checked_deinit) struct checked checked = { 0 };
		struct init_answers answers = answers_for(scene);

		snprintf(scene->inside, sizeof(scene->inside), "%s/%zu", scene->directory,
				i);
		answers.domain = table[i].domain;
		answers.host_name = table[i].host;
		answers.user = table[i].user;
		must_write(&answers);
		check_state(scene, arena, &checked);
	}
}

static void read_agent_file(
		const struct scene *scene, struct arena *arena, struct agent_file *out)
{
	CLEANUP(freep) char *text = read_text(scene, "agent.yaml");
	CLEANUP(buf_free) struct buf printed = BUF_NULL(64 * 1024);
	struct source_file file = { VIEW("agent.yaml"), arena_copy(arena, view_z(text)) };
	struct diagnostics d;
	int r;

	diagnostics_init(&d, arena, sources_new(arena, &file, 1));
	r = agent_file_read(&d, out);
	diagnostics_print(&d, &printed);
	if (r != AGENT_FILE_OK || printed.len)
		fail_msg("%.*s", VIEW_ARG(buf_view(&printed)));
	diagnostics_deinit(&d);
}

static void the_agent_file_names_key_data_and_state(void **state)
{
	struct scene *scene = *state;
	struct init_answers answers = answers_for(scene);
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct agent_file file;

	must_write(&answers);
	read_agent_file(scene, arena, &file);
	assert_view(file.data, "data");
	assert_int_equal(file.master_key_kind, MASTER_KEY_HOST_FILE);
	assert_view(file.master_key, "master.key");
	assert_int_equal(file.state_path_count, 1);
	assert_view(file.state_paths[0], "state");
	assert_false(file.watch);
}

static void under_systemd_the_key_is_a_credential(void **state)
{
	struct scene *scene = *state;
	struct init_answers answers = answers_for(scene);
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct agent_file file;

	answers.credential = true;
	answers.data = "/var/lib/posthus";
	must_write(&answers);
	read_agent_file(scene, arena, &file);
	assert_view(file.data, "/var/lib/posthus");
	assert_int_equal(file.master_key_kind, MASTER_KEY_CREDENTIAL);
	assert_view(file.master_key, "posthus-master");
	assert_mode(scene, "master.key", 0600);
}

static void the_recovery_kit_has_the_key(void **state)
{
	struct scene *scene = *state;
	struct init_answers answers = answers_for(scene);
	char path[200];
	CLEANUP(secret_free) struct secret secret = SECRET_NULL;

	must_write(&answers);
	snprintf(path, sizeof(path), "%s/master.key", scene->inside);
	assert_int_equal(master_key_load_file(path, &secret), MASTER_KEY_OK);
	{
		CLEANUP(freep) char *key = read_text(scene, "master.key");
		CLEANUP(freep) char *kit = read_text(scene, "recovery-kit.txt");
		CLEANUP(freep) char *yaml = read_text(scene, "state/mail.yaml");
		CLEANUP(freep) char *agent = read_text(scene, "agent.yaml");

		key[strcspn(key, "\n")] = '\0';
		assert_non_null(strstr(kit, key));
		assert_non_null(strstr(kit, "mail.a.example"));
		assert_null(strstr(yaml, key));
		assert_null(strstr(agent, key));
	}
}

static void an_editor_finds_the_schema(void **state)
{
	static const char line[] = "# yaml-language-server: $schema=";
	struct scene *scene = *state;
	struct init_answers answers = answers_for(scene);

	must_write(&answers);
	{
		CLEANUP(freep) char *yaml = read_text(scene, "state/mail.yaml");
		CLEANUP(freep) char *agent = read_text(scene, "agent.yaml");
		CLEANUP(freep) char *schema = read_text(scene, "state.schema.json");

		assert_true(view_starts(view_z(yaml), view_z(line)));
		assert_true(view_starts(view_z(agent), view_z(line)));
		assert_non_null(strstr(yaml, "../state.schema.json\n"));
		assert_non_null(strstr(schema, "\"catch_all\""));
	}
}

static void nothing_is_overwritten(void **state)
{
	static const char *const names[] = { "agent.yaml", "state/mail.yaml",
		"master.key", "recovery-kit.txt" };
	struct scene *scene = *state;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct init_answers answers = answers_for(scene);
		struct init_failure failure;
		char path[200];
		FILE *file;

		snprintf(scene->inside, sizeof(scene->inside), "%s/%zu", scene->directory,
				i);
		assert_int_equal(mkdir(scene->inside, 0755), 0);
		snprintf(path, sizeof(path), "%s/state", scene->inside);
		assert_int_equal(mkdir(path, 0755), 0);
		snprintf(path, sizeof(path), "%s/%s", scene->inside, names[i]);
		file = fopen(path, "w");
		assert_true(fputs("mine", file) >= 0);
		assert_int_equal(fclose(file), 0);

		assert_int_equal(init_write(&answers, &failure), INIT_E_EXISTS);
		assert_string_equal(failure.path, path);
		{
			CLEANUP(freep) char *text = read_text(scene, names[i]);

			assert_string_equal(text, "mine");
		}
		for (size_t k = 0; k < ARRAY_LEN(names); k++) {
			snprintf(path, sizeof(path), "%s/%s", scene->inside, names[k]);
			assert_int_equal(access(path, F_OK), k == i ? 0 : -1);
		}
	}
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
	struct scene *scene = *state;
	struct init_answers answers = answers_for(scene);
	struct init_failure failure;

	answers.dir = "/proc/posthus";
	assert_true(init_write(&answers, &failure) < 0);
	assert_string_equal(failure.path, "/proc/posthus");
}

/* -- the host -- */

static void checks_say_what_they_did_not_ask(void **state)
{
	static const char *const outside[] = { "port 25 out", "reverse DNS",
		"block lists" };
	static const uint16_t ports[] = { 0 };
	struct scene *scene = *state;
	const struct host_facts facts = { .host_name = "mail.a.example",
		.data = scene->directory,
		.ports = ports,
		.port_count = 1,
		.offline = true };
	size_t found = 0;

	for (size_t i = 0; i < host_check_count; i++) {
		struct check_result result = { "", "" };
		enum check_verdict verdict = host_checks[i].look(&facts, &result);

		assert_true(result.saw[0] != '\0');
		if (verdict == CHECK_WORRY)
			assert_true(result.help[0] != '\0');
		for (size_t k = 0; k < ARRAY_LEN(outside); k++) {
			if (strcmp(host_checks[i].name, outside[k]) != 0)
				continue;
			found++;
			assert_int_equal(verdict, CHECK_UNKNOWN);
			assert_non_null(strstr(result.saw, "--offline"));
		}
	}
	assert_int_equal(found, ARRAY_LEN(outside));
}

static const struct host_check *check_named(const char *name)
{
	for (size_t i = 0; i < host_check_count; i++)
		if (strcmp(host_checks[i].name, name) == 0)
			return &host_checks[i];
	fail_msg("there is no check of %s", name);
	return NULL;
}

static void a_taken_port_is_named(void **state)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct check_result result = { "", "" };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char number[32];
	uint16_t port;
	struct host_facts facts = { .data = "/", .ports = &port, .port_count = 1 };

	(void)state;
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		skip();
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	port = ntohs(address.sin6_port);
	assert_int_equal(check_named("ports in")->look(&facts, &result), CHECK_WORRY);
	snprintf(number, sizeof(number), "port %u ", port);
	assert_non_null(strstr(result.saw, number));
	close(fd);
	assert_int_equal(check_named("ports in")->look(&facts, &result), CHECK_GOOD);
}

static void a_folder_that_is_not_there_is_unknown(void **state)
{
	struct host_facts facts = { .data = "/no/such/folder" };
	struct check_result result = { "", "" };

	(void)state;
	assert_int_equal(check_named("disk")->look(&facts, &result), CHECK_UNKNOWN);
	assert_non_null(strstr(result.saw, "/no/such/folder"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(files_have_the_modes_of_what_they_hold),
		CASE(the_state_is_valid_and_served_whole),
		CASE(unusual_names_make_a_valid_state),
		CASE(the_agent_file_names_key_data_and_state),
		CASE(under_systemd_the_key_is_a_credential),
		CASE(the_recovery_kit_has_the_key),
		CASE(an_editor_finds_the_schema),
		CASE(nothing_is_overwritten),
		CASE(a_folder_that_cannot_be_made_is_named),
		CASE(checks_say_what_they_did_not_ask),
		CASE(a_taken_port_is_named),
		CASE(a_folder_that_is_not_there_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
