/* A vault from the command line, for tests and measurements: it backs up a folder.
 *
 *   backup_tool PLACE KEYS run FOLDER TIME     files ending in .db are databases
 *   backup_tool PLACE KEYS list|verify|deep
 *   backup_tool PLACE KEYS restore ID FOLDER
 *   backup_tool PLACE KEYS prune DAILY TIME
 *
 *   PLACE   directory=PATH | s3=URL bucket=NAME [hosted=1] [access=FILE secret=FILE]
 *           | sftp=HOST port=N user=NAME path=PATH key=FILE known_hosts=FILE
 *   KEYS    host=FILE (32 bytes), recipient=age1…, identity=FILE (AGE-SECRET-KEY-1…), state=FOLDER
 *   also    patience=MS rate=BYTES cpu=PERCENT
 *
 * It exits 1 where something failed, 2 where verifying found something. */
#include "agent/backup/vault.h"
#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SECRETS = 16 * 1024,
	PIECE = 1024 * 1024,
};

static struct {
	struct target_place place;
	struct vault_options options;
	struct secret access, secret, key;
	struct key host, identity;
	struct age_recipient recipient;
	struct target_trouble trouble;
	struct vault_writer *writer;
	const char *folder;
	uint64_t same, read;
	int failed;
} tool;

static int complain(const char *what, int outcome)
{
	fprintf(stderr, "backup_tool: %s: outcome %d: %s: %s\n", what, outcome,
			tool.trouble.reason ? tool.trouble.reason : "",
			tool.trouble.message);
	return 1;
}

/* -- arguments -- */

static struct view read_file(const char *path)
{
	char *bytes = NULL;
	size_t len = 0;
	int r = os_read_file(os_real(), path, SECRETS, &bytes, &len);

	if (r) {
		fprintf(stderr, "backup_tool: %s: %s\n", path, strerror(-r));
		exit(1);
	}
	return view_of(bytes, len);
}

static struct secret read_secret(const char *path)
{
	return secret_copy(view_trim(read_file(path)));
}

static void take_key(const char *path, struct key *out)
{
	struct view bytes = read_file(path);

	if (bytes.len != KEY_SIZE)
		die("%s: not 32 bytes", path);
	memcpy(out->bytes, bytes.data, KEY_SIZE);
}

static bool take_place(struct view name, const char *value)
{
	struct target_place *p = &tool.place;

	if (view_eq(name, VIEW("directory")))
		*p = (struct target_place){ .kind = TARGET_DIRECTORY,
			.directory = view_z(value) };
	else if (view_eq(name, VIEW("s3")))
		*p = (struct target_place){ .kind = TARGET_S3,
			.endpoint = view_z(value) };
	else if (view_eq(name, VIEW("sftp")))
		*p = (struct target_place){ .kind = TARGET_SFTP, .host = view_z(value) };
	else if (view_eq(name, VIEW("bucket")))
		p->bucket = view_z(value);
	else if (view_eq(name, VIEW("hosted")))
		p->in_host = true;
	else if (view_eq(name, VIEW("access")))
		tool.access = read_secret(value);
	else if (view_eq(name, VIEW("secret")))
		tool.secret = read_secret(value);
	else if (view_eq(name, VIEW("port")))
		p->port = (uint16_t)atoi(value);
	else if (view_eq(name, VIEW("user")))
		p->user = view_z(value);
	else if (view_eq(name, VIEW("path")))
		p->directory = view_z(value);
	else if (view_eq(name, VIEW("key")))
		tool.key = secret_copy(read_file(value));
	else if (view_eq(name, VIEW("known_hosts")))
		p->known_hosts = read_file(value);
	else if (view_eq(name, VIEW("patience")))
		p->patience = atoi(value) * NS_PER_MS;
	else
		return false;
	return true;
}

