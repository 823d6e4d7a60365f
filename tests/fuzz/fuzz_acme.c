/* An issuer that answers anything: no request goes elsewhere, no step takes for ever, and what is
 * kept of an order is read again as it was.
 *
 * Input: the step, then replies: status (two bytes), which headers (one), length (two), body. */
#include "agent/acme/acme.h"
#include "agent/acme/jws.h"
#include "agent/acme/renewal.h"
#include "runtime/base/error.h"

#include <stdlib.h>

#define ISSUER "https://issuer.test"

enum {
	MOST_REQUESTS = 1000,
	KEPT_MAX = 1024 * 1024,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is)
{
	if (!is)
		abort();
}

/* The next bytes; fewer at the end. */
static struct view take(struct view *rest, size_t len)
{
	struct view bytes = view_sub(*rest, 0, len);

	*rest = view_from(*rest, bytes.len);
	return bytes;
}

static unsigned take_number(struct view *rest)
{
	struct view bytes = take(rest, 2);
	unsigned number = 0;

	for (size_t i = 0; i < bytes.len; i++)
		number = number << 8 | (unsigned char)bytes.data[i];
	return number;
}

static void answer(struct acme *acme, struct view *rest)
{
	struct acme_reply reply = { .status = (int)(take_number(rest) % 600) };
	struct view flags = take(rest, 1);
	unsigned which = flags.len ? (unsigned char)flags.data[0] : 0;

	if (which & 1)
		reply.nonce = VIEW("a-nonce");
	if (which & 2)
		reply.location = VIEW(ISSUER "/here/1");
	if (which & 4)
		reply.location = VIEW("https://evil.test/");
	if (which & 8)
		reply.retry_after = nstime_seconds(which);
	reply.body = take(rest, take_number(rest));
	acme_take(acme, &reply);
}

static void begin(struct arena *arena, unsigned step, struct acme_order *order)
{
	if (step == ACME_ACCOUNT)
		return;
	*order = (struct acme_order){
		.step = (enum acme_step)step,
		.began = 1000,
		.directory = { .nonce = VIEW(ISSUER "/nonce"),
				.account = VIEW(ISSUER "/account"),
				.order = VIEW(ISSUER "/order") },
		.nonce = VIEW("first"),
		.account = VIEW(ISSUER "/account/1"),
		.order = VIEW(ISSUER "/order/1"),
		.finalize = VIEW(ISSUER "/finalize/1"),
		.authorizations = ARENA_NEW(arena, struct acme_authorization),
		.authorization_count = step > ACME_ORDER,
	};
	order->authorizations[0] = (struct acme_authorization){
		.url = VIEW(ISSUER "/authz/1"),
		.name = VIEW("mail.a.example"),
		.challenge = VIEW(ISSUER "/challenge/1"),
		.token = VIEW("0123456789abcdef0123456789"),
	};
	if (step > ACME_ORDER)
		expect(certificate_key_generate(CERTIFICATE_KEY_P256, &order->key) == 0);
}

static void check_kept(struct arena *arena, const struct acme_order *order)
{
	CLEANUP(buf_wipe) struct buf bytes = BUF_NULL(KEPT_MAX);
	CLEANUP(buf_wipe) struct buf again = BUF_NULL(KEPT_MAX);
	struct acme_order read = { 0 };

	acme_order_write(order, &bytes);
	expect(acme_order_read(arena, buf_view(&bytes), &read) == 0);
	acme_order_write(&read, &again);
	expect(view_eq(buf_view(&bytes), buf_view(&again)));
	acme_order_deinit(&read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct view name = { "mail.a.example",
		sizeof("mail.a.example") - 1 };
	static struct secret account;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(acme_freep) struct acme *acme = NULL;
	struct view rest = view_of(data, size), first = take(&rest, 1);
	struct acme_order order = { 0 };
	struct renewal_window window;
	struct acme_request request;
	enum acme_outcome outcome = ACME_SEND;

	if (!account.len)
		expect(jws_key_generate(&account) == 0);
	if (renewal_read(rest, &window) == 0)
		expect(window.start < window.end);
	begin(arena, first.len ? (unsigned char)first.data[0] % ACME_STEPS : 0, &order);
	const struct acme_task task = {
		.directory = VIEW(ISSUER "/dir"),
		.account_key = secret_expose(&account),
		.names = &name,
		.name_count = 1,
		.now = 1000,
	};

	expect(acme_new(&task, arena, &order, &acme) == 0);
	for (int i = 0; i < MOST_REQUESTS && rest.len; i++) {
		outcome = acme_next(acme, &request);
		if (outcome != ACME_SEND)
			break;
		expect(view_starts(request.url, VIEW(ISSUER "/")));
		answer(acme, &rest);
	}
	expect(acme_next(acme, &request) == outcome || outcome == ACME_SEND);
	check_kept(arena, &order);
	acme_order_deinit(&order);
	return 0;
}
