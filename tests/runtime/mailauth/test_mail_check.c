/* The four checks as one, and what is told of them. */
#include "runtime/base/error.h"
#include "runtime/mailauth/dkim_key.h"
#include "runtime/mailauth/dkim_sign.h"
#include "runtime/mailauth/mail_check.h"
#include "tests/lib/test.h"
#include "tests/lib/zone.h"

#define NOW 1700000000

static struct suffix_list *suffixes;
static struct signing_key *key;
static struct buf zone = { .max = 1 << 16 };

static int prepare(void **state)
{
	(void)state;
	suffixes = suffix_list_load();
	assert_non_null(suffixes);
	assert_int_equal(signing_key_generate(KEY_ED25519, &key), 0);
	buf_add_z(&zone, "example.org TXT v=spf1 ip4:192.0.2.1 -all\n"
			 "mail.example.org TXT v=spf1 a -all\n"
			 "mail.example.org A 192.0.2.1\n"
			 "other.example TXT v=spf1 +all\n"
			 "_dmarc.example.org TXT v=DMARC1; p=reject\n"
			 "s._domainkey.example.org TXT ");
	assert_int_equal(dkim_key_print(key, &zone), 0);
	buf_add_byte(&zone, '\n');
	return 0;
}

static int drop(void **state)
{
	(void)state;
	suffix_list_free(suffixes);
	signing_key_free(key);
	buf_free(&zone);
	return 0;
}

static const char text[] = "From: Joe <joe@example.org>\r\nSubject: x\r\n\r\nHello\r\n";

static void sign(struct buf *out)
{
	struct dkim_signer signer = { VIEW("example.org"), VIEW("s"), key };
	CLEANUP(dkim_sign_freep) struct dkim_sign *s = dkim_sign_new(&signer, 1, NOW, 0);

	dkim_sign_feed(s, view_z(text));
	assert_int_equal(dkim_sign_finish(s, out), 0);
	buf_add_z(out, text);
}

static struct mail_check *begin(const char *client, const char *local, const char *domain)
{
	struct mail_check_request request = { .helo = VIEW("mail.example.org"),
		.local = view_z(local),
		.domain = view_z(domain),
		.receiver = VIEW("mx.example.net"),
		.suffixes = suffixes,
		.now = NOW };

	assert_true(network_parse(view_z(client), &request.client));
	return mail_check_new(&request, 0);
}

static void answer_all(struct mail_check *check)
{
	struct op *op;

	while ((op = mail_check_next_op(check))) {
		zone_answer(buf_view(&zone), dns_lookup_of(op));
		mail_check_answer(check, op, 0);
	}
}

static void expect(const struct mail_check *check, const char *field, const char *line)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(VERDICT_FIELD_MAX);
	const struct verdict *verdict = mail_check_verdict(check);

	assert_non_null(verdict);
	verdict_write_field(verdict, VIEW("mx.example.net"), false, &out);
	assert_view(buf_view(&out), field);
	buf_clear(&out);
	verdict_write_line(verdict, &out);
	assert_view(buf_view(&out), line);
}

static void mail_of_a_good_house_passes(void **state)
{
	CLEANUP(buf_free) struct buf message = BUF_NULL(10000);
	CLEANUP(buf_free) struct buf field = BUF_NULL(10000);
	CLEANUP(mail_check_freep) struct mail_check *check = NULL;
	const struct dkim_verdict *signature;

	(void)state;
	sign(&message);
	check = begin("192.0.2.1", "joe", "example.org");
	answer_all(check); /* before the message */
	for (size_t i = 0; i < message.len; i++)
		mail_check_feed(check, view_sub(buf_view(&message), i, 1));
	answer_all(check);
	mail_check_finish(check);
	assert_null(mail_check_verdict(check));
	answer_all(check);
	signature = &mail_check_verdict(check)->dkim->verdicts[0];
	buf_addf(&field, "Authentication-Results: mx.example.net;\r\n"
			 "\tspf=pass smtp.mailfrom=joe@example.org;\r\n"
			 "\tspf=pass smtp.helo=mail.example.org;\r\n"
			 "\tdkim=pass (256 bits) header.d=example.org header.s=s\r\n"
			 "\theader.a=ed25519-sha256 header.i=@example.org");
	/* Base64 has octets that ask for quotes. */
	if (view_find(signature->mark, '/') < signature->mark.len)
		buf_addf(&field, " header.b=\"%.*s\"", VIEW_ARG(signature->mark));
	else
		buf_addf(&field, " header.b=%.*s", VIEW_ARG(signature->mark));
	buf_addf(&field,
			";\r\n\tdmarc=pass (p=reject dis=none) "
			"header.from=example.org\r\n%c",
			0);
	expect(check, field.data,
			"spf=pass spf_domain=example.org helo=pass "
			"helo_domain=mail.example.org dkim=pass dkim_domain=example.org "
			"dkim_selector=s dkim_signatures=1 dmarc=pass "
			"author_domain=example.org policy=reject disposition=none");
}

static void forgeries_do_not(void **state)
{
	CLEANUP(mail_check_freep)
	struct mail_check *check = begin("203.0.113.1", "eve", "other.example");

	(void)state;
	mail_check_feed(check, view_z(text));
	mail_check_finish(check);
	answer_all(check);
	expect(check,
			"Authentication-Results: mx.example.net;\r\n"
			"\tspf=pass smtp.mailfrom=eve@other.example;\r\n"
			"\tspf=fail smtp.helo=mail.example.org;\r\n"
			"\tdkim=none;\r\n"
			"\tdmarc=fail (p=reject dis=reject) header.from=example.org\r\n",
			"spf=pass spf_domain=other.example helo=fail "
			"helo_domain=mail.example.org dkim=none dmarc=fail "
			"author_domain=example.org policy=reject disposition=reject");
}

