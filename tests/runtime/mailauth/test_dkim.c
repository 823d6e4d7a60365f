/* Signing and verifying whole messages (RFC 6376, RFC 8301, RFC 8463). */
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/mailauth/dkim_canonical.h"
#include "runtime/mailauth/dkim_key.h"
#include "runtime/mailauth/dkim_sign.h"
#include "runtime/mailauth/dkim_verify.h"
#include "tests/lib/test.h"
#include "tests/lib/zone.h"

#define NOW 1700000000

/* RFC 8463, appendix A. */
static const char rfc8463_zone[] =
		"brisbane._domainkey.football.example.com TXT v=DKIM1; k=ed25519; "
		"p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
		"test._domainkey.football.example.com TXT v=DKIM1; k=rsa; "
		"p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3id"
		"Y6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uB"
		"sCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l"
		"/K4w3QIDAQAB\n";
static const char rfc8463_message[] =
		"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
		" d=football.example.com; i=@football.example.com;\r\n"
		" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
		" subject : date : message-id : from : subject : date;\r\n"
		" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
		" b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
		" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
		"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
		" d=football.example.com; i=@football.example.com;\r\n"
		" q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
		" date : message-id : from : subject : date;\r\n"
		" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
		" b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
		" DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
		" dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
		"From: Joe SixPack <joe@football.example.com>\r\n"
		"To: Suzie Q <suzie@shopping.example.net>\r\n"
		"Subject: Is dinner ready?\r\n"
		"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
		"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
		"\r\n"
		"Hi.\r\n"
		"\r\n"
		"We lost the game.  Are you hungry yet?\r\n"
		"\r\n"
		"Joe.\r\n";

/* Feeds by `piece` and answers out of the zone. */
static struct dkim_verify *verify(const char *zone, struct view message, size_t piece)
{
	struct dkim_verify *v = dkim_verify_new(NOW);
	struct op *op;

	for (size_t at = 0; at < message.len; at += piece)
		dkim_verify_feed(v, view_sub(message, at, piece));
	dkim_verify_finish(v);
	while ((op = dkim_verify_next_op(v))) {
		zone_answer(view_z(zone), dns_lookup_of(op));
		dkim_verify_answer(v, op);
	}
	assert_non_null(dkim_verify_result(v));
	return v;
}

static void expect(const struct dkim_verdict *verdict, enum dkim_code code,
		const char *reason)
{
	if (verdict->code != code)
		fail_msg("%s, not %s: %s", dkim_code_name(verdict->code),
				dkim_code_name(code),
				verdict->reason ? verdict->reason : "");
	assert_int_equal(verdict->reason != NULL, reason != NULL);
	if (reason)
		assert_string_equal(verdict->reason, reason);
}

static void the_example_of_rfc_8463_passes(void **state)
{
	struct view message = view_z(rfc8463_message);

	(void)state;
	for (size_t piece = 1; piece <= message.len; piece = piece * 2 + 1) {
		CLEANUP(dkim_verify_freep)
		struct dkim_verify *v = verify(rfc8463_zone, message, piece);
		const struct dkim_result *result = dkim_verify_result(v);

		assert_int_equal(result->count, 2);
		expect(&result->verdicts[0], DKIM_PASS, NULL);
		expect(&result->verdicts[1], DKIM_PASS, NULL);
		assert_view(result->verdicts[0].domain, "football.example.com");
		assert_view(result->verdicts[0].selector, "brisbane");
		assert_string_equal(result->verdicts[0].algorithm, "ed25519-sha256");
		assert_view(result->verdicts[0].mark, "/gCrinpc");
		assert_int_equal(result->verdicts[1].bits, 1024);
		assert_int_equal(result->verdicts[1].time, 1528637909);
	}
}

/* -- messages of our own making, signed in any way -- */

static struct signing_key *keys[2];
static struct buf zone = { .max = 1 << 20 };

static int make_keys(void **state)
{
	(void)state;
	for (int i = KEY_RSA; i <= KEY_ED25519; i++) {
		assert_int_equal(
				signing_key_generate((enum key_algorithm)i, &keys[i]), 0);
		buf_addf(&zone, "%s._domainkey.example.org TXT ", i ? "ed" : "rsa");
		assert_int_equal(dkim_key_print(keys[i], &zone), 0);
		buf_add_z(&zone, "\n");
	}
	buf_add_byte(&zone, '\0');
	return 0;
}

