/* Guesses by type. Each is tried as a value of its type before it is shown, so a guess may
 * be bold: what is not right is not offered. */
#include "schema/rewrite.h"

#include "schema/name.h"

struct guess {
	struct arena *arena;
	const struct type *type;
	const char *fallback;
	struct view text; /* without blanks around it */
};

static bool is_any(struct view word, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		if (view_eq_nocase(word, view_z(words[i])))
			return true;
	return false;
}

static bool says_yes(struct view word)
{
	static const char *const words[] = { "true", "yes", "y", "on", "1", "enable",
		"enabled", NULL };

	return is_any(word, words);
}

static bool says_no(struct view word)
{
	static const char *const words[] = { "false", "no", "n", "off", "0", "none",
		"never", "disable", "disabled", "closed", NULL };

	return is_any(word, words);
}

static struct view without(struct arena *arena, struct view text, const char *bytes)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(4096);

	for (size_t i = 0; i < text.len; i++)
		if (!strchr(bytes, text.data[i]))
			buf_add_byte(&out, text.data[i]);
	return buf_failed(&out) ? VIEW_NULL : arena_copy(arena, buf_view(&out));
}

static struct view lower(struct arena *arena, struct view text)
{
	struct view out = arena_copy(arena, text);
	char *bytes = (char *)(uintptr_t)out.data; /* ours, just made */

	for (size_t i = 0; i < out.len; i++)
		bytes[i] = byte_lower(bytes[i]);
	return out;
}

/* -- plain ones -- */

static struct view guess_bool(const struct guess *g)
{
	if (says_yes(g->text))
		return VIEW("true");
	return says_no(g->text) ? VIEW("false") : VIEW_NULL;
}

static struct view guess_int(const struct guess *g)
{
	struct view text = without(g->arena, g->text, ",_' +");

	if (view_ends(text, VIEW(".0")))
		text = view_sub(text, 0, text.len - 2);
	if (text.len && byte_lower(text.data[text.len - 1]) == 'k')
		text = arena_printf(g->arena, "%.*s000",
				VIEW_ARG(view_sub(text, 0, text.len - 1)));
	return text;
}

static struct view guess_size(const struct guess *g)
{
	return rewrite_size(g->arena, g->type, g->text);
}

static struct view guess_duration(const struct guess *g)
{
	return rewrite_duration(g->arena, g->text);
}

static struct view guess_rate(const struct guess *g)
{
	return rewrite_rate(g->arena, without(g->arena, g->text, ",_'"));
}

static struct view guess_date(const struct guess *g)
{
	return rewrite_date(g->arena, g->text);
}

static struct view guess_schedule(const struct guess *g)
{
	return rewrite_schedule(g->arena, g->text);
}

/* -- names -- */

/* Small letters, and one `-` for each run of what may not stand in an id. */
static struct view guess_id(const struct guess *g)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(256);
	struct view text = view_sub(g->text, 0, view_find(g->text, '@'));
	bool gap = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = byte_lower(text.data[i]);

		if (!byte_is_alpha(c) && !byte_is_digit(c)) {
			gap = out.len > 0;
			continue;
		}
		if (gap)
			buf_add_byte(&out, '-');
		gap = false;
		buf_add_byte(&out, c);
	}
	return buf_failed(&out) ? VIEW_NULL : arena_copy(g->arena, buf_view(&out));
}

static struct view guess_name(const struct guess *g)
{
	struct view text = lower(g->arena, g->text);
	char *bytes = (char *)(uintptr_t)text.data; /* ours, just made */

	for (size_t i = 0; i < text.len; i++)
		if (bytes[i] == ' ' || bytes[i] == '/' || bytes[i] == '@')
			bytes[i] = '-';
	return text;
}

/* Of `https://mail.a.example:25/path`, `@a.example` and `a.example.` the name. */
static struct view guess_domain(const struct guess *g)
{
	struct view text = g->text;
	size_t scheme = view_find_view(text, VIEW("://"));

	if (scheme < text.len)
		text = view_from(text, scheme + 3);
	text = view_from(text, view_find_last(text, '@') < text.len
					       ? view_find_last(text, '@') + 1
					       : 0);
	text = view_sub(text, 0, view_find(text, '/'));
	text = view_sub(text, 0, view_find(text, ':'));
	while (text.len && text.data[text.len - 1] == '.')
		text.len--;
	return text;
}

/* Of `Anna <anna@a.example>`, `mailto:anna@a.example` and `anna @a.example` the address. */
static struct view guess_address(const struct guess *g)
{
	struct view text = g->text;
	size_t open = view_find_last(text, '<');

	if (open < text.len) {
		text = view_from(text, open + 1);
		text = view_sub(text, 0, view_find(text, '>'));
	}
	if (view_starts_nocase(text, VIEW("mailto:")))
		text = view_from(text, 7);
	text = without(g->arena, text, " \t");
	while (text.len && strchr(".,;", text.data[text.len - 1]))
		text.len--;
	return text;
}

