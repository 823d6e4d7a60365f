#include "agent/provider/zone_text.h"
#include "tests/lib/test.h"

#include <stdlib.h>

/* Others' lines, in all the ways in which they are written. */
#define HEAD                                                                             \
	"; the zone of somebody\n"                                                       \
	"$TTL 1h\n"                                                                      \
	"@\tIN SOA ns1 hostmaster (\n"                                                   \
	"\t\t2026112401 ; serial\n"                                                      \
	"\t\t3600 900 604800 60 )\n"

#define RAISED                                                                           \
	"; the zone of somebody\n"                                                       \
	"$TTL 1h\n"                                                                      \
	"@\tIN SOA ns1 hostmaster (\n"                                                   \
	"\t\t2026112402 ; serial\n"                                                      \
	"\t\t3600 900 604800 60 )\n"

/* clang-format off */
static const struct {
	const char *name, *type, *text;
	const char *values; /* parted by `|`; NULL: refused */
	unsigned ttl;
} readings[] = {
	{ "a.example",   "NS",  HEAD "\tNS ns1\n  IN NS ns2.b.example.\n", "ns1.a.example.|ns2.b.example.", 3600 },
	{ "x.a.example", "TXT", "x 60 IN TXT \"a;b\" ; \"c\n", "\"a;b\"", 60 },
	{ "x.a.example", "TXT", "X.A.Example. IN 1h1m TXT ( \"a\"\n ; no\n \"b)\" )\n", "\"a\" \"b)\"", 3660 },
	{ "x.a.example", "TXT", "$ORIGIN x\n@ TXT a\n$ORIGIN b.example.\n@ TXT b\n", "\"a\"", 0 },
	{ "x.a.example", "MX",  "x MX 10 mail\n\n; c\n  MX 20 @ \n", "10 mail.a.example.|20 a.example.", 0 },
	{ "x.a.example", "A",   "x A 192.0.2.1\r\ny A 192.0.2.2\r\n A 192.0.2.3", "192.0.2.1", 0 },
	{ "y.a.example", "A",   "x A 192.0.2.1\r\ny A 192.0.2.2\r\n A 192.0.2.3", "192.0.2.2|192.0.2.3", 0 },
	{ "x.a.example", "TXT", "x TXT \"a\\\"b\" \"\\195\"\n", "\"a\\\"b\" \"\\195\"", 0 },
	{ "x.a.example", "TXT", "x TYPE65280 \\# 1 00\nx TXT t\n", "\"t\"", 0 },
	{ "in.a.example", "TXT", "in TXT t\n", "\"t\"", 0 },
	{ "5.a.example", "TXT", "5 5 TXT t\n", "\"t\"", 5 },
	{ "x.a.example", "TXT", "", "", 0 },
	{ "x.a.example", "TXT", "; nothing\n\n \n", "", 0 },
	{ "x.a.example", "TXT", " TXT nobody's\n", NULL, 0 },
	{ "x.a.example", "TXT", "x TXT \"a\ny TXT \"b\"\n", NULL, 0 },
	{ "x.a.example", "TXT", "x TXT ( a\n", NULL, 0 },
	{ "x.a.example", "TXT", "x TXT a )\n", NULL, 0 },
	{ "x.a.example", "TXT", "x\n", NULL, 0 },
	{ "x.a.example", "TXT", "x..y TXT a\n", NULL, 0 },
	{ "x.a.example", "A",   "x A 192.0.2\n", NULL, 0 },
	{ "x.a.example", "TXT", "$INCLUDE other\n", NULL, 0 },
	{ "x.a.example", "TXT", "$GENERATE 1-5 x$ A 192.0.2.$\n", NULL, 0 },
	{ "x.a.example", "TXT", "x TXT a\001b\n", NULL, 0 },
	{ "x.a.example", "TXT", "x TXT a\\", NULL, 0 },
};

