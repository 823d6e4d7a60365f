/* Keywords: which name has which bit. */
#include "runtime/base/error.h"
#include "runtime/store/store.h"

#include <stdlib.h>

void keywords_free(struct account_store *store)
{
	for (unsigned bit = 0; bit < FLAG_KEYWORD_END; bit++)
		free(TAKE(store->keywords[bit]));
}

int keywords_load(struct account_store *store)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store, "SELECT bit, name FROM keyword", &s);

	if (r)
		return r;
	keywords_free(store);
	while ((r = store_step(s)) == DATABASE_ROW) {
		uint64_t bit = column_u64(s, 0);
		struct view name = column_view(s, 1);

		if (bit < FLAG_KEYWORD_FIRST || bit >= FLAG_KEYWORD_END)
			return STORE_E_DAMAGED;
		free(store->keywords[bit]);
		store->keywords[bit] = xstrndup(name.data, name.len);
	}
	return r;
}

void flags_keywords(const struct account_store *store, uint64_t bits, struct buf *out)
{
	size_t start = out->len;

	for (unsigned bit = FLAG_KEYWORD_FIRST; bit < FLAG_KEYWORD_END; bit++) {
		if (!(bits >> bit & 1) || !store->keywords[bit])
			continue;
		if (out->len > start)
			buf_add_byte(out, ' ');
		buf_add_z(out, store->keywords[bit]);
	}
}

uint64_t flags_keyword_mask(const struct account_store *store, struct view keyword)
{
	for (unsigned bit = FLAG_KEYWORD_FIRST; bit < FLAG_KEYWORD_END; bit++)
		if (store->keywords[bit] &&
				view_eq_nocase(view_z(store->keywords[bit]), keyword))
			return UINT64_C(1) << bit;
	return 0;
}

/* -- giving bits -- */

static int forget(struct account_store *store, unsigned bit)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store, "DELETE FROM keyword WHERE bit = ?1", &s);

	if (r)
		return r;
	bind_u64(s, 1, bit);
	store->keywords_changed = true;
	free(TAKE(store->keywords[bit]));
	return store_run(s);
}

/* Takes back the bits that no message has, but those in `kept`. */
static int reclaim(struct account_store *store, uint64_t kept)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = store_prepare(store, "SELECT DISTINCT flags FROM message", &s);

	if (r)
		return r;
	while ((r = store_step(s)) == DATABASE_ROW)
		kept |= column_u64(s, 0);
	for (unsigned bit = FLAG_KEYWORD_FIRST; !r && bit < FLAG_KEYWORD_END; bit++)
		if (store->keywords[bit] && !(kept >> bit & 1))
			r = forget(store, bit);
	return r;
}

static unsigned free_bit(const struct account_store *store)
{
	unsigned bit = FLAG_KEYWORD_FIRST;

	while (bit < FLAG_KEYWORD_END && store->keywords[bit])
		bit++;
	return bit;
}

static int give(struct account_store *store, struct view name, uint64_t kept,
		uint64_t *mask_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	unsigned bit = free_bit(store);
	int r = STORE_OK;

	if (bit == FLAG_KEYWORD_END) {
		r = reclaim(store, kept);
		bit = free_bit(store);
	}
	if (!r && bit == FLAG_KEYWORD_END)
		return STORE_E_LIMIT;
	if (!r)
		r = store_prepare(store, "INSERT INTO keyword VALUES (?1, ?2)", &s);
	if (r)
		return r;
	bind_u64(s, 1, bit);
	bind_text(s, 2, name);
	store->keywords_changed = true;
	store->keywords[bit] = xstrndup(name.data, name.len);
	*mask_out = UINT64_C(1) << bit;
	return store_run(s);
}

int flags_resolve(struct account_store *store, const struct flag_list *list,
		uint64_t *bits_out)
{
	uint64_t bits = list->system & FLAGS_SYSTEM;
	struct view rest = list->keywords;
	int r = STORE_OK;

	while (!r && rest.len) {
		struct view name = view_cut(&rest, ' ');
		uint64_t mask = flags_keyword_mask(store, name);

		if (!name.len)
			continue;
		if (!mask)
			r = give(store, name, bits, &mask);
		bits |= mask;
	}
	if (!r)
		*bits_out = bits;
	return r;
}
