/* The first line is what the DNS says of every key, the rest a message. The verdicts do not
 * depend on how the message is split; and what we sign we verify, whatever it is. */
#include "runtime/base/error.h"
#include "runtime/base/limit.h"
#include "runtime/mailauth/dkim_key.h"
#include "runtime/mailauth/dkim_sign.h"
#include "runtime/mailauth/dkim_verify.h"
#include "tests/lib/zone.h"

#include <stdlib.h>

enum {
	NOW = 1700000000
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct dkim_verify *verify(struct view record, struct view message, size_t piece)
{
	struct dkim_verify *v = dkim_verify_new(NOW);
	unsigned questions = 0;
	struct op *op;

	for (size_t at = 0; at < message.len; at += piece)
		dkim_verify_feed(v, view_sub(message, at, piece));
	dkim_verify_finish(v);
	while ((op = dkim_verify_next_op(v))) {
		must(++questions <= limit_value(LIMIT_DKIM_SIGNATURES));
		must(dns_name_fits(buf_view(&dns_lookup_of(op)->name)));
		zone_answer_text(record, dns_lookup_of(op));
		dkim_verify_answer(v, op);
	}
	must(dkim_verify_result(v) != NULL);
	return v;
}

static void check_split(struct view record, struct view message)
{
	CLEANUP(dkim_verify_freep) struct dkim_verify *whole = NULL, *pieces = NULL;
	const struct dkim_result *a, *b;

	whole = verify(record, message, message.len + 1);
	pieces = verify(record, message, 1 + message.len % 7);
	a = dkim_verify_result(whole);
	b = dkim_verify_result(pieces);
	must(a->count == b->count);
	for (size_t i = 0; i < a->count; i++) {
		must(a->verdicts[i].code == b->verdicts[i].code);
		must((a->verdicts[i].code == DKIM_PASS) == !a->verdicts[i].reason);
		must(view_eq(a->verdicts[i].domain, b->verdicts[i].domain));
	}
}

static void check_signing(struct view message)
{
	static struct signing_key *key;
	static struct buf record = { .max = 1000 };
	CLEANUP(buf_free) struct buf with = BUF_NULL(1 << 26);
	CLEANUP(dkim_sign_freep) struct dkim_sign *s = NULL;
	CLEANUP(dkim_verify_freep) struct dkim_verify *v = NULL;
	struct dkim_signer signer = { VIEW("t.example"), VIEW("s"), NULL };

	if (!key)
		must(signing_key_generate(KEY_ED25519, &key) == 0 &&
				dkim_key_print(key, &record) == 0);
	signer.key = key;
	s = dkim_sign_new(&signer, 1, NOW, 0);
	dkim_sign_feed(s, message);
	/* What begins with a blank would go on with the field above it. */
	if (dkim_sign_finish(s, &with) || message.data[0] == ' ' ||
			message.data[0] == '\t')
		return;
	buf_add(&with, message);
	v = verify(buf_view(&record), buf_view(&with), 11);
	must(dkim_verify_result(v)->verdicts[0].code == DKIM_PASS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view message = view_of(data, size);
	struct view record = view_cut(&message, '\n');

	if (!message.len)
		return 0;
	check_split(record, message);
	check_signing(message);
	return 0;
}
