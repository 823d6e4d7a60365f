/* The pieces of DKIM: lists of tags, forms, signatures and keys as they are written. */
#include "runtime/base/base64.h"
#include "runtime/base/limit.h"
#include "runtime/mailauth/dkim_canonical.h"
#include "runtime/mailauth/dkim_key.h"
#include "runtime/mailauth/dkim_signature.h"
#include "runtime/mailauth/header_index.h"
#include "runtime/mailauth/message_head.h"
#include "tests/lib/test.h"

#include <stdio.h>

/* -- lists of tags (RFC 6376, 3.2) -- */

static void lists_of_tags(void **state)
{
	/* clang-format off */
	static const struct { const char *text; size_t count; const char *a; } good[] = {
		{ "a=1",                 1, "1" },
		{ "a=1;",                1, "1" },
		{ "a=1; ",               1, "1" },
		{ " a = 1 ; b = 2 ",     2, "1" },
		{ "a=1;\r\n\tb=2;\r\n ", 2, "1" },
		{ "a=",                  1, "" },
		{ "a=;b=",               2, "" },
		{ "b=2;a=x y\r\n z",     2, "x y\r\n z" },
		{ "a=1=2",               1, "1=2" },
		{ "A=2;a=1",             2, "1" }, /* case matters */
		{ "a=\xc3\xbc",          1, "\xc3\xbc" },
		{ "a_9=2;a=1",           2, "1" },
	};
	static const char *const bad[] = { "", ";", " ", "a", "a;b=1", "=1", "a=1;;b=2", "a=1;a=2", "1a=1", "a b=1", "-a=1",
		"a=\x01", "a=\x7f", "a\x80=1", "a=1;b", "a=1;;" };
	/* clang-format on */
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct tag_list list;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		if (tag_list_parse(arena, view_z(good[i].text), &list))
			fail_msg("\"%s\"", good[i].text);
		assert_int_equal(list.count, good[i].count);
		assert_view(tag_list_get(&list, "a"), good[i].a);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (!tag_list_parse(arena, view_z(bad[i]), &list))
			fail_msg("\"%s\" is none", bad[i]);
	assert_int_equal(tag_list_parse(arena, VIEW("a=\0"), &list), TAG_LIST_E_SYNTAX);
}

static void lists_of_tags_end_at_their_limit(void **state)
{
	uint64_t most = limit_value(LIMIT_MAILAUTH_TAGS);
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	(void)state;
	for (uint64_t count = most; count <= most + 1; count++) {
		CLEANUP(buf_free) struct buf text = BUF_NULL(10000);
		struct tag_list list;

		for (uint64_t i = 0; i < count; i++)
			buf_addf(&text, "t%u=1;", (unsigned)i);
		assert_int_equal(tag_list_parse(arena, buf_view(&text), &list),
				count == most ? 0 : TAG_LIST_E_SYNTAX);
	}
}

static void values_in_parts(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct view octets;

	(void)state;
	assert_true(tag_value_has(VIEW("sha1 : SHA256"), VIEW("sha256")));
	assert_false(tag_value_has(VIEW("sha1:sha2567"), VIEW("sha256")));
	assert_false(tag_value_has(VIEW(""), VIEW("sha256")));
	assert_true(tag_value_decode(arena, VIEW("YW\r\n\tJj ZA= ="), &octets));
	assert_view(octets, "abcd");
	assert_false(tag_value_decode(arena, VIEW("YW*j"), &octets));
}

/* -- the two forms (3.4) -- */

static void digest_body(enum dkim_canonical how, struct view bytes, size_t piece,
		unsigned char out[DIGEST_SIZE], uint64_t *size)
{
	struct dkim_body body;

	dkim_body_init(&body, how);
	while (bytes.len) {
		dkim_body_add(&body, view_sub(bytes, 0, piece));
		bytes = view_from(bytes, piece);
	}
	dkim_body_final(&body, out);
	*size = body.size;
	dkim_body_deinit(&body);
}