static bool take_keys(struct view name, const char *value)
{
	struct vault_options *o = &tool.options;

	if (view_eq(name, VIEW("host"))) {
		take_key(value, &tool.host);
		o->host = &tool.host;
	} else if (view_eq(name, VIEW("recipient"))) {
		if (!age_recipient_read(view_z(value), &tool.recipient))
			die("%s: no recipient", value);
		o->recipients = &tool.recipient;
		o->recipient_count = 1;
	} else if (view_eq(name, VIEW("identity"))) {
		struct secret text = read_secret(value);

		if (!age_identity_read(secret_expose(&text), &tool.identity))
			die("%s: no identity", value);
		secret_free(&text);
		o->identities = &tool.identity;
		o->identity_count = 1;
	} else if (view_eq(name, VIEW("state"))) {
		o->state = value;
	} else if (view_eq(name, VIEW("rate"))) {
		o->bytes_per_second = strtoull(value, NULL, 10);
	} else if (view_eq(name, VIEW("cpu"))) {
		o->cpu_percent = (unsigned)atoi(value);
	} else {
		return false;
	}
	return true;
}

/* The first argument that is no setting. */
static int take_settings(int argc, char **argv)
{
	int i = 1;

	for (; i < argc; i++) {
		struct view name = view_z(argv[i]);
		size_t equals = view_find(name, '=');

		if (equals == name.len)
			break;
		name = view_sub(name, 0, equals);
		if (!take_place(name, argv[i] + equals + 1) &&
				!take_keys(name, argv[i] + equals + 1))
			die("%s: unknown", argv[i]);
	}
	tool.place.access_key = &tool.access;
	tool.place.secret_key = &tool.secret;
	tool.place.identity = &tool.key;
	tool.options.place = &tool.place;
	return i;
}

/* -- run -- */

static int add_bytes(int fd)
{
	char *piece = xmalloc(PIECE);
	ssize_t got;
	int r = VAULT_OK;

	while (r == VAULT_OK && (got = read(fd, piece, PIECE)) > 0) {
		tool.read += (uint64_t)got;
		r = vault_add(tool.writer, view_of(piece, (size_t)got));
	}
	free(piece);
	return r ? r : vault_file_end(tool.writer);
}

static int add_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct vault_file file = { .path = view_z(path + strlen(tool.folder) + 1) };
	char stamp[200];
	bool same = false;
	int fd, r;

	(void)ftw;
	if (type != FTW_F || !S_ISREG(st->st_mode))
		return 0;
	snprintf(stamp, sizeof(stamp), "%lld %lld.%09ld %lld.%09ld %llu",
			(long long)st->st_size, (long long)st->st_mtim.tv_sec,
			st->st_mtim.tv_nsec, (long long)st->st_ctim.tv_sec,
			st->st_ctim.tv_nsec, (unsigned long long)st->st_ino);
	file.stamp = view_z(stamp);
	file.shape = view_ends(file.path, VIEW(".db")) ? VAULT_PAGES : VAULT_STREAM;
	file.meta = VIEW("{}");
	r = vault_file_begin(tool.writer, &file, &same);
	tool.same += same;
	if (r || same)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 1;
	r = add_bytes(fd);
	close(fd);
	return r;
}

static int run(struct vault *vault, const char *folder, const char *time)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const struct vault_progress *progress;
	struct vault_id id = { 0 };
	int r = vault_write(vault, &tool.writer, &tool.trouble);

	if (r)
		return complain("run", r);
	tool.folder = folder;
	r = nftw(folder, add_file, 32, FTW_PHYS);
	if (r == VAULT_OK)
		r = vault_commit(tool.writer, VIEW("{\"by\":\"backup_tool\"}"),
				atoll(time), &id);
	if (r)
		tool.trouble = *vault_writer_trouble(tool.writer);
	progress = vault_writer_progress(tool.writer);
	if (r == VAULT_OK)
		printf("%.*s files=%llu bytes=%llu read=%llu same=%llu sent=%llu "
		       "packs=%llu "
		       "chunks=%llu new=%llu\n",
				VIEW_ARG(vault_id_text(&id, arena)),
				(unsigned long long)progress->files,
				(unsigned long long)progress->bytes,
				(unsigned long long)tool.read,
				(unsigned long long)tool.same,
				(unsigned long long)progress->sent,
				(unsigned long long)progress->packs,
				(unsigned long long)progress->chunks,
				(unsigned long long)progress->new_chunks);
	vault_writer_free(tool.writer);
	return r ? complain("run", r) : 0;
}

/* -- the others -- */

