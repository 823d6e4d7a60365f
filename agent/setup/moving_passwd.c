/* Files of people, one a line, fields between colons: Dovecot's passwd-file, /etc/passwd and
 * /etc/shadow. */
#include "agent/setup/moving.h"

#include "schema/name.h"

#include <stdlib.h>

enum {
	FIELDS = 8,
	FIRST_PERSON = 1000, /* uids below are the system's, and those of nobody */
	LAST_PERSON = 60000,
};

struct line {
	struct moving_place place;
	struct view fields[FIELDS]; /* the last one has the rest */
	size_t count;
};

/* The next line that says something; false at the end. */
static bool next_line(struct view *text, struct line *line)
{
	while (text->len) {
		struct view rest = view_trim(view_cut(text, '\n'));

		line->place.line++;
		if (rest.len == 0 || rest.data[0] == '#')
			continue;
		line->count = 0;
		while (line->count < FIELDS - 1 && rest.data)
			line->fields[line->count++] = view_cut(&rest, ':');
		if (rest.data)
			line->fields[line->count++] = rest;
		return true;
	}
	return false;
}

static struct view field(const struct line *line, size_t i)
{
	return i < line->count ? view_trim(line->fields[i]) : VIEW_NULL;
}

/* -- hashes -- */

/* The form in which a state takes it; empty, with a remark, where it does not. No remark has
 * anything of the hash. */
static struct view take_hash(struct moving *m, struct moving_place place,
		struct view address, struct view scheme, struct view hash)
{
	enum password_scheme known;
	const char *why = "";

	/* The two letters name one algorithm: `y` came after a repair of another program. */
	if (view_starts(hash, VIEW("$2b$")))
		hash = arena_printf(m->arena, "$2y$%.*s", VIEW_ARG(view_from(hash, 4)));
	if (view_eq_nocase(scheme, VIEW("SSHA512")))
		hash = arena_printf(m->arena, "{SSHA512}%.*s", VIEW_ARG(hash));
	if (hash_check(hash, &known, &why) == NAME_OK)
		return hash;
	moving_remark(m, place,
			"%.*s: the password is not taken (%s%.*s%s%s); `posthus "
			"account passwd` sets one",
			VIEW_ARG(address), scheme.len ? "{" : "", VIEW_ARG(scheme),
			scheme.len ? "}: " : "", why);
	return VIEW_NULL;
}

static bool is_taken(struct view scheme)
{
	static const char *const schemes[] = { "", "ARGON2ID", "SHA512-CRYPT",
		"BLF-CRYPT", "CRYPT", "SSHA512" };

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (view_eq_nocase(scheme, view_z(schemes[i])))
			return true;
	return false;
}

/* `{SCHEME}hash`, or a hash alone, which is one of crypt(3). */
static struct view dovecot_hash(struct moving *m, const struct line *line,
		struct view address, struct view password)
{
	struct view scheme = VIEW_NULL;

	if (password.len == 0)
		return VIEW_NULL;
	if (password.data[0] == '{') {
		struct view rest = view_from(password, 1);

		scheme = view_cut(&rest, '}');
		password = rest;
	}
	if (is_taken(scheme))
		return take_hash(m, line->place, address, scheme, password);
	moving_remark(m, line->place,
			"%.*s: a password of the scheme {%.*s} is not taken; `posthus "
			"account passwd` sets one",
			VIEW_ARG(address), VIEW_ARG(scheme));
	return VIEW_NULL;
}

/* -- extra fields -- */

/* `*:storage=1G`: kilobytes where no unit is said. 0 where it is no such rule. */
static uint64_t quota_of(struct view rule)
{
	size_t at = view_find_view(rule, VIEW("storage="));
	struct view number = view_from(rule, at + 8);
	uint64_t value, unit = 1024;
	char last;

	if (at == rule.len || !number.len)
		return 0;
	last = byte_lower(number.data[number.len - 1]);
	if (!byte_is_digit(last)) {
		unit = last == 'b'   ? 1
		       : last == 'k' ? 1024
		       : last == 'm' ? (uint64_t)1 << 20
		       : last == 'g' ? (uint64_t)1 << 30
		       : last == 't' ? (uint64_t)1 << 40
				     : 0;
		number = view_sub(number, 0, number.len - 1);
	}
	return view_to_u64(number, &value) && value < (uint64_t)1 << 20 << 20
			       ? value * unit
			       : 0;
}

static void take_extra(
		struct moving *m, const struct line *line, struct moving_entry *entry)
{
	struct view rest = field(line, 7);

	while (rest.len) {
		struct view value = view_cut(&rest, ' '), name = view_cut(&value, '=');

		if (name.len == 0)
			continue;
		if (view_starts(name, VIEW("userdb_quota_rule")))
			entry->quota = quota_of(value);
		if (view_starts(name, VIEW("userdb_quota_rule")) && entry->quota)
			continue;
		moving_remark(m, line->place, "%.*s: `%.*s` says nothing here",
				VIEW_ARG(entry->address), VIEW_ARG(name));
	}
}

/* -- files -- */

static struct view name_of(struct moving *m, const struct line *line, struct view gecos)
{
	struct view name = view_trim(view_cut(&gecos, ','));
	const char *why;

	if (text_check(name, false, &why) == NAME_OK)
		return arena_copy(m->arena, name);
	moving_remark(m, line->place, "the name is %s", why);
	return VIEW_NULL;
}

void moving_read_dovecot(struct moving *m, const char *file, struct view text)
{
	struct line line = { .place = { file, 0 } };

	while (next_line(&text, &line)) {
		struct moving_entry *entry;
		struct view address;

		if (!moving_address(m, line.place, field(&line, 0), &address))
			continue;
		entry = moving_add(m, line.place, address, false);
		if (!entry)
			continue;
		entry->hash = dovecot_hash(m, &line, address, field(&line, 1));
		entry->name = name_of(m, &line, field(&line, 4));
		take_extra(m, &line, entry);
	}
}

static bool is_person(const struct line *line)
{
	struct view shell = field(line, 6);
	uint64_t uid;

	return view_to_u64(field(line, 2), &uid) && uid >= FIRST_PERSON &&
	       uid < LAST_PERSON && !view_ends(shell, VIEW("/nologin")) &&
	       !view_ends(shell, VIEW("/false"));
}

void moving_read_passwd(struct moving *m, const char *file, struct view text)
{
	struct line line = { .place = { file, 0 } };

	while (next_line(&text, &line)) {
		struct moving_entry *entry;
		struct view address;

		if (!is_person(&line) ||
				!moving_address(m, line.place, field(&line, 0), &address))
			continue;
		entry = moving_add(m, line.place, address, false);
		if (entry)
			entry->name = name_of(m, &line, field(&line, 4));
	}
}

void moving_read_shadow(struct moving *m, const char *file, struct view text)
{
	struct line line = { .place = { file, 0 } };

	while (m->domain.len && next_line(&text, &line)) {
		struct moving_entry *entry = moving_mailbox(
				m, arena_printf(m->arena, "%.*s@%.*s",
						   VIEW_ARG(field(&line, 0)),
						   VIEW_ARG(m->domain)));
		struct view hash = field(&line, 1);

		if (!entry)
			continue; /* a program's, or nobody of passwd */
		if (hash.len == 0 || hash.data[0] == '!' || hash.data[0] == '*')
			moving_remark(m, line.place, "%.*s has no password",
					VIEW_ARG(entry->address));
		else
			entry->hash = take_hash(m, line.place, entry->address, VIEW_NULL,
					arena_copy(m->arena, hash));
	}
}