static void a_bounce_is_checked_by_its_helo_name(void **state)
{
	CLEANUP(mail_check_freep) struct mail_check *check = begin("192.0.2.1", "", "");

	(void)state;
	mail_check_feed(check, view_z(text));
	mail_check_finish(check);
	answer_all(check);
	expect(check,
			"Authentication-Results: mx.example.net;\r\n"
			"\tspf=pass smtp.helo=mail.example.org;\r\n"
			"\tdkim=none;\r\n"
			"\tdmarc=pass (p=reject dis=none) header.from=example.org\r\n",
			"spf=pass spf_domain=mail.example.org dkim=none dmarc=pass "
			"author_domain=example.org policy=reject disposition=none");
}

static void M04_what_strangers_wrote_ends_nothing(void **state)
{
	struct spf_result spf = { .code = SPF_PERMERROR,
		.identity = SPF_MAIL_FROM,
		.domain = VIEW("a;b\r\nc"),
		.reason = VIEW("in the record of x: \"a\r\n b\\\"") };
	struct dkim_verdict signature = { .code = DKIM_PERMERROR,
		.reason = "d= is no domain",
		.identity = VIEW("a\";dkim=pass@\0") };
	struct dkim_result dkim = { &signature, 1 };
	struct dmarc_result dmarc = { .code = DMARC_PERMERROR,
		.reason = "From names no domain" };
	struct verdict verdict = { .local = VIEW("a;spf=pass"),
		.domain = VIEW("[192.0.2.1]"),
		.spf = &spf,
		.dkim = &dkim,
		.dmarc = &dmarc };
	CLEANUP(buf_free) struct buf out = BUF_NULL(VERDICT_FIELD_MAX);

	(void)state;
	verdict_write_field(&verdict, VIEW("us"), false, &out);
	assert_view(buf_view(&out),
			"Authentication-Results: us;\r\n"
			"\tspf=permerror reason=\"in the record of x: \\\"a?? "
			"b\\\\\\\"\"\r\n"
			"\tsmtp.mailfrom=\"\\\"a;spf=pass\\\"@[192.0.2.1]\";\r\n"
			"\tdkim=permerror reason=\"d= is no domain\" "
			"header.i=\"a\\\";dkim=pass@?\";\r\n"
			"\tdmarc=permerror reason=\"From names no domain\"\r\n");
	buf_clear(&out);
	verdict_write_line(&verdict, &out);
	assert_view(buf_view(&out),
			"spf=permerror spf_domain=a?b??c dkim=permerror "
			"dkim_domain=- dkim_selector=- dkim_signatures=1 "
			"dmarc=permerror author_domain=- policy=- disposition=none");
}

static void long_paths_leave_their_domain(void **state)
{
	char local[1000];
	struct spf_result spf = { .code = SPF_PASS, .identity = SPF_MAIL_FROM };
	struct verdict verdict = { .local = view_of(local, sizeof(local)),
		.domain = VIEW("example.org"),
		.spf = &spf };
	CLEANUP(buf_free) struct buf out = BUF_NULL(VERDICT_FIELD_MAX);

	(void)state;
	memset(local, 'a', sizeof(local));
	verdict_write_field(&verdict, VIEW("us"), false, &out);
	assert_view(buf_view(&out), "Authentication-Results: us;\r\n"
				    "\tspf=pass smtp.mailfrom=example.org\r\n");
}

static void many_signatures_are_told_of_within_measure(void **state)
{
	static struct dkim_verdict many[1000];
	struct dkim_result dkim = { many, ARRAY_LEN(many) };
	struct verdict verdict = { .dkim = &dkim };
	CLEANUP(buf_free) struct buf out = BUF_NULL(VERDICT_FIELD_MAX);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = (struct dkim_verdict){ .code = DKIM_NEUTRAL,
			.reason = "there are too many signatures" };
	verdict_write_field(&verdict, VIEW("us"), false, &out);
	assert_false(buf_failed(&out));
	assert_true(out.len < 1000);
}

static void half_a_header_is_not_decided_on(void **state)
{
	CLEANUP(mail_check_freep)
	struct mail_check *check = begin("192.0.2.1", "joe", "example.org");
	static char line[1024];

	(void)state;
	memset(line, 'x', sizeof(line));
	mail_check_feed(check, VIEW("From: joe@example.org\r\nX: "));
	for (int i = 0; i < 1024; i++)
		mail_check_feed(check, view_of(line, sizeof(line)));
	mail_check_feed(check, VIEW("\r\nFrom: eve@other.example\r\n\r\n"));
	mail_check_finish(check);
	answer_all(check);
	assert_int_equal(mail_check_verdict(check)->dmarc->code, DMARC_PERMERROR);
	assert_true(mail_check_verdict(check)->dmarc->ambiguous);
}

static void a_check_may_be_given_up(void **state)
{
	struct mail_check *check = begin("192.0.2.1", "joe", "example.org");

	(void)state;
	mail_check_feed(check, VIEW("DKIM-Signature: x\r\n"));
	mail_check_free(check);
	mail_check_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mail_of_a_good_house_passes),
		cmocka_unit_test(forgeries_do_not),
		cmocka_unit_test(a_bounce_is_checked_by_its_helo_name),
		cmocka_unit_test(M04_what_strangers_wrote_ends_nothing),
		cmocka_unit_test(long_paths_leave_their_domain),
		cmocka_unit_test(many_signatures_are_told_of_within_measure),
		cmocka_unit_test(half_a_header_is_not_decided_on),
		cmocka_unit_test(a_check_may_be_given_up),
	};

	return cmocka_run_group_tests(tests, prepare, drop);
}
