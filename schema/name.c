#include "schema/name.h"

#include "runtime/base/limit.h"
#include "runtime/base/utf8.h"
#include "runtime/dns/name.h"
#include "runtime/mail/address.h"
#include "schema/source.h"

#include <arpa/inet.h>

enum {
	DOMAIN_MAX = 253,
	NAME_MAX_LEN = 63,
};

static int bad(const char **why_out, const char *why)
{
	*why_out = why;
	return NAME_E_BAD;
}

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || byte_is_digit(c);
}

static struct view lower_case(struct arena *arena, struct view text)
{
	char *lower;
	size_t i = 0;

	while (i < text.len && byte_lower(text.data[i]) == text.data[i])
		i++;
	if (i == text.len)
		return text;
	lower = arena_copy_z(arena, text);
	for (; i < text.len; i++)
		lower[i] = byte_lower(lower[i]);
	return view_of(lower, text.len);
}

/* -- domains and addresses -- */

int domain_check(struct arena *arena, struct view text, struct view *out,
		const char **why_out)
{
	struct view name;

	if (text.len == 0)
		return bad(why_out, "it is empty");
	if (text.data[text.len - 1] == '.')
		return bad(why_out, "a domain name here has no dot at its end");
	if (text.len > 4 * DOMAIN_MAX || !name_normalise(arena, text, &name))
		return bad(why_out, "letters, digits and `-` between dots, at most 63 a "
				    "part and 253 in all");
	if (!name_is_domain(name))
		return bad(why_out, "a whole domain name is wanted, like `a.example`");
	*out = view_eq(name, text) ? text : name;
	return NAME_OK;
}

/* RFC 5322, 3.2.3 (atext) without what mail systems of old took for routes and what reads
 * like a path. */
static bool is_local_byte(unsigned char c)
{
	if (c >= 0x80 || byte_is_alpha((char)c) || byte_is_digit((char)c))
		return true;
	return c && strchr("#$&'*+-=?^_`{|}~.", c) != NULL;
}

static int check_local_part(struct view local, const char **why_out)
{
	if (local.len == 0)
		return bad(why_out, "nothing stands before the `@`");
	if (local.len > limit_value(LIMIT_SMTP_LOCAL_PART))
		return bad(why_out, "more than 64 bytes stand before the `@`");
	if (local.data[0] == '.' || local.data[local.len - 1] == '.' ||
			view_find_view(local, VIEW("..")) < local.len)
		return bad(why_out, "a dot at an end, or two in a row");
	for (size_t i = 0; i < local.len; i++)
		if (!is_local_byte((unsigned char)local.data[i]))
			return bad(why_out, "a byte before the `@` that may not stand in "
					    "an address");
	return NAME_OK;
}

static int lower_local_part(struct arena *arena, struct view local, struct view *out,
		const char **why_out)
{
	if (view_is_ascii(local)) {
		*out = lower_case(arena, local);
		return NAME_OK;
	}
	for (struct view rest = local; rest.len;) {
		uint32_t code;
		size_t n = utf8_decode(rest, &code);

		if (!n || display_is_hidden(code) || code == 0xa0)
			return bad(why_out, "before the `@` is no valid UTF-8, or a "
					    "character that cannot be seen");
		rest = view_from(rest, n);
	}
	return address_lower_local(arena, local, out)
			       ? NAME_OK
			       : bad(why_out, "before the `@` is no valid UTF-8");
}

int address_check(struct arena *arena, struct view text, struct view *out,
		const char **why_out)
{
	size_t at = view_find_last(text, '@');
	struct view written = view_sub(text, 0, at), local, domain;
	int r;

	if (at == text.len)
		return bad(why_out, "an address has an `@`");
	r = check_local_part(written, why_out);
	if (!r)
		r = lower_local_part(arena, written, &local, why_out);
	if (!r)
		r = domain_check(arena, view_from(text, at + 1), &domain, why_out);
	if (r)
		return r;
	if (local.data == text.data && domain.data == text.data + at + 1 &&
			domain.len == text.len - at - 1)
		*out = text;
	else
		*out = arena_printf(
				arena, "%.*s@%.*s", VIEW_ARG(local), VIEW_ARG(domain));
	return NAME_OK;
}

/* -- names -- */

