/* The index, read and made anew by a prune. */
#include "agent/backup/prune.h"

#include "runtime/base/arena.h"
#include "runtime/base/error.h"

enum {
	INDEXES_MANY = 16, /* are made into one */
};

int prune_each_index(struct prune *p,
		int (*take)(struct prune *p, const struct index_pack *row, void *with),
		void *with)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(TARGET_OBJECT_MAX);

	for (size_t i = 0; i < p->indexes.count; i++) {
		struct index_reader reader;
		struct index_pack row;
		bool bad;
		int r;

		buf_clear(&bytes);
		r = target_get(p->vault->target, p->indexes.objects[i].name, 0, bytes.max,
				&bytes, p->trouble);
		if (r == TARGET_E_ABSENT)
			continue;
		if (r)
			return vault_outcome_of(p->vault, r);
		if (index_read(buf_view(&bytes), &p->vault->keys, &reader))
			continue;
		while (index_next(&reader, &row, &bad)) {
			r = take(p, &row, with);
			if (r)
				return r;
		}
	}
	return VAULT_OK;
}

struct rewriting {
	struct buf index;
	struct map seen;
	struct map made; /* names of the new ones */
};

static void rewriting_deinit(struct rewriting *w)
{
	buf_free(&w->index);
	map_free(&w->seen);
	map_free(&w->made);
}

static int put_index(struct prune *p, struct rewriting *w)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(TARGET_NAME_MAX);
	unsigned char digest[DIGEST_SIZE];
	int r;

	if (w->index.len == 0)
		return VAULT_OK;
	index_end(&w->index, &p->vault->keys);
	digest_bytes(buf_view(&w->index), digest);
	digest_name("index/", digest, &name);
	r = target_put(p->vault->target, buf_view(&name), buf_view(&w->index),
			p->trouble);
	buf_clear(&w->index);
	prune_put(p, &w->made, buf_view(&name));
	return vault_outcome_of(p->vault, r);
}

static int rewrite_row(struct prune *p, const struct index_pack *row, void *with)
{
	struct view id = view_of(row->id.bytes, DIGEST_SIZE);
	struct rewriting *w = with;
	struct catalog_pack pack = { .id = row->id, .size = row->size };
	int r = VAULT_OK;

	if (prune_has(&w->seen, id) || prune_has(&p->gone, id) || !prune_listed(p, id))
		return VAULT_OK;
	prune_put(p, &w->seen, id);
	memcpy(pack.digest, row->digest.data, DIGEST_SIZE);
	memcpy(pack.recipients, row->recipients.data, DIGEST_SIZE);
	if (w->index.len + row->rows.len > INDEX_FULL)
		r = put_index(p, w);
	index_add(&w->index, &pack, row->head, row->rows);
	return r;
}

/* The new ones are there before the old ones go. */
int prune_rewrite_index(struct prune *p)
{
	CLEANUP(rewriting_deinit)
	struct rewriting w = { .index = BUF_NULL(INDEX_MAX) };
	int r;

	if (p->out->refused || (p->out->removed == 0 && p->indexes.count <= INDEXES_MANY))
		return VAULT_OK;
	r = prune_each_index(p, rewrite_row, &w);
	if (r == VAULT_OK)
		r = put_index(p, &w);
	for (size_t i = 0; i < p->indexes.count && r == VAULT_OK; i++)
		if (!prune_has(&w.made, p->indexes.objects[i].name))
			r = prune_remove(p, p->indexes.objects[i].name);
	return r;
}
