/* What an SPF check finds (RFC 7208), against a DNS of lines. Each row promises a sentence
 * of the section above it. */
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/mailauth/spf.h"
#include "tests/lib/test.h"
#include "tests/lib/zone.h"

#include <stdio.h>

/* Runs a check to its end and counts the questions. */
static struct spf_check *run(
		const char *zone, const struct spf_request *request, unsigned *questions)
{
	struct spf_check *check = spf_check_new(request, 0);
	struct op *op;

	*questions = 0;
	while ((op = spf_check_next_op(check))) {
		struct dns_lookup *lookup = dns_lookup_of(op);

		assert_null(spf_check_next_op(check));
		assert_null(spf_check_result(check));
		assert_true(dns_name_fits(buf_view(&lookup->name)));
		zone_answer(view_z(zone), lookup);
		spf_check_answer(check, op, 0);
		assert_true(++*questions < 200);
	}
	assert_non_null(spf_check_result(check));
	return check;
}

static struct spf_request request_of(
		const char *client, const char *helo, const char *sender)
{
	struct view local = view_z(sender), domain;
	size_t at = view_find_last(local, '@');
	struct spf_request request = {
		.identity = sender ? SPF_MAIL_FROM : SPF_HELO,
		.helo = view_z(helo),
		.receiver = VIEW("mx.receiver.example"),
		.now = 1700000000,
	};

	domain = view_from(local, at < local.len ? at + 1 : local.len);
	local.len = at;
	request.local = local;
	request.domain = domain;
	assert_true(network_parse(view_z(client), &request.client));
	return request;
}

/* -- whole checks: who asks about whom -- */

struct row {
	const char *client, *helo, *sender; /* no sender: the HELO name is checked */
	enum spf_code code;
	const char *mechanism, *explanation;
};

static void check_rows(const char *zone, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct spf_request request =
				request_of(row->client, row->helo, row->sender);
		unsigned questions;
		CLEANUP(spf_check_freep)
		struct spf_check *check = run(zone, &request, &questions);
		const struct spf_result *result = spf_check_result(check);

		if (result->code != row->code)
			fail_msg("row %zu (%s from %s): %s, not %s: %.*s", i, row->sender,
					row->client, spf_code_name(result->code),
					spf_code_name(row->code),
					VIEW_ARG(result->reason));
		if (row->mechanism)
			assert_view(result->mechanism, row->mechanism);
		if (row->explanation)
			assert_view(result->explanation, row->explanation);
	}
}

#define CHECK(zone, rows) check_rows((zone), (rows), ARRAY_LEN(rows))

#define LABEL63 "a12345678901234567890123456789012345678901234567890123456789012"

static void the_identity_decides_whom_to_ask(void **state) /* 2.3, 2.4, 4.3 */
{
	static const char zone[] =
			"ok.example TXT v=spf1 ip4:192.0.2.1 -all\n"
			"local.example TXT v=spf1 exists:%{l}.l.example -all\n"
			"postmaster.l.example A 127.0.0.2\n"
			"jim\\sbeam.l.example A 127.0.0.2\n"
			"joe.l.example A 127.0.0.2\n" LABEL63 ".example TXT v=spf1 -all\n"
			"xn--bcher-kva.example TXT v=spf1 +all\n"
			"under_score.example TXT v=spf1 +all\n"
			"1.2.3.4 TXT v=spf1 +all\n";
	/* clang-format off */
	static const struct row rows[] = {
		{ "192.0.2.1", "ok.example", NULL,                  SPF_PASS, "ip4:192.0.2.1", NULL },
		{ "192.0.2.2", "ok.example", NULL,                  SPF_FAIL, "-all", NULL },
		{ "192.0.2.2", "OK.Example.", NULL,                 SPF_FAIL, "-all", NULL },
		{ "192.0.2.1", "no.example", "joe@ok.example",      SPF_PASS, NULL, NULL },
		{ "192.0.2.1", "no.example", "joe@OK.EXAMPLE",      SPF_PASS, NULL, NULL },
		{ "192.0.2.1", "no.example", "joe@ok.example.",     SPF_PASS, NULL, NULL },
		{ "192.0.2.1", "ok.example", "",                    SPF_PASS, NULL, NULL }, /* <>: postmaster@HELO */
		{ "192.0.2.9", "local.example", "",                 SPF_PASS, NULL, NULL },
		{ "192.0.2.9", "local.example", NULL,               SPF_PASS, NULL, NULL },
		{ "192.0.2.9", "no.example", "@local.example",      SPF_PASS, NULL, NULL }, /* no local part: postmaster */
		{ "192.0.2.9", "no.example", "joe@local.example",   SPF_PASS, NULL, NULL },
		{ "192.0.2.9", "no.example", "jim@local.example",   SPF_FAIL, NULL, NULL },
		{ "192.0.2.9", "no.example", "jim\tbeam@local.example", SPF_FAIL, NULL, NULL }, /* no such name */
		{ "192.0.2.9", "no.example", "jim beam@local.example", SPF_PASS, NULL, NULL },
		{ "192.0.2.9", "no.example", "a\\.b@local.example", SPF_FAIL, NULL, NULL },
		{ "192.0.2.1", "no.example", "joe@" LABEL63 ".example", SPF_FAIL, NULL, NULL },
		{ "192.0.2.1", "no.example", "joe@x" LABEL63 ".example", SPF_NONE, NULL, NULL },
		{ "192.0.2.1", "no.example", "joe@a..example",      SPF_NONE, NULL, NULL },
		{ "192.0.2.1", "no.example", "joe@.example",        SPF_NONE, NULL, NULL },
		{ "192.0.2.1", "no.example", "joe@example",         SPF_NONE, NULL, NULL },
		{ "192.0.2.1", "no.example", "joe@[192.0.2.1]",     SPF_NONE, NULL, NULL },
		{ "192.0.2.1", "[192.0.2.1]", NULL,                 SPF_NONE, NULL, NULL },
		{ "192.0.2.1", "[IPv6:2001:db8::1]", "",            SPF_NONE, NULL, NULL },
		{ "192.0.2.1", "localhost", NULL,                   SPF_NONE, NULL, NULL },
		{ "192.0.2.1", "", NULL,                            SPF_NONE, NULL, NULL },
		{ "192.0.2.1", "", "",                              SPF_NONE, NULL, NULL },
		{ "192.0.2.1", "no.example", "joe@b\xc3\xbc" "cher.example", SPF_PASS, NULL, NULL },
		{ "192.0.2.1", "no.example", "joe@under_score.example", SPF_PASS, NULL, NULL },
		{ "192.0.2.1", "no.example", "joe@absent.example",  SPF_NONE, NULL, NULL },
	};
	/* clang-format on */

	(void)state;
	CHECK(zone, rows);
}

