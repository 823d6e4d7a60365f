#include "runtime/mail/text.h"

#include "runtime/base/error.h"
#include "runtime/base/utf8.h"
#include "runtime/mail/charset.h"
#include "runtime/mail/encoding.h"
#include "runtime/mail/lexer.h"

#include <stdlib.h>

enum {
	NAME_MOST = 16
};

/*
 *            '<'        name            '>'
 *   WORDS ─────────► TAG ──────► INSIDE ─────► WORDS, or RAW behind <script> and <style>
 *     │               │ "!--"      │ quote
 *     │ '&'           ▼            ▼
 *     ▼            COMMENT       QUOTED           RAW ──"</script" or "</style"──► INSIDE
 *    REFERENCE ──';' or any other──► WORDS
 */
enum html_state {
	HTML_WORDS,
	HTML_TAG,
	HTML_INSIDE,
	HTML_QUOTED,
	HTML_COMMENT,
	HTML_RAW,
	HTML_REFERENCE,
};

struct html {
	enum html_state state;
	char name[NAME_MOST]; /* of the tag or reference that is being read, lower case */
	size_t name_len;
	char raw[NAME_MOST]; /* what ends HTML_RAW: "/script" */
	size_t raw_len;
	size_t matched; /* how much of the end of a comment or of raw text has come */
	char quote;
};

struct text_reader {
	struct decoder decoder;
	struct charset_converter *converter;
	bool is_html;
	struct html html;
};

struct text_reader *text_reader_new(
		enum transfer_encoding encoding, struct view charset, bool html)
{
	struct text_reader *r = xcalloc(1, sizeof(*r));

	decoder_init(&r->decoder, encoding);
	r->converter = charset_converter_new(charset.len ? charset : VIEW("utf-8"));
	r->is_html = html;
	return r;
}

void text_reader_free(struct text_reader *r)
{
	if (!r)
		return;
	charset_converter_free(r->converter);
	free(r);
}

void text_reader_freep(struct text_reader **r)
{
	text_reader_free(*r);
}

static struct view name_of(const struct html *h)
{
	return view_of(h->name, h->name_len);
}

static void add_to_name(struct html *h, char c)
{
	if (h->name_len < sizeof(h->name))
		h->name[h->name_len++] = byte_lower(c);
}

/* Tags within a word do not part it. */
static bool tag_parts_words(struct view name)
{
	static const char *const within[] = { "a", "abbr", "b", "big", "em", "font", "i",
		"s", "small", "span", "strong", "sub", "sup", "tt", "u", "wbr" };

	if (name.len && name.data[0] == '/')
		name = view_from(name, 1);
	for (size_t i = 0; i < ARRAY_LEN(within); i++)
		if (view_eq(name, view_z(within[i])))
			return false;
	return true;
}

