#include "runtime/mailauth/mail_check.h"

#include "runtime/base/error.h"
#include "runtime/dns/lookup.h"

#include <assert.h>
#include <stdlib.h>

/* Who asked: what an operation's `asker` says beside the part's own number. */
enum part {
	PART_SPF_HELO,
	PART_SPF,
	PART_DKIM,
	PART_DMARC,
	PART_COUNT,
};

struct mail_check {
	struct arena *arena;
	const struct suffix_list *suffixes;
	unsigned sample;
	bool finished; /* the message has ended */
	struct spf_check *spf_helo, *spf;
	struct dkim_verify *dkim;
	struct dmarc_check *dmarc; /* once the others are done */
	struct verdict verdict;
	bool done;
};

/* Takes up what the parts have found; starts DMARC, and ends, as soon as that can be. */
static void proceed(struct mail_check *c)
{
	struct verdict *v = &c->verdict;

	v->spf = spf_check_result(c->spf);
	if (c->spf_helo)
		v->spf_helo = spf_check_result(c->spf_helo);
	v->dkim = dkim_verify_result(c->dkim);
	if (c->finished && v->spf && v->dkim && !c->dmarc) {
		struct dmarc_request request = { .suffixes = c->suffixes,
			.header = dkim_verify_header(c->dkim),
			.spf = v->spf,
			.dkim = v->dkim,
			.sample = c->sample };

		c->dmarc = dmarc_check_new(&request);
	}
	if (c->dmarc)
		v->dmarc = dmarc_check_result(c->dmarc);
	c->done = v->dmarc && (!c->spf_helo || v->spf_helo);
}

struct mail_check *mail_check_new(const struct mail_check_request *request, nstime now)
{
	struct mail_check *c = xcalloc(1, sizeof(*c));
	struct spf_request spf = { .identity = SPF_MAIL_FROM,
		.client = request->client,
		.helo = request->helo,
		.local = request->local,
		.domain = request->domain,
		.receiver = request->receiver,
		.now = request->now };

	c->arena = arena_new();
	c->suffixes = request->suffixes;
	c->sample = request->sample;
	c->verdict.helo = arena_copy(c->arena, request->helo);
	c->verdict.local = arena_copy(c->arena, request->local);
	c->verdict.domain = arena_copy(c->arena, request->domain);
	c->spf = spf_check_new(&spf, now);
	if (request->domain.len) { /* else MAIL FROM means the HELO name anyway */
		spf.identity = SPF_HELO;
		c->spf_helo = spf_check_new(&spf, now);
	}
	c->dkim = dkim_verify_new(request->now);
	return c;
}

void mail_check_feed(struct mail_check *c, struct view bytes)
{
	dkim_verify_feed(c->dkim, bytes);
}

void mail_check_finish(struct mail_check *c)
{
	dkim_verify_finish(c->dkim);
	c->finished = true;
	proceed(c);
}

static struct op *next_of(struct mail_check *c, enum part part)
{
	switch (part) {
	case PART_SPF_HELO:
		return c->spf_helo ? spf_check_next_op(c->spf_helo) : NULL;
	case PART_SPF:
		return spf_check_next_op(c->spf);
	case PART_DKIM:
		return dkim_verify_next_op(c->dkim);
	default:
		return c->dmarc ? dmarc_check_next_op(c->dmarc) : NULL;
	}
}

struct op *mail_check_next_op(struct mail_check *c)
{
	for (int part = 0; part < PART_COUNT; part++) {
		struct op *op = next_of(c, (enum part)part);

		if (!op)
			continue;
		dns_lookup_of(op)->asker =
				dns_lookup_of(op)->asker * PART_COUNT + (unsigned)part;
		return op;
	}
	return NULL;
}

void mail_check_answer(struct mail_check *c, struct op *op, nstime now)
{
	struct dns_lookup *lookup = dns_lookup_of(op);
	enum part part = (enum part)(lookup->asker % PART_COUNT);

	lookup->asker /= PART_COUNT;
	switch (part) {
	case PART_SPF_HELO:
		spf_check_answer(c->spf_helo, op, now);
		break;
	case PART_SPF:
		spf_check_answer(c->spf, op, now);
		break;
	case PART_DKIM:
		dkim_verify_answer(c->dkim, op);
		break;
	default:
		dmarc_check_answer(c->dmarc, op);
		break;
	}
	proceed(c);
}

const struct verdict *mail_check_verdict(const struct mail_check *c)
{
	return c->done ? &c->verdict : NULL;
}

void mail_check_free(struct mail_check *c)
{
	if (!c)
		return;
	dmarc_check_free(c->dmarc);
	dkim_verify_free(c->dkim);
	spf_check_free(c->spf);
	spf_check_free(c->spf_helo);
	arena_free(c->arena);
	free(c);
}

void mail_check_freep(struct mail_check **c)
{
	mail_check_free(TAKE(*c));
}
