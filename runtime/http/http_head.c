#include "runtime/http/http_head.h"

#include "runtime/base/limit.h"

struct parse {
	struct http_head head;
	bool old; /* HTTP/1.0 */
	bool has_host, has_length, has_coding, has_type, has_expect;
	bool close, keep;
};

bool http_token_byte(char c)
{
	return c &&
	       (byte_is_alpha(c) || byte_is_digit(c) || strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct view text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!http_token_byte(text.data[i]))
			return false;
	return text.len > 0;
}

static struct view trim_blanks(struct view text)
{
	while (text.len && (text.data[0] == ' ' || text.data[0] == '\t'))
		text = view_from(text, 1);
	while (text.len && (text.data[text.len - 1] == ' ' ||
					   text.data[text.len - 1] == '\t'))
		text.len--;
	return text;
}

/* -- the request line -- */

static bool target_ok(struct view target)
{
	if (view_eq(target, VIEW("*")))
		return true;
	if (!view_starts(target, VIEW("/")))
		return false;
	for (size_t i = 0; i < target.len; i++)
		if (target.data[i] <= ' ' || target.data[i] >= 127 ||
				target.data[i] == '#')
			return false;
	return true;
}

/* "HTTP/" DIGIT "." DIGIT */
static bool version_ok(struct view version)
{
	return version.len == 8 && view_starts(version, VIEW("HTTP/")) &&
	       byte_is_digit(version.data[5]) && version.data[6] == '.' &&
	       byte_is_digit(version.data[7]);
}

static int parse_request_line(struct parse *p, struct view line)
{
	struct view method = view_cut(&line, ' ');
	struct view target = view_cut(&line, ' ');

	if (target.len > limit_value(LIMIT_HTTP_TARGET))
		return 414;
	if (!is_token(method) || !version_ok(line))
		return 400;
	p->old = view_eq(line, VIEW("HTTP/1.0"));
	if (!p->old && !view_eq(line, VIEW("HTTP/1.1")))
		return 505;
	if (!target_ok(target))
		return 400;
	p->head.method = method;
	p->head.target = target;
	return 0;
}

/* -- fields -- */

static int take_host(struct parse *p, struct view value)
{
	if (p->has_host)
		return 400;
	p->has_host = true;
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] <= ' ' || value.data[i] >= 127)
			return 400;
	p->head.host = value;
	return 0;
}

static int take_length(struct parse *p, struct view value)
{
	if (p->has_length || value.len > 19 || !view_to_u64(value, &p->head.length))
		return 400;
	p->has_length = true;
	return p->head.length > limit_value(LIMIT_HTTP_BODY) ? 413 : 0;
}

static int take_coding(struct parse *p, struct view value)
{
	if (p->has_coding)
		return 400;
	p->has_coding = true;
	return view_eq_nocase(value, VIEW("chunked")) ? 0 : 501;
}

static int take_type(struct parse *p, struct view value)
{
	if (p->has_type)
		return 400;
	p->has_type = true;
	p->head.content_type = value;
	return 0;
}

static int take_accept(struct parse *p, struct view value)
{
	if (!p->head.accept.data)
		p->head.accept = value;
	return 0;
}

static int take_expect(struct parse *p, struct view value)
{
	if (p->has_expect)
		return 400;
	p->has_expect = true;
	return view_eq_nocase(value, VIEW("100-continue")) ? 0 : 417;
}

static int take_connection(struct parse *p, struct view value)
{
	while (value.data) {
		struct view option = trim_blanks(view_cut(&value, ','));

		if (view_eq_nocase(option, VIEW("close")))
			p->close = true;
		else if (view_eq_nocase(option, VIEW("keep-alive")))
			p->keep = true;
	}
	return 0;
}

/* clang-format off */
static const struct {
	struct view name;
	int (*take)(struct parse *p, struct view value);
} fields[] = {
	{ { "host", 4 },               take_host },
	{ { "content-length", 14 },    take_length },
	{ { "transfer-encoding", 17 }, take_coding },
	{ { "content-type", 12 },      take_type },
	{ { "accept", 6 },             take_accept },
	{ { "expect", 6 },             take_expect },
	{ { "connection", 10 },        take_connection },
};
/* clang-format on */

static bool value_ok(struct view value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.data[i];

		if ((c < ' ' && c != '\t') || c == 127)
			return false;
	}
	return true;
}

/* A folded line begins with a blank, which is no token: it is refused with the rest. */
static int parse_field(struct parse *p, struct view line)
{
	size_t colon = view_find(line, ':');
	struct view name = view_sub(line, 0, colon);
	struct view value;

	if (colon == line.len || !is_token(name))
		return 400;
	value = trim_blanks(view_from(line, colon + 1));
	if (!value_ok(value))
		return 400;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (view_eq_nocase(name, fields[i].name))
			return fields[i].take(p, value);
	return 0;
}

/* -- the whole -- */

/* RFC 9112, 6.1 to 6.3 and 3.2: what the fields mean together. */
static int conclude(struct parse *p)
{
	if (!p->has_host && !p->old)
		return 400;
	if (p->has_coding && (p->has_length || p->old))
		return 400;
	if (p->has_coding)
		p->head.body = HTTP_BODY_CHUNKED;
	else if (p->head.length)
		p->head.body = HTTP_BODY_LENGTH;
	p->head.keep_alive = !p->close && (!p->old || p->keep);
	p->head.expects_continue =
			p->has_expect && !p->old && p->head.body != HTTP_BODY_NONE;
	return 0;
}

/* The next line without its CRLF; false where it holds a bare CR or LF. */
static bool next_line(struct view *text, struct view *line)
{
	size_t end = view_find_view(*text, VIEW("\r\n"));

	*line = view_sub(*text, 0, end);
	*text = view_from(*text, end + 2);
	return view_find(*line, '\r') == line->len && view_find(*line, '\n') == line->len;
}

struct view http_field(struct view all, const char *name)
{
	struct view line;

	while (all.len && next_line(&all, &line) && line.len) {
		struct view value = line;

		if (view_eq_nocase(view_cut(&value, ':'), view_z(name)))
			return trim_blanks(value);
	}
	return VIEW_NULL;
}

int http_head_parse(struct view text, struct http_head *out)
{
	struct parse p = { 0 };
	struct view line;
	uint64_t count = 0;
	int status;

	if (!next_line(&text, &line))
		return 400;
	status = parse_request_line(&p, line);
	p.head.fields = text;
	while (!status) {
		if (!next_line(&text, &line))
			return 400;
		if (line.len == 0)
			break;
		if (++count > limit_value(LIMIT_HTTP_FIELDS))
			return 431;
		status = parse_field(&p, line);
	}
	if (!status)
		status = conclude(&p);
	if (status)
		return status;
	*out = p.head;
	return 0;
}
