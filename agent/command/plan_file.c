#include "agent/command/plan_file.h"

#include "agent/command/command.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	LONGEST_FILE = 128 * 1024 * 1024,
	VERSION = 1,
};

static const char begin[] = "{\"posthus_plan\":";

static int write_text(const char *path, const char *text)
{
	CLEANUP(freep) char *side = xcalloc(1, strlen(path) + 8);
	FILE *file;
	bool good;
	int fd;

	snprintf(side, strlen(path) + 8, "%s.XXXXXX", path);
	fd = mkostemp(side, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	file = fdopen(fd, "w");
	good = file && fputs(text, file) >= 0;
	if (file)
		good = fclose(file) == 0 && good;
	else
		close(fd);
	if (good && rename(side, path) == 0)
		return 0;
	(void)unlink(side);
	return errno ? -errno : -EIO;
}

enum exit_code plan_file_write(const char *path, const json_t *body, const json_t *answer)
{
	const json_t *plan = json_object_get(answer, "plan");
	CLEANUP(freep) char *text = NULL;
	json_t *file;
	int r;

	/* The mark stands first, so that a reader need not parse a whole state to see that
	 * it is none: the order of the members is kept. */
	file = json_pack("{s:i, s:O, s:O, s:O, s:O}", "posthus_plan", VERSION, "digest",
			json_object_get(plan, "digest"), "summary",
			json_object_get(plan, "summary"), "origin",
			json_object_get(body, "origin"), "files",
			json_object_get(body, "files"));
	text = file ? json_dumps(file, JSON_COMPACT) : NULL;
	json_decref(file);
	r = text ? write_text(path, text) : -EINVAL;
	if (r == 0)
		return EXIT_FINE;
	say_error(NULL, "the plan cannot be written to %s: %s", path, strerror(-r));
	return EXIT_ERROR;
}

int plan_file_read(const char *path, json_t **body_out)
{
	CLEANUP(freep) char *bytes = NULL;
	json_t *file, *body;
	size_t len;

	if (!path || os_read_file(os_real(), path, LONGEST_FILE, &bytes, &len) ||
			len < sizeof(begin) ||
			memcmp(bytes, begin, sizeof(begin) - 1) != 0)
		return PLAN_FILE_E_NONE;
	file = json_loadb(bytes, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	body = json_pack("{s:O, s:O, s:O}", "files", json_object_get(file, "files"),
			"origin", json_object_get(file, "origin"), "expect",
			json_object_get(file, "digest"));
	if (!body || json_integer_value(json_object_get(file, "posthus_plan")) !=
					VERSION) {
		json_decref(file);
		json_decref(body);
		say_error("make a new one: posthus plan --out FILE",
				"%s is a damaged plan, or one of another version", path);
		return PLAN_FILE_E_BAD;
	}
	json_decref(file);
	*body_out = body;
	return PLAN_FILE_OK;
}
