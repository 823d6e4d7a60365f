#include "agent/command/setting.h"

#include "agent/command/ask_line.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/base/os.h"
#include "runtime/crypto/master_key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char default_file[] = "/etc/posthus/agent.yaml";

static const char *text_of(struct setting *setting, struct view v)
{
	return arena_copy_z(setting->arena, v);
}

/* A path of the agent's file is meant from where that file lies. */
static struct view beside(struct setting *setting, const char *file, struct view path)
{
	size_t slash = view_find_last(view_z(file), '/');

	if (!path.len || path.data[0] == '/' || slash == strlen(file))
		return path;
	return arena_printf(
			setting->arena, "%.*s/%.*s", (int)slash, file, VIEW_ARG(path));
}

static void anchor_paths(struct setting *setting, const char *path)
{
	struct agent_file *file = &setting->file;

	file->data = beside(setting, path, file->data);
	file->control = beside(setting, path, file->control);
	if (file->master_key_kind == MASTER_KEY_HOST_FILE)
		file->master_key = beside(setting, path, file->master_key);
	for (size_t i = 0; i < file->state_path_count; i++)
		file->state_paths[i] = beside(setting, path, file->state_paths[i]);
	file->git.known_hosts = beside(setting, path, file->git.known_hosts);
	file->git.authority = beside(setting, path, file->git.authority);
	for (size_t i = 0; i < file->operator_count; i++)
		file->operators[i].keys = beside(setting, path, file->operators[i].keys);
}

static enum exit_code read_file(struct setting *setting, const char *path)
{
	CLEANUP(freep) char *bytes = NULL;
	CLEANUP(buf_free) struct buf text = BUF_NULL(1024 * 1024);
	struct source_file source = { .path = view_z(path) };
	struct diagnostics d;
	size_t len;
	int r = os_read_file(
			os_real(), path, limit_value(LIMIT_STATE_FILE), &bytes, &len);

	if (r) {
		say_error(NULL, "the agent's file %s cannot be read: %s", path,
				strerror(-r));
		return EXIT_INVALID;
	}
	source.bytes = arena_copy(setting->arena, view_of(bytes, len));
	diagnostics_init(&d, setting->arena, sources_new(setting->arena, &source, 1));
	r = agent_file_read(&d, &setting->file);
	diagnostics_sort(&d);
	diagnostics_print(&d, &text);
	fwrite(text.data ? text.data : "", 1, text.len, stderr);
	diagnostics_deinit(&d);
	if (r)
		return EXIT_INVALID;
	anchor_paths(setting, path);
	setting->file.text = source.bytes;
	setting->file.path = view_z(path);
	return EXIT_FINE;
}

static void choose_paths(const struct words *words, struct setting *setting)
{
	const struct agent_file *file = &setting->file;
	const char *data = words_option(words, "data");
	const char *state = words_option(words, "state");
	const char *control = words_option(words, "control");
	const char **paths;

	setting->data = data ? data : text_of(setting, file->data);
	if (!control)
		control = getenv("POSTHUS_CONTROL");
	if (control && !*control)
		control = NULL;
	if (!control && file->control.len && !data)
		control = text_of(setting, file->control);
	if (!control)
		control = text_of(setting, arena_printf(setting->arena, "%s/control.sock",
							   setting->data));
	setting->control = control;
	setting->state_count = state ? 1 : file->state_path_count;
	paths = arena_array(setting->arena, setting->state_count, sizeof(*paths));
	for (size_t i = 0; i < setting->state_count; i++)
		paths[i] = state ? state : text_of(setting, file->state_paths[i]);
	setting->state = paths;
}

enum exit_code setting_load(const struct words *words, struct setting *out)
{
	const char *config = words_option(words, "config");
	enum exit_code code = EXIT_FINE;

	out->arena = arena_new();
	agent_file_defaults(&out->file);
	if (!config && access(default_file, F_OK) == 0)
		config = default_file;
	if (config)
		code = read_file(out, config);
	if (code == EXIT_FINE)
		choose_paths(words, out);
	return code;
}

void setting_deinit(struct setting *setting)
{
	arena_free(setting->arena);
	*setting = (struct setting){ 0 };
}

/* -- the master key -- */

int setting_find_master_key(
		const struct setting *setting, const char **name_out, struct secret *out)
{
	const struct agent_file *file = &setting->file;
	int r;

	switch (file->master_key_kind) {
	case MASTER_KEY_CREDENTIAL:
		*name_out = arena_copy_z(setting->arena, file->master_key);
		return master_key_load_credential(*name_out, out);
	case MASTER_KEY_HOST_FILE:
		*name_out = arena_copy_z(setting->arena, file->master_key);
		return master_key_load_file(*name_out, out);
	case MASTER_KEY_DEFAULT:
		break;
	}
	*name_out = "posthus-master";
	r = master_key_load_credential(*name_out, out);
	if (r != MASTER_KEY_E_ABSENT)
		return r;
	*name_out = arena_printf(setting->arena, "%s/master.key", setting->data).data;
	return master_key_load_file(*name_out, out);
}

