#include "agent/backup/pack.h"

#include "runtime/base/error.h"
#include "runtime/crypto/hmac.h"
#include "runtime/crypto/random.h"
#include "runtime/crypto/ssh_wire.h"

#include <assert.h>
#include <sodium.h>
#include <zstd.h>

enum {
	TAG = crypto_aead_chacha20poly1305_IETF_ABYTES,
	NONCE = crypto_aead_chacha20poly1305_IETF_NPUBBYTES,
	LEVEL = 3, /* of zstd */
	/* How a frame's chunk is written. */
	PLAIN = 0,
	ZSTD = 1,
};

static_assert(FRAME_OVERHEAD == 1 + TAG, "the header promises it");

#define MAGIC VIEW("posthus-pack-1\n\0")

/* -- frames -- */

static void frame_nonce(uint64_t at, unsigned char out[NONCE])
{
	memset(out, 0, NONCE);
	for (unsigned i = 0; i < 8; i++)
		out[NONCE - 1 - i] = (unsigned char)(at >> 8 * i);
}

static int decompress(struct view packed, struct buf *out)
{
	unsigned long long size = ZSTD_getFrameContentSize(packed.data, packed.len);
	char *room;

	if (size == 0 || size > CHUNK_MOST) /* unknown and wrong are large numbers */
		return PACK_E_FORM;
	room = buf_room(out, size);
	if (!room || ZSTD_decompress(room, size, packed.data, packed.len) != size)
		return PACK_E_FORM;
	buf_grown(out, size);
	return PACK_OK;
}

int frame_open(const struct key *key, uint64_t at, struct view frame, struct buf *out)
{
	CLEANUP(buf_wipe) struct buf clear = BUF_NULL(CHUNK_MOST + 1024);
	unsigned char nonce[NONCE];
	struct view chunk;
	char *room;

	if (frame.len < FRAME_LEAST)
		return PACK_E_FORM;
	room = buf_room(&clear, frame.len - TAG);
	frame_nonce(at, nonce);
	if (!room || crypto_aead_chacha20poly1305_ietf_decrypt((unsigned char *)room,
				     NULL, NULL, (const unsigned char *)frame.data,
				     frame.len, NULL, 0, nonce, key->bytes))
		return PACK_E_FORM;
	buf_grown(&clear, frame.len - TAG);
	chunk = view_from(buf_view(&clear), 1);
	if (clear.data[0] == ZSTD)
		return decompress(chunk, out);
	if (clear.data[0] != PLAIN || chunk.len > CHUNK_MOST)
		return PACK_E_FORM;
	buf_add(out, chunk);
	return buf_failed(out) ? PACK_E_FORM : PACK_OK;
}

/* Adds it clear, with room for its tag. */
static void add_clear(struct buf *bytes, char method, struct view chunk)
{
	static const char tag[TAG];

	buf_add_byte(bytes, method);
	buf_add(bytes, chunk);
	buf_add(bytes, view_of(tag, TAG));
}

/* False where it does not pay: less than an eighth is saved. */
static bool add_compressed(struct buf *bytes, struct view chunk)
{
	char packed[ZSTD_COMPRESSBOUND(CHUNK_MOST)];
	size_t len = ZSTD_compress(packed, sizeof(packed), chunk.data, chunk.len, LEVEL);

	if (ZSTD_isError(len) || len > chunk.len - chunk.len / 8)
		return false;
	add_clear(bytes, ZSTD, view_of(packed, len));
	return true;
}

/* -- making one -- */

int pack_begin(struct pack *pack, const struct age_recipient *recipients, size_t count)
{
	CLEANUP(buf_free) struct buf envelope = BUF_NULL(AGE_FILE_MAX);
	CLEANUP(secret_free) struct secret key = SECRET_NULL;

	buf_clear(&pack->bytes);
	buf_clear(&pack->directory);
	pack->count = 0;
	key_random(&pack->key);
	key = secret_copy(view_of(pack->key.bytes, KEY_SIZE));
	if (age_seal(recipients, count, &key, &envelope))
		return PACK_E_RECIPIENT;
	recipients_digest(recipients, count, pack->recipients);
	buf_add(&pack->bytes, MAGIC);
	buf_add(&pack->bytes, view_of(pack->recipients, DIGEST_SIZE));
	ssh_put_string(&pack->bytes, buf_view(&envelope));
	pack->head = pack->bytes.len;
	digest_bytes(buf_view(&pack->bytes), pack->id.bytes);
	return PACK_OK;
}

