#include "backup_house.h"

#include "runtime/base/arena.h"
#include "runtime/base/error.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PAGE = 8192,
	PIECE = 100000, /* what is added at once: no size of the vault's */
};

uint64_t house_random(struct backup_house *house)
{
	/* xorshift64* */
	house->seed ^= house->seed >> 12;
	house->seed ^= house->seed << 25;
	house->seed ^= house->seed >> 27;
	return house->seed * UINT64_C(2685821657736338717);
}

static void fill(struct backup_house *house, char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
		uint64_t word = house_random(house);

		memcpy(bytes + i, &word, len - i < sizeof(word) ? len - i : sizeof(word));
	}
}

void house_new(struct backup_house *house, uint64_t seed)
{
	*house = (struct backup_house){ .seed = seed * 2 + 1 };
	/* In memory, where that is possible: a vault flushes each object. */
	snprintf(house->folder, sizeof(house->folder), "%s/posthus-vault.XXXXXX",
			access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(house->folder));
	snprintf(house->target, sizeof(house->target), "%s/target", house->folder);
	snprintf(house->state, sizeof(house->state), "%s/state", house->folder);
	assert_int_equal(mkdir(house->target, 0700), 0);
	fill(house, (char *)house->host.bytes, KEY_SIZE);
	fill(house, (char *)house->identity.bytes, KEY_SIZE);
	age_recipient_of(&house->identity, &house->recipient);
	house->place = (struct target_place){
		.kind = TARGET_DIRECTORY,
		.directory = view_z(house->target),
	};
	house->writing = (struct vault_options){
		.place = &house->place,
		.host = &house->host,
		.recipients = &house->recipient,
		.recipient_count = 1,
		.state = house->state,
	};
	house->reading = (struct vault_options){
		.place = &house->place,
		.identities = &house->identity,
		.identity_count = 1,
	};
}

static int remove_one(
		const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat, (void)type, (void)ftw;
	return remove(path);
}

