#include "runtime/mailauth/dkim_key.h"

#include "runtime/base/base64.h"
#include "runtime/base/error.h"

/* v= may be absent; present, it is the first tag and says DKIM1. */
static bool version_fits(const struct tag_list *tags)
{
	struct view version;

	if (!tag_list_find(tags, "v", &version))
		return true;
	return view_eq(version, VIEW("DKIM1")) && view_eq(tags->tags[0].name, VIEW("v"));
}

static bool algorithm_of(const struct tag_list *tags, enum key_algorithm *out)
{
	struct view value = VIEW("rsa");

	tag_list_find(tags, "k", &value);
	*out = view_eq_nocase(value, VIEW("ed25519")) ? KEY_ED25519 : KEY_RSA;
	return *out == KEY_ED25519 || view_eq_nocase(value, VIEW("rsa"));
}

int dkim_key_parse(struct arena *arena, struct view text, struct dkim_key *out)
{
	struct dkim_key key = { .sha256 = true, .email = true };
	struct tag_list tags;
	struct view value;

	if (tag_list_parse(arena, text, &tags) || !version_fits(&tags) ||
			!tag_list_find(&tags, "p", &value))
		return DKIM_KEY_E_SYNTAX;
	if (!algorithm_of(&tags, &key.algorithm))
		return DKIM_KEY_E_ALGORITHM;
	if (!tag_value_decode(arena, value, &key.octets))
		return DKIM_KEY_E_SYNTAX;
	if (tag_list_find(&tags, "h", &value))
		key.sha256 = tag_value_has(value, VIEW("sha256"));
	if (tag_list_find(&tags, "s", &value))
		key.email = tag_value_has(value, VIEW("*")) ||
			    tag_value_has(value, VIEW("email"));
	value = tag_list_get(&tags, "t");
	key.testing = tag_value_has(value, VIEW("y"));
	key.strict = tag_value_has(value, VIEW("s"));
	*out = key;
	return 0;
}

int dkim_key_print(const struct signing_key *key, struct buf *out)
{
	CLEANUP(buf_free) struct buf octets = BUF_NULL(SIGNING_KEY_MAX);
	int r = signing_key_public(key, &octets);

	if (r)
		return fault(r);
	buf_addf(out, "v=DKIM1; k=%s; p=",
			signing_key_algorithm(key) == KEY_RSA ? "rsa" : "ed25519");
	base64_add(out, buf_view(&octets));
	return 0;
}
