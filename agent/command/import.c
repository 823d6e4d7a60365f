/* Reads what another mail server was configured with, and writes a state: offline, and from
 * files that are read and left as they are. */
#include "agent/command/command.h"
#include "agent/command/new_files.h"
#include "agent/setup/moving.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST_FILES = 64,
	LONGEST_FILE = 64 * 1024 * 1024,
	LONGEST_TEXT = 256 * 1024 * 1024,
};

/* In the order in which they are read: people before what leads to them. */
static const struct {
	const char *word;
	void (*read)(struct moving *m, const char *file, struct view text);
} kinds[] = {
	{ "dovecot", moving_read_dovecot },
	{ "passwd", moving_read_passwd },
	{ "shadow", moving_read_shadow },
	{ "mailboxes", moving_read_mailboxes },
	{ "domains", moving_read_domains },
	{ "aliases", moving_read_aliases },
};

#define POSTFIX ARRAY_LEN(kinds) /* main.cf, which names others */

struct source {
	size_t kind; /* of `kinds`, or POSTFIX */
	const char *path;
};

static size_t kind_named(struct view word)
{
	size_t i = 0;

	if (view_eq(word, VIEW("postfix")))
		return POSTFIX;
	while (i < ARRAY_LEN(kinds) && !view_eq(word, view_z(kinds[i].word)))
		i++;
	return i < ARRAY_LEN(kinds) ? i : SIZE_MAX;
}

/* KIND=FILE, or a file of the kind that --from says. */
static bool read_operand(const char *operand, const char *from, struct source *out)
{
	struct view path = view_z(operand), word = view_cut(&path, '=');
	size_t kind = path.data ? kind_named(word) : SIZE_MAX;

	if (kind == SIZE_MAX && from) {
		path = view_z(operand);
		kind = kind_named(view_z(from));
	}
	*out = (struct source){ kind, path.data };
	if (kind != SIZE_MAX)
		return true;
	say_error("write KIND=FILE; KIND is postfix, dovecot, passwd, shadow, mailboxes, "
		  "domains or aliases",
			"it is not said what %s is", operand);
	return false;
}

static bool read_file(struct moving *m, const char *path, struct view *out)
{
	CLEANUP(freep) char *bytes = NULL;
	size_t len = 0;
	int r = os_read_file(os_real(), path, LONGEST_FILE, &bytes, &len);

	if (r) {
		say_error(NULL, "%s: %s", path, strerror(-r));
		return false;
	}
	*out = arena_copy(m->arena, view_of(bytes, len));
	return true;
}

static bool read_kind(
		struct moving *m, const struct source *sources, size_t count, size_t kind)
{
	for (size_t i = 0; i < count; i++) {
		struct view text;

		if (sources[i].kind != kind)
			continue;
		if (!read_file(m, sources[i].path, &text))
			return false;
		kinds[kind].read(m, sources[i].path, text);
	}
	return true;
}

static const char *const map_kinds[] = {
	[MOVING_MAILBOXES] = "mailboxes",
	[MOVING_ALIASES] = "aliases",
	[MOVING_DOMAINS] = "domains",
};

/* Of main.cf: the maps join the sources. */
static bool read_main_cf(
		struct moving *m, const char *path, struct source *sources, size_t *count)
{
	CLEANUP(freep) struct moving_file *files = NULL;
	struct view text;
	size_t found;

	if (!read_file(m, path, &text))
		return false;
	found = moving_read_main_cf(m, path, text, &files);
	for (size_t i = 0; i < found; i++) {
		if (*count == MOST_FILES) {
			say_error(NULL, "these are more than %d files", MOST_FILES);
			return false;
		}
		sources[(*count)++] = (struct source){
			kind_named(view_z(map_kinds[files[i].map])), files[i].path
		};
	}
	return true;
}

static bool read_all(struct moving *m, struct source *sources, size_t count)
{
	for (size_t i = 0, given = count; i < given; i++)
		if (sources[i].kind == POSTFIX &&
				!read_main_cf(m, sources[i].path, sources, &count))
			return false;
	for (size_t kind = 0; kind < ARRAY_LEN(kinds); kind++)
		if (!read_kind(m, sources, count, kind))
			return false;
	return true;
}

static void print_remarks(const struct moving *m)
{
	for (size_t i = 0; i < m->remark_count; i++)
		fprintf(stderr, "warning: %s:%u: %.*s\n", m->remarks[i].place.file,
				m->remarks[i].place.line, VIEW_ARG(m->remarks[i].text));
}

static enum exit_code write_result(const struct agent_export *export, const char *to)
{
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(LONGEST_TEXT);

	if (to)
		return new_files_write(to, export->files, export->count);
	agent_export_print(export, &text);
	fwrite(text.data, 1, text.len, stdout);
	return EXIT_FINE;
}

static enum exit_code import(
		struct moving *m, struct source *sources, size_t count, const char *to)
{
	CLEANUP(agent_export_free) struct agent_export export = { 0 };
	CLEANUP(buf_free) struct buf problem = BUF_NULL(LONGEST_TEXT);
	bool good;

	if (!read_all(m, sources, count))
		return EXIT_INVALID;
	good = moving_finish(m, &export, &problem);
	print_remarks(m);
	if (good)
		return write_result(&export, to);
	fwrite(problem.data, 1, problem.len, stderr);
	return EXIT_INVALID;
}

static int run(const struct words *words)
{
	const char *domain = words_option(words, "domain"),
		   *name = words_option(words, "name");
	struct source sources[MOST_FILES];
	struct moving m;
	enum exit_code code;
	size_t count = 0;

	for (; count < words_operand_count(words); count++)
		if (!read_operand(words_operand(words, count),
				    words_option(words, "from"), &sources[count]))
			return EXIT_ERROR;
	moving_init(&m, view_z(domain), view_z(name));
	code = import(&m, sources, count, words_option(words, "to"));
	moving_deinit(&m);
	return (int)code;
}

static const struct option_row options[] = {
	{ "from", "KIND", "what files are that do not say it themselves" },
	{ "domain", "DOMAIN", "of names without one; default: mydomain of main.cf" },
	{ "name", "HOST",
			"the new host's full name; default: myhostname, or mail.DOMAIN" },
	{ "to", "DIR", "write files there, one a section; it has to be empty" },
};

const struct command command_import = {
	.name = "import",
	.operands = "KIND=FILE…",
	.least_operands = 1,
	.most_operands = MOST_FILES,
	.summary = "Make a state from another mail server's files",
	.help = "KIND is postfix (main.cf, and the maps that it names), dovecot (a "
		"passwd-file), passwd, shadow,\n"
		"mailboxes, domains or aliases (sources of Postfix's maps). Prints a "
		"state that validates; what it\n"
		"could not bring is a warning with file and line, and a comment. "
		"Passwords come along as hashes\n"
		"({ARGON2ID}, {SHA512-CRYPT}, {BLF-CRYPT}, {SSHA512}); others are said. "
		"Needs no agent; mail itself\n"
		"is moved by IMAP. Ends with 3 where the files make no state.",
	OPTIONS(options),
	.run = run,
};
