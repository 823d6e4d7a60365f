#include "runtime/mailauth/dkim_verify.h"

#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/dns/lookup.h"
#include "runtime/mailauth/dkim_key.h"
#include "runtime/mailauth/dkim_signature.h"
#include "runtime/mailauth/header_index.h"
#include "runtime/mailauth/message_head.h"

#include <assert.h>
#include <stdlib.h>

enum {
	CLOCK_SKEW = 24 * 3600 /* seconds that a signer's clock may run ahead */
};

/* One signature on its way to a verdict. */
struct candidate {
	struct header_field field;
	struct dkim_signature signature;
	struct dkim_verdict *verdict;
	bool judged;              /* the verdict holds */
	struct dns_lookup *ready; /* to be handed out */
	bool asked;               /* its key is not known yet */
	struct public_key *key;
};

struct dkim_verify {
	struct arena *arena;
	walltime now;
	struct message_head head;
	struct dkim_body bodies[2];
	bool needs_body[2]; /* by enum dkim_canonical */
	unsigned char digests[2][DIGEST_SIZE];
	struct header_index *index;
	struct candidate *candidates;
	size_t candidate_count;
	bool begun;  /* the header was looked at */
	bool ended;  /* the message */
	bool judged; /* the result holds */
	struct dkim_result result;
};

const char *dkim_code_name(enum dkim_code code)
{
	static const char *const names[] = { "pass", "fail", "policy", "neutral",
		"temperror", "permerror" };

	return names[code];
}

static void judge(struct candidate *c, enum dkim_code code, const char *reason)
{
	c->verdict->code = code;
	c->verdict->reason = reason;
	c->judged = true;
}

/* -- the header has passed -- */

static void tell_whose(struct candidate *c)
{
	const struct dkim_signature *s = &c->signature;

	c->verdict->domain = s->domain;
	c->verdict->selector = s->selector;
	c->verdict->identity = s->identity;
	c->verdict->algorithm = s->algorithm_name;
	c->verdict->mark = s->mark;
	c->verdict->time = s->time;
	c->verdict->expiry = s->expiry;
}

static void ask_for_key(struct dkim_verify *v, struct candidate *c)
{
	struct view name = arena_printf(v->arena, "%.*s._domainkey.%.*s",
			VIEW_ARG(c->signature.selector), VIEW_ARG(c->signature.domain));

	if (!dns_name_fits(name)) {
		judge(c, DKIM_PERMERROR, "the key's name is too long");
		return;
	}
	c->ready = dns_lookup_new(DNS_TXT, name);
	c->ready->asker = (unsigned)(c - v->candidates);
	c->asked = true;
	v->needs_body[c->signature.body] = true;
}

static void begin_candidate(struct dkim_verify *v, struct candidate *c)
{
	const struct dkim_signature *s = &c->signature;
	const char *why;
	int r = dkim_signature_parse(v->arena, &c->field, &c->signature, &why);

	tell_whose(c);
	if (r)
		judge(c, DKIM_PERMERROR, why);
	else if (s->has_expiry && s->expiry < v->now)
		judge(c, DKIM_FAIL, "the signature has expired");
	else if (s->has_time && s->time > v->now + CLOCK_SKEW)
		judge(c, DKIM_FAIL, "the signature is of the future");
	else
		ask_for_key(v, c);
}

static void find_candidates(struct dkim_verify *v, struct view header)
{
	size_t count = header_count(header, VIEW("DKIM-Signature"));
	struct header_iterator it = header_iterate(header);
	struct header_field field;

	v->candidates = arena_array(v->arena, count, sizeof(*v->candidates));
	v->result.verdicts = arena_array(v->arena, count, sizeof(*v->result.verdicts));
	while (header_next(&it, &field)) {
		struct candidate *c = &v->candidates[v->candidate_count];

		if (!view_eq_nocase(field.name, VIEW("DKIM-Signature")))
			continue;
		c->field = field;
		c->verdict = &v->result.verdicts[v->candidate_count++];
	}
	v->result.count = v->candidate_count;
}

/* No signature of such a header can be judged. */
static void give_up(struct dkim_verify *v, const char *reason)
{
	v->candidate_count = 0;
	v->result.verdicts = ARENA_NEW(v->arena, struct dkim_verdict);
	v->result.verdicts[0].code = DKIM_PERMERROR;
	v->result.verdicts[0].reason = reason;
	v->result.count = 1;
}