static void say_absent(const struct setting *setting, const char *name)
{
	if (setting->file.master_key_kind == MASTER_KEY_CREDENTIAL)
		say_error("systemd gives it to the service alone: `systemctl start "
			  "posthus`; elsewhere name\n      the key's file in agent.yaml: "
			  "master_key: {host_file: PATH}",
				"nobody gave this process the credential %s, the master "
				"key",
				name);
	else
		say_error("`posthus key init` makes one; a host that had one needs the "
			  "old one back",
				"there is no master key at %s", name);
}

/* `key` is what lies there, and becomes what it is. */
static int unlock(struct secret *key)
{
	CLEANUP(buf_wipe) struct buf typed = BUF_NULL(MASTER_KEY_PASSPHRASE_MAX);
	CLEANUP(secret_free) struct secret locked = secret_take(key);
	CLEANUP(secret_free) struct secret passphrase = SECRET_NULL;

	if (!ask_line("Passphrase of the master key: ", true, &typed))
		return MASTER_KEY_E_WRONG;
	passphrase = secret_copy(buf_view(&typed));
	return master_key_unlock(&locked, &passphrase, key);
}

enum exit_code setting_master_key(const struct setting *setting, struct secret *out)
{
	const char *name;
	int r = setting_find_master_key(setting, &name, out);

	if (r == MASTER_KEY_E_LOCKED)
		r = unlock(out);
	switch (r) {
	case 0:
		return EXIT_FINE;
	case MASTER_KEY_E_WRONG:
		say_error(NULL, "this is not the passphrase of the master key %s", name);
		return EXIT_INVALID;
	case MASTER_KEY_E_ABSENT:
		say_absent(setting, name);
		return EXIT_INVALID;
	case MASTER_KEY_E_READABLE:
		say_error(arena_printf(setting->arena,
					  "chmod 600 %s, and own it as the agent's user "
					  "or root",
					  name)
						.data,
				"others can read the master key %s", name);
		return EXIT_INVALID;
	case MASTER_KEY_E_FORM:
		say_error("it is one line that begins with posthus-master-1:",
				"%s is not a master key", name);
		return EXIT_INVALID;
	default:
		say_error(NULL, "the master key %s cannot be read: %s", name,
				strerror(-r));
		return EXIT_INVALID;
	}
}

/* -- the state -- */

/* A file's path from the state's root, so that it is the same however the root was typed. */
static struct view from_root(struct view root, struct view path)
{
	size_t slash = view_find_last(path, '/');

	while (root.len > 1 && root.data[root.len - 1] == '/')
		root.len--;
	if (view_eq(path, root)) /* the state is one file */
		return slash == path.len ? path : view_from(path, slash + 1);
	if (view_starts(path, root) && path.len > root.len && path.data[root.len] == '/')
		return view_from(path, root.len + 1);
	return path;
}

enum exit_code setting_collect(const struct setting *setting, const char *path,
		struct collection *out, struct view *origin_out)
{
	const char *const *paths = path ? &path : setting->state;
	size_t count = path ? 1 : setting->state_count;
	char real[4096];
	int r;

	if (count == 0) {
		say_error("name its path, or write `state: {path: …}` into the agent's "
			  "file",
				"there is no state to read");
		return EXIT_INVALID;
	}
	r = collect_files(setting->arena, paths, count, out);
	if (r == COLLECT_E_PROBLEM) {
		say_error(NULL, "%.*s", VIEW_ARG(out->message));
		return EXIT_INVALID;
	}
	if (r < 0) {
		say_error(NULL, "the state %s cannot be read: %s", paths[0],
				strerror(-r));
		return EXIT_INVALID;
	}
	if (count == 1) /* several roots may hold files of one name */
		for (size_t i = 0; i < out->count; i++)
			out->files[i].path =
					from_root(view_z(paths[0]), out->files[i].path);
	*origin_out = arena_copy(setting->arena,
			view_z(realpath(paths[0], real) ? real : paths[0]));
	return EXIT_FINE;
}

static bool read_span(const char *text, uint64_t *seconds_out)
{
	struct view v = view_z(text);
	uint64_t unit = 1;

	if (view_ends(v, VIEW("m")))
		unit = 60;
	else if (view_ends(v, VIEW("h")))
		unit = 60 * 60;
	if (unit > 1 || view_ends(v, VIEW("s")))
		v.len--;
	if (!view_to_u64(v, seconds_out) || *seconds_out > 24 * 60 * 60)
		return false;
	*seconds_out *= unit;
	return *seconds_out <= 24 * 60 * 60;
}

bool setting_timeout(const struct words *words, uint64_t *out)
{
	const char *timeout = words_option(words, "timeout");

	if (!timeout || read_span(timeout, out))
		return true;
	say_error(NULL, "--timeout takes seconds, or 5m, or 1h, up to a day; not %s",
			timeout);
	return false;
}
