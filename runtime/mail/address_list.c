#include "runtime/mail/address_list.h"

#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/mail/header.h"
#include "runtime/mail/lexer.h"

/* One entry after another, each from the words up to a mark that says what they were:
 *
 *   words '<' → the name of a mailbox in angle brackets      words ':' → a group begins
 *   words '@' → its local part                               words ',' → no address at all
 *
 * Only dots join words to a local part: what stands before its last run is a name. Where an
 * address without brackets is followed by one in brackets, it was a name, too: many write
 * 'joe@example.org' <joe@example.org>. Neither is clean. */
struct list_parser {
	struct lexer lexer;
	struct arena *arena;
	struct address_entry *entries;
	size_t count, capacity, mailboxes;
	struct buf phrase;  /* the words, parted by one blank where there was any */
	struct buf compact; /* the last words that nothing but dots parts: a local part */
	size_t before;      /* octets of the phrase before those */
	bool has_words;
	bool in_group;
	bool damaged;
};

static bool is_full(const struct list_parser *p)
{
	/* One place is kept for the end of a group. */
	return p->count + 1 >= limit_value(LIMIT_MIME_ADDRESSES);
}

static struct address_entry *add_entry(
		struct list_parser *p, enum address_entry_kind kind)
{
	struct address_entry *entry;

	array_grow(&p->entries, &p->capacity, p->count + 1, sizeof(*p->entries));
	entry = &p->entries[p->count++];
	*entry = (struct address_entry){ .kind = kind };
	if (kind == ADDRESS_MAILBOX)
		p->mailboxes++;
	return entry;
}

static bool ends_in_dot(const struct buf *b)
{
	return b->len && b->data[b->len - 1] == '.';
}

static void add_word(struct list_parser *p, struct view word, bool blank)
{
	if (p->has_words && blank && !ends_in_dot(&p->compact) &&
			!view_eq(word, VIEW("."))) {
		buf_clear(&p->compact);
		p->before = p->phrase.len;
	}
	if (p->has_words && blank)
		buf_add_byte(&p->phrase, ' ');
	buf_add(&p->phrase, word);
	buf_add(&p->compact, word);
	p->has_words = true;
}

/* The longest run of atoms, dots and quoted strings; what may not stand there is passed.
 */
static void read_words(struct list_parser *p)
{
	struct lexer *l = &p->lexer;

	buf_clear(&p->phrase);
	buf_clear(&p->compact);
	p->before = 0;
	p->has_words = false;
	l->comment = VIEW_NULL;
	for (;;) {
		bool blank = lexer_skip(l);
		char c = lexer_peek(l);

		if (lexer_end(l) || (c && strchr("<@:,;", c)))
			return;
		if (c == '"') {
			CLEANUP(buf_free) struct buf word = BUF_NULL(l->text.len);

			lexer_quoted(l, &word);
			add_word(p, buf_view(&word), blank);
		} else if (c == '.') {
			l->at++;
			add_word(p, VIEW("."), blank);
		} else if (byte_is_atext(c, true)) {
			add_word(p, lexer_atom(l), blank);
		} else {
			p->damaged = true;
			l->at++;
		}
	}
}

/* Behind the '@': atoms and dots, or a literal. */
static struct view read_domain(struct list_parser *p)
{
	struct lexer *l = &p->lexer;

	buf_clear(&p->phrase);
	for (;;) {
		lexer_skip(l);
		if (lexer_peek(l) == '[' && p->phrase.len == 0) {
			lexer_literal(l, &p->phrase);
			lexer_skip(l);
			break;
		}
		if (lexer_take(l, '.')) {
			buf_add_byte(&p->phrase, '.');
		} else {
			struct view atom;

			if (p->phrase.len && p->phrase.data[p->phrase.len - 1] != '.')
				break;
			atom = lexer_atom(l);
			if (atom.len == 0)
				break;
			buf_add(&p->phrase, atom);
		}
	}
	if (p->phrase.len == 0 || p->phrase.data[0] == '.' ||
			p->phrase.data[p->phrase.len - 1] == '.')
		p->damaged = true;
	return arena_copy(p->arena, buf_view(&p->phrase));
}

/* A name behind the address, as it was written before RFC 822: joe@example.org (Joe). */
static void name_from_comment(struct list_parser *p, struct address_entry *entry)
{
	struct lexer inner = lexer_of(view_trim(p->lexer.comment));

	if (inner.text.len == 0)
		return;
	buf_clear(&p->phrase);
	for (; !lexer_end(&inner); inner.at++) {
		char c = lexer_peek(&inner);

		if (c == '\\' && inner.at + 1 < inner.text.len)
			c = inner.text.data[++inner.at];
		if (c != '\r' && c != '\n' && c != '\0')
			buf_add_byte(&p->phrase, c);
	}
	entry->has_name = true;
	entry->name = arena_copy(p->arena, buf_view(&p->phrase));
}

static void bare_mailbox(struct list_parser *p)
{
	struct address_entry *entry = add_entry(p, ADDRESS_MAILBOX);

	entry->local = arena_copy(p->arena, buf_view(&p->compact));
	if (p->before) {
		entry->has_name = true;
		entry->name = arena_copy(
				p->arena, view_sub(buf_view(&p->phrase), 0, p->before));
	}
	if (entry->local.len == 0 || p->before)
		p->damaged = true;
	p->lexer.at++;
	entry->domain = read_domain(p);
	if (!entry->has_name)
		name_from_comment(p, entry);
}

