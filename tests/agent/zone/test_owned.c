/* Our values in an RRset, among those of others. The names of cases say what is promised. */
#include "agent/zone/owned.h"
#include "tests/lib/test.h"

enum {
	MOST = 6,
	TTL = 300,
};

static struct rrset set_of(struct arena *arena, const char *name, const char *type,
		const char *const *values, uint32_t ttl)
{
	struct view list[MOST];
	struct rrset set = { .name = view_z(name), .type = view_z(type), .ttl = ttl };
	size_t count = 0;

	for (; values[count]; count++)
		list[count] = view_z(values[count]);
	if (count)
		assert_int_equal(rrset_make(arena, view_z(name), view_z(type), ttl, list,
						 count, &set),
				0);
	return set;
}

static struct view text_of(struct arena *arena, const char *name, const char *type,
		const char *const *values, uint32_t ttl)
{
	const struct owned_text text = {
		.managed = true,
		.keeper = VIEW("main"),
		.provider = VIEW("{\"type\":\"zonefile\"}"),
		.zone = VIEW("a.example"),
		.set = set_of(arena, name, type, values, ttl),
	};

	return owned_print(arena, &text);
}

struct change {
	const char *of, *name, *type;
	const char *former[MOST], *wanted[MOST], *before[MOST];
	const char *after[MOST]; /* none: the zone is left alone … */
	const char *foreign;     /* … because this is in the way */
	bool removes;
	uint32_t ttl_before, ttl_after; /* 0: TTL */
};

#define SPF   "a.example", "TXT"
#define MX    "a.example", "MX"
#define ALIAS "w.a.example", "CNAME"
#define KEY   "s1._domainkey.a.example", "TXT"

/* clang-format off */
static const struct change changes[] = {
	{ "what is new is put there", MX, { 0 }, { "10 a.example." }, { 0 }, { "10 a.example." } },
	{ "what is new is put beside what others have", MX, { 0 }, { "10 a.example." }, { "5 b.example." }, { "5 b.example.", "10 a.example." } },
	{ "what is there already is adopted", MX, { 0 }, { "10 a.example." }, { "10 A.example.", "5 b.example." }, { "10 A.example.", "5 b.example." } },
	{ "a change takes what was ours before", MX, { "10 a.example." }, { "20 a.example." }, { "5 b.example.", "10 a.example." }, { "5 b.example.", "20 a.example." } },
	{ "a change takes nothing of others", MX, { "10 a.example." }, { "20 a.example." }, { "5 b.example.", "10 c.example." }, { "5 b.example.", "10 c.example.", "20 a.example." } },
	{ "what leaves takes its own along", MX, { "10 a.example." }, { "20 a.example." }, { "10 a.example.", "20 a.example.", "5 b.example." }, { "5 b.example." }, .removes = true },
	{ "what leaves and is gone takes nothing", MX, { 0 }, { "20 a.example." }, { "5 b.example." }, { "5 b.example." }, .removes = true },
	{ "what leaves empties what was ours alone", MX, { 0 }, { "20 a.example." }, { "20 a.example." }, { 0 }, .removes = true },
	{ "texts of others stay beside SPF", SPF, { "\"v=spf1 mx -all\"" }, { "\"v=spf1 -all\"" }, { "\"verification=1\"", "\"v=spf1 mx -all\"" }, { "\"verification=1\"", "\"v=spf1 -all\"" } },
	{ "somebody else's SPF is in the way", SPF, { 0 }, { "\"v=spf1 -all\"" }, { "\"v=spf1 include:b.example ~all\"" }, { 0 }, "\"v=spf1 include:b.example ~all\"" },
	{ "and it is beside ours, too", SPF, { "\"v=spf1 -all\"" }, { "\"v=spf1 -all\"" }, { "\"v=spf1 -all\"", "\"v=spf1 ~all\"" }, { 0 }, "\"v=spf1 ~all\"" },
	{ "ours, altered, is set right", SPF, { "\"v=spf1 -all\"" }, { "\"v=spf1 -all\"" }, { "\"v=spf1 +all\"", "\"x\"" }, { "\"v=spf1 -all\"", "\"x\"" } },
	{ "ours, altered, is changed", SPF, { "\"v=spf1 -all\"" }, { "\"v=spf1 mx -all\"" }, { "\"v=spf1 +all\"" }, { "\"v=spf1 mx -all\"" } },
	{ "ours, altered, is not taken away", SPF, { 0 }, { "\"v=spf1 -all\"" }, { "\"v=spf1 +all\"" }, { "\"v=spf1 +all\"" }, .removes = true },
	{ "a text that was never of SPF does not make somebody's SPF ours", SPF, { "\"x\"" }, { "\"v=spf1 -all\"" }, { "\"x\"", "\"v=spf1 ~all\"" }, { 0 }, "\"v=spf1 ~all\"" },
	{ "a text in several strings is one", SPF, { "\"v=spf1 mx -all\"" }, { "\"v=spf1 -all\"" }, { "\"v=spf1 \" \"mx -all\"" }, { "\"v=spf1 -all\"" } },
	{ "another key of our selector is in the way", KEY, { 0 }, { "\"v=DKIM1; p=AAAA\"" }, { "\"p=BBBB\"" }, { 0 }, "\"p=BBBB\"" },
	{ "somebody else's alias is in the way", ALIAS, { 0 }, { "a.example." }, { "b.example." }, { 0 }, "b.example." },
	{ "our alias follows", ALIAS, { "a.example." }, { "b.example." }, { "a.example." }, { "b.example." } },
	{ "the TTL of what is ours alone is ours", MX, { 0 }, { "10 a.example." }, { "10 a.example." }, { "10 a.example." }, .ttl_before = 60 },
	{ "the TTL of others is theirs", MX, { 0 }, { "10 a.example." }, { "5 b.example." }, { "5 b.example.", "10 a.example." }, .ttl_before = 60, .ttl_after = 60 },
};
/* clang-format on */

