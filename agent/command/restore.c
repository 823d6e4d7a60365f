/* The way back: a host, or one account, from a backup and the recovery kit. It needs no agent,
 * no state and no network but the place where the backups are. */
#include "agent/command/setting.h"

#include "agent/backup/kit.h"
#include "agent/backup/order.h"
#include "agent/backup/restore.h"
#include "agent/database/control_database.h"
#include "agent/database/data_directory.h"
#include "agent/database/recovery_kit.h"
#include "agent/database/text.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/broker.h"
#include "runtime/crypto/master_key.h"
#include "runtime/queue/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	SAY_EACH = 5, /* seconds between two lines of progress */
	TIME_TEXT = 40,
};

struct restoring {
	const struct words *words;
	struct arena *arena;
	struct kit kit;
	json_t *place;
	struct backup_order order;
	struct backup_secrets secrets;
	struct vault *vault;
	struct vault_snapshot snapshot;
	struct target_trouble trouble;
	struct broker *broker;
	struct key control, queue;
	const char *to, *side; /* side is where it grows until it is whole */
	bool resumed;
};

/* -- the kit -- */

static int read_kit(struct restoring *x)
{
	const char *path = words_option(x->words, "kit");
	CLEANUP(freep) char *page = NULL;
	unsigned line, group;
	size_t len;
	int r;

	if (!path) {
		say_error("`--kit FILE`: the recovery kit as it was printed, typed in or "
			  "kept as a file",
				"a recovery kit is wanted");
		return EXIT_ERROR;
	}
	r = os_read_file(os_real(), path, KIT_MAX, &page, &len);
	if (r) {
		say_error(NULL, "%s cannot be read: %s", path, strerror(-r));
		return EXIT_ERROR;
	}
	r = kit_read(view_of(page, len), &x->kit, &line, &group);
	explicit_bzero(page, len);
	if (r == KIT_E_PLACE)
		say_error(NULL, "%s, line %u: the place is not as it was printed", path,
				line);
	else if (r && group)
		say_error(NULL, "%s, line %u: group %u of the code is mistyped", path,
				line, group);
	else if (r)
		say_error(NULL, "%s, line %u: the key is mistyped", path, line);
	else if (!x->kit.has_identity)
		say_error("it has the recovery code on a line of its own",
				"%s is no recovery kit", path);
	else
		return EXIT_FINE;
	return EXIT_INVALID;
}

static int find_place(struct restoring *x)
{
	const char *from = words_option(x->words, "from");

	if (from)
		x->place = json_pack("{s:s}", "directory", from);
	else if (x->kit.place_count)
		x->place = json_incref(x->kit.places[0]);
	if (!x->place) {
		say_error("`--from DIR`, or a line `backup {…}` in the kit",
				"the kit does not say where the backups are");
		return EXIT_INVALID;
	}
	return EXIT_FINE;
}

/* -- the vault -- */

static int say_vault(struct restoring *x, int r)
{
	if (r == VAULT_E_NONE)
		say_error("look at what `--from` or the kit names",
				"there are no backups at that place");
	else if (r == VAULT_E_RECIPIENT)
		say_error("take the kit that was printed for that host",
				"the backups do not open with this recovery code");
	else if (r == VAULT_E_ABSENT)
		say_error("`posthus restore --list` shows what there is",
				"there is no such backup");
	else if (r < 0)
		say_error(NULL, "the backups cannot be opened: %s", strerror(-r));
	else
		say_error(NULL, "%s: %s",
				x->trouble.reason ? x->trouble.reason : "BackupFailed",
				x->trouble.message);
	return EXIT_ERROR;
}

static int open_vault(struct restoring *x)
{
	CLEANUP(effect_answer_deinit) struct effect_answer answer = EFFECT_ANSWER_NULL;
	struct vault_options options = {
		.place = &x->order.place,
		.identities = &x->kit.identity,
		.identity_count = 1,
		.expected = x->kit.has_signer ? x->kit.signer : NULL,
	};
	int r;

	if (!backup_order_read_place(x->place, &x->order)) {
		say_error(NULL, "the kit's place is none that this version knows");
		return EXIT_INVALID;
	}
	r = backup_secrets_read(&x->order, NULL, &x->secrets, &answer);
	if (r) {
		say_error(NULL, "%s: %.*s", answer.reason ? answer.reason : "Error",
				VIEW_ARG(buf_view(&answer.message)));
		return EXIT_ERROR;
	}
	r = vault_open(&options, &x->vault, &x->trouble);
	return r ? say_vault(x, r) : EXIT_FINE;
}

