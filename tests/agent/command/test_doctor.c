/* What `posthus doctor` says of a data directory and of an agent's answers. */
#include "agent/command/findings.h"
#include "agent/database/data_directory.h"
#include "runtime/base/error.h"
#include "runtime/crypto/master_key.h"
#include "tests/lib/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct scene {
	struct setting setting;
	struct findings findings;
	char folder[64];
};

static const char *in_folder(struct scene *scene, const char *name)
{
	return arena_printf(scene->setting.arena, "%s/%s", scene->folder, name).data;
}

static int set_scene(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct arena *arena = arena_new();

	strcpy(scene->folder, "/tmp/posthus-doctor-XXXXXX");
	assert_non_null(mkdtemp(scene->folder));
	scene->setting.arena = arena;
	scene->setting.data = in_folder(scene, "data");
	scene->setting.control = in_folder(scene, "control.sock");
	scene->setting.file.master_key_kind = MASTER_KEY_HOST_FILE;
	scene->setting.file.master_key = view_z(in_folder(scene, "master.key"));
	assert_int_equal(mkdir(scene->setting.data, 0700), 0);
	assert_int_equal(master_key_make(in_folder(scene, "master.key"), NULL), 0);
	*state = scene;
	return 0;
}

static int strike_scene(void **state)
{
	struct scene *scene = *state;
	CLEANUP(freep) char *command = NULL;

	assert_true(asprintf(&command, "rm -rf '%s'", scene->folder) > 0);
	assert_int_equal(system(command), 0);
	json_decref(scene->findings.items);
	setting_deinit(&scene->setting);
	free(scene);
	return 0;
}

static void look(struct scene *scene, bool mend)
{
	json_decref(scene->findings.items);
	scene->findings = (struct findings){ .items = json_array(), .mend = mend };
	(void)doctor_look_at_data(&scene->findings, &scene->setting);
}

/* The verdict on `what`: the worst one, where there are several. */
static const char *verdict(const struct scene *scene, const char *what)
{
	const char *worst = "none";
	const json_t *item;
	size_t i;

	json_array_foreach (scene->findings.items, i, item) {
		const char *word = json_string_value(json_object_get(item, "verdict"));

		if (strcmp(json_string_value(json_object_get(item, "what")), what) != 0)
			continue;
		if (strcmp(word, "ok") != 0) /* what is wrong says what to do */
			assert_true(json_string_length(json_object_get(item, "help")) >
					0);
		if (strcmp(worst, "FAIL") != 0 && strcmp(word, "ok") != 0)
			worst = word;
		else if (strcmp(worst, "none") == 0)
			worst = word;
	}
	return worst;
}

static void a_good_directory_is_good(void **state)
{
	static const char *const all[] = { "data directory", "owner", "files",
		"master key", "time" };
	struct scene *scene = *state;

	look(scene, false);
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		assert_string_equal(verdict(scene, all[i]), "ok");
	assert_string_equal(verdict(scene, "lock"), "warn");
	assert_int_equal(scene->findings.fails, 0);
}

static void the_lock_is_asked_and_not_taken(void **state)
{
	struct scene *scene = *state;
	int fd;

	assert_int_equal(data_directory_lock(scene->setting.data, &fd), 0);
	look(scene, false);
	assert_string_equal(verdict(scene, "lock"), "ok");
	close(fd);
	look(scene, false);
	assert_string_equal(verdict(scene, "lock"), "warn");
	assert_int_equal(data_directory_lock(scene->setting.data, &fd), 0);
	close(fd);
}

