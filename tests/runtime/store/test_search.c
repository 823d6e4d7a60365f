#include "tests/runtime/store/account_test.h"

#include "runtime/base/limit.h"

/* What a program of one or more terms finds, in steps of `effort`. */
static const char *find_in(struct account_store *store, const struct search_term *terms,
		size_t count, size_t effort)
{
	struct search_program program = { terms, count };
	struct search_result result = { .next = 1 };
	const char *text;

	do {
		assert_int_equal(search_run(store, mailbox_of(store, "INBOX"), &program,
						 result.next, effort, &result),
				STORE_OK);
	} while (result.next);
	text = set_text(&result.uids);
	search_result_free(&result);
	return text;
}

static const char *find(struct account_store *store, const struct search_term *terms,
		size_t count)
{
	static char all[400];

	/* In many steps as in one. */
	snprintf(all, sizeof(all), "%s", find_in(store, terms, count, SIZE_MAX));
	assert_string_equal(find_in(store, terms, count, 1), all);
	return all;
}

#define FIND(store, ...)                                                                 \
	find(store, (struct search_term[]){ __VA_ARGS__ },                               \
			sizeof((struct search_term[]){ __VA_ARGS__ }) /                  \
					sizeof(struct search_term))

static void fill(struct account_store *store)
{
	put(store, "INBOX",
			"From: Ann Lee <ann@example.net>\r\nTo: bob@example.org\r\n"
			"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_aus?=\r\n "
			"=?utf-8?q?_Berlin?=\r\n"
			"Date: Tue, 24 Nov 2026 23:30:00 -0800\r\nX-Tag: Blue\r\n\r\n"
			"The quick brown fox\r\n",
			FLAG_SEEN, "$work");
	put(store, "INBOX",
			"From: carl@example.net\r\nCc: ann@example.net\r\nBcc: "
			"dora@x.org\r\n"
			"Subject: plain\r\nDate: Wed, 25 Nov 2026 10:00:00 +0000\r\n"
			"Content-Type: text/plain; charset=iso-8859-1\r\n"
			"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
			"na=EFve caf=C9 soft=\r\nbreak\r\n",
			0, "");
	put(store, "INBOX",
			"Subject: parts\r\nContent-Type: multipart/mixed; "
			"boundary=b\r\n\r\n"
			"preamble secret\r\n--b\r\nContent-Type: text/html\r\n\r\n"
			"<p title=hidden>one <b>bo</b>ld &amp; new</p>\r\n--b\r\n"
			"Content-Type: text/plain; charset=utf-8\r\n"
			"Content-Transfer-Encoding: base64\r\n\r\n"
			"0J/RgNC40LLQtdGC\r\n--b\r\n"
			"Content-Type: application/octet-stream; name=report.bin\r\n\r\n"
			"binaryneedle\r\n--b--\r\n",
			FLAG_DELETED, "");
	put(store, "INBOX", "\r\n", 0, "");
}

static void rows_are_searched_by_flag_size_date_and_uid(void **state)
{
	struct account_store *store = *state;
	struct uid_set some = UID_SET_NULL;

	fill(store);
	uid_set_add(&some, 2, 3);
	assert_string_equal(FIND(store, { .key = SEARCH_ALL }), "1:4");
	assert_string_equal(find(store, NULL, 0), "1:4");
	assert_string_equal(FIND(store, { .key = SEARCH_UIDS, .uids = &some }), "2:3");
	assert_string_equal(
			FIND(store, { .key = SEARCH_FLAGS, .number = FLAG_SEEN }), "1");
	assert_string_equal(FIND(store, { .key = SEARCH_FLAGS, .number = FLAG_SEEN },
					    { .key = SEARCH_NOT }),
			"2:4");
	assert_string_equal(FIND(store, { .key = SEARCH_KEYWORD, .text = VIEW("$WORK") }),
			"1");
	assert_string_equal(
			FIND(store, { .key = SEARCH_KEYWORD, .text = VIEW("no") }), "");
	assert_string_equal(FIND(store, { .key = SEARCH_LARGER, .number = 2 }), "1:3");
	assert_string_equal(FIND(store, { .key = SEARCH_SMALLER, .number = 3 }), "4");
	assert_string_equal(FIND(store, { .key = SEARCH_ON, .day = NOW / 86400 }), "1:4");
	assert_string_equal(
			FIND(store, { .key = SEARCH_BEFORE, .day = NOW / 86400 }), "");
	assert_string_equal(
			FIND(store, { .key = SEARCH_SINCE, .day = NOW / 86400 }), "1:4");
	assert_string_equal(
			FIND(store, { .key = SEARCH_SINCE, .day = NOW / 86400 + 1 }), "");
	assert_string_equal(FIND(store, { .key = SEARCH_MODSEQ,
							.number = account_store_modseq(
									store) }),
			"4");
	uid_set_free(&some);
}

