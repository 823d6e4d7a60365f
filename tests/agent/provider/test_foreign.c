/* What a provider may answer, and what must hold whatever it does: nothing of other people's
 * changes. A zone full of their records, values of theirs beside ours, somebody who changes
 * them, and faults (tests/lib/zones/service).
 *
 * POSTHUS_ROUNDS, POSTHUS_SEED: a long campaign, or the same one again. */
#include "agent/provider/provider.h"
#include "runtime/base/error.h"
#include "schema/agent_file.h"
#include "tests/lib/probe/probe.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

enum {
	ROUNDS = 150,
	NAMES = 125, /* 120 that others have, and more */
	MOST_OURS = 3,
	OTHERS = 1024 * 1024,
};

static const char *path;

struct scene {
	struct probe_service service;
	char key_path[64];
	struct view key_view;
	struct agent_file file;
	struct effect_answer answer;
	struct arena *arena;
	struct provider_call call;
	uint64_t random;
};

static int setup(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));
	int fd;

	strcpy(s->key_path, "/tmp/posthus-key.XXXXXX");
	fd = mkstemp(s->key_path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "key\n", 4), 4);
	close(fd);
	probe_service_start(&s->service, path);
	agent_file_defaults(&s->file);
	s->key_view = view_z(s->key_path);
	s->file.host_files = &s->key_view;
	s->file.host_file_count = 1;
	s->file.connect.deny_loopback = false;
	s->answer = EFFECT_ANSWER_NULL;
	s->arena = arena_new();
	s->call = (struct provider_call){
		.spec = arena_printf(s->arena,
				"{\"api_key\":{\"host_file\":\"%s\"},\"type\":"
				"\"powerdns\","
				"\"url\":\"http://127.0.0.1:%u\"}",
				s->key_path, s->service.port),
		.zone = VIEW("a.example"),
		.arena = s->arena,
		.file = &s->file,
	};
	probe_tell("reset", "1");
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	probe_service_stop(&s->service);
	unlink(s->key_path);
	effect_answer_deinit(&s->answer);
	arena_free(s->arena);
	free(s);
	return 0;
}

/* -- what is there -- */

static char *others(void)
{
	json_t *values = probe_values();
	char *text = json_dumps(json_object_get(values, "others"), JSON_INDENT(1));

	json_decref(values);
	return text;
}

/* The first line that differs. */
static void assert_same(const char *before, const char *after)
{
	struct view left = view_z(before), right = view_z(after);

	while (left.len || right.len) {
		struct view a = view_cut(&left, '\n'), b = view_cut(&right, '\n');

		if (!view_eq(a, b))
			fail_msg("%.*s became %.*s", VIEW_ARG(a), VIEW_ARG(b));
	}
}

static size_t count_of(const char *what)
{
	json_t *values = probe_values(), *of = json_object_get(values, what);
	size_t count = json_is_array(of) ? json_array_size(of)
					 : (size_t)json_integer_value(of);

	json_decref(values);
	return count;
}

static void set_fault(const char *on, const char *fault)
{
	char text[128] = "[]";

	if (fault)
		snprintf(text, sizeof(text), "[{\"on\": \"%s\", \"fault\": \"%s\"}]", on,
				fault);
	probe_tell("faults", text);
}

static int read_set(
		struct scene *s, struct view name, struct view type, struct rrset *out)
{
	s->answer.untouched = false;
	return dns_powerdns.read(&s->call, name, type, out, &s->answer);
}

static int change(struct scene *s, const struct rrset *before, const struct rrset *after)
{
	s->answer.untouched = false;
	return dns_powerdns.change(&s->call, before, after, &s->answer);
}

static struct rrset set_of(struct scene *s, const char *name, const char *value)
{
	const struct view view = view_z(value);
	struct rrset set;

	assert_int_equal(rrset_make(s->arena, view_z(name), VIEW("TXT"), 300, &view,
					 value[0] != 0, &set),
			0);
	return set;
}

/* -- one fault after the other -- */

/* clang-format off */
static const struct {
	const char *fault, *reason;
} of_get[] = {
	{ "foreign",      "AnswerMalformed" },
	{ "empty",        NULL }, /* once: the whole zone is asked, and says what there is */
	{ "twice",        "AnswerMalformed" },
	{ "cut",          "AnswerMalformed" },
	{ "html",         "AnswerMalformed" },
	{ "half",         "ConnectionLost" },
	{ "endless",      "Refused" },
	{ "redirect",     "Refused" },
	{ "reset-before", "ConnectionLost" },
	{ "401",          "AuthFailed" },
	{ "404",          "ZoneGone" },
	{ "500",          "ServerFailed" },
};

