#include "agent/effect/secret_form.h"

#include "agent/database/text.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/age.h"
#include "schema/agent_file.h"
#include "schema/sealed.h"

#include <stdio.h>
#include <stdlib.h>

/* clang-format off */
static const char *const words[] = {
	[SECRET_CREDENTIAL] = "credential",
	[SECRET_HOST_FILE]  = "host_file",
	[SECRET_SEALED]     = "sealed",
};
/* clang-format on */

void secret_form_add(struct buf *json, const struct desired_secret *secret)
{
	if (secret->form == SECRET_NONE) {
		buf_add_z(json, "null");
		return;
	}
	buf_addf(json, "{\"%s\":", words[secret->form]);
	text_add_json(json, secret->name);
	if (secret->form == SECRET_SEALED) {
		buf_add_z(json, ",\"place\":");
		text_add_json(json, secret->place);
		buf_add_z(json, ",\"to\":");
		text_add_json(json, secret->endpoint);
	}
	buf_add_byte(json, '}');
}

static int fail(struct effect_answer *answer, const char *reason, const char *what,
		const char *name, const char *why)
{
	answer->untouched = true;
	return effect_failed(answer, reason, "%s %s: %s", what, name, why);
}

static int read_path(const char *path, const char *what, const char *name,
		struct secret *out, struct effect_answer *answer)
{
	CLEANUP(freep) char *bytes = NULL;
	struct view text;
	size_t len;
	int r = os_read_file(os_real(), path, SECRET_BYTES, &bytes, &len);

	if (r)
		return fail(answer, "SecretMissing", what, name, strerror(-r));
	text = view_of(bytes, len);
	if (view_ends(text, VIEW("\n")))
		text.len--;
	if (view_ends(text, VIEW("\r")))
		text.len--;
	if (text.len)
		*out = secret_copy(text);
	explicit_bzero(bytes, len);
	return text.len ? EFFECT_DONE
			: fail(answer, "SecretMissing", what, name, "it is empty");
}

static int read_handed(const char *name, struct secret *out, struct effect_answer *answer)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	CLEANUP(freep) char *path = NULL;

	if (strchr(name, '/') || name[0] == '.')
		return fail(answer, "NotAllowed", "credential", name,
				"that is no name of a credential");
	if (!folder || !*folder)
		return fail(answer, "SecretMissing", "credential", name,
				"systemd hands out none: see LoadCredential= of the "
				"unit");
	if (asprintf(&path, "%s/%s", folder, name) < 0)
		die("out of memory");
	return read_path(path, "credential", name, out, answer);
}

static int read_credential(const char *name, const struct agent_file *file,
		struct secret *out, struct effect_answer *answer)
{
	for (size_t i = 0; i < file->credential_count; i++)
		if (view_eq(file->credentials[i].name, view_z(name)))
			return read_handed(name, out, answer);
	return fail(answer, "NotAllowed", "credential", name,
			"`allow.credentials` of agent.yaml does not name it");
}

static int read_host_file(const char *path, const struct agent_file *file,
		struct secret *out, struct effect_answer *answer)
{
	for (size_t i = 0; i < file->host_file_count; i++)
		if (view_eq(file->host_files[i], view_z(path)))
			return read_path(path, "file", path, out, answer);
	return fail(answer, "NotAllowed", "file", path,
			"`allow.host_files` of agent.yaml does not name it");
}

/* -- sealed values -- */

static struct view text_of(const json_t *form, const char *name)
{
	const json_t *text = json_object_get(form, name);

	return view_of(json_string_value(text), json_string_length(text));
}

static const char *why_not_opened(int r)
{
	return r == AGE_E_RECIPIENT
			       ? "it was sealed for other machines: seal it for this "
				 "one, too (`posthus key show` prints whom for)"
			       : "it is damaged";
}

/* Somebody may have pasted it here, or changed where it is sent to: it says itself where it
 * belongs. */
static int read_sealed(const json_t *form, const struct agent_file *file,
		struct secret *out, struct effect_answer *answer)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(AGE_FILE_MAX);
	CLEANUP(secret_free) struct secret clear = SECRET_NULL;
	const char *place = json_string_value(json_object_get(form, "place"));
	struct view secret;
	int r;

	if (!place || !sealed_decode(text_of(form, "sealed"), &bytes))
		return fail(answer, "ResealNeeded", "the sealed value of",
				place ? place : "this object", "it is damaged");
	if (!file->opener)
		return fail(answer, "ResealNeeded", "the sealed value of", place,
				"this agent has no key to open it");
	r = age_open(file->opener, buf_view(&bytes), &clear);
	if (r)
		return fail(answer, "ResealNeeded", "the sealed value of", place,
				why_not_opened(r));
	r = sealed_read(secret_expose(&clear), view_z(place), text_of(form, "to"),
			&secret);
	if (r)
		return fail(answer, "ResealNeeded", "the sealed value of", place,
				r == SEALED_E_PLACE
						? "it was sealed for another place"
						: "it was sealed to be sent elsewhere");
	*out = secret_copy(secret);
	return EFFECT_DONE;
}

int secret_form_read(const json_t *form, const struct agent_file *file,
		struct secret *out, struct effect_answer *answer)
{
	const char *credential = json_string_value(
			json_object_get(form, words[SECRET_CREDENTIAL]));
	const char *path =
			json_string_value(json_object_get(form, words[SECRET_HOST_FILE]));

	if (credential)
		return read_credential(credential, file, out, answer);
	if (path)
		return read_host_file(path, file, out, answer);
	if (json_object_get(form, words[SECRET_SEALED]))
		return read_sealed(form, file, out, answer);
	return fail(answer, "SecretMissing", "secret", "of this object",
			"the state names none");
}

int secret_form_read_own(const struct desired_secret *secret, struct secret *out,
		struct effect_answer *answer)
{
	CLEANUP(freep) char *name = xstrndup(secret->name.data, secret->name.len);

	return secret->form == SECRET_CREDENTIAL
			       ? read_handed(name, out, answer)
			       : read_path(name, "file", name, out, answer);
}
