#include "runtime/crypto/bech32.h"

#include <sodium.h>

enum {
	CHECKSUM = 6, /* letters */
	GROUPS_MAX = BECH32_DATA_MAX * 8 / 5 + 1,
};

static const char letters[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t polymod(uint32_t c, unsigned value)
{
	static const uint32_t generators[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa,
		0x3d4233dd, 0x2a1462b3 };
	uint32_t top = c >> 25;

	c = (c & 0x1ffffff) << 5 ^ value;
	for (unsigned i = 0; i < ARRAY_LEN(generators); i++)
		if (top >> i & 1)
			c ^= generators[i];
	return c;
}

static uint32_t checksum_of(struct view prefix)
{
	uint32_t c = 1;

	for (size_t i = 0; i < prefix.len; i++)
		c = polymod(c, (unsigned char)prefix.data[i] >> 5);
	c = polymod(c, 0);
	for (size_t i = 0; i < prefix.len; i++)
		c = polymod(c, (unsigned char)prefix.data[i] & 31);
	return c;
}

void bech32_add(struct buf *out, struct view prefix, struct view data)
{
	uint32_t c = checksum_of(prefix);
	unsigned bits = 0, held = 0;

	buf_add(out, prefix);
	buf_add_byte(out, '1');
	for (size_t i = 0; i < data.len; i++) {
		held = (held << 8 | (unsigned char)data.data[i]) & 0xfff;
		for (bits += 8; bits >= 5; bits -= 5) {
			unsigned value = held >> (bits - 5) & 31;

			c = polymod(c, value);
			buf_add_byte(out, letters[value]);
		}
	}
	if (bits) {
		unsigned value = held << (5 - bits) & 31;

		c = polymod(c, value);
		buf_add_byte(out, letters[value]);
	}
	for (unsigned i = 0; i < CHECKSUM; i++)
		c = polymod(c, 0);
	c ^= 1;
	for (unsigned i = 0; i < CHECKSUM; i++)
		buf_add_byte(out, letters[c >> 5 * (CHECKSUM - 1 - i) & 31]);
}

/* False: a letter that is none, or letters of both sizes. */
static bool take_values(struct view text, unsigned char *values)
{
	bool small = false, large = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		const char *at = memchr(letters, byte_lower(c), sizeof(letters) - 1);

		small |= c >= 'a' && c <= 'z';
		large |= c >= 'A' && c <= 'Z';
		if (!at)
			return false;
		values[i] = (unsigned char)(at - letters);
	}
	return !(small && large);
}

static bool unpack(
		const unsigned char *values, size_t count, unsigned char *out, size_t len)
{
	unsigned held = 0, bits = 0;
	size_t done = 0;

	for (size_t i = 0; i < count; i++) {
		held = (held << 5 | values[i]) & 0xfff;
		bits += 5;
		if (bits < 8)
			continue;
		bits -= 8;
		if (done == len)
			return false;
		out[done++] = (unsigned char)(held >> bits);
	}
	return done == len && bits < 5 && (held & ((1U << bits) - 1)) == 0;
}

bool bech32_read(struct view text, struct view prefix, void *out, size_t len)
{
	unsigned char values[GROUPS_MAX + CHECKSUM];
	struct view rest = view_from(text, prefix.len + 1);
	uint32_t c = checksum_of(prefix);
	bool fine;

	if (!view_starts_nocase(text, prefix) || text.len <= prefix.len + 1 ||
			text.data[prefix.len] != '1' || rest.len <= CHECKSUM ||
			rest.len > sizeof(values) || !take_values(rest, values))
		return false;
	for (size_t i = 0; i < prefix.len; i++)
		if (byte_is_alpha(text.data[i]) && byte_is_alpha(rest.data[0]) &&
				(text.data[i] >= 'a') != (rest.data[0] >= 'a'))
			return false;
	for (size_t i = 0; i < rest.len; i++)
		c = polymod(c, values[i]);
	fine = c == 1 && unpack(values, rest.len - CHECKSUM, out, len);
	sodium_memzero(values, sizeof(values));
	return fine;
}
