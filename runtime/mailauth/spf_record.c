#include "runtime/mailauth/spf_record.h"

#include "runtime/base/error.h"
#include "runtime/mailauth/spf_macro.h"

#define VERSION "v=spf1"

enum argument {
	NO_ARGUMENT,     /* all */
	MUST_DOMAIN,     /* include, exists */
	MAY_DOMAIN,      /* ptr */
	MAY_DOMAIN_CIDR, /* a, mx */
	MUST_NETWORK4,
	MUST_NETWORK6,
};

/* clang-format off */
static const struct {
	const char *name;
	enum spf_mechanism mechanism;
	enum argument argument;
} mechanisms[] = {
	{ "all",     SPF_ALL,     NO_ARGUMENT },
	{ "include", SPF_INCLUDE, MUST_DOMAIN },
	{ "a",       SPF_A,       MAY_DOMAIN_CIDR },
	{ "mx",      SPF_MX,      MAY_DOMAIN_CIDR },
	{ "ptr",     SPF_PTR,     MAY_DOMAIN },
	{ "ip4",     SPF_IP4,     MUST_NETWORK4 },
	{ "ip6",     SPF_IP6,     MUST_NETWORK6 },
	{ "exists",  SPF_EXISTS,  MUST_DOMAIN },
};

static const struct {
	char mark;
	enum spf_code result;
} qualifiers[] = {
	{ '+', SPF_PASS }, { '-', SPF_FAIL }, { '?', SPF_NEUTRAL }, { '~', SPF_SOFTFAIL },
};
/* clang-format on */

bool spf_record_is(struct view text)
{
	return view_starts_nocase(text, VIEW(VERSION)) &&
	       (text.len == sizeof(VERSION) - 1 || text.data[sizeof(VERSION) - 1] == ' ');
}

/* -- mechanisms -- */

/* Digits without a leading zero, at most `most`. */
static bool read_bits(struct view text, unsigned most, unsigned *out)
{
	uint64_t number;

	if ((text.len > 1 && text.data[0] == '0') || !view_to_u64(text, &number) ||
			number > most)
		return false;
	*out = (unsigned)number;
	return true;
}

static bool all_digits(struct view text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!byte_is_digit(text.data[i]))
			return false;
	return true;
}

/* Takes [ "/" bits4 ] [ "//" bits6 ] off the end of *text. False where the bits are too
 * many. A slash before anything but digits belongs to the name. */
static bool take_cidr(struct view *text, struct spf_term *term)
{
	size_t slash = view_find_last(*text, '/');

	term->bits4 = 32;
	term->bits6 = 128;
	if (slash && slash < text->len && text->data[slash - 1] == '/') {
		if (!read_bits(view_from(*text, slash + 1), 128, &term->bits6))
			return false;
		text->len = slash - 1;
		slash = view_find_last(*text, '/');
	}
	if (slash < text->len && all_digits(view_from(*text, slash + 1))) {
		if (!read_bits(view_from(*text, slash + 1), 32, &term->bits4))
			return false;
		text->len = slash;
	}
	return true;
}

/* Behind the name of the mechanism: nothing, or ":" and a domain. */
static bool read_domain(struct view rest, bool needed, struct spf_term *term)
{
	if (rest.len == 0)
		return !needed;
	term->domain = view_from(rest, 1);
	return rest.data[0] == ':' && spf_macro_is_domain(term->domain);
}

static bool read_network(struct view rest, bool six, struct spf_term *term)
{
	struct view text = view_from(rest, 1), bits = text;
	unsigned count;

	view_cut(&bits, '/');
	if (rest.len == 0 || rest.data[0] != ':' || !network_parse(text, &term->network))
		return false;
	return term->network.six == six && (!bits.data || read_bits(bits, 128, &count));
}

static bool read_argument(struct view rest, enum argument argument, struct spf_term *term)
{
	switch (argument) {
	case NO_ARGUMENT:
		return rest.len == 0;
	case MUST_DOMAIN:
		return read_domain(rest, true, term);
	case MAY_DOMAIN:
		return read_domain(rest, false, term);
	case MAY_DOMAIN_CIDR:
		return take_cidr(&rest, term) && read_domain(rest, false, term);
	case MUST_NETWORK4:
		return read_network(rest, false, term);
	case MUST_NETWORK6:
		return read_network(rest, true, term);
	}
	return false;
}

static enum spf_code take_qualifier(struct view *text)
{
	char c = text->data[0];

	for (size_t i = 0; i < ARRAY_LEN(qualifiers); i++) {
		if (c != qualifiers[i].mark)
			continue;
		*text = view_from(*text, 1);
		return qualifiers[i].result;
	}
	return SPF_PASS;
}

static bool read_mechanism(struct view text, struct spf_term *term)
{
	struct view rest = text;
	size_t len = 0;

	term->text = text;
	term->result = take_qualifier(&rest);
	while (len < rest.len && rest.data[len] != ':' && rest.data[len] != '/')
		len++;
	for (size_t i = 0; i < ARRAY_LEN(mechanisms); i++) {
		if (!view_eq_nocase(view_sub(rest, 0, len), view_z(mechanisms[i].name)))
			continue;
		term->mechanism = mechanisms[i].mechanism;
		return read_argument(view_from(rest, len), mechanisms[i].argument, term);
	}
	return false;
}

/* -- modifiers -- */

static bool is_name_octet(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) || (c && strchr("-_.", c));
}

/* The length of the name before a '=', or 0 where the term is no modifier (RFC 7208, 12:
 * name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )). */
static size_t modifier_name(struct view text)
{
	size_t len = 0;

	if (!byte_is_alpha(text.data[0]))
		return 0;
	while (len < text.len && is_name_octet(text.data[len]))
		len++;
	return len < text.len && text.data[len] == '=' ? len : 0;
}

/* redirect and exp may stand once (6). */
static bool read_modifier(struct view name, struct view value, struct spf_record *record)
{
	struct view *known = view_eq_nocase(name, VIEW("redirect")) ? &record->redirect
			     : view_eq_nocase(name, VIEW("exp"))    ? &record->explanation
								    : NULL;

	if (!known)
		return spf_macro_is_string(value, false);
	if (known->data || !spf_macro_is_domain(value))
		return false;
	*known = value;
	return true;
}

static size_t count_terms(struct view text)
{
	size_t count = 1;

	for (size_t i = 0; i < text.len; i++)
		count += text.data[i] == ' ';
	return count;
}

int spf_record_parse(struct arena *arena, struct view text, struct spf_record *out,
		struct view *wrong_out)
{
	struct view rest = view_from(text, sizeof(VERSION) - 1);
	struct spf_record record = { 0 };

	record.terms = arena_array(arena, count_terms(rest), sizeof(*record.terms));
	while (rest.len) {
		struct view term = view_cut(&rest, ' ');
		size_t name;
		bool good;

		if (term.len == 0)
			continue;
		name = modifier_name(term);
		good = name ? read_modifier(view_sub(term, 0, name),
					      view_from(term, name + 1), &record)
			    : read_mechanism(term, &record.terms[record.count++]);
		if (!good) {
			*wrong_out = term;
			return SPF_RECORD_E_SYNTAX;
		}
	}
	*out = record;
	return 0;
}
