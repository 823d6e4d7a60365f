/* What a command makes of the agent's file, of the words that override it, and of the master
 * key: the setting, or an exit code and what is said on stderr. */
#include "agent/command/setting.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/master_key.h"
#include "tests/lib/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct scene {
	char directory[64];
	int before; /* stderr as it was */
};

/* What the command below found: copies, since the setting ends with it. */
static struct {
	char data[300], control[300], state[2][300], origin[300];
	size_t state_count, files;
	enum exit_code loaded, key, collected;
	bool ask_key, ask_state;
} seen;

static void keep(char *out, const char *text)
{
	snprintf(out, sizeof(seen.data), "%s", text);
}

static void look_at_state(const struct words *words, const struct setting *setting)
{
	struct collection files;
	struct view origin;

	seen.collected = setting_collect(
			setting, words_operand(words, 0), &files, &origin);
	if (seen.collected != EXIT_FINE)
		return;
	seen.files = files.count;
	snprintf(seen.origin, sizeof(seen.origin), "%.*s", VIEW_ARG(origin));
}

static int look(const struct words *words)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	CLEANUP(secret_free) struct secret key = SECRET_NULL;

	seen.loaded = setting_load(words, &setting);
	if (seen.loaded != EXIT_FINE)
		return (int)seen.loaded;
	keep(seen.data, setting.data);
	keep(seen.control, setting.control);
	seen.state_count = setting.state_count;
	for (size_t i = 0; i < setting.state_count && i < ARRAY_LEN(seen.state); i++)
		keep(seen.state[i], setting.state[i]);
	if (seen.ask_key)
		seen.key = setting_master_key(&setting, &key);
	if (seen.ask_state)
		look_at_state(words, &setting);
	return EXIT_FINE;
}

static const struct option_row options[] = { OPTION_CONFIG, OPTION_DATA, OPTION_STATE,
	OPTION_CONTROL };

static const struct command command = {
	.name = "look",
	.operands = "[PATH]",
	.most_operands = 1,
	.summary = "Look",
	OPTIONS(options),
	.run = look,
};

