/* Policies and alignment (RFC 7489), against a DNS of lines. */
#include "runtime/base/error.h"
#include "runtime/mailauth/author.h"
#include "runtime/mailauth/dmarc.h"
#include "tests/lib/test.h"
#include "tests/lib/zone.h"

/* -- records (6.3, 6.4) -- */

static void a_record_begins_with_its_version(void **state)
{
	static const char *const good[] = { "v=DMARC1; p=none", "v=DMARC1;p=none",
		"v = DMARC1 ; p=none", "v=DMARC1", " v=DMARC1; p=none" };
	static const char *const bad[] = { "", "v=dmarc1; p=none", "v=DMARC2; p=none",
		"v=DMARC1 p=none", "p=none; v=DMARC1", "V=DMARC1; p=none", "v=spf1 -all",
		"DMARC1", "v=DMARC10; p=none" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!dmarc_record_is(view_z(good[i])))
			fail_msg("\"%s\" is one", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (dmarc_record_is(view_z(bad[i])))
			fail_msg("\"%s\" is none", bad[i]);
}

static void records_say_what_they_say(void **state)
{
	enum {
		N = DMARC_POLICY_NONE,
		Q = DMARC_POLICY_QUARANTINE,
		R = DMARC_POLICY_REJECT
	};
	/* clang-format off */
	static const struct {
		const char *text;
		int outcome;
		unsigned p, sp;
		bool adkim, aspf;
		unsigned pct;
	} rows[] = {
		{ "v=DMARC1; p=none",                        0, N, N, 0, 0, 100 },
		{ "v=DMARC1; p=quarantine",                  0, Q, Q, 0, 0, 100 },
		{ "v=DMARC1; p=reject;",                     0, R, R, 0, 0, 100 },
		{ "v=DMARC1;p=REJECT",                       0, R, R, 0, 0, 100 },
		{ "v=DMARC1; p=reject; sp=none",             0, R, N, 0, 0, 100 },
		{ "v=DMARC1; p=none; sp=quarantine",         0, N, Q, 0, 0, 100 },
		{ "v=DMARC1; sp=none; p=reject",             0, R, N, 0, 0, 100 },
		{ "v=DMARC1; p=reject; adkim=s; aspf=s",     0, R, R, 1, 1, 100 },
		{ "v=DMARC1; p=reject; adkim=r; aspf=S",     0, R, R, 0, 1, 100 },
		{ "v=DMARC1; p=reject; adkim=x; aspf=",      0, R, R, 0, 0, 100 },
		{ "v=DMARC1; p=reject; pct=50",              0, R, R, 0, 0, 50 },
		{ "v=DMARC1; p=reject; pct=0",               0, R, R, 0, 0, 0 },
		{ "v=DMARC1; p=reject; pct=101",             0, R, R, 0, 0, 100 },
		{ "v=DMARC1; p=reject; pct=x",               0, R, R, 0, 0, 100 },
		{ "v=DMARC1; p=reject; pct=-1",              0, R, R, 0, 0, 100 },
		{ "v=DMARC1; p=reject; unknown=x; =; y;;",   0, R, R, 0, 0, 100 },
		{ "v=DMARC1; p=reject; p=none",              0, R, R, 0, 0, 100 }, /* the first counts */
		{ "v=DMARC1",                                DMARC_RECORD_E_POLICY, 0, 0, 0, 0, 0 },
		{ "v=DMARC1; p=",                            DMARC_RECORD_E_POLICY, 0, 0, 0, 0, 0 },
		{ "v=DMARC1; p=rejct",                       DMARC_RECORD_E_POLICY, 0, 0, 0, 0, 0 },
		{ "v=DMARC1; p=reject; sp=x",                DMARC_RECORD_E_POLICY, 0, 0, 0, 0, 0 },
		{ "v=DMARC1; rua=nobody",                    DMARC_RECORD_E_POLICY, 0, 0, 0, 0, 0 },
		{ "v=DMARC1; rua=mailto:a@b.example",        0, N, N, 0, 0, 100 },
		{ "v=DMARC1; p=x; rua=mailto:a@b.example!10m", 0, N, N, 0, 0, 100 },
		{ "v=DMARC1; p=x; rua=x, mailto:a@b.example!10", 0, N, N, 0, 0, 100 },
		{ "v=DMARC1; p=x; rua=mailto:a@b.example!ten", DMARC_RECORD_E_POLICY, 0, 0, 0, 0, 0 },
		{ "v=DMARC1; p=x; rua=mailto:a b",           DMARC_RECORD_E_POLICY, 0, 0, 0, 0, 0 },
		{ "v=DMARC1; p=reject; sp=x; rua=https://r.example/", 0, N, N, 0, 0, 100 },
	};
	/* clang-format on */
	struct dmarc_record record;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int r = dmarc_record_parse(view_z(rows[i].text), &record);

		if (r != rows[i].outcome)
			fail_msg("%s: %d", rows[i].text, r);
		if (r == 0 && (record.policy != rows[i].p ||
					      record.subdomains != rows[i].sp ||
					      record.strict_dkim != rows[i].adkim ||
					      record.strict_spf != rows[i].aspf ||
					      record.percent != rows[i].pct))
			fail_msg("%s", rows[i].text);
	}
	assert_int_equal(dmarc_record_parse(VIEW("v=DMARC1; p=none; ri=3600; fo=1:d; "
						 "rua=mailto:a@b.example; "
						 "ruf=mailto:c@d.example"),
					 &record),
			0);
	assert_view(record.reports, "mailto:a@b.example");
	assert_view(record.failure_reports, "mailto:c@d.example");
	assert_view(record.failure_options, "1:d");
	assert_int_equal(record.interval, 3600);
}