static void bodies_have_two_forms(void **state)
{
	/* clang-format off */
	static const struct { const char *body, *simple, *relaxed; } rows[] = {
		{ "",                        "\r\n",                   "" },
		{ "\r\n",                    "\r\n",                   "" },
		{ "\r\n\r\n\r\n",            "\r\n",                   "" },
		{ " \r\n",                   " \r\n",                  "" },
		{ " \t\r\n\t\r\n",           " \t\r\n\t\r\n",          "" },
		{ " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n",    " C\r\nD E\r\n" }, /* 3.4.5 */
		{ "a",                       "a\r\n",                  "a\r\n" },
		{ "a ",                      "a \r\n",                 "a\r\n" },
		{ "a\r\n",                   "a\r\n",                  "a\r\n" },
		{ "a\r\n\r\nb\r\n",          "a\r\n\r\nb\r\n",         "a\r\n\r\nb\r\n" },
		{ "a\r\n \r\nb",             "a\r\n \r\nb\r\n",        "a\r\n\r\nb\r\n" },
		{ "\r\n\r\na",               "\r\n\r\na\r\n",          "\r\n\r\na\r\n" },
		{ "a\r\n \r\n\r\n",          "a\r\n \r\n",             "a\r\n" },
		{ "a\t\t b",                 "a\t\t b\r\n",            "a b\r\n" },
		{ "\t a",                    "\t a\r\n",               " a\r\n" },
		{ "a\nb\r\n",                "a\nb\r\n",               "a\nb\r\n" }, /* no line ends */
		{ "a\rb\r\n",                "a\rb\r\n",               "a\rb\r\n" },
		{ "a\r",                     "a\r\r\n",                "a\r\r\n" },
		{ "a\r\r\n",                 "a\r\r\n",                "a\r\r\n" },
		{ "a \r b",                  "a \r b\r\n",             "a \r b\r\n" },
		{ "\n",                      "\n\r\n",                 "\n\r\n" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (int how = DKIM_SIMPLE; how <= DKIM_RELAXED; how++) {
			const char *form = how == DKIM_SIMPLE ? rows[i].simple
							      : rows[i].relaxed;
			unsigned char expected[DIGEST_SIZE], got[DIGEST_SIZE];
			uint64_t size;

			digest_sha256(view_z(form), expected);
			for (size_t piece = 1; piece <= strlen(rows[i].body) + 1;
					piece++) {
				digest_body((enum dkim_canonical)how,
						view_z(rows[i].body), piece, got, &size);
				if (memcmp(expected, got, DIGEST_SIZE) != 0 ||
						size != strlen(form))
					fail_msg("row %zu, form %d, by %zu", i, how,
							piece);
			}
		}
	}
}

static void large_bodies_pass_the_buffer(void **state)
{
	static char text[3 * 4096 + 100];
	unsigned char expected[DIGEST_SIZE], got[DIGEST_SIZE];
	uint64_t size;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + sizeof(text) - 2, "\r\n", 2);
	digest_sha256(view_of(text, sizeof(text)), expected);
	for (int how = DKIM_SIMPLE; how <= DKIM_RELAXED; how++) {
		digest_body((enum dkim_canonical)how, view_of(text, sizeof(text)), 4097,
				got, &size);
		assert_memory_equal(expected, got, DIGEST_SIZE);
		assert_int_equal(size, sizeof(text));
	}
}

static void fields_have_two_forms(void **state)
{
	/* clang-format off */
	static const struct { const char *field, *simple, *relaxed; } rows[] = {
		{ "A: X\r\n",                 "A: X\r\n",                 "a:X\r\n" },
		{ "B : Y\t\r\n\tZ  \r\n",     "B : Y\t\r\n\tZ  \r\n",     "b:Y Z\r\n" }, /* 3.4.5 */
		{ "SUBJect: AbC\r\n",         "SUBJect: AbC\r\n",         "subject:AbC\r\n" },
		{ "Subject:\r\n",             "Subject:\r\n",             "subject:\r\n" },
		{ "Subject: \r\n \t\r\n",     "Subject: \r\n \t\r\n",     "subject:\r\n" },
		{ "Subject:  a  b\t\tc",      "Subject:  a  b\t\tc\r\n",  "subject:a b c\r\n" },
		{ "X:a\r\n b\r\n\tc\r\n",     "X:a\r\n b\r\n\tc\r\n",     "x:a b c\r\n" },
		{ "X: a:b\r\n",               "X: a:b\r\n",               "x:a:b\r\n" },
	};
	/* clang-format on */
	CLEANUP(sha256_freep) struct sha256 *sha = sha256_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (int how = DKIM_SIMPLE; how <= DKIM_RELAXED; how++) {
			unsigned char expected[DIGEST_SIZE], got[DIGEST_SIZE];
			struct header_field field;

			header_field_split(view_z(rows[i].field), &field);
			dkim_field_add(sha, (enum dkim_canonical)how, &field);
			sha256_final(sha, got);
			digest_sha256(view_z(how == DKIM_SIMPLE ? rows[i].simple
								: rows[i].relaxed),
					expected);
			if (memcmp(expected, got, DIGEST_SIZE) != 0)
				fail_msg("row %zu, form %d", i, how);
		}
	}
}

