/* The parser against hostile messages: limits at their edges, linear work, and the same
 * tree however the bytes come. */
#include "runtime/base/buf.h"
#include "runtime/base/limit.h"
#include "runtime/mail/message_blob.h"
#include "runtime/mail/structure.h"
#include "tests/lib/test.h"

enum {
	TEXT_MAX = 1 << 27
};

static const struct message *parse(
		struct message_parser *p, struct view text, size_t step)
{
	for (size_t at = 0; at < text.len; at += step)
		message_parser_feed(p, view_sub(text, at, step));
	return message_parser_finish(p);
}

/* Builds a message, parses it whole and hands out what matters. */
struct outcome {
	size_t parts;
	unsigned deepest, notes;
	uint64_t size, work;
	size_t structure;
};

static struct outcome outcome_of(struct view text)
{
	CLEANUP(message_parser_freep) struct message_parser *p = message_parser_new();
	CLEANUP(buf_free) struct buf out = BUF_NULL(TEXT_MAX);
	const struct message *message = parse(p, text, text.len + 1);
	struct outcome o = { .parts = message->part_count,
		.notes = message->notes,
		.size = message->size,
		.work = message->work };

	structure_render(message, true, &out);
	assert_false(buf_failed(&out));
	o.structure = out.len;
	for (const struct message_part *part = message->root; part;
			part = part->following)
		if (part->depth > o.deepest)
			o.deepest = part->depth;
	return o;
}

static void every_split_gives_the_same_tree(void **state)
{
	static const char text[] =
			"From: a@b\r\nContent-Type: multipart/mixed;\r\n"
			" boundary=\"b c\"\r\n\r\npre\r\n--b c\r\n\r\nx\r\n--b c \t\r\n"
			"Content-Type: message/rfc822\r\n\r\nSubject: s\r\n t\r\n"
			"Content-Type: multipart/digest; boundary=-\r\n\r\n---\r\n\r\n"
			"To: t\n\ny\r\n-----\r\n--b c--\r\nend";
	struct view whole = view_of(text, sizeof(text) - 1);
	CLEANUP(message_parser_freep) struct message_parser *once = message_parser_new();
	CLEANUP(buf_free) struct buf expected = BUF_NULL(TEXT_MAX);

	(void)state;
	message_pack(parse(once, whole, whole.len), &expected);
	structure_render(message_parser_finish(once), true, &expected);
	for (size_t at = 0; at <= whole.len; at++) {
		CLEANUP(message_parser_freep)
		struct message_parser *p = message_parser_new();
		CLEANUP(buf_free) struct buf got = BUF_NULL(TEXT_MAX);
		const struct message *message;

		message_parser_feed(p, view_sub(whole, 0, at));
		message_parser_feed(p, view_from(whole, at));
		message = message_parser_finish(p);
		message_pack(message, &got);
		structure_render(message, true, &got);
		assert_true(view_eq(buf_view(&got), buf_view(&expected)));
	}
}

static void nest_multiparts(struct buf *out, size_t depth)
{
	for (size_t i = 0; i < depth; i++)
		buf_addf(out,
				"Content-Type: multipart/mixed; "
				"boundary=b%zu\r\n\r\n--b%zu\r\n",
				i, i);
	buf_add_z(out, "\r\nx\r\n");
}

static void nest_messages(struct buf *out, size_t depth)
{
	for (size_t i = 0; i < depth; i++)
		buf_add_z(out, "Content-Type: message/rfc822\r\n\r\n");
	buf_add_z(out, "\r\nx\r\n");
}

static void B01_depth_ends_at_its_limit(void **state)
{
	static void (*const nest[])(
			struct buf *, size_t) = { nest_multiparts, nest_messages };
	const size_t most = limit_value(LIMIT_MIME_DEPTH);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(nest); i++) {
		const size_t depths[] = { most - 1, most, most + 1, 10000 };

		for (size_t d = 0; d < ARRAY_LEN(depths); d++) {
			CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);
			struct outcome o;

			nest[i](&text, depths[d]);
			o = outcome_of(buf_view(&text));
			assert_int_equal(o.deepest, depths[d] < most ? depths[d] : most);
			assert_int_equal(!!(o.notes & NOTE_TOO_DEEP), depths[d] > most);
		}
	}
}

