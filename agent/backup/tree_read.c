#include "agent/backup/tree_read.h"

#include "agent/backup/pack.h"
#include "runtime/base/arena.h"
#include "runtime/base/error.h"

enum {
	WINDOW = 4 * 1024 * 1024, /* fetched at once */
	GAP = 64 * 1024,          /* read over, rather than asked for anew */
	HEAD_GUESS = 4096,        /* most heads fit */
};

/* -- the keys of packs -- */

void pack_keys_init(struct pack_keys *keys, struct vault *vault)
{
	*keys = (struct pack_keys){ .vault = vault, .arena = arena_new() };
}

struct kept_key {
	struct vault_id pack;
	struct key key;
};

void pack_keys_deinit(struct pack_keys *keys)
{
	struct view id;
	size_t at = 0;
	void *kept;

	while (map_next(&keys->keys, &at, &id, &kept))
		key_wipe(&((struct kept_key *)kept)->key);
	map_free(&keys->keys);
	arena_free(keys->arena);
}

int vault_open_envelope(const struct vault *vault, struct view envelope, struct key *out)
{
	int r = PACK_E_RECIPIENT;

	for (size_t i = 0; i < vault->options.identity_count && r == PACK_E_RECIPIENT;
			i++)
		r = pack_envelope_open(&vault->options.identities[i], envelope, out);
	return r;
}

static int damaged(struct target_trouble *trouble, const char *name, const char *what)
{
	return vault_says(
			trouble, VAULT_E_DAMAGED, "BackupsDamaged", "%s: %s", name, what);
}

/* `len` bytes of the pack's beginning; VAULT_E_ABSENT: more of them are needed. */
static int open_head(struct pack_keys *keys, const struct vault_id *pack,
		const char *name, size_t len, struct key *out,
		struct target_trouble *trouble)
{
	CLEANUP(buf_free) struct buf head = BUF_NULL(PACK_HEAD_MAX);
	unsigned char recipients[DIGEST_SIZE];
	struct view envelope;
	struct vault_id id;
	size_t size;
	int r;

	r = target_get(keys->vault->target, view_z(name), 0, len, &head, trouble);
	if (r == TARGET_E_ABSENT)
		return damaged(trouble, name, "it is missing");
	if (r)
		return vault_outcome_of(keys->vault, r);
	if (pack_head_read(buf_view(&head), &id, recipients, &size, &envelope))
		return head.len == len && len < PACK_HEAD_MAX
				       ? VAULT_E_ABSENT
				       : damaged(trouble, name, "its head is damaged");
	if (memcmp(id.bytes, pack->bytes, DIGEST_SIZE) != 0)
		return damaged(trouble, name, "its head is another pack's, or damaged");
	switch (vault_open_envelope(keys->vault, envelope, out)) {
	case PACK_OK:
		return VAULT_OK;
	case PACK_E_RECIPIENT:
		return vault_says(trouble, VAULT_E_RECIPIENT, "SecretMissing",
				"%s: it is sealed for other recovery recipients than the "
				"code "
				"or identity that was given",
				name);
	default:
		return damaged(trouble, name, "its head is damaged");
	}
}

int pack_keys_get(struct pack_keys *keys, const struct vault_id *pack,
		const struct key **out, struct target_trouble *trouble)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(TARGET_NAME_MAX);
	struct kept_key *kept = map_get(&keys->keys, view_of(pack->bytes, DIGEST_SIZE));
	CLEANUP(key_wipe) struct key key;
	int r;

	if (kept) {
		*out = &kept->key;
		return VAULT_OK;
	}
	digest_name("packs/", pack->bytes, &name);
	buf_add_byte(&name, '\0');
	r = open_head(keys, pack, name.data, HEAD_GUESS, &key, trouble);
	if (r == VAULT_E_ABSENT)
		r = open_head(keys, pack, name.data, PACK_HEAD_MAX, &key, trouble);
	if (r)
		return r;
	kept = ARENA_NEW(keys->arena, struct kept_key);
	*kept = (struct kept_key){ *pack, key };
	map_set(&keys->keys, view_of(kept->pack.bytes, DIGEST_SIZE), kept);
	*out = &kept->key;
	return VAULT_OK;
}

/* -- chunks -- */

void tree_reader_init(struct tree_reader *reader, struct pack_keys *keys)
{
	*reader = (struct tree_reader){ .keys = keys,
		.window = BUF_NULL(WINDOW + CHUNK_MOST) };
	for (size_t i = 0; i < TREE_DEPTH; i++)
		reader->nodes[i] = BUF_NULL(CHUNK_MOST);
}

void tree_reader_deinit(struct tree_reader *reader)
{
	for (size_t i = 0; i < TREE_DEPTH; i++)
		buf_wipe(&reader->nodes[i]);
	buf_free(&reader->window);
}