/* -- headers -- */

static void the_header_ends_at_an_empty_line(void **state)
{
	/* clang-format off */
	static const struct { const char *message, *header, *body; bool complete; } rows[] = {
		{ "a: b\r\n\r\nbody\r\n\r\n", "a: b\r\n\r\n",  "body\r\n\r\n", true },
		{ "\r\nbody",                 "\r\n",          "body",         true },
		{ "a: b\n\nbody",             "a: b\n\n",      "body",         true },
		{ "a: b\r\n",                 "a: b\r\n",      "",             false },
		{ "a\r\r\n\r\nb",             "a\r\r\n\r\n",   "b",            true },
		{ "",                         "",              "",             false },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct view message = view_z(rows[i].message);

		for (size_t piece = 1; piece <= message.len + 1; piece++) {
			CLEANUP(buf_free) struct buf body = BUF_NULL(100);
			struct message_head head;

			message_head_init(&head);
			for (size_t at = 0; at < message.len; at += piece)
				buf_add(&body, message_head_take(&head,
							       view_sub(message, at,
									       piece)));
			assert_view(buf_view(&head.bytes), rows[i].header);
			assert_view(buf_view(&body), rows[i].body);
			assert_int_equal(head.complete, rows[i].complete);
			message_head_deinit(&head);
		}
	}
}

static void fields_are_taken_from_the_bottom(void **state)
{
	struct header_index *index = header_index_new(VIEW(
			"To: 1\r\nX: 2\r\nto: 3\r\nTO : 4\r\nno field\r\n\r\nTo: 5\r\n"));
	const struct header_field *field;

	(void)state;
	for (int again = 0; again < 2; again++) {
		assert_int_equal(header_index_count(index, VIEW("tO")), 3);
		assert_int_equal(header_index_left(index, VIEW("to")), 3);
		field = header_index_take(index, VIEW("to"));
		assert_view(field->value, " 4");
		field = header_index_take(index, VIEW("To"));
		assert_view(field->value, " 3");
		assert_int_equal(header_index_left(index, VIEW("to")), 1);
		field = header_index_take(index, VIEW("to"));
		assert_view(field->value, " 1");
		assert_null(header_index_take(index, VIEW("to")));
		assert_null(header_index_take(index, VIEW("Y")));
		assert_int_equal(header_index_left(index, VIEW("Y")), 0);
		header_index_rewind(index);
	}
	header_index_free(index);
}

static void too_many_fields_are_no_index(void **state)
{
	uint64_t most = limit_value(LIMIT_MAILAUTH_FIELDS);
	CLEANUP(buf_free) struct buf block = BUF_NULL(1 << 20);
	struct header_index *index;

	(void)state;
	for (uint64_t i = 0; i < most; i++)
		buf_add_z(&block, "a: b\r\n");
	index = header_index_new(buf_view(&block));
	assert_int_equal(header_index_count(index, VIEW("a")), most);
	header_index_free(index);
	buf_add_z(&block, "a: b\r\n");
	assert_null(header_index_new(buf_view(&block)));
}

/* -- signatures (3.5) -- */

#define BH      "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define REST    "; h=from; " BH "; b=AAAA"
#define LABEL63 "a12345678901234567890123456789012345678901234567890123456789012"

