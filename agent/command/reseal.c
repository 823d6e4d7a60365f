/* Seals what a state has sealed anew, for whom `secrets.recipients` names now: after somebody
 * came, left, or lost a key. What is sealed stays as it was, with the place and the endpoint
 * that it is bound to. Nothing is written before all of it is made, and the state as it will be
 * has been checked; each file is replaced whole, or not at all. */
#include "agent/command/offline.h"
#include "agent/command/seal.h"
#include "agent/command/setting.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/base/os.h"
#include "schema/collect.h"
#include "schema/reader.h"
#include "schema/sealed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
	PATHS_MAX = 1000,
	IDENTITY_FILE_MAX = 64 * 1024,
};

struct work {
	struct arena *arena;
	struct collection files;
	struct key identity;
	struct age_recipient recipients[AGE_RECIPIENTS_MAX];
	size_t recipient_count;
	struct source_file *made; /* as they will be */
	size_t count;             /* of values */
};

/* -- who opens them -- */

/* The first line of a file of age's that is a key. */
static enum exit_code read_identity(const char *path, struct key *out)
{
	CLEANUP(freep) char *bytes = NULL;
	struct view text;
	size_t len = 0;
	bool found = false;
	int r = os_read_file(os_real(), path, IDENTITY_FILE_MAX, &bytes, &len);

	if (r) {
		say_error(NULL, "%s cannot be read: %s", path, strerror(-r));
		return EXIT_ERROR;
	}
	for (text = view_of(bytes, len); text.len && !found;)
		found = age_identity_read(view_cut(&text, '\n'), out);
	explicit_bzero(bytes, len);
	if (found)
		return EXIT_FINE;
	say_error("`age-keygen` makes one: a line `AGE-SECRET-KEY-1…`",
			"%s has no key of age's", path);
	return EXIT_INVALID;
}

static enum exit_code read_host_key(const struct words *words, struct key *out)
{
	CLEANUP(setting_deinit) struct setting setting = { 0 };
	CLEANUP(secret_free) struct secret master = SECRET_NULL;
	CLEANUP(key_wipe) struct key key;
	enum exit_code code = setting_load(words, &setting);

	if (code == EXIT_FINE)
		code = setting_master_key(&setting, &master);
	if (code != EXIT_FINE)
		return code;
	if (master.len != KEY_SIZE) {
		say_error("`posthus key init` makes one",
				"the master key has not %d bytes", KEY_SIZE);
		return EXIT_INVALID;
	}
	memcpy(key.bytes, secret_expose(&master).data, KEY_SIZE);
	key_derive(&key, PURPOSE_STATE, out);
	return EXIT_FINE;
}

/* -- one value -- */

static enum exit_code say_place(
		const struct diagnostics *d, const struct node *node, const char *what)
{
	struct place place = sources_place(d->sources, node->span);
	const struct source_file *file = sources_file(d->sources, node->span.file);

	say_error("nothing was changed; --identity names the key of somebody for whom it "
		  "is sealed",
			"%.*s:%u:%u: %s", VIEW_ARG(file->path), place.line, place.column,
			what);
	return EXIT_INVALID;
}

static enum exit_code seal_anew(struct work *work, const struct diagnostics *d,
		const struct node *node, struct buf *out)
{
	CLEANUP(buf_free) struct buf before = BUF_NULL(AGE_FILE_MAX);
	CLEANUP(buf_free) struct buf after = BUF_NULL(AGE_FILE_MAX);
	CLEANUP(secret_free) struct secret clear = SECRET_NULL;
	struct view text = sources_text(d->sources, node->span);
	int r;

	if (!sealed_decode(node->text, &before))
		return say_place(d, node, "this is no age file in base64");
	r = age_open(&work->identity, buf_view(&before), &clear);
	if (r)
		return say_place(d, node,
				r == AGE_E_RECIPIENT ? "this is not sealed for the key "
						       "that opens it here"
						     : "this is damaged");
	if (age_seal(work->recipients, work->recipient_count, &clear, &after))
		return say_place(d, node, "this cannot be sealed");
	buf_add_byte(out, '"');
	base64_add(out, buf_view(&after));
	buf_add_byte(out, '"');
	if (view_ends(text, VIEW("\n"))) /* a block, with its last line's end */
		buf_add_byte(out, '\n');
	work->count++;
	return EXIT_FINE;
}

static bool is_sealed(const struct node *node)
{
	return node->kind == NODE_SCALAR && view_eq(node->key, VIEW("sealed"));
}

/* The next in the order of the file, without recursion. */
static const struct node *after(const struct node *node)
{
	if (node->kind != NODE_SCALAR && node->first)
		return node->first;
	while (node && !node->next)
		node = node->parent;
	return node ? node->next : NULL;
}