static void fields_are_searched_decoded_and_without_case(void **state)
{
	struct account_store *store = *state;
	const int64_t day = 20781; /* 24 November 2026 */

	fill(store);
	assert_string_equal(FIND(store, { .key = SEARCH_SUBJECT,
							.text = VIEW("GR\xc3\x9cSSE AUS "
								     "BER") }),
			"1");
	assert_string_equal(
			FIND(store, { .key = SEARCH_SUBJECT, .text = VIEW("?q?") }), "");
	assert_string_equal(FIND(store, { .key = SEARCH_FROM, .text = VIEW("ANN LEE") }),
			"1");
	assert_string_equal(
			FIND(store, { .key = SEARCH_FROM, .text = VIEW("@example.net") }),
			"1:2");
	assert_string_equal(FIND(store, { .key = SEARCH_TO, .text = VIEW("bob") }), "1");
	assert_string_equal(FIND(store, { .key = SEARCH_CC, .text = VIEW("ann") }), "2");
	assert_string_equal(
			FIND(store, { .key = SEARCH_BCC, .text = VIEW("dora") }), "2");
	/* As written, whatever the zone. */
	assert_string_equal(FIND(store, { .key = SEARCH_SENT_ON, .day = day }), "1");
	assert_string_equal(
			FIND(store, { .key = SEARCH_SENT_SINCE, .day = day + 1 }), "2");
	assert_string_equal(
			FIND(store, { .key = SEARCH_SENT_BEFORE, .day = day + 1 }), "1");
	assert_string_equal(FIND(store, { .key = SEARCH_HEADER,
							.name = VIEW("x-tag"),
							.text = VIEW("bLUE") }),
			"1");
	assert_string_equal(FIND(store, { .key = SEARCH_HEADER, .name = VIEW("X-TAG") }),
			"1");
	assert_string_equal(
			FIND(store, { .key = SEARCH_HEADER, .name = VIEW("X-No") }), "");
	assert_string_equal(FIND(store, { .key = SEARCH_HEADER,
							.name = VIEW("Date"),
							.text = VIEW("nov 2026") }),
			"1:2");
}

/* Small ones are one piece with the body; large ones begin in a piece of their own, and the
 * largest need more than one. What follows the header is not searched. */
static void headers_of_all_sizes_are_searched(void **state)
{
	static const size_t sizes[] = { 10, 3000, 5000, 65000, 65500, 70000, 300000 };
	struct account_store *store = *state;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		CLEANUP(buf_free) struct buf text = BUF_NULL(1 << 20);

		while (text.len < sizes[i])
			buf_add_z(&text, "X-Filler: one and another and one more\r\n");
		buf_add_z(&text, "X-Last: found\r\n\r\nX-Body: found\r\n");
		buf_add_byte(&text, '\0');
		put(store, "INBOX", text.data, 0, "");
	}
	assert_string_equal(FIND(store, { .key = SEARCH_HEADER,
							.name = VIEW("X-Last"),
							.text = VIEW("found") }),
			"1:7");
	assert_string_equal(FIND(store, { .key = SEARCH_HEADER, .name = VIEW("X-Body") }),
			"");
}

static void bodies_are_searched_decoded(void **state)
{
	struct account_store *store = *state;

	fill(store);
	assert_string_equal(FIND(store, { .key = SEARCH_BODY, .text = VIEW("BROWN f") }),
			"1");
	assert_string_equal(
			FIND(store, { .key = SEARCH_BODY, .text = VIEW("berlin") }), "");
	assert_string_equal(FIND(store, { .key = SEARCH_BODY,
							.text = VIEW("NA\xc3\x8fVE "
								     "CAF\xc3\xa9") }),
			"2");
	assert_string_equal(
			FIND(store, { .key = SEARCH_BODY, .text = VIEW("softbreak") }),
			"2");
	assert_string_equal(
			FIND(store, { .key = SEARCH_BODY, .text = VIEW("bold & new") }),
			"3");
	assert_string_equal(
			FIND(store, { .key = SEARCH_BODY, .text = VIEW("title=") }), "");
	assert_string_equal(
			FIND(store, { .key = SEARCH_BODY,
						    .text = VIEW("\xd0\xbf\xd1\x80\xd0"
								 "\x98\xd0\x92") }),
			"3"); /* приВ */
	assert_string_equal(
			FIND(store, { .key = SEARCH_BODY, .text = VIEW("binaryneedle") }),
			"");
	assert_string_equal(
			FIND(store, { .key = SEARCH_BODY, .text = VIEW("report.bin") }),
			"3");
	assert_string_equal(
			FIND(store, { .key = SEARCH_TEXT, .text = VIEW("berlin") }), "1");
	assert_string_equal(
			FIND(store, { .key = SEARCH_TEXT, .text = VIEW("quick") }), "1");
	assert_string_equal(
			FIND(store, { .key = SEARCH_TEXT, .text = VIEW("subject: p") }),
			"2:3");
}

