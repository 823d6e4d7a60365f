#include "agent/setup/init.h"

#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/master_key.h"
#include "schema/printer.h"
#include "schema/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MOST_TEXT = 64 * 1024,
	MOST_SCHEMA = 4 * 1024 * 1024
};

struct writer {
	const struct init_answers *answers;
	struct init_failure *failure;
};

static const char *path_in(struct writer *w, const char *name)
{
	snprintf(w->failure->path, sizeof(w->failure->path), "%s/%s", w->answers->dir,
			name);
	return w->failure->path;
}

static int write_new(
		struct writer *w, const char *name, const struct buf *text, mode_t mode)
{
	const char *path = path_in(w, name);

	if (buf_failed(text))
		return fault(-EFBIG);
	return os_replace_file(os_real(), path, buf_view(text), mode);
}

/* Before anything is written, so that a second run leaves no half of a first. */
static bool any_exists(struct writer *w)
{
	static const char *const names[] = { "agent.yaml", "state/mail.yaml",
		"master.key", "recovery-kit.txt" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (access(path_in(w, names[i]), F_OK) == 0)
			return true;
	return false;
}

static int write_state(struct writer *w)
{
	const struct init_answers *a = w->answers;
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);

	buf_addf(&text,
			"# yaml-language-server: $schema=../state.schema.json\n"
			"# What should be. After a change: `posthus plan`, then `posthus "
			"apply`.\n"
			"# `posthus explain FIELD` says what a field means; "
			"docs/state-language.md has them all.\n"
			"version: 1\n"
			"\n"
			"hosts:\n"
			"  mail:\n"
			"    name: %s            # what other servers see; needs A, AAAA "
			"and PTR records\n"
			"    # listen: {smtp: 25, submission: 587, submissions: 465, "
			"imaps: 993}   # the defaults\n"
			"\n"
			"certs: none               # self-signed, made by the agent. "
			"Your own from files:\n"
			"# certs: {mail: {files: {chain: /etc/ssl/mail.pem, key: "
			"{host_file: /etc/ssl/mail.key}}}}\n"
			"\n"
			"groups:\n"
			"  admins: {members: [\"%s\"]}\n"
			"\n"
			"domains:\n"
			"  %s:\n"
			"    contact: group/admins # gets postmaster@ and abuse@\n"
			"    subaddress: \"+\"       # mail to name+anything@ reaches "
			"name@\n"
			"    # catch_all: \"%s\"\n"
			"\n"
			"users:\n"
			"  \"%s\":\n"
			"    roles: [admin]\n"
			"    # quota: 10GiB\n"
			"    # addresses: [another.name@%s]\n"
			"\n"
			"aliases: {}\n"
			"#  \"info@%s\": [\"%s\"]\n",
			a->host_name, a->user, a->domain, a->user, a->user, a->domain,
			a->domain, a->user);
	return write_new(w, "state/mail.yaml", &text, 0644);
}

static int write_agent_file(struct writer *w)
{
	const struct init_answers *a = w->answers;
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_TEXT);

	buf_addf(&text,
			"# yaml-language-server: $schema=agent.schema.json\n"
			"# This machine's own file: it is not part of the state and "
			"never comes from Git.\n"
			"data: %s\n"
			"%s"
			"state: {path: state}      # relative paths are meant from this "
			"file\n"
			"watch: false              # true: a saved file is applied once "
			"it is quiet and valid\n"
			"# allow: {host_files: [/etc/ssl/mail.pem, /etc/ssl/mail.key]}   "
			"# what the state may read here\n",
			a->data,
			a->credential ? "master_key: {credential: posthus-master}   # "
					"given by the systemd unit\n"
				      : "master_key: {host_file: master.key}\n");
	return write_new(w, "agent.yaml", &text, 0644);
}

/* For editors: the files' first lines name them. They are ours to replace. */
static int write_schema(struct writer *w, const char *name, const struct table *root)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(MOST_SCHEMA);
	json_t *json = printer_json_schema(root);
	char *dumped = json_dumps(json, JSON_INDENT(2));

	buf_addf(&text, "%s\n", dumped);
	free(dumped);
	json_decref(json);
	return write_new(w, name, &text, 0644);
}

static int write_recovery_kit(struct writer *w)
{
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(MOST_TEXT);
	CLEANUP(freep) char *key = NULL;
	size_t len;
	int r = os_read_file(os_real(), path_in(w, "master.key"), 1000, &key, &len);

	if (r)
		return r;
	buf_addf(&text,
			"Recovery kit of the mail server %s\n"
			"\n"
			"Print this page, keep it away from the server, and delete this "
			"file.\n"
			"\n"
			"Everything on the server's disk is encrypted under this master "
			"key:\n"
			"\n"
			"    %.*s\n"
			"\n"
			"To read its data again on another machine:\n"
			"  1. install posthus, and put the line above alone into a file "
			"of mode 0600\n"
			"  2. name that file in agent.yaml:  master_key: {host_file: "
			"PATH}\n"
			"  3. put the data directory where agent.yaml says, and start "
			"`posthus run`\n"
			"\n"
			"Who has this key and the disk reads all mail. Who has lost it "
			"reads none.\n",
			w->answers->host_name, (int)view_trim(view_of(key, len)).len,
			key);
	explicit_bzero(key, len);
	return write_new(w, "recovery-kit.txt", &text, 0600);
}

static int write_all(const struct init_answers *answers, struct init_failure *failure)
{
	struct writer w = { answers, failure };
	int r;

	if (any_exists(&w))
		return INIT_E_EXISTS;
	snprintf(failure->path, sizeof(failure->path), "%s", answers->dir);
	if (mkdir(answers->dir, 0755) && errno != EEXIST)
		return fault_errno();
	if (mkdir(path_in(&w, "state"), 0755) && errno != EEXIST)
		return fault_errno();
	r = write_agent_file(&w);
	if (!r)
		r = write_state(&w);
	if (!r)
		r = write_schema(&w, "state.schema.json", &state_table);
	if (!r)
		r = write_schema(&w, "agent.schema.json", &agent_table);
	if (!r)
		r = master_key_make(path_in(&w, "master.key"), NULL);
	if (r == MASTER_KEY_E_EXISTS)
		return INIT_E_EXISTS;
	return r ? r : write_recovery_kit(&w);
}

int init_write(const struct init_answers *answers, struct init_failure *failure)
{
	mode_t before = umask(0022); /* the agent runs as another user, and reads them */
	int r = write_all(answers, failure);

	umask(before);
	return r;
}
