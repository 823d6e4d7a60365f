#include "agent/git/allowed_signers.h"
#include "tests/agent/git/vectors.h"
#include "tests/lib/test.h"

#define ED25519                                                                          \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIChk0MRAwDs2lL8JWBwvMhsEWbe7UyyJ5OfVo1QCw"  \
	"uK9"

static struct view line_of(struct arena *arena, const char *before, const char *file)
{
	struct view key = vector(arena, file);

	return arena_printf(arena, "%s%.*s", before, VIEW_ARG(key));
}

static int look(const char *before, const char *namespace, walltime now,
		const struct allowed_signer **out, struct arena *arena)
{
	struct allowed_signers list;
	struct allowed_signers_error error;
	struct ssh_key key;

	assert_int_equal(
			ssh_key_read(vector_key(arena, "ed25519.pub"), &key), SSH_KEY_OK);
	assert_int_equal(allowed_signers_read(line_of(arena, before, "ed25519.pub"),
					 arena, &list, &error),
			ALLOWED_SIGNERS_OK);
	assert_int_equal(list.count, 1);
	return allowed_signers_find(&list, &key, view_z(namespace), now, out);
}

static void a_line_says_who_what_for_and_how_long(void **state)
{
	/* clang-format off */
	static const struct {
		const char *before, *namespace;
		walltime now;
		int outcome;
		const char *principal;
	} rows[] = {
		{ "anna@a.example ",                                 "git",  1, ALLOWED_OK,          "anna@a.example" },
		{ "anna@a.example,anna ",                            "git",  1, ALLOWED_OK,          "anna@a.example" },
		{ "anna namespaces=\"git\" ",                        "git",  1, ALLOWED_OK,          "anna" },
		{ "anna namespaces=\"file,git\" ",                   "git",  1, ALLOWED_OK,          "anna" },
		{ "anna namespaces=\"g*\" ",                         "git",  1, ALLOWED_OK,          "anna" },
		{ "anna namespaces=\"*,!git\" ",                     "git",  1, ALLOWED_E_NAMESPACE, "anna" },
		{ "anna namespaces=\"file\" ",                       "git",  1, ALLOWED_E_NAMESPACE, "anna" },
		{ "anna valid-after=\"20260101Z\" ",                 "git",  1767225599, ALLOWED_E_EARLY,   "anna" },
		{ "anna valid-after=\"20260101Z\" ",                 "git",  1767225600, ALLOWED_OK,        "anna" },
		{ "anna valid-before=\"202601010000Z\" ",            "git",  1767225599, ALLOWED_OK,        "anna" },
		{ "anna valid-before=\"20260101000000Z\" ",          "git",  1767225600, ALLOWED_E_EXPIRED, "anna" },
		{ "anna namespaces=\"git\",valid-before=\"20260101Z\" ", "git", 1767225600, ALLOWED_E_EXPIRED, "anna" },
		{ "# a comment\n\n  anna\t",                         "git",  1, ALLOWED_OK,          "anna" },
		{ "\"anna lee\" ",                                   "git",  1, ALLOWED_OK,          "anna lee" },
	};
	/* clang-format on */
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct allowed_signer *signer = NULL;
		int r = look(rows[i].before, rows[i].namespace, rows[i].now, &signer,
				arena);

		if (r != rows[i].outcome)
			fail_msg("row %zu: %d", i, r);
		assert_view(signer->principal, rows[i].principal);
	}
}

static void one_of_several_lines_is_enough(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view one = line_of(arena, "anna namespaces=\"file\" ", "ed25519.pub");
	struct view two = line_of(arena, "anna ", "ed25519.pub");
	struct view three = line_of(arena, "bo ", "ecdsa-256.pub");
	struct allowed_signers list;
	struct allowed_signers_error error;
	const struct allowed_signer *signer;
	struct ssh_key key;

	(void)state;
	assert_int_equal(
			allowed_signers_read(
					arena_printf(arena, "%.*s%.*s%.*s", VIEW_ARG(one),
							VIEW_ARG(two), VIEW_ARG(three)),
					arena, &list, &error),
			ALLOWED_SIGNERS_OK);
	assert_int_equal(list.count, 3);
	assert_int_equal(ssh_key_read(vector_key(arena, "ed25519.pub"), &key), 0);
	assert_int_equal(allowed_signers_find(&list, &key, VIEW("git"), 1, &signer),
			ALLOWED_OK);
	assert_int_equal(signer->line, 2);
	assert_int_equal(ssh_key_read(vector_key(arena, "rsa-2048.pub"), &key), 0);
	assert_int_equal(allowed_signers_find(&list, &key, VIEW("git"), 1, &signer),
			ALLOWED_E_UNLISTED);
	assert_null(signer);
}

static void a_line_that_cannot_be_read_refuses_the_list(void **state)
{
	/* clang-format off */
	static const struct {
		const char *text;
		uint32_t line;
	} rows[] = {
		{ "anna",                                                1 },
		{ "anna ssh-ed25519",                                    1 },
		{ "anna " ED25519 "\nbo ssh-ed25519 !!!",                2 },
		{ "anna ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIChk0MRAwDs2lL8JWBwvMhsEWbe7UyyJ5OfVo1QCwuK9", 1 },
		{ "anna cert-authority " ED25519,                        1 },
		{ "anna verify-required=\"x\" " ED25519,                 1 },
		{ "anna namespaces= " ED25519,                           1 },
		{ "anna namespaces=\"\" " ED25519,                       1 },
		{ "anna valid-after=\"2026\" " ED25519,                  1 },
		{ "anna valid-after=\"20261301\" " ED25519,              1 },
		{ "anna valid-after=\"20260101X\" " ED25519,             1 },
		{ "anna ssh-dss AAAA",                                   1 },
		{ "\"anna " ED25519,                                     1 },
	};
	/* clang-format on */
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct allowed_signers list;
		struct allowed_signers_error error;

		if (allowed_signers_read(view_z(rows[i].text), arena, &list, &error) !=
				ALLOWED_SIGNERS_E_FORM)
			fail_msg("row %zu was read", i);
		assert_int_equal(error.line, rows[i].line);
		assert_non_null(error.why);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_says_who_what_for_and_how_long),
		cmocka_unit_test(one_of_several_lines_is_enough),
		cmocka_unit_test(a_line_that_cannot_be_read_refuses_the_list),
	};

	assert_true(argc == 2);
	vectors = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
