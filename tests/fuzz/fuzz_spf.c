/* Whatever the DNS says, an SPF check ends, soon, and asks for nothing that has no form.
 *
 * The first line is the domain's record, each further one an answer, taken in turn and
 * round again. Its first letter is the kind: F failed, N no such name, D no data, R RDATA
 * as it stands; else the line is text, or names parted by blanks, or the client's own
 * address where it begins with 'c'. */
#include "runtime/mailauth/spf.h"
#include "tests/lib/zone.h"

#include <stdlib.h>

enum {
	/* A term asks at most for itself and LIMIT_SPF_NAMES addresses; ten of them, the
	 * client's names, the record and an explanation. */
	QUESTIONS_MAX = 11 * 11 + 11 + 2
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void add_names(struct dns_answer *answer, enum dns_type type, struct view line)
{
	while (line.len) {
		CLEANUP(buf_free) struct buf rdata = BUF_NULL(1 << 20);

		if (type == DNS_MX)
			buf_add(&rdata, VIEW("\0\12"));
		zone_add_name(&rdata, view_cut(&line, ' '));
		dns_answer_add(answer, type, buf_view(&rdata));
	}
}

static void give(
		struct dns_lookup *lookup, const struct network *client, struct view line)
{
	struct dns_answer *answer = &lookup->answer;
	char kind = line.len ? line.data[0] : 'N';
	size_t octets = lookup->type == DNS_A ? 4 : 16;

	dns_answer_set(answer,
			kind == 'F'   ? DNS_FAILED
			: kind == 'N' ? DNS_NXDOMAIN
			: kind == 'D' ? DNS_NODATA
				      : DNS_ANSWERED,
			false, 1);
	if (kind == 'R')
		dns_answer_add(answer, lookup->type, view_from(line, 1));
	else if (lookup->type == DNS_TXT && answer->status == DNS_ANSWERED)
		zone_answer_text(line, lookup);
	else if (lookup->type == DNS_MX || lookup->type == DNS_PTR)
		add_names(answer, lookup->type, line);
	else if (kind == 'c')
		dns_answer_add(answer, lookup->type, view_of(client->bytes, octets));
	else
		dns_answer_add(answer, lookup->type,
				view_of("\300\0\2\7abcdefghijklmn", octets));
}

static void check(struct view text, bool six)
{
	struct spf_request request = { .identity = SPF_MAIL_FROM,
		.helo = VIEW("mail.t.example"),
		.local = VIEW("a.b-c"),
		.domain = VIEW("t.example"),
		.now = 1 };
	CLEANUP(spf_check_freep) struct spf_check *c = NULL;
	const struct spf_result *result;
	struct view rest = text;
	unsigned questions = 0;
	struct op *op;

	must(network_parse(
			six ? VIEW("2001:db8::1") : VIEW("192.0.2.1"), &request.client));
	c = spf_check_new(&request, 0);
	while ((op = spf_check_next_op(c))) {
		struct dns_lookup *lookup = dns_lookup_of(op);

		must(dns_name_fits(buf_view(&lookup->name)));
		must(++questions <= QUESTIONS_MAX);
		if (rest.len == 0)
			rest = text;
		give(lookup, &request.client, view_cut(&rest, '\n'));
		spf_check_answer(c, op, 0);
	}
	result = spf_check_result(c);
	must(result && result->code <= SPF_PERMERROR);
	must(result->code == SPF_FAIL || result->explanation.len == 0);
	must((result->code < SPF_TEMPERROR) || result->reason.len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(view_of(data, size), false);
	check(view_of(data, size), true);
	return 0;
}
