/* ENVELOPE, BODY and BODYSTRUCTURE of hard messages, each in messages/NAME.eml with what
 * RFC 3501, 7.4.2 makes of it in messages/NAME.expect. Arguments: the folder, or with
 * --print a message, to see what comes out. */
#include "runtime/base/buf.h"
#include "runtime/mail/envelope.h"
#include "runtime/mail/message_blob.h"
#include "runtime/mail/structure.h"
#include "tests/lib/test.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	TEXT_MAX = 1 << 24
};

static const char *folder;

static void read_file(const char *path, struct buf *out)
{
	FILE *file = fopen(path, "rb");
	char piece[4096];
	size_t len;

	if (!file)
		fail_msg("cannot read %s", path);
	while (file && (len = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_add(out, view_of(piece, len));
	if (file)
		fclose(file);
}

/* The section whose text is the body of this part, as a client would ask for it. A
 * multipart that is a message's body has no number of its own. */
static void add_section(struct buf *out, const struct message_part *part)
{
	bool message_body = !part->parent || part->parent->kind == PART_MESSAGE;
	unsigned numbers[128];
	size_t count = 0;

	for (const struct message_part *p = part; p; p = p->parent) {
		unsigned number = 1;

		if (p->kind == PART_MULTIPART &&
				(!p->parent || p->parent->kind == PART_MESSAGE))
			continue;
		for (const struct message_part *s = p->parent ? p->parent->first_child
							      : p;
				s != p; s = s->next)
			number++;
		numbers[count++] = number;
	}
	for (size_t i = count; i > 0; i--)
		buf_addf(out, "%u%s", numbers[i - 1], i > 1 ? "." : "");
	if (part->kind == PART_MULTIPART && message_body)
		buf_add_z(out, count ? ".TEXT" : "TEXT");
}

static void check_range(struct view blob, struct view section, const char *suffix,
		uint64_t offset, uint64_t len)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(1024);
	struct section_range found;

	buf_add(&name, section);
	buf_add_z(&name, suffix);
	assert_int_equal(
			message_section_range(blob, buf_view(&name), &found), SECTION_OK);
	assert_int_equal(found.offset, offset);
	assert_int_equal(found.len, len);
}

/* The packed tree leads to the same octets. */
static void check_sections(const struct message *message)
{
	CLEANUP(buf_free) struct buf blob = BUF_NULL(TEXT_MAX);

	message_pack(message, &blob);
	check_range(buf_view(&blob), VIEW(""), "", 0, message->size);
	for (const struct message_part *p = message->root; p; p = p->following) {
		CLEANUP(buf_free) struct buf section = BUF_NULL(1024);
		struct view name;

		add_section(&section, p);
		name = buf_view(&section);
		check_range(buf_view(&blob), name, "", p->body_offset, p->body_size);
		if (!view_ends(name, VIEW("TEXT")))
			check_range(buf_view(&blob), name, ".MIME", p->header_offset,
					p->header_size);
		if (p->kind != PART_MESSAGE)
			continue;
		check_range(buf_view(&blob), name, ".HEADER",
				p->first_child->header_offset,
				p->first_child->header_size);
		check_range(buf_view(&blob), name, ".TEXT", p->first_child->body_offset,
				p->first_child->body_size);
	}
}

static void add_parts(struct buf *out, const struct message *message)
{
	for (const struct message_part *p = message->root; p; p = p->following) {
		buf_add_z(out, "PART ");
		add_section(out, p);
		buf_addf(out, " %.*s/%.*s header %llu+%llu body %llu+%llu lines %llu\n",
				VIEW_ARG(p->type.type), VIEW_ARG(p->type.subtype),
				(unsigned long long)p->header_offset,
				(unsigned long long)p->header_size,
				(unsigned long long)p->body_offset,
				(unsigned long long)p->body_size,
				(unsigned long long)p->body_lines);
	}
}

static void render(struct view text, size_t step, struct buf *out)
{
	CLEANUP(message_parser_freep) struct message_parser *p = message_parser_new();
	const struct message *message;

	for (size_t at = 0; at < text.len; at += step)
		message_parser_feed(p, view_sub(text, at, step));
	message = message_parser_finish(p);
	check_sections(message);
	buf_add_z(out, "ENVELOPE ");
	envelope_render(message->root, out);
	buf_add_z(out, "\nBODY ");
	structure_render(message, false, out);
	buf_add_z(out, "\nBODYSTRUCTURE ");
	structure_render(message, true, out);
	buf_addf(out, "\nNOTES %u\n", message->notes);
	add_parts(out, message);
}

static void hard_messages_render_as_the_rfc_says(void **state)
{
	char pattern[4096];
	glob_t found;

	(void)state;
	snprintf(pattern, sizeof(pattern), "%s/*.eml", folder);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 40);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);
		CLEANUP(buf_free) struct buf expected = BUF_NULL(TEXT_MAX);
		CLEANUP(buf_free) struct buf got = BUF_NULL(TEXT_MAX);
		char path[4096];

		read_file(found.gl_pathv[i], &text);
		snprintf(path, sizeof(path), "%.*s.expect",
				(int)strlen(found.gl_pathv[i]) - 4, found.gl_pathv[i]);
		read_file(path, &expected);
		for (size_t step = 1; step < 9; step++) {
			buf_clear(&got);
			render(buf_view(&text), step == 8 ? text.len + 1 : step, &got);
			if (!view_eq(buf_view(&got), buf_view(&expected)))
				fail_msg("%s (steps of %zu): got\n%.*s", path, step,
						VIEW_ARG(buf_view(&got)));
		}
	}
	globfree(&found);
}