void pack_deinit(struct pack *pack)
{
	key_wipe(&pack->key);
	buf_wipe(&pack->bytes);
	buf_free(&pack->directory);
}

void pack_add(struct pack *pack, const unsigned char name[DIGEST_SIZE], struct view chunk,
		bool compress, uint32_t *at_out, uint32_t *stored_out)
{
	size_t at = pack->bytes.len;

	assert(chunk.len > 0 && chunk.len <= CHUNK_MOST && !pack_is_full(pack));
	if (!compress || !add_compressed(&pack->bytes, chunk))
		add_clear(&pack->bytes, PLAIN, chunk);
	*at_out = (uint32_t)at;
	*stored_out = (uint32_t)(pack->bytes.len - at);
	buf_add(&pack->directory, view_of(name, DIGEST_SIZE));
	ssh_put_u32(&pack->directory, *stored_out);
	pack->count++;
}

static void seal_frames(struct pack *pack)
{
	struct ssh_wire rows = ssh_wire_of(buf_view(&pack->directory));
	size_t at = pack->head;

	for (uint32_t i = 0; i < pack->count; i++) {
		unsigned char *frame = (unsigned char *)pack->bytes.data + at;
		unsigned char nonce[NONCE];
		uint32_t stored;

		(void)ssh_take(&rows, DIGEST_SIZE);
		stored = ssh_take_u32(&rows);
		frame_nonce(at, nonce);
		crypto_aead_chacha20poly1305_ietf_encrypt(frame, NULL, frame,
				stored - TAG, NULL, 0, NULL, nonce, pack->key.bytes);
		at += stored;
	}
}

static void directory_mac(const struct vault_keys *keys, const struct vault_id *id,
		struct view rows, struct view digest, unsigned char out[DIGEST_SIZE])
{
	struct digest d;

	keyed_digest_init(&d, &keys->directory);
	digest_add(&d, view_of(id->bytes, DIGEST_SIZE));
	digest_add(&d, digest);
	digest_add(&d, rows);
	digest_final(&d, out);
}

void pack_seal(struct pack *pack, const struct vault_keys *keys)
{
	unsigned char digest[DIGEST_SIZE], mac[DIGEST_SIZE];
	size_t directory = pack->bytes.len;

	seal_frames(pack);
	key_wipe(&pack->key);
	digest_bytes(buf_view(&pack->bytes), digest);
	directory_mac(keys, &pack->id, buf_view(&pack->directory),
			view_of(digest, sizeof(digest)), mac);
	buf_add(&pack->bytes, buf_view(&pack->directory));
	buf_add(&pack->bytes, view_of(digest, sizeof(digest)));
	ssh_put_u32(&pack->bytes, pack->count);
	buf_add(&pack->bytes, view_of(mac, sizeof(mac)));
	assert(!buf_failed(&pack->bytes) && !buf_failed(&pack->directory));
	digest_bytes(view_from(buf_view(&pack->bytes), directory), pack->digest);
}

/* -- reading one -- */

int pack_head_read(struct view bytes, struct vault_id *id_out,
		unsigned char recipients_out[DIGEST_SIZE], size_t *head_out,
		struct view *envelope_out)
{
	struct ssh_wire wire = ssh_wire_of(bytes);
	struct view magic = ssh_take(&wire, MAGIC.len);
	struct view recipients = ssh_take(&wire, DIGEST_SIZE);
	struct view envelope = ssh_take_string(&wire);
	size_t head = bytes.len - wire.rest.len;

