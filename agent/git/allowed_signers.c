#include "agent/git/allowed_signers.h"

#include "agent/git/pattern.h"
#include "runtime/base/base64.h"

#include <time.h>

struct reading {
	struct arena *arena;
	struct allowed_signer *signer;
	const char *why;
};

static bool wrong(struct reading *r, const char *why)
{
	r->why = why;
	return false;
}

/* -- words: blanks part them, but not within quotes -- */

static struct view take_word(struct view *line)
{
	size_t end = 0;
	bool quoted = false;
	struct view word;

	*line = view_trim(*line);
	while (end < line->len &&
			(quoted || (line->data[end] != ' ' && line->data[end] != '\t'))) {
		if (line->data[end] == '"')
			quoted = !quoted;
		end++;
	}
	word = view_sub(*line, 0, end);
	*line = view_trim(view_from(*line, end));
	return word;
}

static struct view take_option(struct view *options)
{
	size_t end = 0;
	bool quoted = false;
	struct view option;

	while (end < options->len && (quoted || options->data[end] != ',')) {
		if (options->data[end] == '"')
			quoted = !quoted;
		end++;
	}
	option = view_sub(*options, 0, end);
	*options = view_from(*options, end + 1);
	return option;
}

/* -- times: YYYYMMDD or YYYYMMDDhhmm[ss], of the host, or of UTC with a Z -- */

static bool take_number(struct view *text, size_t digits, int least, int most, int *out)
{
	uint64_t number;

	if (text->len < digits || !view_to_u64(view_sub(*text, 0, digits), &number))
		return false;
	*text = view_from(*text, digits);
	*out = (int)number;
	return *out >= least && *out <= most;
}

static bool read_time(struct view text, walltime *out)
{
	struct tm tm = { .tm_isdst = -1 };
	bool utc = view_ends(text, VIEW("Z"));
	struct view rest = view_sub(text, 0, text.len - utc);

	if (rest.len != 8 && rest.len != 12 && rest.len != 14)
		return false;
	if (!take_number(&rest, 4, 1970, 9999, &tm.tm_year) ||
			!take_number(&rest, 2, 1, 12, &tm.tm_mon) ||
			!take_number(&rest, 2, 1, 31, &tm.tm_mday))
		return false;
	if (rest.len && (!take_number(&rest, 2, 0, 23, &tm.tm_hour) ||
					!take_number(&rest, 2, 0, 59, &tm.tm_min)))
		return false;
	if (rest.len && !take_number(&rest, 2, 0, 60, &tm.tm_sec))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*out = utc ? timegm(&tm) : mktime(&tm);
	return *out > 0;
}

/* -- a line -- */

static bool read_option(struct reading *r, struct view option)
{
	struct view name = view_cut(&option, '=');
	struct view value = option;

	if (view_eq_nocase(name, VIEW("cert-authority")))
		return wrong(r, "certificates are not read: list the keys themselves");
	if (value.len < 2 || value.data[0] != '"' || value.data[value.len - 1] != '"')
		return wrong(r, "an option without a value in double quotes");
	value = view_sub(value, 1, value.len - 2);
	if (view_eq_nocase(name, VIEW("namespaces"))) {
		r->signer->namespaces = arena_copy(r->arena, value);
		return value.len || wrong(r, "`namespaces` names none");
	}
	if (view_eq_nocase(name, VIEW("valid-after")))
		return read_time(value, &r->signer->after) ||
		       wrong(r, "a time is YYYYMMDD or YYYYMMDDhhmm[ss], with a Z for "
				"UTC");
	if (view_eq_nocase(name, VIEW("valid-before")))
		return read_time(value, &r->signer->before) ||
		       wrong(r, "a time is YYYYMMDD or YYYYMMDDhhmm[ss], with a Z for "
				"UTC");
	return wrong(r, "an option that is not known");
}

static bool read_options(struct reading *r, struct view options)
{
	while (options.len)
		if (!read_option(r, take_option(&options)))
			return false;
	return true;
}

