#include "agent/database/recovery_kit.h"

#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/master_key.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FACTS_MAX = 4096
};

static char *path_of(const char *data, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", data, name) < 0)
		die("out of memory");
	return path;
}

/* Root may have made it, and the agent, who is somebody else, has to read it. */
static int give_to_owner(const char *data, const char *path)
{
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (stat(data, &st) || lchown(path, st.st_uid, st.st_gid))
		return fault_errno();
	return 0;
}

static int write_file(const char *data, const char *name, struct view bytes)
{
	CLEANUP(freep) char *path = path_of(data, name);
	int r = os_replace_file(os_real(), path, bytes, 0600);

	return r ? r : give_to_owner(data, path);
}

static int read_file(
		const char *data, const char *name, size_t most, char **out, size_t *len)
{
	CLEANUP(freep) char *path = path_of(data, name);
	int r = os_read_file(os_real(), path, most, out, len);

	if (r == -ENOENT)
		return RECOVERY_KIT_E_ABSENT;
	return r == -EFBIG || r == -ELOOP ? RECOVERY_KIT_E_FORM : r;
}

/* -- what is known of it -- */

static int write_facts(const char *data, const struct recovery_kit *kit)
{
	json_t *facts = json_pack("{s:i, s:s, s:I, s:I}", "format_version", 1,
			"recipient", kit->recipient, "made_at", (json_int_t)kit->made_at,
			"checked_at", (json_int_t)kit->checked_at);
	CLEANUP(freep)
	char *text = json_dumps(facts, JSON_INDENT(2) | JSON_SORT_KEYS);

	json_decref(facts);
	if (!text)
		die("out of memory");
	return write_file(data, RECOVERY_KIT_FACTS, view_z(text));
}

int recovery_kit_read(const char *data, struct recovery_kit *out)
{
	CLEANUP(freep) char *bytes = NULL;
	struct age_recipient recipient;
	struct recovery_kit kit = { 0 };
	const char *text = NULL;
	json_t *facts;
	size_t len = 0;
	json_int_t made_at, checked_at;
	int r = read_file(data, RECOVERY_KIT_FACTS, FACTS_MAX, &bytes, &len);

	if (r)
		return r;
	facts = json_loadb(bytes, len, 0, NULL);
	if (json_unpack(facts, "{s:s, s:I, s:I}", "recipient", &text, "made_at", &made_at,
			    "checked_at", &checked_at) ||
			!age_recipient_read(view_z(text), &recipient)) {
		json_decref(facts);
		return RECOVERY_KIT_E_FORM;
	}
	snprintf(kit.recipient, sizeof(kit.recipient), "%s", text);
	kit.made_at = made_at;
	kit.checked_at = checked_at;
	json_decref(facts);
	*out = kit;
	return RECOVERY_KIT_OK;
}

int recovery_kit_checked(const char *data, walltime now)
{
	struct recovery_kit kit;
	int r = recovery_kit_read(data, &kit);

	if (r)
		return r;
	kit.checked_at = now;
	return write_facts(data, &kit);
}

/* -- what it opens -- */

int recovery_kit_make(const char *data, const struct secret *master_key,
		const struct age_recipient *recipients, size_t count, walltime now)
{
	CLEANUP(secret_free) struct secret text = SECRET_NULL;
	CLEANUP(buf_free) struct buf sealed = BUF_NULL(AGE_FILE_MAX);
	CLEANUP(buf_free) struct buf recipient = BUF_NULL(AGE_RECIPIENT_TEXT);
	struct recovery_kit kit = { .made_at = now };
	int r;

	master_key_write(master_key, &text);
	r = age_seal(recipients, count, &text, &sealed);
	if (r)
		return RECOVERY_KIT_E_FORM;
	r = write_file(data, RECOVERY_KIT_SEALED, buf_view(&sealed));
	if (r)
		return r;
	age_recipient_write(&recipients[0], &recipient);
	memcpy(kit.recipient, recipient.data, recipient.len);
	return write_facts(data, &kit);
}

int recovery_kit_unseal(
		struct view sealed, const struct key *identity, struct secret *out)
{
	CLEANUP(secret_free) struct secret text = SECRET_NULL;

	switch (age_open(identity, sealed, &text)) {
	case AGE_OK:
		break;
	case AGE_E_RECIPIENT:
		return RECOVERY_KIT_E_OTHER;
	default:
		return RECOVERY_KIT_E_FORM;
	}
	return master_key_read(secret_expose(&text), out) == MASTER_KEY_OK
			       ? RECOVERY_KIT_OK
			       : RECOVERY_KIT_E_FORM;
}

int recovery_kit_open(const char *data, const struct key *identity, struct secret *out)
{
	CLEANUP(freep) char *sealed = NULL;
	size_t len = 0;
	int r = read_file(data, RECOVERY_KIT_SEALED, AGE_FILE_MAX, &sealed, &len);

	return r ? r : recovery_kit_unseal(view_of(sealed, len), identity, out);
}
