/* Histories, drawn as rows, and what each mode says of them. */
#include "agent/git/trust.h"
#include "runtime/base/buf.h"
#include "runtime/base/map.h"
#include "tests/agent/git/signer.h"
#include "tests/lib/test.h"

enum {
	ANNA = 1, /* in `trust` */
	BO,       /* in it, too */
	EVE,      /* not */
	OLD,      /* in it until 2020 */
	NOBODY = 0,
};

struct row {
	const char *name;
	const char *parents; /* names, by blanks */
	int signer;
	int at; /* 0: the row's number */
};

struct repository {
	struct arena *arena;
	struct map objects; /* id → struct view */
	struct map names;   /* name → struct object_id */
	struct signer signers[OLD + 1];
	struct trust_person persons[2];
};

static void read_signers(struct repository *repo, struct trust_person *person,
		const char *name, struct view text)
{
	struct allowed_signers_error error;

	person->name = view_z(name);
	assert_int_equal(
			allowed_signers_read(text, repo->arena, &person->signers, &error),
			ALLOWED_SIGNERS_OK);
}

static void repository_init(struct repository *repo)
{
	struct arena *arena = arena_new();

	*repo = (struct repository){ .arena = arena };
	for (unsigned char i = ANNA; i <= OLD; i++)
		signer_init(&repo->signers[i], i);
	read_signers(repo, &repo->persons[0], "anna",
			arena_printf(arena, "%.*s%.*s",
					VIEW_ARG(signer_line(&repo->signers[ANNA],
							"anna@a.example", arena)),
					VIEW_ARG(signer_line(&repo->signers[OLD],
							"anna@a.example "
							"valid-before=\"20200101Z\"",
							arena))));
	read_signers(repo, &repo->persons[1], "bo",
			signer_line(&repo->signers[BO], "bo namespaces=\"git\"", arena));
}

static void repository_deinit(struct repository *repo)
{
	map_free(&repo->objects);
	map_free(&repo->names);
	arena_free(repo->arena);
}

static const struct object_id *named(const struct repository *repo, const char *name)
{
	const struct object_id *id = name ? map_get(&repo->names, view_z(name)) : NULL;

	if (name && !id)
		fail_msg("no %s", name);
	return id;
}

static void put(struct repository *repo, const char *name, enum git_type type,
		struct view bytes)
{
	struct object_id *id = ARENA_NEW(repo->arena, struct object_id);
	struct view *object = ARENA_NEW(repo->arena, struct view);

	object_id_of(type, bytes, id);
	*object = bytes;
	(void)map_set(&repo->objects, view_of(id->bytes, OBJECT_ID_SIZE), object);
	(void)map_set(&repo->names, view_z(name), id);
}

static void commit(struct repository *repo, const struct row *row, int number)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(COMMIT_MAX);
	struct view parents = view_z(row->parents);
	int at = 1000000 + (row->at ? row->at : number);

	buf_add_z(&text, "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n");
	while (parents.len) {
		struct view parent = view_cut(&parents, ' ');
		const struct object_id *id =
				named(repo, arena_copy_z(repo->arena, parent));

		buf_addf(&text, "parent %.*s\n",
				VIEW_ARG(object_id_text(id, repo->arena)));
	}
	buf_addf(&text, "author X <x@a.example> %d +0000\n", at);
	buf_addf(&text, "committer X <x@a.example> %d +0000\n\n%s\n", at, row->name);
	put(repo, row->name, GIT_COMMIT,
			row->signer == NOBODY
					? arena_copy(repo->arena, buf_view(&text))
					: signer_commit(&repo->signers[row->signer],
							  buf_view(&text), repo->arena));
}

static void draw(struct repository *repo, const struct row *rows, size_t count)
{
	repository_init(repo);
	for (size_t i = 0; i < count; i++)
		commit(repo, &rows[i], (int)i + 1);
}

static struct trust *run(struct repository *repo, struct trust_policy *policy,
		const struct object_id *tip)
{
	struct trust *trust;
	struct trust_want want;

	policy->persons = repo->persons;
	policy->person_count = ARRAY_LEN(repo->persons);
	policy->now = 1800000000;
	trust = trust_new(policy, tip);
	while (trust_wants(trust, &want))
		trust_give(trust,
				map_get(&repo->objects,
						view_of(want.id.bytes, OBJECT_ID_SIZE)));
	return trust;
}

static const char *const outcomes[] = { "ok", "unchanged", "unsigned", "signature",
	"unlisted", "expired", "not-descendant", "form", "missing", "too-many" };

struct question {
	const char *applied, *tip;
	const char *first_parent, *tip_alone, *strict; /* outcomes */
};

