#include "runtime/mailauth/dmarc.h"

#include "runtime/base/error.h"
#include "runtime/dns/lookup.h"
#include "runtime/dns/name.h"
#include "runtime/mailauth/author.h"

#include <stdlib.h>

struct dmarc_check {
	struct arena *arena;
	struct dmarc_request request;
	struct view asked;        /* the domain whose record is asked for */
	struct dns_lookup *ready; /* to be handed out */
	bool clean;               /* From was written as addresses are */
	bool done;
	struct dmarc_result result;
};

const char *dmarc_code_name(enum dmarc_code code)
{
	static const char *const names[] = { "none", "pass", "fail", "temperror",
		"permerror" };

	return names[code];
}

static void finish(struct dmarc_check *c, enum dmarc_code code, const char *reason)
{
	c->result.code = code;
	c->result.reason = reason;
	c->done = true;
}

static struct view organization(const struct dmarc_check *c, struct view domain)
{
	return suffix_organization(c->request.suffixes, domain);
}

/* -- alignment (RFC 7489, 3.1) -- */

static bool is_aligned(struct dmarc_check *c, struct view domain, bool strict)
{
	struct view name, from = c->result.domain;

	if (!name_normalise(c->arena, domain, &name))
		return false;
	if (strict)
		return view_eq(name, from);
	return view_eq(organization(c, name), organization(c, from));
}

/* What SPF and DKIM say for the domain of From. */
struct vote {
	bool passed;
	bool unsure; /* it failed for now, and might have passed */
};

static struct vote vote_of_spf(struct dmarc_check *c)
{
	const struct spf_result *spf = c->request.spf;
	struct vote vote = { false, false };

	if (!spf || !is_aligned(c, spf->domain, c->result.record.strict_spf))
		return vote;
	vote.passed = spf->code == SPF_PASS;
	vote.unsure = spf->code == SPF_TEMPERROR;
	return vote;
}

static struct vote vote_of_dkim(struct dmarc_check *c)
{
	const struct dkim_result *dkim = c->request.dkim;
	struct vote vote = { false, false };

	for (size_t i = 0; dkim && i < dkim->count; i++) {
		const struct dkim_verdict *verdict = &dkim->verdicts[i];

		if (!is_aligned(c, verdict->domain, c->result.record.strict_dkim))
			continue;
		vote.passed |= verdict->code == DKIM_PASS;
		vote.unsure |= verdict->code == DKIM_TEMPERROR;
	}
	return vote;
}

/* -- the policy -- */

/* Whom pct= lets go gets the next milder treatment (6.6.4). */
static enum dmarc_policy disposition(const struct dmarc_check *c)
{
	enum dmarc_policy policy = c->result.policy;

	if (policy == DMARC_POLICY_NONE || c->request.sample < c->result.record.percent)
		return policy;
	return policy == DMARC_POLICY_REJECT ? DMARC_POLICY_QUARANTINE
					     : DMARC_POLICY_NONE;
}

static void fail(struct dmarc_check *c, const char *reason)
{
	finish(c, DMARC_FAIL, reason);
	c->result.disposition = disposition(c);
}

static void apply(struct dmarc_check *c)
{
	struct dmarc_result *result = &c->result;
	struct vote spf = vote_of_spf(c), dkim = vote_of_dkim(c);
	bool below = !view_eq(result->domain, result->found_at);

	result->policy = below ? result->record.subdomains : result->record.policy;
	result->spf_aligned = spf.passed;
	result->dkim_aligned = dkim.passed;
	if (!c->clean)
		fail(c, "From is not written as addresses are");
	else if (spf.passed || dkim.passed)
		finish(c, DMARC_PASS, NULL);
	else if (spf.unsure || dkim.unsure)
		finish(c, DMARC_TEMPERROR, "SPF or DKIM failed for now");
	else
		fail(c, NULL);
}

/* No record: only the writing of From is left to judge. */
static void no_policy(struct dmarc_check *c, const char *reason)
{
	if (c->clean)
		finish(c, DMARC_NONE, reason);
	else
		fail(c, "From is not written as addresses are");
}

/* -- discovery (6.6.3) -- */

static void ask(struct dmarc_check *c, struct view domain)
{
	struct view name = arena_printf(c->arena, "_dmarc.%.*s", VIEW_ARG(domain));

	c->asked = domain;
	if (dns_name_fits(name))
		c->ready = dns_lookup_new(DNS_TXT, name);
	else
		no_policy(c, "the domain is too long to have a policy");
}

/* Nothing there: on to the organization, once. */
static void ask_above(struct dmarc_check *c)
{
	struct view above = organization(c, c->result.domain);

	if (view_eq(c->asked, above))
		no_policy(c, NULL);
	else
		ask(c, above);
}

static void take(struct dmarc_check *c, const struct dns_answer *answer)
{
	struct view text = VIEW_NULL;
	size_t count = 0;

	if (dns_answer_failed(answer)) {
		finish(c, DMARC_TEMPERROR, "the DNS failed for the policy");
		return;
	}
	for (size_t i = 0; i < answer->count; i++) {
		if (!dmarc_record_is(answer->records[i].text))
			continue;
		text = answer->records[i].text;
		count++;
	}
	if (count == 0) {
		ask_above(c);
		return;
	}
	text = arena_copy(c->arena, text);
	if (count > 1) {
		no_policy(c, "the domain has several policies");
	} else if (dmarc_record_parse(text, &c->result.record)) {
		no_policy(c, "the domain's policy cannot be read");
	} else {
		c->result.has_record = true;
		c->result.record_text = text;
		c->result.found_at = c->asked;
		apply(c);
	}
}

/* -- from outside -- */

static void begin(struct dmarc_check *c)
{
	struct author author = { 0 };

	switch (author_find(c->arena, c->request.header, &author)) {
	case AUTHOR_OK:
		break;
	case AUTHOR_E_FIELDS:
		finish(c, DMARC_PERMERROR, "there is not one From field");
		c->result.ambiguous = true;
		return;
	case AUTHOR_E_SEVERAL:
		finish(c, DMARC_PERMERROR, "From names several domains");
		c->result.ambiguous = true;
		return;
	default:
		finish(c, DMARC_PERMERROR, "From names no domain");
		c->result.ambiguous = true;
		return;
	}
	c->result.domain = author.domain;
	c->clean = author.clean;
	c->result.ambiguous = !author.clean;
	ask(c, author.domain);
}

struct dmarc_check *dmarc_check_new(const struct dmarc_request *request)
{
	struct dmarc_check *c = xcalloc(1, sizeof(*c));

	c->arena = arena_new();
	c->request = *request;
	begin(c);
	return c;
}

struct op *dmarc_check_next_op(struct dmarc_check *c)
{
	struct dns_lookup *lookup = TAKE(c->ready);

	return lookup ? &lookup->op : NULL;
}

void dmarc_check_answer(struct dmarc_check *c, struct op *op)
{
	take(c, &dns_lookup_of(op)->answer);
	op_free(op);
}

const struct dmarc_result *dmarc_check_result(const struct dmarc_check *c)
{
	return c->done ? &c->result : NULL;
}

void dmarc_check_free(struct dmarc_check *c)
{
	if (!c)
		return;
	if (c->ready)
		op_free(&c->ready->op);
	arena_free(c->arena);
	free(c);
}

void dmarc_check_freep(struct dmarc_check **c)
{
	dmarc_check_free(TAKE(*c));
}
