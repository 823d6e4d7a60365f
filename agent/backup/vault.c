#include "agent/backup/vault_inside.h"

#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/hmac.h"
#include "runtime/crypto/ssh_wire.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	STATE_PATH_MAX = 4096,
	STATE_MAX = 1024 * 1024 * 1024, /* bytes of a file of the state folder */
	LAST_SIZE = DIGEST_SIZE + 8,
};

#define MARK_NAME VIEW("vault")
#define LAST_FILE "last"

int vault_outcome_of(const struct vault *vault, int r)
{
	switch (r) {
	case TARGET_OK:
		return VAULT_OK;
	case TARGET_E_ABSENT:
		return VAULT_E_ABSENT;
	case TARGET_E_FAILED:
	case TARGET_E_REFUSED:
		if (vault->options.place->stopping &&
				atomic_load(vault->options.place->stopping))
			return VAULT_E_STOPPED;
		return VAULT_E_FAILED;
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

/* -- the state folder: each file with a keyed digest before it -- */

static bool state_path(
		const struct vault *vault, const char *name, char out[STATE_PATH_MAX])
{
	return vault->options.state &&
	       snprintf(out, STATE_PATH_MAX, "%s/%s", vault->options.state, name) <
			       STATE_PATH_MAX;
}

/* A file of one name does not pass for another. */
static void state_mac(const struct vault *vault, const char *name, struct view bytes,
		unsigned char out[DIGEST_SIZE])
{
	struct digest d;

	keyed_digest_init(&d, &vault->keys.state);
	digest_add(&d, view_of(name, strlen(name) + 1));
	digest_add(&d, view_of(vault->public, VAULT_KEY));
	digest_add(&d, bytes);
	digest_final(&d, out);
}

bool vault_kept_state(const struct vault *vault, const char *name, struct buf *out)
{
	CLEANUP(freep) char *bytes = NULL;
	unsigned char mac[DIGEST_SIZE];
	char path[STATE_PATH_MAX];
	size_t len = 0;

	if (!state_path(vault, name, path) ||
			os_read_file(os_real(), path, STATE_MAX, &bytes, &len) ||
			len < DIGEST_SIZE)
		return false;
	state_mac(vault, name, view_of(bytes + DIGEST_SIZE, len - DIGEST_SIZE), mac);
	if (!view_eq_secret(view_of(mac, sizeof(mac)), view_of(bytes, DIGEST_SIZE)))
		return false;
	buf_add(out, view_of(bytes + DIGEST_SIZE, len - DIGEST_SIZE));
	return !buf_failed(out);
}

int vault_keep_state(const struct vault *vault, const char *name, struct view bytes)
{
	CLEANUP(buf_free) struct buf file = BUF_NULL(STATE_MAX);
	unsigned char mac[DIGEST_SIZE];
	char path[STATE_PATH_MAX];
	int r;

	if (!vault->options.state)
		return 0;
	if (!state_path(vault, name, path))
		return fault(-ENAMETOOLONG);
	state_mac(vault, name, bytes, mac);
	buf_add(&file, view_of(mac, sizeof(mac)));
	buf_add(&file, bytes);
	if (buf_failed(&file))
		return fault(-EFBIG);
	r = os_replace_file(os_real(), path, buf_view(&file), 0600);
	return r ? fault(r) : 0;
}

bool vault_last_read(const struct vault *vault, struct vault_last *out)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(LAST_SIZE);
	struct ssh_wire wire;

	*out = (struct vault_last){ 0 };
	if (!vault_kept_state(vault, LAST_FILE, &bytes) || bytes.len != LAST_SIZE)
		return false;
	wire = ssh_wire_of(buf_view(&bytes));
	memcpy(out->id.bytes, ssh_take(&wire, DIGEST_SIZE).data, DIGEST_SIZE);
	out->generation = (uint64_t)ssh_take_u32(&wire) << 32;
	out->generation |= ssh_take_u32(&wire);
	return true;
}

int vault_last_write(const struct vault *vault, const struct vault_last *last)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(LAST_SIZE);

	buf_add(&bytes, view_of(last->id.bytes, DIGEST_SIZE));
	ssh_put_u32(&bytes, (uint32_t)(last->generation >> 32));
	ssh_put_u32(&bytes, (uint32_t)last->generation);
	return vault_keep_state(vault, LAST_FILE, buf_view(&bytes));
}