/* Words are split at blanks; $ stands for the test's folder. */
static int run(struct scene *scene, const char *words)
{
	CLEANUP(buf_free) struct buf line = BUF_NULL(4096);
	char *argv[16];
	int argc = 0;

	for (; *words; words++) {
		if (*words == '$')
			buf_add_z(&line, scene->directory);
		else
			buf_add_byte(&line, *words);
	}
	buf_add_byte(&line, '\0');
	for (char *word = strtok(line.data, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	return command_run_words(&command, argc, argv);
}

static int setup(void **state)
{
	struct scene *scene = xcalloc(1, sizeof(*scene));
	char path[100];
	int fd;

	memset(&seen, 0, sizeof(seen));
	unsetenv("POSTHUS_CONTROL");
	unsetenv("CREDENTIALS_DIRECTORY");
	strcpy(scene->directory, "/tmp/posthus-setting-XXXXXX");
	assert_non_null(mkdtemp(scene->directory));
	snprintf(path, sizeof(path), "%s/.stderr", scene->directory);
	scene->before = dup(STDERR_FILENO);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	dup2(fd, STDERR_FILENO);
	close(fd);
	*state = scene;
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;
	char command_line[128];

	dup2(scene->before, STDERR_FILENO);
	close(scene->before);
	snprintf(command_line, sizeof(command_line), "rm -rf %s", scene->directory);
	assert_int_equal(system(command_line), 0);
	free(scene);
	return 0;
}

static void put(struct scene *scene, const char *name, const char *text, mode_t mode)
{
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", scene->directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void make_key(struct scene *scene, const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", scene->directory, name);
	assert_int_equal(master_key_make(path, NULL), MASTER_KEY_OK);
}

/* What was printed on stderr since the last time has this in it. */
static void assert_said(struct scene *scene, const char *part)
{
	char path[100];
	CLEANUP(freep) char *text = NULL;
	size_t len;

	snprintf(path, sizeof(path), "%s/.stderr", scene->directory);
	assert_int_equal(os_read_file(os_real(), path, 64 * 1024, &text, &len), 0);
	if (!strstr(text, part))
		fail_msg("\"%s\" does not say \"%s\"", text, part);
	assert_int_equal(truncate(path, 0), 0);
}

static void assert_said_nothing(struct scene *scene)
{
	char path[100];
	struct stat st;

	snprintf(path, sizeof(path), "%s/.stderr", scene->directory);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
}

static void assert_below(struct scene *scene, const char *path, const char *name)
{
	char expected[300];

	snprintf(expected, sizeof(expected), "%s/%s", scene->directory, name);
	assert_string_equal(path, expected);
}

/* -- paths -- */

static void paths_of_the_file_are_meant_from_where_it_lies(void **state)
{
	struct scene *scene = *state;

	put(scene, "agent.yaml",
			"data: data\ncontrol: run/socket\nstate: {path: [state, "
			"more/a.yaml]}\n",
			0644);
	assert_int_equal(run(scene, "look --config $/agent.yaml"), EXIT_FINE);
	assert_below(scene, seen.data, "data");
	assert_below(scene, seen.control, "run/socket");
	assert_int_equal(seen.state_count, 2);
	assert_below(scene, seen.state[0], "state");
	assert_below(scene, seen.state[1], "more/a.yaml");
	assert_said_nothing(scene);
}

static void a_file_in_the_current_folder_needs_no_prefix(void **state)
{
	struct scene *scene = *state;
	char *before = getcwd(NULL, 0);

	put(scene, "agent.yaml", "data: data\nstate: {path: state}\n", 0644);
	assert_int_equal(chdir(scene->directory), 0);
	assert_int_equal(run(scene, "look --config agent.yaml"), EXIT_FINE);
	assert_int_equal(chdir(before), 0);
	free(before);
	assert_string_equal(seen.data, "data");
	assert_string_equal(seen.control, "data/control.sock");
	assert_string_equal(seen.state[0], "state");
}

static void absolute_paths_stay(void **state)
{
	struct scene *scene = *state;

	put(scene, "agent.yaml",
			"data: /srv/mail\ncontrol: /run/posthus/socket\nstate: {path: "
			"/etc/state}\n",
			0644);
	assert_int_equal(run(scene, "look --config $/agent.yaml"), EXIT_FINE);
	assert_string_equal(seen.data, "/srv/mail");
	assert_string_equal(seen.control, "/run/posthus/socket");
	assert_string_equal(seen.state[0], "/etc/state");
}

static void words_override_the_file(void **state)
{
	struct scene *scene = *state;

	put(scene, "agent.yaml",
			"data: data\ncontrol: socket\nstate: {path: [state, more]}\n",
			0644);
	assert_int_equal(run(scene, "look --config $/agent.yaml --state here --control "
				    "there"),
			EXIT_FINE);
	assert_below(scene, seen.data, "data");
	assert_string_equal(seen.control, "there");
	assert_int_equal(seen.state_count, 1);
	assert_string_equal(seen.state[0], "here");
	/* another data directory is another agent: the file's socket is not its own */
	assert_int_equal(
			run(scene, "look --config $/agent.yaml --data other"), EXIT_FINE);
	assert_string_equal(seen.data, "other");
	assert_string_equal(seen.control, "other/control.sock");
}

static void the_environment_names_a_socket(void **state)
{
	struct scene *scene = *state;

	put(scene, "agent.yaml", "data: data\ncontrol: socket\n", 0644);
	setenv("POSTHUS_CONTROL", "/run/elsewhere", 1);
	assert_int_equal(run(scene, "look --config $/agent.yaml"), EXIT_FINE);
	assert_string_equal(seen.control, "/run/elsewhere");
	assert_int_equal(run(scene, "look --config $/agent.yaml --control mine"),
			EXIT_FINE);
	assert_string_equal(seen.control, "mine");
	setenv("POSTHUS_CONTROL", "", 1);
	assert_int_equal(run(scene, "look --config $/agent.yaml"), EXIT_FINE);
	assert_below(scene, seen.control, "socket");
}

static void without_a_file_all_is_where_it_always_is(void **state)
{
	struct scene *scene = *state;

	if (access("/etc/posthus/agent.yaml", F_OK) == 0)
		skip();
	assert_int_equal(run(scene, "look"), EXIT_FINE);
	assert_string_equal(seen.data, "/var/lib/posthus");
	assert_string_equal(seen.control, "/var/lib/posthus/control.sock");
	assert_int_equal(seen.state_count, 0);
}

static void a_wrong_file_says_where(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(run(scene, "look --config $/none.yaml"), EXIT_INVALID);
	assert_said(scene, "none.yaml cannot be read: No such file");
	put(scene, "agent.yaml", "data: data\ndatta: x\n", 0644);
	assert_int_equal(run(scene, "look --config $/agent.yaml"), EXIT_INVALID);
	assert_said(scene, "agent.yaml:2:1");
	put(scene, "agent.yaml", "data: [", 0644);
	assert_int_equal(run(scene, "look --config $/agent.yaml"), EXIT_INVALID);
	assert_said(scene, "agent.yaml:1");
	assert_int_equal(run(scene, "look --config $"), EXIT_INVALID);
	assert_said(scene, "cannot be read");
}

/* -- the master key -- */

static enum exit_code key_of(struct scene *scene, const char *words)
{
	seen.ask_key = true;
	assert_int_equal(run(scene, words), EXIT_FINE);
	return seen.key;
}

static void the_key_is_in_the_data_directory(void **state)
{
	struct scene *scene = *state;

	make_key(scene, "master.key");
	assert_int_equal(key_of(scene, "look --data $"), EXIT_FINE);
	assert_said_nothing(scene);
}

static void a_key_that_is_not_there_can_be_made(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(key_of(scene, "look --data $"), EXIT_INVALID);
	assert_said(scene, "/master.key\nhelp: `posthus key init` makes one");
	put(scene, "agent.yaml", "master_key: {host_file: keys/m}\n", 0644);
	assert_int_equal(key_of(scene, "look --config $/agent.yaml"), EXIT_INVALID);
	assert_said(scene, "/keys/m\n");
}

static void a_key_that_others_can_read_is_refused(void **state)
{
	static const mode_t modes[] = { 0640, 0604, 0644, 0660, 0700 };
	struct scene *scene = *state;
	char path[200];

	make_key(scene, "master.key");
	snprintf(path, sizeof(path), "%s/master.key", scene->directory);
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_int_equal(key_of(scene, "look --data $"), EXIT_INVALID);
		assert_said(scene, "help: chmod 600 /tmp/posthus-setting-");
	}
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(key_of(scene, "look --data $"), EXIT_FINE);
}