static void begin(struct dkim_verify *v)
{
	struct view header = buf_view(&v->head.bytes);

	v->begun = true;
	if (v->head.too_long) {
		give_up(v, "the header is too long");
		return;
	}
	if (header_count(header, VIEW("DKIM-Signature")) == 0)
		return;
	v->index = header_index_new(header);
	if (!v->index) {
		give_up(v, "the header has too many fields");
		return;
	}
	find_candidates(v, header);
	for (size_t i = 0; i < v->candidate_count; i++)
		if (i < limit_value(LIMIT_DKIM_SIGNATURES))
			begin_candidate(v, &v->candidates[i]);
		else
			judge(&v->candidates[i], DKIM_NEUTRAL,
					"there are too many signatures");
	for (int how = DKIM_SIMPLE; how <= DKIM_RELAXED; how++)
		if (v->needs_body[how])
			dkim_body_init(&v->bodies[how], (enum dkim_canonical)how);
}

/* -- the key has come -- */

/* The first record that is a key. */
static int find_key(struct arena *arena, const struct dns_answer *answer,
		struct dkim_key *out)
{
	int r = DKIM_KEY_E_SYNTAX;

	for (size_t i = 0; i < answer->count && r == DKIM_KEY_E_SYNTAX; i++)
		r = dkim_key_parse(arena, answer->records[i].text, out);
	return r;
}

/* What speaks against the record, or NULL. */
static const char *key_refused(const struct candidate *c, const struct dkim_key *key)
{
	if (key->octets.len == 0)
		return "the key was revoked";
	if (key->algorithm != c->signature.algorithm)
		return "the key is for another algorithm";
	if (!key->sha256)
		return "the key is not for SHA-256";
	if (!key->email)
		return "the key is not for mail";
	if (key->strict && c->signature.identity_below)
		return "the key is not for a subdomain in i=";
	return NULL;
}

static const char *key_wrong(int r)
{
	return r == PUBLIC_KEY_E_WEAK     ? "the key is shorter than 1024 bits"
	       : r == PUBLIC_KEY_E_COSTLY ? "the key is longer than 4096 bits"
					  : "the key is none";
}

static void take_key(struct dkim_verify *v, struct candidate *c,
		const struct dns_answer *answer)
{
	struct dkim_key key;
	const char *refused;
	int r;

	if (dns_answer_failed(answer)) {
		judge(c, DKIM_TEMPERROR, "the DNS failed for the key");
		return;
	}
	r = find_key(v->arena, answer, &key);
	if (r) {
		judge(c, DKIM_PERMERROR,
				dns_answer_void(answer)     ? "there is no key"
				: r == DKIM_KEY_E_ALGORITHM ? "the key is for an "
							      "algorithm "
							      "that we do not know"
							    : "the key's record is none");
		return;
	}
	c->verdict->testing = key.testing;
	refused = key_refused(c, &key);
	if (refused) {
		judge(c, DKIM_PERMERROR, refused);
		return;
	}
	r = public_key_read(key.algorithm, key.octets, &c->key);
	if (r)
		judge(c, DKIM_PERMERROR, key_wrong(r));
	else
		c->verdict->bits = public_key_bits(c->key);
}

/* -- all is there -- */

static void header_digest(struct dkim_verify *v, const struct candidate *c,
		unsigned char out[DIGEST_SIZE])
{
	const struct dkim_signature *s = &c->signature;
	CLEANUP(sha256_freep) struct sha256 *sha = sha256_new();

	header_index_rewind(v->index);
	for (size_t i = 0; i < s->name_count; i++) {
		const struct header_field *field =
				header_index_take(v->index, s->names[i]);

		if (field && field->whole.data == c->field.whole.data)
			field = header_index_take(v->index, s->names[i]);
		if (field) /* a field that is not there is signed as absent (5.4) */
			dkim_field_add(sha, s->header, field);
	}
	dkim_signature_add(sha, s->header, s->before, s->after);
	sha256_final(sha, out);
}

/* A second field beside a signed one that may stand once: readers may show the unsigned
 * one (8.15). To be asked after header_digest(). */
