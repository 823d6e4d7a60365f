#include "agent/backup/sigv4.h"

#include "runtime/crypto/hmac.h"

#include <time.h>

enum {
	DATE = 16 + 1, /* "20260101T000000Z" */
	DAY = 8,
	CANONICAL_MAX = 16 * 1024,
};

#define SIGNED VIEW("host;x-amz-content-sha256;x-amz-date")

void sigv4_fields_deinit(struct sigv4_fields *fields)
{
	buf_free(&fields->host);
	buf_free(&fields->date);
	buf_free(&fields->content);
	buf_free(&fields->authorization);
}

void sigv4_encode(struct buf *out, struct view text, bool slashes)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (byte_is_alpha(c) || byte_is_digit(c) || c == '-' || c == '.' ||
				c == '_' || c == '~' || (c == '/' && slashes))
			buf_add_byte(out, c);
		else
			buf_addf(out, "%%%02X", (unsigned char)c);
	}
}

static void add_hex(struct buf *out, const unsigned char digest[DIGEST_SIZE])
{
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		buf_addf(out, "%02x", digest[i]);
}

static void add_digest(struct buf *out, struct view bytes)
{
	unsigned char digest[DIGEST_SIZE];

	digest_sha256(bytes, digest);
	add_hex(out, digest);
}

static void write_date(walltime now, char out[DATE])
{
	time_t t = now;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, DATE, "%Y%m%dT%H%M%SZ", &tm);
}

/* "20260101/eu-1/s3/aws4_request" */
static void add_scope(struct buf *out, const struct sigv4_request *r, const char *date)
{
	buf_add(out, view_of(date, DAY));
	buf_add_byte(out, '/');
	buf_add(out, r->region);
	buf_add_byte(out, '/');
	buf_add(out, r->service);
	buf_add_z(out, "/aws4_request");
}

static void add_canonical(
		struct buf *out, const struct sigv4_request *r, const char *date)
{
	buf_addf(out, "%s\n", r->method);
	buf_add(out, r->path);
	buf_add_byte(out, '\n');
	buf_add(out, r->query);
	buf_add_z(out, "\nhost:");
	buf_add(out, r->host);
	buf_add_z(out, "\nx-amz-content-sha256:");
	add_digest(out, r->body);
	buf_addf(out, "\nx-amz-date:%s\n\n", date);
	buf_add(out, SIGNED);
	buf_add_byte(out, '\n');
	add_digest(out, r->body);
}

static void signing_key(const struct sigv4_request *r, const char *date,
		unsigned char key[DIGEST_SIZE])
{
	CLEANUP(buf_wipe) struct buf first = BUF_NULL(SIGV4_LINE);

	buf_add_z(&first, "AWS4");
	buf_add(&first, secret_expose(r->secret_key));
	hmac_sha256(buf_view(&first), view_of(date, DAY), key);
	hmac_sha256(view_of(key, DIGEST_SIZE), r->region, key);
	hmac_sha256(view_of(key, DIGEST_SIZE), r->service, key);
	hmac_sha256(view_of(key, DIGEST_SIZE), VIEW("aws4_request"), key);
}

void sigv4_sign(const struct sigv4_request *r, struct sigv4_fields *out)
{
	CLEANUP(buf_free) struct buf canonical = BUF_NULL(CANONICAL_MAX);
	CLEANUP(buf_free) struct buf text = BUF_NULL(SIGV4_LINE);
	unsigned char key[DIGEST_SIZE], signature[DIGEST_SIZE];
	char date[DATE];

	write_date(r->now, date);
	add_canonical(&canonical, r, date);
	buf_addf(&text, "AWS4-HMAC-SHA256\n%s\n", date);
	add_scope(&text, r, date);
	buf_add_byte(&text, '\n');
	add_digest(&text, buf_view(&canonical));
	signing_key(r, date, key);
	hmac_sha256(view_of(key, sizeof(key)), buf_view(&text), signature);
	buf_add_z(&out->host, "Host: ");
	buf_add(&out->host, r->host);
	buf_addf(&out->date, "x-amz-date: %s", date);
	buf_add_z(&out->content, "x-amz-content-sha256: ");
	add_digest(&out->content, r->body);
	buf_add_z(&out->authorization, "Authorization: AWS4-HMAC-SHA256 Credential=");
	buf_add(&out->authorization, secret_expose(r->access_key));
	buf_add_byte(&out->authorization, '/');
	add_scope(&out->authorization, r, date);
	buf_add_z(&out->authorization, ", SignedHeaders=");
	buf_add(&out->authorization, SIGNED);
	buf_add_z(&out->authorization, ", Signature=");
	add_hex(&out->authorization, signature);
}