static int drop_keys(void **state)
{
	(void)state;
	signing_key_free(keys[0]);
	signing_key_free(keys[1]);
	buf_free(&zone);
	return 0;
}

static const char plain[] = "Received: from a by b\r\n"
			    "From: Joe <joe@example.org>\r\n"
			    "To: a@example.com,\r\n\tb@example.com\r\n"
			    "Subject: a  question\r\n"
			    "Date: Tue, 24 Nov 2026 07:33:22 +0100\r\n"
			    "Message-ID: <1@example.org>\r\n"
			    "MIME-Version: 1.0\r\n"
			    "Content-Type: text/plain\r\n"
			    "\r\n"
			    "Hello,\r\n\r\nare you  there?  \r\n\r\n\r\n";

static int sign_by(const char *message, size_t piece, walltime lifetime, struct buf *out)
{
	const struct dkim_signer signers[2] = {
		{ VIEW("example.org"), VIEW("rsa"), keys[KEY_RSA] },
		{ VIEW("example.org"), VIEW("ed"), keys[KEY_ED25519] },
	};
	CLEANUP(dkim_sign_freep) struct dkim_sign *s = NULL;
	struct view rest = view_z(message);

	s = dkim_sign_new(signers, 2, NOW - 60, lifetime);
	for (; rest.len; rest = view_from(rest, piece))
		dkim_sign_feed(s, view_sub(rest, 0, piece));
	return dkim_sign_finish(s, out);
}

/* The message with its signatures on top. */
static void sign(const char *message, struct buf *out)
{
	buf_clear(out);
	assert_int_equal(sign_by(message, SIZE_MAX, 0, out), 0);
	buf_add_z(out, message);
}

static void what_we_sign_we_verify(void **state)
{
	static const char *const messages[] = { plain, "From: a@b.example\r\n\r\n",
		"From: a@b.example\r\n", "From: a@b.example\r\n\r\n\r\n\r\n",
		"FROM:a@b.example\r\n\r\nx", "From : a@b.example\r\nX\r\n\r\n \r\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		CLEANUP(buf_free) struct buf message = BUF_NULL(1 << 20);
		CLEANUP(dkim_verify_freep) struct dkim_verify *v = NULL;
		const struct dkim_result *result;

		sign(messages[i], &message);
		v = verify(zone.data, buf_view(&message), 7);
		result = dkim_verify_result(v);
		assert_int_equal(result->count, 2);
		expect(&result->verdicts[0], DKIM_PASS, NULL);
		expect(&result->verdicts[1], DKIM_PASS, NULL);
		assert_int_equal(result->verdicts[0].bits, 2048);
		assert_string_equal(result->verdicts[1].algorithm, "ed25519-sha256");
	}
}

static void signatures_do_not_depend_on_the_pieces(void **state)
{
	CLEANUP(buf_free) struct buf whole = BUF_NULL(1 << 20);

	(void)state;
	assert_int_equal(sign_by(plain, SIZE_MAX, 0, &whole), 0);
	for (size_t piece = 1; piece < sizeof(plain); piece = piece * 2 + 1) {
		CLEANUP(buf_free) struct buf again = BUF_NULL(1 << 20);

		assert_int_equal(sign_by(plain, piece, 0, &again), 0);
		assert_true(view_eq(buf_view(&whole), buf_view(&again)));
	}
}

static void our_fields_are_folded_and_say_enough(void **state)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(1 << 20);
	struct view rest, line;

	(void)state;
	assert_int_equal(sign_by(plain, SIZE_MAX, 0, &out), 0);
	for (rest = buf_view(&out); rest.len;) {
		line = view_cut(&rest, '\n');
		assert_true(line.len <= 79 && view_ends(line, VIEW("\r")));
	}
	rest = buf_view(&out);
	assert_int_equal(header_count(rest, VIEW("DKIM-Signature")), 2);
	assert_true(view_find_view(rest, VIEW(" l=")) == rest.len); /* M08 */
	assert_true(view_find_view(rest, VIEW("h=From:From:Subject:Subject:Date:Date:")) <
			rest.len);
	assert_true(view_find_view(rest, VIEW("a=rsa-sha256; c=relaxed/relaxed;")) <
			view_find_view(rest,
					VIEW("a=ed25519-sha256; c=relaxed/relaxed;")));
}