/* -- authors -- */

static void the_author_is_one_domain(void **state)
{
	/* clang-format off */
	static const struct { const char *header; int outcome; const char *domain; bool clean; } rows[] = {
		{ "From: joe@Example.org\r\n",                      AUTHOR_OK, "example.org", true },
		{ "FROM: Joe <joe@example.org>\r\n",                AUTHOR_OK, "example.org", true },
		{ "From: \"a@b.example\" <joe@example.org>\r\n",    AUTHOR_OK, "example.org", true },
		{ "From: Joe\r\n <joe@example.org>\r\n",            AUTHOR_OK, "example.org", true },
		{ "From: (c) joe (c) @ (c) example.org (c)\r\n",    AUTHOR_OK, "example.org", true },
		{ "From: a@example.org, b@EXAMPLE.org\r\n",         AUTHOR_OK, "example.org", true },
		{ "From: joe@b\xc3\xbc" "cher.example\r\n",         AUTHOR_OK, "xn--bcher-kva.example", true },
		{ "From: Joe <joe@example.org> junk\r\n",           AUTHOR_OK, "example.org", false },
		{ "From: <@a.example:joe@example.org>\r\n",         AUTHOR_OK, "example.org", false },
		{ "From: g: joe@example.org;\r\n",                  AUTHOR_OK, "example.org", false },
		{ "To: a@b.example\r\n",                            AUTHOR_E_FIELDS, NULL, false },
		{ "From: a@b.example\r\nfrom: a@b.example\r\n",     AUTHOR_E_FIELDS, NULL, false },
		{ "From : a@b.example\r\nFrom: a@b.example\r\n",    AUTHOR_E_FIELDS, NULL, false },
		{ "From:\r\n",                                      AUTHOR_E_NONE, NULL, false },
		{ "From: Joe\r\n",                                  AUTHOR_E_NONE, NULL, false },
		{ "From: <>\r\n",                                   AUTHOR_E_NONE, NULL, false },
		{ "From: nobody:;\r\n",                             AUTHOR_E_NONE, NULL, false },
		{ "From: joe@localhost\r\n",                        AUTHOR_E_NONE, NULL, false },
		{ "From: joe@[192.0.2.1]\r\n",                      AUTHOR_E_NONE, NULL, false },
		{ "From: joe@exa_mple.org\r\n",                     AUTHOR_E_NONE, NULL, false },
		{ "From: a@example.org, b@example.com\r\n",         AUTHOR_E_SEVERAL, NULL, false },
		{ "From: a@example.org, b@sub.example.org\r\n",     AUTHOR_E_SEVERAL, NULL, false },
	};
	/* clang-format on */
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct author author;
		int r = author_find(arena, view_z(rows[i].header), &author);

		if (r != rows[i].outcome)
			fail_msg("%s: %d", rows[i].header, r);
		if (r)
			continue;
		assert_view(author.domain, rows[i].domain);
		if (author.clean != rows[i].clean)
			fail_msg("%s", rows[i].header);
	}
}