static struct view guess_reach(const struct guess *g)
{
	if (view_starts(g->text, VIEW("@")) || view_find(g->text, '@') == g->text.len)
		return guess_domain(g);
	return guess_address(g);
}

static struct view guess_role(const struct guess *g)
{
	static const char *const admins[] = { "administrator", "root", "superuser",
		"super-admin", "superadmin", "owner", "admins", NULL };
	static const char *const auditors[] = { "readonly", "read-only", "viewer",
		"reader", NULL };
	size_t colon = view_find(g->text, ':');

	if (is_any(g->text, admins))
		return VIEW("admin");
	if (is_any(g->text, auditors))
		return VIEW("auditor");
	if (colon == g->text.len)
		return VIEW_NULL;
	return arena_printf(g->arena, "domain-admin:%.*s",
			VIEW_ARG(view_trim(view_from(g->text, colon + 1))));
}

static struct view guess_word(const struct guess *g)
{
	struct view text = lower(g->arena, g->text);
	char *bytes = (char *)(uintptr_t)text.data; /* ours, just made */

	for (size_t i = 0; i < text.len; i++)
		if (bytes[i] == '_' || bytes[i] == ' ')
			bytes[i] = '-';
	return text;
}

/* -- the network -- */

static struct view guess_ip(const struct guess *g)
{
	struct view text = without(g->arena, g->text, "[] ");

	return view_sub(text, 0, view_find(text, '/'));
}

/* Of an address with bits behind it the network that it lies in. */
static struct view guess_network(const struct guess *g)
{
	return network_holding(g->arena, without(g->arena, g->text, "[] "));
}

static struct view guess_endpoint(const struct guess *g)
{
	struct view text = without(g->arena, g->text, " "), address;
	size_t scheme = view_find_view(text, VIEW("://")), colon;

	if (says_no(text))
		return VIEW("off");
	if (says_yes(text))
		return g->fallback && !says_no(view_z(g->fallback)) ? view_z(g->fallback)
								    : VIEW_NULL;
	if (scheme < text.len)
		text = view_from(text, scheme + 3);
	text = view_sub(text, 0, view_find(text, '/'));
	colon = view_find_last(text, ':');
	if (colon == text.len)
		return text;
	address = view_sub(text, 0, colon);
	text = view_from(text, colon + 1);
	if (address.len == 0 || view_eq(address, VIEW("*")))
		return text;
	if (view_eq_nocase(address, VIEW("localhost")))
		address = VIEW("127.0.0.1");
	return arena_printf(g->arena,
			view_find(address, ':') < address.len ? "[%.*s]:%.*s"
							      : "%.*s:%.*s",
			VIEW_ARG(address), VIEW_ARG(text));
}

static struct view guess_url(const struct guess *g)
{
	size_t scheme = view_find_view(g->text, VIEW("://"));

	if (scheme < g->text.len)
		return arena_printf(g->arena, "%.*s%.*s",
				VIEW_ARG(lower(g->arena, view_sub(g->text, 0, scheme))),
				VIEW_ARG(view_from(g->text, scheme)));
	if (view_find(g->text, '.') == g->text.len)
		return VIEW_NULL;
	return arena_printf(g->arena, "https://%.*s", VIEW_ARG(g->text));
}

static struct view guess_pattern(const struct guess *g)
{
	return arena_printf(g->arena, "/%.*s/", VIEW_ARG(g->text));
}

/* clang-format off */
static struct view (*const guesses[])(const struct guess *) = {
	[TYPE_BOOL]     = guess_bool,
	[TYPE_INT]      = guess_int,
	[TYPE_SIZE]     = guess_size,
	[TYPE_DURATION] = guess_duration,
	[TYPE_RATE]     = guess_rate,
	[TYPE_SCHEDULE] = guess_schedule,
	[TYPE_DATE]     = guess_date,
	[TYPE_WORD]     = guess_word,
	[TYPE_ID]       = guess_id,
	[TYPE_NAME]     = guess_name,
	[TYPE_DOMAIN]   = guess_domain,
	[TYPE_ADDRESS]  = guess_address,
	[TYPE_IP]       = guess_ip,
	[TYPE_NETWORK]  = guess_network,
	[TYPE_REACH]    = guess_reach,
	[TYPE_ENDPOINT] = guess_endpoint,
	[TYPE_URL]      = guess_url,
	[TYPE_PATTERN]  = guess_pattern,
	[TYPE_ROLE]     = guess_role,
	[TYPE_RECORD]   = NULL, /* the last: the table is whole */
};
/* clang-format on */

struct view rewrite_value(struct arena *arena, const struct type *type,
		const char *fallback, struct view text)
{
	const struct guess g = { arena, type, fallback, view_trim(text) };
	struct value value = { 0 };
	const char *why;
	struct view made;

	if (!guesses[type->kind] || text.len > 1000)
		return VIEW_NULL;
	made = guesses[type->kind](&g);
	if (!made.len || view_eq(made, text) ||
			scalar_parse(arena, type, made, false, &value, &why))
		return VIEW_NULL;
	return type->kind == TYPE_DOMAIN || type->kind == TYPE_ADDRESS ? value.text
								       : made;
}