static const struct {
	const char *what, *name, *type, *before, *after;
	unsigned ttl;
	const char *text, *changed; /* NULL: refused */
} changes[] = {
	{ "a new set stands at the end, the serial is raised", "x.a.example", "TXT", "", "\"ours\"", 300,
	  HEAD "y A 192.0.2.1 ; theirs\n", RAISED "y A 192.0.2.1 ; theirs\nx.a.example. 300 IN TXT \"ours\"\n" },
	{ "behind a line without an end, too", "x.a.example", "TXT", "", "\"ours\"", 300,
	  HEAD "y A 192.0.2.1", RAISED "y A 192.0.2.1\nx.a.example. 300 IN TXT \"ours\"\n" },
	{ "a value joins those of others", "x.a.example", "TXT", "\"theirs\"", "\"ours\"|\"theirs\"", 3600,
	  HEAD "x  TXT  ( theirs )\t;\n", RAISED "x  TXT  ( theirs )\t;\nx.a.example. 3600 IN TXT \"ours\"\n" },
	{ "and leaves them", "x.a.example", "TXT", "\"ours\"|\"theirs\"", "\"theirs\"", 3600,
	  HEAD "x  TXT  ( theirs )\t;\nx.a.example. 3600 IN TXT \"ours\"\n", RAISED "x  TXT  ( theirs )\t;\n" },
	{ "a line that took its name from one that goes keeps it", "x.a.example", "TXT", "\"ours\"", "", 3600,
	  HEAD "x TXT ours\n; of x\n\n\tA 192.0.2.1\n A 192.0.2.2\n", RAISED "; of x\n\nx.a.example.\tA 192.0.2.1\n A 192.0.2.2\n" },
	{ "under another origin, too", "x.a.example", "TXT", "\"ours\"", "", 3600,
	  HEAD "x TXT ours\n$ORIGIN b\n\tA 192.0.2.1\n", RAISED "$ORIGIN b\nx.a.example.\tA 192.0.2.1\n" },
	{ "one of several goes", "x.a.example", "A", "192.0.2.1|192.0.2.2", "192.0.2.2", 3600,
	  HEAD "x A 192.0.2.1\n  A 192.0.2.2\n  TXT t\n", RAISED "x.a.example.  A 192.0.2.2\n  TXT t\n" },
	{ "another TTL is that of the whole set", "x.a.example", "A", "192.0.2.1", "192.0.2.1", 60,
	  HEAD "x A 192.0.2.1\n", RAISED "x.a.example. 60 IN A 192.0.2.1\n" },
	{ "a part that another file includes has no serial", "x.a.example", "A", "", "192.0.2.1", 60,
	  "", "x.a.example. 60 IN A 192.0.2.1\n" },
	{ "the serial begins anew behind its end", "x.a.example", "A", "", "192.0.2.1", 60,
	  "@ SOA a b 4294967295 1 1 1 1\n", "@ SOA a b 1 1 1 1 1\nx.a.example. 60 IN A 192.0.2.1\n" },
	{ "a serial that is none", "x.a.example", "A", "", "192.0.2.1", 60, "@ SOA a b c 1 1 1 1\n", NULL },
	{ "a second SOA", "x.a.example", "A", "", "192.0.2.1", 60, "@ SOA a b 1 1 1 1 1\n@ SOA a b 1 1 1 1 1\n", NULL },
	{ "a SOA of another name", "x.a.example", "A", "", "192.0.2.1", 60, "y SOA a b 1 1 1 1 1\n", NULL },
	{ "what differs", "x.a.example", "A", "192.0.2.2", "", 60, "x A 192.0.2.1\n", NULL },
	{ "what is there", "x.a.example", "A", "", "192.0.2.2", 60, "x A 192.0.2.1\n", NULL },
};
/* clang-format on */

static struct rrset set_of(struct arena *arena, const char *name, const char *type,
		unsigned ttl, const char *text)
{
	struct view rest = view_z(text), list[8];
	struct rrset set;
	size_t count = 0;

	while (rest.len)
		list[count++] = view_cut(&rest, '|');
	assert_int_equal(rrset_make(arena, view_z(name), view_z(type), ttl, list, count,
					 &set),
			0);
	return set;
}

/* A copy that a reader beyond its end is caught at. */
static struct view alone(const char *text, char **out)
{
	size_t len = strlen(text);

	*out = malloc(len ? len : 1);
	memcpy(*out, text, len);
	return view_of(*out, len);
}

static void a_set_is_read_however_it_is_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(readings); i++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new();
		CLEANUP(buf_free) struct buf got = BUF_NULL(4096);
		struct rrset set;
		char *text;
		size_t line;
		int r = zone_text_read(alone(readings[i].text, &text), VIEW("a.example"),
				view_z(readings[i].name), view_z(readings[i].type), arena,
				&set, &line);

		free(text);
		if ((r == 0) != (readings[i].values != NULL))
			fail_msg("%s: %d, line %zu", readings[i].text, r, line);
		if (r)
			continue;
		for (size_t k = 0; k < set.count; k++)
			buf_addf(&got, "%s%.*s", k ? "|" : "", VIEW_ARG(set.values[k]));
		assert_view(buf_view(&got), readings[i].values);
		assert_int_equal(set.ttl, readings[i].ttl);
	}
}

static void a_change_leaves_all_else_as_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new();
		CLEANUP(buf_free) struct buf out = BUF_NULL(4096);
		struct rrset before = set_of(arena, changes[i].name, changes[i].type,
				3600, changes[i].before);
		struct rrset after = set_of(arena, changes[i].name, changes[i].type,
				changes[i].ttl, changes[i].after);
		char *text;
		size_t line;
		int r = zone_text_change(alone(changes[i].text, &text), VIEW("a.example"),
				&before, &after, &out, &line);

		free(text);
		if ((r == 0) != (changes[i].changed != NULL))
			fail_msg("%s: %d, line %zu", changes[i].what, r, line);
		if (r == 0)
			assert_view(buf_view(&out), changes[i].changed);
	}
}

static void what_is_wrong_is_named_by_its_line(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct rrset set;
	size_t line;

	(void)state;
	assert_int_equal(zone_text_read(VIEW(HEAD "x TXT a\n\n$INCLUDE y\n"),
					 VIEW("a.example"), VIEW("x.a.example"),
					 VIEW("TXT"), arena, &set, &line),
			ZONE_TEXT_E_ELSEWHERE);
	assert_int_equal(line, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_set_is_read_however_it_is_written),
		cmocka_unit_test(a_change_leaves_all_else_as_it_is),
		cmocka_unit_test(what_is_wrong_is_named_by_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