static void add_reference(struct html *h, struct buf *out)
{
	/* clang-format off */
	static const struct { const char *name; uint32_t code; } known[] = {
		{ "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' },
		{ "nbsp", ' ' },
	};
	/* clang-format on */
	struct view name = name_of(h);
	uint32_t code = 0;

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (view_eq(name, view_z(known[i].name)))
			code = known[i].code;
	if (name.len > 1 && name.data[0] == '#') {
		bool hex = name.data[1] == 'x';

		for (size_t i = hex ? 2 : 1; i < name.len && code <= 0x10ffff; i++) {
			char c = name.data[i];
			uint32_t digit = byte_is_digit(c) ? (uint32_t)(c - '0')
							  : (uint32_t)(c - 'a' + 10);

			code = code * (hex ? 16 : 10) + digit;
		}
		if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
			code = 0xfffd;
	}
	if (code) {
		utf8_add(out, code);
		return;
	}
	buf_add_byte(out, '&');
	buf_add(out, name);
}

static bool belongs_to_reference(const struct html *h, char c)
{
	if (h->name_len == 0)
		return c == '#' || byte_is_alpha(c);
	if (h->name[0] != '#')
		return byte_is_alpha(c) || byte_is_digit(c);
	if (h->name_len == 1)
		return c == 'x' || c == 'X' || byte_is_digit(c);
	c = byte_lower(c);
	return byte_is_digit(c) || (h->name[1] == 'x' && c >= 'a' && c <= 'f');
}

static void end_tag(struct html *h, struct buf *out)
{
	struct view name = name_of(h);

	h->state = HTML_WORDS;
	if (tag_parts_words(name))
		buf_add_byte(out, ' ');
	if (!view_eq(name, VIEW("script")) && !view_eq(name, VIEW("style")))
		return;
	h->state = HTML_RAW;
	h->raw[0] = '/';
	memcpy(h->raw + 1, name.data, name.len);
	h->raw_len = name.len + 1;
	h->matched = 0;
}

static void html_tag(struct html *h, char c, struct buf *out)
{
	if (c == '>') {
		end_tag(h, out);
	} else if (byte_is_blank(c)) {
		if (h->name_len == 0) {
			buf_add_z(out, "< ");
			h->state = HTML_WORDS;
		} else {
			h->state = HTML_INSIDE;
		}
	} else {
		add_to_name(h, c);
		if (view_eq(name_of(h), VIEW("!--"))) {
			h->state = HTML_COMMENT;
			h->matched = 0;
		}
	}
}

static void html_comment(struct html *h, char c)
{
	if (c == '-')
		h->matched = h->matched < 2 ? h->matched + 1 : 2;
	else if (c == '>' && h->matched == 2)
		h->state = HTML_WORDS;
	else
		h->matched = 0;
}

/* matched: 0, or 1 behind '<', or one more for each byte of `raw`. */
static void html_raw(struct html *h, char c)
{
	if (c == '<')
		h->matched = 1;
	else if (h->matched && byte_lower(c) == h->raw[h->matched - 1])
		h->matched++;
	else
		h->matched = 0;
	if (h->matched == h->raw_len + 1) {
		memcpy(h->name, h->raw, h->raw_len);
		h->name_len = h->raw_len;
		h->state = HTML_INSIDE;
	}
}

static void html_words(struct html *h, char c, struct buf *out)
{
	h->name_len = 0;
	if (c == '<')
		h->state = HTML_TAG;
	else if (c == '&')
		h->state = HTML_REFERENCE;
	else
		buf_add_byte(out, c);
}

static void html_byte(struct html *h, char c, struct buf *out)
{
	switch (h->state) {
	case HTML_WORDS:
		html_words(h, c, out);
		break;
	case HTML_TAG:
		html_tag(h, c, out);
		break;
	case HTML_INSIDE:
		if (c == '>')
			end_tag(h, out);
		else if (c == '"' || c == '\'') {
			h->quote = c;
			h->state = HTML_QUOTED;
		}
		break;
	case HTML_QUOTED:
		if (c == h->quote)
			h->state = HTML_INSIDE;
		break;
	case HTML_COMMENT:
		html_comment(h, c);
		break;
	case HTML_RAW:
		html_raw(h, c);
		break;
	case HTML_REFERENCE:
		if (belongs_to_reference(h, c) && h->name_len < sizeof(h->name)) {
			add_to_name(h, c);
			break;
		}
		h->state = HTML_WORDS;
		add_reference(h, out);
		if (c != ';')
			html_words(h, c, out);
		break;
	}
}

static void add_text(struct text_reader *r, struct view text, struct buf *out)
{
	if (!r->is_html) {
		buf_add(out, text);
		return;
	}
	for (size_t i = 0; i < text.len; i++)
		html_byte(&r->html, text.data[i], out);
}

void text_reader_feed(struct text_reader *r, struct view bytes, struct buf *out)
{
	CLEANUP(buf_free)
	struct buf decoded = BUF_NULL(bytes.len + sizeof(r->decoder.held));
	CLEANUP(buf_free) struct buf text = BUF_NULL(4 * decoded.max + 64);

	decoder_feed(&r->decoder, bytes, &decoded);
	charset_converter_feed(r->converter, buf_view(&decoded), &text);
	add_text(r, buf_view(&text), out);
}

void text_reader_finish(struct text_reader *r, struct buf *out)
{
	CLEANUP(buf_free) struct buf decoded = BUF_NULL(sizeof(r->decoder.held));
	CLEANUP(buf_free) struct buf text = BUF_NULL(4 * decoded.max + 256);

	decoder_finish(&r->decoder, &decoded);
	charset_converter_feed(r->converter, buf_view(&decoded), &text);
	charset_converter_finish(r->converter, &text);
	add_text(r, buf_view(&text), out);
	if (r->html.state == HTML_REFERENCE)
		add_reference(&r->html, out);
	r->html.state = HTML_WORDS;
}