int vault_accept_loss(const struct vault_options *options)
{
	struct vault vault = { .options = *options };
	char path[STATE_PATH_MAX];

	if (!state_path(&vault, LAST_FILE, path))
		return 0;
	if (unlink(path) && errno != ENOENT)
		return fault_errno();
	return 0;
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
	r = target_get(vault->target, MARK_NAME, 0, SIZE_MAX, &mark, trouble);
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

/* -- heads -- */

void vault_head_deinit(struct vault_head *head)
{
	buf_free(&head->bytes);
}

int vault_head_get(struct vault *vault, struct view name, struct vault_head *out,
		struct target_trouble *trouble)
{
	unsigned char said[DIGEST_SIZE];
	uint64_t generation;
	int r;

	if (!snapshot_name_read(name, &generation, said))
		return vault_says(trouble, VAULT_E_DAMAGED, "BackupsDamaged",
				"%.*s: that is no name of a snapshot", VIEW_ARG(name));
	buf_clear(&out->bytes);
	r = target_get(vault->target, name, 0, SIZE_MAX, &out->bytes, trouble);
	if (r)
		return vault_outcome_of(vault, r);
	digest_bytes(buf_view(&out->bytes), out->id.bytes);
	if (memcmp(out->id.bytes, said, DIGEST_SIZE) != 0)
		return vault_says(trouble, VAULT_E_DAMAGED, "BackupsDamaged",
				"%.*s: its bytes are not those that were written",
				VIEW_ARG(name));
	switch (snapshot_head_read(buf_view(&out->bytes), vault->public, &out->head)) {
	case RECORD_OK:
		break;
	case RECORD_E_NEWER:
		return vault_says(trouble, VAULT_E_NEWER, "BackupsDamaged",
				"%.*s: a newer version wrote it", VIEW_ARG(name));
	case RECORD_E_FORGED:
		return vault_says(trouble, VAULT_E_DAMAGED, "BackupsDamaged",
				"%.*s: this host did not sign it", VIEW_ARG(name));
	default:
		return vault_says(trouble, VAULT_E_DAMAGED, "BackupsDamaged",
				"%.*s: that is no head of a snapshot", VIEW_ARG(name));
	}
	if (out->head.generation != generation)
		return vault_says(trouble, VAULT_E_DAMAGED, "BackupsDamaged",
				"%.*s: its generation is %llu", VIEW_ARG(name),
				(unsigned long long)out->head.generation);
	return VAULT_OK;
}

static int by_generation(const void *a, const void *b)
{
	const struct vault_snapshot *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->generation < y->generation ? -1 : x->generation > y->generation;
}

int vault_snapshots(struct vault *vault, const struct vault_snapshot **out,
		size_t *count_out, struct target_trouble *trouble)
{
	CLEANUP(target_listing_free) struct target_listing listing = TARGET_LISTING_NULL;
	CLEANUP(vault_head_deinit) struct vault_head head = VAULT_HEAD_NULL;
	size_t count = 0;
	int r;

	r = target_list(vault->target, VIEW("snapshots/"), &listing, trouble);
	if (r)
		return vault_outcome_of(vault, r);
	if (listing.count > VAULT_SNAPSHOTS_MAX)
		return vault_says(trouble, VAULT_E_DAMAGED, "BackupsDamaged",
				"%zu snapshots are listed: more than %d", listing.count,
				VAULT_SNAPSHOTS_MAX);
	free(vault->snapshots);
	vault->snapshot_count = 0;
	vault->snapshots = xcalloc(listing.count + 1, sizeof(*vault->snapshots));
	for (size_t i = 0; i < listing.count; i++) {
		r = vault_head_get(vault, listing.objects[i].name, &head, trouble);
		if (r == VAULT_E_DAMAGED || r == VAULT_E_ABSENT)
			continue; /* vault_verify() names it */
		if (r)
			return r;
		vault->snapshots[count++] = (struct vault_snapshot){
			.id = head.id,
			.generation = head.head.generation,
			.at = head.head.at,
			.bytes = head.head.bytes,
			.files = head.head.files,
			.packs = head.head.packs.len / HEAD_PACK,
		};
	}
	qsort(vault->snapshots, count, sizeof(*vault->snapshots), by_generation);
	vault->snapshot_count = count;
	*out = vault->snapshots;
	*count_out = count;
	return VAULT_OK;
}

bool vault_id_read(struct view text, struct vault_id *out)
{
	return hex_read(text, out->bytes, DIGEST_SIZE);
}

struct view vault_id_text(const struct vault_id *id, struct arena *arena)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(4 * DIGEST_SIZE);

	digest_name("", id->bytes, &text);
	return arena_copy(arena, buf_view(&text));
}

/* -- marks -- */

void vault_marks_free(struct vault_marks *marks)
{
	free(marks->rows);
	arena_free(marks->arena);
	*marks = VAULT_MARKS_NULL;
}

static int get_mark(struct vault *vault, struct view name, struct vault_marks *out,
		struct target_trouble *trouble)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(TARGET_OBJECT_MAX);
	unsigned char said[DIGEST_SIZE], digest[DIGEST_SIZE];
	struct vault_mark mark = { .name = arena_copy(out->arena, name) };
	int r = target_get(vault->target, name, 0, SIZE_MAX, &bytes, trouble);
	struct view kept;

	if (r == TARGET_E_ABSENT)
		return VAULT_OK; /* another prune ended it */
	if (r)
		return vault_outcome_of(vault, r);
	kept = arena_copy(out->arena, buf_view(&bytes));
	digest_bytes(kept, digest);
	if (!digest_name_read(name, VIEW("marks/"), said) ||
			memcmp(said, digest, DIGEST_SIZE) != 0 ||
			prune_mark_read(kept, vault->public, &mark.mark))
		mark.outcome = VAULT_E_DAMAGED;
	array_grow(&out->rows, &out->capacity, out->count + 1, sizeof(*out->rows));
	out->rows[out->count++] = mark;
	return VAULT_OK;
}

int vault_marks_get(struct vault *vault, struct vault_marks *out,
		struct target_trouble *trouble)
{
	CLEANUP(target_listing_free) struct target_listing listing = TARGET_LISTING_NULL;
	int r = target_list(vault->target, VIEW("marks/"), &listing, trouble);

	if (r)
		return vault_outcome_of(vault, r);
	if (!out->arena)
		out->arena = arena_new();
	for (size_t i = 0; i < listing.count; i++) {
		r = get_mark(vault, listing.objects[i].name, out, trouble);
		if (r)
			return r;
	}
	return VAULT_OK;
}
