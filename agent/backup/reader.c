#include "agent/backup/tree_read.h"

#include "runtime/base/arena.h"
#include "runtime/base/error.h"

#include <stdlib.h>

enum {
	ROW_MAX = VAULT_PATH_MAX + VAULT_META_MAX + 1024,
	LIST_MAX = ROW_MAX + CHUNK_MOST + 4,
};

struct vault_reader {
	struct vault *vault;
	struct vault_head head;
	struct secret body;
	struct view meta; /* borrows `body` */
	struct pack_keys keys;
	struct tree_reader list, file;
	struct buf list_bytes; /* that no row was taken from yet */
	struct buf row;
	struct buf chunk;
	bool in_file;
	struct digest digest;
	struct vault_entry entry;
};

static int damaged(struct target_trouble *trouble, const char *what)
{
	return vault_says(trouble, VAULT_E_DAMAGED, "BackupsDamaged", "%s", what);
}

static int find_head(struct vault_reader *reader, const struct vault_id *id,
		struct target_trouble *trouble)
{
	CLEANUP(target_listing_free) struct target_listing listing = TARGET_LISTING_NULL;
	unsigned char named[DIGEST_SIZE];
	uint64_t generation;
	int r = target_list(reader->vault->target, VIEW("snapshots/"), &listing, trouble);

	if (r)
		return vault_outcome_of(reader->vault, r);
	for (size_t i = 0; i < listing.count; i++)
		if (snapshot_name_read(listing.objects[i].name, &generation, named) &&
				memcmp(named, id->bytes, DIGEST_SIZE) == 0)
			return vault_head_get(reader->vault, listing.objects[i].name,
					&reader->head, trouble);
	return vault_says(trouble, VAULT_E_ABSENT, "PlaceMissing",
			"there is no such snapshot: `posthus backup list` shows them");
}

static int open_body(struct vault_reader *reader, struct target_trouble *trouble)
{
	const struct vault_options *o = &reader->vault->options;
	int r = AGE_E_RECIPIENT;
	struct tree_root list;
	struct ssh_wire wire;

	for (size_t i = 0; i < o->identity_count && r == AGE_E_RECIPIENT; i++)
		r = age_open(&o->identities[i], reader->head.head.body, &reader->body);
	if (r == AGE_E_RECIPIENT)
		return vault_says(trouble, VAULT_E_RECIPIENT, "SecretMissing",
				"the snapshot is sealed for other recovery recipients "
				"than "
				"the code or identity that was given");
	if (r)
		return damaged(trouble, "the body of the snapshot does not open");
	wire = ssh_wire_of(secret_expose(&reader->body));
	reader->meta = ssh_take_string(&wire);
	if (!tree_root_take(&wire, &list) || !ssh_wire_ended(&wire))
		return damaged(trouble, "the body of the snapshot makes no sense");
	tree_reader_begin(&reader->list, &list);
	return VAULT_OK;
}

int vault_read(struct vault *vault, const struct vault_id *snapshot,
		struct vault_reader **out, struct target_trouble *trouble)
{
	CLEANUP(vault_reader_freep)
	struct vault_reader *reader = xcalloc(1, sizeof(*reader));
	int r;

	reader->vault = vault;
	reader->head = VAULT_HEAD_NULL;
	reader->list_bytes = BUF_NULL(LIST_MAX);
	reader->row = BUF_NULL(ROW_MAX);
	reader->chunk = BUF_NULL(CHUNK_MOST);
	pack_keys_init(&reader->keys, vault);
	tree_reader_init(&reader->list, &reader->keys);
	tree_reader_init(&reader->file, &reader->keys);
	r = find_head(reader, snapshot, trouble);
	if (r == VAULT_OK)
		r = open_body(reader, trouble);
	if (r)
		return r;
	*out = TAKE(reader);
	return VAULT_OK;
}

void vault_reader_free(struct vault_reader *reader)
{
	if (!reader)
		return;
	tree_reader_deinit(&reader->list);
	tree_reader_deinit(&reader->file);
	pack_keys_deinit(&reader->keys);
	vault_head_deinit(&reader->head);
	secret_free(&reader->body);
	buf_wipe(&reader->list_bytes);
	buf_wipe(&reader->row);
	buf_wipe(&reader->chunk);
	free(reader);
}

void vault_reader_freep(struct vault_reader **reader)
{
	vault_reader_free(*reader);
}

struct view vault_reader_meta(const struct vault_reader *reader)
{
	return reader->meta;
}

/* The next row of the list of files, into `row`. VAULT_END. */
static int take_row(struct vault_reader *reader, struct target_trouble *trouble)
{
	for (;;) {
		struct ssh_wire wire = ssh_wire_of(buf_view(&reader->list_bytes));
		struct view row = ssh_take_string(&wire);
		int r;

		if (!wire.bad) {
			buf_clear(&reader->row);
			buf_add(&reader->row, row);
			if (buf_failed(&reader->row))
				return damaged(trouble,
						"a row of the list of files is too "
						"long");
			buf_consume(&reader->list_bytes, row.len + 4);
			return VAULT_OK;
		}
		if (reader->list_bytes.len > ROW_MAX + 4)
			return damaged(trouble, "a row of the list of files is too long");
		r = tree_reader_next(&reader->list, &reader->list_bytes, trouble);
		if (r == VAULT_END && reader->list_bytes.len)
			return damaged(trouble, "the list of files is cut off");
		if (r)
			return r;
	}
}

int vault_next_file(struct vault_reader *reader, struct vault_entry *out,
		struct target_trouble *trouble)
{
	struct tree_root root;
	struct ssh_wire wire;
	struct view digest;
	int r;

	reader->in_file = false;
	r = take_row(reader, trouble);
	if (r)
		return r;
	wire = ssh_wire_of(buf_view(&reader->row));
	reader->entry.path = ssh_take_string(&wire);
	reader->entry.meta = ssh_take_string(&wire);
	digest = ssh_take(&wire, DIGEST_SIZE);
	if (wire.bad || !tree_root_take(&wire, &root) || !ssh_wire_ended(&wire) ||
			reader->entry.path.len == 0 ||
			reader->entry.path.len > VAULT_PATH_MAX)
		return damaged(trouble, "a row of the list of files makes no sense");
	memcpy(reader->entry.digest, digest.data, DIGEST_SIZE);
	reader->entry.size = root.size;
	tree_reader_begin(&reader->file, &root);
	digest_init(&reader->digest);
	reader->in_file = true;
	*out = reader->entry;
	return VAULT_OK;
}

int vault_read_bytes(struct vault_reader *reader, struct view *out,
		struct target_trouble *trouble)
{
	unsigned char digest[DIGEST_SIZE];
	int r;

	if (!reader->in_file)
		return VAULT_END;
	buf_clear(&reader->chunk);
	r = tree_reader_next(&reader->file, &reader->chunk, trouble);
	if (r == VAULT_OK) {
		digest_add(&reader->digest, buf_view(&reader->chunk));
		*out = buf_view(&reader->chunk);
		return VAULT_OK;
	}
	reader->in_file = false;
	if (r != VAULT_END)
		return r;
	digest_final(&reader->digest, digest);
	if (memcmp(digest, reader->entry.digest, DIGEST_SIZE) != 0)
		return damaged(trouble, "a file is not what was written");
	return VAULT_END;
}
