/* The first two lines are what the DNS says, the rest a header. A check ends after two
 * questions, passes nothing that can be read in two ways, and asks for no more than the
 * record does. */
#include "runtime/mailauth/dmarc.h"
#include "tests/lib/zone.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
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
		must(view_starts(buf_view(&dns_lookup_of(op)->name), VIEW("_dmarc.")));
		zone_answer_text(records[questions++], dns_lookup_of(op));
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