static int check_name(struct view text, const char *besides, const char *form,
		const char **why_out)
{
	if (text.len == 0 || text.len > NAME_MAX_LEN || !is_lower_or_digit(text.data[0]))
		return bad(why_out, form);
	for (size_t i = 0; i < text.len; i++)
		if (!is_lower_or_digit(text.data[i]) &&
				(!text.data[i] || !strchr(besides, text.data[i])))
			return bad(why_out, form);
	return NAME_OK;
}

int id_check(struct view text, const char **why_out)
{
	return check_name(text, "-",
			"small letters, digits and `-`, at most 63, a letter or digit "
			"first",
			why_out);
}

int name_check(struct view text, const char **why_out)
{
	return check_name(text, "-._",
			"small letters, digits, `-`, `.` and `_`, at most 63, a letter "
			"or "
			"digit first",
			why_out);
}

/* -- addresses of the network -- */

struct ip {
	int family;
	unsigned char bytes[16];
	unsigned bits;
};

static bool ip_parse(struct view text, struct ip *out)
{
	char z[INET6_ADDRSTRLEN];

	if (text.len == 0 || text.len >= sizeof(z) || view_find(text, '\0') < text.len)
		return false;
	memcpy(z, text.data, text.len);
	z[text.len] = '\0';
	out->family = strchr(z, ':') ? AF_INET6 : AF_INET;
	out->bits = out->family == AF_INET ? 32 : 128;
	return inet_pton(out->family, z, out->bytes) == 1;
}

static struct view ip_print(struct arena *arena, const struct ip *ip)
{
	char z[INET6_ADDRSTRLEN];

	inet_ntop(ip->family, ip->bytes, z, sizeof(z));
	return arena_copy(arena, view_z(z));
}

int ip_normalise(struct arena *arena, struct view text, struct view *out,
		const char **why_out)
{
	struct ip ip;

	if (!ip_parse(text, &ip))
		return bad(why_out, "not an IPv4 or IPv6 address");
	*out = ip_print(arena, &ip);
	return NAME_OK;
}

static bool has_host_bits(const struct ip *ip, unsigned bits)
{
	for (unsigned i = bits; i < ip->bits; i++)
		if (ip->bytes[i / 8] & (0x80 >> i % 8))
			return true;
	return false;
}

int network_normalise(struct arena *arena, struct view text, struct view *out,
		const char **why_out)
{
	struct view bits_text = text, address = view_cut(&bits_text, '/');
	uint64_t bits;
	struct ip ip;

	if (!ip_parse(address, &ip))
		return bad(why_out,
				"not an IP address, nor a network like `192.0.2.0/24`");
	if (!bits_text.data) {
		*out = ip_print(arena, &ip);
		return NAME_OK;
	}
	if (!view_to_u64(bits_text, &bits) || bits > ip.bits)
		return bad(why_out, "the number behind the `/` is too large, or none");
	if (has_host_bits(&ip, (unsigned)bits))
		return bad(why_out, "bits are set behind the network's own");
	*out = arena_printf(
			arena, "%.*s/%u", VIEW_ARG(ip_print(arena, &ip)), (unsigned)bits);
	return NAME_OK;
}

struct view network_holding(struct arena *arena, struct view text)
{
	struct view bits_text = text, address = view_cut(&bits_text, '/');
	uint64_t bits;
	struct ip ip;

	if (!ip_parse(address, &ip) || !view_to_u64(bits_text, &bits) || bits > ip.bits)
		return VIEW_NULL;
	for (unsigned i = (unsigned)bits; i < ip.bits; i++)
		ip.bytes[i / 8] &= (unsigned char)~(0x80 >> i % 8);
	return arena_printf(
			arena, "%.*s/%u", VIEW_ARG(ip_print(arena, &ip)), (unsigned)bits);
}