static bool is_doubled(struct dkim_verify *v, const struct candidate *c)
{
	static const char *const singles[] = { "From", "Sender", "Reply-To", "To", "Cc",
		"Message-ID", "In-Reply-To", "References", "Subject", "Date",
		"MIME-Version", "Content-Type", "Content-Transfer-Encoding" };
	const struct dkim_signature *s = &c->signature;

	for (size_t i = 0; i < s->name_count; i++)
		for (size_t k = 0; k < ARRAY_LEN(singles); k++)
			if (view_eq_nocase(s->names[i], view_z(singles[k])) &&
					header_index_left(v->index, s->names[i]))
				return true;
	return false;
}

static void judge_message(struct dkim_verify *v, struct candidate *c)
{
	const struct dkim_signature *s = &c->signature;
	uint64_t size = v->bodies[s->body].size;
	unsigned char digest[DIGEST_SIZE];

	header_digest(v, c, digest);
	if (!public_key_verify(c->key, digest, s->octets))
		judge(c, DKIM_FAIL, "the signature does not hold");
	else if (s->has_length && s->length > size)
		judge(c, DKIM_PERMERROR, "more of the body is signed than there is");
	else if (s->has_length && s->length < size)
		judge(c, DKIM_POLICY, "a part of the body is not signed");
	else if (memcmp(s->digest.data, v->digests[s->body], DIGEST_SIZE) != 0)
		judge(c, DKIM_FAIL, "the body is not the one that was signed");
	else if (is_doubled(v, c))
		judge(c, DKIM_FAIL, "a signed field stands twice");
	else
		judge(c, DKIM_PASS, NULL);
}

static bool keys_missing(const struct dkim_verify *v)
{
	for (size_t i = 0; i < v->candidate_count; i++)
		if (v->candidates[i].asked)
			return true;
	return false;
}

static void try_to_judge(struct dkim_verify *v)
{
	if (!v->ended || keys_missing(v))
		return;
	for (size_t i = 0; i < v->candidate_count; i++)
		if (!v->candidates[i].judged)
			judge_message(v, &v->candidates[i]);
	v->judged = true;
}

/* -- from outside -- */

struct dkim_verify *dkim_verify_new(walltime now)
{
	struct dkim_verify *v = xcalloc(1, sizeof(*v));

	v->arena = arena_new();
	v->now = now;
	message_head_init(&v->head);
	return v;
}

void dkim_verify_feed(struct dkim_verify *v, struct view bytes)
{
	struct view body = message_head_take(&v->head, bytes);

	if (v->head.complete && !v->begun)
		begin(v);
	for (int how = DKIM_SIMPLE; how <= DKIM_RELAXED; how++)
		if (v->needs_body[how])
			dkim_body_add(&v->bodies[how], body);
}

void dkim_verify_finish(struct dkim_verify *v)
{
	if (!v->begun)
		begin(v); /* a message without a body */
	for (int how = DKIM_SIMPLE; how <= DKIM_RELAXED; how++)
		if (v->needs_body[how])
			dkim_body_final(&v->bodies[how], v->digests[how]);
	v->ended = true;
	try_to_judge(v);
}

struct op *dkim_verify_next_op(struct dkim_verify *v)
{
	for (size_t i = 0; i < v->candidate_count; i++) {
		struct dns_lookup *lookup = TAKE(v->candidates[i].ready);

		if (lookup)
			return &lookup->op;
	}
	return NULL;
}

void dkim_verify_answer(struct dkim_verify *v, struct op *op)
{
	const struct dns_lookup *lookup = dns_lookup_of(op);
	struct candidate *c = &v->candidates[lookup->asker];

	assert(lookup->asker < v->candidate_count && c->asked && !c->ready);
	c->asked = false;
	take_key(v, c, &lookup->answer);
	op_free(op);
	try_to_judge(v);
}

const struct dkim_result *dkim_verify_result(const struct dkim_verify *v)
{
	return v->judged ? &v->result : NULL;
}

struct view dkim_verify_header(const struct dkim_verify *v)
{
	return v->head.too_long ? VIEW_NULL : buf_view(&v->head.bytes);
}

void dkim_verify_free(struct dkim_verify *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->candidate_count; i++) {
		if (v->candidates[i].ready)
			op_free(&v->candidates[i].ready->op);
		public_key_free(v->candidates[i].key);
	}
	dkim_body_deinit(&v->bodies[DKIM_SIMPLE]);
	dkim_body_deinit(&v->bodies[DKIM_RELAXED]);
	header_index_free(v->index);
	message_head_deinit(&v->head);
	arena_free(v->arena);
	free(v);
}

void dkim_verify_freep(struct dkim_verify **v)
{
	dkim_verify_free(TAKE(*v));
}
