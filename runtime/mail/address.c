#include "runtime/mail/address.h"

#include "runtime/base/limit.h"
#include "runtime/base/utf8.h"
#include "runtime/dns/name.h"
#include "runtime/mail/lexer.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <unicase.h>
#include <uninorm.h>

static bool is_wide(char c)
{
	return (unsigned char)c > 127;
}

static bool is_quotable(char c)
{
	return (c >= ' ' && c <= '~') || is_wide(c);
}

/* Quoted-string (RFC 5321, 4.1.2), after its first quote; the closing one is taken. */
static int parse_quoted(struct lexer *l, struct buf *local)
{
	while (!lexer_end(l)) {
		char c = lexer_peek(l);

		l->at++;
		if (c == '"')
			return local->len ? ADDRESS_OK : ADDRESS_E_LOCAL;
		if (c == '\\') {
			c = lexer_peek(l);
			l->at++;
		}
		if (!is_quotable(c))
			return ADDRESS_E_LOCAL;
		buf_add_byte(local, c);
	}
	return ADDRESS_E_SYNTAX;
}

static int parse_dot_string(struct lexer *l, struct buf *local)
{
	do {
		size_t start = l->at;

		while (byte_is_atext(lexer_peek(l), true))
			l->at++;
		if (l->at == start)
			return ADDRESS_E_LOCAL;
		if (local->len)
			buf_add_byte(local, '.');
		buf_add(local, view_sub(l->text, start, l->at - start));
	} while (lexer_take(l, '.'));
	return ADDRESS_OK;
}

static int parse_local(struct lexer *l, struct buf *local)
{
	int r = lexer_take(l, '"') ? parse_quoted(l, local) : parse_dot_string(l, local);

	return r == ADDRESS_OK && !utf8_valid(buf_view(local)) ? ADDRESS_E_LOCAL : r;
}

/* With its brackets. No tag but IPv6 is registered for general literals. */
static bool literal_is_valid(struct view literal)
{
	const struct view ipv6 = VIEW("IPv6:");
	char text[INET6_ADDRSTRLEN];
	unsigned char octets[16];
	int family = AF_INET;
	struct view inner;

	if (literal.len < 2 || literal.data[0] != '[' ||
			literal.data[literal.len - 1] != ']')
		return false;
	inner = view_sub(literal, 1, literal.len - 2);
	if (view_starts_nocase(inner, ipv6)) {
		family = AF_INET6;
		inner = view_from(inner, ipv6.len);
	}
	if (inner.len == 0 || inner.len >= sizeof(text))
		return false;
	memcpy(text, inner.data, inner.len);
	text[inner.len] = '\0';
	return strlen(text) == inner.len && inet_pton(family, text, octets) == 1;
}

static int parse_literal(struct lexer *l, struct view *out)
{
	size_t start = l->at;

	while (!lexer_end(l) && lexer_peek(l) != ']')
		l->at++;
	if (!lexer_take(l, ']'))
		return ADDRESS_E_SYNTAX;
	*out = view_sub(l->text, start, l->at - start);
	return literal_is_valid(*out) ? ADDRESS_OK : ADDRESS_E_DOMAIN;
}

static bool is_name_byte(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) || c == '-' || c == '.' || is_wide(c);
}

/* U-labels become A-labels; a name that has none stays as it was written. */
static int parse_name(struct arena *arena, struct lexer *l, struct view *out)
{
	size_t start = l->at;
	struct view name;

	while (is_name_byte(lexer_peek(l)))
		l->at++;
	name = view_sub(l->text, start, l->at - start);
	if (name.len > limit_value(LIMIT_SMTP_DOMAIN) || view_ends(name, VIEW(".")))
		return ADDRESS_E_DOMAIN;
	if (!view_is_ascii(name) && !name_normalise(arena, name, &name))
		return ADDRESS_E_DOMAIN;
	*out = name;
	return name_is_host(name) ? ADDRESS_OK : ADDRESS_E_DOMAIN;
}

static int parse_domain(struct arena *arena, struct lexer *l, struct view *out)
{
	return lexer_peek(l) == '[' ? parse_literal(l, out) : parse_name(arena, l, out);
}

static int parse_address(struct arena *arena, struct lexer *l, enum path_kind kind,
		struct buf *local, struct view *domain)
{
	int r;

	if (lexer_peek(l) == '@')
		return ADDRESS_E_ROUTE;
	r = parse_local(l, local);
	if (r)
		return r;
	if (lexer_take(l, '@'))
		return parse_domain(arena, l, domain);
	/* RFC 5321, 4.1.1.3: the one recipient that needs no domain. */
	if (kind == PATH_FORWARD && view_eq_nocase(buf_view(local), VIEW("postmaster")))
		return ADDRESS_OK;
	return lexer_end(l) || lexer_peek(l) == '>' ? ADDRESS_E_DOMAIN : ADDRESS_E_LOCAL;
}