/* -- checks -- */

static struct suffix_list *suffixes;

static int load(void **state)
{
	(void)state;
	suffixes = suffix_list_load();
	return suffixes ? 0 : -1;
}

static int drop(void **state)
{
	(void)state;
	suffix_list_free(suffixes);
	return 0;
}

static struct dmarc_check *run(const char *zone, const char *from,
		const struct spf_result *spf, const struct dkim_result *dkim,
		unsigned sample)
{
	struct dmarc_request request = { .suffixes = suffixes,
		.header = view_z(from),
		.spf = spf,
		.dkim = dkim,
		.sample = sample };
	struct dmarc_check *check = dmarc_check_new(&request);
	unsigned questions = 0;
	struct op *op;

	while ((op = dmarc_check_next_op(check))) {
		assert_null(dmarc_check_result(check));
		zone_answer(view_z(zone), dns_lookup_of(op));
		dmarc_check_answer(check, op);
		assert_true(++questions <= 2);
	}
	assert_non_null(dmarc_check_result(check));
	return check;
}

struct row {
	const char *from; /* the domain of */
	enum spf_code spf;
	const char *spf_domain;
	enum dkim_code dkim;
	const char *dkim_domain; /* NULL: not signed */
	enum dmarc_code code;
	enum dmarc_policy policy, disposition;
};

static void check_rows(const char *zone, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct spf_result spf = { .code = row->spf,
			.domain = view_z(row->spf_domain) };
		struct dkim_verdict verdict = { .code = row->dkim,
			.domain = view_z(row->dkim_domain) };
		struct dkim_result dkim = { &verdict, row->dkim_domain ? 1 : 0 };
		CLEANUP(buf_free) struct buf from = BUF_NULL(1000);
		CLEANUP(dmarc_check_freep) struct dmarc_check *check = NULL;
		const struct dmarc_result *result;

		buf_addf(&from, "From: joe@%s\r\n%c", row->from, 0);
		check = run(zone, from.data, &spf, &dkim, 0);
		result = dmarc_check_result(check);
		if (result->code != row->code || result->policy != row->policy ||
				result->disposition != row->disposition)
			fail_msg("row %zu, %s: %s (%s), policy %s, %s", i, row->from,
					dmarc_code_name(result->code),
					result->reason ? result->reason : "",
					dmarc_policy_name(result->policy),
					dmarc_policy_name(result->disposition));
	}
}

#define CHECK(zone, rows) check_rows((zone), (rows), ARRAY_LEN(rows))
#define NONE              DMARC_POLICY_NONE
#define QUARANTINE        DMARC_POLICY_QUARANTINE
#define REJECT            DMARC_POLICY_REJECT

static const char zone[] =
		"_dmarc.relaxed.example TXT v=DMARC1; p=reject; sp=quarantine\n"
		"_dmarc.strict.example TXT v=DMARC1; p=reject; adkim=s; aspf=s\n"
		"_dmarc.none.example TXT v=DMARC1; p=none\n"
		"_dmarc.own.relaxed.example TXT v=DMARC1; p=none\n"
		"_dmarc.two.example TXT v=DMARC1; p=reject\n"
		"_dmarc.two.example TXT v=DMARC1; p=none\n"
		"_dmarc.noise.example TXT v=spf1 -all\n"
		"_dmarc.noise.example TXT v=DMARC1; p=quarantine\n"
		"_dmarc.broken.example TXT v=DMARC1; p=rejekt\n"
		"_dmarc.slow.example TIMEOUT\n"
		"_dmarc.bogus.example BOGUS\n"
		"_dmarc.slow.relaxed.example TIMEOUT\n"
		"_dmarc.example.co.uk TXT v=DMARC1; p=reject\n"
		"_dmarc.co.uk TXT v=DMARC1; p=reject\n"
		"_dmarc.xn--bcher-kva.example TXT v=DMARC1; p=reject\n";

