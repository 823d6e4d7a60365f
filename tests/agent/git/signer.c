#include "tests/agent/git/signer.h"

#include "agent/git/sshsig.h"
#include "runtime/base/base64.h"
#include "runtime/crypto/ssh_wire.h"
#include "tests/lib/test.h"

enum {
	TEXT_MAX = 64 * 1024,
	WIDTH = 70,
};

void signer_init(struct signer *signer, unsigned char number)
{
	unsigned char seed[crypto_sign_SEEDBYTES] = { number };

	assert_int_equal(crypto_sign_seed_keypair(signer->public, signer->secret, seed),
			0);
}

static void add_key(const struct signer *signer, struct buf *out)
{
	CLEANUP(buf_free) struct buf blob = BUF_NULL(TEXT_MAX);

	ssh_put_string(&blob, VIEW("ssh-ed25519"));
	ssh_put_string(&blob, view_of(signer->public, sizeof(signer->public)));
	buf_add(out, buf_view(&blob));
}

struct view signer_line(
		const struct signer *signer, const char *before, struct arena *arena)
{
	CLEANUP(buf_free) struct buf blob = BUF_NULL(TEXT_MAX), text = BUF_NULL(TEXT_MAX);

	add_key(signer, &blob);
	buf_addf(&text, "%s ssh-ed25519 ", before);
	base64_add(&text, buf_view(&blob));
	buf_add_byte(&text, '\n');
	return arena_copy(arena, buf_view(&text));
}

static void add_signed(const char *namespace, struct view message, struct buf *out)
{
	unsigned char digest[crypto_hash_sha512_BYTES];

	crypto_hash_sha512(digest, (const unsigned char *)message.data, message.len);
	buf_add(out, VIEW("SSHSIG"));
	ssh_put_string(out, view_z(namespace));
	ssh_put_string(out, VIEW_NULL);
	ssh_put_string(out, VIEW("sha512"));
	ssh_put_string(out, view_of(digest, sizeof(digest)));
}

static void add_blob(const struct signer *signer, const char *namespace,
		struct view message, struct buf *out)
{
	CLEANUP(buf_free) struct buf part = BUF_NULL(TEXT_MAX);
	unsigned char octets[crypto_sign_BYTES];

	add_signed(namespace, message, &part);
	crypto_sign_detached(octets, NULL, (const unsigned char *)part.data, part.len,
			signer->secret);
	buf_add(out, VIEW("SSHSIG"));
	ssh_put_u32(out, 1);
	buf_clear(&part);
	add_key(signer, &part);
	ssh_put_string(out, buf_view(&part));
	ssh_put_string(out, view_z(namespace));
	ssh_put_string(out, VIEW_NULL);
	ssh_put_string(out, VIEW("sha512"));
	buf_clear(&part);
	ssh_put_string(&part, VIEW("ssh-ed25519"));
	ssh_put_string(&part, view_of(octets, sizeof(octets)));
	ssh_put_string(out, buf_view(&part));
}

struct view signer_sign(const struct signer *signer, const char *namespace,
		struct view message, struct arena *arena)
{
	CLEANUP(buf_free) struct buf blob = BUF_NULL(TEXT_MAX), body = BUF_NULL(TEXT_MAX);
	CLEANUP(buf_free) struct buf text = BUF_NULL(TEXT_MAX);
	struct view rest;

	add_blob(signer, namespace, message, &blob);
	base64_add(&body, buf_view(&blob));
	buf_add_z(&text, SSHSIG_BEGIN "\n");
	for (rest = buf_view(&body); rest.len; rest = view_from(rest, WIDTH))
		buf_addf(&text, "%.*s\n", VIEW_ARG(view_sub(rest, 0, WIDTH)));
	buf_add_z(&text, SSHSIG_END "\n");
	return arena_copy(arena, buf_view(&text));
}

struct view signer_commit(
		const struct signer *signer, struct view text, struct arena *arena)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(TEXT_MAX);
	struct view signature = signer_sign(signer, "git", text, arena);
	size_t end = view_find_view(text, VIEW("\n\n")) + 1;

	buf_add(&out, view_sub(text, 0, end));
	buf_add_z(&out, "gpgsig");
	while (signature.len) {
		struct view line = view_cut(&signature, '\n');

		buf_addf(&out, " %.*s\n", VIEW_ARG(line));
	}
	buf_add(&out, view_from(text, end));
	return arena_copy(arena, buf_view(&out));
}

struct view signer_tag(const struct signer *signer, struct view text, struct arena *arena)
{
	struct view signature = signer_sign(signer, "git", text, arena);

	return arena_printf(arena, "%.*s%.*s", VIEW_ARG(text), VIEW_ARG(signature));
}
