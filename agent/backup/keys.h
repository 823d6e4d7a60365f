/* What a host derives from its key of the purpose `backup`, and the digest that says for whom
 * something is sealed. */
#ifndef AGENT_BACKUP_KEYS_H
#define AGENT_BACKUP_KEYS_H

#include "agent/backup/vault.h"
#include "runtime/crypto/key.h"

enum {
	KEYS_SIGNATURE = 64,
};

/* A secret: vault_keys_wipe(). */
struct vault_keys {
	struct key names; /* of chunks: what they hold cannot be guessed at without it */
	struct key cuts;  /* where streams are cut, for the same reason */
	struct key directory;      /* vouches for what a pack says that it holds */
	struct key index;          /* … and an index */
	struct key state;          /* … and what this host keeps of its own */
	unsigned char signing[64]; /* Ed25519, as libsodium has it */
	unsigned char public[VAULT_KEY];
};

void vault_keys_derive(const struct key *host, struct vault_keys *out);
void vault_keys_wipe(struct vault_keys *keys);

/* Ed25519 (RFC 8032) over `bytes`. */
void vault_sign(const struct vault_keys *keys, struct view bytes,
		unsigned char out[KEYS_SIGNATURE]);
MUST_USE bool vault_signed(const unsigned char public[VAULT_KEY], struct view bytes,
		struct view signature);

/* BLAKE2b-256 of the recipients' 32 bytes each, in order of their bytes. */
void recipients_digest(const struct age_recipient *recipients, size_t count,
		unsigned char out[DIGEST_SIZE]);

#endif
