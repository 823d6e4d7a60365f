#include "runtime/mailauth/spf_macro.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

enum {
	VALUE_MAX = 4096, /* octets of what a letter stands for, at most; more is cut */
	DIGITS_MAX = 1000 /* labels: more than any name has */
};

/* `%{` letter digits `r` delimiters `}` */
struct macro {
	char letter;   /* as written: upper case asks for URL escapes */
	size_t labels; /* the last so many; 0: all */
	bool reversed;
	struct view delimiters; /* empty: the dot */
};

static bool is_delimiter(char c)
{
	return c && strchr(".-+,/_=", c);
}

/* Reads what stands behind "%{" and takes it off *rest. */
static bool read_macro(struct view *rest, bool explanation, struct macro *out)
{
	struct view body = view_cut(rest, '}');
	size_t at = 1;

	if (!rest->data || body.len == 0)
		return false;
	*out = (struct macro){ .letter = body.data[0] };
	if (!out->letter || !strchr(explanation ? "slodiphcrtv" : "slodiphv",
					    byte_lower(out->letter)))
		return false;
	for (; at < body.len && byte_is_digit(body.data[at]); at++)
		if (out->labels < DIGITS_MAX)
			out->labels = out->labels * 10 + (size_t)(body.data[at] - '0');
	if (at > 1 && out->labels == 0)
		return false;
	if (at < body.len && byte_lower(body.data[at]) == 'r') {
		out->reversed = true;
		at++;
	}
	out->delimiters = view_from(body, at);
	for (; at < body.len; at++)
		if (!is_delimiter(body.data[at]))
			return false;
	return true;
}

/* -- syntax -- */

bool spf_macro_is_string(struct view text, bool explanation)
{
	struct macro macro;

	while (text.len) {
		char c = text.data[0];

		text = view_from(text, 1);
		if (c == '%') {
			char kind = text.len ? text.data[0] : '\0';

			text = view_from(text, 1);
			if (kind == '{' && !read_macro(&text, explanation, &macro))
				return false;
			if (!kind || !strchr("{%_-", kind))
				return false;
		} else if (c < ' ' || c > '~' || (c == ' ' && !explanation)) {
			return false;
		}
	}
	return true;
}

/* RFC 7208, 7.1: letters, digits, hyphens within; not digits alone. */
static bool is_top_label(struct view label)
{
	bool only_digits = true;

	if (label.len == 0 || label.data[0] == '-' || label.data[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		if (!byte_is_digit(label.data[i]))
			only_digits = false;
		if (!byte_is_alpha(label.data[i]) && !byte_is_digit(label.data[i]) &&
				label.data[i] != '-')
			return false;
	}
	return !only_digits;
}

/* True where the text ends with a macro, be it "%%". */
static bool ends_in_macro(struct view text)
{
	struct macro macro;
	bool last = false;

	while (text.len) {
		char kind = text.len > 1 ? text.data[1] : '\0';

		last = text.data[0] == '%';
		if (last && kind == '{') {
			text = view_from(text, 2);
			if (!read_macro(&text, false, &macro))
				return false;
		} else {
			text = view_from(text, last ? 2 : 1);
		}
	}
	return last;
}

bool spf_macro_is_domain(struct view text)
{
	size_t dot;

	if (!spf_macro_is_string(text, false))
		return false;
	if (ends_in_macro(text))
		return true;
	if (text.len && text.data[text.len - 1] == '.')
		text.len--;
	dot = view_find_last(text, '.');
	return dot < text.len && is_top_label(view_from(text, dot + 1));
}

bool spf_macro_uses(struct view text, char letter)
{
	for (size_t i = 0; i + 2 < text.len; i++) {
		if (text.data[i] != '%')
			continue;
		if (text.data[i + 1] == '{' && byte_lower(text.data[i + 2]) == letter)
			return true;
		i++; /* "%%{p}" has none */
	}
	return false;
}

/* -- expansion -- */

/* 192.0.2.1; of IPv6 each half octet is a label (7.3). */
static void add_dotted(struct buf *out, const struct network *client)
{
	if (!client->six) {
		buf_addf(out, "%u.%u.%u.%u", client->bytes[0], client->bytes[1],
				client->bytes[2], client->bytes[3]);
		return;
	}
	for (int i = 0; i < 16; i++)
		buf_addf(out, "%s%x.%x", i ? "." : "", client->bytes[i] >> 4,
				client->bytes[i] & 15u);
}

static void add_readable(struct buf *out, const struct network *client)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(client->six ? AF_INET6 : AF_INET, client->bytes, text,
			    sizeof(text)))
		buf_add_z(out, text);
}

