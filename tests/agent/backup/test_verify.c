/* Whatever is done to an object of a vault, verifying names it (attacks K03). POSTHUS_ROUNDS says
 * how often it is tried; tests/backup_verify does it a thousand times. */
#include "backup_house.h"

#include "agent/backup/target.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	OBJECTS = 256,
	ROUNDS = 120,
};

struct objects {
	char paths[OBJECTS][512];
	size_t count;
	/* A snapshot that a prune dropped, as it was. */
	char dropped_path[512];
	char *dropped;
	size_t dropped_len;
};

static char *read_object(const char *path, size_t *len)
{
	char *bytes = NULL;

	assert_int_equal(os_read_file(os_real(), path, 16 * 1024 * 1024, &bytes, len), 0);
	return bytes;
}

static void write_object(const char *path, const char *bytes, size_t len)
{
	assert_int_equal(os_replace_file(os_real(), path, view_of(bytes, len), 0600), 0);
}

static void list_folder(const char *target, const char *folder, struct objects *out)
{
	char path[200];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", target, folder);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && entry->d_type == DT_REG) {
			assert_true(out->count < OBJECTS);
			snprintf(out->paths[out->count++], 512, "%s%s%s", path,
					*folder ? "/" : "", entry->d_name);
		}
	if (dir)
		closedir(dir);
}

static void list_all(const char *target, struct objects *out)
{
	out->count = 0;
	list_folder(target, "", out);
	list_folder(target, "packs", out);
	list_folder(target, "index", out);
	list_folder(target, "snapshots", out);
	list_folder(target, "marks", out);
}

/* Three snapshots, of which a prune drops the second. */
static void make_vault(struct backup_house *house, struct objects *objects)
{
	CLEANUP(vault_freep) struct vault *vault = NULL;
	struct vault_keep keep = { .daily = 2 };
	struct objects before = { .count = 0 };
	struct vault_pruned pruned;
	const walltime day = 86400;

	house_new(house, 11);
	house_file_add(house, "accounts/a.db", 700000, VAULT_PAGES, false);
	house_file_add(house, "words", 300000, VAULT_STREAM, true);
	assert_int_equal(house_backup(house, true, day).outcome, VAULT_OK);
	assert_int_equal(house_backup(house, true, 2 * day).outcome, VAULT_OK);
	list_folder(house->target, "snapshots", &before);
	house_file_touch(house, &house->files[0], 4);
	assert_int_equal(house_backup(house, true, 2 * day + 100).outcome, VAULT_OK);
	for (size_t i = 0; i < before.count; i++)
		if (strstr(before.paths[i], "/0000000000000002-")) {
			strcpy(objects->dropped_path, before.paths[i]);
			objects->dropped = read_object(
					before.paths[i], &objects->dropped_len);
		}
	assert_non_null(objects->dropped);
	assert_int_equal(vault_open(&house->writing, &vault, &house->trouble), VAULT_OK);
	assert_int_equal(vault_prune(vault, &keep, 3 * day, &pruned, &house->trouble),
			VAULT_OK);
	assert_int_equal(pruned.dropped, 1);
	list_all(house->target, objects);
}

static bool is_in(const char *path, const char *folder)
{
	return strstr(path, folder) != NULL;
}

enum change {
	FLIP,
	CUT,
	LENGTHEN,
	SWAP,
	REMOVE,
	ZERO,
	PUT_BACK,
	CHANGES,
};

static const char *const change_names[] = { "a flipped bit", "cut off", "lengthened",
	"swapped", "removed", "zeros", "put back" };

/* False: that would be no change, or one that loses nothing. */
static bool change(struct backup_house *house, struct objects *objects, enum change what,
		const char *path, char *bytes, size_t len)
{
	const char *other = objects->paths[house_random(house) % objects->count];
	CLEANUP(freep) char *others = NULL;
	size_t other_len, at = house_random(house) % len;

	switch (what) {
	case FLIP:
		bytes[at] ^= (char)(1 << house_random(house) % 8);
		write_object(path, bytes, len);
		return true;
	case CUT:
		write_object(path, bytes, at);
		return true;
	case LENGTHEN:
		bytes[len] = (char)house_random(house);
		write_object(path, bytes, len + 1);
		return true;
	case SWAP:
		others = read_object(other, &other_len);
		if (other == path)
			return false;
		write_object(path, others, other_len);
		return true;
	case REMOVE: /* an index is made anew, a mark too */
		if (is_in(path, "/index/") || is_in(path, "/marks/"))
			return false;
		assert_int_equal(unlink(path), 0);
		return true;
	case ZERO:
		memset(bytes + at, 0, len - at < 64 ? len - at : 64);
		write_object(path, bytes, len);
		return true;
	case PUT_BACK:
		write_object(objects->dropped_path, objects->dropped,
				objects->dropped_len);
		return true;
	default:
		return false;
	}
}

static void K03_every_change_is_named(void **state)
{
	const char *rounds = getenv("POSTHUS_ROUNDS");
	struct objects *objects = xcalloc(1, sizeof(*objects));
	unsigned tried[CHANGES] = { 0 };
	struct backup_house house;

	(void)state;
	make_vault(&house, objects);
	assert_int_equal(house_findings(&house, VAULT_DEEP, true), 0);
	assert_int_equal(house_findings(&house, VAULT_DEEP, false), 0);
	for (int i = 0; i < (rounds ? atoi(rounds) : ROUNDS);) {
		const char *path = objects->paths[house_random(&house) % objects->count];
		enum change what = (enum change)(house_random(&house) % CHANGES);
		/* That the newest is gone only the host can know, who wrote it. */
		bool as_host = house_random(&house) % 2 ||
			       (what == REMOVE && is_in(path, "/0000000000000003-"));
		size_t len;
		char *bytes = read_object(path, &len), *kept = xmalloc(len + 1);

		memcpy(kept, bytes, len);
		if (change(&house, objects, what, path, bytes, len)) {
			if (house_findings(&house, VAULT_DEEP, as_host) == 0)
				fail_msg("%s, %s, was not named to %s", path,
						change_names[what],
						as_host ? "the host" : "who restores");
			tried[what]++;
			i++;
		}
		write_object(path, kept, len);
		unlink(objects->dropped_path);
		free(bytes);
		free(kept);
	}
	assert_int_equal(house_findings(&house, VAULT_DEEP, true), 0);
	for (size_t i = 0; i < CHANGES; i++)
		print_message("%-14s %u, all named\n", change_names[i], tried[i]);
	free(objects->dropped);
	free(objects);
	house_end(&house);
}

/* Without reading all: what is gone, cut off or put back, and what is signed. */
static void a_quick_look_sees_sizes(void **state)
{
	struct objects *objects = xcalloc(1, sizeof(*objects));
	struct backup_house house;

	(void)state;
	make_vault(&house, objects);
	assert_int_equal(house_findings(&house, VAULT_QUICK, true), 0);
	for (size_t i = 0; i < objects->count; i++) {
		size_t len;
		char *bytes = read_object(objects->paths[i], &len);

		write_object(objects->paths[i], bytes, len - 1);
		if (house_findings(&house, VAULT_QUICK, true) == 0)
			fail_msg("%s: cut off and not seen", objects->paths[i]);
		write_object(objects->paths[i], bytes, len);
		free(bytes);
	}
	free(objects->dropped);
	free(objects);
	house_end(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(K03_every_change_is_named),
		cmocka_unit_test(a_quick_look_sees_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