/* The frame in the window; empty where it is not there. */
static struct view in_window(const struct tree_reader *reader, const struct tree_ref *ref)
{
	if (memcmp(reader->window_pack.bytes, ref->pack.bytes, DIGEST_SIZE) != 0 ||
			ref->at < reader->window_at ||
			ref->at + ref->stored > reader->window_at + reader->window.len)
		return VIEW_NULL;
	return view_sub(buf_view(&reader->window), ref->at - reader->window_at,
			ref->stored);
}

/* Where a fetch that begins with `ref` may end: behind those of the following leaves that lie
 * close behind it. */
static uint64_t find_end(const struct tree_reader *reader, const struct tree_ref *ref)
{
	struct ssh_wire following = reader->rest[0];
	uint64_t end = (uint64_t)ref->at + ref->stored;
	struct tree_ref next;

	while (following.rest.len && tree_ref_take(&following, &next) &&
			memcmp(next.pack.bytes, ref->pack.bytes, DIGEST_SIZE) == 0 &&
			next.at >= end && next.at <= end + GAP &&
			(uint64_t)next.at + next.stored <= (uint64_t)ref->at + WINDOW)
		end = (uint64_t)next.at + next.stored;
	return end;
}

static int fetch(struct tree_reader *reader, const struct tree_ref *ref, const char *name,
		struct target_trouble *trouble)
{
	struct vault *vault = reader->keys->vault;
	int r;

	buf_clear(&reader->window);
	reader->window_pack = ref->pack;
	reader->window_at = ref->at;
	r = target_get(vault->target, view_z(name), ref->at,
			find_end(reader, ref) - ref->at, &reader->window, trouble);
	if (r == TARGET_E_ABSENT)
		return damaged(trouble, name, "it is missing");
	return vault_outcome_of(vault, r);
}

static int open_chunk(struct tree_reader *reader, const struct tree_ref *ref,
		struct buf *out, struct target_trouble *trouble)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(TARGET_NAME_MAX);
	struct view frame = in_window(reader, ref);
	size_t before = out->len;
	const struct key *key;
	int r;

	digest_name("packs/", ref->pack.bytes, &name);
	buf_add_byte(&name, '\0');
	r = vault_go_on(reader->keys->vault, trouble);
	if (r == VAULT_OK)
		r = pack_keys_get(reader->keys, &ref->pack, &key, trouble);
	if (r == VAULT_OK && frame.len == 0)
		r = fetch(reader, ref, name.data, trouble);
	if (r)
		return r;
	frame = in_window(reader, ref);
	if (frame_open(key, ref->at, frame, out) || out->len - before != ref->clear)
		return damaged(trouble, name.data,
				"a frame of it is damaged, or the pack is cut off");
	return VAULT_OK;
}

/* -- the walk -- */

void tree_reader_begin(struct tree_reader *reader, const struct tree_root *root)
{
	for (size_t i = 0; i < TREE_DEPTH; i++) {
		buf_clear(&reader->nodes[i]);
		reader->rest[i] = ssh_wire_of(VIEW_NULL);
	}
	for (uint32_t i = 0; i < root->count; i++)
		tree_ref_add(&reader->nodes[root->level], &root->refs[i]);
	reader->rest[root->level] = ssh_wire_of(buf_view(&reader->nodes[root->level]));
	reader->size = root->size;
	reader->passed = 0;
}

/* Opens the next node of a level, as the references of the level below. */
static int descend(
		struct tree_reader *reader, size_t level, struct target_trouble *trouble)
{
	struct buf *below = &reader->nodes[level - 1];
	struct tree_ref ref;
	int r;

	if (!tree_ref_take(&reader->rest[level], &ref))
		return damaged(trouble, "a snapshot", "a node of it makes no sense");
	buf_clear(below);
	r = open_chunk(reader, &ref, below, trouble);
	if (r == VAULT_OK)
		reader->rest[level - 1] = ssh_wire_of(buf_view(below));
	return r;
}

int tree_reader_next(struct tree_reader *reader, struct buf *out,
		struct target_trouble *trouble)
{
	size_t before = out->len, level = 0;
	struct tree_ref ref;
	int r;

	while (level < TREE_DEPTH && reader->rest[level].rest.len == 0)
		level++;
	if (level == TREE_DEPTH)
		return reader->passed == reader->size
				       ? VAULT_END
				       : damaged(trouble, "a snapshot",
							 "a file of it is longer or "
							 "shorter than it says");
	for (; level > 0; level--) {
		r = descend(reader, level, trouble);
		if (r)
			return r;
	}
	if (!tree_ref_take(&reader->rest[0], &ref))
		return damaged(trouble, "a snapshot", "a node of it makes no sense");
	r = open_chunk(reader, &ref, out, trouble);
	if (r == VAULT_OK)
		reader->passed += out->len - before;
	return r;
}
