#include "tests/agent/house.h"

#include "runtime/base/error.h"
#include "runtime/crypto/digest.h"
#include "runtime/crypto/random.h"
#include "schema/source.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static nstime standing_now(void *state)
{
	return ((struct house *)state)->now * NS_PER_S;
}

static walltime standing_wall(void *state)
{
	return ((struct house *)state)->now;
}

void house_open(struct house *house)
{
	const struct agent_options options = {
		.data = house->directory,
		.broker = house->broker,
		.os = &house->os,
		.file = house->file,
	};

	assert_int_equal(agent_open(&options, &house->agent), 0);
	agent_attach(house->agent, &house->runtime);
}

void house_close(struct house *house)
{
	agent_close(house->agent);
	house->agent = NULL;
	fake_runtime_deinit(&house->runtime);
}

void house_restart(struct house *house, struct agent_result *out)
{
	house_close(house);
	house_open(house);
	assert_int_equal(agent_reconcile(house->agent, RECONCILE_START, out), 0);
}

int house_setup(void **state)
{
	struct house *house = xcalloc(1, sizeof(*house));
	char bytes[32];
	struct secret master;

	random_bytes(bytes, sizeof(bytes));
	master = secret_copy(view_of(bytes, sizeof(bytes)));
	snprintf(house->directory, sizeof(house->directory), "/tmp/posthus-agent-XXXXXX");
	assert_non_null(mkdtemp(house->directory));
	assert_int_equal(broker_start(&master, &house->broker), 0);
	house->os = *os_real();
	house->os.state = house;
	house->os.now = standing_now;
	house->os.wall = standing_wall;
	house->now = HOUSE_BEGIN;
	house->runtime = FAKE_RUNTIME_NEW;
	house_open(house);
	*state = house;
	return 0;
}

int house_teardown(void **state)
{
	struct house *house = *state;
	char command[128];

	house_close(house);
	broker_stop(house->broker);
	snprintf(command, sizeof(command), "rm -rf %s", house->directory);
	assert_int_equal(system(command), 0);
	free(house);
	return 0;
}

static struct agent_source source_of(const struct source_file *file)
{
	return (struct agent_source){ .files = file, .count = 1, .origin = VIEW("test") };
}

void house_plan(struct house *house, struct view state, struct agent_result *out)
{
	const struct source_file file = { VIEW("state.yaml"), state };
	const struct agent_source source = source_of(&file);

	assert_int_equal(agent_plan(house->agent, &source, out), 0);
}

void house_apply_approved(struct house *house, struct view state, struct view approve,
		struct agent_result *out)
{
	const struct source_file file = { VIEW("state.yaml"), state };
	const struct agent_source source = source_of(&file);
	const struct agent_apply_options options = {
		.actor = VIEW("test"),
		.approve = approve,
	};

	assert_int_equal(agent_apply(house->agent, &source, &options, out), 0);
}

void house_apply(struct house *house, struct view state, struct agent_result *out)
{
	house_apply_approved(house, state, VIEW_NULL, out);
}

void house_must_apply(struct house *house, struct view state)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	CLEANUP(buf_free) struct buf text = BUF_NULL(HOUSE_TEXT);

	house_apply(house, state, &result);
	house_print(&result, &text);
	if (result.code != EXIT_FINE)
		fail_msg("not applied:\n%.*s", VIEW_ARG(buf_view(&text)));
}

void house_state(struct buf *out, const char *sections)
{
	buf_addf(out,
			"version: 1\n"
			"hosts:\n"
			"  mail:\n"
			"    name: mail.a.example\n"
			"%s",
			sections);
}

void house_print(const struct agent_result *result, struct buf *out)
{
	agent_result_print(result, out);
	assert_false(buf_failed(out));
}

json_t *house_get(struct house *house, const char *name)
{
	json_t *root, *item;

	assert_int_equal(agent_get(house->agent, view_z(name), false, &root), 0);
	item = json_incref(json_array_get(json_object_get(root, "items"), 0));
	json_decref(root);
	return item;
}

struct view house_uid(struct house *house, const char *name, struct arena *arena)
{
	json_t *item = house_get(house, name);
	struct view uid = arena_copy(
			arena, view_z(json_string_value(json_object_get(item, "uid"))));

	json_decref(item);
	return uid;
}

int house_resolve(struct house *house, const char *address, struct view *address_out)
{
	struct resolution r = { 0 };
	int outcome = configuration_resolve(
			house->runtime.configuration, view_z(address), &r);

	if (address_out && r.count)
		*address_out = r.accounts[0].account->address;
	resolution_free(&r);
	return outcome;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void digest_file(struct digest *d, const char *path)
{
	char *bytes;
	size_t len;

	assert_int_equal(
			os_read_file(os_real(), path, 64 * 1024 * 1024, &bytes, &len), 0);
	digest_add(d, view_z(path));
	digest_add(d, view_of(bytes, len));
	free(bytes);
}

void house_digest(const struct house *house, unsigned char out[32])
{
	struct dirent **names;
	int count = scandir(house->directory, &names, NULL, by_name);
	struct digest d;

	digest_init(&d);
	for (int i = 0; i < count; i++) {
		char path[512];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", house->directory, names[i]->d_name);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
			digest_file(&d, path);
		free(names[i]);
	}
	free(names);
	digest_final(&d, out);
}
