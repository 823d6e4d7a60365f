/* A file:
 *
 *   age-encryption.org/v1
 *   -> X25519 SHARE             a stanza a recipient: the file's key, wrapped
 *   WRAPPED
 *   --- MAC                     over all above
 *   NONCE, then chunks of 64 KiB, each with a tag of its own (STREAM)
 *
 * Secrets are short: one chunk holds one. */
#include "runtime/crypto/age.h"

#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/crypto/bech32.h"
#include "runtime/crypto/hmac.h"

#include <sodium.h>

enum {
	FILE_KEY = 16,
	TAG = crypto_aead_chacha20poly1305_IETF_ABYTES,
	NONCE = crypto_aead_chacha20poly1305_IETF_NPUBBYTES,
	WRAPPED = FILE_KEY + TAG,
	PAYLOAD_NONCE = 16,
	LAST = 1, /* the last octet of the last chunk's nonce */
	BODY_COLUMNS = 64,
	STANZAS_MAX = 64,
	HEADER_MAX = 16 * 1024,
};

#define FIRST_LINE VIEW("age-encryption.org/v1")
#define LABEL      VIEW("age-encryption.org/v1/X25519")

/* -- keys as text -- */

bool age_recipient_read(struct view text, struct age_recipient *out)
{
	return bech32_read(text, VIEW("age"), out->bytes, KEY_SIZE);
}

void age_recipient_write(const struct age_recipient *recipient, struct buf *out)
{
	bech32_add(out, VIEW("age"), view_of(recipient->bytes, KEY_SIZE));
}

void age_recipient_of(const struct key *identity, struct age_recipient *out)
{
	if (crypto_scalarmult_base(out->bytes, identity->bytes))
		die("X25519 failed");
}

bool age_identity_read(struct view text, struct key *out)
{
	return bech32_read(text, VIEW("age-secret-key-"), out->bytes, KEY_SIZE);
}

void age_identity_write(const struct key *identity, struct secret *out)
{
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(2 * AGE_IDENTITY_TEXT);

	bech32_add(&text, VIEW("age-secret-key-"), view_of(identity->bytes, KEY_SIZE));
	for (size_t i = 0; i < text.len; i++)
		text.data[i] = byte_upper(text.data[i]);
	*out = secret_copy(buf_view(&text));
}

/* -- keys from keys -- */

/* False for a share that any secret makes the same of: nobody's key. */
static bool wrap_key(const unsigned char secret[KEY_SIZE],
		const unsigned char with[KEY_SIZE], const unsigned char share[KEY_SIZE],
		const unsigned char recipient[KEY_SIZE], unsigned char out[KEY_SIZE])
{
	unsigned char shared[KEY_SIZE], salt[2 * KEY_SIZE];

	if (crypto_scalarmult(shared, secret, with))
		return false;
	memcpy(salt, share, KEY_SIZE);
	memcpy(salt + KEY_SIZE, recipient, KEY_SIZE);
	hkdf_sha256(view_of(shared, KEY_SIZE), view_of(salt, sizeof(salt)), LABEL, out);
	sodium_memzero(shared, sizeof(shared));
	return true;
}

static void header_mac(const unsigned char file_key[FILE_KEY], struct view header,
		unsigned char out[DIGEST_SIZE])
{
	unsigned char key[KEY_SIZE];

	hkdf_sha256(view_of(file_key, FILE_KEY), VIEW_NULL, VIEW("header"), key);
	hmac_sha256(view_of(key, sizeof(key)), header, out);
	sodium_memzero(key, sizeof(key));
}

static void payload_key(const unsigned char file_key[FILE_KEY],
		const unsigned char nonce[PAYLOAD_NONCE], unsigned char out[KEY_SIZE])
{
	hkdf_sha256(view_of(file_key, FILE_KEY), view_of(nonce, PAYLOAD_NONCE),
			VIEW("payload"), out);
}

/* -- base64 without padding -- */

static void add_base64(struct buf *out, const unsigned char *bytes, size_t len)
{
	base64_add(out, view_of(bytes, len));
	while (out->len && out->data[out->len - 1] == '=')
		buf_truncate(out, out->len - 1);
}