static void print_snapshot(struct restoring *x, const struct vault_snapshot *s)
{
	CLEANUP(buf_free) struct buf at = BUF_NULL(TIME_TEXT);

	text_add_time(&at, s->at);
	printf("%.*s  %llu files, %llu MiB  %.*s\n", VIEW_ARG(buf_view(&at)),
			(unsigned long long)s->files,
			(unsigned long long)s->bytes / 1048576,
			VIEW_ARG(vault_id_text(&s->id, x->arena)));
}

static int list(struct restoring *x)
{
	const struct vault_snapshot *all;
	size_t count;
	int r = vault_snapshots(x->vault, &all, &count, &x->trouble);

	if (r)
		return say_vault(x, r);
	for (size_t i = 0; i < count; i++)
		print_snapshot(x, &all[i]);
	return EXIT_FINE;
}

static bool read_point(const char *text, walltime *out)
{
	struct tm tm = { 0 };
	const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

	if (!text) {
		*out = 0;
		return true;
	}
	if (!end || (strcmp(end, "Z") && *end))
		return false;
	*out = (walltime)timegm(&tm);
	return true;
}

static int choose(struct restoring *x)
{
	walltime point;
	int r;

	if (!read_point(words_option(x->words, "point"), &point)) {
		say_error("like 2026-11-24T03:00:00Z", "--point is no time");
		return EXIT_ERROR;
	}
	r = restore_find(x->vault, point, &x->snapshot, &x->trouble);
	if (r)
		return say_vault(x, r);
	printf("From the backup of ");
	print_snapshot(x, &x->snapshot);
	return EXIT_FINE;
}

/* -- where it goes -- */

static bool is_empty_or_absent(const char *path)
{
	CLEANUP(buf_free) struct buf names = BUF_NULL(SIZE_MAX);
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT;
	if (!S_ISDIR(st.st_mode))
		return false;
	return os_real()->list(os_real()->state, path, &names) == 0 && names.len == 0;
}

static int choose_folder(struct restoring *x)
{
	const char *to = words_option(x->words, "to");
	struct view trimmed = view_z(to ? to : "");

	while (trimmed.len > 1 && view_ends(trimmed, VIEW("/")))
		trimmed.len--;
	if (!trimmed.len) {
		say_error("`--to DIR`: the data directory that agent.yaml names, empty "
			  "or not there yet",
				"where is it to go?");
		return EXIT_ERROR;
	}
	x->to = arena_copy_z(x->arena, trimmed);
	x->side = arena_printf(x->arena, "%s.restoring%c", x->to, 0).data;
	if (!is_empty_or_absent(x->to)) {
		say_error("move it away first: nothing that is there is written over",
				"%s is not empty; nothing was changed", x->to);
		return EXIT_CONFLICT;
	}
	x->resumed = access(x->side, F_OK) == 0;
	if (x->resumed)
		printf("Going on with %s.\n", x->side);
	return EXIT_FINE;
}

/* -- bringing it -- */

static void say_progress(uint64_t files, uint64_t bytes)
{
	fprintf(stderr, "  %llu files, %llu MiB\n", (unsigned long long)files,
			(unsigned long long)bytes / 1048576);
}

static int bring(struct restoring *x, struct view only)
{
	CLEANUP(restore_freep) struct restore *restore = NULL;
	const struct restore_options options = { .vault = x->vault,
		.snapshot = &x->snapshot.id,
		.to = x->side,
		.only = only };
	nstime said = clock_now();
	uint64_t files = 0, bytes = 0;
	struct restored file;
	int r = restore_begin(&options, &restore, &x->trouble);

	while (!r && !(r = restore_next(restore, &file, &x->trouble))) {
		files++;
		bytes += file.size;
		if (clock_now() < said + nstime_seconds(SAY_EACH))
			continue;
		said = clock_now();
		say_progress(files, bytes);
	}
	if (r != RESTORE_END) {
		say_error("run it again: it goes on where it was", "%s: %s",
				x->trouble.reason ? x->trouble.reason : "BackupFailed",
				x->trouble.message);
		return EXIT_ERROR;
	}
	printf("%llu files, %llu MiB are there, every byte checked.\n",
			(unsigned long long)files, (unsigned long long)bytes / 1048576);
	return EXIT_FINE;
}

/* -- as a host -- */