static void add_value(const struct spf_macro_values *values, char letter, struct buf *out)
{
	switch (letter) {
	case 's':
		buf_add(out, values->local);
		buf_add_byte(out, '@');
		buf_add(out, values->origin);
		break;
	case 'l':
		buf_add(out, values->local);
		break;
	case 'o':
		buf_add(out, values->origin);
		break;
	case 'd':
		buf_add(out, values->domain);
		break;
	case 'i':
		add_dotted(out, &values->client);
		break;
	case 'p':
		buf_add(out, values->name);
		break;
	case 'v':
		buf_add_z(out, values->client.six ? "ip6" : "in-addr");
		break;
	case 'h':
		buf_add(out, values->helo);
		break;
	case 'c':
		add_readable(out, &values->client);
		break;
	case 'r':
		buf_add(out, values->receiver);
		break;
	case 't':
		buf_add_u64(out, (uint64_t)(values->now > 0 ? values->now : 0));
		break;
	}
}

static bool parts_here(const struct macro *macro, char c)
{
	if (macro->delimiters.len == 0)
		return c == '.';
	return view_find(macro->delimiters, c) < macro->delimiters.len;
}

static size_t count_labels(const struct macro *macro, struct view value)
{
	size_t count = 1;

	for (size_t i = 0; i < value.len; i++)
		count += parts_here(macro, value.data[i]);
	return count;
}

/* The label that begins at `at`, or with `backwards` ends there. */
static struct view label_at(
		const struct macro *macro, struct view value, size_t at, bool backwards)
{
	size_t start = at, end = at;

	if (backwards)
		while (start && !parts_here(macro, value.data[start - 1]))
			start--;
	else
		while (end < value.len && !parts_here(macro, value.data[end]))
			end++;
	return view_sub(value, start, end - start);
}

/* Splits, turns round, keeps the last ones and joins with dots. */
static void add_labels(const struct macro *macro, struct view value, struct buf *out)
{
	size_t count = count_labels(macro, value);
	size_t skip = macro->labels && macro->labels < count ? count - macro->labels : 0;
	size_t at = macro->reversed ? value.len : 0;

	for (size_t i = 0; i < count; i++) {
		struct view label = label_at(macro, value, at, macro->reversed);

		if (i > skip)
			buf_add_byte(out, '.');
		if (i >= skip)
			buf_add(out, label);
		at = macro->reversed ? at - label.len - 1 : at + label.len + 1;
	}
}

/* RFC 3986, 2.1 and 2.3 */
static void add_escaped(struct buf *out, struct view value)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];

		if (byte_is_alpha(c) || byte_is_digit(c) || (c && strchr("-._~", c)))
			buf_add_byte(out, c);
		else
			buf_addf(out, "%%%02X", (unsigned char)c);
	}
}

static void add_macro(const struct spf_macro_values *values, const struct macro *macro,
		struct buf *out)
{
	CLEANUP(buf_free) struct buf value = BUF_NULL(VALUE_MAX);
	CLEANUP(buf_free) struct buf labels = BUF_NULL(VALUE_MAX);

	add_value(values, byte_lower(macro->letter), &value);
	add_labels(macro, buf_view(&value), &labels);
	out->failed |= buf_failed(&value);
	if (byte_lower(macro->letter) != macro->letter)
		add_escaped(out, buf_view(&labels));
	else
		buf_add(out, buf_view(&labels));
}

void spf_macro_expand(
		const struct spf_macro_values *values, struct view text, struct buf *out)
{
	struct macro macro;

	while (text.len && !buf_failed(out)) {
		size_t plain = view_find(text, '%');
		char kind = plain + 1 < text.len ? text.data[plain + 1] : '\0';

		buf_add(out, view_sub(text, 0, plain));
		text = view_from(text, plain + 2);
		if (kind == '{' && read_macro(&text, true, &macro))
			add_macro(values, &macro, out);
		else if (kind == '%')
			buf_add_byte(out, '%');
		else if (kind == '_')
			buf_add_byte(out, ' ');
		else if (kind == '-')
			buf_add_z(out, "%20");
	}
}
