/* The text is cut into entries: a record with all of its lines, a directive, or what says
 * nothing. A record is read by its words up to the type; its data goes through ldns. */
#include "agent/provider/zone_reader.h"

#include "runtime/base/limit.h"

/* -- entries -- */

static void add_flat(struct cutter *c, char byte, size_t at)
{
	struct entry *e = c->entry;
	bool blank = byte == ' ' && !c->quoted;

	c->flat[e->flat.len++] = byte;
	if (!blank && !c->in_word && e->word_count < MOST_WORDS)
		e->words[e->word_count++].at = at;
	c->in_word = !blank;
}

/* The words' texts, once the flat one stands. */
static void find_words(struct entry *e)
{
	bool quoted = false, in_word = false;
	size_t count = 0;

	for (size_t i = 0; i < e->flat.len; i++) {
		char byte = e->flat.data[i];
		bool blank = byte == ' ' && !quoted;

		if (!blank && !in_word && count++ == MOST_WORDS)
			return;
		if (!blank && !in_word)
			e->words[count - 1].text.data = e->flat.data + i;
		if (byte == '\\' && i + 1 < e->flat.len)
			i++;
		else if (byte == '"')
			quoted = !quoted;
		in_word = !blank;
		if (!blank)
			e->words[count - 1].text.len =
					(size_t)(e->flat.data + i + 1 -
							e->words[count - 1].text.data);
	}
}

static size_t skip_comment(const struct cutter *c, size_t at)
{
	while (at < c->text.len && c->text.data[at] != '\n')
		at++;
	return at;
}

/* Takes one octet, or two where it is escaped. False: it cannot stand there. */
static bool take(struct cutter *c)
{
	size_t at = c->at++;
	char byte = c->text.data[at];

	if (byte == '\\') {
		add_flat(c, byte, at);
		if (c->at == c->text.len || c->text.data[c->at] == '\n')
			return false;
		add_flat(c, c->text.data[c->at++], at);
	} else if (byte == '"') {
		add_flat(c, byte, at);
		c->quoted = !c->quoted;
	} else if (c->quoted) {
		add_flat(c, byte, at);
	} else if (byte == ';') {
		c->at = skip_comment(c, at);
	} else if (byte == '(' || byte == ')') {
		if (c->nested == (byte == '('))
			return false;
		c->nested = !c->nested;
		add_flat(c, ' ', at);
	} else {
		if ((byte < ' ' || byte > '~') && byte != '\t' && byte != '\r')
			return false;
		add_flat(c, byte == '\t' || byte == '\r' ? ' ' : byte, at);
	}
	return byte != '\0';
}

/* Up to a line end outside of parentheses. False: at `entry->line` it makes no sense. */
static bool cut(struct cutter *c, struct entry *entry)
{
	size_t begin = c->at;
	bool ended = false, fine = true;

	*entry = (struct entry){ .line = c->line, .flat = { c->flat, 0 } };
	c->entry = entry;
	c->quoted = c->in_word = c->nested = false;
	while (fine && !ended && c->at < c->text.len) {
		if (c->text.data[c->at] != '\n') {
			fine = take(c);
			continue;
		}
		c->line++;
		fine = !c->quoted;
		ended = !c->nested;
		if (!ended)
			add_flat(c, ' ', c->at);
		c->at++;
	}
	entry->bytes = view_sub(c->text, begin, c->at - begin);
	entry->indented = memchr(" \t", entry->bytes.data[0], 2) != NULL;
	find_words(entry);
	c->flat += entry->flat.len;
	return fine && !c->quoted && !c->nested;
}

/* -- records -- */

void zone_reader_deinit(struct zone_reader *r)
{
	ldns_rdf_deep_free(r->apex);
	ldns_rdf_deep_free(r->origin);
	ldns_rdf_deep_free(r->owner);
	ldns_rdf_deep_free(r->asked_name);
}

static ldns_rdf *wire_name(const struct zone_reader *r, struct view text)
{
	CLEANUP(buf_free) struct buf z = BUF_NULL(LDNS_MAX_DOMAINLEN * 4);
	ldns_rdf *name, *whole;

	if (view_eq(text, VIEW("@")))
		return ldns_rdf_clone(r->origin);
	buf_add(&z, text);
	buf_add_byte(&z, '\0');
	name = buf_failed(&z) ? NULL : ldns_dname_new_frm_str(z.data);
	if (!name || view_ends(text, VIEW(".")))
		return name;
	whole = ldns_dname_cat_clone(name, r->origin);
	ldns_rdf_deep_free(name);
	return whole;
}

/* `300`, `1h30m`: false where it is none. */
static bool read_ttl(struct view text, uint32_t *out)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 604800 } };
	uint64_t number = 0, sum = 0;

	if (!text.len || !byte_is_digit(text.data[0]))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		size_t unit = 0;

		if (byte_is_digit(text.data[i])) {
			number = 10 * number + (uint64_t)(text.data[i] - '0');
			if (number > INT32_MAX)
				return false;
			continue;
		}
		while (unit < ARRAY_LEN(units) &&
				units[unit].unit != byte_lower(text.data[i]))
			unit++;
		if (unit == ARRAY_LEN(units))
			return false;
		sum += number * units[unit].seconds;
		number = 0;
	}
	*out = (uint32_t)(sum + number);
	return sum + number <= INT32_MAX;
}

