/* What the DNS's answers mean to an SPF check, and how many there may be. */
#include "runtime/base/limit.h"
#include "runtime/mailauth/spf_state.h"

#include <assert.h>

/* -- counting (RFC 7208, 4.6.4) -- */

bool spf_charge(struct spf_check *c)
{
	if (++c->result.lookups <= limit_value(LIMIT_SPF_LOOKUPS))
		return true;
	spf_finish(c, SPF_PERMERROR, "more than %llu terms that ask the DNS",
			(unsigned long long)limit_value(LIMIT_SPF_LOOKUPS));
	return false;
}

bool spf_charge_void(struct spf_check *c)
{
	if (spf_frame(c)->in_vain)
		return true;
	spf_frame(c)->in_vain = true;
	if (++c->result.void_lookups <= limit_value(LIMIT_SPF_VOID_LOOKUPS))
		return true;
	spf_finish(c, SPF_PERMERROR, "more than %llu terms ask for what is not there",
			(unsigned long long)limit_value(LIMIT_SPF_VOID_LOOKUPS));
	return false;
}

/* A failure of the DNS ends the check, a void one is counted (RFC 7208, 4.4, 4.6.4, 5).
 * False: it has ended. */
static bool usable(struct spf_check *c, const struct dns_answer *answer)
{
	if (dns_answer_failed(answer)) {
		spf_finish(c, SPF_TEMPERROR, "the DNS failed at \"%.*s\"",
				VIEW_ARG(spf_term(c)->text));
		return false;
	}
	return !dns_answer_void(answer) || spf_charge_void(c);
}

/* -- records -- */

/* There is none. */
static void no_record(struct spf_check *c)
{
	const struct spf_frame *frame = spf_frame(c);

	if (c->depth == 0 && !frame->redirected)
		spf_finish(c, SPF_NONE, "%.*s has no record", VIEW_ARG(frame->domain));
	else
		spf_finish(c, SPF_PERMERROR, "%.*s is referred to and has no record",
				VIEW_ARG(frame->domain));
}

static void take_record(struct spf_check *c, const struct dns_answer *answer)
{
	struct spf_frame *frame = spf_frame(c);
	struct view text = VIEW_NULL, wrong;
	size_t found = 0;

	if (dns_answer_failed(answer)) {
		spf_finish(c, SPF_TEMPERROR, "the DNS failed at %.*s",
				VIEW_ARG(frame->domain));
		return;
	}
	for (size_t i = 0; i < answer->count; i++) {
		if (!spf_record_is(answer->records[i].text))
			continue;
		text = arena_copy(c->arena, answer->records[i].text);
		found++;
	}
	if (found == 0)
		no_record(c);
	else if (found > 1)
		spf_finish(c, SPF_PERMERROR, "%.*s has %zu records",
				VIEW_ARG(frame->domain), found);
	else if (spf_record_parse(c->arena, text, &frame->record, &wrong))
		spf_finish(c, SPF_PERMERROR, "in the record of %.*s: \"%.*s\"",
				VIEW_ARG(frame->domain), VIEW_ARG(wrong));
	else
		c->step = SPF_STEP_EVALUATING;
}

/* -- addresses -- */

static bool is_client(const struct spf_check *c, const struct dns_record *record,
		unsigned bits4, unsigned bits6)
{
	struct network network = c->values.client;

	memcpy(network.bytes, record->address, network.six ? 16 : 4);
	network.bits = network.six ? bits6 : bits4;
	return network_covers(&network, &c->values.client);
}

static bool has_client(const struct spf_check *c, const struct dns_answer *answer,
		unsigned bits4, unsigned bits6)
{
	for (size_t i = 0; i < answer->count; i++)
		if (is_client(c, &answer->records[i], bits4, bits6))
			return true;
	return false;
}

static bool term_has_client(struct spf_check *c, const struct dns_answer *answer)
{
	return has_client(c, answer, spf_term(c)->bits4, spf_term(c)->bits6);
}

static void take_address(struct spf_check *c, const struct dns_answer *answer)
{
	if (!usable(c, answer))
		return;
	if (term_has_client(c, answer))
		spf_match(c);
	else
		spf_no_match(c);
}

static void take_exists(struct spf_check *c, const struct dns_answer *answer)
{
	if (!usable(c, answer))
		return;
	if (answer->count)
		spf_match(c);
	else
		spf_no_match(c);
}

/* -- MX -- */

static enum dns_type address_type(const struct spf_check *c)
{
	return c->values.client.six ? DNS_AAAA : DNS_A;
}

