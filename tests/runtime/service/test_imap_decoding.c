/* Encoded parts of a stored message, decoded in stretches. */
#include "runtime/service/imap_decoding.h"

#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/mail/encoding.h"
#include "tests/runtime/store/account_test.h"

#include <stdlib.h>

enum {
	MESSAGE_MAX = 1 << 22,
	PARTS = 4,
};

static struct account_store *store;
static int64_t content;
static struct buf decoded[PARTS]; /* what is to come out of each */
static struct section_range ranges[PARTS];

static unsigned next_random(void)
{
	static uint64_t state = 7;

	state = state * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(state >> 33);
}

/* Lines of 76; a line end may be anything that is passed over. */
static void add_base64(struct buf *out, struct view bytes)
{
	while (bytes.len) {
		base64_add(out, view_sub(bytes, 0, 57));
		bytes = view_from(bytes, 57);
		buf_add_z(out, next_random() % 50 ? "\r\n" : " !\r\n");
	}
}

static void add_quoted_printable(struct buf *out, struct view bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		buf_addf(out, "=%02X", (unsigned char)bytes.data[i]);
		if (i % 20 == 19)
			buf_add_z(out, next_random() % 2 ? "=\r\n" : "= \t \r\n");
	}
}

static void add_part(struct buf *message, const char *encoding, struct view body)
{
	buf_addf(message, "\r\n--b\r\nContent-Transfer-Encoding: %s\r\n\r\n", encoding);
	buf_add(message, body);
}

/* Part 0 is large, 1 is of another encoding, 2 has no NUL, 3 is empty. */
static int begin(void **state)
{
	static const size_t sizes[PARTS] = { 700001, 99999, 70000, 0 };
	CLEANUP(buf_free) struct buf message = BUF_NULL(MESSAGE_MAX);
	struct append_result result;

	(void)state;
	remove_account();
	store = open_account();
	buf_add_z(&message, "Content-Type: multipart/mixed; boundary=b\r\n");
	for (size_t i = 0; i < PARTS; i++) {
		CLEANUP(buf_free) struct buf body = BUF_NULL(MESSAGE_MAX);
		bool is_base64 = i != 1;

		decoded[i] = BUF_NULL(MESSAGE_MAX);
		while (decoded[i].len < sizes[i])
			buf_add_byte(&decoded[i], (char)(next_random() % 256 | (i == 2)));
		if (is_base64)
			add_base64(&body, buf_view(&decoded[i]));
		else
			add_quoted_printable(&body, buf_view(&decoded[i]));
		add_part(&message, is_base64 ? "base64" : "quoted-printable",
				buf_view(&body));
	}
	buf_add_z(&message, "\r\n--b--\r\n");
	assert_false(buf_failed(&message));
	assert_int_equal(try_append(store, mailbox_of(store, "INBOX"), buf_view(&message),
					 (struct flag_list){ 0 }, &result),
			0);
	content = row_of(store, "INBOX", 1).content;
	for (size_t i = 0; i < PARTS; i++) {
		char name[] = { (char)('1' + i), '\0' };

		assert_int_equal(
				message_section(store, content, view_z(name), &ranges[i]),
				0);
	}
	return 0;
}

static int end(void **state)
{
	(void)state;
	for (size_t i = 0; i < PARTS; i++)
		buf_free(&decoded[i]);
	account_store_close(store);
	return 0;
}

static void check_stretch(struct imap_decoding *d, size_t part, uint64_t at, uint64_t len,
		uint64_t *passed)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(MESSAGE_MAX);
	struct view wanted = view_sub(buf_view(&decoded[part]), at, len);

	assert_int_equal(imap_decoding_read(d, store, content, &ranges[part], at, len,
					 passed, &out),
			0);
	assert_int_equal(out.len, wanted.len);
	assert_true(view_eq(buf_view(&out), wanted));
}

static void sizes_are_exact_and_kept(void **state)
{
	struct imap_decoding *d = imap_decoding_new();

	(void)state;
	for (size_t turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < PARTS; i++) {
			struct decoded size;
			uint64_t passed = 0;

			assert_int_equal(imap_decoding_measure(d, store, content,
							 &ranges[i], &passed, &size),
					0);
			assert_int_equal(size.len, decoded[i].len);
			assert_int_equal(size.has_nul, i < 2);
			assert_int_equal(passed, turn ? 0 : ranges[i].len);
		}
	}
	imap_decoding_free(d);
}

/* Reading on costs what is read, and not the part once more. */
static void a_part_is_read_on_in_linear_time(void **state)
{
	static const uint64_t steps[] = { 1000, 65536, 99999, 1 << 20 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct imap_decoding *d = imap_decoding_new();
		uint64_t passed = 0, reads = 0;

		for (uint64_t at = 0; at < decoded[0].len; at += steps[i], reads++)
			check_stretch(d, 0, at, steps[i], &passed);
		/* a read may begin within a chunk */
		assert_true(passed <= ranges[0].len + reads * 65536);
		imap_decoding_free(d);
	}
}

static void stretches_come_in_any_order(void **state)
{
	struct imap_decoding *d = imap_decoding_new();
	uint64_t passed = 0;

	(void)state;
	for (int i = 0; i < 300; i++) {
		size_t part = next_random() % PARTS;
		uint64_t at = next_random() % (decoded[part].len + 10);

		check_stretch(d, part, at, next_random() % 1000, &passed);
	}
	check_stretch(d, 0, 0, UINT64_MAX, &passed);
	check_stretch(d, 0, decoded[0].len, 10, &passed);
	imap_decoding_free(d);
}

static void a_message_that_went_is_absent(void **state)
{
	struct imap_decoding *d = imap_decoding_new();
	CLEANUP(buf_free) struct buf out = BUF_NULL(MESSAGE_MAX);
	CLEANUP(uid_set_free) struct uid_set all = one(1);
	struct expunge_result gone = { 0 };
	struct decoded size;
	uint64_t passed = 0;

	(void)state;
	check_stretch(d, 0, 0, 1000, &passed);
	assert_int_equal(message_remove(store, mailbox_of(store, "INBOX"), &all, &gone),
			0);
	uid_set_free(&gone.expunged);
	assert_int_equal(imap_decoding_read(d, store, content, &ranges[0], 200000, 1,
					 &passed, &out),
			STORE_E_ABSENT);
	assert_int_equal(imap_decoding_measure(
					 d, store, content, &ranges[0], &passed, &size),
			STORE_E_ABSENT);
	imap_decoding_free(d);
}

#define on_a_store(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_a_store(sizes_are_exact_and_kept),
		on_a_store(a_part_is_read_on_in_linear_time),
		on_a_store(stretches_come_in_any_order),
		on_a_store(a_message_that_went_is_absent),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
