#include "runtime/mailauth/spf_state.h"

#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/dns/name.h"

#include <assert.h>
#include <stdlib.h>

static_assert(SPF_NONE == 0 && SPF_PERMERROR == 6, "the order of the names");

const char *spf_code_name(enum spf_code code)
{
	static const char *const names[] = { "none", "neutral", "pass", "fail",
		"softfail", "temperror", "permerror" };

	return names[code];
}

/* -- the end -- */

void spf_finish(struct spf_check *c, enum spf_code code, const char *format, ...)
{
	CLEANUP(buf_free) struct buf reason = BUF_NULL(SIZE_MAX);
	va_list args;

	va_start(args, format);
	buf_vaddf(&reason, format, args);
	va_end(args);
	c->result.code = code;
	c->result.reason = arena_copy(c->arena, buf_view(&reason));
	c->step = SPF_STEP_DONE;
}

/* The whole check has its result (4.7). */
static void conclude(struct spf_check *c, enum spf_code code, struct view mechanism)
{
	spf_finish(c, code, "%s", "");
	c->result.mechanism = mechanism;
	if (code == SPF_FAIL)
		spf_explain(c);
}

void spf_no_match(struct spf_check *c)
{
	struct spf_frame *frame = spf_frame(c);

	frame->at++;
	frame->charged = frame->in_vain = false;
	c->step = SPF_STEP_EVALUATING;
}

void spf_match(struct spf_check *c)
{
	/* An include matches where what it includes passes (5.2). */
	while (c->depth && spf_term(c)->result == SPF_PASS)
		c->depth--;
	if (c->depth == 0) {
		conclude(c, spf_term(c)->result, spf_term(c)->text);
		return;
	}
	c->depth--;
	spf_no_match(c);
}

/* -- names -- */

/* The name that the macro `p` stands for (7.3). */
static struct view best_name(const struct spf_check *c, struct view domain)
{
	struct view best = c->name_count ? c->names[0] : VIEW("unknown");

	for (size_t i = 0; i < c->name_count; i++) {
		struct view name = c->names[i];

		if (view_eq_nocase(name, domain))
			return name;
		if (name_is_under(name, domain) && !name_is_under(best, domain))
			best = name;
	}
	return best;
}

static void expand(struct spf_check *c, struct view spec, struct buf *out)
{
	struct view domain = spf_frame(c)->domain;

	c->values.domain = domain;
	c->values.name = best_name(c, domain);
	spf_macro_expand(&c->values, spec, out);
}

/* What a domain-spec stands for, cut on the left to the length of a name (7.3). False: it
 * does not fit, and the check has ended. */
static bool expand_domain(struct spf_check *c, struct view spec, struct view *out)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(limit_value(LIMIT_SPF_EXPANSION));
	struct view name;

	if (spec.len == 0) {
		*out = spf_frame(c)->domain;
		return true;
	}
	expand(c, spec, &text);
	if (buf_failed(&text)) {
		spf_finish(c, SPF_PERMERROR, "\"%.*s\" stands for too long a text",
				VIEW_ARG(spec));
		return false;
	}
	name = buf_view(&text);
	if (name.len && name.data[name.len - 1] == '.')
		name.len--;
	while (name.len > NAME_MAX && view_find(name, '.') < name.len)
		view_cut(&name, '.');
	*out = arena_copy(c->arena, name);
	return true;
}

/* True where the macro `p` is wanted and not known yet: it is asked for. */
static bool must_ask_names(struct spf_check *c, struct view spec)
{
	if (c->names_known || !spf_macro_uses(spec, 'p'))
		return false;
	if (c->explaining || spf_charge(c))
		spf_ask_names(c);
	return true;
}

/* -- the explanation -- */

/* RFC 7208, 6.2: whatever goes wrong, there is none. */
static void explain_with(struct spf_check *c)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(limit_value(LIMIT_SPF_EXPLANATION));

	expand(c, c->explanation, &text);
	if (!buf_failed(&text))
		c->result.explanation = arena_copy(c->arena, buf_view(&text));
	c->step = SPF_STEP_DONE;
}

