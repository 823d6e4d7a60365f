/* Bech32 (BIP 173), as age writes its keys: five bits a letter, and a checksum. */
#ifndef CRYPTO_BECH32_H
#define CRYPTO_BECH32_H

#include "runtime/base/buf.h"

enum {
	BECH32_PREFIX_MAX = 20,
	BECH32_DATA_MAX = 64 /* octets */
};

/* Adds PREFIX 1 DATA CHECKSUM, in small letters; the prefix is in small letters. */
void bech32_add(struct buf *out, struct view prefix, struct view data);
/* Exactly `len` octets with that prefix, all letters small or all large. */
MUST_USE bool bech32_read(struct view text, struct view prefix, void *out, size_t len);

#endif
