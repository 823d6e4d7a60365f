/* Records gathered into RRsets, and what cannot stand side by side. */
#include "agent/zone/rrsets.h"
#include "tests/lib/test.h"

enum {
	MOST = 8
};

struct line {
	const char *name, *type, *value;
	bool declared;
	uint32_t ttl;
};

static void gather(struct arena *arena, const struct line *lines, struct zone_rrsets *out)
{
	struct zone_records *records = ARENA_NEW(arena, struct zone_records);

	records->items = arena_array(arena, MOST, sizeof(*records->items));
	for (size_t i = 0; i < MOST && lines[i].name; i++)
		records->items[records->count++] = (struct zone_record){
			.name = view_z(lines[i].name),
			.type = lines[i].type,
			.value = view_z(lines[i].value),
			.declared = lines[i].declared,
			.ttl = lines[i].ttl ? lines[i].ttl : ZONE_TTL,
		};
	zone_rrsets(records, arena, out);
}

#define GATHER(out, ...)                                                                 \
	CLEANUP(arena_freep) struct arena *arena = arena_new();                          \
	struct zone_rrsets out;                                                          \
	gather(arena, (const struct line[MOST + 1]){ __VA_ARGS__ }, &out)

static void one_name_and_type_is_one_set(void **state)
{
	GATHER(sets, { "a.example", "MX", "20 b.example." },
			{ "a.example", "TXT", "\"v=spf1 -all\"" },
			{ "a.example", "MX", "10 a.example.", false, 60 },
			{ "a.example", "TXT", "\"x\"", true, 600 });
	const struct zone_rrset *mx = zone_rrset_of(&sets, VIEW("a.example/MX"));

	(void)state;
	assert_int_equal(sets.count, 2);
	assert_non_null(mx);
	assert_int_equal(mx->set.count, 2);
	assert_view(mx->set.values[0], "10 a.example.");
	assert_int_equal(mx->set.ttl, 60);
	assert_null(mx->one);
	assert_null(sets.items[1].one);
	assert_null(zone_rrset_of(&sets, VIEW("a.example/SRV")));
}

static bool collide(const struct line lines[MOST + 1])
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct zone_rrsets sets;
	bool found = false;

	gather(arena, lines, &sets);
	for (size_t i = 0; i < sets.count; i++) {
		found |= sets.items[i].one != NULL;
		assert_int_equal(sets.items[i].outcome, 0);
	}
	return found;
}

static void what_a_name_has_once_collides(void **state)
{
	/* clang-format off */
	static const struct {
		const char *of;
		bool collides;
		struct line lines[MOST + 1];
	} cases[] = {
		{ "a second SPF", true,
			{ { "a.example", "TXT", "\"v=spf1 -all\"" }, { "a.example", "TXT", "\"V=SPF1 mx -all\"", true } } },
		{ "a second SPF, both declared", true,
			{ { "a.example", "TXT", "\"v=spf1 -all\"", true }, { "a.example", "TXT", "\"v=spf1\"", true } } },
		{ "another text beside SPF", false,
			{ { "a.example", "TXT", "\"v=spf1 -all\"" }, { "a.example", "TXT", "\"v=spf10 -all\"", true } } },
		{ "a second DMARC", true,
			{ { "_dmarc.a.example", "TXT", "\"v=DMARC1; p=none\"" }, { "_dmarc.a.example", "TXT", "\"v=DMARC1;p=reject\"", true } } },
		{ "keys of one selector", true,
			{ { "s1._domainkey.a.example", "TXT", "\"v=DKIM1; p=AAAA\"" }, { "s1._domainkey.a.example", "TXT", "\"p=BBBB\"", true } } },
		{ "a further exchanger", true,
			{ { "a.example", "MX", "10 a.example." }, { "a.example", "MX", "20 b.example.", true } } },
		{ "the same exchanger", false,
			{ { "a.example", "MX", "10 a.example." }, { "a.example", "MX", "10 A.example.", true } } },
		{ "two exchangers of ours", false,
			{ { "a.example", "MX", "10 a.example." }, { "a.example", "MX", "20 b.example." } } },
		{ "an alias beside an address", true,
			{ { "w.a.example", "CNAME", "b.example.", true }, { "w.a.example", "A", "203.0.113.1", true } } },
		{ "two aliases", true,
			{ { "w.a.example", "CNAME", "b.example.", true }, { "w.a.example", "CNAME", "c.example." } } },
		{ "an alias alone", false,
			{ { "w.a.example", "CNAME", "b.example.", true }, { "a.example", "A", "203.0.113.1", true } } },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (collide(cases[i].lines) != cases[i].collides)
			fail_msg("%s", cases[i].of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_name_and_type_is_one_set),
		cmocka_unit_test(what_a_name_has_once_collides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