static bool read_base64(struct view text, unsigned char *out, size_t len)
{
	CLEANUP(buf_wipe) struct buf padded = BUF_NULL(256), bytes = BUF_NULL(256);

	if (text.len == 0 || text.len % 4 == 1 || view_find(text, '=') < text.len)
		return false;
	buf_add(&padded, text);
	while (padded.len % 4)
		buf_add_byte(&padded, '=');
	if (buf_failed(&padded) || !base64_decode(&bytes, buf_view(&padded)) ||
			bytes.len != len)
		return false;
	memcpy(out, bytes.data, len);
	return true;
}

/* -- sealing -- */

static const unsigned char zero_nonce[NONCE];

static bool add_stanza(const struct age_recipient *recipient,
		const unsigned char file_key[FILE_KEY], struct buf *out)
{
	unsigned char secret[KEY_SIZE], share[KEY_SIZE], key[KEY_SIZE], wrapped[WRAPPED];
	bool fine;

	randombytes_buf(secret, sizeof(secret));
	fine = crypto_scalarmult_base(share, secret) == 0 &&
	       wrap_key(secret, recipient->bytes, share, recipient->bytes, key);
	sodium_memzero(secret, sizeof(secret));
	if (!fine)
		return false;
	crypto_aead_chacha20poly1305_ietf_encrypt(wrapped, NULL, file_key, FILE_KEY, NULL,
			0, NULL, zero_nonce, key);
	sodium_memzero(key, sizeof(key));
	buf_add_z(out, "-> X25519 ");
	add_base64(out, share, sizeof(share));
	buf_add_byte(out, '\n');
	add_base64(out, wrapped, sizeof(wrapped)); /* 43 letters: less than a line */
	buf_add_byte(out, '\n');
	return true;
}

static bool add_header(const struct age_recipient *recipients, size_t count,
		const unsigned char file_key[FILE_KEY], struct buf *out)
{
	CLEANUP(buf_free) struct buf header = BUF_NULL(HEADER_MAX);
	unsigned char mac[DIGEST_SIZE];

	buf_add(&header, FIRST_LINE);
	buf_add_byte(&header, '\n');
	for (size_t i = 0; i < count; i++)
		if (!add_stanza(&recipients[i], file_key, &header))
			return false;
	buf_add_z(&header, "---");
	header_mac(file_key, buf_view(&header), mac);
	buf_add_byte(&header, ' ');
	add_base64(&header, mac, sizeof(mac));
	buf_add_byte(&header, '\n');
	buf_add(out, buf_view(&header));
	return !buf_failed(&header);
}

static void add_payload(const unsigned char file_key[FILE_KEY], struct view clear,
		struct buf *out)
{
	unsigned char nonce[PAYLOAD_NONCE], key[KEY_SIZE], last[NONCE] = { 0 };
	char *room;

	randombytes_buf(nonce, sizeof(nonce));
	payload_key(file_key, nonce, key);
	buf_add(out, view_of(nonce, sizeof(nonce)));
	last[NONCE - 1] = LAST;
	room = buf_room(out, clear.len + TAG);
	if (room) {
		crypto_aead_chacha20poly1305_ietf_encrypt((unsigned char *)room, NULL,
				(const unsigned char *)clear.data, clear.len, NULL, 0,
				NULL, last, key);
		buf_grown(out, clear.len + TAG);
	}
	sodium_memzero(key, sizeof(key));
}

int age_seal(const struct age_recipient *recipients, size_t count,
		const struct secret *clear, struct buf *out)
{
	unsigned char file_key[FILE_KEY];
	bool fine;

	if (clear->len > AGE_CLEAR_MAX || count == 0 || count > AGE_RECIPIENTS_MAX)
		return AGE_E_TOO_LARGE;
	randombytes_buf(file_key, sizeof(file_key));
	fine = add_header(recipients, count, file_key, out);
	if (fine)
		add_payload(file_key, secret_expose(clear), out);
	sodium_memzero(file_key, sizeof(file_key));
	if (!fine)
		return AGE_E_WEAK;
	return buf_failed(out) ? AGE_E_TOO_LARGE : AGE_OK;
}

/* -- opening -- */

struct opening {
	const struct key *identity;
	unsigned char recipient[KEY_SIZE]; /* of the identity */
	unsigned char file_key[FILE_KEY];
	bool found;
};