static struct outcome many_parts(size_t count)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);

	buf_add_z(&text, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
	for (size_t i = 0; i < count; i++)
		buf_add_z(&text, "--b\r\n\r\n\r\n");
	buf_add_z(&text, "--b--\r\n");
	return outcome_of(buf_view(&text));
}

static void B02_parts_end_at_their_limit(void **state)
{
	const size_t most = limit_value(LIMIT_MIME_PARTS);

	(void)state;
	assert_int_equal(many_parts(most - 1).parts, most);
	assert_int_equal(many_parts(most - 1).notes, 0);
	assert_int_equal(many_parts(most).parts, most);
	assert_int_equal(many_parts(most).notes, NOTE_TOO_MANY_PARTS);
	assert_int_equal(many_parts(1000000).parts, most);
}

static struct outcome with_boundary(size_t length, size_t lines)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);

	buf_add_z(&text, "Content-Type: multipart/mixed; boundary=");
	for (size_t i = 0; i < length; i++)
		buf_add_byte(&text, 'b');
	buf_add_z(&text, "\r\n\r\n");
	for (size_t i = 0; i < lines; i++) {
		buf_add_z(&text, "--");
		/* all but the last octet of the boundary */
		for (size_t j = 1; j < length; j++)
			buf_add_byte(&text, 'b');
		buf_add_z(&text, "\r\n");
	}
	return outcome_of(buf_view(&text));
}

static void B02_boundaries_end_at_their_limit(void **state)
{
	const size_t most = limit_value(LIMIT_MIME_BOUNDARY);

	(void)state;
	assert_int_equal(with_boundary(0, 3).notes, NOTE_BOUNDARY_MISSING);
	assert_int_equal(with_boundary(most, 3).notes, NOTE_UNCLOSED);
	assert_int_equal(with_boundary(most + 1, 3).notes, NOTE_BOUNDARY_MISSING);
	assert_int_equal(with_boundary(1000000, 3).notes, NOTE_BOUNDARY_MISSING);
}

/* A hundred open boundaries, all alike but for their ends, and lines that are almost one
 * of them. */
static struct outcome almost_boundaries(size_t lines)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);
	char alike[1000];

	memset(alike, '-', sizeof(alike));
	for (int i = 0; i < 100; i++)
		buf_addf(&text,
				"Content-Type: multipart/mixed; "
				"boundary=\"%.*s%03d\"\r\n\r\n"
				"--%.*s%03d\r\n",
				(int)sizeof(alike), alike, i, (int)sizeof(alike), alike,
				i);
	buf_add_z(&text, "\r\n");
	for (size_t i = 0; i < lines; i++)
		buf_addf(&text, "--%.*s%s\r\n", (int)sizeof(alike), alike,
				i % 2 ? "x--" : "100");
	return outcome_of(buf_view(&text));
}

static void B02_work_is_linear_whatever_the_boundaries(void **state)
{
	(void)state;
	for (size_t lines = 100; lines <= 10000; lines *= 10) {
		struct outcome o = almost_boundaries(lines);

		assert_int_equal(o.parts, 101);
		assert_true(o.work <= 4 * o.size);
		o = with_boundary(2048, lines);
		assert_true(o.work <= 4 * o.size);
	}
}

static struct outcome long_header(size_t fields, size_t length)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);

	for (size_t i = 0; i < fields; i++) {
		buf_add_z(&text, "Subject:");
		for (size_t j = 10; j < length; j++)
			buf_add_byte(&text, j % 70 ? 'x' : ' ');
		buf_add_z(&text, "\r\n");
	}
	buf_add_z(&text, "\r\nbody\r\n");
	return outcome_of(buf_view(&text));
}

static void B04_a_header_ends_at_its_limit(void **state)
{
	const size_t most = limit_value(LIMIT_MIME_HEADER);
	struct outcome o;

	(void)state;
	/* the empty line is part of the header */
	assert_int_equal(long_header(1, most - 2).notes, 0);
	assert_int_equal(long_header(1, most - 1).notes, NOTE_HEADER_TOO_LONG);
	o = long_header(1, 60 << 20);
	assert_int_equal(o.notes, NOTE_HEADER_TOO_LONG);
	assert_true(o.structure < 200);
	o = long_header(100000, 20);
	assert_int_equal(o.notes, NOTE_HEADER_TOO_LONG | NOTE_DUPLICATE_FIELD);
	assert_true(o.work <= 4 * o.size);
}