static void M10_our_signatures_end_within_a_week(void **state)
{
	/* clang-format off */
	static const struct { walltime lifetime; const char *x; } rows[] = {
		{ 0, "x=1700604740;" }, { 3600, "x=1700003540;" }, { 604800, "x=1700604740;" },
		{ 604801, "x=1700604740;" }, { -1, "x=1700604740;" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_free) struct buf out = BUF_NULL(1 << 20);

		assert_int_equal(sign_by(plain, SIZE_MAX, rows[i].lifetime, &out), 0);
		if (view_find_view(buf_view(&out), view_z(rows[i].x)) == out.len)
			fail_msg("no %s", rows[i].x);
	}
}

static void what_cannot_be_signed_is_refused(void **state)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(1 << 22);
	CLEANUP(buf_free) struct buf large = BUF_NULL(1 << 22);

	(void)state;
	assert_int_equal(
			sign_by("To: a@b.example\r\n\r\n", 9, 0, &out), DKIM_SIGN_E_FROM);
	assert_int_equal(sign_by("", 9, 0, &out), DKIM_SIGN_E_FROM);
	assert_int_equal(sign_by("From: a@b.example\r\nfrom: b@b.example\r\n\r\n", 9, 0,
					 &out),
			DKIM_SIGN_E_FROM);
	buf_add_z(&large, "From: a@b.example\r\nX: ");
	while (large.len <= limit_value(LIMIT_MAILAUTH_HEADER))
		buf_add_z(&large, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	buf_add_byte(&large, '\0');
	assert_int_equal(sign_by(large.data, 4096, 0, &out), DKIM_SIGN_E_HEADER);
	buf_clear(&large);
	buf_add_z(&large, "From: a@b.example\r\n");
	for (uint64_t i = 0; i < limit_value(LIMIT_DKIM_NAMES); i++)
		buf_add_z(&large, "To: b\r\n");
	buf_add_byte(&large, '\0');
	assert_int_equal(sign_by(large.data, 4096, 0, &out), DKIM_SIGN_E_HEADER);
	assert_int_equal(out.len, 0);
}

/* Replaces a part of a signed message. */
static void change(struct buf *message, const char *what, const char *with)
{
	size_t at = view_find_view(buf_view(message), view_z(what));
	CLEANUP(buf_free) struct buf changed = BUF_NULL(1 << 20);

	assert_true(at < message->len);
	buf_add(&changed, view_sub(buf_view(message), 0, at));
	buf_add_z(&changed, with);
	buf_add(&changed, view_from(buf_view(message), at + strlen(what)));
	buf_clear(message);
	buf_add(message, buf_view(&changed));
}

static void changes_are_seen_but_for_blanks(void **state)
{
	static const char fail[] = "the signature does not hold";
	static const char body[] = "the body is not the one that was signed";
	/* clang-format off */
	static const struct { const char *what, *with; enum dkim_code code; const char *reason; } rows[] = {
		{ "Received: from a", "Received: from c", DKIM_PASS, NULL },
		{ "Subject: a  question", "SUBJECT:   a question", DKIM_PASS, NULL },
		{ "a@example.com,\r\n\tb@", "a@example.com, b@", DKIM_PASS, NULL },
		{ "there?  \r\n\r\n\r\n", "there?\r\n", DKIM_PASS, NULL },
		{ "you  there", "you there", DKIM_PASS, NULL },
		{ "Joe <joe@", "Jim <joe@", DKIM_FAIL, fail },
		{ "Subject: a", "Subject: no", DKIM_FAIL, fail },
		{ "Subject: a  question\r\n", "", DKIM_FAIL, fail },
		{ "Date: Tue", "Date: Wed", DKIM_FAIL, fail },
		{ "text/plain", "text/html", DKIM_FAIL, fail },
		{ "Hello", "Hallo", DKIM_FAIL, body },
		{ "Hello,\r\n\r\n", "Hello,\r\n", DKIM_FAIL, body },
		{ "there?", "there? no", DKIM_FAIL, body },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_free) struct buf message = BUF_NULL(1 << 20);
		CLEANUP(dkim_verify_freep) struct dkim_verify *v = NULL;

		sign(plain, &message);
		change(&message, rows[i].what, rows[i].with);
		v = verify(zone.data, buf_view(&message), SIZE_MAX / 2);
		for (size_t k = 0; k < 2; k++)
			expect(&dkim_verify_result(v)->verdicts[k], rows[i].code,
					rows[i].reason);
	}
}