static const char *parse_signature(
		struct arena *arena, struct view value, struct dkim_signature *out)
{
	struct view whole =
			arena_printf(arena, "DKIM-Signature: %.*s\r\n", VIEW_ARG(value));
	struct header_field field;
	const char *why;

	header_field_split(whole, &field);
	return dkim_signature_parse(arena, &field, out, &why) ? why : NULL;
}

static void well_formed_signatures_parse(void **state)
{
	/* clang-format off */
	static const char *const rows[] = {
		"v=1; a=rsa-sha256; d=example.org; s=s1" REST,
		"v=1; a=ed25519-sha256; d=example.org; s=s1" REST,
		"v=1;a=rsa-sha256;d=example.org;s=s1;h=From:To ;" BH ";b=AA\r\n\tAA;",
		"v=1; a=RSA-SHA256; d=Example.ORG; s=a.b.c" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; c=relaxed" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; c=simple/relaxed" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; c=Relaxed/Simple" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; q=dns/txt" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; q=x/y : dns/txt" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; i=@example.org" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; i=joe=20x@eng.example.org" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; i=joe@EXAMPLE.org" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; l=0" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; t=1; x=2" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; x=999999999999" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; z=From:x=20|y" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; unknown=; foo=bar" REST,
		"v=1; a=rsa-sha256; d=b\xc3\xbc" "cher.example; s=\xc3\xbc" REST,
		"v=1; a=rsa-sha256; d=" LABEL63 ".example; s=" LABEL63 REST,
	};
	/* clang-format on */
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct dkim_signature s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *why = parse_signature(arena, view_z(rows[i]), &s);

		if (why)
			fail_msg("%s: %s", rows[i], why);
	}
	assert_null(parse_signature(arena, view_z(rows[2]), &s));
	assert_int_equal(s.name_count, 2);
	assert_view(s.names[1], "To");
	assert_view(s.before, "DKIM-Signature: "
			      "v=1;a=rsa-sha256;d=example.org;s=s1;h=From:To ;" BH ";b=");
	assert_view(s.after, ";\r\n");
	assert_view(s.mark, "AAAA");
	assert_view(s.identity, "@example.org");
	assert_null(parse_signature(arena, view_z(rows[17]), &s));
	assert_view(s.domain, "xn--bcher-kva.example");
	assert_view(s.selector, "xn--tda");
	assert_null(parse_signature(arena, view_z(rows[10]), &s));
	assert_true(s.identity_below);
}

static void malformed_signatures_do_not(void **state)
{
	/* clang-format off */
	static const char *const rows[] = {
		"", "x", "v=1", "v=1; v=1; a=rsa-sha256; d=example.org; s=s1" REST,
		"a=rsa-sha256; d=example.org; s=s1" REST,
		"v=2; a=rsa-sha256; d=example.org; s=s1" REST,
		"v=1; a=rsa-sha1; d=example.org; s=s1" REST,
		"v=1; a=rsa-md5; d=example.org; s=s1" REST,
		"v=1; d=example.org; s=s1" REST,
		"v=1; a=rsa-sha256; s=s1" REST,
		"v=1; a=rsa-sha256; d=; s=s1" REST,
		"v=1; a=rsa-sha256; d=org; s=s1" REST,
		"v=1; a=rsa-sha256; d=example.org; " REST,
		"v=1; a=rsa-sha256; d=example.org; s=" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; c=nice" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; c=" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; c=relaxed/" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; c=relaxed/relaxed/relaxed" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; q=http" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; i=example.org" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; i=@example.com" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; i=@badexample.org" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; i=@org" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; i=@" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; l=-1" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; l=99999999999999999999999" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; l=" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; t=soon" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; x=9999999999999" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; t=2; x=2" REST,
		"v=1; a=rsa-sha256; d=example.org; s=s1; h=to:subject; " BH "; b=AAAA",
		"v=1; a=rsa-sha256; d=example.org; s=s1; h=from:; " BH "; b=AAAA",
		"v=1; a=rsa-sha256; d=example.org; s=s1; h=from:a b; " BH "; b=AAAA",
		"v=1; a=rsa-sha256; d=example.org; s=s1; h=; " BH "; b=AAAA",
		"v=1; a=rsa-sha256; d=example.org; s=s1; " BH "; b=AAAA",
		"v=1; a=rsa-sha256; d=example.org; s=s1; h=from; b=AAAA",
		"v=1; a=rsa-sha256; d=example.org; s=s1; h=from; bh=AAAA; b=AAAA",
		"v=1; a=rsa-sha256; d=example.org; s=s1; h=from; " BH "; b=",
		"v=1; a=rsa-sha256; d=example.org; s=s1; h=from; " BH,
		"v=1; a=rsa-sha256; d=example.org; s=s1; h=from; " BH "; b=A*AA",
		"v=1; a=rsa-sha256; d=x" LABEL63 ".example; s=s1" REST,
	};
	/* clang-format on */
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct dkim_signature s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!parse_signature(arena, view_z(rows[i]), &s))
			fail_msg("%s", rows[i]);
}

