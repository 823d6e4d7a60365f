#include "runtime/mail/charset.h"

#include "runtime/base/error.h"
#include "runtime/base/utf8.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

enum {
	CARRY = 16
};

struct charset {
	const char *name;      /* as messages name it */
	const char *converter; /* as iconv names it; NULL: UTF-8 or a part of it */
};

/* ISO-8859-1 and its Turkish sister are read as the Windows pages that contain them, since
 * senders say the one and mean the other. ISO-2022-CN-EXT and its like are left out for
 * their converters' history; UTF-7 because it hides ASCII. */
/* clang-format off */
static const struct charset charsets[] = {
	{ "utf-8",          NULL },
	{ "utf8",           NULL },
	{ "us-ascii",       NULL },
	{ "ascii",          NULL },
	{ "ansi_x3.4-1968", NULL },
	{ "iso-8859-1",     "WINDOWS-1252" },
	{ "iso8859-1",      "WINDOWS-1252" },
	{ "iso_8859-1",     "WINDOWS-1252" },
	{ "latin1",         "WINDOWS-1252" },
	{ "iso-8859-2",     "ISO-8859-2" },
	{ "latin2",         "ISO-8859-2" },
	{ "iso-8859-3",     "ISO-8859-3" },
	{ "iso-8859-4",     "ISO-8859-4" },
	{ "iso-8859-5",     "ISO-8859-5" },
	{ "iso-8859-6",     "ISO-8859-6" },
	{ "iso-8859-7",     "ISO-8859-7" },
	{ "iso-8859-8",     "ISO-8859-8" },
	{ "iso-8859-8-i",   "ISO-8859-8" },
	{ "iso-8859-9",     "WINDOWS-1254" },
	{ "iso-8859-10",    "ISO-8859-10" },
	{ "iso-8859-11",    "ISO-8859-11" },
	{ "iso-8859-13",    "ISO-8859-13" },
	{ "iso-8859-14",    "ISO-8859-14" },
	{ "iso-8859-15",    "ISO-8859-15" },
	{ "latin9",         "ISO-8859-15" },
	{ "iso-8859-16",    "ISO-8859-16" },
	{ "windows-874",    "CP874" },
	{ "tis-620",        "TIS-620" },
	{ "windows-1250",   "WINDOWS-1250" },
	{ "cp1250",         "WINDOWS-1250" },
	{ "windows-1251",   "WINDOWS-1251" },
	{ "cp1251",         "WINDOWS-1251" },
	{ "windows-1252",   "WINDOWS-1252" },
	{ "cp1252",         "WINDOWS-1252" },
	{ "windows-1253",   "WINDOWS-1253" },
	{ "windows-1254",   "WINDOWS-1254" },
	{ "windows-1255",   "WINDOWS-1255" },
	{ "windows-1256",   "WINDOWS-1256" },
	{ "windows-1257",   "WINDOWS-1257" },
	{ "windows-1258",   "WINDOWS-1258" },
	{ "koi8-r",         "KOI8-R" },
	{ "koi8-u",         "KOI8-U" },
	{ "ibm437",         "IBM437" },
	{ "ibm850",         "IBM850" },
	{ "ibm852",         "IBM852" },
	{ "ibm855",         "IBM855" },
	{ "ibm866",         "IBM866" },
	{ "macintosh",      "MACINTOSH" },
	{ "iso-2022-jp",    "ISO-2022-JP" },
	{ "iso-2022-kr",    "ISO-2022-KR" },
	{ "shift_jis",      "CP932" },
	{ "shift-jis",      "CP932" },
	{ "windows-31j",    "CP932" },
	{ "euc-jp",         "EUC-JP" },
	{ "euc-kr",         "UHC" },
	{ "ks_c_5601-1987", "UHC" },
	{ "gb2312",         "GB18030" },
	{ "gbk",            "GB18030" },
	{ "gb18030",        "GB18030" },
	{ "big5",           "BIG5" },
	{ "big5-hkscs",     "BIG5-HKSCS" },
	{ "utf-16",         "UTF-16" },
	{ "utf-16le",       "UTF-16LE" },
	{ "utf-16be",       "UTF-16BE" },
	{ "utf-32",         "UTF-32" },
};
/* clang-format on */

static const struct charset *find_charset(struct view name)
{
	for (size_t i = 0; i < ARRAY_LEN(charsets); i++)
		if (view_eq_nocase(name, view_z(charsets[i].name)))
			return &charsets[i];
	return NULL;
}

bool charset_is_known(struct view name)
{
	return find_charset(name) != NULL;
}

size_t charset_preload(void)
{
	size_t found = 0;

	for (size_t i = 0; i < ARRAY_LEN(charsets); i++) {
		iconv_t converter = (iconv_t)-1;

		if (charsets[i].converter)
			converter = iconv_open("UTF-8", charsets[i].converter);
		if (!charsets[i].converter || converter != (iconv_t)-1)
			found++;
		if (converter != (iconv_t)-1)
			iconv_close(converter);
	}
	return found;
}

enum reading {
	AS_UTF8,
	AS_ASCII, /* of an unknown charset only ASCII is sure */
	BY_ICONV,
};