/* The page may have it; else it came with the backup, sealed to the code. */
static int find_master(struct restoring *x)
{
	CLEANUP(freep) char *path = data_path(x->side, RECOVERY_KIT_SEALED);
	CLEANUP(freep) char *sealed = NULL;
	size_t len;

	if (x->kit.master.len)
		return EXIT_FINE;
	if (os_read_file(os_real(), path, AGE_FILE_MAX, &sealed, &len) == 0 &&
			recovery_kit_unseal(view_of(sealed, len), &x->kit.identity,
					&x->kit.master) == RECOVERY_KIT_OK)
		return EXIT_FINE;
	say_error("it is the line `posthus-master-1:…` of the kit",
			"the backup brought no master key that this code opens");
	return EXIT_INVALID;
}

static int take_keys(struct restoring *x)
{
	struct secret master = secret_copy(secret_expose(&x->kit.master));
	int r = broker_start(&master, &x->broker);

	if (!r)
		r = broker_purpose_key(x->broker, PURPOSE_CONTROL, &x->control);
	if (!r)
		r = broker_purpose_key(x->broker, PURPOSE_QUEUE, &x->queue);
	if (!r)
		return EXIT_FINE;
	say_error(NULL, "the key broker does not start: %s",
			strerror(r < 0 ? -r : EPROTO));
	return EXIT_ERROR;
}

static int check(struct restoring *x)
{
	struct restore_checked checked;
	int r = restore_check(x->side, &x->control, x->broker, NULL, &checked);
	int code = EXIT_FINE;

	if (r == DATABASE_E_WRONG_KEY) {
		say_error("take the kit that was printed for that host",
				"the control database does not open under the kit's "
				"master key");
		code = EXIT_INVALID;
	} else if (r) {
		say_error(NULL, "the control database does not open: %s",
				r < 0 ? strerror(-r) : "it is damaged");
		code = EXIT_ERROR;
	} else {
		printf("%llu accounts open and are whole; %llu are sealed for their "
		       "owners; %llu have no mail yet.\n",
				(unsigned long long)checked.accounts,
				(unsigned long long)checked.sealed,
				(unsigned long long)checked.absent);
	}
	if (!r && checked.broken_count)
		fprintf(stderr,
				"warning: %llu accounts are damaged, as they were when "
				"the backup was taken: %.*s\n",
				(unsigned long long)checked.broken_count,
				VIEW_ARG(buf_view(&checked.broken)));
	buf_free(&checked.broken);
	return code;
}

/* What went out since the backup was taken would go out again. */
static int hold_queue(struct restoring *x)
{
	CLEANUP(freep) char *path = data_path(x->side, "queue.db");
	const struct queue_options options = { .path = path, .key = &x->queue };
	struct queue_counts counts = { 0 };
	struct queue *queue = NULL;
	int r;

	if (access(path, F_OK))
		return 0;
	r = queue_open(&options, &queue);
	if (!r && words_flag(x->words, "hold"))
		r = queue_hold(queue, 0, true);
	if (!r)
		r = queue_count(queue, &counts);
	queue_close(queue);
	if (!r && counts.messages)
		printf("%llu messages wait for other hosts%s.\n",
				(unsigned long long)counts.messages,
				words_flag(x->words, "hold")
						? ", held: `posthus queue release all` "
						  "lets them go"
						: "; those that went out since go out "
						  "again (--hold keeps them back)");
	return r;
}

static int adopt(struct restoring *x)
{
	int r = restore_adopt(x->side, &x->control, x->snapshot.at, clock_wall());

	if (!r)
		r = hold_queue(x);
	if (!r)
		return EXIT_FINE;
	say_error(NULL, "what was restored cannot be made ready: %s",
			r < 0 ? strerror(-r) : "a database is damaged");
	return EXIT_ERROR;
}

/* -- the agent's file and the master key, where they were -- */

/* Never over one that is there. */
static bool write_new(const char *path, struct view bytes, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	bool well = fd >= 0 && write(fd, bytes.data, bytes.len) == (ssize_t)bytes.len &&
		    fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return well;
}

static void put_file(const char *path, struct view bytes, mode_t mode, const char *what)
{
	char *slash = strrchr(path, '/');

	if (access(path, F_OK) == 0) {
		printf("%s is there already and stays: %s\n", what, path);
		return;
	}
	if (slash && slash != path) {
		CLEANUP(freep)
		char *folder = xstrndup(path, (size_t)(slash - path));

		if (mkdir(folder, 0755) && errno != EEXIST)
			errno = 0;
	}
	if (write_new(path, bytes, mode))
		printf("%s is where it was: %s\n", what, path);
	else
		fprintf(stderr, "warning: %s cannot be written to %s: %s\n", what, path,
				strerror(errno));
}