static void M03_names_are_strict_before_they_are_asked_for(void **state)
{
#define WITH(d, s) VIEW("v=1; a=rsa-sha256; d=" d "; s=" s REST)
	const struct view rows[] = { WITH("example.org\0.attacker.example", "s1"),
		WITH("example.org", "s\0"), WITH("example.org", "any.\0"),
		WITH("example.org'", "s1"), WITH("\"example.org\"", "s1"),
		WITH("example.org(.attacker.example", "s1"),
		WITH("example.org'a.attacker.example", "s1"), WITH("example.org", "s\"1"),
		WITH("example.org", "_domainkey"), WITH("example.org.", "s1"),
		WITH("example.org", "s1."), WITH("example..org", "s1"),
		WITH("example.org", ".s1"), WITH("example.org", "a b"),
		WITH("example.org\r\n x", "s1"), WITH("[192.0.2.1]", "s1"),
		WITH("192.0.2.1", "s1"), WITH("-example.org", "s1"),
		WITH("example.org/", "s1"), WITH("*.example.org", "s1"),
		WITH("example.org\x01", "s1"), WITH("\xff.example.org", "s1") };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct dkim_signature s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_free) struct buf whole = BUF_NULL(1000);
		struct header_field field;
		const char *why;

		buf_add_z(&whole, "DKIM-Signature: ");
		buf_add(&whole, rows[i]);
		buf_add_z(&whole, "\r\n");
		header_field_split(buf_view(&whole), &field);
		if (!dkim_signature_parse(arena, &field, &s, &why))
			fail_msg("row %zu", i);
	}
}

static void long_signatures_are_refused(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_free) struct buf value = BUF_NULL(1 << 20);
	uint64_t most = limit_value(LIMIT_DKIM_NAMES);
	struct dkim_signature s;

	(void)state;
	for (uint64_t count = most; count <= most + 1; count++) {
		buf_clear(&value);
		buf_add_z(&value, "v=1; a=rsa-sha256; d=example.org; s=s1; " BH
				  "; b=AAAA; h=from");
		for (uint64_t i = 1; i < count; i++)
			buf_add_z(&value, ":x");
		assert_int_equal(!parse_signature(arena, buf_view(&value), &s),
				count == most);
	}
	buf_clear(&value);
	buf_add_z(&value, "v=1; a=rsa-sha256; d=example.org; s=s1" REST "; z=");
	while (value.len < limit_value(LIMIT_DKIM_SIGNATURE))
		buf_add_z(&value, "xxxxxxxxxxxxxxxxxxxxxxx");
	assert_non_null(parse_signature(arena, buf_view(&value), &s));
}

/* -- keys (3.6.1) -- */

