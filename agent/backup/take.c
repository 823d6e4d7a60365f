/* Taking a backup: all that the runtime keeps, the agent's databases, and the agent's file, as
 * one snapshot in the vault. */
#include "agent/backup/work.h"

#include "agent/database/data_directory.h"
#include "agent/database/recovery_kit.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/snapshot.h"
#include "runtime/store/frozen_file.h"
#include "schema/agent_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	PIECE = 256 * 1024,
	LONGEST_META = 4096,
	LONGEST_FILE = 1024 * 1024, /* of agent.yaml */
};

struct taking {
	struct work *work;
	struct vault_writer *writer;
	char *piece;
	uint64_t files, bytes;
};

static int wrote(struct taking *t, int r)
{
	const struct target_trouble *trouble;

	if (r == VAULT_OK)
		return 0;
	trouble = vault_writer_trouble(t->writer);
	if (trouble)
		t->work->trouble = *trouble;
	return work_failed_vault(t->work, r);
}

static int begin_file(struct taking *t, const struct vault_file *file, bool *same_out)
{
	const struct vault_progress *progress = vault_writer_progress(t->writer);

	work_note(t->work, t->files, t->bytes, atomic_load(&progress->sent));
	t->files++;
	return wrote(t, vault_file_begin(t->writer, file, same_out));
}

static int add_piece(struct taking *t, size_t len)
{
	t->bytes += len;
	if (atomic_load(&t->work->stopping))
		return work_failed_vault(t->work, VAULT_E_STOPPED);
	return wrote(t, vault_add(t->writer, view_of(t->piece, len)));
}

/* -- the runtime's -- */

static int take_file(
		struct taking *t, struct snapshot *s, const struct snapshot_file *file)
{
	const struct vault_file out = { .path = file->path,
		.shape = file->pages ? VAULT_PAGES : VAULT_STREAM,
		.stamp = file->stamp };
	size_t len = 1;
	bool same = false;
	int r = begin_file(t, &out, &same);

	if (r || same) {
		t->bytes += file->size;
		return r;
	}
	while (!r && len) {
		r = snapshot_read(s, t->piece, PIECE, &len);
		r = r ? work_fault(t->work, r) : len ? add_piece(t, len) : 0;
	}
	return r ? r : wrote(t, vault_file_end(t->writer));
}

static int take_files(struct taking *t, struct snapshot *s)
{
	struct snapshot_file file;
	int r = SNAPSHOT_OK;

	while (r == SNAPSHOT_OK) {
		r = snapshot_next(s, &file);
		if (r == SNAPSHOT_OK)
			r = take_file(t, s, &file);
	}
	return r < 0 ? work_fault(t->work, r) : r;
}

/* -- the agent's -- */

static int take_database(struct taking *t, const char *name)
{
	CLEANUP(freep) char *path = data_path(t->work->data, name);
	const struct vault_file out = { .path = view_z(name), .shape = VAULT_PAGES };
	struct frozen_file *file = NULL;
	uint64_t size = 0;
	bool same;
	int r = frozen_file_open(path, &file);

	if (r)
		return r == FROZEN_E_ABSENT ? 0 : work_fault(t->work, r);
	size = frozen_file_size(file);
	r = begin_file(t, &out, &same);
	for (uint64_t at = 0; !r && at < size;) {
		size_t len = size - at < PIECE ? (size_t)(size - at) : PIECE;

		r = frozen_file_read(file, at, t->piece, len);
		r = r ? work_fault(t->work, r) : add_piece(t, len);
		at += len;
	}
	frozen_file_close(file);
	return r ? r : wrote(t, vault_file_end(t->writer));
}

/* What says where all of it was; a restore shows it. */
static int take_own_file(struct taking *t)
{
	const struct agent_file *file = t->work->options.file;
	const struct vault_file out = { .path = VIEW("agent.yaml"),
		.shape = VAULT_STREAM };
	bool same;
	int r;

	if (!file->text.len)
		return 0;
	r = begin_file(t, &out, &same);
	if (!r)
		r = wrote(t, vault_add(t->writer, file->text));
	return r ? r : wrote(t, vault_file_end(t->writer));
}

/* A small file, where there is one. */
static int take_small(struct taking *t, const char *name)
{
	CLEANUP(freep) char *path = data_path(t->work->data, name);
	const struct vault_file out = { .path = view_z(name), .shape = VAULT_STREAM };
	CLEANUP(freep) char *bytes = NULL;
	size_t len;
	bool same;
	int r = os_read_file(os_real(), path, LONGEST_FILE, &bytes, &len);

	if (r)
		return r == -ENOENT ? 0 : work_fault(t->work, r);
	r = begin_file(t, &out, &same);
	if (!r)
		r = wrote(t, vault_add(t->writer, view_of(bytes, len)));
	return r ? r : wrote(t, vault_file_end(t->writer));
}