static void put_master_key(struct restoring *x, const struct agent_file *file)
{
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(256);
	CLEANUP(secret_free) struct secret line = SECRET_NULL;

	if (file->master_key_kind != MASTER_KEY_HOST_FILE || !file->master_key.len) {
		printf("Put the kit's master key where agent.yaml takes it from.\n");
		return;
	}
	master_key_write(&x->kit.master, &line);
	buf_add(&text, secret_expose(&line));
	put_file(arena_copy_z(x->arena, file->master_key), buf_view(&text), 0600,
			"the master key");
}

static uid_t owner_uid;
static gid_t owner_gid;

static int give_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return lchown(path, owner_uid, owner_gid);
}

/* As the user that the agent runs as. */
static void give_away(struct restoring *x, const struct agent_file *file)
{
	const char *user = arena_copy_z(x->arena, file->user);
	const struct passwd *entry = *user && geteuid() == 0 ? getpwnam(user) : NULL;

	if (!*user || geteuid() != 0)
		return;
	if (!entry) {
		printf("Make the user %s, then: chown -R %s %s\n", user, user, x->to);
		return;
	}
	owner_uid = entry->pw_uid;
	owner_gid = entry->pw_gid;
	if (nftw(x->side, give_one, 16, FTW_PHYS))
		fprintf(stderr, "warning: chown -R %s %s\n", user, x->to);
}

static int put_setting(struct restoring *x)
{
	CLEANUP(freep) char *path = data_path(x->side, "agent.yaml");
	CLEANUP(freep) char *bytes = NULL;
	const char *config = words_option(x->words, "config");
	struct source_file source = { .path = VIEW("agent.yaml") };
	struct agent_file file;
	struct diagnostics d;
	size_t len;
	int r;

	if (os_read_file(os_real(), path, 1024 * 1024, &bytes, &len))
		return EXIT_FINE; /* it was started without one */
	source.bytes = view_of(bytes, len);
	diagnostics_init(&d, x->arena, sources_new(x->arena, &source, 1));
	r = agent_file_read(&d, &file);
	diagnostics_deinit(&d);
	if (r)
		return EXIT_FINE;
	if (!config)
		config = "/etc/posthus/agent.yaml";
	put_file(config, source.bytes, 0644, "the agent's file");
	put_master_key(x, &file);
	give_away(x, &file);
	if (!view_eq(file.data, view_z(x->to)))
		printf("agent.yaml names %.*s as the data directory: change that, or "
		       "move %s there.\n",
				VIEW_ARG(file.data), x->to);
	return EXIT_FINE;
}

static int move_in(struct restoring *x)
{
	const struct os *os = os_real();
	CLEANUP(freep) char *parent = xstrndup(x->to, strlen(x->to));
	char *slash = strrchr(parent, '/');
	int r;

	if (rmdir(x->to) && errno != ENOENT)
		r = -errno;
	else
		r = os->rename(os->state, x->side, x->to);
	if (slash)
		slash[slash == parent] = '\0';
	if (!r)
		r = os->sync_dir(os->state, slash ? parent : ".");
	if (!r)
		return EXIT_FINE;
	say_error(NULL, "%s cannot take its place as %s: %s", x->side, x->to,
			strerror(-r));
	return EXIT_ERROR;
}

static int restore_host(struct restoring *x)
{
	int code = bring(x, VIEW_NULL);

	if (code == EXIT_FINE)
		code = find_master(x);
	if (code == EXIT_FINE)
		code = take_keys(x);
	if (code == EXIT_FINE)
		code = check(x);
	if (code == EXIT_FINE)
		code = adopt(x);
	if (code == EXIT_FINE)
		code = put_setting(x);
	if (code == EXIT_FINE)
		code = move_in(x);
	if (code != EXIT_FINE)
		return code;
	puts("\nNext:\n"
	     "  posthus run        serves mail as it was; nothing else is touched yet\n"
	     "  posthus plan       what has to change: the records of this machine's "
	     "address, above all\n"
	     "  posthus doctor     the PTR record to order for it\n"
	     "  posthus resume     lets the plan happen");
	return EXIT_FINE;
}

/* -- one account -- */

