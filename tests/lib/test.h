/* What every unit test begins with: cmocka and its requisites, assertions kept on. */
#ifndef TESTS_LIB_TEST_H
#define TESTS_LIB_TEST_H

#undef NDEBUG
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/base/view.h"

/* The view holds exactly this text; both are printed where it does not. */
#define assert_view(actual, text)                                                        \
	do {                                                                             \
		struct view actual_ = (actual);                                          \
		const char *text_ = (text);                                              \
		if (!view_eq(actual_, view_z(text_)))                                    \
			fail_msg("got \"%.*s\", not \"%s\"", VIEW_ARG(actual_), text_);  \
	} while (0)

#endif