/* A string or literal ends where it says, quotes are closed, parentheses pair. */
static bool is_balanced(struct view text)
{
	size_t depth = 0;

	while (text.len) {
		char c = text.data[0];

		text = view_from(text, 1);
		if (c == '(')
			depth++;
		else if (c == ')' && depth-- == 0)
			return false;
		else if (c == '"') {
			while (text.len && text.data[0] != '"')
				text = view_from(text, text.data[0] == '\\' ? 2 : 1);
			if (text.len == 0)
				return false;
			text = view_from(text, 1);
		} else if (c == '{') {
			uint64_t len;

			if (!view_to_u64(view_cut(&text, '}'), &len) ||
					!view_starts(text, VIEW("\r\n")) ||
					text.len < 2 + len)
				return false;
			text = view_from(text, 2 + len);
		} else if (c == '\r' || c == '\n' || (unsigned char)c >= 0x80) {
			return false;
		}
	}
	return depth == 0;
}

/* Row I13: every octet at every place of a header, and the response still parses. */
static void i13_no_octet_ends_a_response(void **state)
{
	static const char text[] =
			"From: \"ab\" <c@d>\r\nSubject: ef\r\nTo: g:h@i;\r\n"
			"Content-Type: t/p; a=\"b\"; c=d\r\nContent-ID: <j>\r\n"
			"Content-Language: k, l\r\n"
			"Content-Disposition: m; n=\"o\"\r\n\r\nx\r\n";

	(void)state;
	for (size_t at = 0; at < sizeof(text) - 1; at++) {
		for (unsigned octet = 0; octet < 256; octet++) {
			CLEANUP(message_parser_freep)
			struct message_parser *p = message_parser_new();
			CLEANUP(buf_free) struct buf out = BUF_NULL(TEXT_MAX);
			char changed[sizeof(text)];
			const struct message *message;

			memcpy(changed, text, sizeof(text));
			changed[at] = (char)octet;
			message_parser_feed(p, view_of(changed, sizeof(text) - 1));
			message = message_parser_finish(p);
			envelope_render(message->root, &out);
			structure_render(message, true, &out);
			assert_true(is_balanced(buf_view(&out)));
			assert_true(view_find(buf_view(&out), '\0') == out.len);
		}
	}
}

/* RFC 3501, 7.4.2: a group is its name, its members, and an end; nothing at all is NIL. */
static void B09_groups_and_nothing(void **state)
{
	/* clang-format off */
	static const struct { const char *to, *envelope; } cases[] = {
		{ "g:;",              "((NIL NIL \"g\" NIL)(NIL NIL NIL NIL))" },
		{ "g: a@b.test;",     "((NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b.test\")(NIL NIL NIL NIL))" },
		{ "g:",               "((NIL NIL \"g\" NIL)(NIL NIL NIL NIL))" },
		{ "g: h: i: ;;;",     "((NIL NIL \"g\" NIL)(NIL NIL NIL NIL))" },
		{ ":;",               "((NIL NIL \"\" NIL)(NIL NIL NIL NIL))" },
		{ "",                 "NIL" },
		{ " \t ",             "NIL" },
		{ "(nobody)",         "NIL" },
		{ ",,,",              "NIL" },
		{ ";;;",              "NIL" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(message_parser_freep)
		struct message_parser *p = message_parser_new();
		CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);
		CLEANUP(buf_free) struct buf out = BUF_NULL(TEXT_MAX);
		CLEANUP(buf_free) struct buf expected = BUF_NULL(TEXT_MAX);

		buf_addf(&text, "To: %s\r\n\r\n", cases[i].to);
		message_parser_feed(p, buf_view(&text));
		envelope_render(message_parser_finish(p)->root, &out);
		buf_addf(&expected, "(NIL NIL NIL NIL NIL %s NIL NIL NIL NIL)",
				cases[i].envelope);
		if (!view_eq(buf_view(&out), buf_view(&expected)))
			fail_msg("%s: got %.*s", cases[i].to, VIEW_ARG(buf_view(&out)));
	}
}

static int print(const char *path)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);
	CLEANUP(buf_free) struct buf out = BUF_NULL(TEXT_MAX);

	read_file(path, &text);
	render(buf_view(&text), text.len + 1, &out);
	fwrite(out.data, 1, out.len, stdout);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hard_messages_render_as_the_rfc_says),
		cmocka_unit_test(B09_groups_and_nothing),
		cmocka_unit_test(i13_no_octet_ends_a_response),
	};

	if (argc == 3 && strcmp(argv[1], "--print") == 0)
		return print(argv[2]);
	folder = argc > 1 ? argv[1] : "messages";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
