/* The end of a run: all packs are there, an index has them, and the head makes it a snapshot. */
#include "agent/backup/writer.h"

#include "runtime/base/error.h"
#include "runtime/crypto/ssh_wire.h"

#include <assert.h>

enum {
	CACHE_MAX = 1024 * 1024 * 1024,
	LATE_MARGIN_S = 3600,
	PACKS_MAX = TARGET_OBJECT_MAX - 2 * WRITER_IDS_MAX - AGE_FILE_MAX - 4096,
};

/* Every pack is at the target, and an index has it. */
static int settle_packs(struct vault_writer *w)
{
	struct pack *pack;
	int r;

	writer_send(w);
	while ((pack = uploads_arrived(w->uploads))) {
		r = writer_arrival(w, pack);
		uploads_return(w->uploads, pack);
		if (r)
			return r;
	}
	if (uploads_outcome(w->uploads, &w->trouble))
		return writer_uploads_failed(w);
	return writer_index(w);
}

static int seal_body(struct vault_writer *w, struct view meta,
		const struct tree_root *list, struct buf *out)
{
	CLEANUP(buf_wipe) struct buf body = BUF_NULL(AGE_CLEAR_MAX);
	CLEANUP(secret_free) struct secret clear = SECRET_NULL;

	ssh_put_string(&body, meta);
	tree_root_add(&body, list);
	clear = secret_copy(buf_view(&body));
	if (buf_failed(&body) ||
			age_seal(w->vault->options.recipients,
					w->vault->options.recipient_count, &clear, out))
		return vault_says(&w->trouble, VAULT_E_FAILED, "InternalError",
				"the snapshot's body does not fit");
	return VAULT_OK;
}

static int list_packs(struct vault_writer *w, struct buf *out)
{
	for (size_t i = 0; i < w->catalog.pack_count; i++) {
		const struct catalog_pack *pack = w->catalog.packs[i];

		if (pack->used)
			head_pack_add(out, pack, writer_used(pack->used, pack->size));
	}
	if (buf_failed(out))
		return vault_says(&w->trouble, VAULT_E_FAILED, "Refused",
				"there is more than one snapshot can name: about 1.5 "
				"TiB");
	return VAULT_OK;
}

static int put_head(struct vault_writer *w, const struct snapshot_head *head,
		struct vault_id *out)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(TARGET_OBJECT_MAX);
	CLEANUP(buf_free) struct buf name = BUF_NULL(TARGET_NAME_MAX);
	struct vault_last last = { .generation = head->generation };
	int r;

	snapshot_head_write(head, &w->vault->keys, &bytes);
	if (buf_failed(&bytes))
		return vault_says(&w->trouble, VAULT_E_FAILED, "InternalError",
				"the snapshot's head does not fit");
	digest_bytes(buf_view(&bytes), last.id.bytes);
	snapshot_name(head->generation, last.id.bytes, &name);
	r = writer_put(w, buf_view(&name), buf_view(&bytes));
	if (r)
		return r;
	*out = last.id;
	r = vault_last_write(w->vault, &last);
	if (r)
		return vault_says(&w->trouble, VAULT_E_FAILED, "InternalError",
				"the snapshot is written, but not remembered in %s: %s",
				w->vault->options.state, strerror(-r));
	return VAULT_OK;
}

/* Lost, it costs time. */
static void keep_cache(struct vault_writer *w)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(CACHE_MAX);

	file_cache_bytes(&w->cache, &w->catalog, &bytes);
	if (!buf_failed(&bytes))
		(void)!vault_keep_state(w->vault, WRITER_CACHE, buf_view(&bytes));
}

static int commit(struct vault_writer *w, struct view meta, walltime now,
		struct vault_id *out)
{
	CLEANUP(buf_free) struct buf body = BUF_NULL(AGE_FILE_MAX);
	CLEANUP(buf_free) struct buf packs = BUF_NULL(PACKS_MAX);
	struct tree_root list;
	struct snapshot_head head;
	int r;

	assert(!w->in_file && meta.len <= VAULT_META_MAX);
	r = tree_end(w, &w->list, &w->list_cutter, &list);
	if (r == VAULT_OK)
		r = settle_packs(w);
	if (r == VAULT_OK)
		r = seal_body(w, meta, &list, &body);
	if (r == VAULT_OK)
		r = list_packs(w, &packs);
	if (r)
		return r;
	if (clock_now() - w->began > nstime_seconds(VAULT_GRACE_S - LATE_MARGIN_S))
		return vault_says(&w->trouble, VAULT_E_LATE, "Timeout",
				"it took longer than what a prune waits for: begin "
				"again, what "
				"was sent is found");
	head = (struct snapshot_head){
		.generation = w->generation,
		.at = now,
		.bytes = w->file_bytes,
		.files = atomic_load(&w->progress.files),
		.previous = buf_view(&w->previous),
		.roll = buf_view(&w->roll),
		.body = buf_view(&body),
		.packs = buf_view(&packs),
	};
	r = put_head(w, &head, out);
	if (r == VAULT_OK)
		keep_cache(w);
	return r;
}

int vault_commit(struct vault_writer *w, struct view meta, walltime now,
		struct vault_id *out)
{
	return w->outcome ? w->outcome : writer_fail(w, commit(w, meta, now, out));
}