static int list(struct vault *vault)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const struct vault_snapshot *snapshots;
	size_t count;
	int r = vault_snapshots(vault, &snapshots, &count, &tool.trouble);

	for (size_t i = 0; r == VAULT_OK && i < count; i++)
		printf("%.*s %llu %lld %llu\n",
				VIEW_ARG(vault_id_text(&snapshots[i].id, arena)),
				(unsigned long long)snapshots[i].generation,
				(long long)snapshots[i].at,
				(unsigned long long)snapshots[i].files);
	return r ? complain("list", r) : 0;
}

static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
}

static int restore_file(struct vault_reader *reader, struct view name, const char *folder)
{
	char path[4096];
	struct view bytes;
	FILE *out;
	int r;

	snprintf(path, sizeof(path), "%s/%.*s", folder, VIEW_ARG(name));
	make_folders(path);
	out = fopen(path, "w");
	if (!out)
		return VAULT_E_FAILED;
	while ((r = vault_read_bytes(reader, &bytes, &tool.trouble)) == VAULT_OK)
		if (fwrite(bytes.data, 1, bytes.len, out) != bytes.len)
			r = VAULT_E_FAILED;
	if (fclose(out))
		r = VAULT_E_FAILED;
	return r == VAULT_END ? VAULT_OK : r;
}

static int restore(struct vault *vault, const char *text, const char *folder)
{
	CLEANUP(vault_reader_freep) struct vault_reader *reader = NULL;
	struct vault_entry entry;
	struct vault_id id;
	int r;

	if (!vault_id_read(view_z(text), &id))
		die("%s: no id", text);
	r = vault_read(vault, &id, &reader, &tool.trouble);
	while (r == VAULT_OK &&
			(r = vault_next_file(reader, &entry, &tool.trouble)) == VAULT_OK)
		r = restore_file(reader, entry.path, folder);
	return r == VAULT_END ? 0 : complain("restore", r);
}

static int verify(struct vault *vault, enum vault_depth depth)
{
	CLEANUP(vault_findings_free) struct vault_findings findings = VAULT_FINDINGS_NULL;
	int r = vault_verify(vault, depth, &findings, &tool.trouble);

	if (r)
		return complain("verify", r);
	for (size_t i = 0; i < findings.count; i++)
		printf("%.*s: %.*s\n", VIEW_ARG(findings.rows[i].object),
				VIEW_ARG(findings.rows[i].what));
	printf("objects=%llu findings=%zu\n", (unsigned long long)findings.objects,
			findings.count);
	return findings.count ? 2 : 0;
}

static int prune(struct vault *vault, const char *daily, const char *time)
{
	struct vault_keep keep = { .daily = (unsigned)atoi(daily) };
	struct vault_pruned pruned;
	int r = vault_prune(vault, &keep, atoll(time), &pruned, &tool.trouble);

	if (r)
		return complain("prune", r);
	printf("kept=%llu dropped=%llu marked=%llu removed=%llu refused=%d\n",
			(unsigned long long)pruned.kept,
			(unsigned long long)pruned.dropped,
			(unsigned long long)pruned.marked,
			(unsigned long long)pruned.removed, pruned.refused);
	return 0;
}

int main(int argc, char **argv)
{
	CLEANUP(vault_freep) struct vault *vault = NULL;
	int i = take_settings(argc, argv), left = argc - i, r;
	const char *word = left ? argv[i] : "";

	r = vault_open(&tool.options, &vault, &tool.trouble);
	if (r == VAULT_E_NONE && strcmp(word, "run") == 0)
		r = vault_init(&tool.options, &vault, &tool.trouble);
	if (r)
		return complain("open", r);
	if (strcmp(word, "run") == 0 && left == 3)
		return run(vault, argv[i + 1], argv[i + 2]);
	if (strcmp(word, "list") == 0)
		return list(vault);
	if (strcmp(word, "restore") == 0 && left == 3)
		return restore(vault, argv[i + 1], argv[i + 2]);
	if (strcmp(word, "verify") == 0 || strcmp(word, "deep") == 0)
		return verify(vault, *word == 'd' ? VAULT_DEEP : VAULT_QUICK);
	if (strcmp(word, "prune") == 0 && left == 3)
		return prune(vault, argv[i + 1], argv[i + 2]);
	die("say run, list, restore, verify, deep or prune");
}
