/* The bytes of a file, before libyaml sees them. */
#include "schema/reader_inside.h"

#include "runtime/base/utf8.h"

static void refuse_bytes(struct reader *r, size_t at)
{
	struct diagnostic *item;

	r->broken = true;
	item = diagnostics_add(r->d, BAD_ENCODING, VIEW("$"), span_at(r, at, 1),
			"this byte is not UTF-8");
	if (r->bytes.len >= 2 && ((unsigned char)r->bytes.data[0] | 1) == 0xff &&
			((unsigned char)r->bytes.data[1] | 1) == 0xff)
		diagnostic_help(r->d, item,
				"the file looks like UTF-16: save it as UTF-8");
	else
		diagnostic_help(r->d, item, "save the file as UTF-8");
}

static const char *what_is_wrong_with(uint32_t code)
{
	if (code == 0)
		return "a NUL byte";
	if (code == 0xfeff)
		return "a byte order mark within the file";
	if (code == '\r')
		return "a carriage return without a line feed";
	if (code == 0x85 || code == 0x2028 || code == 0x2029)
		return "a line break that editors do not agree on";
	if (code < 0x20 || code == 0x7f || (code >= 0x80 && code < 0xa0) ||
			code >= 0xfffe)
		return "a control character";
	return NULL;
}

static bool is_fine(const struct reader *r, size_t at, uint32_t code)
{
	if (code == '\t' || code == '\n')
		return true;
	if (code == '\r')
		return at + 1 < r->bytes.len && r->bytes.data[at + 1] == '\n';
	return !what_is_wrong_with(code) || code > 0xffff;
}

/* libyaml would accept UTF-16 and count line breaks of its own; nothing that it and we
 * could read differently gets past here. */
void scan_bytes(struct reader *r, size_t at)
{
	while (at < r->bytes.len) {
		uint32_t code = (unsigned char)r->bytes.data[at];
		size_t len = 1;

		if (code >= 0x20 && code < 0x7f) {
			at++;
			continue;
		}
		if (code >= 0x80)
			len = utf8_decode(view_from(r->bytes, at), &code);
		if (!len) {
			refuse_bytes(r, at);
			return;
		}
		if (!is_fine(r, at, code)) {
			struct diagnostic *item = diagnostics_add(r->d, CONTROL_BYTE,
					VIEW("$"), span_at(r, at, len), "%s",
					what_is_wrong_with(code));

			diagnostic_help(r->d, item,
					"remove it; in double quotes it can be written "
					"as an escape where a value really needs it");
			r->broken = true;
			return;
		}
		at += len;
	}
}