static void what_is_aligned_passes(void **state) /* 3.1 */
{
	/* clang-format off */
	static const struct row rows[] = {
		{ "relaxed.example", SPF_PASS, "relaxed.example",   0, NULL, DMARC_PASS, REJECT, NONE },
		{ "relaxed.example", SPF_PASS, "a.relaxed.example", 0, NULL, DMARC_PASS, REJECT, NONE },
		{ "relaxed.example", SPF_PASS, "RELAXED.example.",  0, NULL, DMARC_PASS, REJECT, NONE },
		{ "relaxed.example", SPF_PASS, "other.example",     0, NULL, DMARC_FAIL, REJECT, REJECT },
		{ "relaxed.example", SPF_PASS, "xrelaxed.example",  0, NULL, DMARC_FAIL, REJECT, REJECT },
		{ "relaxed.example", SPF_PASS, "example",           0, NULL, DMARC_FAIL, REJECT, REJECT },
		{ "relaxed.example", SPF_PASS, "",                  0, NULL, DMARC_FAIL, REJECT, REJECT },
		{ "relaxed.example", SPF_FAIL, "relaxed.example",   0, NULL, DMARC_FAIL, REJECT, REJECT },
		{ "relaxed.example", SPF_SOFTFAIL, "relaxed.example", 0, NULL, DMARC_FAIL, REJECT, REJECT },
		{ "relaxed.example", SPF_NEUTRAL, "relaxed.example", 0, NULL, DMARC_FAIL, REJECT, REJECT },
		{ "relaxed.example", SPF_PERMERROR, "relaxed.example", 0, NULL, DMARC_FAIL, REJECT, REJECT },
		{ "relaxed.example", SPF_NONE, "relaxed.example",   DKIM_PASS, "relaxed.example", DMARC_PASS, REJECT, NONE },
		{ "relaxed.example", SPF_NONE, "",                  DKIM_PASS, "a.relaxed.example", DMARC_PASS, REJECT, NONE },
		{ "relaxed.example", SPF_NONE, "",                  DKIM_PASS, "other.example", DMARC_FAIL, REJECT, REJECT },
		{ "relaxed.example", SPF_NONE, "",                  DKIM_FAIL, "relaxed.example", DMARC_FAIL, REJECT, REJECT },
		{ "relaxed.example", SPF_NONE, "",                  DKIM_POLICY, "relaxed.example", DMARC_FAIL, REJECT, REJECT },
		{ "relaxed.example", SPF_NONE, "",                  DKIM_NEUTRAL, "relaxed.example", DMARC_FAIL, REJECT, REJECT },
		{ "relaxed.example", SPF_NONE, "",                  DKIM_PERMERROR, "relaxed.example", DMARC_FAIL, REJECT, REJECT },
		{ "strict.example",  SPF_PASS, "strict.example",    0, NULL, DMARC_PASS, REJECT, NONE },
		{ "strict.example",  SPF_PASS, "a.strict.example",  0, NULL, DMARC_FAIL, REJECT, REJECT },
		{ "strict.example",  SPF_NONE, "",                  DKIM_PASS, "strict.example", DMARC_PASS, REJECT, NONE },
		{ "strict.example",  SPF_NONE, "",                  DKIM_PASS, "a.strict.example", DMARC_FAIL, REJECT, REJECT },
		{ "a.strict.example", SPF_NONE, "",                 DKIM_PASS, "strict.example", DMARC_FAIL, REJECT, REJECT },
		{ "a.strict.example", SPF_NONE, "",                 DKIM_PASS, "a.strict.example", DMARC_PASS, REJECT, NONE },
		{ "b\xc3\xbc" "cher.example", SPF_PASS, "xn--bcher-kva.example", 0, NULL, DMARC_PASS, REJECT, NONE },
		/* the DNS may have hidden a pass */
		{ "relaxed.example", SPF_TEMPERROR, "relaxed.example", DKIM_FAIL, "relaxed.example", DMARC_TEMPERROR, REJECT, NONE },
		{ "relaxed.example", SPF_FAIL, "relaxed.example",   DKIM_TEMPERROR, "relaxed.example", DMARC_TEMPERROR, REJECT, NONE },
		{ "relaxed.example", SPF_TEMPERROR, "relaxed.example", DKIM_PASS, "relaxed.example", DMARC_PASS, REJECT, NONE },
		{ "relaxed.example", SPF_TEMPERROR, "other.example", 0, NULL, DMARC_FAIL, REJECT, REJECT },
	};
	/* clang-format on */

	(void)state;
	CHECK(zone, rows);
}