static void modes_are_seen_and_mended_when_asked(void **state)
{
	struct scene *scene = *state;
	const char *data = scene->setting.data;
	const char *key = in_folder(scene, "master.key");
	const char *file = in_folder(scene, "data/control.db");
	const char *other = in_folder(scene, "other");
	struct stat st;

	close(open(file, O_CREAT | O_WRONLY, 0600));
	close(open(other, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(chmod(other, 0644), 0);
	assert_int_equal(symlink(other, in_folder(scene, "data/link")), 0);
	assert_int_equal(chmod(data, 0755), 0);
	assert_int_equal(chmod(key, 0640), 0);
	assert_int_equal(chmod(file, 0666), 0);
	look(scene, false);
	assert_string_equal(verdict(scene, "data directory"), "FAIL");
	assert_string_equal(verdict(scene, "master key"), "FAIL");
	assert_string_equal(verdict(scene, "files"), "warn");
	assert_int_equal(scene->findings.fails, 2);
	assert_int_equal(stat(data, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	look(scene, true);
	assert_int_equal(scene->findings.fails, 0);
	assert_int_equal(stat(data, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(other, &st), 0); /* no link is followed */
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void a_missing_directory_is_made_when_asked(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(rmdir(scene->setting.data), 0);
	look(scene, false);
	assert_string_equal(verdict(scene, "data directory"), "FAIL");
	assert_int_equal(access(scene->setting.data, F_OK), -1);
	look(scene, true);
	assert_string_equal(verdict(scene, "data directory"), "ok");
	assert_int_equal(access(scene->setting.data, F_OK), 0);
}

static void a_key_that_is_none_or_missing_fails(void **state)
{
	struct scene *scene = *state;
	const char *key = in_folder(scene, "master.key");

	assert_int_equal(truncate(key, 10), 0);
	look(scene, true);
	assert_string_equal(verdict(scene, "master key"), "FAIL");
	assert_int_equal(unlink(key), 0);
	look(scene, true);
	assert_string_equal(verdict(scene, "master key"), "FAIL");
}

static void a_clock_behind_the_last_write_fails(void **state)
{
	struct scene *scene = *state;
	const char *file = in_folder(scene, "data/control.db");
	const struct timespec ahead[] = { { .tv_sec = time(NULL) + 3600 },
		{ .tv_sec = time(NULL) + 3600 } };

	close(open(file, O_CREAT | O_WRONLY, 0600));
	look(scene, false);
	assert_string_equal(verdict(scene, "time"), "ok");
	assert_int_equal(utimensat(AT_FDCWD, file, ahead, 0), 0);
	look(scene, false);
	assert_string_equal(verdict(scene, "time"), "FAIL");
}

/* -- what an agent says -- */

static void look_at_status(struct scene *scene, const char *text)
{
	json_t *status = json_loads(text, 0, NULL);

	assert_non_null(status);
	json_decref(scene->findings.items);
	scene->findings = (struct findings){ .items = json_array() };
	doctor_look_at_status(&scene->findings, status);
	json_decref(status);
}

#define RUNTIME(accepting, damaged, quarantined)                                         \
	"\"runtime\": {\"listeners\": [], \"accepting\": " accepting                     \
	", \"damaged\": " damaged ", \"quarantined\": " quarantined "}"
#define WELL     "\"generation\": 1, \"ready\": true, \"objects\": [], "
#define CONFINED "\"sandbox\": {\"level\": \"landlock and seccomp\", \"without\": null}, "

static void each_trouble_of_an_agent_is_found(void **state)
{
	/* clang-format off */
	static const struct { const char *status, *what, *verdict; size_t fails; } table[] = {
		{ "{" WELL CONFINED RUNTIME("true", "0", "0") "}",  "state",     "ok",   0 },
		{ "{" WELL CONFINED RUNTIME("true", "0", "0") "}",  "sandbox",   "ok",   0 },
		{ "{" WELL CONFINED RUNTIME("true", "0", "0") "}",  "ports",     "warn", 0 },
		{ "{" WELL CONFINED RUNTIME("false", "0", "0") "}", "accepting", "FAIL", 1 },
		{ "{" WELL CONFINED RUNTIME("true", "2", "0") "}",  "intake",    "FAIL", 1 },
		{ "{" WELL CONFINED RUNTIME("true", "0", "3") "}",  "accounts",  "FAIL", 1 },
		{ "{\"generation\": 0, " CONFINED RUNTIME("true", "0", "0") "}",
		                                                    "state",     "warn", 0 },
		{ "{\"generation\": 1, \"ready\": false, " CONFINED RUNTIME("true", "0", "0") "}",
		                                                    "state",     "FAIL", 1 },
		{ "{" WELL CONFINED "\"keys\": {\"locked\": true, \"bytes\": 4096}, "
		  RUNTIME("true", "0", "0") "}",                    "keys",      "ok",   0 },
		{ "{" WELL CONFINED "\"keys\": {\"locked\": false, \"bytes\": 4096}, "
		  RUNTIME("true", "0", "0") "}",                    "keys",      "warn", 0 },
		{ "{" WELL "\"sandbox\": null, " RUNTIME("true", "0", "0") "}",
		                                                    "sandbox",   "warn", 0 },
		{ "{" WELL "\"sandbox\": {\"level\": \"seccomp\", \"without\": \"no Landlock\"}, "
		  RUNTIME("true", "0", "0") "}",                    "sandbox",   "warn", 0 },
	};
	/* clang-format on */
	struct scene *scene = *state;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		look_at_status(scene, table[i].status);
		assert_string_equal(verdict(scene, table[i].what), table[i].verdict);
		assert_int_equal(scene->findings.fails, table[i].fails);
	}
}

static void certificates_are_counted_in_days(void **state)
{
	static const struct {
		int days;
		const char *verdict;
	} table[] = { { -1, "FAIL" }, { 0, "warn" }, { 13, "warn" }, { 14, "ok" } };
	struct scene *scene = *state;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		char text[512];

		snprintf(text, sizeof(text),
				"{" WELL CONFINED RUNTIME("true", "0",
						"0") ", "
						     "\"certificates\": [{\"name\": "
						     "\"mail\", \"not_after\": "
						     "\"2026-01-01T00:00:00Z\", "
						     "\"days_left\": %d}]}",
				table[i].days);
		look_at_status(scene, text);
		assert_string_equal(verdict(scene, "certificate"), table[i].verdict);
	}
}

static void an_audit_that_does_not_hold_fails(void **state)
{
	struct scene *scene = *state;
	json_t *broken = json_pack("{s:b, s:i}", "whole", 0, "rows", 3);

	scene->findings.items = json_array();
	doctor_look_at_audit(&scene->findings, broken);
	assert_string_equal(verdict(scene, "audit"), "FAIL");
	json_decref(broken);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_scene, strike_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_good_directory_is_good),
		CASE(the_lock_is_asked_and_not_taken),
		CASE(modes_are_seen_and_mended_when_asked),
		CASE(a_missing_directory_is_made_when_asked),
		CASE(a_key_that_is_none_or_missing_fails),
		CASE(a_clock_behind_the_last_write_fails),
		CASE(each_trouble_of_an_agent_is_found),
		CASE(certificates_are_counted_in_days),
		CASE(an_audit_that_does_not_hold_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