static int read_directive(struct zone_reader *r)
{
	const struct entry *e = &r->entry;
	ldns_rdf *origin;

	if (e->word_count == 2 && view_eq_nocase(e->words[0].text, VIEW("$TTL")))
		return read_ttl(e->words[1].text, &r->ttl) ? 0 : ZONE_TEXT_E_MALFORMED;
	if (e->word_count != 2 || !view_eq_nocase(e->words[0].text, VIEW("$ORIGIN")))
		return ZONE_TEXT_E_ELSEWHERE;
	origin = wire_name(r, e->words[1].text);
	if (!origin)
		return ZONE_TEXT_E_MALFORMED;
	ldns_rdf_deep_free(r->origin);
	r->origin = origin;
	return 0;
}

static bool is_class(struct view word)
{
	return view_eq_nocase(word, VIEW("IN")) || view_eq_nocase(word, VIEW("CH")) ||
	       view_eq_nocase(word, VIEW("HS"));
}

/* Name, then TTL and class in either order, then the type. */
static int read_head(struct zone_reader *r)
{
	const struct entry *e = &r->entry;
	size_t i = e->indented ? 0 : 1;

	if (!e->indented) {
		ldns_rdf *owner = wire_name(r, e->words[0].text);

		ldns_rdf_deep_free(r->owner);
		r->owner = owner;
	}
	r->own_ttl = r->ttl;
	for (size_t k = 0; k < 2 && i < e->word_count; k++)
		if (is_class(e->words[i].text) || read_ttl(e->words[i].text, &r->own_ttl))
			i++;
	if (!r->owner || i + 1 >= e->word_count)
		return ZONE_TEXT_E_MALFORMED;
	r->type_at = i;
	r->data = view_from(e->flat, (size_t)(e->words[i + 1].text.data - e->flat.data));
	r->is_soa = view_eq_nocase(e->words[i].text, VIEW("SOA"));
	return 0;
}

static bool is_asked(const struct zone_reader *r)
{
	return view_eq_nocase(r->entry.words[r->type_at].text, r->asked->type) &&
	       ldns_dname_compare(r->owner, r->asked_name) == 0;
}

/* In the form of rrset.h, relative names made whole. */
static int read_value(struct zone_reader *r)
{
	CLEANUP(rrset_free_rr) ldns_rr *rr = NULL;
	CLEANUP(buf_free) struct buf line = BUF_NULL(limit_value(LIMIT_DNS_OCTETS) + 64);

	buf_addf(&line, ". 0 IN %.*s %.*s", VIEW_ARG(r->asked->type), VIEW_ARG(r->data));
	buf_add_byte(&line, '\0');
	if (buf_failed(&line) ||
			ldns_rr_new_frm_str(&rr, line.data, 0, r->origin, NULL) !=
					LDNS_STATUS_OK ||
			!rrset_print(r->arena, rr, &r->value))
		return ZONE_TEXT_E_MALFORMED;
	return 0;
}

static int read_record(struct zone_reader *r)
{
	int r1 = read_head(r);

	if (r1)
		return r1;
	/* A zone has one, at its top (RFC 1035, 5.2). */
	if (r->is_soa && (r->has_soa || ldns_dname_compare(r->owner, r->apex) != 0))
		return ZONE_TEXT_E_MALFORMED;
	r->has_soa |= r->is_soa;
	r->is_record = true;
	r->is_asked = is_asked(r);
	return r->is_asked ? read_value(r) : 0;
}

bool zone_reader_next(struct zone_reader *r, int *outcome)
{
	r->is_record = r->is_asked = r->is_soa = false;
	*outcome = ZONE_TEXT_OK;
	if (r->cutter.at == r->cutter.text.len)
		return false;
	if (!cut(&r->cutter, &r->entry))
		*outcome = ZONE_TEXT_E_MALFORMED;
	else if (r->entry.word_count == 0)
		return true;
	else if (!r->entry.indented && r->entry.words[0].text.data[0] == '$')
		*outcome = read_directive(r);
	else
		*outcome = read_record(r);
	return true;
}

bool zone_reader_init(struct zone_reader *r, struct view text, struct view zone,
		const struct rrset *asked, struct arena *arena)
{
	*r = (struct zone_reader){ .arena = arena, .asked = asked };
	r->cutter = (struct cutter){
		.text = text, .line = 1, .flat = arena_alloc(arena, text.len + 1)
	};
	r->apex = rrset_wire_name(zone);
	r->origin = rrset_wire_name(zone);
	r->asked_name = rrset_wire_name(asked->name);
	return r->apex && r->origin && r->asked_name;
}
