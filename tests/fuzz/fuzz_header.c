/* The fields of a header are the whole of it, and whatever is in them, the parsers of
 * values, words, dates and parameters keep to their promises. */
#include "runtime/base/utf8.h"
#include "runtime/mail/charset.h"
#include "runtime/mail/date.h"
#include "runtime/mail/encoded_word.h"
#include "runtime/mail/fold.h"
#include "runtime/mail/header.h"
#include "runtime/mail/mime.h"
#include "runtime/mail/text.h"
#include "runtime/mail/utf7.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_written(struct view name, struct view value, struct arena *arena)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(4 * (name.len + value.len) + 64);
	struct header_iterator it;
	struct header_field field;

	if (header_write(&out, name, value))
		return;
	it = header_iterate(buf_view(&out));
	must(header_next(&it, &field) && view_eq(field.name, name));
	must(view_eq(header_unfold(arena, field.value), view_trim(value)));
	must(!header_next(&it, &field));
}

static void check_date(struct view value)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(DATE_TEXT_MAX);
	struct date date, again;

	if (!date_parse(value, &date))
		return;
	date_print(&out, date);
	must(!buf_failed(&out) && date_parse(buf_view(&out), &again));
	buf_clear(&out);
	internaldate_print(&out, date);
	must(internaldate_parse(buf_view(&out), &again));
}

static void check_type(struct view value, struct arena *arena)
{
	struct content_type type;
	struct content_disposition disposition;

	if (content_disposition_parse(arena, value, &disposition))
		must(disposition.parameters.count <= 100);
	if (!content_type_parse(arena, value, &type))
		return;
	must(type.type.len && type.subtype.len && type.parameters.count <= 100);
	for (size_t i = 0; i < type.parameters.count; i++) {
		struct view name = type.parameters.items[i].name;

		for (size_t j = 0; j < i; j++)
			must(!view_eq(type.parameters.items[j].name, name));
		must(utf8_valid(mime_parameter_text(arena, &type.parameters, name)));
	}
}

static void check_name(struct view name)
{
	CLEANUP(buf_free) struct buf decoded = BUF_NULL(4 * name.len + 8);
	CLEANUP(buf_free) struct buf encoded = BUF_NULL(8 * name.len + 8);

	if (!utf7_decode(&decoded, name))
		return;
	must(utf7_encode(&encoded, buf_view(&decoded)));
	must(view_eq(buf_view(&encoded), name));
}

/* The first octets choose charset and encoding; the text comes whole and in pieces. */
static void check_text(struct view bytes)
{
	static const char *const charsets[] = { "utf-8", "iso-8859-1", "shift_jis",
		"iso-2022-jp", "gb18030", "windows-1258", "utf-16", "x-none" };
	CLEANUP(buf_free) struct buf whole = BUF_NULL(16 * bytes.len + 1024);
	CLEANUP(buf_free) struct buf pieces = BUF_NULL(16 * bytes.len + 1024);
	CLEANUP(text_reader_freep) struct text_reader *a = NULL;
	CLEANUP(text_reader_freep) struct text_reader *b = NULL;
	struct view charset;
	enum transfer_encoding encoding;
	size_t step;
	unsigned char choice;

	if (bytes.len < 2)
		return;
	choice = (unsigned char)bytes.data[0];
	charset = view_z(charsets[choice % 8]);
	encoding = (enum transfer_encoding)(choice / 8 % 6);
	step = 1 + (unsigned char)bytes.data[1] % 16;
	bytes = view_from(bytes, 2);
	a = text_reader_new(encoding, charset, choice >= 128);
	b = text_reader_new(encoding, charset, choice >= 128);
	text_reader_feed(a, bytes, &whole);
	text_reader_finish(a, &whole);
	for (size_t at = 0; at < bytes.len; at += step)
		text_reader_feed(b, view_sub(bytes, at, step), &pieces);
	text_reader_finish(b, &pieces);
	must(!buf_failed(&whole) && view_eq(buf_view(&whole), buf_view(&pieces)));
	must(utf8_valid(buf_view(&whole)));
}

static void check_field(const struct header_field *field, struct arena *arena)
{
	CLEANUP(buf_free) struct buf folded = BUF_NULL(64 * field->value.len + 64);
	struct view unfolded = header_unfold(arena, field->value);
	struct view text = encoded_words_decode(arena, unfolded);

	must(view_find(unfolded, '\n') == unfolded.len);
	must(utf8_valid(text));
	text_fold(&folded, text);
	must(!buf_failed(&folded) && utf8_valid(buf_view(&folded)));
	check_written(field->name, unfolded, arena);
	check_date(field->value);
	check_type(field->value, arena);
	check_name(unfolded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_free) struct buf all = BUF_NULL(size + 2);
	struct view block = view_of(data, size);
	struct header_iterator it = header_iterate(block);
	struct header_field field;
	size_t at = 0;

	while (header_next(&it, &field)) {
		must(field.offset == at && field.whole.len > 0);
		at += field.whole.len;
		check_field(&field, arena);
	}
	must(it.at <= size);
	header_select(block, NULL, 0, true, &all);
	must(view_eq(view_sub(buf_view(&all), 0, at), view_sub(block, 0, at)));
	check_text(block);
	return 0;
}