/* Behind '<': "@a,@b:" is kept as it is, without blanks. */
static struct view read_route(struct list_parser *p)
{
	CLEANUP(buf_free) struct buf route = BUF_NULL(p->lexer.text.len);

	while (lexer_take(&p->lexer, '@')) {
		struct view domain = read_domain(p);

		if (route.len)
			buf_add_byte(&route, ',');
		buf_add_byte(&route, '@');
		buf_add(&route, domain);
		while (lexer_take(&p->lexer, ','))
			lexer_skip(&p->lexer);
	}
	if (!lexer_take(&p->lexer, ':'))
		p->damaged = true;
	return arena_copy(p->arena, buf_view(&route));
}

static void angle_mailbox(struct list_parser *p, bool has_name, struct view name)
{
	struct address_entry *entry = add_entry(p, ADDRESS_MAILBOX);
	struct view route = VIEW_NULL, domain = VIEW_NULL, local;

	p->lexer.at++;
	lexer_skip(&p->lexer);
	if (lexer_peek(&p->lexer) == '@')
		route = read_route(p);
	read_words(p);
	local = arena_copy(p->arena, buf_view(&p->compact));
	if (lexer_take(&p->lexer, '@'))
		domain = read_domain(p);
	else
		p->damaged = true;
	if (local.len == 0 || p->before)
		p->damaged = true;
	if (!lexer_take(&p->lexer, '>'))
		p->damaged = true;
	entry->has_name = has_name;
	entry->name = name;
	entry->route = route;
	entry->local = local;
	entry->domain = domain;
}

/* Behind an address without brackets stands one that has them: all that was before it, from
 * `start` on, is its name. */
static void rename_mailbox(struct list_parser *p, size_t start)
{
	struct view words = view_sub(p->lexer.text, start, p->lexer.at - start);

	p->count--;
	p->mailboxes--;
	p->damaged = true;
	angle_mailbox(p, true, header_unfold(p->arena, words));
}

static void begin_group(struct list_parser *p)
{
	struct address_entry *entry;

	p->lexer.at++;
	if (p->in_group) {
		p->damaged = true;
		return;
	}
	if (!p->has_words)
		p->damaged = true;
	entry = add_entry(p, ADDRESS_GROUP_BEGIN);
	entry->has_name = true;
	entry->name = arena_copy(p->arena, buf_view(&p->phrase));
	p->in_group = true;
}

static void end_group(struct list_parser *p)
{
	if (p->in_group)
		add_entry(p, ADDRESS_GROUP_END);
	else
		p->damaged = true;
	p->in_group = false;
}

static void words_alone(struct list_parser *p)
{
	struct address_entry *entry;

	if (!p->has_words)
		return;
	p->damaged = true;
	entry = add_entry(p, ADDRESS_MAILBOX);
	entry->local = arena_copy(p->arena, buf_view(&p->phrase));
}

/* What stands behind an entry up to the next mark; only comments may. */
static void skip_to_mark(struct list_parser *p)
{
	struct lexer *l = &p->lexer;

	for (lexer_skip(l); !lexer_end(l); lexer_skip(l)) {
		char c = lexer_peek(l);

		if (c == ',' || c == ';')
			return;
		p->damaged = true;
		if (c == '"') {
			CLEANUP(buf_free) struct buf dropped = BUF_NULL(l->text.len);

			lexer_quoted(l, &dropped);
		} else {
			l->at++;
		}
	}
}

static void parse_entry(struct list_parser *p)
{
	size_t start = p->lexer.at;

	read_words(p);
	switch (lexer_peek(&p->lexer)) {
	case '<':
		angle_mailbox(p, p->has_words,
				arena_copy(p->arena, buf_view(&p->phrase)));
		skip_to_mark(p);
		break;
	case '@':
		bare_mailbox(p);
		if (lexer_peek(&p->lexer) == '<')
			rename_mailbox(p, start);
		skip_to_mark(p);
		break;
	case ':':
		begin_group(p);
		return;
	default:
		words_alone(p);
		break;
	}
	if (lexer_take(&p->lexer, ';'))
		end_group(p);
	else
		lexer_take(&p->lexer, ',');
}

void address_list_parse(struct arena *arena, struct view text, struct address_list *out)
{
	struct list_parser p = {
		.lexer = lexer_of(text),
		.arena = arena,
		.phrase = BUF_NULL(text.len + 2),
		.compact = BUF_NULL(text.len + 2),
	};

	for (lexer_skip(&p.lexer); !lexer_end(&p.lexer); lexer_skip(&p.lexer)) {
		if (is_full(&p)) {
			p.damaged = true;
			break;
		}
		parse_entry(&p);
	}
	if (p.in_group) {
		p.damaged = true;
		add_entry(&p, ADDRESS_GROUP_END);
	}
	*out = (struct address_list){
		.entries = arena_array(arena, p.count, sizeof(*p.entries)),
		.count = p.count,
		.mailboxes = p.mailboxes,
		.clean = !p.damaged && !p.lexer.damaged,
	};
	if (p.count)
		memcpy(out->entries, p.entries, p.count * sizeof(*p.entries));
	freep(&p.entries);
	buf_free(&p.phrase);
	buf_free(&p.compact);
}
