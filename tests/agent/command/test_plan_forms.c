/* Plans for pipelines: what stands in a state stays in its cell. */
#include "agent/command/plan_forms.h"
#include "tests/lib/test.h"

#include <string.h>

enum {
	MOST = 64 * 1024
};

static json_t *answer_with(const char *after)
{
	return json_pack("{s:i, s:n, s:n, s:[], s:s, s:{s:s, s:s, s:[{s:s, s:s, s:s, "
			 "s:[s], s:s, s:[{s:s, s:s, s:s}], s:{s:s, s:i}}], s:[], s:[], "
			 "s:[]}}",
			"exit", 0, "reason", "message", "diagnostics", "text", "", "plan",
			"summary", "1 change: 1 update", "digest", "b2:00", "changes",
			"action", "update", "kind", "user", "id", "bo", "risks",
			"harmless", "held_reason", "PruneGate", "fields", "path", "name",
			"before", "Bo", "after", after, "place", "file", "a.yaml", "line",
			3, "drift", "retained", "problems");
}

static void a_change_is_a_row(void **state)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(MOST);
	json_t *answer = answer_with("Bob");

	(void)state;
	plan_markdown(answer, &out);
	buf_add_byte(&out, '\0');
	assert_non_null(strstr(out.data, "\n| update | user bo | name: Bo → Bob | "
					 "harmless, held: PruneGate "
					 "| a.yaml:3 |\n"));
	json_decref(answer);
}

static void nothing_leaves_its_cell(void **state)
{
	static const char hostile[] = "x | y\n| z `rm` <img src=x> [a](b) @all #1";
	CLEANUP(buf_free) struct buf out = BUF_NULL(MOST);
	json_t *answer = answer_with(hostile);
	const char *row;

	(void)state;
	plan_markdown(answer, &out);
	buf_add_byte(&out, '\0');
	row = strstr(out.data, "| update");
	assert_non_null(row);
	assert_non_null(strstr(row, "x \\| y \\| z \\`rm\\` &lt;img src=x> "
				    "\\[a\\](b) \\@all \\#1 | harmless"));
	json_decref(answer);
}

static void a_stream_has_an_object_a_line(void **state)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(MOST);
	json_t *answer = answer_with("a\nb");
	struct view rest;
	size_t lines = 0;

	(void)state;
	plan_ndjson(answer, &out);
	rest = buf_view(&out);
	while (rest.len) {
		struct view line = view_cut(&rest, '\n');
		json_t *object = json_loadb(line.data, line.len, 0, NULL);

		assert_string_equal(json_string_value(json_object_get(object, "type")),
				lines ? "summary" : "change");
		json_decref(object);
		lines++;
	}
	assert_int_equal(lines, 2);
	json_decref(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_is_a_row),
		cmocka_unit_test(nothing_leaves_its_cell),
		cmocka_unit_test(a_stream_has_an_object_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
