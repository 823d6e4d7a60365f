#include "agent/people/page.h"

#include "agent/people/markup.h"
#include "agent/people/profile.h"
#include "tests/lib/test.h"

static const struct mail_settings settings = { { "mail.a.example", 14 }, { 993, true },
	{ 587, false } };

static const struct invite eva = { { 1 }, { "eva@a.example", 13 },
	{ "<script>alert(\"Eva\") & 'Ek'</script>", 37 }, 1764280000 };

static bool has(const struct buf *text, const char *what)
{
	return view_find_view(buf_view(text), view_z(what)) < text->len;
}

static void W17_markup_of_others_is_text(void **state)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(64 * 1024);

	(void)state;
	page_choose(&out, &eva, &settings, VIEW("\"><b>"), NULL);
	page_welcome(&out, &eva, &settings, VIEW("\"><b>"));
	profile_write(&out, &settings, eva.uid, eva.address, eva.name);
	assert_false(has(&out, "<script"));
	assert_false(has(&out, "\"><b>"));
	assert_true(has(&out, "&lt;script&gt;alert(&quot;Eva&quot;) &amp; &#39;Ek&#39;"));
}

static void W17_what_is_no_character_is_replaced(void **state)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(1024);

	(void)state;
	markup_add(&out, VIEW("a\x01"
			      "b\xff"
			      "c\x7f"
			      "ö"));
	assert_view(buf_view(&out), "a\xef\xbf\xbd"
				    "b\xef\xbf\xbd"
				    "c\xef\xbf\xbd"
				    "ö");
}

static void each_refusal_says_what_to_do(void **state)
{
	static const struct {
		enum invite_outcome why;
		const char *says;
	} cases[] = {
		{ INVITE_E_ABSENT, "ask the people who run this server for a new link" },
		{ INVITE_E_USED, "tell the people who run this server at once" },
		{ INVITE_E_EXPIRED, "Nothing is lost" },
		{ INVITE_E_GONE, "closed" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(buf_free) struct buf out = BUF_NULL(64 * 1024);

		page_refusal(&out, cases[i].why);
		assert_true(has(&out, cases[i].says));
		assert_true(has(&out, "<html lang=\"en\">"));
	}
}

static void ways_are_said_as_they_are(void **state)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(64 * 1024);

	(void)state;
	page_welcome(&out, &eva, &settings, VIEW("token"));
	assert_true(has(&out, "mail.a.example, port 993, SSL/TLS"));
	assert_true(has(&out, "mail.a.example, port 587, STARTTLS"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(W17_markup_of_others_is_text),
		cmocka_unit_test(W17_what_is_no_character_is_replaced),
		cmocka_unit_test(each_refusal_says_what_to_do),
		cmocka_unit_test(ways_are_said_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