static enum exit_code reseal_file(
		struct work *work, struct diagnostics *d, uint32_t number)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(limit_value(LIMIT_STATE_FILE));
	const struct source_file *file = &work->files.files[number];
	uint64_t budget = UINT64_MAX;
	bool broken = false;
	const struct node *node = reader_read(
			work->arena, work->arena, number, d, &budget, &broken);
	enum exit_code code = EXIT_FINE;
	size_t at = 0;

	for (; node && code == EXIT_FINE; node = after(node)) {
		if (!is_sealed(node))
			continue;
		buf_add(&out, view_sub(file->bytes, at, node->span.start - at));
		code = seal_anew(work, d, node, &out);
		at = node->span.end;
	}
	buf_add(&out, view_from(file->bytes, at));
	if (code == EXIT_FINE && buf_failed(&out)) {
		say_error("nothing was changed; part the file in two",
				"%.*s would be longer than a file may be",
				VIEW_ARG(file->path));
		code = EXIT_INVALID;
	}
	if (code == EXIT_FINE)
		work->made[number] = (struct source_file){ file->path,
			at ? arena_copy(work->arena, buf_view(&out)) : file->bytes };
	return code;
}

/* -- the state -- */

static enum exit_code make_all(struct work *work)
{
	CLEANUP(diagnostics_deinit) struct diagnostics d;
	CLEANUP(checked_deinit) struct checked checked = { 0 };
	enum exit_code code = EXIT_FINE;

	diagnostics_init(&d, work->arena,
			sources_new(work->arena, work->files.files, work->files.count));
	work->made = arena_array(work->arena, work->files.count, sizeof(*work->made));
	for (size_t i = 0; i < work->files.count && code == EXIT_FINE; i++)
		code = reseal_file(work, &d, (uint32_t)i);
	if (code != EXIT_FINE || checker_check(work->made, work->files.count, NULL,
						 &checked) == CHECK_OK)
		return code;
	offline_print(&checked.diagnostics, stderr);
	say_error("nothing was changed; please report it with the file",
			"sealed anew the state would not be right any more");
	return EXIT_ERROR;
}

static enum exit_code write_all(const struct work *work)
{
	for (size_t i = 0; i < work->files.count; i++) {
		const struct source_file *made = &work->made[i];
		const char *name = arena_copy_z(work->arena, made->path);
		struct stat st;
		int r;

		if (view_eq(made->bytes, work->files.files[i].bytes))
			continue;
		r = stat(name, &st) ? -errno
				    : os_replace_file(os_real(), name, made->bytes,
						      st.st_mode & 07777);
		if (r) {
			say_error("those that were printed are sealed anew, the others "
				  "as "
				  "they were: run it again",
					"%s cannot be written: %s", name, strerror(-r));
			return EXIT_ERROR;
		}
		puts(name);
	}
	fprintf(stderr, "%zu sealed anew, for %zu\n", work->count, work->recipient_count);
	return EXIT_FINE;
}

static enum exit_code prepare(const struct words *words, const char *const *paths,
		size_t count, struct work *work)
{
	CLEANUP(offline_deinit) struct offline_state state = { 0 };
	const char *identity = words_option(words, "identity");
	enum exit_code code;

	if (!offline_read(paths, count, &state)) {
		offline_print(&state.checked.diagnostics, stderr);
		return EXIT_INVALID;
	}
	code = seal_recipients(
			state.checked.desired, work->recipients, &work->recipient_count);
	if (code == EXIT_FINE)
		code = identity ? read_identity(identity, &work->identity)
				: read_host_key(words, &work->identity);
	if (code == EXIT_FINE && collect_files(work->arena, paths, count, &work->files)) {
		say_error(NULL, "%s cannot be read", paths[0]);
		code = EXIT_INVALID;
	}
	return code;
}

static int run(const struct words *words)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct work work = { .arena = arena };
	const char *paths[PATHS_MAX] = { "/etc/posthus/state" };
	size_t count = 0;
	enum exit_code code;

	for (; count < PATHS_MAX && words_operand(words, count); count++)
		paths[count] = words_operand(words, count);
	code = prepare(words, paths, count ? count : 1, &work);
	if (code == EXIT_FINE)
		code = make_all(&work);
	key_wipe(&work.identity);
	return (int)(code == EXIT_FINE ? write_all(&work) : code);
}

static const struct option_row options[] = {
	{ "identity", "FILE", "a key of age's that opens them; else this host's" },
	OPTION_CONFIG,
	OPTION_DATA,
};

const struct command command_reseal = {
	.name = "reseal",
	.operands = "[PATH…]",
	.least_operands = 0,
	.most_operands = PATHS_MAX,
	.summary = "Seal all secrets of a state anew, for whom it names now",
	.help = "After `secrets.recipients` was changed: opens each sealed value and "
		"seals "
		"it for those who are\n"
		"named now. Comments and all else stay as they are. PATH is the state's "
		"file or folder; else\n"
		"/etc/posthus/state. Nothing is written unless all of them open. Whoever "
		"was a recipient has read\n"
		"what was sealed before, and Git remembers it: change the secrets "
		"themselves, too.",
	OPTIONS(options),
	.run = run,
};
