#include "agent/git/object.h"
#include "agent/git/sshsig.h"
#include "tests/agent/git/vectors.h"
#include "tests/lib/test.h"

static void ids_are_those_of_git(void **state)
{
	/* clang-format off */
	static const struct {
		const char *file, *id;
		enum git_type type;
	} rows[] = {
		{ "commit-unsigned", "commit-unsigned.id", GIT_COMMIT },
		{ "commit-merge",    "commit-merge.id",    GIT_COMMIT },
		{ "tree",            "tree.id",            GIT_TREE },
		{ "tag-signed",      "tag-signed.id",      GIT_TAG },
	};
	/* clang-format on */
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct object_id id, read;

		object_id_of(rows[i].type, vector(arena, rows[i].file), &id);
		assert_true(object_id_read(view_trim(vector(arena, rows[i].id)), &read));
		assert_true(object_id_eq(&id, &read));
		assert_true(view_eq(object_id_text(&id, arena),
				view_trim(vector(arena, rows[i].id))));
	}
}

static void check_signed(struct arena *arena, struct view signature, struct view payload)
{
	struct sshsig sig;
	struct ssh_token token;

	assert_int_equal(sshsig_read(signature, arena, &sig), SSHSIG_OK);
	assert_true(view_eq(sig.key.blob, vector_key(arena, "ed25519.pub")));
	assert_int_equal(sshsig_verify(&sig, VIEW("git"), payload, &token), SSHSIG_OK);
}

static void what_git_signs_is_found_and_verified(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct git_commit commit;
	struct git_tag tag;
	const char *why = "";

	(void)state;
	assert_int_equal(git_commit_parse(vector(arena, "commit-signed"), arena, &commit,
					 &why),
			GIT_PARSE_OK);
	check_signed(arena, commit.signature, commit.payload);
	assert_int_equal(commit.parent_count, 1);
	assert_view(commit.author.text, "Anna <anna@a.example>");
	assert_int_equal(commit.committer.at, 1795514400);
	assert_view(commit.message, "a signed commit\n");
	/* A merged tag is in it, with a signature of its own, which is not the commit's. */
	assert_int_equal(git_commit_parse(vector(arena, "commit-merge"), arena, &commit,
					 &why),
			GIT_PARSE_OK);
	check_signed(arena, commit.signature, commit.payload);
	assert_int_equal(commit.parent_count, 2);
	assert_int_equal(git_commit_parse(vector(arena, "commit-unsigned"), arena,
					 &commit, &why),
			GIT_PARSE_OK);
	assert_int_equal(commit.signature.len, 0);
	assert_int_equal(git_tag_parse(vector(arena, "tag-signed"), &tag, &why),
			GIT_PARSE_OK);
	check_signed(arena, tag.signature, tag.payload);
	assert_view(tag.name, "v1");
	assert_view(tag.target_type, "commit");
	assert_int_equal(git_tag_parse(vector(arena, "tag-unsigned"), &tag, &why),
			GIT_PARSE_OK);
	assert_int_equal(tag.signature.len, 0);
}

/* -- G05: what is no signature of the commit, though a library may take it for one -- */

static struct view replaced(
		struct arena *arena, struct view text, const char *what, const char *with)
{
	size_t at = view_find_view(text, view_z(what));

	assert_true(at < text.len);
	return arena_printf(arena, "%.*s%s%.*s", (int)at, text.data, with,
			VIEW_ARG(view_from(text, at + strlen(what))));
}

static void G05_a_signature_in_the_message_is_none(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view bytes = vector(arena, "commit-signed");
	struct view body = arena_printf(arena, "%.*s\ngpgsig %.*s",
			VIEW_ARG(vector(arena, "commit-unsigned")),
			VIEW_ARG(vector(arena, "ed25519.sig")));
	struct git_commit commit;
	const char *why;

	(void)state;
	assert_int_equal(git_commit_parse(body, arena, &commit, &why), GIT_PARSE_OK);
	assert_int_equal(commit.signature.len, 0);
	/* The signed one, its header moved into the message. */
	body = replaced(arena, bytes, "\ngpgsig ", "\n\ngpgsig ");
	assert_int_equal(git_commit_parse(body, arena, &commit, &why), GIT_PARSE_OK);
	assert_int_equal(commit.signature.len, 0);
}

static void G05_two_signatures_are_refused(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view bytes = vector(arena, "commit-signed");
	size_t at = view_find_view(bytes, VIEW("gpgsig "));
	size_t end = view_find_view(bytes, VIEW("\n\n"));
	struct view header = view_sub(bytes, at, end + 1 - at);
	struct view tag = vector(arena, "tag-signed");
	struct git_commit commit;
	struct git_tag parsed;
	const char *why = NULL;
	const struct view two[] = {
		arena_printf(arena, "%.*s%.*s%.*s", (int)at, bytes.data, VIEW_ARG(header),
				VIEW_ARG(view_from(bytes, at))),
		arena_printf(arena, "%.*sgpgsig-sha256%.*s%.*s", (int)at, bytes.data,
				VIEW_ARG(view_from(header, 6)),
				VIEW_ARG(view_from(bytes, at))),
		arena_printf(arena, "%.*sgpgsig-sha256%.*s%.*s", (int)(end + 1),
				bytes.data, VIEW_ARG(view_from(header, 6)),
				VIEW_ARG(view_from(bytes, end + 1))),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(two); i++) {
		assert_int_equal(git_commit_parse(two[i], arena, &commit, &why),
				GIT_PARSE_E_SIGNATURES);
		assert_non_null(why);
	}
	assert_int_equal(git_tag_parse(arena_printf(arena, "%.*s%.*s", VIEW_ARG(tag),
						       VIEW_ARG(vector(arena,
								       "ed25519.sig"))),
					 &parsed, &why),
			GIT_PARSE_E_SIGNATURES);
}