static void ask(struct repository *repo, const struct question *q)
{
	const char *const expected[] = {
		[TRUST_FIRST_PARENT] = q->first_parent,
		[TRUST_TIP] = q->tip_alone,
		[TRUST_STRICT] = q->strict,
	};

	for (size_t mode = 0; mode < ARRAY_LEN(expected); mode++) {
		struct trust_policy policy = { .mode = (enum trust_mode)mode,
			.applied = named(repo, q->applied) };
		CLEANUP(trust_freep)
		struct trust *trust = run(repo, &policy, named(repo, q->tip));
		const struct trust_verdict *verdict = trust_verdict(trust);

		if (strcmp(outcomes[verdict->outcome], expected[mode]) != 0)
			fail_msg("%s to %s, mode %zu: %s (%s), not %s",
					q->applied ? q->applied : "-", q->tip, mode,
					outcomes[verdict->outcome],
					verdict->why ? verdict->why : "", expected[mode]);
	}
}

/* clang-format off */
static const struct row history[] = {
	{ "a", "",      ANNA,   0 },
	{ "b", "a",     BO,     0 },
	{ "c", "b",     NOBODY, 0 }, /* somebody pushed it past everybody */
	{ "d", "c",     ANNA,   0 }, /* and anna built on it */
	{ "e", "b",     NOBODY, 0 }, /* a branch of somebody who does not sign */
	{ "f", "b e",   ANNA,   0 }, /* … merged by anna */
	{ "g", "f",     EVE,    0 },
	{ "h", "f",     OLD,    0 },
	{ "i", "f",     BO,     0 },
	{ "j", "e b",   ANNA,   0 }, /* the same merge, the other way round */
	{ "k", "i a",   ANNA,   0 }, /* merges what is long behind it */
};

static const struct question questions[] = {
	{ NULL, "a", "ok",             "ok",             "ok" },
	{ NULL, "b", "ok",             "ok",             "ok" },
	{ NULL, "c", "unsigned",       "unsigned",       "unsigned" },
	{ NULL, "g", "unlisted",       "unlisted",       "unlisted" },
	{ NULL, "h", "expired",        "expired",        "expired" },
	{ "a",  "a", "unchanged",      "unchanged",      "unchanged" },
	{ "c",  "c", "unchanged",      "unchanged",      "unchanged" },
	{ "a",  "b", "ok",             "ok",             "ok" },
	{ "a",  "d", "unsigned",       "ok",             "unsigned" },
	{ "b",  "f", "ok",             "ok",             "unsigned" },
	{ "a",  "i", "ok",             "ok",             "unsigned" },
	{ "f",  "i", "ok",             "ok",             "ok" },
	{ "f",  "k", "ok",             "ok",             "ok" },
	{ "e",  "f", "not-descendant", "ok",             "ok" },
	{ "b",  "j", "unsigned",       "ok",             "unsigned" },
	{ "b",  "a", "not-descendant", "not-descendant", "not-descendant" },
	{ "i",  "f", "not-descendant", "not-descendant", "not-descendant" },
	{ "d",  "i", "not-descendant", "not-descendant", "not-descendant" },
};
/* clang-format on */

static void each_mode_says_what_it_promises(void **state)
{
	struct repository repo;

	(void)state;
	draw(&repo, history, ARRAY_LEN(history));
	for (size_t i = 0; i < ARRAY_LEN(questions); i++)
		ask(&repo, &questions[i]);
	repository_deinit(&repo);
}

/* A branch that forked before trust began, merged anew: it lies behind what was applied,
 * whatever times its commits tell. */
static void strict_is_not_led_astray_by_times(void **state)
{
	/* clang-format off */
	static const struct row rows[] = {
		{ "r", "",    NOBODY, 1 },
		{ "s", "r",   NOBODY, 900 }, /* says that it is of tomorrow */
		{ "t", "s",   NOBODY, 2 },
		{ "x", "s",   ANNA,   3 },   /* applied */
		{ "y", "x t", ANNA,   5 },   /* `t` is new */
		{ "z", "x s", ANNA,   5 },   /* nothing new, but the merge */
		{ "w", "x r", ANNA,   950 },
	};
	static const struct question asked[] = {
		{ "x", "y", "ok", "ok", "unsigned" },
		{ "x", "z", "ok", "ok", "ok" },
		{ "x", "w", "ok", "ok", "ok" },
	};
	/* clang-format on */
	struct repository repo;

	(void)state;
	draw(&repo, rows, ARRAY_LEN(rows));
	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		ask(&repo, &asked[i]);
	repository_deinit(&repo);
}

