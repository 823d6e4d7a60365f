#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "schema/printer.h"
#include "tests/lib/test.h"

#include <stdlib.h>

enum {
	TEXT_MAX = 4 * 1024 * 1024
};

/* docs/reference/state.md is what `posthus schema --markdown` prints. */
static void the_reference_is_up_to_date(void **state)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);
	CLEANUP(freep) char *written = NULL;
	size_t len;

	(void)state;
	printer_markdown(&text);
	assert_int_equal(os_read_file(os_real(), REFERENCE, TEXT_MAX, &written, &len), 0);
	if (!view_eq(buf_view(&text), view_of(written, len)))
		fail_msg("run: build/posthus schema --markdown > "
			 "docs/reference/state.md");
}

/* The schemas in docs/reference are what `posthus schema` prints. */
static void the_schemas_are_up_to_date(void **state)
{
	static const struct {
		const struct table *root;
		const char *path, *command;
	} files[] = {
		{ &state_table, SCHEMAS "/state.schema.json",
				"posthus schema > docs/reference/state.schema.json" },
		{ &agent_table, SCHEMAS "/agent.schema.json",
				"posthus schema --agent > "
				"docs/reference/agent.schema.json" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		CLEANUP(freep) char *written = NULL;
		json_t *now = printer_json_schema(files[i].root), *kept;
		size_t len;

		assert_int_equal(os_read_file(os_real(), files[i].path, TEXT_MAX,
						 &written, &len),
				0);
		kept = json_loadb(written, len, JSON_REJECT_DUPLICATES, NULL);
		if (!json_equal(now, kept))
			fail_msg("run: build/%s", files[i].command);
		json_decref(now);
		json_decref(kept);
	}
}

static void explain_finds_fields_by_kind_section_and_path(void **state)
{
	static const char *const paths[] = { "user.quota", "users.quota",
		"$.users[anna@a.example].quota", "host.listen.smtp", "policy.interval",
		"agent.allow.host_files", "group.quota", "certs.files.key.host_file",
		"user", "agent", "" };
	const char *near;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);

		assert_int_equal(printer_explain(view_z(paths[i]), &text, &near),
				EXPLAIN_OK);
		assert_true(text.len > 40);
	}
}

static void explain_says_what_may_be_meant(void **state)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);
	const char *near;

	(void)state;
	assert_int_equal(printer_explain(VIEW("user.qouta"), &text, &near),
			EXPLAIN_E_UNKNOWN);
	assert_string_equal(near, "quota");
	assert_int_equal(printer_explain(VIEW("usr"), &text, &near), EXPLAIN_E_UNKNOWN);
	assert_string_equal(near, "user");
	assert_int_equal(printer_explain(VIEW("user..quota"), &text, &near),
			EXPLAIN_E_UNKNOWN);
	assert_int_equal(printer_explain(VIEW("[[["), &text, &near), EXPLAIN_E_UNKNOWN);
}

/* Every $ref leads to a definition, and every section is there. */
static void check_references(const json_t *node, const json_t *definitions)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_array(node))
		json_array_foreach (node, i, value)
			check_references(value, definitions);
	json_object_foreach ((json_t *)node, key, value) {
		if (strcmp(key, "$ref") == 0)
			assert_non_null(json_object_get(definitions,
					json_string_value(value) +
							strlen("#/definitions/")));
		check_references(value, definitions);
	}
}

static void the_json_schema_holds_together(void **state)
{
	json_t *schema = printer_json_schema(&state_table);
	json_t *properties = json_object_get(schema, "properties");

	(void)state;
	assert_int_equal(json_object_size(properties), state_table.count);
	check_references(schema, json_object_get(schema, "definitions"));
	json_decref(schema);
	schema = printer_json_schema(&agent_table);
	assert_non_null(json_object_get(json_object_get(schema, "properties"), "watch"));
	json_decref(schema);
}

static void every_row_of_the_table_is_whole(void **state)
{
	(void)state;
	for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++) {
		const struct table *table = table_of_kind(kind);

		assert_int_equal(table->kind, kind);
		assert_non_null(table_section(kind));
		for (size_t i = 0; i < table->count; i++) {
			assert_non_null(table->fields[i].help);
			assert_ptr_equal(
					table_field(table, view_z(table->fields[i].name)),
					&table->fields[i]);
		}
	}
	assert_int_equal(table_risk(KIND_USER, VIEW("quota")), RISK_DATA);
	assert_int_equal(table_owner(KIND_USER, VIEW("name")), OWNER_INITIAL);
	assert_int_equal(kind_of(VIEW("dns-provider")), KIND_DNS_PROVIDER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reference_is_up_to_date),
		cmocka_unit_test(the_schemas_are_up_to_date),
		cmocka_unit_test(explain_finds_fields_by_kind_section_and_path),
		cmocka_unit_test(explain_says_what_may_be_meant),
		cmocka_unit_test(the_json_schema_holds_together),
		cmocka_unit_test(every_row_of_the_table_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