static void commits_in_other_forms_are_refused(void **state)
{
	/* clang-format off */
	static const struct {
		const char *what, *with;
	} rows[] = {
		{ "tree ",           "Tree " },
		{ "tree ",           "parent " },
		{ "\nparent ",       "\nfather " },
		{ "\nauthor ",       "\nx 1\nauthor " },
		{ "\nauthor Anna",   "\nAnna" },
		{ "+0000\ncommitter", "+0000\n committer" },
		{ "> 1795514400",    "> x" },
		{ "+0000\ngpgsig",   "+0000\nother 1\ngpgsig" },
		{ "\n\n",            "\nother 1\n\n" },
		{ "\n\n",            "\n" },
	};
	/* clang-format on */
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view bytes = vector(arena, "commit-signed");
	struct git_commit commit;
	const char *why;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (git_commit_parse(replaced(arena, bytes, rows[i].what, rows[i].with),
				    arena, &commit, &why) == GIT_PARSE_OK)
			fail_msg("row %zu was read", i);
	for (size_t len = 0; len < bytes.len; len++)
		if (git_commit_parse(view_sub(bytes, 0, len), arena, &commit, &why) ==
						GIT_PARSE_OK &&
				len < view_find_view(bytes, VIEW("\n\n")) + 2)
			fail_msg("%zu bytes were read", len);
}

/* -- G01 -- */

static struct view entry(struct arena *arena, const char *mode, const char *name)
{
	size_t len = strlen(mode) + 1 + strlen(name) + 1 + OBJECT_ID_SIZE;
	char *bytes = arena_alloc(arena, len);

	memset(bytes, 0x5a, len);
	memcpy(bytes, mode, strlen(mode));
	bytes[strlen(mode)] = ' ';
	memcpy(bytes + strlen(mode) + 1, name, strlen(name) + 1);
	return view_of(bytes, len);
}

static void a_tree_is_read_entry_by_entry(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view rest = vector(arena, "tree");
	struct git_entry e;
	const char *why;

	(void)state;
	assert_int_equal(git_tree_next(&rest, &e, &why), GIT_PARSE_OK);
	assert_view(e.name, "state.yaml");
	assert_int_equal(e.mode, GIT_FILE);
	assert_int_equal(git_tree_next(&rest, &e, &why), GIT_PARSE_OK);
	assert_view(e.name, "users");
	assert_int_equal(e.mode, GIT_FOLDER);
	assert_int_equal(rest.len, 0);
	rest = entry(arena, "120000", "a.yaml");
	assert_int_equal(git_tree_next(&rest, &e, &why), GIT_PARSE_OK);
	assert_int_equal(e.mode, GIT_LINK);
	rest = entry(arena, "160000", "a");
	assert_int_equal(git_tree_next(&rest, &e, &why), GIT_PARSE_OK);
	assert_int_equal(e.mode, GIT_MODULE);
}

static void G01_names_that_no_file_has_are_refused(void **state)
{
	static const char *const names[] = { "", ".", "..", ".git", ".GIT", ".Git",
		"git~1", "GIT~1", ".git ", ".git.", ".git::$INDEX_ALLOCATION", "a/b",
		"a\\b", "a\nb", "a\x1b[2Jb", "\x7f" };
	static const char *const fine[] = { "-x", ".gitignore", ".gitattributes",
		"a b.yaml", "\xc3\xa4.yaml", "git", ".github" };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct git_entry e;
	struct view rest;
	const char *why;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		rest = entry(arena, "100644", names[i]);
		if (git_tree_next(&rest, &e, &why) != GIT_PARSE_E_FORM)
			fail_msg("\"%s\" is a name", names[i]);
		assert_non_null(why);
	}
	for (size_t i = 0; i < ARRAY_LEN(fine); i++) {
		rest = entry(arena, "100644", fine[i]);
		assert_int_equal(git_tree_next(&rest, &e, &why), GIT_PARSE_OK);
	}
	rest = entry(arena, "100000", "a");
	assert_int_equal(git_tree_next(&rest, &e, &why), GIT_PARSE_E_FORM);
	rest = view_sub(entry(arena, "100644", "a"), 0, 27);
	assert_int_equal(git_tree_next(&rest, &e, &why), GIT_PARSE_E_FORM);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_those_of_git),
		cmocka_unit_test(what_git_signs_is_found_and_verified),
		cmocka_unit_test(G05_a_signature_in_the_message_is_none),
		cmocka_unit_test(G05_two_signatures_are_refused),
		cmocka_unit_test(commits_in_other_forms_are_refused),
		cmocka_unit_test(a_tree_is_read_entry_by_entry),
		cmocka_unit_test(G01_names_that_no_file_has_are_refused),
	};

	assert_true(argc == 2);
	vectors = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