void house_end(struct backup_house *house)
{
	for (size_t i = 0; i < house->file_count; i++)
		free(house->files[i].bytes);
	nftw(house->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

struct house_file *house_file_add(struct backup_house *house, const char *path,
		size_t len, enum vault_shape shape, bool text)
{
	struct house_file *file = &house->files[house->file_count++];

	assert_true(house->file_count <= HOUSE_FILES);
	snprintf(file->path, sizeof(file->path), "%s", path);
	file->bytes = xmalloc(len + sizeof(uint64_t));
	file->len = len;
	file->shape = shape;
	fill(house, file->bytes, len);
	for (size_t i = 0; text && i < len; i++)
		file->bytes[i] = "etaoin shrdlu\n"[(unsigned char)file->bytes[i] % 14];
	return file;
}

void house_file_touch(struct backup_house *house, struct house_file *file, size_t count)
{
	for (size_t i = 0; i < count && file->len >= PAGE; i++)
		fill(house, file->bytes + house_random(house) % (file->len / PAGE) * PAGE,
				PAGE);
	file->version++;
}

/* -- writing -- */

static int add_file(struct vault_writer *writer, const struct house_file *file,
		bool stamps, struct house_run *run)
{
	struct vault_file said = {
		.path = view_z(file->path),
		.meta = VIEW("{\"mode\":384}"),
		.shape = file->shape,
		.stamp = stamps ? view_of(&file->version, sizeof(file->version))
				: VIEW_NULL,
	};
	bool same;
	int r = vault_file_begin(writer, &said, &same);

	if (r || same) {
		run->same += same;
		return r;
	}
	for (size_t at = 0; at < file->len && r == VAULT_OK; at += PIECE)
		r = vault_add(writer,
				view_sub(view_of(file->bytes, file->len), at, PIECE));
	return r ? r : vault_file_end(writer);
}

struct house_run house_backup(struct backup_house *house, bool stamps, walltime now)
{
	CLEANUP(vault_freep) struct vault *vault = NULL;
	CLEANUP(vault_writer_freep) struct vault_writer *writer = NULL;
	struct house_run run = { 0 };

	run.outcome = vault_open(&house->writing, &vault, &house->trouble);
	if (run.outcome == VAULT_E_NONE)
		run.outcome = vault_init(&house->writing, &vault, &house->trouble);
	if (run.outcome == VAULT_OK)
		run.outcome = vault_write(vault, &writer, &house->trouble);
	for (size_t i = 0; i < house->file_count && run.outcome == VAULT_OK; i++)
		run.outcome = add_file(writer, &house->files[i], stamps, &run);
	if (run.outcome == VAULT_OK)
		run.outcome = vault_commit(
				writer, VIEW("{\"host\":\"mail\"}"), now, &run.id);
	if (writer) {
		run.sent = vault_writer_progress(writer)->sent;
		run.new_chunks = vault_writer_progress(writer)->new_chunks;
		if (run.outcome)
			house->trouble = *vault_writer_trouble(writer);
	}
	return run;
}

/* -- reading -- */

static bool same_bytes(struct backup_house *house, struct vault_reader *reader,
		const struct house_file *file)
{
	size_t at = 0;
	struct view bytes;
	int r;

	while ((r = vault_read_bytes(reader, &bytes, &house->trouble)) == VAULT_OK) {
		if (bytes.len > file->len - at ||
				memcmp(file->bytes + at, bytes.data, bytes.len) != 0)
			return false;
		at += bytes.len;
	}
	return r == VAULT_END && at == file->len;
}

bool house_restores(struct backup_house *house, const struct vault_id *id)
{
	CLEANUP(vault_freep) struct vault *vault = NULL;
	CLEANUP(vault_reader_freep) struct vault_reader *reader = NULL;
	struct vault_entry entry;

	if (vault_open(&house->reading, &vault, &house->trouble) ||
			vault_read(vault, id, &reader, &house->trouble) ||
			!view_eq(vault_reader_meta(reader), VIEW("{\"host\":\"mail\"}")))
		return false;
	for (size_t i = 0; i < house->file_count; i++) {
		const struct house_file *file = &house->files[i];

		if (vault_next_file(reader, &entry, &house->trouble) ||
				!view_eq(entry.path, view_z(file->path)) ||
				!view_eq(entry.meta, VIEW("{\"mode\":384}")) ||
				entry.size != file->len ||
				!same_bytes(house, reader, file))
			return false;
	}
	return vault_next_file(reader, &entry, &house->trouble) == VAULT_END;
}

int house_reads(struct backup_house *house, const struct vault_id *id)
{
	CLEANUP(vault_freep) struct vault *vault = NULL;
	CLEANUP(vault_reader_freep) struct vault_reader *reader = NULL;
	struct vault_entry entry;
	struct view bytes;
	int r = vault_open(&house->reading, &vault, &house->trouble);

	if (r == VAULT_OK)
		r = vault_read(vault, id, &reader, &house->trouble);
	while (r == VAULT_OK && (r = vault_next_file(reader, &entry, &house->trouble)) ==
						VAULT_OK) {
		while ((r = vault_read_bytes(reader, &bytes, &house->trouble)) ==
				VAULT_OK)
			;
		r = r == VAULT_END ? VAULT_OK : r;
	}
	return r;
}

size_t house_findings(struct backup_house *house, enum vault_depth depth, bool as_host)
{
	CLEANUP(vault_findings_free) struct vault_findings findings = VAULT_FINDINGS_NULL;
	CLEANUP(vault_freep) struct vault *vault = NULL;
	int r = vault_open(as_host ? &house->writing : &house->reading, &vault,
			&house->trouble);

	if (r == VAULT_E_DAMAGED || r == VAULT_E_LOST || r == VAULT_E_FOREIGN)
		return 1; /* the trouble names it */
	assert_int_equal(r, VAULT_OK);
	assert_int_equal(
			vault_verify(vault, depth, &findings, &house->trouble), VAULT_OK);
	for (size_t i = 0; i < findings.count && getenv("POSTHUS_TRACE"); i++)
		print_message("%.*s: %.*s\n", VIEW_ARG(findings.rows[i].object),
				VIEW_ARG(findings.rows[i].what));
	return findings.count;
}