static void M01_a_subdomain_that_does_not_exist_has_none(void **state)
{
	static const struct row rows[] = {
		{ "192.0.2.1", "h.example", "any@absent.victim.example", SPF_NONE, NULL,
				NULL },
	};

	(void)state;
	CHECK("victim.example TXT v=spf1 -all\n", rows);
}

static void records_are_looked_up_and_selected(void **state) /* 4.4, 4.5 */
{
	static const char zone[] = "other.example TXT google-site-verification=x\n"
				   "other.example TXT v=spf2.0/pra -all\n"
				   "other.example TXT \xff\xfe binary\n"
				   "other.example TXT v=spf1 -all\n"
				   "none.example TXT v=spf10 -all\n"
				   "none.example TXT spf1 -all\n"
				   "two.example TXT v=spf1 -all\n"
				   "two.example TXT V=SPF1 +all\n"
				   "empty.example TXT v=spf1\n"
				   "blank.example TXT v=spf1 \n"
				   "nodata.example A 192.0.2.1\n"
				   "slow.example TIMEOUT TXT\n"
				   "bogus.example BOGUS\n"
				   "case.example TXT V=sPf1 IP4:192.0.2.1 -ALL\n"
				   "long.example TXT v=spf1 "
				   "ip4:10.0.0.1 ip4:10.0.0.2 ip4:10.0.0.3 ip4:10.0.0.4 "
				   "ip4:10.0.0.5 "
				   "ip4:10.0.0.6 ip4:10.0.0.7 ip4:10.0.0.8 ip4:10.0.0.9 "
				   "ip4:10.0.0.10 "
				   "ip4:10.0.1.1 ip4:10.0.1.2 ip4:10.0.1.3 ip4:10.0.1.4 "
				   "ip4:10.0.1.5 "
				   "ip4:10.0.1.6 ip4:10.0.1.7 ip4:10.0.1.8 ip4:10.0.1.9 "
				   "ip4:192.0.2.1 -all\n";
	/* clang-format off */
	static const struct row rows[] = {
		{ "192.0.2.1", "h.example", "joe@other.example",  SPF_FAIL, "-all", NULL },
		{ "192.0.2.1", "h.example", "joe@none.example",   SPF_NONE, "", NULL },
		{ "192.0.2.1", "h.example", "joe@two.example",    SPF_PERMERROR, "", NULL },
		{ "192.0.2.1", "h.example", "joe@empty.example",  SPF_NEUTRAL, "", NULL },
		{ "192.0.2.1", "h.example", "joe@blank.example",  SPF_NEUTRAL, "", NULL },
		{ "192.0.2.1", "h.example", "joe@nodata.example", SPF_NONE, "", NULL },
		{ "192.0.2.1", "h.example", "joe@slow.example",   SPF_TEMPERROR, "", NULL },
		{ "192.0.2.1", "h.example", "joe@bogus.example",  SPF_TEMPERROR, "", NULL },
		{ "192.0.2.1", "h.example", "joe@case.example",   SPF_PASS, "IP4:192.0.2.1", NULL },
		{ "192.0.2.1", "h.example", "joe@long.example",   SPF_PASS, "ip4:192.0.2.1", NULL },
		{ "192.0.2.2", "h.example", "joe@long.example",   SPF_FAIL, "-all", NULL },
	};
	/* clang-format on */

	(void)state;
	CHECK(zone, rows);
}

/* -- one record, one client: what it comes to -- */

