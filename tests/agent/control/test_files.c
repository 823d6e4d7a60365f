#include "agent/control/files.h"
#include "runtime/base/error.h"
#include "schema/source.h"
#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>

/* As they travel: packed, printed, read, unpacked. */
static int travel(struct arena *arena, const struct source_file *files, size_t count,
		struct agent_source *out)
{
	json_t *packed = files_pack(files, count, VIEW("/etc/posthus/state"));
	CLEANUP(freep) char *text = json_dumps(packed, JSON_COMPACT);
	json_t *read = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	struct agent_source there;
	struct source_file *kept;
	int r = files_unpack(arena, read, &there);

	json_decref(packed);
	if (r) {
		json_decref(read);
		return r;
	}
	kept = arena_array(arena, there.count, sizeof(*kept));
	for (size_t i = 0; i < there.count; i++)
		kept[i] = (struct source_file){ arena_copy(arena, there.files[i].path),
			arena_copy(arena, there.files[i].bytes) };
	*out = (struct agent_source){ kept, there.count,
		arena_copy(arena, there.origin) };
	json_decref(read);
	return 0;
}

static void files_arrive_as_they_were(void **state)
{
	const struct source_file files[] = {
		{ VIEW("a.yaml"), VIEW("version: 1\n") },
		{ VIEW("users/b.yaml"), VIEW("# caf\xc3\xa9 \xf0\x9f\x93\xae\n") },
		{ VIEW("c.yaml"), VIEW("") },
		{ VIEW("d.yaml"), VIEW_NULL },
		{ VIEW("nul.yaml"), VIEW("a\0b") },
		{ VIEW("latin.yaml"), VIEW("caf\xe9\n") },
		{ VIEW("cut.yaml"), VIEW("\xe2\x82") },
		{ VIEW("high.yaml"), VIEW("\xff\0\xfe") },
	};
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct agent_source source;

	(void)state;
	assert_int_equal(travel(arena, files, ARRAY_LEN(files), &source), 0);
	assert_int_equal(source.count, ARRAY_LEN(files));
	assert_view(source.origin, "/etc/posthus/state");
	for (size_t i = 0; i < source.count; i++) {
		assert_true(view_eq(source.files[i].path, files[i].path));
		assert_true(view_eq(source.files[i].bytes, files[i].bytes));
	}
	assert_int_equal(travel(arena, NULL, 0, &source), 0);
	assert_int_equal(source.count, 0);
}

/* Each length of base64's last group, with bytes that are no UTF-8. */
static void every_length_of_base64_arrives(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	char bytes[64];

	(void)state;
	memset(bytes, 0x80, sizeof(bytes));
	for (size_t len = 1; len < sizeof(bytes); len++) {
		const struct source_file file = { VIEW("a"), view_of(bytes, len) };
		struct agent_source source = { 0 };

		assert_int_equal(travel(arena, &file, 1, &source), 0);
		assert_true(view_eq(source.files[0].bytes, file.bytes));
	}
}

static void text_goes_as_text_and_other_bytes_as_base64(void **state)
{
	const struct source_file files[] = {
		{ VIEW("a"), VIEW("\xc3\xa9") },
		{ VIEW("b"), VIEW("\xe9") },
	};
	json_t *body = files_pack(files, 2, VIEW("here"));
	const json_t *list = json_object_get(body, "files");

	(void)state;
	assert_string_equal(json_string_value(json_object_get(
					    json_array_get(list, 0), "text")),
			"\xc3\xa9");
	assert_null(json_object_get(json_array_get(list, 0), "base64"));
	assert_string_equal(json_string_value(json_object_get(
					    json_array_get(list, 1), "base64")),
			"6Q==");
	assert_null(json_object_get(json_array_get(list, 1), "text"));
	json_decref(body);
}

static void names_that_are_no_utf8_are_repaired(void **state)
{
	const struct source_file file = { VIEW("caf\xe9.yaml"), VIEW("version: 1\n") };
	json_t *body = files_pack(&file, 1, VIEW("/etc/\xe9"));
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct agent_source source;

	(void)state;
	assert_int_equal(files_unpack(arena, body, &source), 0);
	assert_view(source.files[0].path, "caf\xef\xbf\xbd.yaml");
	assert_view(source.origin, "/etc/\xef\xbf\xbd");
	json_decref(body);
}

static void other_shapes_are_refused(void **state)
{
	static const char *const table[] = {
		"{}",
		"[]",
		"{\"files\": []}",
		"{\"origin\": \"a\"}",
		"{\"files\": null, \"origin\": \"a\"}",
		"{\"files\": {}, \"origin\": \"a\"}",
		"{\"files\": [], \"origin\": 1}",
		"{\"files\": [[]], \"origin\": \"a\"}",
		"{\"files\": [\"a\"], \"origin\": \"a\"}",
		"{\"files\": [{}], \"origin\": \"a\"}",
		"{\"files\": [{\"path\": \"a\"}], \"origin\": \"a\"}",
		"{\"files\": [{\"text\": \"a\"}], \"origin\": \"a\"}",
		"{\"files\": [{\"path\": 1, \"text\": \"a\"}], \"origin\": \"a\"}",
		"{\"files\": [{\"path\": \"a\", \"text\": 1}], \"origin\": \"a\"}",
		"{\"files\": [{\"path\": \"a\", \"text\": \"\", \"base64\": \"\"}], "
		"\"origin\": \"a\"}",
		"{\"files\": [{\"path\": \"a\", \"base64\": \"6Q=\"}], \"origin\": "
		"\"a\"}",
		"{\"files\": [{\"path\": \"a\", \"base64\": \"6Q==6Q==\"}], \"origin\": "
		"\"a\"}",
		"{\"files\": [{\"path\": \"a\", \"base64\": \"!!!!\"}], \"origin\": "
		"\"a\"}",
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new();
		json_t *body = json_loads(table[i], 0, NULL);
		struct agent_source source;

		assert_non_null(body);
		if (files_unpack(arena, body, &source) != FILES_E_SHAPE)
			fail_msg("taken: %s", table[i]);
		json_decref(body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_arrive_as_they_were),
		cmocka_unit_test(every_length_of_base64_arrives),
		cmocka_unit_test(text_goes_as_text_and_other_bytes_as_base64),
		cmocka_unit_test(names_that_are_no_utf8_are_repaired),
		cmocka_unit_test(other_shapes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