/* A line that passes the limit becomes body from its start, in any pieces. */
static void B04_the_cut_is_at_a_line(void **state)
{
	const size_t most = limit_value(LIMIT_MIME_HEADER);
	CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);
	static const size_t steps[] = { 1000, 65536, 1 << 24 };

	(void)state;
	buf_add_z(&text, "Content-Type: message/rfc822\r\n");
	while (text.len < most - 40)
		buf_add_z(&text, "X: ........................\r\n");
	buf_add_z(&text, "Subject: this line passes the limit and is the first of the "
			 "body\r\n"
			 "From: a@b.test\r\n\r\nx\r\n");
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		CLEANUP(message_parser_freep)
		struct message_parser *p = message_parser_new();
		const struct message *message = parse(p, buf_view(&text), steps[i]);
		const struct message_part *inner = message->root->first_child;

		assert_int_equal(message->notes, NOTE_HEADER_TOO_LONG);
		assert_int_equal(message->part_count, 2);
		assert_true(view_starts(view_from(buf_view(&text), inner->header_offset),
				VIEW("Subject: this")));
		assert_view(inner->field[FIELD_FROM], " a@b.test");
		assert_int_equal(inner->body_size, 3);
	}
}

static void many_kept_fields_end_at_their_limit(void **state)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);
	CLEANUP(buf_free) struct buf subject = BUF_NULL(TEXT_MAX);
	struct outcome o;

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_add_byte(&subject, 's');
	for (int i = 0; i < 90; i++)
		buf_addf(&text, "Content-Type: message/rfc822\r\nSubject: %.*s\r\n\r\n",
				VIEW_ARG(buf_view(&subject)));
	o = outcome_of(buf_view(&text));
	assert_int_equal(o.notes, NOTE_FIELDS_DROPPED);
	assert_true(o.structure < limit_value(LIMIT_MIME_KEPT) + (1 << 20));
}

static void B07_the_first_of_two_wins_and_it_is_said(void **state)
{
	CLEANUP(message_parser_freep) struct message_parser *p = message_parser_new();
	const struct message *message = parse(p,
			VIEW("Content-Transfer-Encoding: base64\r\n"
			     "Content-Transfer-Encoding: 7bit\r\n"
			     "Content-Type: text/html\r\nContent-Type: "
			     "text/plain\r\n\r\n"),
			7);

	(void)state;
	assert_int_equal(message->root->encoding, ENCODING_BASE64);
	assert_view(message->root->type.subtype, "html");
	assert_int_equal(message->notes, NOTE_DUPLICATE_FIELD);
}

/* What lies elsewhere stays there, and what came in pieces stays in pieces: their parts
 * have no children, whatever they name (RFC 2046, 5.2.2 and 5.2.3). */
static void B10_nothing_is_fetched_or_joined(void **state)
{
	static const char *const types[] = {
		"message/external-body; access-type=URL; url=\"http://a.test/\"",
		"message/external-body; access-type=local-file; name=\"/etc/passwd\"",
		"message/external-body; access-type=anon-ftp; site=a.test; name=\"../x\"",
		"message/partial; id=\"a@b\"; number=1; total=2",
		"message/partial; id=\"a@b\"; number=2; total=2",
		"application/octet-stream; x-unix-mode=0777; name=\"/etc/cron.d/x\"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		CLEANUP(message_parser_freep)
		struct message_parser *p = message_parser_new();
		CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);
		const struct message *message;

		buf_addf(&text,
				"Content-Type: %s\r\n\r\nContent-Type: "
				"text/html\r\n\r\n<img src=\"http://a.test/\">\r\n",
				types[i]);
		message = parse(p, buf_view(&text), 7);
		assert_int_equal(message->part_count, 1);
		assert_int_equal(message->root->kind, PART_LEAF);
	}
}

/* A message that says that it holds itself is as deep as its octets, and no deeper. */
static void B01_a_message_does_not_hold_itself(void **state)
{
	static const char text[] = "Message-ID: <a@b>\r\nContent-Type: multipart/mixed; "
				   "boundary=b\r\n\r\n--b\r\n"
				   "Content-Type: message/rfc822\r\n\r\n"
				   "Message-ID: <a@b>\r\nContent-Type: multipart/mixed; "
				   "boundary=b\r\n\r\n--b\r\n"
				   "Content-Type: message/rfc822\r\n\r\n";
	struct outcome o = outcome_of(view_of(text, sizeof(text) - 1));

	(void)state;
	/* two of each, and the empty message at the end */
	assert_int_equal(o.parts, 5);
	assert_true(o.work <= 4 * o.size);
}

