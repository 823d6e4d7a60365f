/* What `posthus get` prints, word for word. */
#include "agent/control/objects_text.h"
#include "runtime/base/buf.h"
#include "tests/lib/test.h"

#define ANNA(more)                                                                       \
	"{\"kind\": \"user\", \"id\": \"anna\", \"key\": \"anna@a.example\","            \
	" \"uid\": \"00ff\", \"generation\": 3, \"state\": \"active\","                  \
	" \"conditions\": [{\"type\": \"Ready\", \"status\": \"True\","                  \
	" \"reason\": \"Applied\", \"message\": \"\"}],"                                 \
	" \"provenance\": {\"file\": \"state.yaml\", \"line\": 7, \"column\": 3}" more   \
	"}"

#define BO                                                                               \
	"{\"kind\": \"user\", \"id\": \"bo\", \"key\": \"bo@a.example\","                \
	" \"state\": \"disabled\","                                                      \
	" \"conditions\": [{\"type\": \"Ready\", \"status\": \"False\","                 \
	" \"reason\": \"Disabled\"}]}"

static void assert_prints(const char *list, const char *text)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(64 * 1024);
	json_t *json = json_loads(list, 0, NULL);

	assert_non_null(json);
	objects_print(json, &out);
	json_decref(json);
	assert_view(buf_view(&out), text);
}

static void many_are_a_line_each(void **state)
{
	(void)state;
	assert_prints("{\"items\": [" ANNA("") "," BO "]}",
			"user/anna                     anna@a.example                  "
			"active  "
			"  Ready\n"
			"user/bo                       bo@a.example                    "
			"disabled"
			"  Disabled\n");
}

static void one_is_shown_whole(void **state)
{
	(void)state;
	assert_prints("{\"items\": [" ANNA(", \"spec\": {\"quota\": 10, \"addresses\": "
					   "[\"a@b\"]}") "]}",
			"user/anna                     anna@a.example                  "
			"active  "
			"  Ready\n"
			"  uid                     00ff\n"
			"  declared                state.yaml:7:3\n"
			"  Ready                   True   Applied\n"
			"\n"
			"  quota                   10\n"
			"  addresses               [\"a@b\"]\n");
}

static void an_origin_names_the_line_of_each_field(void **state)
{
	(void)state;
	assert_prints("{\"items\": [" ANNA(
				      ", \"origin\": [{\"path\": \"quota\", \"value\": "
				      "\"10GiB\","
				      " \"origin\": \"default\"}, {\"path\": \"roles\","
				      " \"value\": \"[admin]\", \"origin\": \"set\","
				      " \"file\": \"state.yaml\", \"line\": 8, "
				      "\"column\": 5}]") "]}",
			"user/anna                     anna@a.example                  "
			"active  "
			"  Ready\n"
			"  uid                     00ff\n"
			"  declared                state.yaml:7:3\n"
			"  Ready                   True   Applied\n"
			"\n"
			"  quota                   10GiB                           "
			"default\n"
			"  roles                   [admin]                         set   "
			"    "
			"state.yaml:8:5\n");
}

static void no_object_is_said(void **state)
{
	(void)state;
	assert_prints("{\"items\": []}", "none\n");
}

static void what_is_missing_is_left_empty(void **state)
{
	(void)state;
	assert_prints("{\"items\": [{}, {\"kind\": \"user\", \"id\": \"x\"}]}",
			"/                                                             "
			"          Unknown\n"
			"user/x                                                        "
			"          Unknown\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_are_a_line_each),
		cmocka_unit_test(one_is_shown_whole),
		cmocka_unit_test(an_origin_names_the_line_of_each_field),
		cmocka_unit_test(no_object_is_said),
		cmocka_unit_test(what_is_missing_is_left_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
