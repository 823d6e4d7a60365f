#include "runtime/base/buf.h"
#include "runtime/base/limit.h"
#include "runtime/mail/address_list.h"
#include "tests/lib/test.h"

/* One entry as text: name|route|local|domain, groups as name{ and }. */
static void describe(struct buf *out, const struct address_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct address_entry *e = &list->entries[i];

		if (i)
			buf_add_byte(out, ' ');
		if (e->kind == ADDRESS_GROUP_BEGIN)
			buf_addf(out, "%.*s{", VIEW_ARG(e->name));
		else if (e->kind == ADDRESS_GROUP_END)
			buf_add_byte(out, '}');
		else
			buf_addf(out, "%.*s|%.*s|%.*s|%.*s", VIEW_ARG(e->name),
					VIEW_ARG(e->route), VIEW_ARG(e->local),
					VIEW_ARG(e->domain));
	}
}

/* clang-format off */
static const struct { const char *text, *entries; bool clean; } lists[] = {
	{ "",                                            "", true },
	{ " (nobody) ",                                  "", true },
	{ "a@b.test",                                    "||a|b.test", true },
	{ "A <a@b.test>, c@d.test",                      "A||a|b.test ||c|d.test", true },
	{ "\"A, B\" <a@b.test>",                         "A, B||a|b.test", true },
	{ "A B. C <a@b.test>",                           "A B. C||a|b.test", true },
	{ "\"\" <a@b.test>",                             "||a|b.test", true },
	{ "a@b.test (A \\(x\\))",                        "A (x)||a|b.test", true },
	{ "g:;",                                         "g{ }", true },
	{ "g: a@b.test, C <c@d.test>; , e@f.test",       "g{ ||a|b.test C||c|d.test } ||e|f.test", true },
	{ "a . b @ c . test",                            "||a.b|c.test", true },
	{ "\"a b\".c@d.test",                            "||a b.c|d.test", true },
	{ "<@r.test,@s.test:a@b.test>",                  "|@r.test,@s.test|a|b.test", true },
	{ "a@[192.0.2.1]",                               "||a|[192.0.2.1]", true },
	{ ",,a@b.test,,",                                "||a|b.test", true },
	{ "J\xc3\xbc <a@b\xc3\xbc.test>",                "J\xc3\xbc||a|b\xc3\xbc.test", true },
	/* a damaged entry does not lose the others, and the list is not clean */
	{ "alice, b@c.test",                             "||alice| ||b|c.test", false },
	{ "Alice Smith, b@c.test",                       "||Alice Smith| ||b|c.test", false },
	{ "<a@b.test, c@d.test",                         "||a|b.test ||c|d.test", false },
	{ "a@b.test c@d.test, e@f.test",                 "||a|b.test ||e|f.test", false },
	{ "<>, a@b.test",                                "||| ||a|b.test", false },
	{ "a@, @b.test",                                 "||a| |||b.test", false },
	{ "a@b.test;, c@d.test",                         "||a|b.test ||c|d.test", false },
	{ "g: a@b.test",                                 "g{ ||a|b.test }", false },
	{ "g: h: a@b.test;",                             "g{ ||a|b.test }", false },
	{ "\"A <a@b.test>",                              "||A <a@b.test>|", false },
	{ "a@b.test (unclosed",                          "unclosed||a|b.test", false },
	{ "a@[b.test",                                   "||a|[b.test]", false },
	{ "a\x01" "b@c.test",                            "||ab|c.test", false },
	/* M07: a list, an encoded name, a route, quoted pairs, trailing text */
	{ "<first@attack.test>, <second@legit.test>",    "||first|attack.test ||second|legit.test", true },
	{ "=?utf-8?B?PGFkbWluQGxlZ2l0LnRlc3Q+?=,<second@attack.test>",
	  "||=?utf-8?B?PGFkbWluQGxlZ2l0LnRlc3Q+?=| ||second|attack.test", false },
	{ "<@attack.test,@any.test:admin@legit.test>",   "|@attack.test,@any.test|admin|legit.test", true },
	{ "<\\<a@legit.test>\\>@attack.test>",           "|||", false },
	{ "<admin@legit.test>@attack.test",              "||admin|legit.test", false },
	{ "admin@legit.test <second@attack.test>",       "admin@legit.test||second|attack.test", false },
	/* what Outlook and others write: the brackets have the address */
	{ "'a@b.test' <a@b.test>, c@d.test",             "'a@b.test'||a|b.test ||c|d.test", false },
	{ "a@b.test\r\n (x) <c@d.test> e, f@g.test",    "a@b.test (x)||c|d.test ||f|g.test", false },
	{ "g: a@b.test <c@d.test>;",                     "g{ a@b.test||c|d.test }", false },
	/* only dots join words to a local part */
	{ "A B a@b.test",                                "A B||a|b.test", false },
	{ "A a . b @ c.test",                            "A||a.b|c.test", false },
	{ "<A a@b.test>",                                "||a|b.test", false },
};
/* clang-format on */