/* The work of a message that is twice as long is twice as much, and no more. */
static void B02_twice_the_message_is_twice_the_work(void **state)
{
	(void)state;
	for (size_t n = 1000; n <= 100000; n *= 10) {
		struct outcome once = many_parts(n), twice = many_parts(2 * n);

		assert_true(twice.work <= 2 * once.work + 100);
		once = almost_boundaries(n / 100);
		twice = almost_boundaries(n / 50);
		assert_true(twice.work <= 2 * once.work + 100);
	}
}

static void sections_are_rfc_3501(void **state)
{
	static const char text[] = "Content-Type: multipart/mixed; "
				   "boundary=b\r\n\r\n--b\r\n\r\nx\r\n"
				   "--b\r\nContent-Type: message/rfc822\r\n\r\nTo: "
				   "t\r\n\r\ny\r\n--b--\r\n";
	/* clang-format off */
	static const struct { const char *section; int outcome; const char *octets; } cases[] = {
		{ "",           SECTION_OK, text },
		{ "HEADER",     SECTION_OK, "Content-Type: multipart/mixed; boundary=b\r\n\r\n" },
		{ "1",          SECTION_OK, "x" },
		{ "1.mime",     SECTION_OK, "\r\n" },
		{ "2",          SECTION_OK, "To: t\r\n\r\ny" },
		{ "2.MIME",     SECTION_OK, "Content-Type: message/rfc822\r\n\r\n" },
		{ "2.HEADER",   SECTION_OK, "To: t\r\n\r\n" },
		{ "2.TEXT",     SECTION_OK, "y" },
		{ "2.1",        SECTION_OK, "y" },
		{ "2.1.MIME",   SECTION_OK, "To: t\r\n\r\n" },
		{ "3",          SECTION_E_ABSENT },
		{ "1.1",        SECTION_E_ABSENT },
		{ "1.HEADER",   SECTION_E_ABSENT },
		{ "1.TEXT",     SECTION_E_ABSENT },
		{ "2.2",        SECTION_E_ABSENT },
		{ "2.1.1",      SECTION_E_ABSENT },
		{ "2.1.HEADER", SECTION_E_ABSENT },
		{ "4294967297", SECTION_E_ABSENT },
		{ "MIME",       SECTION_E_SYNTAX },
		{ "0",          SECTION_E_SYNTAX },
		{ "1.",         SECTION_E_SYNTAX },
		{ ".1",         SECTION_E_SYNTAX },
		{ "1..1",       SECTION_E_SYNTAX },
		{ "1.0",        SECTION_E_SYNTAX },
		{ "9.0",        SECTION_E_SYNTAX },
		{ "1x",         SECTION_E_SYNTAX },
		{ "1.HEADER.1", SECTION_E_SYNTAX },
		{ "HEAD",       SECTION_E_SYNTAX },
		{ "99999999999999999999", SECTION_E_SYNTAX },
	};
	/* clang-format on */
	CLEANUP(message_parser_freep) struct message_parser *p = message_parser_new();
	CLEANUP(buf_free) struct buf blob = BUF_NULL(TEXT_MAX);

	(void)state;
	message_pack(parse(p, view_z(text), 5), &blob);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct section_range range = { 0 };
		int r = message_section_range(
				buf_view(&blob), view_z(cases[i].section), &range);

		if (r != cases[i].outcome)
			fail_msg("%s: outcome %d", cases[i].section, r);
		if (r == SECTION_OK)
			assert_view(view_sub(view_z(text), range.offset, range.len),
					cases[i].octets);
	}
}