static void M09_fields_added_to_a_signed_message_are_seen(void **state)
{
	static const char *const added[] = { "From: eve@example.com\r\n",
		"Subject: pay now\r\n", "Date: Wed, 25 Nov 2026 07:33:22 +0100\r\n",
		"To: eve@example.com\r\n", "Cc: eve@example.com\r\n",
		"Reply-To: eve@example.com\r\n", "Message-ID: <2@example.com>\r\n",
		"In-Reply-To: <2@example.com>\r\n", "References: <2@example.com>\r\n",
		"MIME-Version: 1.0\r\n", "Content-Transfer-Encoding: base64\r\n",
		"Content-Disposition: attachment\r\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(added); i++) {
		for (int below = 0; below < 2; below++) {
			CLEANUP(buf_free) struct buf message = BUF_NULL(1 << 20);
			CLEANUP(buf_free) struct buf with = BUF_NULL(1000);
			CLEANUP(dkim_verify_freep) struct dkim_verify *v = NULL;
			const char *at = below ? "\r\n\r\nHello" : "Received:";

			sign(plain, &message);
			buf_addf(&with, "%s%s%s%c", below ? "\r\n" : "", added[i],
					below ? "\r\nHello" : at, 0);
			change(&message, at, with.data);
			v = verify(zone.data, buf_view(&message), SIZE_MAX / 2);
			for (size_t k = 0; k < 2; k++)
				if (dkim_verify_result(v)->verdicts[k].code != DKIM_FAIL)
					fail_msg("%s", added[i]);
		}
	}
}

/* -- signatures that others made: any tags, with our key -- */

/* Signs the fields and the body as the tags say; `rest` are fields and body. The digest
 * of the body, or of its first `length` octets, is put in. */
static void sign_as(const char *tags, const char *names, enum dkim_canonical how,
		size_t length, const char *rest, struct buf *out)
{
	CLEANUP(buf_free) struct buf field = BUF_NULL(10000);
	CLEANUP(buf_free) struct buf octets = BUF_NULL(SIGNATURE_MAX);
	CLEANUP(sha256_freep) struct sha256 *sha = sha256_new();
	struct view body = view_z(rest), name, list = view_z(names);
	unsigned char digest[DIGEST_SIZE];

	body = view_from(body, view_find_view(body, VIEW("\r\n\r\n")) + 4);
	digest_sha256(view_sub(body, 0, length), digest);
	buf_addf(&field, "DKIM-Signature: v=1; d=example.org; %s; h=%s; bh=", tags,
			names);
	base64_add(&field, view_of(digest, DIGEST_SIZE));
	buf_add_z(&field, "; b=");
	while ((name = view_cut(&list, ':')).len) {
		struct header_field found;

		if (header_find(view_z(rest), name, &found))
			dkim_field_add(sha, how, &found);
	}
	dkim_signature_add(sha, how, buf_view(&field), VIEW_NULL);
	sha256_final(sha, digest);
	assert_int_equal(signing_key_sign(keys[KEY_RSA], digest, &octets), 0);
	base64_add(&field, buf_view(&octets));
	buf_add(out, buf_view(&field));
	buf_add_z(out, "\r\n");
}

static void expect_one(const char *records, struct view message, enum dkim_code code,
		const char *reason)
{
	CLEANUP(dkim_verify_freep)
	struct dkim_verify *v = verify(records, message, SIZE_MAX / 2);

	assert_int_equal(dkim_verify_result(v)->count, 1);
	expect(&dkim_verify_result(v)->verdicts[0], code, reason);
}

#define SIMPLE "From: joe@example.org\r\nSubject: a  b\r\n\r\nHello\r\n"

static void M08_a_part_of_the_body_is_not_enough(void **state)
{
	/* clang-format off */
	static const struct { const char *tags; size_t length; enum dkim_code code; const char *reason; } rows[] = {
		{ "a=rsa-sha256; s=rsa; l=7", 7, DKIM_PASS, NULL }, /* all of it */
		{ "a=rsa-sha256; s=rsa; l=6", 6, DKIM_POLICY, "a part of the body is not signed" },
		{ "a=rsa-sha256; s=rsa; l=0", 0, DKIM_POLICY, "a part of the body is not signed" },
		{ "a=rsa-sha256; s=rsa; l=8", 7, DKIM_PERMERROR, "more of the body is signed than there is" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_free) struct buf message = BUF_NULL(100000);

		sign_as(rows[i].tags, "from:subject", DKIM_SIMPLE, rows[i].length, SIMPLE,
				&message);
		buf_add_z(&message, SIMPLE);
		expect_one(zone.data, buf_view(&message), rows[i].code, rows[i].reason);
	}
}