static void key_records(void **state)
{
	/* clang-format off */
	static const struct {
		const char *text;
		int outcome;
		bool testing, strict, sha256, email;
	} rows[] = {
		{ "v=DKIM1; p=AAAA",               0, false, false, true, true },
		{ "p=AAAA",                        0, false, false, true, true },
		{ "v=DKIM1; k=rsa; p=AAAA;",       0, false, false, true, true },
		{ "v=DKIM1; k=ed25519; p=AAAA",    0, false, false, true, true },
		{ "v=DKIM1; p=",                   0, false, false, true, true },
		{ "v=DKIM1; t=y; p=AAAA",          0, true,  false, true, true },
		{ "v=DKIM1; t=y:s; p=AA AA",       0, true,  true,  true, true },
		{ "v=DKIM1; t=s; n=note; p=AAAA",  0, false, true,  true, true },
		{ "v=DKIM1; h=sha1; p=AAAA",       0, false, false, false, true },
		{ "v=DKIM1; h=sha1:sha256; p=AAAA", 0, false, false, true, true },
		{ "v=DKIM1; s=email; p=AAAA",      0, false, false, true, true },
		{ "v=DKIM1; s=*:tlsrpt; p=AAAA",   0, false, false, true, true },
		{ "v=DKIM1; s=tlsrpt; p=AAAA",     0, false, false, true, false },
		{ "v=DKIM1; g=; p=AAAA",           0, false, false, true, true },
		{ "v=DKIM1",                       DKIM_KEY_E_SYNTAX, 0, 0, 0, 0 },
		{ "v=DKIM2; p=AAAA",               DKIM_KEY_E_SYNTAX, 0, 0, 0, 0 },
		{ "v=dkim1; p=AAAA",               DKIM_KEY_E_SYNTAX, 0, 0, 0, 0 },
		{ "p=AAAA; v=DKIM1",               DKIM_KEY_E_SYNTAX, 0, 0, 0, 0 },
		{ "v=DKIM1; p=A*AA",               DKIM_KEY_E_SYNTAX, 0, 0, 0, 0 },
		{ "v=spf1 -all",                   DKIM_KEY_E_SYNTAX, 0, 0, 0, 0 },
		{ "",                              DKIM_KEY_E_SYNTAX, 0, 0, 0, 0 },
		{ "v=DKIM1; k=dsa; p=AAAA",        DKIM_KEY_E_ALGORITHM, 0, 0, 0, 0 },
	};
	/* clang-format on */
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dkim_key key;
		int r = dkim_key_parse(arena, view_z(rows[i].text), &key);

		if (r != rows[i].outcome)
			fail_msg("%s: %d", rows[i].text, r);
		if (r)
			continue;
		assert_int_equal(key.testing, rows[i].testing);
		assert_int_equal(key.strict, rows[i].strict);
		assert_int_equal(key.sha256, rows[i].sha256);
		assert_int_equal(key.email, rows[i].email);
	}
}

static void our_keys_are_published_in_records(void **state)
{
	(void)state;
	for (int algorithm = KEY_RSA; algorithm <= KEY_ED25519; algorithm++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new();
		CLEANUP(signing_key_freep) struct signing_key *key = NULL;
		CLEANUP(public_key_freep) struct public_key *public = NULL;
		CLEANUP(buf_free) struct buf record = BUF_NULL(2000);
		struct dkim_key read;

		assert_int_equal(
				signing_key_generate((enum key_algorithm)algorithm, &key),
				0);
		assert_int_equal(dkim_key_print(key, &record), 0);
		assert_int_equal(dkim_key_parse(arena, buf_view(&record), &read), 0);
		assert_int_equal(read.algorithm, algorithm);
		assert_int_equal(
				public_key_read(read.algorithm, read.octets, &public), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_tags),
		cmocka_unit_test(lists_of_tags_end_at_their_limit),
		cmocka_unit_test(values_in_parts),
		cmocka_unit_test(bodies_have_two_forms),
		cmocka_unit_test(large_bodies_pass_the_buffer),
		cmocka_unit_test(fields_have_two_forms),
		cmocka_unit_test(the_header_ends_at_an_empty_line),
		cmocka_unit_test(fields_are_taken_from_the_bottom),
		cmocka_unit_test(too_many_fields_are_no_index),
		cmocka_unit_test(well_formed_signatures_parse),
		cmocka_unit_test(malformed_signatures_do_not),
		cmocka_unit_test(M03_names_are_strict_before_they_are_asked_for),
		cmocka_unit_test(long_signatures_are_refused),
		cmocka_unit_test(key_records),
		cmocka_unit_test(our_keys_are_published_in_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