static void lists_as_people_write_them(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		CLEANUP(buf_free) struct buf got = BUF_NULL(4096);
		struct address_list list;

		address_list_parse(arena, view_z(lists[i].text), &list);
		describe(&got, &list);
		if (!view_eq(buf_view(&got), view_z(lists[i].entries)))
			fail_msg("%s: got %.*s", lists[i].text, VIEW_ARG(buf_view(&got)));
		if (list.clean != lists[i].clean)
			fail_msg("%s: clean is %d", lists[i].text, list.clean);
	}
	arena_free(arena);
}

/* What an arena holds after a list of `count` times `piece`. */
static size_t memory_of(const char *piece, size_t count, struct address_list *out)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(1 << 26);
	struct arena *arena = arena_new();
	size_t used;

	for (size_t i = 0; i < count; i++)
		buf_add_z(&text, piece);
	address_list_parse(arena, buf_view(&text), out);
	used = arena_used(arena);
	arena_free(arena);
	out->entries = NULL;
	return used;
}

/* B03: half a million addresses. All passes move forward only; what could still grow is
 * memory, and it must stay in step. */
static void B03_many_addresses_are_capped_and_linear(void **state)
{
	static const char *const pieces[] = { "a@b.test,", "g:a@b;", "\"", "(", "<@a,",
		"a:", "a ", "a@", "<", "\\", ";", "[", ".", "a@[", "(\\", "\"a\"." };
	const size_t most = limit_value(LIMIT_MIME_ADDRESSES);
	struct address_list list;

	(void)state;
	memory_of("a@b.test,", 500000, &list);
	assert_true(list.count <= most && list.count >= most - 1);
	assert_false(list.clean);
	memory_of("a@b.test,", most - 1, &list);
	assert_int_equal(list.count, most - 1);
	assert_true(list.clean);
	memory_of("g:a@b.test;", 500000, &list);
	assert_true(list.count <= most);
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		size_t once = memory_of(pieces[i], 700, &list);
		size_t ten_times = memory_of(pieces[i], 7000, &list);

		assert_true(ten_times <= 11 * once + 4096);
	}
}

/* B06 */
static void B06_comments_nest_32_deep(void **state)
{
	char text[256];
	struct arena *arena = arena_new();
	struct address_list list;

	(void)state;
	for (int depth = 31; depth <= 33; depth++) {
		memset(text, '(', (size_t)depth);
		memset(text + depth, ')', (size_t)depth);
		memcpy(text + 2 * depth, "a@b.test", 8);
		address_list_parse(arena, view_of(text, (size_t)depth * 2 + 8), &list);
		assert_int_equal(list.count, 1);
		assert_int_equal(list.clean, depth <= 32);
	}
	memory_of("(", 1000000, &list);
	assert_int_equal(list.count, 0);
	assert_false(list.clean);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_as_people_write_them),
		cmocka_unit_test(B03_many_addresses_are_capped_and_linear),
		cmocka_unit_test(B06_comments_nest_32_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