static const struct {
	const char *fault, *reason;
	bool untouched, done;
} of_patch[] = {
	{ "401",          "AuthFailed",     true,  false },
	{ "500",          "ServerFailed",   false, false },
	{ "reset-before", "ConnectionLost", false, false },
	{ "500-after",    "ServerFailed",   false, true },
	{ "reset-after",  "ConnectionLost", false, true },
};
/* clang-format on */

static void assert_failed(struct scene *s, int r, const char *fault, const char *reason)
{
	if (r != EFFECT_E_FAILED || strcmp(s->answer.reason, reason) != 0)
		fail_msg("%s: %d, %s: %.*s", fault, r, r ? s->answer.reason : "",
				VIEW_ARG(buf_view(&s->answer.message)));
}

/* A listing that fails is never "nothing", and never somebody else's. */
static void T09_a_fault_is_no_answer(void **state)
{
	struct scene *s = *state;
	struct rrset set, ours = set_of(s, "new.a.example", "\"ours\"");
	struct rrset nothing = set_of(s, "new.a.example", "");

	for (size_t i = 0; i < ARRAY_LEN(of_get); i++) {
		CLEANUP(freep) char *before = others();
		CLEANUP(freep) char *after = NULL;
		size_t patches = count_of("patches");
		int r;

		/* Of the zone's own set, which is there, so that each fault shows. */
		set_fault("GET", of_get[i].fault);
		r = read_set(s, VIEW("a.example"), VIEW("NS"), &set);
		if (of_get[i].reason)
			assert_failed(s, r, of_get[i].fault, of_get[i].reason);
		else
			assert_int_equal(r ? 0 : set.count, 2);
		assert_int_equal(s->answer.untouched, r != 0);
		set_fault("GET", of_get[i].fault);
		assert_failed(s, change(s, &nothing, &ours), of_get[i].fault,
				of_get[i].reason ? of_get[i].reason : "AnswerMalformed");
		assert_true(s->answer.untouched);
		after = others();
		assert_same(before, after);
		assert_int_equal(count_of("patches"), patches);
		assert_int_equal(count_of("ours"), 0);
	}
}

static void T09_a_change_that_fails_is_told_from_one_that_may_not_have(void **state)
{
	struct scene *s = *state;
	struct rrset ours = set_of(s, "new.a.example", "\"ours\""), set;
	struct rrset nothing = set_of(s, "new.a.example", "");

	for (size_t i = 0; i < ARRAY_LEN(of_patch); i++) {
		CLEANUP(freep) char *before = others();
		CLEANUP(freep) char *after = NULL;

		set_fault("PATCH", of_patch[i].fault);
		assert_failed(s, change(s, &nothing, &ours), of_patch[i].fault,
				of_patch[i].reason);
		assert_int_equal(s->answer.untouched, of_patch[i].untouched);
		assert_int_equal(read_set(s, ours.name, ours.type, &set), EFFECT_DONE);
		assert_int_equal(rrset_eq(&set, &ours), of_patch[i].done);
		if (of_patch[i].done)
			assert_int_equal(change(s, &ours, &nothing), EFFECT_DONE);
		after = others();
		assert_same(before, after);
	}
}

static void T09_what_was_changed_meanwhile_stays(void **state)
{
	struct scene *s = *state;
	struct rrset before, after, ours = set_of(s, "meanwhile.a.example", "\"ours\"");
	CLEANUP(freep) char *theirs = NULL;
	CLEANUP(freep) char *then = NULL;

	assert_int_equal(read_set(s, ours.name, ours.type, &before), EFFECT_DONE);
	assert_int_equal(before.count, 0);
	probe_tell("foreign", "{\"name\": \"meanwhile.a.example.\", \"type\": \"TXT\"}");
	theirs = others();
	after = rrset_with(s->arena, &before, &ours);
	assert_failed(s, change(s, &before, &after), "meanwhile", "ChangedMeanwhile");
	assert_true(s->answer.untouched);
	then = others();
	assert_same(theirs, then);
	assert_int_equal(count_of("ours"), 0);
}

/* -- at random -- */

static uint64_t draw(struct scene *s, uint64_t below)
{
	s->random = s->random * UINT64_C(6364136223846793005) +
		    UINT64_C(1442695040888963407);
	return (s->random >> 33) % below;
}

static bool is_ours(struct view value)
{
	return view_find_view(value, VIEW("ours")) < value.len ||
	       view_starts(value, VIEW("10.9."));
}

static struct view draw_value(struct scene *s, struct view type)
{
	unsigned n = (unsigned)draw(s, 200);

	if (view_eq(type, VIEW("TXT")))
		return arena_printf(s->arena, "\"ours %u;\" \"\\\"\\195\"", n);
	if (view_eq(type, VIEW("MX")))
		return arena_printf(s->arena, "%u X-ours%u.example. ", n, n);
	if (view_eq(type, VIEW("CAA")))
		return arena_printf(s->arena, "0 issue \"ours%u.example\"", n);
	return arena_printf(s->arena, "10.9.0.%u", n);
}

