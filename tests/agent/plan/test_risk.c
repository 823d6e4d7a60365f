/* Which way a change of a value goes, and of which class it is then. */
#include "agent/plan/risk.h"
#include "tests/lib/test.h"

struct case_of_risk {
	const struct driver *driver;
	const char *path, *before, *after; /* JSON; NULL: not said */
	unsigned risks;
};

#define HARMLESS (1u << RISK_HARMLESS)
#define SERVICE  (1u << RISK_SERVICE)
#define EXPOSING (1u << RISK_EXPOSING)
#define DATA     (1u << RISK_DATA)
#define POLICY   (1u << RISK_POLICY)

/* clang-format off */
static const struct case_of_risk cases[] = {
	/* a rule that is loosened, and one that is not */
	{ &driver_policy, "gates.users.percent",    "10",      "20",      POLICY },
	{ &driver_policy, "gates.users.percent",    "20",      "10",      HARMLESS },
	{ &driver_policy, "gates.users.percent",    NULL,      "20",      POLICY },
	{ &driver_policy, "gates.users.percent",    "20",      NULL,      HARMLESS },
	{ &driver_policy, "gates.users.percent",    "10",      NULL,      HARMLESS },
	{ &driver_policy, "gates.other.at_least",   NULL,      "6",       POLICY },
	{ &driver_policy, "retain",                 "\"90d\"", "\"30d\"", POLICY },
	{ &driver_policy, "retain",                 NULL,      "\"29d\"", POLICY },
	{ &driver_policy, "retain",                 NULL,      "\"31d\"", HARMLESS },
	{ &driver_policy, "interval",               "\"5m\"",  "\"1h\"",  POLICY },
	{ &driver_policy, "approvals.exposing",     "2",       "1",       POLICY },
	{ &driver_policy, "approvals.exposing",     "2",       NULL,      POLICY },
	{ &driver_policy, "approvals.exposing",     "1",       "2",       HARMLESS },
	{ &driver_policy, "cooldown.policy",        "\"2h\"",  "\"1h\"",  POLICY },
	{ &driver_policy, "cooldown.policy",        "\"1h\"",  "\"2h\"",  HARMLESS },
	{ &driver_policy, "protect",                "[\"user/a\"]", "[\"user/a\",\"user/b\"]", HARMLESS },
	{ &driver_policy, "protect",                "[\"user/a\",\"user/b\"]", "[\"user/b\"]", POLICY },
	{ &driver_policy, "protect",                "[\"user/a\"]", NULL, POLICY },
	{ &driver_policy, "protect",                "[\"user/a\"]", "[\"user/b\"]", POLICY | HARMLESS },
	{ &driver_policy, "tell_users",             NULL,      "[\"access\"]", POLICY },
	{ &driver_policy, "tell_users",             "[\"access\"]", NULL, HARMLESS },
	{ &driver_policy, "drift",                  "\"correct\"", "\"report\"", POLICY },
	{ &driver_policy, "drift",                  NULL,      "\"adopt\"", POLICY },
	{ &driver_policy, "drift.user",             "\"report\"", "\"correct\"", HARMLESS },
	{ &driver_policy, "user_forward",           "\"deny\"", "\"internal\"", POLICY },
	{ &driver_policy, "user_forward",           NULL,      "\"deny\"", SERVICE },
	{ &driver_user,   "send_limit",             "\"300/d\"", "\"301/d\"", POLICY },
	{ &driver_user,   "send_limit",             "\"300/d\"", "\"20/h\"",  POLICY },
	{ &driver_user,   "send_limit",             "\"20/h\"",  "\"300/d\"", POLICY },
	{ &driver_user,   "send_limit",             "\"300/d\"", "\"10/h\"",  SERVICE },
	{ &driver_user,   "send_limit",             NULL,        "\"10/h\"",  SERVICE },
	{ &driver_host,   "limits.message_size",    NULL,      "\"20MiB\"", SERVICE },
	{ &driver_host,   "limits.message_size",    "\"20MiB\"", NULL,      POLICY },
	{ &driver_host,   "proxy",                  NULL,      "[\"192.0.2.1\"]", POLICY },
	/* what others come to see, and what they do not see any more */
	{ &driver_user,   "roles",                  NULL,      "[\"admin\"]", EXPOSING },
	{ &driver_user,   "roles",                  "[\"admin\"]", "[]",  SERVICE },
	{ &driver_group,  "members",                "[\"user/a\"]", "[\"user/a\",\"user/b\"]", EXPOSING },
	{ &driver_alias,  "to",                     "[\"user/a\"]", "[\"user/b\"]", EXPOSING | SERVICE },
	{ &driver_shared, "members.group/sales",    NULL,      "\"read\"", EXPOSING },
	{ &driver_shared, "members.group/sales",    "\"read\"", "\"manage\"", EXPOSING },
	{ &driver_shared, "members.group/sales",    "\"write\"", "\"read\"", DATA },
	{ &driver_shared, "members.bo@a.example",   "\"write\"", NULL,     DATA },
	{ &driver_shared, "send_as",                "\"none\"", NULL,      EXPOSING },
	{ &driver_service, "from",                  "[\"192.0.2.0/24\"]", NULL, EXPOSING },
	{ &driver_service, "from",                  NULL, "[\"192.0.2.0/24\"]", SERVICE },
	{ &driver_user,   "password",               NULL, "{\"hash\":\"b2:00\"}", EXPOSING },
	/* what may hide or expunge mail */
	{ &driver_user,   "quota",                  "\"9GiB\"", "\"5GiB\"", DATA },
	{ &driver_user,   "quota",                  "\"9GiB\"", NULL,       HARMLESS },
};
/* clang-format on */

static json_t *parse(const char *text)
{
	return text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
}

static void a_change_has_the_class_of_its_direction(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *before = parse(cases[i].before), *after = parse(cases[i].after);
		unsigned risks = risks_of_field(
				cases[i].driver, view_z(cases[i].path), before, after);

		if (risks != cases[i].risks)
			fail_msg("%s/%s: %s to %s is %x, not %x", cases[i].driver->kind,
					cases[i].path, cases[i].before, cases[i].after,
					risks, cases[i].risks);
		json_decref(before);
		json_decref(after);
	}
}

static void the_gravest_of_several_is_found(void **state)
{
	(void)state;
	assert_int_equal(risk_gravest(0), RISK_HARMLESS);
	assert_int_equal(risk_gravest(EXPOSING | SERVICE), RISK_EXPOSING);
	assert_int_equal(risk_gravest(POLICY | DATA), RISK_POLICY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_has_the_class_of_its_direction),
		cmocka_unit_test(the_gravest_of_several_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
