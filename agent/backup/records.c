#include "agent/backup/records.h"

#include "runtime/base/error.h"
#include "runtime/crypto/hmac.h"
#include "runtime/crypto/random.h"
#include "runtime/crypto/ssh_wire.h"

#include <assert.h>

enum {
	MAGIC = 16,
	NONCE = 16,
};

static void put_u64(struct buf *out, uint64_t value)
{
	ssh_put_u32(out, (uint32_t)(value >> 32));
	ssh_put_u32(out, (uint32_t)value);
}

static uint64_t take_u64(struct ssh_wire *wire)
{
	uint64_t high = ssh_take_u32(wire);

	return high << 32 | ssh_take_u32(wire);
}

/* -- signed records: magic, what it says, the public half, the signature -- */

static void sign(const struct vault_keys *keys, struct buf *out)
{
	unsigned char signature[KEYS_SIGNATURE];

	buf_add(out, view_of(keys->public, VAULT_KEY));
	vault_sign(keys, buf_view(out), signature);
	buf_add(out, view_of(signature, sizeof(signature)));
}

/* "posthus-snap-1\n": of another number it is of another time. */
static int check_magic(struct view bytes, struct view magic)
{
	size_t same = view_find_last(magic, '-') + 1;

	if (view_starts(bytes, magic))
		return RECORD_OK;
	return view_starts(bytes, view_sub(magic, 0, same)) ? RECORD_E_NEWER
							    : RECORD_E_FORM;
}

/* `public` NULL: by whoever it says. */
static int open_signed(struct view bytes, struct view magic, const unsigned char *public,
		struct ssh_wire *out)
{
	size_t end = KEYS_SIGNATURE + VAULT_KEY;
	struct view said, signature;
	int r = check_magic(bytes, magic);

	if (r)
		return r;
	if (bytes.len < magic.len + end)
		return RECORD_E_FORM;
	signature = view_from(bytes, bytes.len - KEYS_SIGNATURE);
	said = view_sub(bytes, bytes.len - end, VAULT_KEY);
	if ((public && memcmp(public, said.data, VAULT_KEY) != 0) ||
			!vault_signed((const unsigned char *)said.data,
					view_sub(bytes, 0, bytes.len - KEYS_SIGNATURE),
					signature))
		return RECORD_E_FORGED;
	*out = ssh_wire_of(view_sub(bytes, magic.len, bytes.len - end - magic.len));
	return RECORD_OK;
}

/* -- the mark of the vault -- */

#define VAULT_MAGIC VIEW("posthus-vault-1\n")

void vault_mark_write(const struct vault_keys *keys, struct buf *out)
{
	unsigned char nonce[NONCE];

	random_bytes(nonce, sizeof(nonce));
	buf_add(out, VAULT_MAGIC);
	buf_add(out, view_of(nonce, sizeof(nonce)));
	sign(keys, out);
}

int vault_mark_read(struct view bytes, unsigned char public_out[VAULT_KEY])
{
	struct ssh_wire wire;
	int r = open_signed(bytes, VAULT_MAGIC, NULL, &wire);

	if (r)
		return r;
	(void)ssh_take(&wire, NONCE);
	if (!ssh_wire_ended(&wire))
		return RECORD_E_FORM;
	memcpy(public_out, bytes.data + bytes.len - KEYS_SIGNATURE - VAULT_KEY,
			VAULT_KEY);
	return RECORD_OK;
}

/* -- lists of ids -- */

static struct view take_rows(struct ssh_wire *wire, size_t size)
{
	uint32_t count = ssh_take_u32(wire);

	if (count > wire->rest.len / size)
		wire->bad = true;
	return ssh_take(wire, count * size);
}

static void put_rows(struct buf *out, struct view rows, size_t size)
{
	ssh_put_u32(out, (uint32_t)(rows.len / size));
	buf_add(out, rows);
}

bool ids_have(struct view ids, struct view id)
{
	for (size_t i = 0; i + DIGEST_SIZE <= ids.len; i += DIGEST_SIZE)
		if (memcmp(ids.data + i, id.data, DIGEST_SIZE) == 0)
			return true;
	return false;
}

/* -- heads of snapshots -- */

#define HEAD_MAGIC VIEW("posthus-snap-1\n\0")

