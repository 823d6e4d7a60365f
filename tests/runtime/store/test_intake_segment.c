#include "runtime/store/intake_segment.h"
#include "tests/lib/test.h"

#include "runtime/base/error.h"

#include <stdlib.h>

static const struct key key = { "a key of thirty-two bytes, mine" };
static const struct frame_place place = { &key, 7 };

/* Three messages of one chunk each. */
static void write_three(struct buf *out, size_t begins[3])
{
	for (int i = 0; i < 3; i++) {
		char chunk[100];

		memset(chunk, 'a' + i, sizeof(chunk));
		frame_align(out, 0);
		begins[i] = out->len;
		frame_write(out, place, out->len, FRAME_BEGIN, VIEW("begin"));
		frame_write(out, place, out->len, FRAME_CHUNK,
				view_of(chunk, sizeof(chunk) - (size_t)i));
		frame_write(out, place, out->len, FRAME_END, VIEW("end"));
	}
	buf_add(out, view_of((char[500]){ 0 }, 500));
}

/* The types that are read, as a text: B, C, E; '!' where something was passed over. */
static const char *walk(struct view bytes, struct frame_place where, size_t *damaged_out)
{
	static const char letters[] = "-SBCEM";
	static char text[64];
	struct segment_reader reader = { .bytes = bytes, .place = where };
	CLEANUP(buf_free) struct buf content = BUF_NULL(INTAKE_FRAME_MAX + SEAL_OVERHEAD);
	enum intake_frame_type type;
	size_t len = 0;
	bool resumed;
	uint64_t at;

	while (segment_read(&reader, &type, &content, &at, &resumed)) {
		if (resumed)
			text[len++] = '!';
		text[len++] = letters[type];
	}
	text[len] = '\0';
	*damaged_out = reader.damaged;
	return text;
}

static void frames_come_back_in_their_order(void **state)
{
	CLEANUP(buf_free) struct buf b = BUF_NULL(10000);
	size_t begins[3], damaged;

	(void)state;
	write_three(&b, begins);
	assert_string_equal(walk(buf_view(&b), place, &damaged), "BCEBCEBCE");
	assert_int_equal(damaged, 0);
}

static void a_frame_of_another_key_or_file_or_place_does_not_open(void **state)
{
	struct key other = { "another key" };
	CLEANUP(buf_free) struct buf b = BUF_NULL(10000);
	CLEANUP(buf_free) struct buf moved = BUF_NULL(10000);
	size_t begins[3], damaged;

	(void)state;
	write_three(&b, begins);
	assert_string_equal(
			walk(buf_view(&b), (struct frame_place){ &other, 7 }, &damaged),
			"");
	assert_string_equal(walk(buf_view(&b), (struct frame_place){ &key, 8 }, &damaged),
			"");
	buf_add(&moved, view_from(buf_view(&b), begins[1]));
	assert_string_equal(walk(buf_view(&moved), place, &damaged), "");
}

static void every_flipped_bit_is_noticed_and_the_next_message_found(void **state)
{
	CLEANUP(buf_free) struct buf b = BUF_NULL(10000);
	size_t begins[3], damaged;

	(void)state;
	write_three(&b, begins);
	for (size_t at = begins[1]; at < begins[2]; at++) {
		const char *text;
		bool padding = b.data[at] == 0 && at > begins[2] - FRAME_ALIGN;

		b.data[at] ^= 0x10;
		text = walk(buf_view(&b), place, &damaged);
		b.data[at] ^= 0x10;
		/* The bits of the zeros between messages say nothing. */
		if (padding && strstr(text, "BCEBCE!BCE"))
			continue;
		assert_true(strlen(text) >= strlen("BCE!BCE"));
		assert_memory_equal(text, "BCE", 3);
		assert_string_equal(text + strlen(text) - 4, "!BCE");
		assert_null(strstr(text, "BCEBCE"));
		assert_int_equal(damaged, 1);
	}
}

static void a_torn_tail_ends_at_the_last_whole_frame(void **state)
{
	CLEANUP(buf_free) struct buf b = BUF_NULL(10000);
	size_t begins[3], damaged;

	(void)state;
	write_three(&b, begins);
	for (size_t len = 0; len < begins[2]; len++) {
		CLEANUP(freep) char *exact = xmalloc(len ? len : 1);
		const char *text;

		memcpy(exact, b.data, len);
		text = walk(view_of(exact, len), place, &damaged);
		assert_memory_equal(text, "BCEBCE", strlen(text));
		assert_int_equal(damaged, 0);
	}
}

static void names_are_read_strictly(void **state)
{
	CLEANUP(freep) char *path = segment_path("/x", 0xabc);
	uint64_t number;

	(void)state;
	assert_string_equal(path, "/x/0000000000000abc.log");
	assert_true(segment_name(VIEW("0000000000000abc.log"), &number));
	assert_int_equal(number, 0xabc);
	assert_false(segment_name(VIEW("0000000000000ABC.log"), &number));
	assert_false(segment_name(VIEW("0000000000000abc.body"), &number));
	assert_false(segment_name(VIEW("abc.log"), &number));
	assert_true(spool_name(VIEW("0000000000000abc.body"), &number));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_back_in_their_order),
		cmocka_unit_test(a_frame_of_another_key_or_file_or_place_does_not_open),
		cmocka_unit_test(every_flipped_bit_is_noticed_and_the_next_message_found),
		cmocka_unit_test(a_torn_tail_ends_at_the_last_whole_frame),
		cmocka_unit_test(names_are_read_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