/* What others have in it, and some of ours. */
static struct rrset draw_after(struct scene *s, const struct rrset *before)
{
	struct view values[MOST_OURS];
	struct rrset ours, without = *before;
	size_t count = draw(s, MOST_OURS + 1);

	without.values = arena_array(s->arena, before->count, sizeof(*without.values));
	without.count = 0;
	for (size_t i = 0; i < before->count; i++)
		if (!is_ours(before->values[i]))
			without.values[without.count++] = before->values[i];
	for (size_t i = 0; i < count; i++)
		values[i] = view_trim(draw_value(s, before->type));
	assert_int_equal(rrset_make(s->arena, before->name, before->type, 300, values,
					 count, &ours),
			0);
	return rrset_with(s->arena, &without, &ours);
}

static void draw_fault(struct scene *s)
{
	size_t fault = draw(s, ARRAY_LEN(of_get) + ARRAY_LEN(of_patch));

	if (draw(s, 3))
		set_fault(NULL, NULL);
	else if (fault < ARRAY_LEN(of_get))
		set_fault("GET", of_get[fault].fault);
	else
		set_fault("PATCH", of_patch[fault - ARRAY_LEN(of_get)].fault);
}

struct round {
	struct rrset before, after;
	bool somebody; /* changed the set between reading and changing it */
};

static void assert_changed(struct scene *s, const struct round *round, int r)
{
	bool untouched = s->answer.untouched;
	struct rrset now;

	set_fault(NULL, NULL);
	if ((r && !untouched) || round->somebody)
		return; /* it may have gone either way */
	assert_int_equal(read_set(s, round->before.name, round->before.type, &now),
			EFFECT_DONE);
	assert_true(rrset_eq(&now, r ? &round->before : &round->after));
}

static void play(struct scene *s, struct view name, struct view type)
{
	struct round round = { .somebody = draw(s, 6) == 0 };
	CLEANUP(freep) char *theirs = NULL;
	CLEANUP(freep) char *then = NULL;
	int r;

	if (draw(s, 4) == 0)
		probe_tell("foreign", "null");
	draw_fault(s);
	if (read_set(s, name, type, &round.before))
		return;
	round.after = draw_after(s, &round.before);
	if (round.somebody)
		probe_tell("foreign", arena_printf(s->arena,
						      "{\"name\": \"%.*s.\", \"type\": "
						      "\"%.*s\"}",
						      VIEW_ARG(name), VIEW_ARG(type))
						      .data);
	theirs = others();
	r = change(s, &round.before, &round.after);
	then = others();
	assert_same(theirs, then);
	assert_changed(s, &round, r);
}

static struct view draw_name(struct scene *s)
{
	uint64_t n = draw(s, NAMES);

	return n ? arena_printf(s->arena, "n%u.a.example", (unsigned)n)
		 : VIEW("a.example");
}

static void T09_nothing_of_other_people_changes_in_any_round(void **state)
{
	static const struct view types[] = { { "TXT", 3 }, { "MX", 2 }, { "A", 1 },
		{ "CAA", 3 } };
	struct scene *s = *state;
	const char *rounds = getenv("POSTHUS_ROUNDS"), *seed = getenv("POSTHUS_SEED");
	unsigned long most = rounds ? strtoul(rounds, NULL, 10) : ROUNDS;
	char text[32];

	assert_int_equal(getrandom(&s->random, sizeof(s->random), 0), sizeof(s->random));
	s->random = seed ? strtoull(seed, NULL, 10) : s->random % 1000000000;
	printf("POSTHUS_SEED=%llu\n", (unsigned long long)s->random);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)s->random);
	probe_tell("reset", text);
	for (unsigned long i = 0; i < most; i++) {
		struct arena *whole = s->arena;

		s->arena = s->call.arena = arena_new();
		play(s, draw_name(s), types[draw(s, ARRAY_LEN(types))]);
		arena_free(s->arena);
		s->arena = s->call.arena = whole;
	}
	assert_true(count_of("patches") > most / 5);
	printf("%lu rounds, %zu values of ours left, %zu lines of others\n", most,
			count_of("ours"), count_of("others"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
				T09_a_fault_is_no_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(
				T09_a_change_that_fails_is_told_from_one_that_may_not_have,
				setup, teardown),
		cmocka_unit_test_setup_teardown(
				T09_what_was_changed_meanwhile_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(
				T09_nothing_of_other_people_changes_in_any_round, setup,
				teardown),
	};

	assert_int_equal(argc, 2);
	path = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
