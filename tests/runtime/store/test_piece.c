#include "runtime/store/piece.h"

#include "runtime/store/content.h"
#include "tests/runtime/store/account_test.h"

enum {
	TEXT_MAX = 2 * PIECE_BYTES,
};

/* A header block of about `header` bytes, with the empty line, and a body. */
static void make(struct buf *out, size_t header, size_t body)
{
	buf_add_z(out, "Subject: a piece\r\n");
	while (out->len + 4 < header)
		buf_add(out, view_sub(VIEW("X-Filler: one field and another\r\n"), 0,
					     header - out->len - 2));
	if (!view_ends(buf_view(out), VIEW("\r\n")))
		buf_add_z(out, "\r\n");
	buf_add_z(out, "\r\n");
	for (size_t i = 0; i < body; i++)
		buf_add_byte(out, "words of a body\n"[i % 16]);
}

/* clang-format off */
static const struct { size_t header, body; } shapes[] = {
	{ 100, 0 }, { 100, 1 }, { 100, 3000 }, { 3900, 100 }, { 60000, 0 }, { 20, 4 },
};
/* clang-format on */

static void every_beginning_is_unpacked(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		CLEANUP(buf_free) struct buf bytes = BUF_NULL(TEXT_MAX);
		CLEANUP(buf_free) struct buf stored = BUF_NULL(TEXT_MAX);
		size_t step = shapes[i].header > 10000 ? 5000 : 1;

		make(&bytes, shapes[i].header, shapes[i].body);
		piece_pack(*state, buf_view(&bytes), &stored);
		assert_true(stored.len <= bytes.len + 1);
		for (size_t need = 0; need <= bytes.len; need += step) {
			CLEANUP(buf_free) struct buf out = BUF_NULL(TEXT_MAX);

			assert_int_equal(piece_unpack(*state, buf_view(&stored),
							 bytes.len, need, &out),
					0);
			assert_true(out.len >= need);
			assert_true(view_starts(buf_view(&bytes), buf_view(&out)));
		}
	}
}

/* Of a small message no more than the header is decompressed. */
static void a_header_is_unpacked_alone(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		CLEANUP(buf_free) struct buf bytes = BUF_NULL(TEXT_MAX);
		CLEANUP(buf_free) struct buf stored = BUF_NULL(TEXT_MAX);
		CLEANUP(buf_free) struct buf out = BUF_NULL(TEXT_MAX);
		bool whole = false;

		make(&bytes, shapes[i].header, shapes[i].body);
		piece_pack(*state, buf_view(&bytes), &stored);
		assert_int_equal(piece_unpack_header(
						 *state, buf_view(&stored), &out, &whole),
				0);
		assert_true(whole);
		assert_true(view_starts(buf_view(&bytes), buf_view(&out)));
		if (stored.data[0])
			assert_int_equal(out.len, piece_header_end(buf_view(&bytes)));
	}
}

static void a_header_larger_than_a_piece_is_not_whole(void **state)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(TEXT_MAX);
	CLEANUP(buf_free) struct buf stored = BUF_NULL(TEXT_MAX);
	CLEANUP(buf_free) struct buf out = BUF_NULL(TEXT_MAX);
	bool whole = true;

	make(&bytes, PIECE_BYTES + 1000, 0);
	piece_pack(*state, view_sub(buf_view(&bytes), 0, PIECE_BYTES), &stored);
	assert_int_equal(piece_unpack_header(*state, buf_view(&stored), &out, &whole), 0);
	assert_false(whole);
}

static void what_is_damaged_is_said_to_be(void **state)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(TEXT_MAX);
	CLEANUP(buf_free) struct buf stored = BUF_NULL(TEXT_MAX);
	bool whole;

	make(&bytes, 500, 3000);
	piece_pack(*state, buf_view(&bytes), &stored);
	for (size_t cut = 0; cut < stored.len; cut++) {
		CLEANUP(buf_free) struct buf out = BUF_NULL(TEXT_MAX);
		struct view damaged = view_sub(buf_view(&stored), 0, cut);

		assert_int_equal(
				piece_unpack(*state, damaged, bytes.len, bytes.len, &out),
				STORE_E_DAMAGED);
		(void)!piece_unpack_header(*state, damaged, &out, &whole);
	}
	for (size_t at = 0; at < stored.len; at++) {
		CLEANUP(buf_free) struct buf out = BUF_NULL(TEXT_MAX);

		stored.data[at] ^= 0x55;
		(void)!piece_unpack(*state, buf_view(&stored), bytes.len, 400, &out);
		(void)!piece_unpack_header(*state, buf_view(&stored), &out, &whole);
		stored.data[at] ^= 0x55;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		account_test(every_beginning_is_unpacked),
		account_test(a_header_is_unpacked_alone),
		account_test(a_header_larger_than_a_piece_is_not_whole),
		account_test(what_is_damaged_is_said_to_be),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
