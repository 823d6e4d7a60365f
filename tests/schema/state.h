/* A state from text or from tests/schema/good/, for tests that look at what is made of it.
 */
#ifndef TESTS_SCHEMA_STATE_H
#define TESTS_SCHEMA_STATE_H

#include "schema/checker.h"
#include "schema/collect.h"
#include "tests/lib/test.h"

#include <stdio.h>

/* Checks a text that outlives the result. */
static inline void check_text(const char *text, struct checked *out)
{
	const struct source_file file = { VIEW("state.yaml"), view_z(text) };
	int r = checker_check(&file, 1, NULL, out);

	(void)r; /* out->desired says it */
}

/* Prints what is wrong and fails where anything is. */
static inline void assert_valid(const struct checked *checked)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(1 << 20);

	diagnostics_print(&checked->diagnostics, &text);
	if (!checked->desired)
		fail_msg("%.*s", VIEW_ARG(buf_view(&text)));
}

static inline void check_good(struct arena *arena, const char *path, struct checked *out)
{
	struct collection files;

	assert_int_equal(collect_files(arena, &path, 1, &files), COLLECT_OK);
	(void)!checker_check(files.files, files.count, NULL, out);
	assert_valid(out);
}

#endif