static void policies_are_found(void **state) /* 6.6.3 */
{
	/* clang-format off */
	static const struct row rows[] = {
		{ "none.example",          SPF_FAIL, "", 0, NULL, DMARC_FAIL, NONE, NONE },
		{ "a.relaxed.example",     SPF_FAIL, "", 0, NULL, DMARC_FAIL, QUARANTINE, QUARANTINE }, /* sp= */
		{ "a.b.relaxed.example",   SPF_FAIL, "", 0, NULL, DMARC_FAIL, QUARANTINE, QUARANTINE },
		{ "own.relaxed.example",   SPF_FAIL, "", 0, NULL, DMARC_FAIL, NONE, NONE },
		{ "a.own.relaxed.example", SPF_FAIL, "", 0, NULL, DMARC_FAIL, QUARANTINE, QUARANTINE }, /* nothing between */
		{ "a.strict.example",      SPF_FAIL, "", 0, NULL, DMARC_FAIL, REJECT, REJECT },
		{ "absent.example",        SPF_PASS, "absent.example", 0, NULL, DMARC_NONE, NONE, NONE },
		{ "two.example",           SPF_FAIL, "", 0, NULL, DMARC_NONE, NONE, NONE },
		{ "noise.example",         SPF_FAIL, "", 0, NULL, DMARC_FAIL, QUARANTINE, QUARANTINE },
		{ "broken.example",        SPF_FAIL, "", 0, NULL, DMARC_NONE, NONE, NONE },
		{ "slow.example",          SPF_PASS, "slow.example", 0, NULL, DMARC_TEMPERROR, NONE, NONE },
		{ "bogus.example",         SPF_PASS, "bogus.example", 0, NULL, DMARC_TEMPERROR, NONE, NONE },
		{ "slow.relaxed.example",  SPF_FAIL, "", 0, NULL, DMARC_TEMPERROR, NONE, NONE },
		{ "a.example.co.uk",       SPF_FAIL, "", 0, NULL, DMARC_FAIL, REJECT, REJECT },
		{ "other.co.uk",           SPF_FAIL, "", 0, NULL, DMARC_NONE, NONE, NONE }, /* no public suffix is asked for others */
		{ "co.uk",                 SPF_FAIL, "", 0, NULL, DMARC_FAIL, REJECT, REJECT },
		{ "a.co.uk",               SPF_PASS, "b.co.uk", 0, NULL, DMARC_NONE, NONE, NONE },
	};
	/* clang-format on */

	(void)state;
	CHECK(zone, rows);
}

static void M01_a_subdomain_that_does_not_exist_fails(void **state)
{
	/* clang-format off */
	static const struct row rows[] = {
		{ "relaxed.example", SPF_NONE, "absent.relaxed.example", 0, NULL, DMARC_FAIL, REJECT, REJECT },
		{ "absent.relaxed.example", SPF_NONE, "absent.relaxed.example", 0, NULL, DMARC_FAIL, QUARANTINE, QUARANTINE },
	};
	/* clang-format on */

	(void)state;
	CHECK(zone, rows);
}

static void some_are_let_go(void **state) /* 6.6.4 */
{
	/* clang-format off */
	static const struct { const char *record; unsigned sample; enum dmarc_policy disposition; } rows[] = {
		{ "p=reject; pct=100",    99, REJECT },
		{ "p=reject; pct=50",     49, REJECT },
		{ "p=reject; pct=50",     50, QUARANTINE },
		{ "p=reject; pct=0",      0,  QUARANTINE },
		{ "p=quarantine; pct=10", 9,  QUARANTINE },
		{ "p=quarantine; pct=10", 10, NONE },
		{ "p=none; pct=10",       10, NONE },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_free) struct buf records = BUF_NULL(1000);
		CLEANUP(dmarc_check_freep) struct dmarc_check *check = NULL;

		buf_addf(&records, "_dmarc.a.example TXT v=DMARC1; %s%c", rows[i].record,
				0);
		check = run(records.data, "From: joe@a.example\r\n", NULL, NULL,
				rows[i].sample);
		assert_int_equal(dmarc_check_result(check)->code, DMARC_FAIL);
		assert_int_equal(dmarc_check_result(check)->disposition,
				rows[i].disposition);
	}
}