/* By its id or its address, as they were then. */
static int find_account(struct restoring *x, struct database *db, const char *name,
		struct view *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	CLEANUP(buf_free) struct buf file = BUF_NULL(128);
	int r = database_prepare(db,
			"SELECT uid FROM object JOIN account USING (uid)"
			" WHERE id = ?1 OR key = ?1 ORDER BY state LIMIT 1",
			&s);

	if (r)
		return r;
	bind_text(s, 1, view_z(name));
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r ? r : DATABASE_E_ABSENT;
	buf_add_z(&file, "accounts/");
	hex_add(&file, view_sub(column_view(s, 0), 0, 1));
	buf_add_byte(&file, '/');
	hex_add(&file, column_view(s, 0));
	buf_add_z(&file, ".db");
	*out = arena_copy(x->arena, buf_view(&file));
	return 0;
}

static int account_of(struct restoring *x, const char *name, struct view *out)
{
	CLEANUP(freep) char *path = data_path(x->side, "control.db");
	CLEANUP(database_closep) struct database *db = NULL;
	int r = control_database_open(path, &x->control, &db);

	if (!r)
		r = find_account(x, db, name, out);
	if (!r)
		return EXIT_FINE;
	if (r == DATABASE_E_ABSENT)
		say_error("its id or its address, as they were then",
				"the backup has no account %s", name);
	else
		say_error(NULL, "the control database of the backup does not open");
	return EXIT_ERROR;
}

static int restore_account(struct restoring *x, const char *name)
{
	struct view file;
	int code = bring(x, VIEW("control.db"));

	if (code == EXIT_FINE && !x->kit.master.len)
		code = bring(x, VIEW(RECOVERY_KIT_SEALED));
	if (code == EXIT_FINE)
		code = find_master(x);
	if (code == EXIT_FINE)
		code = take_keys(x);
	if (code == EXIT_FINE)
		code = account_of(x, name, &file);
	if (code == EXIT_FINE)
		code = bring(x, file);
	if (code == EXIT_FINE)
		code = move_in(x);
	if (code != EXIT_FINE)
		return code;
	printf("\n%s/%.*s is the account as it was.\n"
	       "To put it in place: stop posthus, move the account's file of that name "
	       "away from the data\ndirectory, with its -wal, and this one there; start, "
	       "and `posthus account accept-restore`.\n",
			x->to, VIEW_ARG(file));
	return EXIT_FINE;
}

/* -- the whole -- */

static int restore(struct restoring *x)
{
	const char *account = words_option(x->words, "account");
	int code = read_kit(x);

	if (code == EXIT_FINE)
		code = find_place(x);
	if (code == EXIT_FINE)
		code = open_vault(x);
	if (code != EXIT_FINE)
		return code;
	if (words_flag(x->words, "list"))
		return list(x);
	code = choose_folder(x);
	if (code == EXIT_FINE)
		code = choose(x);
	if (code != EXIT_FINE)
		return code;
	return account ? restore_account(x, account) : restore_host(x);
}

static int run(const struct words *words)
{
	struct restoring x = { .words = words, .arena = arena_new() };
	int code;

	umask(0077);
	code = restore(&x);
	vault_free(x.vault);
	broker_stop(x.broker);
	key_wipe(&x.control);
	key_wipe(&x.queue);
	backup_secrets_free(&x.secrets);
	json_decref(x.place);
	kit_deinit(&x.kit);
	arena_free(x.arena);
	return code;
}

static const struct option_row options[] = {
	{ "kit", "FILE", "the recovery kit: master key, recovery code, place" },
	{ "from", "DIR", "where the backups are, over what the kit says" },
	{ "to", "DIR", "the data directory: absent or empty" },
	{ "point", "TIME", "the last backup at or before then; default: the newest" },
	{ "account", "NAME", "the file of that account alone: by id or address" },
	{ "hold", NULL, "keep back what waits for other hosts" },
	{ "list", NULL, "show what there is, and restore nothing" },
	OPTION_CONFIG,
};

const struct command command_restore = {
	.name = "restore",
	.operands = "",
	.summary = "Bring a host, or one account, back from a backup",
	.help = "On an empty machine, with the recovery kit. Nothing that is there is "
		"written over: DIR has to be\n"
		"empty or absent, and what was cut off goes on. The agent's file and the "
		"master key go to where\n"
		"they were, unless something is there. Every account is checked, and "
		"served under a new UIDVALIDITY;\n"
		"nothing in the world is touched before `posthus resume`.",
	OPTIONS(options),
	.run = run,
};