void snapshot_head_write(const struct snapshot_head *head, const struct vault_keys *keys,
		struct buf *out)
{
	buf_add(out, HEAD_MAGIC);
	put_u64(out, head->generation);
	put_u64(out, (uint64_t)head->at);
	put_u64(out, head->bytes);
	put_u64(out, head->files);
	put_rows(out, head->previous, DIGEST_SIZE);
	put_rows(out, head->roll, DIGEST_SIZE);
	ssh_put_string(out, head->body);
	put_rows(out, head->packs, HEAD_PACK);
	sign(keys, out);
}

int snapshot_head_read(struct view bytes, const unsigned char public[VAULT_KEY],
		struct snapshot_head *out)
{
	struct ssh_wire wire;
	int r = open_signed(bytes, HEAD_MAGIC, public, &wire);

	if (r)
		return r;
	out->generation = take_u64(&wire);
	out->at = (walltime)take_u64(&wire);
	out->bytes = take_u64(&wire);
	out->files = take_u64(&wire);
	out->previous = take_rows(&wire, DIGEST_SIZE);
	out->roll = take_rows(&wire, DIGEST_SIZE);
	out->body = ssh_take_string(&wire);
	out->packs = take_rows(&wire, HEAD_PACK);
	return ssh_wire_ended(&wire) ? RECORD_OK : RECORD_E_FORM;
}

void head_pack_add(struct buf *packs, const struct catalog_pack *pack, uint32_t used)
{
	buf_add(packs, view_of(pack->id.bytes, DIGEST_SIZE));
	buf_add(packs, view_of(pack->digest, DIGEST_SIZE));
	ssh_put_u32(packs, pack->size);
	ssh_put_u32(packs, used);
}

bool head_pack_next(struct view *packs, struct head_pack *out)
{
	struct ssh_wire wire = ssh_wire_of(*packs);

	if (packs->len < HEAD_PACK)
		return false;
	out->id = ssh_take(&wire, DIGEST_SIZE);
	out->digest = ssh_take(&wire, DIGEST_SIZE);
	out->size = ssh_take_u32(&wire);
	out->used = ssh_take_u32(&wire);
	*packs = wire.rest;
	return true;
}

/* -- references and roots -- */

void tree_ref_add(struct buf *out, const struct tree_ref *ref)
{
	buf_add(out, view_of(ref->pack.bytes, DIGEST_SIZE));
	ssh_put_u32(out, ref->at);
	ssh_put_u32(out, ref->stored);
	ssh_put_u32(out, ref->clear);
}

bool tree_ref_take(struct ssh_wire *wire, struct tree_ref *out)
{
	struct view id = ssh_take(wire, DIGEST_SIZE);

	if (id.len == DIGEST_SIZE)
		memcpy(out->pack.bytes, id.data, DIGEST_SIZE);
	out->at = ssh_take_u32(wire);
	out->stored = ssh_take_u32(wire);
	out->clear = ssh_take_u32(wire);
	return !wire->bad && out->stored >= FRAME_LEAST &&
	       out->stored <= CHUNK_MOST + FRAME_OVERHEAD && out->clear > 0 &&
	       out->clear <= CHUNK_MOST;
}

void tree_root_add(struct buf *out, const struct tree_root *root)
{
	ssh_put_u32(out, root->level);
	put_u64(out, root->size);
	ssh_put_u32(out, root->count);
	for (uint32_t i = 0; i < root->count; i++)
		tree_ref_add(out, &root->refs[i]);
}

bool tree_root_take(struct ssh_wire *wire, struct tree_root *out)
{
	out->level = ssh_take_u32(wire);
	out->size = take_u64(wire);
	out->count = ssh_take_u32(wire);
	if (wire->bad || out->level >= TREE_DEPTH || out->count > TREE_TOP)
		return false;
	for (uint32_t i = 0; i < out->count; i++)
		if (!tree_ref_take(wire, &out->refs[i]))
			return false;
	return true;
}

/* -- marks of prunes -- */

#define MARK_MAGIC VIEW("posthus-mark-1\n\0")

void prune_mark_write(const struct prune_mark *mark, const struct vault_keys *keys,
		struct buf *out)
{
	buf_add(out, MARK_MAGIC);
	put_u64(out, (uint64_t)mark->at);
	put_rows(out, mark->snapshots, DIGEST_SIZE);
	put_rows(out, mark->packs, DIGEST_SIZE);
	sign(keys, out);
}

int prune_mark_read(struct view bytes, const unsigned char public[VAULT_KEY],
		struct prune_mark *out)
{
	struct ssh_wire wire;
	int r = open_signed(bytes, MARK_MAGIC, public, &wire);