static const char shared_zone[] =
		"client.example A 192.0.2.1\n"
		"client.example AAAA 2001:db8::1\n"
		"many.example A 198.51.100.1\nmany.example A 198.51.100.2\n"
		"many.example A 198.51.100.3\nmany.example A 198.51.100.4\n"
		"many.example A 198.51.100.5\nmany.example A 198.51.100.6\n"
		"many.example A 198.51.100.7\nmany.example A 198.51.100.8\n"
		"many.example A 198.51.100.9\nmany.example A 198.51.100.10\n"
		"many.example A 198.51.100.11\nmany.example A 192.0.2.1\n"
		"near.example A 192.0.2.200\n"
		"near.example AAAA 2001:db8::ffff\n"
		"far.example A 198.51.100.1\n"
		"far.example AAAA 2001:db8:7::1\n"
		"text.example TXT nothing\n"
		"slow.example TIMEOUT\n"
		"mx.example MX 10 far.example\nmx.example MX 20 client.example\n"
		"mxfar.example MX 10 far.example\n"
		"mxnull.example MX 0 \n"
		"mxlost.example MX 10 absent.example\nmxlost.example MX 10 "
		"client.example\n"
		"mxslow.example MX 10 slow.example\nmxslow.example MX 20 client.example\n"
		"mxa.example A 192.0.2.1\n"
		"mxten.example MX 0 n0.example\nmxten.example MX 1 n1.example\n"
		"mxten.example MX 2 n2.example\nmxten.example MX 3 n3.example\n"
		"mxten.example MX 4 n4.example\nmxten.example MX 5 n5.example\n"
		"mxten.example MX 6 n6.example\nmxten.example MX 7 n7.example\n"
		"mxten.example MX 8 n8.example\nmxten.example MX 9 client.example\n"
		"mxeleven.example MX 0 n0.example\nmxeleven.example MX 1 n1.example\n"
		"mxeleven.example MX 2 n2.example\nmxeleven.example MX 3 n3.example\n"
		"mxeleven.example MX 4 n4.example\nmxeleven.example MX 5 n5.example\n"
		"mxeleven.example MX 6 n6.example\nmxeleven.example MX 7 n7.example\n"
		"mxeleven.example MX 8 n8.example\nmxeleven.example MX 9 n9.example\n"
		"mxeleven.example MX 10 client.example\n"
		"n0.example A 198.51.100.1\nn1.example A 198.51.100.1\n"
		"n2.example A 198.51.100.1\nn3.example A 198.51.100.1\n"
		"n4.example A 198.51.100.1\nn5.example A 198.51.100.1\n"
		"n6.example A 198.51.100.1\nn7.example A 198.51.100.1\n"
		"n8.example A 198.51.100.1\nn9.example A 198.51.100.1\n"
		"pass.example TXT v=spf1 +all\n"
		"fail.example TXT v=spf1 -all\n"
		"soft.example TXT v=spf1 ~all\n"
		"neutral.example TXT v=spf1 ?all\n"
		"open.example TXT v=spf1\n"
		"wrong.example TXT v=spf1 -all mxx\n"
		"double.example TXT v=spf1 -all\ndouble.example TXT v=spf1 +all\n"
		"nest.example TXT v=spf1 include:pass.example ?all\n"
		"nestfail.example TXT v=spf1 -include:pass.example +all\n"
		"nest3.example TXT v=spf1 include:nest.example -all\n"
		"loop.example TXT v=spf1 include:loop.example\n"
		"rloop.example TXT v=spf1 redirect=rloop.example\n"
		"ping.example TXT v=spf1 include:pong.example\n"
		"pong.example TXT v=spf1 include:ping.example\n"
		"viaredirect.example TXT v=spf1 redirect=pass.example\n"
		"viaopen.example TXT v=spf1 redirect=open.example\n"
		"1.2.0.192.in-addr.arpa PTR host.ptr.example\n"
		"1.2.0.192.in-addr.arpa PTR liar.example\n"
		"1.2.0.192.in-addr.arpa PTR slow.example\n"
		"host.ptr.example A 192.0.2.1\n"
		"liar.example A 198.51.100.1\n"
		"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
		" PTR host6.ptr.example\n"
		"host6.ptr.example AAAA 2001:db8::1\n"
		"9.9.0.192.in-addr.arpa TIMEOUT\n"
		"7.9.0.192.in-addr.arpa PTR p0.example\n"
		"7.9.0.192.in-addr.arpa PTR p1.example\n"
		"7.9.0.192.in-addr.arpa PTR p2.example\n"
		"7.9.0.192.in-addr.arpa PTR p3.example\n"
		"7.9.0.192.in-addr.arpa PTR p4.example\n"
		"7.9.0.192.in-addr.arpa PTR p5.example\n"
		"7.9.0.192.in-addr.arpa PTR p6.example\n"
		"7.9.0.192.in-addr.arpa PTR p7.example\n"
		"7.9.0.192.in-addr.arpa PTR p8.example\n"
		"7.9.0.192.in-addr.arpa PTR p9.example\n"
		"7.9.0.192.in-addr.arpa PTR p10.example\n"
		"p9.example A 192.0.9.7\np10.example A 192.0.9.7\n"
		"joe.l.example A 127.0.0.2\n"
		"host.ptr.example.p.example A 127.0.0.2\n"
		"unknown.p.example A 127.0.0.2\n"
		"mail.t.example.h.example A 127.0.0.2\n"
		"1.2.0.192.in-addr.x.example A 127.0.0.2\n"
		"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6"
		".x.example A 127.0.0.2\n"
		"slash%2Fb.l.example A 127.0.0.2\n";

struct term_row {
	const char *terms;
	enum spf_code code;
	const char *mechanism;
};