static void the_encoding_is_that_of_a_leaf(void **state)
{
	static const char text[] =
			"Content-Transfer-Encoding: base64\r\n"
			"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
			"Content-Transfer-Encoding: base64\r\n\r\nx\r\n"
			"--b\r\nContent-Type: message/rfc822\r\n\r\n"
			"Content-Transfer-Encoding: quoted-printable\r\n\r\ny\r\n"
			"--b\r\nContent-Type: message/rfc822\r\n"
			"Content-Transfer-Encoding: base64\r\n\r\nx\r\n"
			"--b\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nx\r\n"
			"--b\r\n\r\nx\r\n--b--\r\n";
	/* clang-format off */
	static const struct { const char *section; enum transfer_encoding encoding; } cases[] = {
		{ "",         ENCODING_BINARY },
		{ "TEXT",     ENCODING_BINARY },
		{ "HEADER",   ENCODING_BINARY },
		{ "1",        ENCODING_BASE64 },
		{ "1.MIME",   ENCODING_BINARY },
		{ "2",        ENCODING_BINARY },
		{ "2.HEADER", ENCODING_BINARY },
		{ "2.TEXT",   ENCODING_BINARY },
		{ "2.1",      ENCODING_QUOTED_PRINTABLE },
		{ "3",        ENCODING_BASE64 },
		{ "4",        ENCODING_OTHER },
		{ "5",        ENCODING_7BIT },
	};
	/* clang-format on */
	CLEANUP(message_parser_freep) struct message_parser *p = message_parser_new();
	CLEANUP(buf_free) struct buf blob = BUF_NULL(TEXT_MAX);

	(void)state;
	message_pack(parse(p, view_z(text), 5), &blob);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct section_range range;

		assert_int_equal(message_section_range(buf_view(&blob),
						 view_z(cases[i].section), &range),
				SECTION_OK);
		if (range.encoding != cases[i].encoding)
			fail_msg("%s: encoding %d", cases[i].section, range.encoding);
	}
}

static void a_damaged_blob_is_an_outcome(void **state)
{
	CLEANUP(message_parser_freep) struct message_parser *p = message_parser_new();
	CLEANUP(buf_free) struct buf blob = BUF_NULL(TEXT_MAX);
	struct section_range range;

	(void)state;
	message_pack(parse(p, VIEW("Content-Type: text/html; charset=x\r\n\r\nx"), 5),
			&blob);
	for (size_t cut = 0; cut < blob.len; cut++)
		assert_int_equal(message_section_range(view_sub(buf_view(&blob), 0, cut),
						 VIEW("1"), &range),
				SECTION_E_BLOB);
	for (size_t at = 0; at < blob.len; at++) {
		blob.data[at] = (char)~blob.data[at];
		(void)!message_section_range(buf_view(&blob), VIEW("1.2"), &range);
		blob.data[at] = (char)~blob.data[at];
	}
}

static void a_blob_tells_types_and_charsets(void **state)
{
	CLEANUP(message_parser_freep) struct message_parser *p = message_parser_new();
	CLEANUP(buf_free) struct buf blob = BUF_NULL(TEXT_MAX);
	struct packed_iterator it;
	struct packed_part part;

	(void)state;
	message_pack(parse(p,
				     VIEW("Content-Type: multipart/x; "
					  "boundary=b\r\n\r\n--b\r\n"
					  "Content-Type: Text/HTML; charset=UTF-8\r\n"
					  "Content-Transfer-Encoding: "
					  "base64\r\n\r\nPGI+\r\n--b--"),
				     5),
			&blob);
	assert_true(packed_iterate(buf_view(&blob), &it));
	assert_true(packed_next(&it, &part));
	assert_int_equal(part.kind, PART_MULTIPART);
	assert_true(packed_next(&it, &part));
	assert_view(part.type, "text");
	assert_view(part.subtype, "html");
	assert_view(part.charset, "UTF-8");
	assert_int_equal(part.encoding, ENCODING_BASE64);
	assert_int_equal(part.body_size, 4);
	assert_false(packed_next(&it, &part));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_split_gives_the_same_tree),
		cmocka_unit_test(B01_depth_ends_at_its_limit),
		cmocka_unit_test(B02_parts_end_at_their_limit),
		cmocka_unit_test(B02_boundaries_end_at_their_limit),
		cmocka_unit_test(B02_work_is_linear_whatever_the_boundaries),
		cmocka_unit_test(B04_a_header_ends_at_its_limit),
		cmocka_unit_test(B04_the_cut_is_at_a_line),
		cmocka_unit_test(many_kept_fields_end_at_their_limit),
		cmocka_unit_test(B07_the_first_of_two_wins_and_it_is_said),
		cmocka_unit_test(B01_a_message_does_not_hold_itself),
		cmocka_unit_test(B02_twice_the_message_is_twice_the_work),
		cmocka_unit_test(B10_nothing_is_fetched_or_joined),
		cmocka_unit_test(sections_are_rfc_3501),
		cmocka_unit_test(the_encoding_is_that_of_a_leaf),
		cmocka_unit_test(a_damaged_blob_is_an_outcome),
		cmocka_unit_test(a_blob_tells_types_and_charsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