static void G06_a_rewind_is_refused_until_it_is_accepted(void **state)
{
	struct repository repo;
	CLEANUP(trust_freep)
	struct trust *refused = NULL, *accepted = NULL, *other = NULL;
	struct trust_policy policy = { 0 };

	(void)state;
	draw(&repo, history, ARRAY_LEN(history));
	policy.applied = named(&repo, "b");
	refused = run(&repo, &policy, named(&repo, "a"));
	assert_int_equal(trust_verdict(refused)->outcome, TRUST_E_NOT_DESCENDANT);
	policy.accepted = named(&repo, "a");
	accepted = run(&repo, &policy, named(&repo, "a"));
	assert_int_equal(trust_verdict(accepted)->outcome, TRUST_OK);
	/* What was accepted is one commit, signed all the same. */
	policy.accepted = named(&repo, "c");
	other = run(&repo, &policy, named(&repo, "c"));
	assert_int_equal(trust_verdict(other)->outcome, TRUST_E_UNSIGNED);
	repository_deinit(&repo);
}

static void a_verdict_says_who_and_where(void **state)
{
	struct repository repo;
	CLEANUP(trust_freep) struct trust *good = NULL, *bad = NULL;
	struct trust_policy policy = { 0 };

	(void)state;
	draw(&repo, history, ARRAY_LEN(history));
	policy.applied = named(&repo, "a");
	good = run(&repo, &policy, named(&repo, "b"));
	assert_view(trust_verdict(good)->signer->name, "bo");
	assert_view(trust_verdict(good)->subject, "b");
	assert_true(view_starts(trust_verdict(good)->fingerprint, VIEW("SHA256:")));
	assert_true(object_id_eq(&trust_verdict(good)->commit, named(&repo, "b")));
	bad = run(&repo, &policy, named(&repo, "d"));
	assert_true(object_id_eq(&trust_verdict(bad)->at, named(&repo, "c")));
	assert_string_equal(trust_verdict(bad)->why, "it is not signed");
	repository_deinit(&repo);
}

/* "b=bo c=anna", or "? …" where they are not one out of the other. */
static void assert_steps(struct repository *repo, enum trust_mode mode,
		const char *applied, const char *tip, const char *expected)
{
	struct trust_policy policy = { .mode = mode, .applied = named(repo, applied) };
	CLEANUP(trust_freep) struct trust *trust = run(repo, &policy, named(repo, tip));
	CLEANUP(buf_free) struct buf text = BUF_NULL(1024);
	const struct trust_verdict *verdict = trust_verdict(trust);

	assert_int_equal(verdict->outcome, TRUST_OK);
	if (!verdict->stepwise)
		buf_add_z(&text, "? ");
	for (size_t i = 0; i < verdict->step_count; i++) {
		struct view name;
		size_t at = 0;
		void *id;

		while (map_next(&repo->names, &at, &name, &id))
			if (object_id_eq(id, &verdict->steps[i].commit))
				buf_addf(&text, "%s%.*s=%.*s", i ? " " : "",
						VIEW_ARG(name),
						VIEW_ARG(verdict->steps[i].signer->name));
	}
	assert_view(buf_view(&text), expected);
}

static void each_commit_is_its_signers(void **state)
{
	/* clang-format off */
	static const struct row rows[] = {
		{ "a", "",    ANNA, 0 },
		{ "b", "a",   BO,   0 },
		{ "c", "b",   BO,   0 },
		{ "d", "a",   BO,   0 }, /* a branch */
		{ "e", "c d", ANNA, 0 }, /* merged by anna, who vouches for it */
		{ "f", "d c", BO,   0 }, /* the other way round */
		{ "g", "f",   ANNA, 0 },
	};
	static const struct {
		enum trust_mode mode;
		const char *applied, *tip, *steps;
	} asked[] = {
		{ TRUST_FIRST_PARENT, "a",  "e", "b=bo c=bo e=anna" },
		{ TRUST_STRICT,       "a",  "e", "b=bo c=bo e=anna" },
		{ TRUST_TIP,          "a",  "e", "e=anna" },
		{ TRUST_FIRST_PARENT, NULL, "e", "e=anna" },
		{ TRUST_FIRST_PARENT, "a",  "g", "d=bo f=bo g=anna" },
		/* What was applied is merged into something else: all that is new, at once. */
		{ TRUST_STRICT,       "c",  "f", "? d=bo f=bo" },
		{ TRUST_STRICT,       "d",  "g", "f=bo g=anna" },
	};
	/* clang-format on */
	struct repository repo;

	(void)state;
	draw(&repo, rows, ARRAY_LEN(rows));
	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		assert_steps(&repo, asked[i].mode, asked[i].applied, asked[i].tip,
				asked[i].steps);
	repository_deinit(&repo);
}