struct charset_converter {
	enum reading reading;
	iconv_t iconv;
	char carried[CARRY]; /* the beginning of a character */
	size_t carried_len;
};

struct charset_converter *charset_converter_new(struct view name)
{
	struct charset_converter *c = xcalloc(1, sizeof(*c));
	const struct charset *charset = find_charset(name);

	c->iconv = (iconv_t)-1;
	c->reading = charset && !charset->converter ? AS_UTF8 : AS_ASCII;
	if (charset && charset->converter) {
		c->iconv = iconv_open("UTF-8", charset->converter);
		if (c->iconv != (iconv_t)-1)
			c->reading = BY_ICONV;
	}
	return c;
}

void charset_converter_free(struct charset_converter *c)
{
	if (!c)
		return;
	if (c->iconv != (iconv_t)-1)
		iconv_close(c->iconv);
	free(c);
}

void charset_converter_freep(struct charset_converter **c)
{
	charset_converter_free(*c);
}

/* True where v may be the beginning of a longer UTF-8 sequence. */
static bool utf8_is_cut(struct view v)
{
	unsigned char first = v.len ? (unsigned char)v.data[0] : 0;
	size_t want = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;

	if (first < 0xc2 || first > 0xf4 || v.len >= want)
		return false;
	for (size_t i = 1; i < v.len; i++)
		if (((unsigned char)v.data[i] & 0xc0) != 0x80)
			return false;
	return true;
}

/* Each returns how many bytes it took; what is left is the beginning of a character. */
static size_t read_utf8(struct view bytes, struct buf *out)
{
	uint32_t code;
	size_t at = 0;

	while (at < bytes.len) {
		struct view rest = view_from(bytes, at);
		size_t len = utf8_decode(rest, &code);

		if (!len && utf8_is_cut(rest))
			break;
		if (len)
			buf_add(out, view_sub(rest, 0, len));
		else
			utf8_add(out, 0xfffd);
		at += len ? len : 1;
	}
	return at;
}

static size_t read_ascii(struct view bytes, struct buf *out)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if ((unsigned char)bytes.data[i] < 0x80)
			buf_add_byte(out, bytes.data[i]);
		else
			utf8_add(out, 0xfffd);
	}
	return bytes.len;
}

static size_t read_iconv(struct charset_converter *c, struct view bytes, struct buf *out)
{
	char *in = (char *)(uintptr_t)bytes.data;
	size_t in_left = bytes.len;

	while (in_left) {
		char piece[512];
		char *to = piece;
		size_t to_left = sizeof(piece);
		size_t r = iconv(c->iconv, &in, &in_left, &to, &to_left);
		int error = r == (size_t)-1 ? errno : 0;

		buf_add(out, view_of(piece, sizeof(piece) - to_left));
		if (error == EINVAL)
			break;
		if (error == EILSEQ) {
			utf8_add(out, 0xfffd);
			in++;
			in_left--;
		}
	}
	return bytes.len - in_left;
}

static size_t read_some(struct charset_converter *c, struct view bytes, struct buf *out)
{
	if (c->reading == AS_UTF8)
		return read_utf8(bytes, out);
	if (c->reading == AS_ASCII)
		return read_ascii(bytes, out);
	return read_iconv(c, bytes, out);
}

/* Fills up the carried beginning byte by byte until it makes a character. */
static void feed_carried(struct charset_converter *c, struct view *bytes, struct buf *out)
{
	while (c->carried_len && bytes->len) {
		size_t took;

		c->carried[c->carried_len++] = bytes->data[0];
		*bytes = view_from(*bytes, 1);
		took = read_some(c, view_of(c->carried, c->carried_len), out);
		if (took == 0 && c->carried_len == CARRY) {
			utf8_add(out, 0xfffd);
			took = 1;
		}
		c->carried_len -= took;
		memmove(c->carried, c->carried + took, c->carried_len);
	}
}

void charset_converter_feed(
		struct charset_converter *c, struct view bytes, struct buf *out)
{
	size_t took;

	feed_carried(c, &bytes, out);
	if (bytes.len == 0)
		return;
	took = read_some(c, bytes, out);
	while (bytes.len - took > CARRY - 1) {
		utf8_add(out, 0xfffd);
		took++;
		took += read_some(c, view_from(bytes, took), out);
	}
	c->carried_len = bytes.len - took;
	memcpy(c->carried, bytes.data + took, c->carried_len);
}

void charset_converter_finish(struct charset_converter *c, struct buf *out)
{
	char piece[64];
	char *to = piece;
	size_t left = sizeof(piece);

	for (size_t i = 0; i < c->carried_len; i++)
		utf8_add(out, 0xfffd);
	c->carried_len = 0;
	/* Some converters keep a character back that an accent might follow. */
	if (c->reading == BY_ICONV &&
			iconv(c->iconv, NULL, NULL, &to, &left) != (size_t)-1)
		buf_add(out, view_of(piece, sizeof(piece) - left));
}

void charset_to_utf8(struct view name, struct view bytes, struct buf *out)
{
	CLEANUP(charset_converter_freep)
	struct charset_converter *c = charset_converter_new(name);

	charset_converter_feed(c, bytes, out);
	charset_converter_finish(c, out);
}
