#include "runtime/mailauth/dkim_sign.h"

#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/mailauth/dkim_canonical.h"
#include "runtime/mailauth/header_index.h"
#include "runtime/mailauth/message_head.h"

#include <assert.h>
#include <stdlib.h>

enum {
	LINE_MAX_LEN = 76
};

struct dkim_sign {
	struct dkim_signer signers[DKIM_SIGNERS_MAX];
	size_t count;
	walltime now, lifetime;
	struct message_head head;
	struct dkim_body body;
};

/* What is signed. The first are signed as absent, too, where they are. */
/* clang-format off */
static const struct {
	const char *name;
	bool once_more;
} signed_fields[] = {
	{ "From",                      true },
	{ "Subject",                   true },
	{ "Date",                      true },
	{ "To",                        true },
	{ "Cc",                        true },
	{ "Reply-To",                  true },
	{ "Message-ID",                true },
	{ "In-Reply-To",               true },
	{ "References",                true },
	{ "MIME-Version",              true },
	{ "Content-Type",              true },
	{ "Content-Transfer-Encoding", true },
	{ "Content-Disposition",       true },
	/* Those that lists and forwarders add. */
	{ "Sender",                    false },
	{ "List-Id",                   false },
	{ "List-Unsubscribe",          false },
	{ "List-Unsubscribe-Post",     false },
	{ "Auto-Submitted",            false },
};
/* clang-format on */

struct dkim_sign *dkim_sign_new(const struct dkim_signer *signers, size_t count,
		walltime now, walltime lifetime)
{
	struct dkim_sign *s = xcalloc(1, sizeof(*s));

	assert(count <= DKIM_SIGNERS_MAX);
	memcpy(s->signers, signers, count * sizeof(*signers));
	s->count = count;
	s->now = now;
	s->lifetime = lifetime < 1 || lifetime > DKIM_LIFETIME ? DKIM_LIFETIME : lifetime;
	message_head_init(&s->head);
	dkim_body_init(&s->body, DKIM_RELAXED);
	return s;
}

void dkim_sign_feed(struct dkim_sign *s, struct view bytes)
{
	dkim_body_add(&s->body, message_head_take(&s->head, bytes));
}

/* -- one field -- */

/* Adds a word of a list, on a new line where this one is full. */
static void add_folded(struct buf *out, size_t *column, struct view word)
{
	if (*column + word.len > LINE_MAX_LEN) {
		buf_add_z(out, "\r\n\t");
		*column = 8;
	}
	buf_add(out, word);
	*column += word.len;
}

static size_t times_signed(const struct header_index *index, size_t at)
{
	return header_index_count(index, view_z(signed_fields[at].name)) +
	       signed_fields[at].once_more;
}

static size_t names_signed(const struct header_index *index)
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(signed_fields); i++)
		count += times_signed(index, i);
	return count;
}

static void add_names(struct buf *out, const struct header_index *index)
{
	size_t column = 10;
	bool first = true;

	for (size_t i = 0; i < ARRAY_LEN(signed_fields); i++) {
		for (size_t n = times_signed(index, i); n; n--) {
			if (!first) {
				buf_add_byte(out, ':');
				column++;
			}
			add_folded(out, &column, view_z(signed_fields[i].name));
			first = false;
		}
	}
}

static void add_octets(struct buf *out, struct view octets)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(4 * SIGNATURE_MAX);
	struct view rest;

	base64_add(&text, octets);
	for (rest = buf_view(&text); rest.len; rest = view_from(rest, LINE_MAX_LEN - 8)) {
		if (rest.len < text.len)
			buf_add_z(out, "\r\n\t");
		buf_add(out, view_sub(rest, 0, LINE_MAX_LEN - 8));
	}
}

/* All of the field but what stands behind b=. */
static void add_beginning(struct dkim_sign *s, const struct dkim_signer *signer,
		const struct header_index *index, const unsigned char *body_digest,
		struct buf *out)
{
	bool rsa = signing_key_algorithm(signer->key) == KEY_RSA;

	buf_addf(out, "DKIM-Signature: v=1; a=%s; c=relaxed/relaxed;\r\n\td=%.*s;",
			rsa ? "rsa-sha256" : "ed25519-sha256", VIEW_ARG(signer->domain));
	buf_addf(out, "\r\n\ts=%.*s; t=%lld; x=%lld;\r\n\th=", VIEW_ARG(signer->selector),
			(long long)s->now, (long long)(s->now + s->lifetime));
	add_names(out, index);
	buf_add_z(out, ";\r\n\tbh=");
	base64_add(out, view_of(body_digest, DIGEST_SIZE));
	buf_add_z(out, ";\r\n\tb=");
}

static void header_digest(struct header_index *index, struct view beginning,
		unsigned char out[DIGEST_SIZE])
{
	CLEANUP(sha256_freep) struct sha256 *sha = sha256_new();

	header_index_rewind(index);
	for (size_t i = 0; i < ARRAY_LEN(signed_fields); i++) {
		for (size_t n = times_signed(index, i); n; n--) {
			const struct header_field *field = header_index_take(
					index, view_z(signed_fields[i].name));

			if (field)
				dkim_field_add(sha, DKIM_RELAXED, field);
		}
	}
	dkim_signature_add(sha, DKIM_RELAXED, beginning, VIEW_NULL);
	sha256_final(sha, out);
}

static int add_field(struct dkim_sign *s, const struct dkim_signer *signer,
		struct header_index *index, const unsigned char *body_digest,
		struct buf *out)
{
	CLEANUP(buf_free) struct buf field = BUF_NULL(DKIM_FIELDS_MAX);
	CLEANUP(buf_free) struct buf octets = BUF_NULL(SIGNATURE_MAX);
	unsigned char digest[DIGEST_SIZE];
	int r;

	add_beginning(s, signer, index, body_digest, &field);
	header_digest(index, buf_view(&field), digest);
	r = signing_key_sign(signer->key, digest, &octets);
	if (r)
		return fault(r);
	add_octets(&field, buf_view(&octets));
	buf_add_z(&field, "\r\n");
	buf_add(out, buf_view(&field));
	return 0;
}

static int add_fields(struct dkim_sign *s, struct header_index *index, struct buf *out)
{
	CLEANUP(buf_free) struct buf fields = BUF_NULL(DKIM_FIELDS_MAX);
	unsigned char body_digest[DIGEST_SIZE];

	if (header_index_count(index, VIEW("From")) != 1)
		return DKIM_SIGN_E_FROM;
	if (names_signed(index) > limit_value(LIMIT_DKIM_NAMES))
		return DKIM_SIGN_E_HEADER;
	dkim_body_final(&s->body, body_digest);
	for (size_t i = 0; i < s->count; i++) {
		int r = add_field(s, &s->signers[i], index, body_digest, &fields);

		if (r)
			return fault(r);
	}
	buf_add(out, buf_view(&fields));
	return 0;
}

int dkim_sign_finish(struct dkim_sign *s, struct buf *out)
{
	struct header_index *index;
	int r;

	if (s->head.too_long)
		return DKIM_SIGN_E_HEADER;
	index = header_index_new(buf_view(&s->head.bytes));
	if (!index)
		return DKIM_SIGN_E_HEADER;
	r = add_fields(s, index, out);
	header_index_free(index);
	return r;
}

void dkim_sign_free(struct dkim_sign *s)
{
	if (!s)
		return;
	message_head_deinit(&s->head);
	dkim_body_deinit(&s->body);
	free(s);
}

void dkim_sign_freep(struct dkim_sign **s)
{
	dkim_sign_free(TAKE(*s));
}