void spf_next_host(struct spf_check *c)
{
	if (c->host_at < c->host_count)
		spf_ask(c, SPF_STEP_MX_ADDRESS, address_type(c), c->hosts[c->host_at++]);
	else
		spf_no_match(c);
}

static void take_mx(struct spf_check *c, const struct dns_answer *answer)
{
	if (!usable(c, answer))
		return;
	if (answer->count > limit_value(LIMIT_SPF_NAMES)) {
		spf_finish(c, SPF_PERMERROR, "\"%.*s\" means %zu hosts",
				VIEW_ARG(spf_term(c)->text), answer->count);
		return;
	}
	c->host_count = c->host_at = 0;
	for (size_t i = 0; i < answer->count; i++)
		if (dns_name_fits(answer->records[i].name)) /* the root is no host */
			c->hosts[c->host_count++] =
					arena_copy(c->arena, answer->records[i].name);
	spf_next_host(c);
}

static void take_mx_address(struct spf_check *c, const struct dns_answer *answer)
{
	if (!usable(c, answer))
		return;
	if (term_has_client(c, answer))
		spf_match(c);
	else
		spf_next_host(c);
}

/* -- the client's names (5.5) -- */

void spf_ask_names(struct spf_check *c)
{
	static const char digits[] = "0123456789abcdef";
	const struct network *client = &c->values.client;
	CLEANUP(buf_free) struct buf name = BUF_NULL(100);

	for (int i = client->six ? 15 : 3; i >= 0; i--)
		if (client->six)
			buf_addf(&name, "%c.%c.", digits[client->bytes[i] & 15],
					digits[client->bytes[i] >> 4]);
		else
			buf_addf(&name, "%u.", client->bytes[i]);
	buf_add_z(&name, client->six ? "ip6.arpa" : "in-addr.arpa");
	spf_ask(c, SPF_STEP_PTR, DNS_PTR, buf_view(&name));
}

/* Back to who wanted the names. */
static void names_known(struct spf_check *c)
{
	c->names_known = true;
	if (c->explaining) {
		c->step = SPF_STEP_DONE;
		spf_explain(c);
	} else {
		c->step = SPF_STEP_EVALUATING;
	}
}

static void next_candidate(struct spf_check *c)
{
	if (c->candidate_at < c->candidate_count)
		spf_ask(c, SPF_STEP_PTR_ADDRESS, address_type(c),
				c->candidates[c->candidate_at]);
	else
		names_known(c);
}

/* A failure of the DNS means no names; more than ten are passed over. */
static void take_names(struct spf_check *c, const struct dns_answer *answer)
{
	if (dns_answer_void(answer) && !c->explaining && !spf_charge_void(c))
		return;
	for (size_t i = 0; i < answer->count &&
			   c->candidate_count < limit_value(LIMIT_SPF_NAMES);
			i++)
		if (dns_name_fits(answer->records[i].name))
			c->candidates[c->candidate_count++] =
					arena_copy(c->arena, answer->records[i].name);
	next_candidate(c);
}

static void take_name_address(struct spf_check *c, const struct dns_answer *answer)
{
	struct view name = c->candidates[c->candidate_at++];

	if (has_client(c, answer, 32, 128))
		c->names[c->name_count++] = name;
	next_candidate(c);
}

/* -- the explanation -- */

static void take_explanation(struct spf_check *c, const struct dns_answer *answer)
{
	c->step = SPF_STEP_DONE;
	if (answer->count != 1 || answer->records[0].text.len == 0 ||
			!spf_macro_is_string(answer->records[0].text, true))
		return;
	c->explanation = arena_copy(c->arena, answer->records[0].text);
	spf_explain(c);
}

void spf_take(struct spf_check *c, const struct dns_answer *answer)
{
	/* clang-format off */
	static void (*const takers[])(struct spf_check *, const struct dns_answer *) = {
		[SPF_STEP_RECORD]      = take_record,
		[SPF_STEP_ADDRESS]     = take_address,
		[SPF_STEP_EXISTS]      = take_exists,
		[SPF_STEP_MX]          = take_mx,
		[SPF_STEP_MX_ADDRESS]  = take_mx_address,
		[SPF_STEP_PTR]         = take_names,
		[SPF_STEP_PTR_ADDRESS] = take_name_address,
		[SPF_STEP_EXPLAINING]  = take_explanation,
	};
	/* clang-format on */

	assert(c->step < ARRAY_LEN(takers) && takers[c->step]);
	takers[c->step](c, answer);
}
