#include "runtime/mailauth/dkim_canonical.h"

#include "runtime/mail/lexer.h"

/* -- the body -- */

void dkim_body_init(struct dkim_body *body, enum dkim_canonical how)
{
	*body = (struct dkim_body){ .how = how, .sha = sha256_new() };
}

void dkim_body_deinit(struct dkim_body *body)
{
	sha256_freep(&body->sha);
}

static void flush(struct dkim_body *body)
{
	sha256_add(body->sha, view_of(body->out, body->out_len));
	body->size += body->out_len;
	body->out_len = 0;
}

static void emit(struct dkim_body *body, struct view octets)
{
	while (octets.len) {
		size_t room = sizeof(body->out) - body->out_len;
		struct view piece = view_sub(octets, 0, room);

		memcpy(body->out + body->out_len, piece.data, piece.len);
		body->out_len += piece.len;
		octets = view_from(octets, piece.len);
		if (body->out_len == sizeof(body->out))
			flush(body);
	}
}

/* Something that counts follows: so does what was held back before it. */
static void emit_content(struct dkim_body *body, struct view octets)
{
	for (; body->empty_lines; body->empty_lines--)
		emit(body, VIEW("\r\n"));
	if (body->blank)
		emit(body, VIEW(" "));
	body->blank = false;
	body->in_line = true;
	emit(body, octets);
}

static void end_line(struct dkim_body *body)
{
	body->blank = false;
	if (body->in_line)
		emit(body, VIEW("\r\n"));
	else
		body->empty_lines++;
	body->in_line = false;
}

/* How many octets from `at` on mean nothing but themselves. */
static size_t plain_run(const struct dkim_body *body, struct view bytes, size_t at)
{
	size_t end = at;

	while (end < bytes.len && bytes.data[end] != '\r' &&
			(body->how == DKIM_SIMPLE ||
					(bytes.data[end] != ' ' &&
							bytes.data[end] != '\t')))
		end++;
	return end - at;
}

void dkim_body_add(struct dkim_body *body, struct view bytes)
{
	for (size_t at = 0; at < bytes.len;) {
		size_t run;

		if (body->cr) {
			body->cr = false;
			if (bytes.data[at] == '\n') {
				end_line(body);
				at++;
				continue;
			}
			emit_content(body, VIEW("\r"));
		}
		run = plain_run(body, bytes, at);
		if (run)
			emit_content(body, view_sub(bytes, at, run));
		at += run;
		if (at == bytes.len)
			break;
		if (bytes.data[at++] == '\r')
			body->cr = true;
		else
			body->blank = true;
	}
}

void dkim_body_final(struct dkim_body *body, unsigned char out[DIGEST_SIZE])
{
	if (body->cr)
		emit_content(body, VIEW("\r"));
	body->cr = false;
	if (body->in_line)
		end_line(body); /* a last line without an end gets one */
	flush(body);
	/* An empty body is an empty line in the one form, nothing in the other. */
	if (body->size == 0 && body->how == DKIM_SIMPLE) {
		emit(body, VIEW("\r\n"));
		flush(body);
	}
	sha256_final(body->sha, out);
}

/* -- fields -- */

/* Blanks and folds become one blank each, and none at the ends. */
static void add_relaxed_text(struct buf *out, struct view text, bool *blank, bool *begun)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (byte_is_blank(c)) {
			*blank = true;
			continue;
		}
		if (*blank && *begun)
			buf_add_byte(out, ' ');
		*blank = false;
		*begun = true;
		buf_add_byte(out, c);
	}
}

static void add_name(struct buf *out, struct view name)
{
	for (size_t i = 0; i < name.len; i++)
		buf_add_byte(out, byte_lower(name.data[i]));
	buf_add_byte(out, ':');
}

void dkim_field_add(struct sha256 *sha, enum dkim_canonical how,
		const struct header_field *field)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(SIZE_MAX);
	bool blank = false, begun = false;

	if (how == DKIM_SIMPLE) {
		sha256_add(sha, field->whole);
		if (!view_ends(field->whole, VIEW("\n")))
			sha256_add(sha, VIEW("\r\n"));
		return;
	}
	add_name(&out, field->name);
	add_relaxed_text(&out, field->value, &blank, &begun);
	buf_add_z(&out, "\r\n");
	sha256_add(sha, buf_view(&out));
}

void dkim_signature_add(struct sha256 *sha, enum dkim_canonical how, struct view before,
		struct view after)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(SIZE_MAX);
	struct view value = before;
	bool blank = false, begun = false;

	while (after.len && (after.data[after.len - 1] == '\n' ||
					    after.data[after.len - 1] == '\r'))
		after.len--;
	if (how == DKIM_SIMPLE) {
		sha256_add(sha, before);
		sha256_add(sha, after);
		return;
	}
	add_name(&out, view_trim(view_cut(&value, ':')));
	add_relaxed_text(&out, value, &blank, &begun);
	add_relaxed_text(&out, after, &blank, &begun);
	sha256_add(sha, buf_view(&out));
}
