/* The data directory, its lock, the master key, the clock against what was written. */
#include "agent/command/findings.h"

#include "agent/database/data_directory.h"
#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/master_key.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	PRIVATE = 077,              /* bits that nobody but the owner may have */
	CLOCK_SLACK = 5 * 60,       /* seconds that another clock may have been ahead */
	FIRST_RELEASE = 1767225600, /* 2026: no clock of ours can be before */
};

static const char *user_name(struct arena *arena, uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		return arena_copy_z(arena, view_z(user->pw_name));
	return arena_printf(arena, "uid %u", (unsigned)uid).data;
}

/* Takes from all others what they may do to a file or folder of ours. */
static bool make_private(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	bool done = fd >= 0 && fstat(fd, &st) == 0 &&
		    (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) &&
		    fchmod(fd, st.st_mode & 07777 & ~(mode_t)PRIVATE) == 0;

	if (fd >= 0)
		close(fd);
	return done;
}

static void look_at_owner(
		struct findings *f, const struct setting *setting, const struct stat *st)
{
	const char *owner = user_name(setting->arena, st->st_uid);
	struct stat socket;
	bool other = stat(setting->control, &socket) == 0 && socket.st_uid != st->st_uid;
	const char *agent = other ? user_name(setting->arena, socket.st_uid) : owner;

	if (other)
		finding_say(f, FINDING_FAIL, "owner",
				arena_printf(setting->arena, "chown -R %s %s", agent,
						setting->data)
						.data,
				"%s is %s's, and the agent runs as %s", setting->data,
				owner, agent);
	else
		finding_say(f, FINDING_OK, "owner", NULL, "%s is %s's", setting->data,
				owner);
}

static bool look_at_folder(struct findings *f, const struct setting *setting)
{
	const char *what = "data directory", *data = setting->data;
	struct stat st;

	if (stat(data, &st) && errno == ENOENT && f->mend && os_make_dir(data) == 0)
		finding_say(f, FINDING_OK, what, NULL, "%s was missing, and was made",
				data);
	if (stat(data, &st)) {
		finding_say(f, FINDING_FAIL, what,
				errno == ENOENT ? "`posthus init` begins a server; --fix "
						  "makes the folder"
						: "run this as root",
				"%s: %s", data, strerror(errno));
		return false;
	}
	if (!S_ISDIR(st.st_mode)) {
		finding_say(f, FINDING_FAIL, what, "name a folder in agent.yaml: `data:`",
				"%s is no folder", data);
		return false;
	}
	if (!(st.st_mode & PRIVATE))
		finding_say(f, FINDING_OK, what, NULL, "%s is its owner's alone", data);
	else if (f->mend && make_private(AT_FDCWD, data))
		finding_say(f, FINDING_OK, what, NULL,
				"%s had mode %04o, and is its owner's alone now", data,
				st.st_mode & 07777);
	else
		finding_say(f, FINDING_FAIL, what,
				arena_printf(setting->arena, "chmod 700 %s, or --fix",
						data)
						.data,
				"%s has mode %04o: others may look into it", data,
				st.st_mode & 07777);
	look_at_owner(f, setting, &st);
	return true;
}

static void look_at_entry(struct findings *f, struct arena *arena, int folder,
		const char *name, uid_t owner, size_t *wrong)
{
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) ||
			!(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return;
	if (st.st_uid != owner) {
		++*wrong;
		finding_say(f, FINDING_FAIL, "files",
				"chown it to the owner of the data directory",
				"%s is %s's", name, user_name(arena, st.st_uid));
	}
	if (!(st.st_mode & PRIVATE) || (f->mend && make_private(folder, name)))
		return;
	++*wrong;
	finding_say(f, FINDING_WARN, "files", "chmod go-rwx, or --fix",
			"%s has mode %04o", name, st.st_mode & 07777);
}