static void check_terms(const char *client, const struct term_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct spf_request request =
				request_of(client, "mail.t.example", "joe@t.example");
		CLEANUP(freep) char *zone = NULL;
		CLEANUP(spf_check_freep) struct spf_check *check = NULL;
		const struct spf_result *result;
		unsigned questions;

		assert_true(asprintf(&zone, "%st.example TXT v=spf1 %s\n", shared_zone,
					    rows[i].terms) > 0);
		check = run(zone, &request, &questions);
		result = spf_check_result(check);
		if (result->code != rows[i].code)
			fail_msg("%s: %s, not %s: %.*s", rows[i].terms,
					spf_code_name(result->code),
					spf_code_name(rows[i].code),
					VIEW_ARG(result->reason));
		if (rows[i].mechanism)
			assert_view(result->mechanism, rows[i].mechanism);
		/* Who cannot say why has said it with the term. */
		if (result->code >= SPF_TEMPERROR)
			assert_true(result->reason.len > 0);
	}
}

#define TERMS(client, rows) check_terms((client), (rows), ARRAY_LEN(rows))

static void records_are_evaluated(void **state) /* 4.6, 4.7, 5.1 */
{
	/* clang-format off */
	static const struct term_row rows[] = {
		{ "",                     SPF_NEUTRAL, "" },
		{ "-all",                 SPF_FAIL, "-all" },
		{ "+all",                 SPF_PASS, "+all" },
		{ "all",                  SPF_PASS, "all" },
		{ "?all",                 SPF_NEUTRAL, "?all" },
		{ "~all",                 SPF_SOFTFAIL, "~all" },
		{ "-all +all",            SPF_FAIL, "-all" },
		{ "ip4:192.0.2.1 -all",   SPF_PASS, "ip4:192.0.2.1" },
		{ "-ip4:192.0.2.1 +all",  SPF_FAIL, NULL },
		{ "~ip4:192.0.2.1 +all",  SPF_SOFTFAIL, NULL },
		{ "?ip4:192.0.2.1 +all",  SPF_NEUTRAL, NULL },
		{ "ip4:198.51.100.1",     SPF_NEUTRAL, "" },
		{ "-all garbage",         SPF_PERMERROR, "" }, /* errors anywhere */
		{ "+all mx:",             SPF_PERMERROR, "" },
		{ "-all redirect=",       SPF_PERMERROR, "" },
		{ "default=pass",         SPF_NEUTRAL, "" },
		{ "moo=x-%{d} -all",      SPF_FAIL, NULL }, /* unknown modifiers (6) */
		{ "-all moo=%{c}",        SPF_PERMERROR, NULL },
	};
	/* clang-format on */

	(void)state;
	TERMS("192.0.2.1", rows);
}

static void networks_match_by_their_prefix(void **state) /* 5.6 */
{
	/* clang-format off */
	static const struct term_row four[] = {
		{ "ip4:192.0.2.0/24 -all",   SPF_PASS, NULL },
		{ "ip4:192.0.2.200/24 -all", SPF_PASS, NULL },
		{ "ip4:192.0.2.2/31 -all",   SPF_FAIL, NULL },
		{ "ip4:192.0.2.0/31 -all",   SPF_PASS, NULL },
		{ "ip4:192.0.2.1/32 -all",   SPF_PASS, NULL },
		{ "ip4:203.0.113.1/0 -all",  SPF_PASS, NULL },
		{ "ip6:::ffff:192.0.2.1 -all", SPF_FAIL, NULL }, /* never across families */
		{ "ip6:::/0 -all",           SPF_FAIL, NULL },
		{ "ip4:192.0.2.1/33 -all",   SPF_PERMERROR, NULL },
	};
	static const struct term_row six[] = {
		{ "ip6:2001:db8::1 -all",     SPF_PASS, NULL },
		{ "ip6:2001:DB8::/32 -all",   SPF_PASS, NULL },
		{ "ip6:2001:db9::/32 -all",   SPF_FAIL, NULL },
		{ "ip6:2001:db9::/31 -all",   SPF_PASS, NULL },
		{ "ip6:::/0 -all",            SPF_PASS, NULL },
		{ "ip4:0.0.0.0/0 -all",       SPF_FAIL, NULL },
		{ "ip6:2001:db8::2/127 -all", SPF_FAIL, NULL },
		{ "ip6:2001:db8::/129 -all",  SPF_PERMERROR, NULL },
	};
	/* clang-format on */

	(void)state;
	TERMS("192.0.2.1", four);
	TERMS("::ffff:192.0.2.1", four); /* the same client (5) */
	TERMS("2001:db8::1", six);
}

