#include "runtime/crypto/ssh_wire.h"

struct view ssh_take(struct ssh_wire *wire, size_t len)
{
	struct view taken;

	if (len > wire->rest.len)
		wire->bad = true;
	if (wire->bad)
		return VIEW_NULL;
	taken = view_sub(wire->rest, 0, len);
	wire->rest = view_from(wire->rest, len);
	return taken;
}

uint8_t ssh_take_byte(struct ssh_wire *wire)
{
	struct view byte = ssh_take(wire, 1);

	return byte.len ? (uint8_t)byte.data[0] : 0;
}

uint32_t ssh_take_u32(struct ssh_wire *wire)
{
	struct view bytes = ssh_take(wire, 4);
	uint32_t value = 0;

	for (size_t i = 0; i < bytes.len; i++)
		value = value << 8 | (uint8_t)bytes.data[i];
	return value;
}

struct view ssh_take_string(struct ssh_wire *wire)
{
	return ssh_take(wire, ssh_take_u32(wire));
}

struct view ssh_take_number(struct ssh_wire *wire)
{
	struct view number = ssh_take_string(wire);
	bool padded = number.len && number.data[0] == 0;

	if (padded)
		number = view_from(number, 1);
	if (number.len == 0 || padded != ((number.data[0] & 0x80) != 0)) {
		wire->bad = true;
		return VIEW_NULL;
	}
	return number;
}

void ssh_put_u32(struct buf *out, uint32_t value)
{
	const char bytes[] = { (char)(value >> 24), (char)(value >> 16),
		(char)(value >> 8), (char)value };

	buf_add(out, view_of(bytes, sizeof(bytes)));
}

void ssh_put_string(struct buf *out, struct view text)
{
	ssh_put_u32(out, (uint32_t)text.len);
	buf_add(out, text);
}
