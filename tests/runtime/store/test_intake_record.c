#include "runtime/store/intake_record.h"
#include "tests/lib/test.h"

static void an_envelope_comes_back(void **state)
{
	struct intake_recipient recipients[] = {
		{ .account = "0123456789abcde", .address = VIEW("alice@example.org") },
		{ .account = "fedcba987654321", .address = VIEW("bob+x@example.org") },
	};
	struct intake_envelope envelope = { .sender = VIEW("x@example.net"),
		.received = 1795505623,
		.recipients = recipients,
		.recipient_count = 2 };
	CLEANUP(buf_free) struct buf b = BUF_NULL(1000);
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct intake_envelope read;
	uint64_t id;

	(void)state;
	intake_begin_write(&b, 77, &envelope);
	assert_true(intake_begin_read(arena, buf_view(&b), &id, &read));
	assert_int_equal(id, 77);
	assert_view(read.sender, "x@example.net");
	assert_int_equal(read.received, 1795505623);
	assert_int_equal(read.recipient_count, 2);
	assert_memory_equal(read.recipients[1].account, "fedcba987654321", 16);
	assert_view(read.recipients[1].address, "bob+x@example.org");
	for (size_t len = 0; len < b.len; len++)
		assert_false(intake_begin_read(arena, view_of(b.data, len), &id, &read));
	buf_add_byte(&b, 0);
	assert_false(intake_begin_read(arena, buf_view(&b), &id, &read));
}

/* An old record is whole without what later versions ask: there is nothing to migrate. */
static void what_was_asked_comes_back(void **state)
{
	struct intake_recipient recipients[] = {
		{ .account = "0123456789abcde",
				.address = VIEW("alice@example.org"),
				.notify = DSN_SUCCESS | DSN_DELAY,
				.orcpt = VIEW("rfc822;a+2Bb@example.org"),
				.forwarder = VIEW("anna@here.example") },
		{ .account = "fedcba987654321", .address = VIEW("bob@example.org") },
	};
	struct intake_envelope envelope = { .sender = VIEW("j\xc3\xb6rg@example.net"),
		.utf8 = true,
		.eight_bit = true,
		.ret = DSN_RET_HEADERS,
		.envid = VIEW("QQ314159"),
		.recipients = recipients,
		.recipient_count = 2 };
	CLEANUP(buf_free) struct buf old = BUF_NULL(1000);
	CLEANUP(buf_free) struct buf b = BUF_NULL(1000);
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct intake_envelope read;
	size_t plain;
	uint64_t id;

	(void)state;
	intake_begin_write(&b, 77, &envelope);
	assert_true(b.len <= intake_begin_bound(&envelope));
	assert_true(intake_begin_read(arena, buf_view(&b), &id, &read));
	assert_true(read.utf8);
	assert_true(read.eight_bit);
	assert_int_equal(read.ret, DSN_RET_HEADERS);
	assert_view(read.envid, "QQ314159");
	assert_int_equal(read.recipients[0].notify, DSN_SUCCESS | DSN_DELAY);
	assert_view(read.recipients[0].orcpt, "rfc822;a+2Bb@example.org");
	assert_view(read.recipients[0].forwarder, "anna@here.example");
	assert_view(read.recipients[1].forwarder, "");
	assert_int_equal(read.recipients[1].notify, 0);
	assert_view(read.recipients[1].orcpt, "");

	envelope = (struct intake_envelope){
		.sender = envelope.sender, .recipients = recipients, .recipient_count = 2
	};
	recipients[0].notify = 0;
	recipients[0].orcpt = recipients[0].forwarder = VIEW_NULL;
	intake_begin_write(&old, 77, &envelope);
	plain = old.len;
	assert_memory_equal(old.data, b.data, plain); /* as it ever was */
	assert_true(intake_begin_read(arena, buf_view(&old), &id, &read));
	assert_false(read.utf8);
	assert_int_equal(read.recipients[0].notify, 0);

	for (size_t len = plain + 1; len < b.len; len++)
		assert_false(intake_begin_read(arena, view_of(b.data, len), &id, &read));
	b.data[plain]++; /* a version to come */
	assert_false(intake_begin_read(arena, buf_view(&b), &id, &read));
}

static void an_origin_comes_back(void **state)
{
	struct intake_envelope envelope = { .sender = VIEW(""), .origin = 4711 };
	CLEANUP(buf_free) struct buf b = BUF_NULL(1000);
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct intake_envelope read;
	uint64_t id;

	(void)state;
	intake_begin_write(&b, 77, &envelope);
	assert_true(b.len <= intake_begin_bound(&envelope));
	assert_true(intake_begin_read(arena, buf_view(&b), &id, &read));
	assert_int_equal(read.origin, 4711);
	assert_false(intake_begin_read(arena, view_of(b.data, b.len - 1), &id, &read));
}

static void a_count_beyond_the_bytes_is_refused(void **state)
{
	CLEANUP(buf_free) struct buf b = BUF_NULL(1000);
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct intake_envelope read;
	uint64_t id;

	(void)state;
	put_u64(&b, 1);
	put_u64(&b, 2);
	put_u32(&b, 0);
	put_u32(&b, UINT32_MAX);
	assert_false(intake_begin_read(arena, buf_view(&b), &id, &read));
}

static void an_end_comes_back(void **state)
{
	struct intake_end end = { .id = 9,
		.size = 1 << 20,
		.spooled = true,
		.digest = "digest",
		.trace = VIEW("Received: by us\r\n") };
	CLEANUP(buf_free) struct buf b = BUF_NULL(1000);
	struct intake_end read;

	(void)state;
	intake_end_write(&b, &end);
	assert_true(intake_end_read(buf_view(&b), &read));
	assert_int_equal(read.id, 9);
	assert_int_equal(read.size, 1 << 20);
	assert_true(read.spooled);
	assert_memory_equal(read.digest, end.digest, DIGEST_SIZE);
	assert_view(read.trace, "Received: by us\r\n");
	for (size_t len = 0; len < b.len; len++)
		assert_false(intake_end_read(view_of(b.data, len), &read));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_envelope_comes_back),
		cmocka_unit_test(what_was_asked_comes_back),
		cmocka_unit_test(an_origin_comes_back),
		cmocka_unit_test(a_count_beyond_the_bytes_is_refused),
		cmocka_unit_test(an_end_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