static void addresses_match(void **state) /* 5.3 */
{
	/* clang-format off */
	static const struct term_row four[] = {
		{ "a:client.example -all",      SPF_PASS, "a:client.example" },
		{ "a:client.example. -all",     SPF_PASS, NULL },
		{ "A:CLIENT.example -all",      SPF_PASS, NULL },
		{ "a:many.example -all",        SPF_PASS, NULL }, /* more than ten addresses are no harm */
		{ "a:far.example -all",         SPF_FAIL, NULL },
		{ "a:near.example -all",        SPF_FAIL, NULL },
		{ "a:near.example/24 -all",     SPF_PASS, NULL },
		{ "a:near.example/25 -all",     SPF_FAIL, NULL },
		{ "a:near.example//64 -all",    SPF_FAIL, NULL },
		{ "a:far.example/0 -all",       SPF_PASS, NULL },
		{ "a:absent.example/0 -all",    SPF_FAIL, NULL },
		{ "a:text.example/0 -all",      SPF_FAIL, NULL },
		{ "a -all",                     SPF_FAIL, NULL }, /* t.example has none */
		{ "a:slow.example -all",        SPF_TEMPERROR, NULL },
		{ "a:x..example.com -all",      SPF_FAIL, NULL }, /* cannot exist (4.8) */
		{ "a:" LABEL63 "b.example -all", SPF_FAIL, NULL },
		{ "a:" LABEL63 "." LABEL63 "." LABEL63 "." LABEL63 ".client.example -all", SPF_FAIL, NULL },
		{ "a:192.0.2.1 -all",           SPF_PERMERROR, NULL },
	};
	static const struct term_row six[] = {
		{ "a:client.example -all",       SPF_PASS, NULL },
		{ "a:near.example/0 -all",       SPF_FAIL, NULL },
		{ "a:near.example//112 -all",    SPF_PASS, NULL },
		{ "a:near.example/32//113 -all", SPF_FAIL, NULL },
		{ "a:many.example -all",         SPF_FAIL, NULL }, /* AAAA alone is asked for */
	};
	/* clang-format on */

	(void)state;
	TERMS("192.0.2.1", four);
	TERMS("2001:db8::1", six);
}

static void mail_exchangers_match(void **state) /* 5.4, 4.6.4 */
{
	/* clang-format off */
	static const struct term_row four[] = {
		{ "mx:mx.example -all",       SPF_PASS, "mx:mx.example" },
		{ "mx:mxfar.example -all",    SPF_FAIL, NULL },
		{ "mx:mxfar.example/0 -all",  SPF_PASS, NULL },
		{ "mx:mxnull.example -all",   SPF_FAIL, NULL },
		{ "mx:mxlost.example -all",   SPF_PASS, NULL },
		{ "mx:mxslow.example -all",   SPF_TEMPERROR, NULL },
		{ "mx:mxa.example -all",      SPF_FAIL, NULL }, /* no falling back to addresses */
		{ "mx:absent.example -all",   SPF_FAIL, NULL },
		{ "mx:slow.example -all",     SPF_TEMPERROR, NULL },
		{ "mx -all",                  SPF_FAIL, NULL },
		{ "mx:mxten.example -all",    SPF_PASS, NULL },
		{ "mx:mxeleven.example -all", SPF_PERMERROR, NULL },
	};
	static const struct term_row six[] = {
		{ "mx:mx.example -all",      SPF_PASS, NULL },
		{ "mx:mx.example/0//48 -all", SPF_PASS, NULL },
		{ "mx:mxfar.example/0 -all", SPF_FAIL, NULL },
		{ "mx:mxfar.example//32 -all", SPF_PASS, NULL },
	};
	/* clang-format on */

	(void)state;
	TERMS("192.0.2.1", four);
	TERMS("2001:db8::1", six);
}

static void the_clients_names_match(void **state) /* 5.5 */
{
	/* clang-format off */
	static const struct term_row four[] = {
		{ "ptr:ptr.example -all",      SPF_PASS, "ptr:ptr.example" }, /* below it */
		{ "ptr:host.ptr.example -all", SPF_PASS, NULL },
		{ "ptr:PTR.example -all",      SPF_PASS, NULL },
		{ "ptr:tr.example -all",       SPF_FAIL, NULL },
		{ "ptr:liar.example -all",     SPF_FAIL, NULL }, /* its address is another */
		{ "ptr:slow.example -all",     SPF_FAIL, NULL }, /* skipped */
		{ "ptr -all",                  SPF_FAIL, NULL },
		{ "ptr:ptr.example/24 -all",   SPF_PERMERROR, NULL },
		{ "-ptr:ptr.example ptr:ptr.example", SPF_FAIL, NULL },
	};
	static const struct term_row six[] = {
		{ "ptr:ptr.example -all",      SPF_PASS, NULL },
		{ "ptr:host.ptr.example -all", SPF_FAIL, NULL },
	};
	static const struct term_row nameless[] = {
		{ "ptr:ptr.example -all", SPF_FAIL, NULL },
	};
	static const struct term_row crowd[] = {
		{ "ptr:p9.example -all",  SPF_PASS, NULL },
		{ "ptr:p10.example -all", SPF_FAIL, NULL }, /* the eleventh */
	};
	/* clang-format on */

	(void)state;
	TERMS("192.0.2.1", four);
	TERMS("2001:db8::1", six);
	TERMS("192.0.9.9", nameless); /* the DNS fails: no match, no error */
	TERMS("192.0.9.8", nameless);
	TERMS("192.0.9.7", crowd);
}