void spf_explain(struct spf_check *c)
{
	struct view spec = spf_frame(c)->record.explanation, name;

	c->explaining = true;
	if (must_ask_names(c, c->explanation.len ? c->explanation : spec))
		return;
	if (c->explanation.len) {
		explain_with(c);
		return;
	}
	if (spec.len && expand_domain(c, spec, &name) && dns_name_fits(name))
		spf_ask(c, SPF_STEP_EXPLAINING, DNS_TXT, name);
	c->result.code = SPF_FAIL;
	c->result.reason = VIEW_NULL;
}

/* -- terms -- */

void spf_ask(struct spf_check *c, enum spf_step step, enum dns_type type,
		struct view name)
{
	c->ready = dns_lookup_new(type, name);
	c->step = step;
}

static void include(struct spf_check *c, struct view domain, struct view text)
{
	if (!dns_name_fits(domain)) {
		spf_finish(c, SPF_PERMERROR, "\"%.*s\" names no domain", VIEW_ARG(text));
		return;
	}
	c->frames[++c->depth] = (struct spf_frame){ .domain = domain };
	spf_ask(c, SPF_STEP_RECORD, DNS_TXT, domain);
}

static void match_names(struct spf_check *c, struct view domain)
{
	for (size_t i = 0; i < c->name_count; i++) {
		if (view_eq_nocase(c->names[i], domain) ||
				name_is_under(c->names[i], domain)) {
			spf_match(c);
			return;
		}
	}
	spf_no_match(c);
}

/* A name that cannot be asked for does not exist. */
static void ask_for(struct spf_check *c, enum spf_step step, enum dns_type type,
		struct view name)
{
	if (dns_name_fits(name))
		spf_ask(c, step, type, name);
	else if (spf_charge_void(c))
		spf_no_match(c);
}

/* A term that asks the DNS. */
static void ask_term(struct spf_check *c, const struct spf_term *term)
{
	struct view domain;

	if (!spf_frame(c)->charged && !spf_charge(c))
		return;
	spf_frame(c)->charged = true;
	if (must_ask_names(c, term->domain) || !expand_domain(c, term->domain, &domain))
		return;
	switch (term->mechanism) {
	case SPF_INCLUDE:
		include(c, domain, term->text);
		break;
	case SPF_A:
		ask_for(c, SPF_STEP_ADDRESS, c->values.client.six ? DNS_AAAA : DNS_A,
				domain);
		break;
	case SPF_MX:
		ask_for(c, SPF_STEP_MX, DNS_MX, domain);
		break;
	case SPF_EXISTS:
		ask_for(c, SPF_STEP_EXISTS, DNS_A, domain);
		break;
	default:
		if (c->names_known)
			match_names(c, domain);
		else
			spf_ask_names(c);
		break;
	}
}

static void evaluate_term(struct spf_check *c, const struct spf_term *term)
{
	bool matches = term->mechanism == SPF_ALL;

	if (term->mechanism == SPF_IP4 || term->mechanism == SPF_IP6)
		matches = network_covers(&term->network, &c->values.client);
	else if (term->mechanism != SPF_ALL) {
		ask_term(c, term);
		return;
	}
	if (matches)
		spf_match(c);
	else
		spf_no_match(c);
}

/* RFC 7208, 6.1 */
static void redirect(struct spf_check *c)
{
	struct spf_frame *frame = spf_frame(c);
	struct view domain;

	if (!frame->charged && !spf_charge(c))
		return;
	frame->charged = true;
	if (must_ask_names(c, frame->record.redirect) ||
			!expand_domain(c, frame->record.redirect, &domain))
		return;
	if (!dns_name_fits(domain)) {
		spf_finish(c, SPF_PERMERROR, "redirect=%.*s names no domain",
				VIEW_ARG(frame->record.redirect));
		return;
	}
	*frame = (struct spf_frame){ .domain = domain, .redirected = true };
	spf_ask(c, SPF_STEP_RECORD, DNS_TXT, domain);
}