static void M08_M09_a_second_field_beside_a_signed_one_fails(void **state)
{
	static const char *const added[] = { "Subject: pay now\r\n",
		"From: eve@example.com\r\n", "Content-Type: text/html\r\n",
		"Date: Wed, 25 Nov 2026 07:33:22 +0100\r\n", "To: eve@example.com\r\n" };
	static const char rest[] =
			"From: joe@example.org\r\nSubject: a\r\nTo: b@example.org\r\n"
			"Date: Tue, 24 Nov 2026 07:33:22 +0100\r\n"
			"Content-Type: text/plain\r\n\r\nHello\r\n";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(added); i++) {
		CLEANUP(buf_free) struct buf message = BUF_NULL(100000);

		sign_as("a=rsa-sha256; s=rsa", "from:subject:date:to:content-type",
				DKIM_SIMPLE, SIZE_MAX, rest, &message);
		buf_add_z(&message, "X-Free: to add\r\nReceived: a\r\nReceived: b\r\n");
		buf_add_z(&message, rest);
		expect_one(zone.data, buf_view(&message), DKIM_PASS, NULL);
		change(&message, "X-Free: to add\r\n", added[i]);
		expect_one(zone.data, buf_view(&message), DKIM_FAIL,
				"a signed field stands twice");
	}
}

static void the_simple_form_sees_blanks(void **state)
{
	CLEANUP(buf_free) struct buf message = BUF_NULL(100000);

	(void)state;
	sign_as("a=rsa-sha256; s=rsa; c=simple/simple", "from:subject", DKIM_SIMPLE,
			SIZE_MAX, SIMPLE, &message);
	buf_add_z(&message, SIMPLE);
	expect_one(zone.data, buf_view(&message), DKIM_PASS, NULL);
	change(&message, "a  b", "a b");
	expect_one(zone.data, buf_view(&message), DKIM_FAIL,
			"the signature does not hold");
}

static void a_signature_has_its_time(void **state)
{
	/* clang-format off */
	static const struct { const char *tags; enum dkim_code code; const char *reason; } rows[] = {
		{ "a=rsa-sha256; s=rsa; x=1700000000",               DKIM_PASS, NULL },
		{ "a=rsa-sha256; s=rsa; x=1699999999",               DKIM_FAIL, "the signature has expired" },
		{ "a=rsa-sha256; s=rsa; t=1600000000; x=1800000000", DKIM_PASS, NULL },
		{ "a=rsa-sha256; s=rsa; t=1700086400",               DKIM_PASS, NULL }, /* a clock may be a day fast */
		{ "a=rsa-sha256; s=rsa; t=1700086401",               DKIM_FAIL, "the signature is of the future" },
		{ "a=rsa-sha256; s=rsa; t=1600000001; x=1600000000", DKIM_PERMERROR, "it ends before it begins" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_free) struct buf message = BUF_NULL(100000);

		sign_as(rows[i].tags, "from:subject", DKIM_SIMPLE, SIZE_MAX, SIMPLE,
				&message);
		buf_add_z(&message, SIMPLE);
		expect_one(zone.data, buf_view(&message), rows[i].code, rows[i].reason);
	}
}