static void names_exist(void **state) /* 5.7, 7 */
{
	/* clang-format off */
	static const struct term_row four[] = {
		{ "exists:far.example -all",        SPF_PASS, "exists:far.example" },
		{ "exists:absent.example -all",     SPF_FAIL, NULL },
		{ "exists:text.example -all",       SPF_FAIL, NULL },
		{ "exists:slow.example -all",       SPF_TEMPERROR, NULL },
		{ "exists:%{l}.l.example -all",     SPF_PASS, NULL },
		{ "exists:%{h}.h.example -all",     SPF_PASS, NULL },
		{ "exists:%{ir}.%{v}.x.example -all", SPF_PASS, NULL },
		{ "exists:%{i}.%{v}.x.example -all", SPF_FAIL, NULL },
		{ "exists:%{p}.p.example -all",     SPF_PASS, NULL },
		{ "a:%{p} -all",                    SPF_PASS, NULL },
		{ "include:%{p} -all",              SPF_PERMERROR, NULL },
		{ "exists:%{d2r}.x.example -all",   SPF_FAIL, NULL },
		{ "exists:" LABEL63 "." LABEL63 "." LABEL63 "." LABEL63 "." "%{o}.far.example -all", SPF_FAIL, NULL },
		/* cut on the left until it fits (7.3) */
		{ "exists:%{d}." LABEL63 "." LABEL63 "." LABEL63 ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.far.example -all", SPF_FAIL, NULL },
	};
	static const struct term_row six[] = {
		{ "exists:far.example -all",          SPF_PASS, NULL }, /* A for IPv6, too */
		{ "exists:%{ir}.%{v}.x.example -all", SPF_PASS, NULL },
	};
	static const struct term_row nameless[] = {
		{ "exists:%{p}.p.example -all", SPF_PASS, NULL }, /* "unknown" */
	};
	/* clang-format on */

	(void)state;
	TERMS("192.0.2.1", four);
	TERMS("2001:db8::1", six);
	TERMS("192.0.9.9", nameless);
}

static void long_names_are_cut_on_the_left(void **state) /* 7.3 */
{
	static const char tail[] = LABEL63 "." LABEL63 "." LABEL63 ".example";
	struct spf_request request =
			request_of("192.0.2.1", "h.example", "joe@t.example");
	CLEANUP(freep) char *zone = NULL;
	CLEANUP(spf_check_freep) struct spf_check *check = NULL;
	unsigned questions;

	(void)state;
	/* 3 * 64 + 7 = 199 and room for another 53 */
	assert_true(asprintf(&zone,
				    "t.example TXT v=spf1 "
				    "exists:%%{d}.xxxxxxxxxxxxxxxxxxxxxx"
				    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.%s -all\n"
				    "%s A 127.0.0.2\n",
				    tail, tail) > 0);
	check = run(zone, &request, &questions);
	assert_int_equal(spf_check_result(check)->code, SPF_PASS);
}

static void includes_match_where_the_other_passes(void **state) /* 5.2 */
{
	/* clang-format off */
	static const struct term_row rows[] = {
		{ "include:pass.example -all",     SPF_PASS, "include:pass.example" },
		{ "include:fail.example ~all",     SPF_SOFTFAIL, "~all" },
		{ "include:soft.example ~all",     SPF_SOFTFAIL, "~all" },
		{ "include:neutral.example -all",  SPF_FAIL, "-all" },
		{ "include:open.example -all",     SPF_FAIL, NULL },
		{ "-include:pass.example +all",    SPF_FAIL, "-include:pass.example" },
		{ "?include:pass.example -all",    SPF_NEUTRAL, NULL },
		{ "~include:pass.example -all",    SPF_SOFTFAIL, NULL },
		{ "include:nest.example -all",     SPF_PASS, NULL },
		{ "include:nest3.example ?all",    SPF_PASS, "include:nest3.example" },
		{ "include:nestfail.example ~all", SPF_SOFTFAIL, NULL },
		{ "include:viaredirect.example -all", SPF_PASS, NULL },
		{ "include:viaopen.example -all",  SPF_FAIL, NULL },
		{ "include:absent.example +all",   SPF_PERMERROR, NULL },
		{ "include:text.example +all",     SPF_PERMERROR, NULL },
		{ "include:wrong.example +all",    SPF_PERMERROR, NULL },
		{ "include:double.example +all",   SPF_PERMERROR, NULL },
		{ "include:slow.example +all",     SPF_TEMPERROR, NULL },
		{ "include:%{l}@..example.com +all", SPF_PERMERROR, NULL },
		{ "ip4:192.0.2.1 include:wrong.example", SPF_PASS, NULL }, /* not reached */
	};
	/* clang-format on */

	(void)state;
	TERMS("192.0.2.1", rows);
}

static void redirects_replace_the_record(void **state) /* 6.1 */
{
	/* clang-format off */
	static const struct term_row rows[] = {
		{ "redirect=pass.example",               SPF_PASS, "+all" },
		{ "redirect=fail.example",               SPF_FAIL, "-all" },
		{ "redirect=open.example",               SPF_NEUTRAL, "" },
		{ "redirect=viaredirect.example",        SPF_PASS, NULL },
		{ "redirect=pass.example ip4:198.51.100.1", SPF_PASS, NULL }, /* last, wherever it stands */
		{ "redirect=fail.example ip4:192.0.2.1", SPF_PASS, NULL },
		{ "redirect=fail.example ?all",          SPF_NEUTRAL, NULL },
		{ "redirect=absent.example",             SPF_PERMERROR, NULL },
		{ "redirect=text.example",               SPF_PERMERROR, NULL },
		{ "redirect=wrong.example",              SPF_PERMERROR, NULL },
		{ "redirect=slow.example",               SPF_TEMPERROR, NULL },
		{ "redirect=%{l}..example.com",          SPF_PERMERROR, NULL },
		{ "redirect=%{l}.example.com +all",      SPF_PASS, NULL },
	};
	/* clang-format on */

	(void)state;
	TERMS("192.0.2.1", rows);
}

static void M12_lookups_loops_and_macro_bombs_end(void **state) /* 4.6.4 */
{
#define BOMB4  "%{s}%{s}%{s}%{s}"
#define BOMB16 BOMB4 BOMB4 BOMB4 BOMB4
#define BOMB64 BOMB16 BOMB16 BOMB16 BOMB16
	/* clang-format off */
	static const struct term_row rows[] = {
		{ "a:far.example a:far.example a:far.example a:far.example a:far.example "
		  "a:far.example a:far.example a:far.example a:far.example a:client.example -all", SPF_PASS, NULL },
		{ "a:far.example a:far.example a:far.example a:far.example a:far.example "
		  "a:far.example a:far.example a:far.example a:far.example a:far.example a:client.example -all", SPF_PERMERROR, NULL },
		{ "a:far.example a:far.example a:far.example a:far.example a:far.example "
		  "a:far.example a:far.example a:far.example a:far.example a:far.example ip4:192.0.2.1 -all", SPF_PASS, NULL },
		{ "a:far.example a:far.example a:far.example a:far.example a:far.example "
		  "a:far.example a:far.example a:far.example a:far.example redirect=pass.example", SPF_PASS, NULL },
		{ "a:far.example a:far.example a:far.example a:far.example a:far.example "
		  "a:far.example a:far.example a:far.example a:far.example a:far.example redirect=pass.example", SPF_PERMERROR, NULL },
		{ "include:neutral.example include:neutral.example include:neutral.example include:neutral.example "
		  "include:neutral.example include:neutral.example include:neutral.example include:neutral.example "
		  "include:neutral.example include:pass.example", SPF_PASS, NULL },
		{ "include:neutral.example include:neutral.example include:neutral.example include:neutral.example "
		  "include:neutral.example include:neutral.example include:neutral.example include:neutral.example "
		  "include:neutral.example include:neutral.example include:pass.example", SPF_PERMERROR, NULL },
		{ "include:loop.example",  SPF_PERMERROR, NULL },
		{ "include:t.example",     SPF_PERMERROR, NULL },
		{ "include:ping.example",  SPF_PERMERROR, NULL },
		{ "redirect=rloop.example", SPF_PERMERROR, NULL },
		{ "redirect=t.example",    SPF_PERMERROR, NULL },
		/* two in vain, and a third */
		{ "a:no1.example a:no2.example ip4:192.0.2.1", SPF_PASS, NULL },
		{ "a:no1.example a:no2.example a:no3.example ip4:192.0.2.1", SPF_PERMERROR, NULL },
		{ "exists:no1.example mx:no2.example a:text.example +all", SPF_PERMERROR, NULL },
		{ "a:no1.example a:no2.example a:far.example a:client.example", SPF_PASS, NULL },
		{ "a:x..example.com exists:x..example.com mx:x..example.com +all", SPF_PERMERROR, NULL },
		{ "exists:" BOMB64 BOMB64 BOMB64 BOMB64 BOMB64 BOMB64 BOMB64 BOMB64 BOMB64 BOMB64 BOMB64 ".example +all", SPF_PERMERROR, NULL },
		{ "exists:" BOMB64 ".example ?all", SPF_NEUTRAL, NULL },
	};
	/* clang-format on */

	(void)state;
	TERMS("192.0.2.1", rows);
}

static void M12_a_slow_dns_ends_the_check(void **state)
{
	struct spf_request request =
			request_of("192.0.2.1", "h.example", "joe@t.example");

	(void)state;
	for (nstime end = SPF_TIME; end <= SPF_TIME + 1; end++) {
		CLEANUP(spf_check_freep)
		struct spf_check *check = spf_check_new(&request, 5);
		struct op *op = spf_check_next_op(check);

		zone_answer(VIEW("t.example TXT v=spf1 a -all\n"), dns_lookup_of(op));
		spf_check_answer(check, op, 5 + SPF_TIME);
		assert_null(spf_check_result(check));
		op = spf_check_next_op(check);
		zone_answer(VIEW("t.example A 192.0.2.9\n"), dns_lookup_of(op));
		spf_check_answer(check, op, 5 + end);
		assert_int_equal(spf_check_result(check)->code,
				end == SPF_TIME ? SPF_FAIL : SPF_TEMPERROR);
	}
}

static void failures_are_explained(void **state) /* 6.2 */
{
	static const char zone[] =
			"e1.example TXT v=spf1 -all exp=x.example\n"
			"x.example TXT See http://%{d}/why?s=%{S}&ip=%{c}&r=%{r}&t=%{t}\n"
			"e2.example TXT v=spf1 -all exp=absent.example\n"
			"e3.example TXT v=spf1 -all exp=two.example\n"
			"two.example TXT one\ntwo.example TXT two\n"
			"e4.example TXT v=spf1 -all exp=slow.example\n"
			"slow.example TIMEOUT\n"
			"e5.example TXT v=spf1 -all exp=bad.example\n"
			"bad.example TXT 100% wrong\n"
			"e6.example TXT v=spf1 -all exp=wide.example\n"
			"wide.example TXT Gr\xc3\xbc\xc3\x9f"
			"e\n"
			"e7.example TXT v=spf1 redirect=e1.example exp=own.example\n"
			"own.example TXT own\n"
			"e8.example TXT v=spf1 include:e1.example -all exp=own.example\n"
			"e9.example TXT v=spf1 -include:all.example exp=own.example\n"
			"all.example TXT v=spf1 +all exp=x.example\n"
			"e10.example TXT v=spf1 ?all exp=own.example\n"
			"e11.example TXT v=spf1 -all exp=%{l}.own.example\n"
			"joe.own.example TXT %{o} asks %{h}, %{p}.%%%_\n"
			"e12.example TXT v=spf1 -all exp=%{p}.p.example\n"
			"unknown.p.example TXT who are you\n"
			"e13.example TXT v=spf1 -all exp=x..example\n"
			"e14.example TXT v=spf1 a:far.example a:far.example "
			"a:far.example "
			"a:far.example a:far.example a:far.example a:far.example "
			"a:far.example a:far.example a:far.example -all exp=own.example\n"
			"far.example A 198.51.100.1\n"
			"e15.example TXT v=spf1 redirect=e16.example exp=own.example\n"
			"e16.example TXT v=spf1 -all\n"
			"e17.example TXT v=spf1 -all exp=long.example\n"
			"long.example TXT "
			"%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}"
			"%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}"
			"%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}"
			"\n";
	/* clang-format off */
	static const struct row rows[] = {
		{ "192.0.2.1", "h.example", "a+b@e1.example", SPF_FAIL, "-all",
			"See http://e1.example/why?s=a%2Bb%40e1.example&ip=192.0.2.1&r=mx.receiver.example&t=1700000000" },
		{ "192.0.2.1", "h.example", "joe@e2.example", SPF_FAIL, NULL, "" },
		{ "192.0.2.1", "h.example", "joe@e3.example", SPF_FAIL, NULL, "" },
		{ "192.0.2.1", "h.example", "joe@e4.example", SPF_FAIL, NULL, "" },
		{ "192.0.2.1", "h.example", "joe@e5.example", SPF_FAIL, NULL, "" },
		{ "192.0.2.1", "h.example", "joe@e6.example", SPF_FAIL, NULL, "" },
		{ "192.0.2.1", "h.example", "joe@e7.example", SPF_FAIL, "-all", /* that of whom it was redirected to */
			"See http://e1.example/why?s=joe%40e7.example&ip=192.0.2.1&r=mx.receiver.example&t=1700000000" },
		{ "192.0.2.1", "h.example", "joe@e8.example", SPF_FAIL, NULL, "own" }, /* never an included one's */
		{ "192.0.2.1", "h.example", "joe@e9.example", SPF_FAIL, NULL, "own" },
		{ "192.0.2.1", "h.example", "joe@e10.example", SPF_NEUTRAL, NULL, "" },
		{ "192.0.2.1", "h.example", "joe@e11.example", SPF_FAIL, NULL, "e11.example asks h.example, unknown.% " },
		{ "192.0.2.1", "h.example", "joe@e12.example", SPF_FAIL, NULL, "who are you" },
		{ "192.0.2.1", "h.example", "joe@e13.example", SPF_FAIL, NULL, "" },
		{ "192.0.2.1", "h.example", "joe@e14.example", SPF_FAIL, NULL, "own" }, /* it is not counted */
		{ "192.0.2.1", "h.example", "joe@e15.example", SPF_FAIL, NULL, "" },
		{ "192.0.2.1", "h.example", "joe@e17.example", SPF_FAIL, NULL, "" },
	};
	/* clang-format on */

	(void)state;
	CHECK(zone, rows);
}

static void the_work_is_counted(void **state)
{
	struct spf_request request =
			request_of("192.0.2.1", "h.example", "joe@t.example");
	static const char zone[] = "t.example TXT v=spf1 a:absent.example mx "
				   "include:i.example -all\nt.example MX 1 h.example\n"
				   "i.example TXT v=spf1 -all\n";
	unsigned questions;
	CLEANUP(spf_check_freep)
	struct spf_check *check = run(zone, &request, &questions);
	const struct spf_result *result = spf_check_result(check);

	(void)state;
	assert_int_equal(result->code, SPF_FAIL);
	assert_int_equal(result->lookups, 3);
	assert_int_equal(result->void_lookups, 2);
	assert_int_equal(questions, 5);
	assert_int_equal(result->identity, SPF_MAIL_FROM);
	assert_view(result->domain, "t.example");
}

static void a_check_may_be_given_up(void **state)
{
	struct spf_request request =
			request_of("192.0.2.1", "h.example", "joe@t.example");
	struct spf_check *check = spf_check_new(&request, 0);

	(void)state;
	spf_check_free(check); /* with a question that nobody fetched */
	spf_check_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_identity_decides_whom_to_ask),
		cmocka_unit_test(M01_a_subdomain_that_does_not_exist_has_none),
		cmocka_unit_test(records_are_looked_up_and_selected),
		cmocka_unit_test(records_are_evaluated),
		cmocka_unit_test(networks_match_by_their_prefix),
		cmocka_unit_test(addresses_match),
		cmocka_unit_test(mail_exchangers_match),
		cmocka_unit_test(the_clients_names_match),
		cmocka_unit_test(names_exist),
		cmocka_unit_test(long_names_are_cut_on_the_left),
		cmocka_unit_test(includes_match_where_the_other_passes),
		cmocka_unit_test(redirects_replace_the_record),
		cmocka_unit_test(M12_lookups_loops_and_macro_bombs_end),
		cmocka_unit_test(M12_a_slow_dns_ends_the_check),
		cmocka_unit_test(failures_are_explained),
		cmocka_unit_test(the_work_is_counted),
		cmocka_unit_test(a_check_may_be_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
