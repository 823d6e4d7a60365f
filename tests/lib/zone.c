#include "tests/lib/zone.h"

#include "runtime/base/error.h"
#include "runtime/base/network.h"

/* clang-format off */
static const struct {
	const char *name;
	enum dns_type type;
} types[] = {
	{ "A", DNS_A }, { "AAAA", DNS_AAAA }, { "MX", DNS_MX }, { "PTR", DNS_PTR }, { "TXT", DNS_TXT },
};
/* clang-format on */

static bool is_type(struct view word, enum dns_type type)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (view_eq(word, view_z(types[i].name)))
			return types[i].type == type;
	return false;
}

void zone_add_name(struct buf *out, struct view name)
{
	while (name.len) {
		struct view label = view_cut(&name, '.');

		buf_add_byte(out, (char)label.len);
		buf_add(out, label);
	}
	buf_add_byte(out, '\0');
}

void zone_add_text(struct buf *out, struct view text)
{
	do {
		struct view piece = view_sub(text, 0, 255);

		buf_add_byte(out, (char)piece.len);
		buf_add(out, piece);
		text = view_from(text, piece.len);
	} while (text.len);
}

static void add_rdata(struct buf *out, enum dns_type type, struct view data)
{
	struct network address;
	uint64_t preference;

	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		if (!network_parse(data, &address))
			die("zone: %.*s is no address", VIEW_ARG(data));
		buf_add(out, view_of(address.bytes, address.six ? 16 : 4));
		break;
	case DNS_MX:
		if (!view_to_u64(view_cut(&data, ' '), &preference))
			die("zone: an MX without a preference");
		buf_add_byte(out, (char)(preference >> 8));
		buf_add_byte(out, (char)preference);
		zone_add_name(out, data);
		break;
	case DNS_PTR:
		zone_add_name(out, data);
		break;
	case DNS_TXT:
		zone_add_text(out, data);
		break;
	case DNS_TLSA:
		die("zone: nobody asks for TLSA here");
	}
}

/* A line's name, with its escapes, and one that is asked for. */
static bool is_name(struct view line, struct view asked)
{
	CLEANUP(buf_free) struct buf name = BUF_NULL(line.len + 1);

	while (line.len) {
		bool blank = view_starts(line, VIEW("\\s"));

		buf_add_byte(&name, blank ? ' ' : line.data[0]);
		line = view_from(line, blank ? 2 : 1);
	}
	return view_eq_nocase(buf_view(&name), asked);
}

void zone_answer(struct view zone, struct dns_lookup *lookup)
{
	CLEANUP(buf_free) struct buf rdata = BUF_NULL(1 << 17);
	struct dns_answer *answer = &lookup->answer;

	dns_answer_set(answer, DNS_NXDOMAIN, false, 300);
	while (zone.len) {
		struct view data = view_cut(&zone, '\n');
		struct view name = view_cut(&data, ' '), type = view_cut(&data, ' ');

		if (!is_name(name, buf_view(&lookup->name)))
			continue;
		if (view_eq(type, VIEW("TIMEOUT")) || view_eq(type, VIEW("BOGUS"))) {
			if (data.len && !is_type(data, lookup->type))
				continue;
			dns_answer_set(answer,
					type.data[0] == 'T' ? DNS_FAILED : DNS_BOGUS,
					false, 0);
			return;
		}
		if (answer->status == DNS_NXDOMAIN)
			answer->status = DNS_NODATA;
		if (!is_type(type, lookup->type))
			continue;
		answer->status = DNS_ANSWERED;
		buf_clear(&rdata);
		add_rdata(&rdata, lookup->type, data);
		dns_answer_add(answer, lookup->type, buf_view(&rdata));
		if (dns_answer_failed(answer))
			return;
	}
}

void zone_answer_text(struct view text, struct dns_lookup *lookup)
{
	CLEANUP(buf_free) struct buf rdata = BUF_NULL(1 << 20);

	dns_answer_set(&lookup->answer, text.len ? DNS_ANSWERED : DNS_NODATA, false, 1);
	zone_add_text(&rdata, text);
	dns_answer_add(&lookup->answer, DNS_TXT, buf_view(&rdata));
}