/* No term matched (4.7). */
static void end_of_record(struct spf_check *c)
{
	if (spf_frame(c)->record.redirect.len) {
		redirect(c);
		return;
	}
	if (c->depth == 0) {
		conclude(c, SPF_NEUTRAL, VIEW_NULL);
		return;
	}
	c->depth--;
	spf_no_match(c);
}

static void proceed(struct spf_check *c)
{
	while (c->step == SPF_STEP_EVALUATING && !c->ready)
		if (spf_frame(c)->at < spf_frame(c)->record.count)
			evaluate_term(c, spf_term(c));
		else
			end_of_record(c);
}

/* -- from outside -- */

static struct view copy_domain(struct arena *arena, struct view domain)
{
	struct view name = domain;

	if (name_normalise(arena, domain, &name))
		return name;
	if (name.len && name.data[name.len - 1] == '.')
		name.len--;
	return arena_copy(arena, name);
}

/* RFC 7208, 5: an IPv4 address in IPv6's clothes is an IPv4 address. */
static struct network unmapped(struct network client)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct network four = { .bits = 32 };

	if (!client.six || memcmp(client.bytes, mapped, sizeof(mapped)) != 0)
		return client;
	memcpy(four.bytes, client.bytes + sizeof(mapped), 4);
	return four;
}

/* RFC 7208, 4.3: fully qualified, and no address literal. */
static bool can_have_record(struct view domain)
{
	return dns_name_fits(domain) && domain.data[0] != '[' &&
	       view_find(domain, '.') < domain.len;
}

struct spf_check *spf_check_new(const struct spf_request *request, nstime now)
{
	struct spf_check *c = xcalloc(1, sizeof(*c));
	struct view domain = request->domain, local = request->local;

	c->arena = arena_new();
	c->started = now;
	if (request->identity == SPF_HELO || domain.len == 0) {
		domain = request->helo;
		local = VIEW_NULL;
	}
	domain = copy_domain(c->arena, domain);
	c->values = (struct spf_macro_values){
		.local = arena_copy(c->arena, local.len ? local : VIEW("postmaster")),
		.origin = domain,
		.helo = arena_copy(c->arena, request->helo),
		.receiver = arena_copy(c->arena, request->receiver.len ? request->receiver
								       : VIEW("unknown")),
		.client = unmapped(request->client),
		.now = request->now,
	};
	c->result.identity = request->identity;
	c->result.domain = c->frames[0].domain = domain;
	if (can_have_record(domain))
		spf_ask(c, SPF_STEP_RECORD, DNS_TXT, domain);
	else
		spf_finish(c, SPF_NONE, "no domain that could have a record");
	return c;
}

struct op *spf_check_next_op(struct spf_check *c)
{
	struct dns_lookup *lookup = TAKE(c->ready);

	return lookup ? &lookup->op : NULL;
}

void spf_check_answer(struct spf_check *c, struct op *op, nstime now)
{
	if (now - c->started > SPF_TIME && c->explaining)
		c->step = SPF_STEP_DONE;
	else if (now - c->started > SPF_TIME)
		spf_finish(c, SPF_TEMPERROR, "the DNS was too slow");
	else
		spf_take(c, &dns_lookup_of(op)->answer);
	op_free(op);
	proceed(c);
}

const struct spf_result *spf_check_result(const struct spf_check *c)
{
	return c->step == SPF_STEP_DONE ? &c->result : NULL;
}

void spf_check_free(struct spf_check *c)
{
	if (!c)
		return;
	if (c->ready)
		op_free(&c->ready->op);
	arena_free(c->arena);
	free(c);
}

void spf_check_freep(struct spf_check **c)
{
	spf_check_free(TAKE(*c));
}
