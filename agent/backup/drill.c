/* Trying a restore: all of the newest snapshot, into a folder of its own that goes afterwards.
 * What opens is opened and read whole; of what does not, every byte was compared. */
#include "agent/backup/work.h"

#include "agent/backup/restore.h"
#include "runtime/base/error.h"
#include "runtime/crypto/recovery_code.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_identity(struct work *w, struct key *out)
{
	CLEANUP(recovery_code_wipe) struct recovery_code code;
	struct view text = view_trim(secret_expose(&w->identity));
	unsigned group = 0;
	int r;

	if (age_identity_read(text, out))
		return 0;
	r = recovery_code_read(text, &code, &group);
	if (r == RECOVERY_CODE_E_GROUP)
		return work_failed(w, "CodeWrong",
				"group %u of the recovery code is mistyped", group);
	if (r)
		return work_failed(w, "CodeWrong",
				"that is no recovery code, nor an age identity");
	recovery_code_identity(&code, out);
	return 0;
}

static int remove_one(
		const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static void remove_folder(const char *path)
{
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static int bring_all(struct work *w, const char *to, const struct vault_id *id)
{
	CLEANUP(restore_freep) struct restore *restore = NULL;
	const struct restore_options options = { .vault = w->vault,
		.snapshot = id,
		.to = to,
		.stopping = &w->stopping,
		.passing = true };
	struct restored file;
	int r = restore_begin(&options, &restore, &w->trouble);

	while (!r && !(r = restore_next(restore, &file, &w->trouble))) {
		w->result.files++;
		w->result.bytes += file.size;
		work_note(w, w->result.files, w->result.bytes, 0);
	}
	if (r == RESTORE_END)
		return 0;
	return work_failed_vault(
			w, r == RESTORE_E_STOPPED ? VAULT_E_STOPPED : VAULT_E_FAILED);
}

static int check_all(struct work *w, const char *to)
{
	struct restore_checked checked;
	int r = restore_check(to, w->options.control, w->options.broker, &w->stopping,
			&checked);

	if (r == -EINTR)
		r = work_failed_vault(w, VAULT_E_STOPPED);
	else if (r > 0)
		r = work_failed(w, "RestoreBroken",
				"the restored control database does not open");
	else if (r < 0)
		r = work_fault(w, r);
	else if (checked.broken_count)
		r = work_failed(w, "RestoreBroken", "%llu accounts are not whole: %.*s",
				(unsigned long long)checked.broken_count,
				VIEW_ARG(buf_view(&checked.broken)));
	else
		buf_addf(&w->result.message,
				"%llu accounts opened and are whole, %llu are sealed and "
				"came back byte for byte, %llu have no mail yet",
				(unsigned long long)checked.accounts,
				(unsigned long long)checked.sealed,
				(unsigned long long)checked.absent);
	buf_free(&checked.broken);
	return r;
}

static int drill_newest(struct work *w, const char *to)
{
	struct vault_snapshot newest;
	int r = restore_find(w->vault, 0, &newest, &w->trouble);

	if (r)
		return r == VAULT_E_ABSENT ? work_failed(w, "NotYet",
							     "there is no backup yet")
					   : work_failed_vault(w, r);
	buf_add(&w->result.snapshot, vault_id_text(&newest.id, w->arena));
	r = bring_all(w, to, &newest.id);
	return r ? r : check_all(w, to);
}

int work_drill(struct work *w)
{
	struct key identity;
	struct vault_options options = {
		.place = &w->order.place, .identities = &identity, .identity_count = 1
	};
	const char *folder, *to;
	int r = work_folder(w, &folder);

	if (!r)
		r = read_identity(w, &identity);
	if (!r) {
		r = vault_open(&options, &w->vault, &w->trouble);
		r = r ? work_failed_vault(w, r) : 0;
	}
	if (r)
		return r;
	to = arena_printf(w->arena, "%s/drill%c", folder, 0).data;
	remove_folder(to); /* of one that was cut off */
	r = drill_newest(w, to);
	remove_folder(to);
	/* the vault borrows the identity */
	vault_free(w->vault);
	w->vault = NULL;
	key_wipe(&identity);
	return r;
}
