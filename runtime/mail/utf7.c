#include "runtime/mail/utf7.h"

#include "runtime/base/utf8.h"

static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool is_plain(uint32_t code)
{
	return code >= ' ' && code <= '~';
}

/* -- decoding -- */

/* The UTF-16 units of one shifted run come in one by one. */
struct units {
	uint32_t high; /* a high surrogate that waits for its low one */
	struct buf *out;
};

static bool add_unit(struct units *u, uint32_t unit)
{
	bool low = unit >= 0xdc00 && unit < 0xe000;

	if (low != (u->high != 0))
		return false;
	if (unit >= 0xd800 && unit < 0xdc00) {
		u->high = unit;
		return true;
	}
	if (low)
		unit = 0x10000 + ((u->high - 0xd800) << 10) + (unit - 0xdc00);
	u->high = 0;
	if (is_plain(unit) || unit == 0)
		return false;
	utf8_add(u->out, unit);
	return true;
}

/* What stands between '&' and '-'. */
static bool decode_run(struct buf *out, struct view run)
{
	struct units units = { .out = out };
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < run.len; i++) {
		const char *at = run.data[i] ? strchr(alphabet, run.data[i]) : NULL;

		if (!at)
			return false;
		bits = (bits << 6 | (uint32_t)(at - alphabet)) & 0xffffff;
		have += 6;
		if (have < 16)
			continue;
		have -= 16;
		if (!add_unit(&units, bits >> have & 0xffff))
			return false;
	}
	return have < 6 && (bits & ((1U << have) - 1)) == 0 && !units.high;
}

static bool decode(struct buf *out, struct view rest)
{
	bool after_run = false;

	while (rest.len) {
		char c = rest.data[0];
		struct view run;
		size_t end;

		if (!is_plain((unsigned char)c))
			return false;
		rest = view_from(rest, 1);
		if (c != '&') {
			buf_add_byte(out, c);
			after_run = false;
			continue;
		}
		end = view_find(rest, '-');
		run = view_sub(rest, 0, end);
		if (end == rest.len)
			return false;
		rest = view_from(rest, end + 1);
		if (run.len == 0) {
			buf_add_byte(out, '&');
			after_run = false;
			continue;
		}
		if (after_run || !decode_run(out, run))
			return false;
		after_run = true;
	}
	return !buf_failed(out);
}

bool utf7_decode(struct buf *out, struct view name)
{
	size_t before = out->len;

	if (decode(out, name))
		return true;
	buf_truncate(out, before);
	return false;
}

/* -- encoding -- */

struct run_writer {
	uint32_t bits;
	unsigned have;
	bool open;
	struct buf *out;
};

static void write_unit(struct run_writer *w, uint32_t unit)
{
	if (!w->open)
		buf_add_byte(w->out, '&');
	w->open = true;
	w->bits = w->bits << 16 | unit;
	w->have += 16;
	while (w->have >= 6) {
		w->have -= 6;
		buf_add_byte(w->out, alphabet[w->bits >> w->have & 63]);
	}
	w->bits &= (1U << w->have) - 1;
}

static void close_run(struct run_writer *w)
{
	if (!w->open)
		return;
	if (w->have)
		buf_add_byte(w->out, alphabet[w->bits << (6 - w->have) & 63]);
	buf_add_byte(w->out, '-');
	w->bits = w->have = 0;
	w->open = false;
}

bool utf7_encode(struct buf *out, struct view name)
{
	struct run_writer w = { .out = out };
	struct view rest = name;
	uint32_t code;

	if (!utf8_valid(name) || view_find(name, '\0') < name.len)
		return false;
	while (rest.len) {
		rest = view_from(rest, utf8_decode(rest, &code));
		if (is_plain(code)) {
			close_run(&w);
			buf_add_byte(out, (char)code);
			if (code == '&')
				buf_add_byte(out, '-');
		} else if (code < 0x10000) {
			write_unit(&w, code);
		} else {
			write_unit(&w, 0xd800 + ((code - 0x10000) >> 10));
			write_unit(&w, 0xdc00 + ((code - 0x10000) & 0x3ff));
		}
	}
	close_run(&w);
	return true;
}
