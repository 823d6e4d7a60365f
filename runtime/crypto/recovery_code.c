/* A group's letters are numbers of GF(32), x^5 + x^2 + 1; the fifth is
 *
 *   a0 α + a1 α² + a2 α³ + a3 α⁴ + n        n: the group's number, from 1
 *
 * The 52 letters before the checks hold 260 bits, high ones first: the code's 256, and four
 * that are 0. */
#include "runtime/crypto/recovery_code.h"

#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/crypto/crockford.h"
#include "runtime/crypto/hmac.h"
#include "runtime/crypto/random.h"

#include <assert.h>
#include <sodium.h>

enum {
	DATA = RECOVERY_CODE_GROUP - 1, /* letters of a group that say something */
	LETTERS = RECOVERY_CODE_GROUPS * RECOVERY_CODE_GROUP,
	SPARE = RECOVERY_CODE_GROUPS * DATA * 5 - KEY_SIZE * 8, /* bits */
};

static_assert(SPARE == 4, "the last letter holds the last bit and four zeros");

/* Changing one of these makes every printed code worthless. */
#define LABEL_AGE VIEW("posthus recovery code 1: age identity")
#define LABEL_KEY "posthus recovery code 1: key: "

void recovery_code_make(struct recovery_code *out)
{
	random_bytes(out->bytes, sizeof(out->bytes));
}

void recovery_code_wipe(struct recovery_code *code)
{
	sodium_memzero(code, sizeof(*code));
}

/* Times α. */
static unsigned twice(unsigned a)
{
	a <<= 1;
	return a & 32 ? a ^ 0x25 : a;
}

static unsigned check_of(const unsigned char *values, unsigned number)
{
	unsigned sum = 0;

	for (unsigned i = DATA; i > 0; i--)
		sum = twice(sum ^ values[i - 1]);
	return sum ^ number;
}

/* -- to letters -- */

static unsigned five_bits(const struct recovery_code *code, size_t at)
{
	size_t byte = at / 8, shift = at % 8;
	unsigned two = (unsigned)code->bytes[byte] << 8;

	if (byte + 1 < sizeof(code->bytes))
		two |= code->bytes[byte + 1];
	return two >> (11 - shift) & 31;
}

void recovery_code_write(const struct recovery_code *code, struct secret *out)
{
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(RECOVERY_CODE_TEXT);

	for (unsigned group = 0; group < RECOVERY_CODE_GROUPS; group++) {
		unsigned char values[DATA];

		if (group)
			buf_add_byte(&text, '-');
		for (unsigned i = 0; i < DATA; i++) {
			values[i] = (unsigned char)five_bits(
					code, (size_t)(group * DATA + i) * 5);
			buf_add_byte(&text, crockford_letter(values[i]));
		}
		buf_add_byte(&text, crockford_letter(check_of(values, group + 1)));
		sodium_memzero(values, sizeof(values));
	}
	*out = secret_copy(buf_view(&text));
}

/* -- from letters -- */

static int take_letters(
		struct view typed, unsigned char values[LETTERS], unsigned *group_out)
{
	size_t count = 0;

	for (size_t i = 0; i < typed.len; i++) {
		int value;

		if (crockford_separates(typed.data[i]))
			continue;
		if (count == LETTERS)
			return RECOVERY_CODE_E_LENGTH;
		value = crockford_value(typed.data[i]);
		if (value < 0) {
			*group_out = (unsigned)count / RECOVERY_CODE_GROUP + 1;
			return RECOVERY_CODE_E_LETTER;
		}
		values[count++] = (unsigned char)value;
	}
	return count == LETTERS ? RECOVERY_CODE_OK : RECOVERY_CODE_E_LENGTH;
}

static int check_groups(const unsigned char values[LETTERS], unsigned *group_out)
{
	for (unsigned group = 0; group < RECOVERY_CODE_GROUPS; group++) {
		const unsigned char *own = values + (size_t)group * RECOVERY_CODE_GROUP;

		if (check_of(own, group + 1) == own[DATA])
			continue;
		*group_out = group + 1;
		return RECOVERY_CODE_E_GROUP;
	}
	if (values[LETTERS - 2] & ((1U << SPARE) - 1)) {
		*group_out = RECOVERY_CODE_GROUPS;
		return RECOVERY_CODE_E_GROUP;
	}
	return RECOVERY_CODE_OK;
}

static void pack(const unsigned char values[LETTERS], struct recovery_code *out)
{
	unsigned held = 0, bits = 0;
	size_t done = 0;

	for (size_t i = 0; i < LETTERS; i++) {
		if (i % RECOVERY_CODE_GROUP == DATA)
			continue;
		held = (held << 5 | values[i]) & 0xfff;
		bits += 5;
		if (bits < 8)
			continue;
		bits -= 8;
		out->bytes[done++] = (unsigned char)(held >> bits);
	}
}

int recovery_code_read(struct view typed, struct recovery_code *out, unsigned *group_out)
{
	unsigned char values[LETTERS] = { 0 };
	int r;

	*group_out = 0;
	r = typed.len > RECOVERY_CODE_TYPED_MAX ? RECOVERY_CODE_E_LENGTH
						: take_letters(typed, values, group_out);
	if (r == RECOVERY_CODE_OK)
		r = check_groups(values, group_out);
	if (r == RECOVERY_CODE_OK)
		pack(values, out);
	sodium_memzero(values, sizeof(values));
	return r;
}

/* -- what comes of it -- */

void recovery_code_identity(const struct recovery_code *code, struct key *out)
{
	hkdf_sha256(view_of(code->bytes, sizeof(code->bytes)), VIEW_NULL, LABEL_AGE,
			out->bytes);
}

void recovery_code_recipient(const struct recovery_code *code, struct age_recipient *out)
{
	CLEANUP(key_wipe) struct key identity;

	recovery_code_identity(code, &identity);
	age_recipient_of(&identity, out);
}

void recovery_code_key(
		const struct recovery_code *code, struct view label, struct key *out)
{
	CLEANUP(buf_free) struct buf info = BUF_NULL(HKDF_INFO_MAX);

	buf_add_z(&info, LABEL_KEY);
	buf_add(&info, label);
	assert(!buf_failed(&info));
	hkdf_sha256(view_of(code->bytes, sizeof(code->bytes)), VIEW_NULL, buf_view(&info),
			out->bytes);
}
