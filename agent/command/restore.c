/* The way back: a host, or one account, from a backup and the recovery kit. It needs no agent,
 * no state and no network but the place where the backups are. */
#include "agent/command/restore_inside.h"

#include "agent/backup/kit.h"
#include "agent/backup/order.h"
#include "agent/backup/restore.h"
#include "agent/database/text.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/broker.h"

#include <errno.h>
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

int restore_bring(struct restoring *x, struct view only)
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