/* One level: what is below lies in folders that are looked at here. */
static void look_at_entries(struct findings *f, const struct setting *setting)
{
	DIR *folder = opendir(setting->data);
	const struct dirent *entry;
	size_t wrong = 0, count = 0;
	struct stat st;

	if (!folder || fstat(dirfd(folder), &st)) {
		finding_say(f, FINDING_WARN, "files", "run this as root", "%s: %s",
				setting->data, strerror(errno));
		if (folder)
			closedir(folder);
		return;
	}
	while ((entry = readdir(folder))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		count++;
		look_at_entry(f, setting->arena, dirfd(folder), entry->d_name, st.st_uid,
				&wrong);
	}
	closedir(folder);
	if (!wrong)
		finding_say(f, FINDING_OK, "files", NULL,
				"%zu in the data directory, all its owner's alone",
				count);
}

static void look_at_lock(struct findings *f, const struct setting *setting)
{
	bool locked;
	int r = data_directory_is_locked(setting->data, &locked);

	if (r)
		finding_say(f, FINDING_WARN, "lock", "run this as root", "%s/lock: %s",
				setting->data, strerror(-r));
	else if (locked)
		finding_say(f, FINDING_OK, "lock", NULL,
				"an agent has the data directory");
	else
		finding_say(f, FINDING_WARN, "lock",
				"`systemctl start posthus`, or `posthus run`",
				"nobody holds it: no agent runs here");
}

static void look_at_key(struct findings *f, const struct setting *setting)
{
	CLEANUP(secret_free) struct secret key = SECRET_NULL;
	const char *what = "master key", *name;
	int r = setting_find_master_key(setting, &name, &key);

	if (r == MASTER_KEY_E_READABLE && f->mend && make_private(AT_FDCWD, name))
		r = setting_find_master_key(setting, &name, &key);
	switch (r) {
	case MASTER_KEY_OK:
		finding_say(f, FINDING_OK, what, NULL,
				"%s is a key, and no other can read it", name);
		break;
	case MASTER_KEY_E_LOCKED:
		finding_say(f, FINDING_OK, what, NULL,
				"%s is a key, locked by a passphrase that each start "
				"asks "
				"for",
				name);
		break;
	case MASTER_KEY_E_ABSENT:
		if (setting->file.master_key_kind == MASTER_KEY_HOST_FILE)
			finding_say(f, FINDING_FAIL, what,
					"put it back: nothing here opens without it",
					"there is none at %s", name);
		else
			finding_say(f, FINDING_WARN, what,
					"systemd gives a credential to the service "
					"alone; "
					"look at LoadCredential= in its unit",
					"not to be seen from here: %s", name);
		break;
	case MASTER_KEY_E_READABLE:
		finding_say(f, FINDING_FAIL, what,
				arena_printf(setting->arena,
						"chmod 600 %s, or --fix; own it as the "
						"agent's user or root",
						name)
						.data,
				"others can read %s, or it is not yours", name);
		break;
	case MASTER_KEY_E_FORM:
		finding_say(f, FINDING_FAIL, what,
				"it is one line that begins with posthus-master-1:",
				"%s is not a master key", name);
		break;
	default:
		finding_say(f, FINDING_WARN, what, "run this as root", "%s: %s", name,
				strerror(-r));
		break;
	}
}

/* When the newest of the agent's own writes was; 0: none is to be seen. */
static time_t last_write(const struct setting *setting)
{
	static const char *const names[] = { "control.db", "control.db-wal", "intake" };
	time_t newest = 0;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEANUP(freep) char *path = data_path(setting->data, names[i]);
		struct stat st;

		if (stat(path, &st) == 0 && st.st_mtime > newest)
			newest = st.st_mtime;
	}
	return newest;
}

static void look_at_time(struct findings *f, const struct setting *setting)
{
	static const char help[] =
			"set the clock; certificates and the history of the mail "
			"depend on it";
	time_t now = time(NULL), written = last_write(setting);

	if (now < FIRST_RELEASE)
		finding_say(f, FINDING_FAIL, "time", help,
				"it is earlier here than this program");
	else if (written > now + CLOCK_SLACK)
		finding_say(f, FINDING_FAIL, "time", help,
				"the last write lies %lld s in the future",
				(long long)(written - now));
	else
		finding_say(f, FINDING_OK, "time", NULL,
				"later than all that was written");
}

bool doctor_look_at_data(struct findings *f, const struct setting *setting)
{
	bool there = look_at_folder(f, setting);

	if (there) {
		look_at_entries(f, setting);
		look_at_lock(f, setting);
	}
	look_at_key(f, setting);
	look_at_time(f, setting);
	return there;
}