static void check_change(const struct change *c)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view former =
			c->former[0] ? text_of(arena, c->name, c->type, c->former, TTL)
				     : VIEW_NULL;
	struct rrset before = set_of(arena, c->name, c->type, c->before,
			c->ttl_before ? c->ttl_before : TTL);
	struct rrset expected = set_of(arena, c->name, c->type, c->after,
			c->ttl_after ? c->ttl_after : TTL);
	struct rrset after;
	struct owned owned;
	struct view foreign = VIEW_NULL;
	int r;

	assert_true(owned_load(arena, text_of(arena, c->name, c->type, c->wanted, TTL),
			former, c->removes, &owned));
	r = owned_change(&owned, &before, arena, &after, &foreign);
	if (r != (c->foreign ? OWNED_E_FOREIGN : OWNED_OK))
		fail_msg("%s: outcome %d", c->of, r);
	if (c->foreign) {
		assert_view(foreign, c->foreign);
		return;
	}
	if (!rrset_eq(&after, &expected) || (after.count && after.ttl != expected.ttl))
		fail_msg("%s: got %zu values, the first %.*s, with TTL %u", c->of,
				after.count,
				VIEW_ARG(after.count ? after.values[0] : VIEW_NULL),
				(unsigned)after.ttl);
}

static void a_change_is_of_our_values_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(changes); i++)
		check_change(&changes[i]);
}

/* -- what lives -- */

enum expected {
	NOTHING,
	WANTED,
	FORMER,
	OTHER,
};

struct sight {
	const char *of, *name, *type;
	const char *former[MOST], *wanted[MOST], *live[MOST];
	enum expected expected;
	const char *other; /* the one value of OTHER */
	uint32_t ttl;
	bool removes;
};

/* clang-format off */
static const struct sight sights[] = {
	{ "nothing is nothing", MX, { 0 }, { "10 a.example." }, { 0 }, NOTHING },
	{ "what others have is nothing of ours", MX, { 0 }, { "10 a.example." }, { "5 b.example." }, NOTHING },
	{ "what is wanted is there", MX, { 0 }, { "10 a.example." }, { "10 A.EXAMPLE." }, WANTED },
	{ "beside what others have, whatever its TTL", MX, { 0 }, { "10 a.example." }, { "5 b.example.", "10 a.example." }, WANTED, .ttl = 60 },
	{ "the TTL of ours alone counts", MX, { 0 }, { "10 a.example." }, { "10 a.example." }, OTHER, "10 a.example.", .ttl = 60 },
	{ "what was there before", MX, { "10 a.example." }, { "20 a.example." }, { "10 a.example.", "5 b.example." }, FORMER },
	{ "a part of it", MX, { 0 }, { "10 a.example.", "20 b.example." }, { "20 b.example." }, OTHER, "20 b.example." },
	{ "somebody's SPF is not ours", SPF, { 0 }, { "\"v=spf1 -all\"" }, { "\"v=spf1 ~all\"" }, NOTHING },
	{ "ours, altered", SPF, { "\"v=spf1 -all\"" }, { "\"v=spf1 -all\"" }, { "\"v=spf1 ~all\"" }, OTHER, "\"v=spf1 ~all\"" },
	{ "of what leaves, only what we put there", SPF, { "\"v=spf1 -all\"" }, { "\"v=spf1 -all\"" }, { "\"v=spf1 ~all\"" }, NOTHING, .removes = true },
};
/* clang-format on */

static void check_sight(const struct sight *s)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view wanted = text_of(arena, s->name, s->type, s->wanted, TTL);
	struct view former =
			s->former[0] ? text_of(arena, s->name, s->type, s->former, TTL)
				     : VIEW_NULL;
	struct rrset live =
			set_of(arena, s->name, s->type, s->live, s->ttl ? s->ttl : TTL);
	const char *const other[] = { s->other, NULL };
	struct view expected[] = {
		[NOTHING] = VIEW_NULL, [WANTED] = wanted, [FORMER] = former
	};
	struct owned owned;
	struct view text;

	assert_true(owned_load(arena, wanted, former, s->removes, &owned));
	text = owned_live(&owned, &live, arena);
	if (s->expected == OTHER ? !view_eq(text, text_of(arena, s->name, s->type, other,
								  s->ttl ? s->ttl : TTL))
				 : !view_eq(text, expected[s->expected]))
		fail_msg("%s: %.*s", s->of, VIEW_ARG(text));
}

static void what_lives_of_ours_is_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sights); i++)
		check_sight(&sights[i]);
}

static void what_is_none_of_ours_is_refused(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	static const char *const values[] = { "10 a.example.", NULL };
	struct view good = text_of(arena, MX, values, TTL);
	struct owned owned;

	(void)state;
	assert_false(owned_load(arena, VIEW("{}"), VIEW_NULL, false, &owned));
	assert_false(owned_load(arena, VIEW("nonsense"), VIEW_NULL, false, &owned));
	assert_false(owned_load(arena, good, VIEW("[]"), false, &owned));
	assert_true(owned_load(arena, good,
			arena_printf(arena, "%.*s\n%.*s", VIEW_ARG(good), VIEW_ARG(good)),
			false, &owned));
	assert_int_equal(owned.former_count, 2);
	assert_view(owned.wanted.keeper, "main");
	assert_view(owned.wanted.provider, "{\"type\":\"zonefile\"}");
	assert_true(view_eq(owned_print(arena, &owned.wanted), good));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_is_of_our_values_alone),
		cmocka_unit_test(what_lives_of_ours_is_seen),
		cmocka_unit_test(what_is_none_of_ours_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
