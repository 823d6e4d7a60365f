/* Every field of the language with the class of its changes, as risks.txt lists them: a new
 * field must be put there, and a changed class read over by a person. `test_risks --write`
 * writes the list anew. */
#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "schema/table.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	LIST_MAX = 256 * 1024,
};

static bool writes;

static void add_rows(struct arena *arena, struct view prefix, const struct table *table,
		struct buf *out)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct field *field = &table->fields[i];
		const struct table *below = type_table(field->type);
		struct view path = arena_printf(arena, "%.*s%s%s", VIEW_ARG(prefix),
				prefix.len ? "." : "", field->name);

		buf_addf(out, "%.*s: %.*s\n", VIEW_ARG(path),
				VIEW_ARG(risk_describe(arena, field)));
		if (below && below->kind == KIND_NONE)
			add_rows(arena, path, below, out);
	}
}

static void list_all(struct buf *out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	add_rows(arena, VIEW_NULL, &state_table, out);
	for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++)
		add_rows(arena, view_z(kind_name(kind)), table_of_kind(kind), out);
	add_rows(arena, VIEW("agent"), &agent_table, out);
}

static void every_field_has_the_class_that_was_read_over(void **state)
{
	CLEANUP(buf_free) struct buf listed = BUF_NULL(LIST_MAX);
	CLEANUP(freep) char *bytes = NULL;
	size_t len;
	FILE *file;

	(void)state;
	list_all(&listed);
	assert_false(buf_failed(&listed));
	if (writes) {
		file = fopen(RISKS, "w");
		assert_non_null(file);
		fwrite(listed.data, 1, listed.len, file);
		fclose(file);
	}
	assert_int_equal(os_read_file(os_real(), RISKS, LIST_MAX, &bytes, &len), 0);
	if (!view_eq(view_of(bytes, len), buf_view(&listed)))
		fail_msg("the fields and their classes are not those of %s: read over "
			 "what is new, then run this with --write",
				RISKS);
}

static void a_direction_makes_a_difference(void **state)
{
	(void)state;
	for (enum kind kind = KIND_NONE + 1; kind < KINDS; kind++) {
		const struct table *table = table_of_kind(kind);

		for (size_t i = 0; i < table->count; i++)
			if (table->fields[i].toward != TOWARD_ANY)
				assert_int_not_equal(table->fields[i].risk,
						table->fields[i].otherwise);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_has_the_class_that_was_read_over),
		cmocka_unit_test(a_direction_makes_a_difference),
	};

	writes = argc > 1 && strcmp(argv[1], "--write") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
