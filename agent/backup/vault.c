#include "agent/backup/vault_inside.h"

#include "runtime/base/error.h"
#include "runtime/base/os.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define MARK_NAME VIEW("vault")

int vault_go_on(const struct vault *vault, struct target_trouble *trouble)
{
	const atomic_bool *stopping = vault->options.place->stopping;

	return stopping && atomic_load(stopping)
			       ? vault_says(trouble, VAULT_E_STOPPED, "ConnectionLost",
						 "the agent stops")
			       : VAULT_OK;
}

int vault_outcome_of(const struct vault *vault, int r)
{
	switch (r) {
	case TARGET_OK:
		return VAULT_OK;
	case TARGET_E_ABSENT:
		return VAULT_E_ABSENT;
	case TARGET_E_FAILED:
	case TARGET_E_REFUSED:
		return vault->options.place->stopping &&
						       atomic_load(vault->options.place->stopping)
				       ? VAULT_E_STOPPED
				       : VAULT_E_FAILED;
	default:
		return fault(r);
	}
}

int vault_says(struct target_trouble *trouble, int outcome, const char *reason,
		const char *format, ...)
{
	va_list args;

	trouble->reason = reason;
	va_start(args, format);
	vsnprintf(trouble->message, sizeof(trouble->message), format, args);
	va_end(args);
	return outcome;
}

/* -- opening -- */

static void *copy(struct vault *vault, const void *items, size_t count, size_t size)
{
	void *made = arena_array(vault->arena, count ? count : 1, size);

	if (count)
		memcpy(made, items, count * size);
	return made;
}

static int vault_new(const struct vault_options *options, struct vault **out,
		struct target_trouble *trouble)
{
	CLEANUP(vault_freep) struct vault *vault = xcalloc(1, sizeof(*vault));
	int r;

	if (sodium_init() < 0)
		die("libsodium does not start");
	vault->arena = arena_new();
	vault->options = *options;
	vault->options.recipients = copy(vault, options->recipients,
			options->recipient_count, sizeof(*options->recipients));
	vault->options.identities = copy(vault, options->identities,
			options->identity_count, sizeof(*options->identities));
	if (options->host)
		vault_keys_derive(options->host, &vault->keys);
	recipients_digest(vault->options.recipients, options->recipient_count,
			vault->recipients);
	if (options->state && (r = os_make_dir(options->state)))
		return vault_says(trouble, VAULT_E_FAILED, "InternalError", "%s: %s",
				options->state, strerror(-r));
	r = target_open(options->place, &vault->target, trouble);
	if (r)
		return vault_outcome_of(vault, r);
	*out = TAKE(vault);
	return VAULT_OK;
}

void vault_free(struct vault *vault)
{
	if (!vault)
		return;
	target_free(vault->target);
	vault_keys_wipe(&vault->keys);
	if (vault->options.identity_count)
		sodium_memzero((void *)vault->options.identities,
				vault->options.identity_count *
						sizeof(*vault->options.identities));
	free(vault->snapshots);
	arena_free(vault->arena);
	free(vault);
}

void vault_freep(struct vault **vault)
{
	vault_free(*vault);
}

const unsigned char *vault_public_key(const struct vault *vault)
{
	return vault->public;
}

static int judge_key(const struct vault *vault, struct target_trouble *trouble)
{
	const struct vault_options *o = &vault->options;

	if (o->host && memcmp(vault->public, vault->keys.public, VAULT_KEY) != 0)
		return vault_says(trouble, VAULT_E_FOREIGN, "ForeignOwner",
				"the backups there are another host's: choose another "
				"place, or remove them yourself");
	if (o->expected && memcmp(vault->public, o->expected, VAULT_KEY) != 0)
		return vault_says(trouble, VAULT_E_FOREIGN, "PeerUntrusted",
				"the backups there are signed by another key than the "
				"recovery kit has: somebody else wrote them");
	return VAULT_OK;
}

/* Nothing of ours is there. */
static int judge_absence(struct vault *vault, struct target_trouble *trouble)
{
	static const char *const folders[] = { "snapshots/", "packs/" };
	struct vault_last last;

	if (vault->options.host) {
		memcpy(vault->public, vault->keys.public, VAULT_KEY);
		if (vault_last_read(vault, &last))
			return vault_says(trouble, VAULT_E_LOST, "BackupsLost",
					"the place is empty, and backups were written "
					"there: "
					"is it another disk, or did somebody empty it? "
					"Nothing is written over until you say so");
	}
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		CLEANUP(target_listing_free)
		struct target_listing listing = TARGET_LISTING_NULL;
		int r = target_list(vault->target, view_z(folders[i]), &listing, trouble);

		if (r)
			return vault_outcome_of(vault, r);
		if (listing.count)
			return vault_says(trouble, VAULT_E_FOREIGN, "ForeignOwner",
					"there is %.*s, but no object `vault` that says "
					"whose it is",
					VIEW_ARG(listing.objects[0].name));
	}
	return vault_says(trouble, VAULT_E_NONE, "PlaceMissing",
			"there are no backups at this place");
}

int vault_open(const struct vault_options *options, struct vault **out,
		struct target_trouble *trouble)
{
	CLEANUP(vault_freep) struct vault *vault = NULL;
	CLEANUP(buf_free) struct buf mark = BUF_NULL(4096);
	int r = vault_new(options, &vault, trouble);

	if (r)
		return r;
	r = target_get(vault->target, MARK_NAME, 0, mark.max, &mark, trouble);
	if (r == TARGET_E_ABSENT)
		return judge_absence(vault, trouble);
	if (r)
		return vault_outcome_of(vault, r);
	switch (vault_mark_read(buf_view(&mark), vault->public)) {
	case RECORD_OK:
		break;
	case RECORD_E_NEWER:
		return vault_says(trouble, VAULT_E_NEWER, "BackupsDamaged",
				"a newer version wrote these backups: read them with it");
	default:
		return vault_says(trouble, VAULT_E_DAMAGED, "BackupsDamaged",
				"vault: it is not what was written");
	}
	r = judge_key(vault, trouble);
	if (r)
		return r;
	*out = TAKE(vault);
	return VAULT_OK;
}

int vault_init(const struct vault_options *options, struct vault **out,
		struct target_trouble *trouble)
{
	CLEANUP(vault_freep) struct vault *vault = NULL;
	CLEANUP(buf_free) struct buf mark = BUF_NULL(4096);
	int r = vault_open(options, &vault, trouble);

	if (r != VAULT_E_NONE)
		return r == VAULT_OK ? vault_says(trouble, VAULT_E_FOREIGN,
						       "ForeignOwner",
						       "there are backups already")
				     : r;
	r = vault_new(options, &vault, trouble);
	if (r)
		return r;
	memcpy(vault->public, vault->keys.public, VAULT_KEY);
	vault_mark_write(&vault->keys, &mark);
	r = target_put(vault->target, MARK_NAME, buf_view(&mark), trouble);
	if (r)
		return vault_outcome_of(vault, r);
	*out = TAKE(vault);
	return VAULT_OK;
}
