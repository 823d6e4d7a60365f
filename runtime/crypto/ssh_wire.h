/* What SSH writes its keys and signatures in (RFC 4251, 5), read piece by piece.
 *
 * Pieces past the end are empty or 0, and `bad` stays: it is asked once, at the end. */
#ifndef CRYPTO_SSH_WIRE_H
#define CRYPTO_SSH_WIRE_H

#include "runtime/base/buf.h"

struct ssh_wire {
	struct view rest;
	bool bad;
};

static inline struct ssh_wire ssh_wire_of(struct view bytes)
{
	return (struct ssh_wire){ .rest = bytes };
}

struct view ssh_take(struct ssh_wire *wire, size_t len);
uint8_t ssh_take_byte(struct ssh_wire *wire);
uint32_t ssh_take_u32(struct ssh_wire *wire);
struct view ssh_take_string(struct ssh_wire *wire);
/* A positive mpint: its octets without the zero before them; `bad` where it is negative,
 * zero, or written longer than it has to be. */
struct view ssh_take_number(struct ssh_wire *wire);
/* All was read, and nothing was missing. */
static inline bool ssh_wire_ended(const struct ssh_wire *wire)
{
	return !wire->bad && wire->rest.len == 0;
}

void ssh_put_u32(struct buf *out, uint32_t value);
void ssh_put_string(struct buf *out, struct view text);

#endif