/* Writes the parts where they will stay. */
static void keep_address(struct arena *arena, struct view raw, struct view local,
		struct view domain, struct address *out)
{
	*out = (struct address){
		.local = arena_copy(arena, local),
		.domain = arena_copy(arena, domain),
		.raw = arena_copy(arena, raw),
		.wide = !view_is_ascii(raw),
	};
}

int address_parse_path(struct arena *arena, struct view text, enum path_kind kind,
		struct address *out, struct view *rest_out)
{
	const size_t max = limit_value(LIMIT_SMTP_PATH);
	CLEANUP(buf_free) struct buf local = BUF_NULL(max);
	struct lexer l = lexer_of(view_sub(text, 0, max));
	struct view domain = VIEW_NULL;
	int r;

	if (!lexer_take(&l, '<'))
		return ADDRESS_E_SYNTAX;
	if (kind != PATH_REVERSE || lexer_peek(&l) != '>') {
		r = parse_address(arena, &l, kind, &local, &domain);
		if (lexer_end(&l) && text.len > max)
			return ADDRESS_E_TOO_LONG;
		if (r)
			return r;
	}
	if (!lexer_take(&l, '>'))
		return lexer_end(&l) && text.len > max ? ADDRESS_E_TOO_LONG
						       : ADDRESS_E_SYNTAX;
	keep_address(arena, view_sub(text, 1, l.at - 2), buf_view(&local), domain, out);
	*rest_out = view_from(text, l.at);
	return ADDRESS_OK;
}

int address_parse(struct arena *arena, struct view text, struct address *out)
{
	CLEANUP(buf_free) struct buf local = BUF_NULL(limit_value(LIMIT_SMTP_PATH));
	struct lexer l = lexer_of(text);
	struct view domain;
	int r;

	if (text.len > limit_value(LIMIT_SMTP_PATH))
		return ADDRESS_E_TOO_LONG;
	r = parse_address(arena, &l, PATH_REVERSE, &local, &domain);
	if (r)
		return r;
	if (!lexer_end(&l))
		return ADDRESS_E_SYNTAX;
	keep_address(arena, text, buf_view(&local), domain, out);
	return ADDRESS_OK;
}

bool address_local_fits(const struct address *address)
{
	return address->local.len <= limit_value(LIMIT_SMTP_LOCAL_PART);
}

static struct view lower_copy(struct arena *arena, struct view text)
{
	char *lower = arena_copy_z(arena, text);

	for (size_t i = 0; i < text.len; i++)
		lower[i] = byte_lower(lower[i]);
	return view_of(lower, text.len);
}

bool address_lower_local(struct arena *arena, struct view local, struct view *out)
{
	uint8_t *lower;
	size_t len;

	if (view_is_ascii(local)) {
		*out = lower_copy(arena, local);
		return true;
	}
	if (!utf8_valid(local))
		return false;
	lower = u8_tolower((const uint8_t *)local.data, local.len, NULL, UNINORM_NFC,
			NULL, &len);
	if (!lower)
		return false;
	*out = arena_copy(arena, view_of(lower, len));
	free(lower);
	return true;
}

bool address_normalise(struct arena *arena, struct view local, struct view domain,
		struct view *out)
{
	struct view name;
	char *text;

	if (local.len == 0 || !address_lower_local(arena, local, &local))
		return false;
	if (literal_is_valid(domain))
		name = lower_copy(arena, domain);
	else if (!name_normalise(arena, domain, &name))
		return false;
	text = arena_alloc(arena, local.len + 1 + name.len);
	memcpy(text, local.data, local.len);
	text[local.len] = '@';
	memcpy(text + local.len + 1, name.data, name.len);
	*out = view_of(text, local.len + 1 + name.len);
	return true;
}

bool address_split(struct view address, struct view *local_out, struct view *domain_out)
{
	size_t at = view_find_last(address, '@');

	if (at == address.len)
		return false;
	*local_out = view_sub(address, 0, at);
	*domain_out = view_from(address, at + 1);
	return true;
}

bool address_split_detail(struct view local, char separator, struct view *base_out,
		struct view *detail_out)
{
	size_t at = 1 + view_find(view_from(local, 1), separator);

	if (!separator || at >= local.len)
		return false;
	*base_out = view_sub(local, 0, at);
	*detail_out = view_from(local, at + 1);
	return true;
}

static bool is_dot_string(struct view local)
{
	bool word = false;

	for (size_t i = 0; i < local.len; i++) {
		if (local.data[i] == '.' && !word)
			return false;
		word = local.data[i] != '.';
		if (word && !byte_is_atext(local.data[i], true))
			return false;
	}
	return word;
}

void address_print(struct buf *out, struct view local, struct view domain)
{
	if (local.len == 0 && domain.len == 0)
		return;
	if (is_dot_string(local)) {
		buf_add(out, local);
	} else {
		buf_add_byte(out, '"');
		for (size_t i = 0; i < local.len; i++) {
			if (local.data[i] == '"' || local.data[i] == '\\')
				buf_add_byte(out, '\\');
			buf_add_byte(out, local.data[i]);
		}
		buf_add_byte(out, '"');
	}
	if (domain.len) {
		buf_add_byte(out, '@');
		buf_add(out, domain);
	}
}