	if (wire.bad || !view_eq(magic, MAGIC) || head > PACK_HEAD_MAX)
		return PACK_E_FORM;
	digest_bytes(view_sub(bytes, 0, head), id_out->bytes);
	memcpy(recipients_out, recipients.data, DIGEST_SIZE);
	*head_out = head;
	*envelope_out = envelope;
	return PACK_OK;
}

int pack_envelope_open(const struct key *identity, struct view envelope, struct key *out)
{
	CLEANUP(secret_free) struct secret clear = SECRET_NULL;

	switch (age_open(identity, envelope, &clear)) {
	case AGE_OK:
		break;
	case AGE_E_RECIPIENT:
		return PACK_E_RECIPIENT;
	default:
		return PACK_E_FORM;
	}
	if (clear.len != KEY_SIZE)
		return PACK_E_FORM;
	memcpy(out->bytes, secret_expose(&clear).data, KEY_SIZE);
	return PACK_OK;
}

int pack_directory_read(struct view end, uint64_t size, struct pack_directory *out,
		size_t *need_out)
{
	struct ssh_wire tail = ssh_wire_of(view_from(end, end.len - PACK_TAIL));
	uint64_t need;

	*out = (struct pack_directory){ 0 };
	*need_out = 0;
	if (end.len < PACK_TAIL || size < end.len || size > PACK_MAX)
		return PACK_E_FORM;
	out->digest = ssh_take(&tail, DIGEST_SIZE);
	out->count = ssh_take_u32(&tail);
	out->mac = ssh_take(&tail, DIGEST_SIZE);
	need = PACK_TAIL + (uint64_t)out->count * PACK_ROW;
	if (need > size)
		return PACK_E_FORM;
	if (need > end.len) {
		*need_out = need;
		out->count = 0;
		return PACK_OK;
	}
	out->at = size - need;
	out->rows = view_sub(end, end.len - need, need - PACK_TAIL);
	digest_bytes(view_from(end, end.len - need), out->whole);
	return PACK_OK;
}

static bool rows_fit(const struct pack_directory *directory, size_t head)
{
	uint64_t sum = head;

	for (uint32_t i = 0; i < directory->count; i++)
		sum += pack_row_stored(directory, i);
	return sum == directory->at;
}

const char *pack_check(struct view bytes, const unsigned char id[DIGEST_SIZE],
		const unsigned char *digest, struct pack_directory *out)
{
	unsigned char recipients[DIGEST_SIZE], before[DIGEST_SIZE];
	struct view envelope;
	struct vault_id said;
	size_t head, need;

	if (pack_head_read(bytes, &said, recipients, &head, &envelope) ||
			memcmp(said.bytes, id, DIGEST_SIZE) != 0)
		return "its head is another pack's, or damaged";
	if (pack_directory_read(bytes, bytes.len, out, &need) || need)
		return "its end is damaged, or missing";
	digest_bytes(view_sub(bytes, 0, out->at), before);
	if (!view_eq(view_of(before, sizeof(before)), out->digest) ||
			!rows_fit(out, head))
		return "its bytes are not those that were written";
	if (digest && memcmp(out->whole, digest, DIGEST_SIZE) != 0)
		return "it is not the pack that was written";
	return NULL;
}

bool pack_directory_ours(const struct pack_directory *directory,
		const struct vault_keys *keys, const struct vault_id *id)
{
	unsigned char mac[DIGEST_SIZE];

	directory_mac(keys, id, directory->rows, directory->digest, mac);
	return view_eq_secret(view_of(mac, sizeof(mac)), directory->mac);
}

struct view pack_row_name(const struct pack_directory *directory, uint32_t i)
{
	return view_sub(directory->rows, (size_t)i * PACK_ROW, DIGEST_SIZE);
}

uint32_t pack_row_stored(const struct pack_directory *directory, uint32_t i)
{
	struct ssh_wire wire = ssh_wire_of(
			view_sub(directory->rows, (size_t)i * PACK_ROW + DIGEST_SIZE, 4));

	return ssh_take_u32(&wire);
}
