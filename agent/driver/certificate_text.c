#include "agent/driver/certificate_text.h"

#include "agent/secret_form.h"
#include "agent/text.h"
#include "runtime/base/error.h"

#include <stdlib.h>

enum {
	LONGEST_TEXT = 64 * 1024,
};

static const char *const key_kinds[CERTIFICATE_KEY_KINDS] = {
	[CERTIFICATE_KEY_P256] = "ecdsa-p256",
	[CERTIFICATE_KEY_P384] = "ecdsa-p384",
	[CERTIFICATE_KEY_RSA2048] = "rsa2048",
};

/* -- writing -- */

static int by_name(const void *a, const void *b)
{
	return view_compare(*(const struct view *)a, *(const struct view *)b);
}

static void add_list(struct buf *out, const struct view *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_add_byte(out, i ? ',' : '[');
		text_add_json(out, items[i]);
	}
	buf_add_byte(out, ']');
}

struct view certificate_text_write(struct arena *arena, const struct desired *desired,
		const struct desired_certificate *wanted)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_TEXT);
	struct view *names = arena_array(arena, 1, sizeof(*names));
	size_t count = 0;

	if (desired->host)
		names[count++] = desired->host->name;
	qsort(names, count, sizeof(*names), by_name);
	buf_addf(&text, "{\"challenge\":\"%s\",\"issuers\":",
			acme_challenge_name((enum acme_challenge)wanted->challenge));
	for (size_t i = 0; i < wanted->issuer_count; i++) {
		const struct desired_issuer *issuer = wanted->issuers[i];

		buf_add_z(&text, i ? ",{\"acme\":" : "[{\"acme\":");
		text_add_json(&text, issuer->acme);
		if (issuer->eab_id.len) {
			buf_add_z(&text, ",\"eab\":{\"id\":");
			text_add_json(&text, issuer->eab_id);
			buf_add_z(&text, ",\"key\":");
			secret_form_add(&text, &issuer->eab_key);
			buf_add_byte(&text, '}');
		}
		buf_add_z(&text, ",\"name\":");
		text_add_json(&text, issuer->object.key);
		buf_add_byte(&text, '}');
	}
	buf_addf(&text, "],\"key\":\"%s\",\"names\":", key_kinds[wanted->key_kind]);
	add_list(&text, names, count);
	buf_add_z(&text, ",\"profile\":");
	text_add_json(&text, wanted->profile);
	buf_add_byte(&text, '}');
	return arena_copy(arena, buf_view(&text));
}

bool certificate_text_is_issued(struct view text)
{
	return view_starts(text, VIEW("{\"challenge\":"));
}

struct view certificate_text_asked(
		struct arena *arena, const struct certificate_text *text, size_t issuer)
{
	CLEANUP(buf_free) struct buf asked = BUF_NULL(LONGEST_TEXT);

	buf_add_z(&asked, "{\"acme\":");
	text_add_json(&asked, text->issuers[issuer].directory);
	buf_addf(&asked, ",\"key\":\"%s\",\"names\":", key_kinds[text->key_kind]);
	add_list(&asked, text->names, text->name_count);
	buf_add_z(&asked, ",\"profile\":");
	text_add_json(&asked, text->profile);
	buf_add_byte(&asked, '}');
	return arena_copy(arena, buf_view(&asked));
}

/* -- reading -- */

static struct view text_at(struct arena *arena, const json_t *root, const char *name)
{
	const json_t *value = json_object_get(root, name);

	return arena_copy(arena,
			view_of(json_string_value(value), json_string_length(value)));
}

static struct view json_of(struct arena *arena, const json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
	struct view copy = text ? arena_copy(arena, view_z(text)) : VIEW_NULL;

	free(text);
	return copy;
}

static void read_issuers(
		struct arena *arena, const json_t *list, struct certificate_text *out)
{
	size_t count = json_array_size(list);
	struct certificate_issuer *issuers = arena_array(arena, count, sizeof(*issuers));

	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(list, i);

		issuers[i].name = text_at(arena, one, "name");
		issuers[i].directory = text_at(arena, one, "acme");
		issuers[i].eab_id = text_at(arena, json_object_get(one, "eab"), "id");
		issuers[i].eab_key = json_of(arena,
				json_object_get(json_object_get(one, "eab"), "key"));
	}
	out->issuers = issuers;
	out->issuer_count = count;
}

static void read_names(
		struct arena *arena, const json_t *list, struct certificate_text *out)
{
	size_t count = json_array_size(list);
	struct view *names = arena_array(arena, count, sizeof(*names));

	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(list, i);

		names[i] = arena_copy(arena,
				view_of(json_string_value(one), json_string_length(one)));
	}
	out->names = names;
	out->name_count = count;
}

bool certificate_text_read(
		struct arena *arena, struct view text, struct certificate_text *out)
{
	struct certificate_text read = { 0 };
	json_t *root = json_loadb(text.len ? text.data : "", text.len, 0, NULL);
	struct view challenge = text_at(arena, root, "challenge");
	struct view key = text_at(arena, root, "key");

	for (int i = 0; i < ACME_CHALLENGES; i++)
		if (view_eq(challenge,
				    view_z(acme_challenge_name((enum acme_challenge)i))))
			read.challenge = (enum acme_challenge)i;
	for (int i = 0; i < CERTIFICATE_KEY_KINDS; i++)
		if (view_eq(key, view_z(key_kinds[i])))
			read.key_kind = (enum certificate_key_kind)i;
	read.profile = text_at(arena, root, "profile");
	read_issuers(arena, json_object_get(root, "issuers"), &read);
	read_names(arena, json_object_get(root, "names"), &read);
	json_decref(root);
	if (read.issuer_count == 0 || read.name_count == 0)
		return false;
	*out = read;
	return true;
}