/* Ours, where the tag holds; others' are passed over. */
static bool try_stanza(struct opening *o, struct view share_text, struct view body)
{
	unsigned char share[KEY_SIZE], wrapped[WRAPPED], key[KEY_SIZE];

	if (!read_base64(share_text, share, sizeof(share)) ||
			!read_base64(body, wrapped, sizeof(wrapped)))
		return false;
	if (!o->found && wrap_key(o->identity->bytes, share, share, o->recipient, key)) {
		o->found = crypto_aead_chacha20poly1305_ietf_decrypt(o->file_key, NULL,
					   NULL, wrapped, sizeof(wrapped), NULL, 0,
					   zero_nonce, key) == 0;
		sodium_memzero(key, sizeof(key));
	}
	return true;
}

/* The lines of a stanza's body: full ones, and then a shorter one. */
static bool take_body(struct view *rest, struct buf *out)
{
	for (;;) {
		struct view line = view_cut(rest, '\n');

		if (!rest->data || line.len > BODY_COLUMNS)
			return false;
		buf_add(out, line);
		if (line.len < BODY_COLUMNS)
			return !buf_failed(out);
	}
}

static bool take_stanza(struct opening *o, struct view line, struct view *rest)
{
	CLEANUP(buf_free) struct buf body = BUF_NULL(HEADER_MAX);
	struct view words = view_from(line, 3), type;

	if (!view_starts(line, VIEW("-> ")) || !take_body(rest, &body))
		return false;
	type = view_cut(&words, ' ');
	if (!view_eq(type, VIEW("X25519")))
		return type.len > 0;
	return view_find(words, ' ') == words.len &&
	       try_stanza(o, words, buf_view(&body));
}

static int open_header(struct opening *o, struct view file, struct view *payload_out)
{
	struct view rest = file, line = view_cut(&rest, '\n');
	unsigned char mac[DIGEST_SIZE], said[DIGEST_SIZE];
	size_t stanzas = 0, start;

	if (!view_eq(line, FIRST_LINE))
		return AGE_E_FORM;
	for (;;) {
		start = file.len - rest.len;
		line = view_cut(&rest, '\n');
		if (!rest.data)
			return AGE_E_FORM;
		if (view_starts(line, VIEW("---")))
			break;
		if (stanzas++ == STANZAS_MAX || !take_stanza(o, line, &rest))
			return AGE_E_FORM;
	}
	if (!view_starts(line, VIEW("--- ")) ||
			!read_base64(view_from(line, 4), said, sizeof(said)))
		return AGE_E_FORM;
	if (!o->found)
		return AGE_E_RECIPIENT;
	header_mac(o->file_key, view_sub(file, 0, start + 3), mac);
	if (sodium_memcmp(mac, said, sizeof(mac)) != 0)
		return AGE_E_FORM;
	*payload_out = rest;
	return AGE_OK;
}

static int open_payload(const unsigned char file_key[FILE_KEY], struct view payload,
		struct secret *out)
{
	struct view sealed = view_from(payload, PAYLOAD_NONCE);
	unsigned char key[KEY_SIZE], last[NONCE] = { 0 };
	struct secret clear = SECRET_NULL;
	int r;

	if (payload.len < PAYLOAD_NONCE + TAG)
		return AGE_E_FORM;
	if (sealed.len > AGE_CLEAR_MAX + TAG)
		return AGE_E_TOO_LARGE;
	payload_key(file_key, (const unsigned char *)payload.data, key);
	last[NONCE - 1] = LAST;
	clear.len = sealed.len - TAG;
	clear.data = xmalloc(clear.len + 1);
	r = crypto_aead_chacha20poly1305_ietf_decrypt((unsigned char *)clear.data, NULL,
			NULL, (const unsigned char *)sealed.data, sealed.len, NULL, 0,
			last, key);
	sodium_memzero(key, sizeof(key));
	if (r) {
		secret_free(&clear);
		return AGE_E_FORM;
	}
	*out = clear;
	return AGE_OK;
}

int age_open(const struct key *identity, struct view file, struct secret *out)
{
	struct opening o = { .identity = identity };
	struct view payload = VIEW_NULL;
	int r;

	if (file.len > AGE_FILE_MAX)
		return AGE_E_TOO_LARGE;
	if (crypto_scalarmult_base(o.recipient, identity->bytes))
		die("X25519 failed");
	r = open_header(&o, file, &payload);
	if (r == AGE_OK)
		r = open_payload(o.file_key, payload, out);
	sodium_memzero(o.file_key, sizeof(o.file_key));
	return r;
}