static void what_is_no_key_is_refused(void **state)
{
	static const char *const texts[] = { "", "hello\n", "posthus-master-1:\n",
		"posthus-master-1:AAAA\n",
		"posthus-master-2:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" };
	struct scene *scene = *state;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		put(scene, "master.key", texts[i], 0600);
		assert_int_equal(key_of(scene, "look --data $"), EXIT_INVALID);
		assert_said(scene,
				"is not a master key\nhelp: it is one line that begins "
				"with posthus-master-1:");
	}
}

static void the_agents_file_names_the_key(void **state)
{
	struct scene *scene = *state;

	make_key(scene, "other.key");
	put(scene, "agent.yaml", "data: data\nmaster_key: {host_file: other.key}\n",
			0644);
	assert_int_equal(key_of(scene, "look --config $/agent.yaml"), EXIT_FINE);
}

static void a_credential_comes_before_the_data_directory(void **state)
{
	struct scene *scene = *state;

	make_key(scene, "posthus-master");
	setenv("CREDENTIALS_DIRECTORY", scene->directory, 1);
	assert_int_equal(key_of(scene, "look --data $/none"), EXIT_FINE);
	put(scene, "posthus-master", "hello\n", 0600);
	assert_int_equal(key_of(scene, "look --data $/none"), EXIT_INVALID);
	assert_said(scene, "posthus-master is not a master key");
}

/* A second key in the data directory would open nothing: `key init` must not be the advice. */
static void a_credential_outside_the_service_is_explained(void **state)
{
	struct scene *scene = *state;
	CLEANUP(freep) char *text = NULL;
	char path[100];
	size_t len;

	put(scene, "agent.yaml", "master_key: {credential: posthus-master}\n", 0644);
	assert_int_equal(key_of(scene, "look --config $/agent.yaml"), EXIT_INVALID);
	snprintf(path, sizeof(path), "%s/.stderr", scene->directory);
	assert_int_equal(os_read_file(os_real(), path, 64 * 1024, &text, &len), 0);
	assert_null(strstr(text, "key init"));
	assert_said(scene, "systemctl start posthus");
}

/* -- the state -- */

static void the_state_is_that_of_the_words_or_of_the_file(void **state)
{
	struct scene *scene = *state;

	put(scene, "one.yaml", "version: 1\n", 0644);
	put(scene, "two.yaml", "version: 1\n", 0644);
	put(scene, "agent.yaml", "state: {path: one.yaml}\n", 0644);
	seen.ask_state = true;
	assert_int_equal(run(scene, "look --config $/agent.yaml"), EXIT_FINE);
	assert_int_equal(seen.collected, EXIT_FINE);
	assert_int_equal(seen.files, 1);
	assert_below(scene, seen.origin, "one.yaml");
	assert_int_equal(run(scene, "look --config $/agent.yaml $/two.yaml"), EXIT_FINE);
	assert_below(scene, seen.origin, "two.yaml");
	assert_int_equal(run(scene, "look --config $/agent.yaml $/."), EXIT_FINE);
	assert_int_equal(seen.files, 3);
	assert_string_equal(seen.origin, scene->directory);
	assert_said_nothing(scene);
}

static void a_state_that_is_not_there_is_said(void **state)
{
	struct scene *scene = *state;

	seen.ask_state = true;
	assert_int_equal(run(scene, "look --data $"), EXIT_FINE);
	assert_int_equal(seen.collected, EXIT_INVALID);
	assert_said(scene, "there is no state to read\nhelp: name its path");
	assert_int_equal(run(scene, "look --data $ $/none"), EXIT_FINE);
	assert_int_equal(seen.collected, EXIT_INVALID);
	assert_said(scene, "/none: No such file");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(paths_of_the_file_are_meant_from_where_it_lies),
		CASE(a_file_in_the_current_folder_needs_no_prefix),
		CASE(absolute_paths_stay),
		CASE(words_override_the_file),
		CASE(the_environment_names_a_socket),
		CASE(without_a_file_all_is_where_it_always_is),
		CASE(a_wrong_file_says_where),
		CASE(the_key_is_in_the_data_directory),
		CASE(a_key_that_is_not_there_can_be_made),
		CASE(a_key_that_others_can_read_is_refused),
		CASE(what_is_no_key_is_refused),
		CASE(the_agents_file_names_the_key),
		CASE(a_credential_comes_before_the_data_directory),
		CASE(a_credential_outside_the_service_is_explained),
		CASE(the_state_is_that_of_the_words_or_of_the_file),
		CASE(a_state_that_is_not_there_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
