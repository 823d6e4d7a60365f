/* Copies of the index in the state folder: what a host wrote, it need not fetch each time. Lost,
 * they are fetched again. */
#include "agent/backup/vault_inside.h"

#include "runtime/base/error.h"
#include "runtime/base/os.h"

#include <stdio.h>
#include <unistd.h>

enum {
	STATE_LIST_MAX = 16 * 1024 * 1024,
	STATE_PATH_MAX = 4096,
};

#define KEPT "index-"

/* "index/HEX" → "index-HEX". False where that is no such name. */
static bool kept_name(struct view name, struct buf *out)
{
	unsigned char digest[DIGEST_SIZE];

	if (!digest_name_read(name, VIEW("index/"), digest))
		return false;
	digest_name(KEPT, digest, out);
	buf_add_byte(out, '\0');
	return true;
}

void vault_index_keep(const struct vault *vault, struct view name, struct view bytes)
{
	CLEANUP(buf_free) struct buf kept = BUF_NULL(TARGET_NAME_MAX);

	if (kept_name(name, &kept))
		(void)!vault_keep_state(vault, kept.data, bytes);
}

int vault_index_get(struct vault *vault, struct view name, struct buf *out,
		struct target_trouble *trouble)
{
	CLEANUP(buf_free) struct buf kept = BUF_NULL(TARGET_NAME_MAX);
	int r;

	if (!kept_name(name, &kept))
		return VAULT_E_ABSENT;
	if (vault_kept_state(vault, kept.data, out))
		return VAULT_OK;
	buf_clear(out);
	r = target_get(vault->target, name, 0, out->max, out, trouble);
	if (r)
		return vault_outcome_of(vault, r);
	vault_index_keep(vault, name, buf_view(out));
	return VAULT_OK;
}

static bool is_listed(const struct target_listing *listing, struct view kept)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(TARGET_NAME_MAX);

	buf_add_z(&name, "index/");
	buf_add(&name, view_from(kept, strlen(KEPT)));
	return target_listing_find(listing, buf_view(&name)) != NULL;
}

void vault_index_forget(const struct vault *vault, const struct target_listing *listing)
{
	CLEANUP(buf_free) struct buf names = BUF_NULL(STATE_LIST_MAX);
	const char *folder = vault->options.state;
	struct view rest;

	if (!folder || os_real()->list(NULL, folder, &names))
		return;
	rest = buf_view(&names);
	while (rest.len) {
		struct view kept = view_cut(&rest, '\0');
		char path[STATE_PATH_MAX];

		if (view_starts(kept, VIEW(KEPT)) && !is_listed(listing, kept) &&
				snprintf(path, sizeof(path), "%s/%.*s", folder,
						VIEW_ARG(kept)) < STATE_PATH_MAX)
			unlink(path);
	}
}