	if (r)
		return r;
	out->at = (walltime)take_u64(&wire);
	out->snapshots = take_rows(&wire, DIGEST_SIZE);
	out->packs = take_rows(&wire, DIGEST_SIZE);
	return ssh_wire_ended(&wire) ? RECORD_OK : RECORD_E_FORM;
}

/* -- the index -- */

#define INDEX_MAGIC VIEW("posthus-index-1\n")

void index_add(struct buf *index, const struct catalog_pack *pack, uint32_t head,
		struct view rows)
{
	if (index->len == 0)
		buf_add(index, INDEX_MAGIC);
	buf_add(index, view_of(pack->id.bytes, DIGEST_SIZE));
	buf_add(index, view_of(pack->digest, DIGEST_SIZE));
	buf_add(index, view_of(pack->recipients, DIGEST_SIZE));
	ssh_put_u32(index, pack->size);
	ssh_put_u32(index, head);
	put_rows(index, rows, PACK_ROW);
}

void index_end(struct buf *index, const struct vault_keys *keys)
{
	unsigned char mac[DIGEST_SIZE];

	keyed_digest(&keys->index, buf_view(index), mac);
	buf_add(index, view_of(mac, sizeof(mac)));
	assert(!buf_failed(index));
}

int index_read(struct view bytes, const struct vault_keys *keys, struct index_reader *out)
{
	unsigned char mac[DIGEST_SIZE];
	struct view said, body;
	int r = check_magic(bytes, INDEX_MAGIC);

	if (r)
		return r;
	if (bytes.len < INDEX_MAGIC.len + DIGEST_SIZE)
		return RECORD_E_FORM;
	body = view_sub(bytes, 0, bytes.len - DIGEST_SIZE);
	said = view_from(bytes, body.len);
	if (keys) {
		keyed_digest(&keys->index, body, mac);
		if (!view_eq_secret(view_of(mac, sizeof(mac)), said))
			return RECORD_E_FORGED;
	}
	out->rest = view_from(body, INDEX_MAGIC.len);
	return RECORD_OK;
}

bool index_next(struct index_reader *reader, struct index_pack *out, bool *bad_out)
{
	struct ssh_wire wire = ssh_wire_of(reader->rest);
	struct view id;

	*bad_out = false;
	if (reader->rest.len == 0)
		return false;
	id = ssh_take(&wire, DIGEST_SIZE);
	out->digest = ssh_take(&wire, DIGEST_SIZE);
	out->recipients = ssh_take(&wire, DIGEST_SIZE);
	out->size = ssh_take_u32(&wire);
	out->head = ssh_take_u32(&wire);
	out->rows = take_rows(&wire, PACK_ROW);
	if (wire.bad) {
		*bad_out = true;
		return false;
	}
	memcpy(out->id.bytes, id.data, DIGEST_SIZE);
	reader->rest = wire.rest;
	return true;
}

/* -- names -- */

static void add_hex(struct buf *out, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_addf(out, "%02x", bytes[i]);
}

static int digit(char c)
{
	if (byte_is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_read(struct view text, unsigned char *out, size_t len)
{
	if (text.len != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = digit(text.data[2 * i]), low = digit(text.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

void digest_name(const char *folder, const unsigned char digest[DIGEST_SIZE],
		struct buf *out)
{
	buf_add_z(out, folder);
	add_hex(out, digest, DIGEST_SIZE);
}

bool digest_name_read(
		struct view name, struct view folder, unsigned char out[DIGEST_SIZE])
{
	return view_starts(name, folder) &&
	       hex_read(view_from(name, folder.len), out, DIGEST_SIZE);
}

void snapshot_name(uint64_t generation, const unsigned char digest[DIGEST_SIZE],
		struct buf *out)
{
	buf_addf(out, "snapshots/%016llx-", (unsigned long long)generation);
	add_hex(out, digest, DIGEST_SIZE);
}

bool snapshot_name_read(struct view name, uint64_t *generation_out,
		unsigned char out[DIGEST_SIZE])
{
	struct view rest = name, number;
	unsigned char bytes[8];

	if (!view_starts(name, VIEW("snapshots/")))
		return false;
	rest = view_from(rest, strlen("snapshots/"));
	number = view_cut(&rest, '-');
	if (!hex_read(number, bytes, sizeof(bytes)) || !hex_read(rest, out, DIGEST_SIZE))
		return false;
	*generation_out = 0;
	for (size_t i = 0; i < sizeof(bytes); i++)
		*generation_out = *generation_out << 8 | bytes[i];
	return true;
}