static void operators_join_what_stands_before_them(void **state)
{
	struct account_store *store = *state;
	struct search_term seen = { .key = SEARCH_FLAGS, .number = FLAG_SEEN };
	struct search_term fox = { .key = SEARCH_BODY, .text = VIEW("fox") };
	struct search_term plain = { .key = SEARCH_SUBJECT, .text = VIEW("plain") };
	struct search_term not = { .key = SEARCH_NOT };
	struct search_term or = { .key = SEARCH_OR };
	struct search_term and = { .key = SEARCH_AND, .number = 2 };
	struct search_term none = { .key = SEARCH_AND, .number = 0 };

	fill(store);
	assert_string_equal(FIND(store, seen, fox, and), "1");
	assert_string_equal(FIND(store, seen, not, fox, and), "");
	assert_string_equal(FIND(store, plain, fox, or), "1:2");
	assert_string_equal(FIND(store, plain, fox, or, not ), "3:4");
	assert_string_equal(FIND(store, fox, not, plain, not, and), "3:4");
	assert_string_equal(FIND(store, none), "1:4");
	assert_string_equal(FIND(store, fox, fox, not, or), "1:4");
}

static void malformed_programs_are_refused(void **state)
{
	static const struct search_term wrong[][2] = {
		{ { .key = SEARCH_ALL }, { .key = SEARCH_ALL } },
		{ { .key = SEARCH_NOT }, { .key = SEARCH_ALL } },
		{ { .key = SEARCH_ALL }, { .key = SEARCH_OR } },
		{ { .key = SEARCH_ALL }, { .key = SEARCH_AND, .number = UINT64_MAX } },
		{ { .key = SEARCH_ALL }, { .key = (enum search_key)99 } },
	};
	size_t many = (size_t)limit_value(LIMIT_STORE_SEARCH_TERMS) + 2;
	CLEANUP(freep) struct search_term *terms = xcalloc(many, sizeof(*terms));
	struct search_result result = { 0 };
	int64_t inbox = mailbox_of(*state, "INBOX");

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(search_run(*state, inbox,
						 &(struct search_program){ wrong[i], 2 },
						 1, 100, &result),
				STORE_E_LIMIT);
	terms[0].key = SEARCH_ALL;
	for (size_t i = 1; i < many; i++)
		terms[i].key = SEARCH_NOT;
	assert_int_equal(search_run(*state, inbox,
					 &(struct search_program){ terms, many - 1 }, 1,
					 100, &result),
			STORE_E_LIMIT);
	assert_int_equal(search_run(*state, inbox,
					 &(struct search_program){ terms, many - 2 }, 1,
					 100, &result),
			STORE_OK);
	assert_int_equal(search_run(*state, 99, &(struct search_program){ terms, 1 }, 1,
					 100, &result),
			STORE_E_ABSENT);
}

/* A needle is found wherever it lies, also across the places where reading was cut. */
static void a_needle_is_found_across_windows(void **state)
{
	struct account_store *store = *state;
	const size_t size = 200000;

	for (size_t at = 65500; at < 65560; at += 3) {
		CLEANUP(freep) char *text = xmalloc(size + 1);

		memset(text, 'x', size);
		memcpy(text, "Subject: x\r\n\r\n", 14);
		for (size_t i = 1000; i < size; i += 1000)
			memcpy(text + i, "\r\n", 2);
		memcpy(text + at,
				"N\xc3\x84"
				"DEL im Heu",
				13);
		text[size] = '\0';
		put(store, "INBOX", text, 0, "");
	}
	assert_string_equal(FIND(store, { .key = SEARCH_BODY,
							.text = VIEW("n\xc3\xa4"
								     "del IM heu") }),
			"1:20");
	assert_string_equal(
			FIND(store, { .key = SEARCH_BODY, .text = VIEW("nadel") }), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		account_test(rows_are_searched_by_flag_size_date_and_uid),
		account_test(fields_are_searched_decoded_and_without_case),
		account_test(headers_of_all_sizes_are_searched),
		account_test(bodies_are_searched_decoded),
		account_test(operators_join_what_stands_before_them),
		account_test(malformed_programs_are_refused),
		account_test(a_needle_is_found_across_windows),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