static void M07_an_author_that_can_be_read_in_two_ways_never_passes(void **state)
{
	/* clang-format off */
	static const struct { const char *from; enum dmarc_code code; } rows[] = {
		{ "From: a@relaxed.example, b@other.example\r\n",               DMARC_PERMERROR },
		{ "From: <a@other.example>, <b@relaxed.example>\r\n",           DMARC_PERMERROR },
		{ "From: a@relaxed.example\r\nFrom: b@other.example\r\n",       DMARC_PERMERROR },
		{ "From: =?utf-8?b?PGFAcmVsYXhlZC5leGFtcGxlPg==?=\r\n",         DMARC_PERMERROR },
		{ "From: =?utf-8?q?a=40relaxed.example?= <a@>\r\n",             DMARC_PERMERROR },
		{ "From: <@other.example,@x.example:a@relaxed.example>\r\n",    DMARC_FAIL },
		{ "From: <a@relaxed.example> <b@other.example>\r\n",            DMARC_FAIL },
		{ "From: a@relaxed.example <b@relaxed.example>\r\n",            DMARC_FAIL },
		{ "From: <a@relaxed.example>b@other.example\r\n",               DMARC_FAIL },
		{ "From: a@relaxed.example(\r\n",                               DMARC_FAIL },
		{ "From: \"a\\\" <b@other.example>\" <a@relaxed.example>\r\n",  DMARC_PASS }, /* one reading alone */
		{ "From: (b@other.example) <a@relaxed.example>\r\n",            DMARC_PASS },
		{ "From: Joe, Jim <a@relaxed.example>\r\n",                     DMARC_PERMERROR },
		{ "To: a@relaxed.example\r\n",                                  DMARC_PERMERROR },
	};
	/* clang-format on */
	struct spf_result spf = { .code = SPF_PASS, .domain = VIEW("relaxed.example") };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(dmarc_check_freep)
		struct dmarc_check *check = run(zone, rows[i].from, &spf, NULL, 0);
		const struct dmarc_result *result = dmarc_check_result(check);

		if (result->code != rows[i].code)
			fail_msg("%s: %s", rows[i].from, dmarc_code_name(result->code));
		assert_int_equal(result->ambiguous, result->code != DMARC_PASS);
	}
}

static void one_good_signature_of_many_is_enough(void **state)
{
	struct dkim_verdict verdicts[] = {
		{ .code = DKIM_FAIL, .domain = VIEW("strict.example") },
		{ .code = DKIM_PASS, .domain = VIEW("other.example") },
		{ .code = DKIM_PASS, .domain = VIEW("strict.example") },
		{ .code = DKIM_TEMPERROR, .domain = VIEW_NULL },
	};
	struct dkim_result dkim = { verdicts, ARRAY_LEN(verdicts) };
	CLEANUP(dmarc_check_freep)
	struct dmarc_check *check =
			run(zone, "From: joe@strict.example\r\n", NULL, &dkim, 0);

	(void)state;
	assert_int_equal(dmarc_check_result(check)->code, DMARC_PASS);
	assert_true(dmarc_check_result(check)->dkim_aligned);
	assert_false(dmarc_check_result(check)->spf_aligned);
	assert_view(dmarc_check_result(check)->found_at, "strict.example");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_begins_with_its_version),
		cmocka_unit_test(records_say_what_they_say),
		cmocka_unit_test(the_author_is_one_domain),
		cmocka_unit_test(what_is_aligned_passes),
		cmocka_unit_test(policies_are_found),
		cmocka_unit_test(M01_a_subdomain_that_does_not_exist_fails),
		cmocka_unit_test(some_are_let_go),
		cmocka_unit_test(M07_an_author_that_can_be_read_in_two_ways_never_passes),
		cmocka_unit_test(one_good_signature_of_many_is_enough),
	};

	return cmocka_run_group_tests(tests, load, drop);
}