static bool read_key(struct reading *r, struct view type, struct view text)
{
	CLEANUP(buf_free) struct buf blob = BUF_NULL(SSH_KEY_MAX);

	if (!base64_decode(&blob, text))
		return wrong(r, "a key that is no base64");
	switch (ssh_key_read(arena_copy(r->arena, buf_view(&blob)), &r->signer->key)) {
	case SSH_KEY_OK:
		return view_eq(type, view_z(ssh_key_type_name(r->signer->key.type))) ||
		       wrong(r, "a key of another type than it says");
	case SSH_KEY_E_WEAK:
		return wrong(r, "an RSA key of less than 2048 bits");
	case SSH_KEY_E_COSTLY:
		return wrong(r, "an RSA key of more than 8192 bits");
	default:
		return wrong(r, "a key of a type that is not read");
	}
}

static bool is_key_type(struct view word)
{
	for (int type = SSH_ED25519; type <= SSH_SK_ECDSA_P256; type++)
		if (view_eq(word, view_z(ssh_key_type_name((enum ssh_key_type)type))))
			return true;
	return false;
}

static bool read_line(struct reading *r, struct view line)
{
	struct view principals = take_word(&line);
	struct view word = take_word(&line);
	struct view type = is_key_type(word) ? word : take_word(&line);
	struct view key = take_word(&line);

	if (key.len == 0)
		return wrong(r, "a line is PRINCIPALS [OPTIONS] KEYTYPE KEY");
	if (principals.data[0] == '"')
		principals = view_sub(principals, 1, view_find_last(principals, '"') - 1);
	r->signer->principal = arena_copy(r->arena, view_cut(&principals, ','));
	if (!is_key_type(word) && !read_options(r, word))
		return false;
	if (!is_key_type(type))
		return wrong(r, "a key of a type that is not read");
	return read_key(r, type, key);
}

static bool is_comment(struct view line)
{
	line = view_trim(line);
	return line.len == 0 || line.data[0] == '#';
}

int allowed_signers_read(struct view text, struct arena *arena,
		struct allowed_signers *out, struct allowed_signers_error *error)
{
	struct allowed_signers list = { 0 };

	*error = (struct allowed_signers_error){ 0 };
	if (text.len > ALLOWED_SIGNERS_TEXT_MAX) {
		error->why = "a list of more than 256 KiB";
		return ALLOWED_SIGNERS_E_FORM;
	}
	list.items = arena_array(arena, ALLOWED_SIGNERS_MAX, sizeof(*list.items));
	while (text.data) {
		struct view line = view_cut(&text, '\n');
		struct reading r = { .arena = arena };

		error->line++;
		if (is_comment(line))
			continue;
		if (list.count == ALLOWED_SIGNERS_MAX) {
			error->why = "more than 1000 keys";
			return ALLOWED_SIGNERS_E_FORM;
		}
		r.signer = &list.items[list.count++];
		*r.signer = (struct allowed_signer){ .line = error->line };
		if (!read_line(&r, line)) {
			error->why = r.why;
			return ALLOWED_SIGNERS_E_FORM;
		}
	}
	*out = list;
	return ALLOWED_SIGNERS_OK;
}

/* -- looking one up -- */

int allowed_signers_find(const struct allowed_signers *list, const struct ssh_key *key,
		struct view namespace, walltime now, const struct allowed_signer **out)
{
	int why = ALLOWED_E_UNLISTED;

	*out = NULL;
	for (size_t i = 0; i < list->count; i++) {
		const struct allowed_signer *signer = &list->items[i];

		if (!view_eq(signer->key.blob, key->blob))
			continue;
		*out = signer;
		if (signer->namespaces.len &&
				!pattern_list_has(signer->namespaces, namespace))
			why = ALLOWED_E_NAMESPACE;
		else if (signer->after && now < signer->after)
			why = ALLOWED_E_EARLY;
		else if (signer->before && now >= signer->before)
			why = ALLOWED_E_EXPIRED;
		else
			return ALLOWED_OK;
	}
	return why;
}
