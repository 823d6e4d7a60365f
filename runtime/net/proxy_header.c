#include "runtime/net/proxy_header.h"

#include "runtime/base/limit.h"
#include "runtime/net/ip.h"

#include <netinet/in.h>

enum {
	LONGEST_LINE = 107, /* of version 1, with its CRLF */
	HEAD = 16, /* of version 2: signature, version and command, family, length */
	ADDRESSES_OF_FOUR = 12,
	ADDRESSES_OF_SIX = 36
};

enum {
	LOCAL = 0x20, /* version in the high half, command in the low one */
	PROXY = 0x21,
	UNSPEC = 0x00,
	TCP_OVER_FOUR = 0x11,
	TCP_OVER_SIX = 0x21
};

#define SIGNATURE VIEW("\r\n\r\n\0\r\nQUIT\n")
#define LINE      VIEW("PROXY ")

/* True where `bytes` are the beginning of `whole`, or begin with it. */
static bool agree(struct view bytes, struct view whole)
{
	return view_eq(view_sub(bytes, 0, whole.len), view_sub(whole, 0, bytes.len));
}

/* -- version 1 -- */

/* A port as one writes it. */
static bool parse_port(struct view text, uint16_t *out)
{
	uint64_t number;

	if ((text.len > 1 && text.data[0] == '0') || !view_to_u64(text, &number) ||
			number > UINT16_MAX)
		return false;
	*out = (uint16_t)number;
	return true;
}

/* "192.0.2.1 192.0.2.2 1 2" */
static bool parse_words(struct view words, sa_family_t family, struct proxy_header *out)
{
	struct view from = view_cut(&words, ' '), to = view_cut(&words, ' ');
	struct view from_port = view_cut(&words, ' ');
	uint16_t a, b;

	out->named = true;
	return parse_port(from_port, &a) && parse_port(words, &b) &&
	       ip_parse(from, a, &out->from) && ip_parse(to, b, &out->to) &&
	       out->from.ss_family == family && out->to.ss_family == family;
}

static int parse_line(struct view bytes, struct proxy_header *out)
{
	struct view most = view_sub(bytes, 0, LONGEST_LINE);
	size_t end = view_find(most, '\n');
	struct view line = view_sub(bytes, LINE.len, end - LINE.len);

	if (end == most.len)
		return most.len < LONGEST_LINE ? PROXY_HEADER_E_MORE : PROXY_HEADER_E_BAD;
	if (!view_ends(line, VIEW("\r")))
		return PROXY_HEADER_E_BAD;
	line.len--;
	*out = (struct proxy_header){ .len = end + 1 };
	if (view_eq(line, VIEW("UNKNOWN")) || view_starts(line, VIEW("UNKNOWN ")))
		return PROXY_HEADER_OK;
	if (view_starts(line, VIEW("TCP4 ")) &&
			parse_words(view_from(line, 5), AF_INET, out))
		return PROXY_HEADER_OK;
	if (view_starts(line, VIEW("TCP6 ")) &&
			parse_words(view_from(line, 5), AF_INET6, out))
		return PROXY_HEADER_OK;
	return PROXY_HEADER_E_BAD;
}

/* -- version 2 -- */

static unsigned byte_at(struct view bytes, size_t at)
{
	return (unsigned char)bytes.data[at];
}

static uint16_t number_at(struct view bytes, size_t at)
{
	return (uint16_t)(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

static struct sockaddr_storage four_at(struct view bytes, size_t at, size_t port_at)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in *four = (void *)&address;

	four->sin_family = AF_INET;
	four->sin_port = htons(number_at(bytes, port_at));
	memcpy(&four->sin_addr, bytes.data + at, 4);
	return address;
}

static struct sockaddr_storage six_at(struct view bytes, size_t at, size_t port_at)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in6 *six = (void *)&address;

	six->sin6_family = AF_INET6;
	six->sin6_port = htons(number_at(bytes, port_at));
	memcpy(&six->sin6_addr, bytes.data + at, 16);
	return address;
}

static int parse_addresses(struct view rest, unsigned family, struct proxy_header *out)
{
	if (family == TCP_OVER_FOUR && rest.len >= ADDRESSES_OF_FOUR) {
		out->from = four_at(rest, 0, 8);
		out->to = four_at(rest, 4, 10);
	} else if (family == TCP_OVER_SIX && rest.len >= ADDRESSES_OF_SIX) {
		out->from = six_at(rest, 0, 32);
		out->to = six_at(rest, 16, 34);
	} else {
		return family == UNSPEC ? PROXY_HEADER_OK : PROXY_HEADER_E_BAD;
	}
	out->named = true;
	return PROXY_HEADER_OK;
}

static int parse_binary(struct view bytes, struct proxy_header *out)
{
	unsigned command;
	size_t len;

	if (bytes.len < HEAD)
		return PROXY_HEADER_E_MORE;
	command = byte_at(bytes, SIGNATURE.len);
	len = HEAD + number_at(bytes, HEAD - 2);
	if ((command != LOCAL && command != PROXY) ||
			len > limit_value(LIMIT_NET_PROXY_HEADER))
		return PROXY_HEADER_E_BAD;
	if (bytes.len < len)
		return PROXY_HEADER_E_MORE;
	*out = (struct proxy_header){ .len = len };
	if (command == LOCAL)
		return PROXY_HEADER_OK;
	return parse_addresses(view_sub(bytes, HEAD, len - HEAD),
			byte_at(bytes, SIGNATURE.len + 1), out);
}

int proxy_header_parse(struct view bytes, struct proxy_header *out)
{
	struct proxy_header header = { 0 };
	int r = PROXY_HEADER_E_BAD;

	if (agree(bytes, SIGNATURE))
		r = parse_binary(bytes, &header);
	else if (agree(bytes, LINE))
		r = bytes.len < LINE.len ? PROXY_HEADER_E_MORE
					 : parse_line(bytes, &header);
	if (r)
		return r;
	ip_unmap(&header.from);
	ip_unmap(&header.to);
	*out = header;
	return PROXY_HEADER_OK;
}