static int take_own(struct taking *t)
{
	int r = work_await_own(t->work);

	if (!r)
		r = take_database(t, "control.db");
	if (!r)
		r = take_database(t, "accounts/deeds.db");
	if (!r)
		r = take_small(t, RECOVERY_KIT_SEALED);
	if (!r)
		r = take_small(t, RECOVERY_KIT_FACTS);
	return r ? r : take_own_file(t);
}

/* -- the whole -- */

static int checked(struct taking *t, int r)
{
	switch (r) {
	case SNAPSHOT_OK:
		return 0;
	case SNAPSHOT_E_OUTGROWN:
		return work_failed(t->work, "LogOutgrown",
				"more mail came in meanwhile than the disk may hold "
				"twice: it is tried again; give the disk more room");
	case SNAPSHOT_E_MOVED:
		return work_failed(t->work, "FileReplaced",
				"an account's file was replaced meanwhile: it is tried "
				"again");
	default:
		return work_fault(t->work, r);
	}
}

static int commit(struct taking *t)
{
	CLEANUP(buf_free) struct buf meta = BUF_NULL(LONGEST_META);
	struct work *w = t->work;
	struct vault_id id;
	int r;

	buf_addf(&meta, "{\"began\":%lld,\"format\":1}", (long long)w->options.now);
	r = wrote(t, vault_commit(t->writer, buf_view(&meta), clock_wall(), &id));
	if (r)
		return r;
	buf_add(&w->result.snapshot, vault_id_text(&id, w->arena));
	w->result.files = t->files;
	w->result.bytes = t->bytes;
	w->result.sent = atomic_load(&vault_writer_progress(t->writer)->sent);
	return 0;
}

static int take_all(struct taking *t)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	int r = runtime_snapshot(t->work->options.runtime, &s);

	if (r)
		return r < 0 ? work_fault(t->work, r)
			     : work_failed(t->work, "NotYet", "nothing was applied yet");
	r = take_files(t, s);
	if (r == SNAPSHOT_OWN)
		r = take_own(t);
	if (!r)
		r = take_files(t, s);
	if (r == SNAPSHOT_END)
		r = checked(t, snapshot_check(s));
	return r;
}

/* One that is there, or a new one where nothing is. */
static int open_vault(struct work *w)
{
	struct vault_options options = {
		.place = &w->order.place,
		.host = w->options.host,
		.recipients = w->order.recipients,
		.recipient_count = w->order.recipient_count,
	};
	int r = work_folder(w, &options.state);

	if (r)
		return r;
	if (w->options.accepts_loss)
		r = vault_accept_loss(&options);
	if (r)
		return work_fault(w, r);
	r = vault_open(&options, &w->vault, &w->trouble);
	if (r == VAULT_E_NONE && w->options.kind == WORK_TAKE)
		r = vault_init(&options, &w->vault, &w->trouble);
	return r ? work_failed_vault(w, r) : 0;
}

static int prune(struct work *w)
{
	struct vault_pruned pruned;
	int r = vault_prune(w->vault, &w->order.keep, clock_wall(), &pruned, &w->trouble);

	if (r)
		return work_failed_vault(w, r);
	w->result.dropped = pruned.dropped;
	return 0;
}

int work_take(struct work *w)
{
	struct taking t = { .work = w };
	int r = open_vault(w);

	if (!r)
		r = vault_write(w->vault, &t.writer, &w->trouble);
	if (r)
		return r == -ECANCELED ? r : work_failed_vault(w, r);
	t.piece = xmalloc(PIECE);
	r = take_all(&t);
	if (!r)
		r = commit(&t);
	vault_writer_free(t.writer);
	free(t.piece);
	return r ? r : prune(w);
}

int work_verify(struct work *w)
{
	struct vault_findings findings = VAULT_FINDINGS_NULL;
	int r = open_vault(w);

	if (r)
		return r;
	r = vault_verify(w->vault, VAULT_DEEP, &findings, &w->trouble);
	if (r)
		r = work_failed_vault(w, r);
	else if (findings.count)
		r = work_failed(w, "BackupsDamaged",
				"%zu objects are not what was written; %.*s: %.*s",
				findings.count, VIEW_ARG(findings.rows[0].object),
				VIEW_ARG(findings.rows[0].what));
	w->result.files = findings.objects;
	w->result.bytes = findings.bytes;
	vault_findings_free(&findings);
	return r;
}