int endpoint_parse(struct arena *arena, struct view text, struct desired_listen *out,
		const char **why_out)
{
	struct desired_listen endpoint = { .said = true, .open = true };
	size_t colon = view_find_last(text, ':');
	struct view address = view_sub(text, 0, colon);
	uint64_t port;

	if (view_eq(text, VIEW("off"))) {
		*out = (struct desired_listen){ .said = true };
		return NAME_OK;
	}
	if (colon == text.len)
		address = VIEW_NULL;
	if (!view_to_u64(colon == text.len ? text : view_from(text, colon + 1), &port) ||
			port == 0 || port > UINT16_MAX)
		return bad(why_out, "a port is a number from 1 to 65535");
	endpoint.port = (uint16_t)port;
	if (address.len > 2 && address.data[0] == '[' &&
			address.data[address.len - 1] == ']')
		address = view_sub(address, 1, address.len - 2);
	else if (view_find(address, ':') < address.len)
		return bad(why_out, "an IPv6 address stands in brackets: `[::1]:25`");
	if (colon < text.len && ip_normalise(arena, address, &endpoint.address, why_out))
		return NAME_E_BAD;
	*out = endpoint;
	return NAME_OK;
}

struct view endpoint_print(struct arena *arena, const struct desired_listen *endpoint)
{
	bool six = view_find(endpoint->address, ':') < endpoint->address.len;

	if (!endpoint->open)
		return VIEW("off");
	if (!endpoint->address.len)
		return arena_printf(arena, "%u", endpoint->port);
	return arena_printf(arena, six ? "[%.*s]:%u" : "%.*s:%u",
			VIEW_ARG(endpoint->address), endpoint->port);
}

int url_check(struct view text, const char **why_out)
{
	size_t scheme = view_find_view(text, VIEW("://"));
	struct view authority, user;

	if (scheme == 0 || scheme == text.len || scheme + 3 == text.len)
		return bad(why_out, "a URL like `https://host.example/path`");
	for (size_t i = 0; i < scheme; i++)
		if (!is_lower_or_digit(text.data[i]) && text.data[i] != '+')
			return bad(why_out, "the scheme before `://` is small letters");
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] <= ' ' ||
				(unsigned char)text.data[i] >= 0x7f)
			return bad(why_out, "a byte that a URL writes as %XX");
	authority = view_from(text, scheme + 3);
	authority = view_sub(authority, 0, view_find(authority, '/'));
	user = view_sub(authority, 0, view_find_last(authority, '@'));
	if (user.len < authority.len && (!view_starts(text, VIEW("ssh://")) ||
							view_find(user, ':') < user.len))
		return bad(why_out, "a URL here carries no user and no password");
	return NAME_OK;
}

/* -- paths -- */

static int check_parts(struct view path, const char **why_out)
{
	if (text_check(path, false, why_out))
		return NAME_E_BAD;
	while (path.data) {
		struct view part = view_cut(&path, '/');

		if (part.len == 0 || view_eq(part, VIEW(".")) ||
				view_eq(part, VIEW("..")))
			return bad(why_out, "a part of the path is empty, `.` or `..`");
	}
	return NAME_OK;
}

int path_check(struct view text, const char **why_out)
{
	if (text.len < 2 || text.data[0] != '/')
		return bad(why_out,
				"an absolute path is wanted, one that begins with `/`");
	return check_parts(view_from(text, 1), why_out);
}

int near_path_check(struct view text, const char **why_out)
{
	if (text.len && text.data[0] == '/')
		return path_check(text, why_out);
	if (text.len == 0)
		return bad(why_out, "a path is wanted");
	return check_parts(text, why_out);
}

int file_check(struct view text, const char **why_out)
{
	if (text.len == 0 || text.data[0] == '/')
		return bad(why_out,
				"a file of the state is wanted: no `/` at its beginning");
	return check_parts(text, why_out);
}

int pattern_check(struct view text, const char **why_out)
{
	if (text.len < 3 || text.data[0] != '/' || text.data[text.len - 1] != '/')
		return bad(why_out, "a pattern stands between slashes: `/shop-(.+)/`");
	if (text.len > 1000)
		return bad(why_out, "a pattern has at most 1000 bytes");
	return text_check(text, false, why_out);
}

int text_check(struct view text, bool lines, const char **why_out)
{
	while (text.len) {
		uint32_t code;
		size_t len = utf8_decode(text, &code);

		if (!len)
			return bad(why_out, "not UTF-8");
		if (lines && (code == '\n' || code == '\t'))
			code = ' ';
		if (code == '\n' || code == '\r')
			return bad(why_out, "a line break in a value of one line");
		if (code < 0x20 || (code >= 0x7f && code < 0xa0) ||
				(display_is_hidden(code) && code != 0x200c &&
						code != 0x200d))
			return bad(why_out, "a control character");
		text = view_from(text, len);
	}
	return NAME_OK;
}
