#include "agent/command/new_files.h"

#include "agent/command/command.h"
#include "agent/database/data_directory.h"
#include "runtime/base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Something is there that is not hidden; or a negative errno. */
static int holds_something(const char *directory)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	int r = 0;

	if (!dir)
		return -errno;
	while (r == 0 && (entry = readdir(dir)))
		r = entry->d_name[0] != '.';
	closedir(dir);
	return r;
}

static int write_new(const char *path, struct view bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool good;

	if (!file)
		return errno ? -errno : -EIO;
	good = fwrite(bytes.data, 1, bytes.len, file) == bytes.len;
	good = fclose(file) == 0 && good;
	return good ? 0 : errno ? -errno : -EIO;
}

static enum exit_code write_one(const char *directory, const struct source_file *file)
{
	CLEANUP(freep) char *name = xstrndup(file->path.data, file->path.len);
	CLEANUP(freep) char *path = data_path(directory, name);
	int r = write_new(path, file->bytes);

	if (r) {
		say_error(NULL, "%s: %s", path, strerror(-r));
		return EXIT_ERROR;
	}
	puts(path);
	return EXIT_FINE;
}

enum exit_code new_files_write(
		const char *directory, const struct source_file *files, size_t count)
{
	enum exit_code code = EXIT_FINE;
	int r;

	if (mkdir(directory, 0700) && errno != EEXIST) {
		say_error(NULL, "%s: %s", directory, strerror(errno));
		return EXIT_ERROR;
	}
	r = holds_something(directory);
	if (r < 0) {
		say_error(NULL, "%s: %s", directory, strerror(-r));
		return EXIT_ERROR;
	}
	if (r) {
		say_error("name one that is empty, or that is to be made: nothing is "
			  "overwritten",
				"%s holds files already", directory);
		return EXIT_ERROR;
	}
	for (size_t i = 0; i < count && code == EXIT_FINE; i++)
		code = write_one(directory, &files[i]);
	return code;
}
