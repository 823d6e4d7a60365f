/* The packs of a vault, as verifying looks at them. */
#include "agent/backup/verify.h"

#include "runtime/base/error.h"

static void open_frames(struct verify *v, struct view name, struct view bytes,
		const struct pack_directory *directory)
{
	CLEANUP(buf_wipe) struct buf chunk = BUF_NULL(CHUNK_MOST);
	CLEANUP(key_wipe) struct key key;
	unsigned char recipients[DIGEST_SIZE];
	struct view envelope;
	struct vault_id id;
	size_t at;

	if (pack_head_read(bytes, &id, recipients, &at, &envelope))
		return;
	switch (vault_open_envelope(v->vault, envelope, &key)) {
	case PACK_OK:
		break;
	case PACK_E_RECIPIENT:
		return; /* for others than us: its digest was right */
	default:
		verify_found(v, name, "its key does not open");
		return;
	}
	for (uint32_t i = 0; i < directory->count; i++) {
		uint32_t stored = pack_row_stored(directory, i);

		buf_clear(&chunk);
		if (frame_open(&key, at, view_sub(bytes, at, stored), &chunk)) {
			verify_found(v, name, "frame %u of %u does not open", i + 1,
					directory->count);
			return;
		}
		at += stored;
	}
}

static int read_pack(struct verify *v, const struct target_object *object,
		const struct vault_id *id, const struct needed *needed)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(PACK_MAX);
	struct pack_directory directory;
	const char *what;
	int r;

	if (object->size > PACK_MAX) {
		verify_found(v, object->name, "it has %llu bytes, more than any pack",
				(unsigned long long)object->size);
		return VAULT_OK;
	}
	r = target_get(v->vault->target, object->name, 0, bytes.max, &bytes, v->trouble);
	v->out->bytes += bytes.len;
	if (r == TARGET_E_ABSENT) {
		if (needed && needed->by_snapshot)
			verify_found(v, object->name, "it is missing");
		return VAULT_OK;
	}
	if (r)
		return vault_outcome_of(v->vault, r);
	what = pack_check(buf_view(&bytes), id->bytes, needed ? needed->digest : NULL,
			&directory);
	if (!what && !needed && v->vault->options.host &&
			!pack_directory_ours(&directory, &v->vault->keys, id))
		what = "this host did not write it";
	if (what)
		verify_found(v, object->name, "%s", what);
	else if (v->vault->options.identity_count)
		open_frames(v, object->name, buf_view(&bytes), &directory);
	return VAULT_OK;
}

static int look_at_pack(struct verify *v, const struct target_object *object)
{
	const struct needed *needed;
	struct vault_id id;

	v->out->objects++;
	if (!digest_name_read(object->name, VIEW("packs/"), id.bytes)) {
		verify_found(v, object->name, "it is nothing of ours");
		return VAULT_OK;
	}
	needed = map_get(&v->packs, view_of(id.bytes, DIGEST_SIZE));
	if (needed && object->size != needed->size) {
		verify_found(v, object->name, "it has %llu bytes, not %u",
				(unsigned long long)object->size, needed->size);
		return VAULT_OK;
	}
	return v->depth == VAULT_DEEP ? read_pack(v, object, &id, needed) : VAULT_OK;
}

static void miss_packs(struct verify *v)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(TARGET_NAME_MAX);
	struct view id;
	void *value;
	size_t at = 0;

	while (map_next(&v->packs, &at, &id, &value)) {
		const struct needed *needed = value;

		buf_clear(&name);
		digest_name("packs/", needed->id.bytes, &name);
		if (needed->by_snapshot &&
				!target_listing_find(&v->pack_list, buf_view(&name)))
			verify_found(v, buf_view(&name), "it is missing");
	}
}

int verify_packs(struct verify *v)
{
	int r = target_list(v->vault->target, VIEW("packs/"), &v->pack_list, v->trouble);

	if (r)
		return vault_outcome_of(v->vault, r);
	miss_packs(v);
	for (size_t i = 0; i < v->pack_list.count; i++) {
		r = vault_go_on(v->vault, v->trouble);
		if (r == VAULT_OK)
			r = look_at_pack(v, &v->pack_list.objects[i]);
		if (r)
			return r;
	}
	return VAULT_OK;
}
