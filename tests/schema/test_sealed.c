#include "runtime/base/arena.h"
#include "schema/sealed.h"
#include "tests/lib/test.h"

#define PLACE "relay/ses/password"
#define TO    "submission://smtp.relay.example:587"

static void G14_a_secret_follows_neither_its_place_nor_its_endpoint(void **state)
{
	static const struct {
		const char *clear, *place, *endpoint;
		int outcome;
		const char *secret;
	} cases[] = {
		{ PLACE "\nto: " TO "\nword\n", PLACE, TO, SEALED_OK, "word" },
		{ PLACE "\nto: " TO "\nword", PLACE, TO, SEALED_OK, "word" },
		{ PLACE "\nto: " TO "\nword\n\n", PLACE, TO, SEALED_OK, "word\n" },
		{ PLACE "\nto: " TO "\n", PLACE, TO, SEALED_OK, "" },
		{ "user/anna/password\nword\n", "user/anna/password", "", SEALED_OK,
				"word" },
		/* pasted elsewhere */
		{ PLACE "\nto: " TO "\nword\n", "relay/mine/password", TO, SEALED_E_PLACE,
				NULL },
		{ PLACE "\nto: " TO "\nword\n", "relay/ses/passwor", TO, SEALED_E_PLACE,
				NULL },
		{ "word\n", PLACE, TO, SEALED_E_PLACE, NULL },
		{ PLACE, PLACE, TO, SEALED_E_PLACE, NULL },
		{ "", PLACE, TO, SEALED_E_PLACE, NULL },
		/* the endpoint is another one */
		{ PLACE "\nto: " TO "\nword\n", PLACE, "submission://evil.example:587",
				SEALED_E_ENDPOINT, NULL },
		{ PLACE "\nto: " TO "\nword\n", PLACE,
				"submission://smtp.relay.example.evil.example:587",
				SEALED_E_ENDPOINT, NULL },
		{ PLACE "\nto: " TO "\nword\n", PLACE, "smtp://smtp.relay.example:587",
				SEALED_E_ENDPOINT, NULL },
		{ PLACE "\nto: " TO "\nword\n", PLACE,
				"submission://smtp.relay.example:25", SEALED_E_ENDPOINT,
				NULL },
		/* none was sealed, or none is wanted */
		{ PLACE "\nword\n", PLACE, TO, SEALED_E_ENDPOINT, NULL },
		{ PLACE "\nto: " TO "\nword\n", PLACE, "", SEALED_E_ENDPOINT, NULL },
		{ PLACE "\nto: " TO, PLACE, TO, SEALED_E_ENDPOINT, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct view secret = VIEW_NULL;
		int outcome = sealed_read(view_z(cases[i].clear), view_z(cases[i].place),
				view_z(cases[i].endpoint), &secret);

		if (outcome != cases[i].outcome)
			fail_msg("case %zu: %d, not %d", i, outcome, cases[i].outcome);
		if (cases[i].secret)
			assert_true(view_eq(secret, view_z(cases[i].secret)));
	}
}

static void an_endpoint_is_what_is_connected_to(void **state)
{
	static const struct {
		const char *url, *endpoint;
	} cases[] = {
		{ "https://s3.example", "https://s3.example:443" },
		{ "https://s3.example/", "https://s3.example:443" },
		{ "https://S3.Example./b?x#y", "https://s3.example:443" },
		{ "http://127.0.0.1:8081/api", "http://127.0.0.1:8081" },
		{ "https://[2001:db8::1]", "https://[2001:db8::1]:443" },
		{ "https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443" },
		{ "https://good.example@evil.example/", "https://evil.example:443" },
		{ "https://evil.example?@good.example", "https://evil.example:443" },
		{ "https://evil.example#@good.example", "https://evil.example:443" },
		{ "https://", "" },
		{ "https://x:99999", "" },
		{ "gopher://x", "" },
		{ "nothing", "" },
	};
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (!view_eq(endpoint_of_url(arena, view_z(cases[i].url)),
				    view_z(cases[i].endpoint)))
			fail_msg("%s is not %s", cases[i].url, cases[i].endpoint);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(G14_a_secret_follows_neither_its_place_nor_its_endpoint),
		cmocka_unit_test(an_endpoint_is_what_is_connected_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
