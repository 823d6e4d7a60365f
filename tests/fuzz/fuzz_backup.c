/* The objects of a vault of backups, and what S3 answers: any bytes give a verdict. The first byte
 * says as what the rest is read. What is signed is signed here, so that what lies behind the
 * signature is reached. */
#include "agent/backup/records.h"
#include "agent/backup/s3_listing.h"
#include "runtime/base/arena.h"
#include "runtime/crypto/ssh_wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	LONGEST = 1024 * 1024,
};

static const struct key host = { { 1, 2, 3 } };

static void sign(struct buf *out, struct view magic, struct view bytes)
{
	CLEANUP(vault_keys_wipe) struct vault_keys keys;
	unsigned char signature[KEYS_SIGNATURE];

	vault_keys_derive(&host, &keys);
	buf_add(out, magic);
	buf_add(out, bytes);
	buf_add(out, view_of(keys.public, VAULT_KEY));
	vault_sign(&keys, buf_view(out), signature);
	buf_add(out, view_of(signature, sizeof(signature)));
}

/* What was read is written again, and read as the same. */
static void read_head(struct view bytes)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST), again = BUF_NULL(LONGEST);
	CLEANUP(vault_keys_wipe) struct vault_keys keys;
	struct snapshot_head head;
	struct head_pack pack;

	vault_keys_derive(&host, &keys);
	sign(&text, VIEW("posthus-snap-1\n\0"), bytes);
	if (snapshot_head_read(buf_view(&text), keys.public, &head))
		return;
	snapshot_head_write(&head, &keys, &again);
	if (!view_eq(buf_view(&text), buf_view(&again)))
		abort();
	while (head_pack_next(&head.packs, &pack))
		(void)ids_have(head.roll, pack.id);
}

static void read_mark(struct view bytes)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST), again = BUF_NULL(LONGEST);
	CLEANUP(vault_keys_wipe) struct vault_keys keys;
	struct prune_mark mark;

	vault_keys_derive(&host, &keys);
	sign(&text, VIEW("posthus-mark-1\n\0"), bytes);
	if (prune_mark_read(buf_view(&text), keys.public, &mark))
		return;
	prune_mark_write(&mark, &keys, &again);
	if (!view_eq(buf_view(&text), buf_view(&again)))
		abort();
}

static void read_index(struct view bytes)
{
	struct index_reader reader;
	struct index_pack row;
	bool bad;

	if (index_read(bytes, NULL, &reader))
		return;
	while (index_next(&reader, &row, &bad))
		if (row.rows.len % PACK_ROW)
			abort();
}

static void read_pack(struct view bytes)
{
	static const unsigned char id[DIGEST_SIZE];
	unsigned char recipients[DIGEST_SIZE];
	struct pack_directory directory;
	struct view envelope;
	struct vault_id said;
	struct key key;
	size_t head, need;

	if (pack_head_read(bytes, &said, recipients, &head, &envelope) == PACK_OK) {
		(void)!pack_envelope_open(&host, envelope, &key);
		(void)pack_check(bytes, said.bytes, NULL, &directory);
	}
	(void)pack_check(bytes, id, NULL, &directory);
	if (pack_directory_read(bytes, bytes.len, &directory, &need) == PACK_OK)
		for (uint32_t i = 0; i < directory.count; i++)
			(void)pack_row_stored(&directory, i);
}

/* A frame that opens, whatever it says it holds. */
static void read_frame(struct view bytes)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(CHUNK_MOST);

	(void)!frame_open(&host, 7, bytes, &out);
	if (out.len > CHUNK_MOST)
		abort();
}

static void read_tree(struct view bytes)
{
	struct ssh_wire wire = ssh_wire_of(bytes);
	struct tree_root root;
	struct tree_ref ref;

	while (tree_root_take(&wire, &root))
		if (root.count > TREE_TOP || root.level >= TREE_DEPTH)
			abort();
	wire = ssh_wire_of(bytes);
	while (tree_ref_take(&wire, &ref))
		if (ref.clear > CHUNK_MOST)
			abort();
}

static void read_listing(struct view bytes)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct s3_page *page = arena_alloc(arena, sizeof(*page));

	if (s3_page_read(bytes, arena, page) && page->truncated && page->token.len == 0)
		abort();
	(void)s3_error_code(bytes);
}

static void read_names(struct view bytes)
{
	unsigned char id[DIGEST_SIZE];
	uint64_t generation;

	(void)!snapshot_name_read(bytes, &generation, id);
	(void)!digest_name_read(bytes, VIEW("packs/"), id);
	(void)!vault_mark_read(bytes, id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(struct view bytes) = { read_head, read_mark,
		read_index, read_pack, read_frame, read_tree, read_listing, read_names };

	if (size > 0 && size < LONGEST / 2)
		readers[data[0] % ARRAY_LEN(readers)](view_of(data + 1, size - 1));
	return 0;
}
