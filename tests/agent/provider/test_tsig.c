/* Both sides of a signature: the server's is made here, by RFC 8945, 5.3. */
#include "agent/provider/packet.h"
#include "agent/provider/tsig.h"
#include "tests/lib/test.h"

enum {
	NOW = 1800000000,
	ROOM = 2048,
};

#define VARIABLES_NAME "\1k\0\0\377\0\0\0\0\13hmac-sha256\0"

static const struct tsig_key key = { { "k", 1 }, HMAC_SHA256, { "secret", 6 } };

static void add_number(struct buf *out, uint64_t number, size_t octets)
{
	while (octets--)
		buf_add_byte(out, (char)(number >> 8 * octets));
}

static void make_request(struct buf *out, struct tsig_mac *mac)
{
	const struct question question = {
		.name = VIEW("a.example"), .type = VIEW("TXT"), .id = 7
	};

	assert_true(question_write(&question, out));
	assert_true(tsig_sign(out, &key, NOW, mac));
}

/* A head and nothing else, signed. */
static void make_reply(const struct tsig_mac *request, walltime time, unsigned error,
		bool with_mac, struct buf *out)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(ROOM);
	unsigned char mac[HMAC_MOST];

	add_number(&text, request->len, 2);
	buf_add(&text, view_of(request->bytes, request->len));
	buf_add(&text, VIEW("\0\7\204\0\0\0\0\0\0\0\0\0"));
	buf_add(&text, VIEW(VARIABLES_NAME));
	add_number(&text, (uint64_t)time, 6);
	add_number(&text, 300, 2);
	add_number(&text, error, 2);
	add_number(&text, 0, 2);
	assert_int_equal(hmac_sha2(key.hash, key.secret, buf_view(&text), mac), 32);
	buf_clear(out);
	buf_add(out, VIEW("\0\7\204\0\0\0\0\0\0\0\0\1\1k\0\0\372\0\377\0\0\0\0"));
	add_number(out, 13 + 10 + (with_mac ? 32 : 0) + 6, 2);
	buf_add(out, VIEW("\13hmac-sha256\0"));
	add_number(out, (uint64_t)time, 6);
	add_number(out, 300, 2);
	add_number(out, with_mac ? 32 : 0, 2);
	buf_add(out, view_of(mac, with_mac ? 32 : 0));
	add_number(out, 7, 2);
	add_number(out, error, 2);
	add_number(out, 0, 2);
}

static int verify(const struct buf *reply, const struct tsig_mac *mac)
{
	return tsig_verify(buf_view(reply), &key, mac, NOW);
}

static void a_reply_is_checked_against_its_request(void **state)
{
	CLEANUP(buf_free) struct buf request = BUF_NULL(ROOM), reply = BUF_NULL(ROOM);
	struct tsig_mac mac, other;

	(void)state;
	make_request(&request, &mac);
	make_reply(&mac, NOW, 0, true, &reply);
	assert_int_equal(verify(&reply, &mac), TSIG_OK);
	other = mac;
	other.bytes[0] ^= 1;
	assert_int_equal(verify(&reply, &other), TSIG_E_FORGED);
	make_reply(&mac, NOW + 300, 0, true, &reply);
	assert_int_equal(verify(&reply, &mac), TSIG_OK);
	make_reply(&mac, NOW + 301, 0, true, &reply);
	assert_int_equal(verify(&reply, &mac), TSIG_E_TIME);
	make_reply(&mac, NOW - 301, 0, true, &reply);
	assert_int_equal(verify(&reply, &mac), TSIG_E_TIME);
	make_reply(&mac, NOW, 18, true, &reply);
	assert_int_equal(verify(&reply, &mac), TSIG_E_TIME);
	/* Nobody can sign these for us: they refuse, and mean nothing more. */
	make_reply(&mac, NOW, 17, false, &reply);
	assert_int_equal(verify(&reply, &mac), TSIG_E_REFUSED);
	make_reply(&mac, NOW, 16, false, &reply);
	assert_int_equal(verify(&reply, &mac), TSIG_E_REFUSED);
	make_reply(&mac, NOW, 0, false, &reply);
	assert_int_equal(verify(&reply, &mac), TSIG_E_FORGED);
	/* A request is no reply to itself. */
	assert_int_equal(verify(&request, &mac), TSIG_E_FORGED);
}

/* The number alone may differ: the record has the original one, for servers between. */
static void no_byte_of_it_can_be_another(void **state)
{
	CLEANUP(buf_free) struct buf request = BUF_NULL(ROOM), reply = BUF_NULL(ROOM);
	struct tsig_mac mac;

	(void)state;
	make_request(&request, &mac);
	make_reply(&mac, NOW, 0, true, &reply);
	for (size_t i = 2; i < reply.len; i++) {
		reply.data[i] ^= 1;
		if (verify(&reply, &mac) == TSIG_OK)
			fail_msg("byte %zu does not matter", i);
		reply.data[i] ^= 1;
	}
	for (size_t len = reply.len; len-- > 0;) {
		struct view part = view_sub(buf_view(&reply), 0, len);

		assert_int_equal(tsig_verify(part, &key, &mac, NOW), TSIG_E_UNSIGNED);
	}
	buf_add_byte(&reply, '\0');
	assert_int_equal(verify(&reply, &mac), TSIG_E_UNSIGNED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reply_is_checked_against_its_request),
		cmocka_unit_test(no_byte_of_it_can_be_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