static void keys_say_what_they_are_for(void **state)
{
	/* clang-format off */
	static const struct { const char *before, *tags, *i; enum dkim_code code; const char *reason; } rows[] = {
		{ "TXT v=DKIM1;",            "", "",                  DKIM_PASS, NULL },
		{ "TXT v=DKIM1; k=rsa;",     "", "",                  DKIM_PASS, NULL },
		{ "TXT v=DKIM1; t=y;",       "", "",                  DKIM_PASS, NULL },
		{ "TXT v=DKIM1; h=sha1;",    "", "",                  DKIM_PERMERROR, "the key is not for SHA-256" },
		{ "TXT v=DKIM1; s=tlsrpt;",  "", "",                  DKIM_PERMERROR, "the key is not for mail" },
		{ "TXT v=DKIM1; k=ed25519;", "", "",                  DKIM_PERMERROR, "the key is for another algorithm" },
		{ "TXT v=DKIM1; k=other;",   "", "",                  DKIM_PERMERROR, "the key is for an algorithm that we do not know" },
		{ "TXT v=DKIM9;",            "", "",                  DKIM_PERMERROR, "the key's record is none" },
		{ "TXT v=DKIM1; t=s;",       "", "; i=@example.org",  DKIM_PASS, NULL },
		{ "TXT v=DKIM1; t=s;",       "", "; i=@x.example.org", DKIM_PERMERROR, "the key is not for a subdomain in i=" },
		{ "TXT v=DKIM1;",            "", "; i=@x.example.org", DKIM_PASS, NULL },
		{ "TXT v=DKIM1; p=; n=",     "", "",                  DKIM_PERMERROR, "the key was revoked" },
		{ "TXT v=DKIM1; p=AAAA; n=", "", "",                  DKIM_PERMERROR, "the key is none" },
		{ "TIMEOUT\nx TXT",          "", "",                  DKIM_TEMPERROR, "the DNS failed for the key" },
		{ "BOGUS\nx TXT",            "", "",                  DKIM_TEMPERROR, "the DNS failed for the key" },
		{ "A 192.0.2.1\nx TXT",      "", "",                  DKIM_PERMERROR, "there is no key" },
		{ "TXT noise\nk._domainkey.example.org TXT v=DKIM1;", "", "", DKIM_PASS, NULL },
	};
	/* clang-format on */
	CLEANUP(buf_free) struct buf public = BUF_NULL(10000);

	(void)state;
	assert_int_equal(signing_key_public(keys[KEY_RSA], &public), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(buf_free) struct buf message = BUF_NULL(100000);
		CLEANUP(buf_free) struct buf records = BUF_NULL(100000);
		CLEANUP(buf_free) struct buf tags = BUF_NULL(1000);
		bool has_p = strstr(rows[i].before, "n=") != NULL;

		buf_addf(&tags, "a=rsa-sha256; s=k%s%c", rows[i].i, 0);
		sign_as(tags.data, "from:subject", DKIM_SIMPLE, SIZE_MAX, SIMPLE,
				&message);
		buf_add_z(&message, SIMPLE);
		buf_addf(&records, "k._domainkey.example.org %s%s", rows[i].before,
				has_p ? "" : " p=");
		base64_add(&records, buf_view(&public));
		buf_add_byte(&records, '\0');
		expect_one(records.data, buf_view(&message), rows[i].code,
				rows[i].reason);
	}
	expect_one("", VIEW("DKIM-Signature: x\r\n" SIMPLE), DKIM_PERMERROR,
			"it is no list of tags");
}

static void M11_what_is_weak_or_too_much_is_not_believed(void **state)
{
	CLEANUP(buf_free) struct buf message = BUF_NULL(1 << 20);
	CLEANUP(buf_free) struct buf one = BUF_NULL(100000);
	CLEANUP(dkim_verify_freep) struct dkim_verify *v = NULL;
	uint64_t most = limit_value(LIMIT_DKIM_SIGNATURES);
	/* 768 bits */
	static const char weak[] = "rsa._domainkey.example.org TXT v=DKIM1; p="
				   "MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhALtwtYRoG/"
				   "lQDFChkA8ERGeyRF07ysn82"
				   "NM1vfoM9dzj0+"
				   "NYgONQMkPEkuSo4SY73DKoAvdfFLvHFo3Fk8b6C67sJipqISakok"
				   "ms8uJ6VRHwEqg1trZNjoqZLPjI9d8yNQIDAQAB\n";

	(void)state;
	sign_as("a=rsa-sha256; s=rsa", "from", DKIM_SIMPLE, SIZE_MAX, SIMPLE, &one);
	for (int i = 0; i < 100; i++)
		buf_add(&message, buf_view(&one));
	buf_add_z(&message, SIMPLE);
	v = verify(zone.data, buf_view(&message), SIZE_MAX / 2);
	assert_int_equal(dkim_verify_result(v)->count, 100);
	for (size_t i = 0; i < 100; i++)
		expect(&dkim_verify_result(v)->verdicts[i],
				i < most ? DKIM_PASS : DKIM_NEUTRAL,
				i < most ? NULL : "there are too many signatures");
	buf_add_z(&one, SIMPLE);
	expect_one(weak, buf_view(&one), DKIM_PERMERROR,
			"the key is shorter than 1024 bits");
	change(&one, "a=rsa-sha256", "a=rsa-sha1");
	expect_one(zone.data, buf_view(&one), DKIM_PERMERROR,
			"rsa-sha1 is no longer believed");
}

