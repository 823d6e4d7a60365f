/* The first two lines are what the DNS says, the rest a header. A check ends after two
 * questions, passes nothing that can be read in two ways, and asks for no more than the
 * record does. */
#include "runtime/dns/lookup.h"
#include "runtime/mailauth/dmarc.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void give(struct dns_lookup *lookup, struct view text)
{
	CLEANUP(buf_free) struct buf rdata = BUF_NULL(1 << 20);

	must(dns_name_fits(buf_view(&lookup->name)));
	must(view_starts(buf_view(&lookup->name), VIEW("_dmarc.")));
	dns_answer_set(&lookup->answer, text.len ? DNS_ANSWERED : DNS_NODATA, false, 1);
	for (; text.len; text = view_from(text, 255)) {
		buf_add_byte(&rdata, (char)(text.len > 255 ? 255 : text.len));
		buf_add(&rdata, view_sub(text, 0, 255));
	}
	dns_answer_add(&lookup->answer, DNS_TXT, buf_view(&rdata));
}

static void check(const struct suffix_list *suffixes, struct view text)
{
	struct view records[2] = { view_cut(&text, '\n'), view_cut(&text, '\n') };
	struct spf_result spf = { .code = SPF_PASS, .domain = VIEW("t.example") };
	struct dmarc_request request = { .suffixes = suffixes,
		.header = text,
		.spf = &spf,
		.sample = (unsigned)(text.len % 100) };
	CLEANUP(dmarc_check_freep) struct dmarc_check *c = dmarc_check_new(&request);
	const struct dmarc_result *result;
	size_t questions = 0;
	struct op *op;

	while ((op = dmarc_check_next_op(c))) {
		must(questions < 2);
		give(dns_lookup_of(op), records[questions++]);
		dmarc_check_answer(c, op);
	}
	result = dmarc_check_result(c);
	must(result != NULL);
	must(result->code != DMARC_PASS || (result->spf_aligned && !result->ambiguous));
	must(result->disposition <= result->policy);
	must(result->code == DMARC_FAIL || result->disposition == DMARC_POLICY_NONE);
	must(result->has_record || result->policy == DMARC_POLICY_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct suffix_list *suffixes;

	if (!suffixes)
		suffixes = suffix_list_load();
	must(suffixes != NULL);
	check(suffixes, view_of(data, size));
	return 0;
}