static void a_repository_that_keeps_back_or_makes_up_is_refused(void **state)
{
	struct repository repo;
	CLEANUP(trust_freep) struct trust *missing = NULL, *forged = NULL;
	struct trust_policy policy = { .mode = TRUST_FIRST_PARENT };
	struct view *object;

	(void)state;
	draw(&repo, history, ARRAY_LEN(history));
	policy.applied = named(&repo, "a");
	object = map_get(
			&repo.objects, view_of(named(&repo, "f")->bytes, OBJECT_ID_SIZE));
	*object = *(struct view *)map_get(
			&repo.objects, view_of(named(&repo, "b")->bytes, OBJECT_ID_SIZE));
	forged = run(&repo, &policy, named(&repo, "i"));
	assert_int_equal(trust_verdict(forged)->outcome, TRUST_E_FORM);
	(void)map_remove(
			&repo.objects, view_of(named(&repo, "f")->bytes, OBJECT_ID_SIZE));
	missing = run(&repo, &policy, named(&repo, "i"));
	assert_int_equal(trust_verdict(missing)->outcome, TRUST_E_MISSING);
	assert_true(object_id_eq(&trust_verdict(missing)->at, named(&repo, "f")));
	repository_deinit(&repo);
}

static void tag(struct repository *repo, const char *name, const char *commit_name,
		const char *type, int signer)
{
	struct view text = arena_printf(repo->arena,
			"object %.*s\ntype %s\ntag %s\n"
			"tagger X <x@a.example> 1000000 +0000\n\n%s\n",
			VIEW_ARG(object_id_text(named(repo, commit_name), repo->arena)),
			type, name, name);

	put(repo, name, GIT_TAG,
			signer == NOBODY ? text
					 : signer_tag(&repo->signers[signer], text,
							   repo->arena));
}

static void a_tag_is_signed_in_the_place_of_its_commit(void **state)
{
	/* clang-format off */
	static const struct {
		const char *applied, *tag;
		enum trust_outcome outcome;
	} rows[] = {
		{ NULL, "v1", TRUST_OK },
		{ "b",  "v1", TRUST_OK },
		{ "c",  "v1", TRUST_UNCHANGED },
		{ "d",  "v1", TRUST_E_NOT_DESCENDANT }, /* it was moved back */
		{ NULL, "v2", TRUST_E_UNSIGNED },
		{ NULL, "v3", TRUST_E_UNLISTED },
		{ NULL, "v4", TRUST_E_FORM },
		{ NULL, "a",  TRUST_E_FORM }, /* no annotated tag: the commit itself */
	};
	/* clang-format on */
	struct repository repo;

	(void)state;
	draw(&repo, history, ARRAY_LEN(history));
	tag(&repo, "v1", "c", "commit", ANNA);
	tag(&repo, "v2", "c", "commit", NOBODY);
	tag(&repo, "v3", "c", "commit", EVE);
	tag(&repo, "v4", "c", "tree", ANNA);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct trust_policy policy = { .mode = TRUST_TAG,
			.applied = named(&repo, rows[i].applied) };
		CLEANUP(trust_freep)
		struct trust *trust = run(&repo, &policy, named(&repo, rows[i].tag));

		if (trust_verdict(trust)->outcome != rows[i].outcome)
			fail_msg("row %zu: %s", i,
					outcomes[trust_verdict(trust)->outcome]);
	}
	repository_deinit(&repo);
}

/* G03: a graph of 100,000 commits is walked, one of more is refused. */
static void G03_long_histories_have_a_bound(void **state)
{
	static const struct {
		int commits;
		enum trust_outcome outcome;
	} rows[] = { { TRUST_WALK_MAX - 1, TRUST_OK },
		{ TRUST_WALK_MAX + 2, TRUST_E_TOO_MANY } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct repository repo;
		struct trust_policy policy = { .mode = TRUST_TIP };
		CLEANUP(trust_freep) struct trust *trust = NULL;
		char *before = NULL;

		repository_init(&repo);
		for (int n = 0; n < rows[i].commits; n++) {
			char *name = (char *)arena_copy_z(
					repo.arena, arena_printf(repo.arena, "%d", n));
			const struct row row = { name, before ? before : "",
				n + 1 == rows[i].commits ? ANNA : NOBODY, n + 1 };

			commit(&repo, &row, n);
			before = name;
		}
		policy.applied = named(&repo, "0");
		trust = run(&repo, &policy, named(&repo, before));
		assert_int_equal(trust_verdict(trust)->outcome, rows[i].outcome);
		repository_deinit(&repo);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mode_says_what_it_promises),
		cmocka_unit_test(strict_is_not_led_astray_by_times),
		cmocka_unit_test(G06_a_rewind_is_refused_until_it_is_accepted),
		cmocka_unit_test(a_verdict_says_who_and_where),
		cmocka_unit_test(each_commit_is_its_signers),
		cmocka_unit_test(a_repository_that_keeps_back_or_makes_up_is_refused),
		cmocka_unit_test(a_tag_is_signed_in_the_place_of_its_commit),
		cmocka_unit_test(G03_long_histories_have_a_bound),
	};

	assert_true(sodium_init() >= 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