static void messages_without_signatures_have_none(void **state)
{
	static const char *const messages[] = { "", "\r\n", "From: a@b.example\r\n\r\nx",
		"From: a@b.example\r\n\r\nDKIM-Signature: v=1\r\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		CLEANUP(dkim_verify_freep)
		struct dkim_verify *v = verify("", view_z(messages[i]), 3);

		assert_int_equal(dkim_verify_result(v)->count, 0);
	}
}

static void headers_without_measure_are_not_judged(void **state)
{
	CLEANUP(buf_free) struct buf message = BUF_NULL(1 << 22);

	(void)state;
	sign(plain, &message);
	buf_truncate(&message, view_find_view(buf_view(&message), VIEW("\r\n\r\n")) + 2);
	for (uint64_t i = 0; i < limit_value(LIMIT_MAILAUTH_FIELDS); i++)
		buf_add_z(&message, "a: b\r\n");
	buf_add_z(&message, "\r\nHello");
	expect_one(zone.data, buf_view(&message), DKIM_PERMERROR,
			"the header has too many fields");
	sign(plain, &message);
	buf_truncate(&message, view_find_view(buf_view(&message), VIEW("\r\n\r\n")) + 2);
	buf_add_z(&message, "X: ");
	while (message.len <= limit_value(LIMIT_MAILAUTH_HEADER))
		buf_add_z(&message,
				"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy");
	buf_add_z(&message, "\r\n\r\nHello");
	expect_one(zone.data, buf_view(&message), DKIM_PERMERROR,
			"the header is too long");
}

static void keys_may_come_before_the_end_and_in_any_order(void **state)
{
	CLEANUP(buf_free) struct buf message = BUF_NULL(1 << 20);
	struct dkim_verify *v = dkim_verify_new(NOW);
	struct op *first, *second;
	size_t header;

	(void)state;
	sign(plain, &message);
	header = view_find_view(buf_view(&message), VIEW("\r\n\r\n")) + 4;
	dkim_verify_feed(v, view_sub(buf_view(&message), 0, header - 1));
	assert_null(dkim_verify_next_op(v));
	dkim_verify_feed(v, view_sub(buf_view(&message), header - 1, 1));
	first = dkim_verify_next_op(v);
	second = dkim_verify_next_op(v);
	assert_non_null(second);
	assert_null(dkim_verify_next_op(v));
	zone_answer(view_z(zone.data), dns_lookup_of(second));
	dkim_verify_answer(v, second);
	dkim_verify_feed(v, view_from(buf_view(&message), header));
	dkim_verify_finish(v);
	assert_null(dkim_verify_result(v));
	dkim_verify_answer(v, first); /* nobody answered it */
	expect(&dkim_verify_result(v)->verdicts[0], DKIM_TEMPERROR,
			"the DNS failed for the key");
	expect(&dkim_verify_result(v)->verdicts[1], DKIM_PASS, NULL);
	dkim_verify_free(v);
	v = dkim_verify_new(NOW);
	dkim_verify_feed(v, buf_view(&message));
	dkim_verify_free(v); /* given up with its questions */
	dkim_verify_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_rfc_8463_passes),
		cmocka_unit_test(what_we_sign_we_verify),
		cmocka_unit_test(signatures_do_not_depend_on_the_pieces),
		cmocka_unit_test(our_fields_are_folded_and_say_enough),
		cmocka_unit_test(M10_our_signatures_end_within_a_week),
		cmocka_unit_test(what_cannot_be_signed_is_refused),
		cmocka_unit_test(changes_are_seen_but_for_blanks),
		cmocka_unit_test(M09_fields_added_to_a_signed_message_are_seen),
		cmocka_unit_test(M08_a_part_of_the_body_is_not_enough),
		cmocka_unit_test(M08_M09_a_second_field_beside_a_signed_one_fails),
		cmocka_unit_test(the_simple_form_sees_blanks),
		cmocka_unit_test(a_signature_has_its_time),
		cmocka_unit_test(keys_say_what_they_are_for),
		cmocka_unit_test(M11_what_is_weak_or_too_much_is_not_believed),
		cmocka_unit_test(messages_without_signatures_have_none),
		cmocka_unit_test(headers_without_measure_are_not_judged),
		cmocka_unit_test(keys_may_come_before_the_end_and_in_any_order),
	};

	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
