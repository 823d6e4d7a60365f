/* A data directory that was brought back becomes a host again. */
#include "agent/command/restore_inside.h"

#include "agent/backup/kit.h"
#include "agent/backup/restore.h"
#include "agent/database/data_directory.h"
#include "agent/database/recovery_kit.h"
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
#include <unistd.h>

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

static int start_broker(struct restoring *x)
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

int restore_take_keys(struct restoring *x)
{
	int code = find_master(x);

	return code == EXIT_FINE ? start_broker(x) : code;
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

int restore_move_in(struct restoring *x)
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

int restore_host(struct restoring *x)
{
	int code = restore_bring(x, VIEW_NULL);

	if (code == EXIT_FINE)
		code = restore_take_keys(x);
	if (code == EXIT_FINE)
		code = check(x);
	if (code == EXIT_FINE)
		code = adopt(x);
	if (code == EXIT_FINE)
		code = put_setting(x);
	if (code == EXIT_FINE)
		code = restore_move_in(x);
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
