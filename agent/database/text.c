#include "agent/database/text.h"

#include "runtime/base/base64.h"
#include "runtime/base/utf8.h"

#include <time.h>

void text_add_time(struct buf *out, walltime time)
{
	time_t seconds = (time_t)time;
	struct tm parts;
	char text[32];

	gmtime_r(&seconds, &parts);
	buf_add(out, view_of(text, strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ",
						   &parts)));
}

void text_add_day(struct buf *out, walltime time)
{
	time_t seconds = (time_t)time;
	struct tm parts;
	char text[32];

	gmtime_r(&seconds, &parts);
	buf_add(out, view_of(text, strftime(text, sizeof(text), "%Y-%m-%d", &parts)));
}

void text_add_age(struct buf *out, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		char name;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(units) && seconds < units[i].seconds)
		i++;
	buf_addf(out, "%lld%c", (long long)(seconds > 0 ? seconds / units[i].seconds : 0),
			units[i].name);
}

void text_add_digest(struct buf *out, const unsigned char digest[DIGEST_SIZE])
{
	buf_add_z(out, "b2:");
	hex_add(out, view_of(digest, DIGEST_SIZE / 2));
}

void text_add_count(struct buf *out, size_t count, const char *one, const char *many)
{
	buf_add_u64(out, count);
	buf_add_byte(out, ' ');
	buf_add_z(out, count == 1 ? one : many);
}

void text_add_json(struct buf *out, struct view text)
{
	CLEANUP(buf_free) struct buf repaired = BUF_NULL(SIZE_MAX / 4);

	if (!utf8_valid(text)) {
		utf8_add_repaired(&repaired, text);
		text = buf_view(&repaired);
	}
	buf_add_byte(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else if (c < ' ')
			buf_addf(out, "\\u%04x", c);
		else
			buf_add_byte(out, (char)c);
	}
	buf_add_byte(out, '"');
}

json_t *json_view(struct view text)
{
	CLEANUP(buf_free) struct buf repaired = BUF_NULL(SIZE_MAX / 4);

	if (utf8_valid(text))
		return json_stringn(text.data ? text.data : "", text.len);
	utf8_add_repaired(&repaired, text);
	return json_stringn(repaired.data, repaired.len);
}

static json_t *json_buf(const struct buf *b)
{
	return json_stringn(b->data ? b->data : "", b->len);
}

json_t *json_time(walltime time)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(64);

	text_add_time(&text, time);
	return json_buf(&text);
}

json_t *json_digest(const unsigned char digest[DIGEST_SIZE])
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(64);

	text_add_digest(&text, digest);
	return json_buf(&text);
}

json_t *json_uid(const unsigned char uid[16])
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(64);

	hex_add(&text, view_of(uid, 16));
	return json_buf(&text);
}
