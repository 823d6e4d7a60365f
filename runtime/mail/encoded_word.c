#include "runtime/mail/encoded_word.h"

#include "runtime/base/buf.h"
#include "runtime/base/utf8.h"
#include "runtime/mail/charset.h"
#include "runtime/mail/encoding.h"
#include "runtime/mail/lexer.h"

struct encoded_word {
	struct view charset; /* without a language tag */
	char kind;           /* 'b', 'q' */
	struct view text;
	size_t len; /* of the whole word */
};

/* Each part ends at the next '?', so no byte is looked at by more than four attempts. */
static bool parse_word(struct view text, struct encoded_word *out)
{
	struct view rest, kind;

	if (!view_starts(text, VIEW("=?")))
		return false;
	rest = view_from(text, 2);
	out->charset = view_cut(&rest, '?');
	kind = view_sub(rest, 0, 2);
	if (kind.len < 2 || kind.data[1] != '?' || out->charset.len == 0)
		return false;
	out->kind = byte_lower(kind.data[0]);
	if (out->kind != 'b' && out->kind != 'q')
		return false;
	rest = view_from(rest, 2);
	out->text = view_cut(&rest, '?');
	if (rest.len == 0 || rest.data[0] != '=')
		return false;
	out->len = (size_t)(rest.data + 1 - text.data);
	/* RFC 2231, 5: charset*language */
	out->charset.len = view_find(out->charset, '*');
	return true;
}

static void decode_q(struct buf *out, struct view text)
{
	CLEANUP(buf_free) struct buf spaced = BUF_NULL(text.len);
	struct decoder decoder;

	buf_add(&spaced, text);
	for (size_t i = 0; i < spaced.len; i++)
		if (spaced.data[i] == '_')
			spaced.data[i] = ' ';
	decoder_init(&decoder, ENCODING_QUOTED_PRINTABLE);
	decoder_feed(&decoder, buf_view(&spaced), out);
	/* Blanks at the end are part of the word, not of a line. */
	buf_add(out, view_of(decoder.held, decoder.held_len));
}

static void decode_b(struct buf *out, struct view text)
{
	struct decoder decoder;

	decoder_init(&decoder, ENCODING_BASE64);
	decoder_feed(&decoder, text, out);
	decoder_finish(&decoder, out);
}

/* Words of one charset that follow each other are one text: a character may be split. */
struct word_run {
	struct view charset;
	struct buf bytes;
};

static void flush_run(struct word_run *run, struct buf *out)
{
	if (run->bytes.len)
		charset_to_utf8(run->charset, buf_view(&run->bytes), out);
	buf_clear(&run->bytes);
}

static void add_word(
		struct word_run *run, const struct encoded_word *word, struct buf *out)
{
	if (!view_eq_nocase(run->charset, word->charset))
		flush_run(run, out);
	run->charset = word->charset;
	if (word->kind == 'b')
		decode_b(&run->bytes, word->text);
	else
		decode_q(&run->bytes, word->text);
}

static size_t blanks_before_word(struct view text)
{
	size_t len = 0;

	while (len < text.len && byte_is_blank(text.data[len]))
		len++;
	return view_starts(view_from(text, len), VIEW("=?")) ? len : 0;
}

struct view encoded_words_decode(struct arena *arena, struct view text)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(4 * text.len + 16);
	struct word_run run = { .bytes = BUF_NULL(text.len + 16) };
	struct encoded_word word;
	struct view rest = text, plain;

	while (rest.len) {
		if (parse_word(rest, &word)) {
			size_t blanks = blanks_before_word(view_from(rest, word.len));

			add_word(&run, &word, &out);
			rest = view_from(rest, word.len);
			if (blanks && parse_word(view_from(rest, blanks), &word))
				rest = view_from(rest, blanks);
			continue;
		}
		flush_run(&run, &out);
		plain = view_sub(rest, 0,
				1 + view_find_view(view_from(rest, 1), VIEW("=?")));
		utf8_add_repaired(&out, plain);
		rest = view_from(rest, plain.len);
	}
	flush_run(&run, &out);
	buf_free(&run.bytes);
	for (size_t i = 0; i < out.len; i++)
		if (out.data[i] == '\0' || out.data[i] == '\r' || out.data[i] == '\n')
			out.data[i] = ' ';
	return arena_copy(arena, buf_view(&out));
}
