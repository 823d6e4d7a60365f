#include "agent/git/sshsig.h"

#include "runtime/base/base64.h"
#include "runtime/crypto/ssh_wire.h"

#include <sodium.h>

enum {
	VERSION = 1,
	SIGNED_MAX = 1024, /* of a name, the words beside it, and a digest */
	NAMESPACE_MAX = 256,
};

#define MAGIC VIEW("SSHSIG")

/* The lines between the two that mark it, joined. */
static bool add_body(struct view text, struct buf *out)
{
	struct view line = view_trim(view_cut(&text, '\n'));

	if (!view_eq(line, VIEW(SSHSIG_BEGIN)))
		return false;
	for (;;) {
		if (text.data == NULL)
			return false;
		line = view_trim(view_cut(&text, '\n'));
		if (view_eq(line, VIEW(SSHSIG_END)))
			return view_trim(text).len == 0 && !buf_failed(out);
		buf_add(out, line);
	}
}

static int read_blob(struct view blob, struct sshsig *out)
{
	struct ssh_wire wire = ssh_wire_of(blob);
	struct view magic = ssh_take(&wire, MAGIC.len);
	uint32_t version = ssh_take_u32(&wire);
	struct view key = ssh_take_string(&wire);
	struct sshsig sig = { 0 };

	sig.namespace = ssh_take_string(&wire);
	(void)ssh_take_string(&wire); /* reserved: of no meaning in this version */
	sig.hash = ssh_take_string(&wire);
	sig.signature = ssh_take_string(&wire);
	if (!ssh_wire_ended(&wire) || !view_eq(magic, MAGIC) || version != VERSION)
		return SSHSIG_E_FORM;
	if (sig.namespace.len == 0 || sig.namespace.len > NAMESPACE_MAX)
		return SSHSIG_E_FORM;
	if (!view_eq(sig.hash, VIEW("sha256")) && !view_eq(sig.hash, VIEW("sha512")))
		return SSHSIG_E_FORM;
	if (ssh_key_read(key, &sig.key))
		return SSHSIG_E_KEY;
	*out = sig;
	return SSHSIG_OK;
}

int sshsig_read(struct view text, struct arena *arena, struct sshsig *out)
{
	CLEANUP(buf_free) struct buf body = BUF_NULL(SSHSIG_TEXT_MAX);
	CLEANUP(buf_free) struct buf blob = BUF_NULL(SSHSIG_TEXT_MAX);

	if (text.len > SSHSIG_TEXT_MAX || !add_body(text, &body) ||
			!base64_decode(&blob, buf_view(&body)))
		return SSHSIG_E_FORM;
	return read_blob(arena_copy(arena, buf_view(&blob)), out);
}

static struct view digest_of(const struct sshsig *sig, struct view message,
		unsigned char digest[crypto_hash_sha512_BYTES])
{
	const unsigned char *bytes = (const unsigned char *)message.data;

	if (view_eq(sig->hash, VIEW("sha512"))) {
		crypto_hash_sha512(digest, bytes, message.len);
		return view_of(digest, crypto_hash_sha512_BYTES);
	}
	crypto_hash_sha256(digest, bytes, message.len);
	return view_of(digest, crypto_hash_sha256_BYTES);
}

int sshsig_verify(const struct sshsig *sig, struct view namespace, struct view message,
		struct ssh_token *token_out)
{
	CLEANUP(buf_free) struct buf data = BUF_NULL(SIGNED_MAX);
	unsigned char digest[crypto_hash_sha512_BYTES];

	if (!view_eq(sig->namespace, namespace))
		return SSHSIG_E_NAMESPACE;
	buf_add(&data, MAGIC);
	ssh_put_string(&data, sig->namespace);
	ssh_put_string(&data, VIEW_NULL);
	ssh_put_string(&data, sig->hash);
	ssh_put_string(&data, digest_of(sig, message, digest));
	switch (ssh_key_verify(&sig->key, buf_view(&data), sig->signature, token_out)) {
	case SSH_SIGNATURE_OK:
		return SSHSIG_OK;
	case SSH_SIGNATURE_E_ABSENT:
		return SSHSIG_E_ABSENT;
	case SSH_SIGNATURE_E_FORM:
		return SSHSIG_E_FORM;
	default:
		return SSHSIG_E_WRONG;
	}
}
