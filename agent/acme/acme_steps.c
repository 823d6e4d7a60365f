/* The steps of an order: what each asks, and what it reads out of the answer. */
#include "agent/acme/acme_inside.h"

#include "agent/database/text.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/crypto/certificate.h"

/* -- ACCOUNT (RFC 8555, 7.3) -- */

static bool ask_account(struct acme *a, struct view *url_out, struct buf *payload)
{
	*url_out = a->order->directory.account;
	buf_add_z(payload, "{\"termsOfServiceAgreed\":true");
	if (a->task->eab_id.len) {
		buf_add_z(payload, ",\"externalAccountBinding\":");
		jws_bind(a->key, *url_out, a->task->eab_id, a->task->eab_key, payload);
	}
	buf_add_byte(payload, '}');
	return true;
}

static void take_account(struct acme *a, const struct acme_reply *reply)
{
	if (!acme_is_ours(a, reply->location)) {
		acme_fail(a, "IssuerRefused", true,
				"it does not say where the account is");
		return;
	}
	a->order->account = arena_copy(a->arena, reply->location);
	acme_step_to(a, ACME_ORDER);
}

/* -- ORDER (7.4; RFC 9773, 5) -- */

static bool ask_order(struct acme *a, struct view *url_out, struct buf *payload)
{
	const struct acme_task *task = a->task;
	const char *between = "";

	*url_out = a->order->directory.order;
	buf_add_z(payload, "{\"identifiers\":[");
	for (size_t i = 0; i < task->name_count; i++) {
		buf_addf(payload, "%s{\"type\":\"dns\",\"value\":", between);
		text_add_json(payload, task->names[i]);
		buf_add_byte(payload, '}');
		between = ",";
	}
	buf_add_byte(payload, ']');
	if (task->profile.len) {
		buf_add_z(payload, ",\"profile\":");
		text_add_json(payload, task->profile);
	}
	if (task->replaces.len && a->order->directory.renewal.len &&
			!a->replaces_nothing) {
		buf_add_z(payload, ",\"replaces\":");
		text_add_json(payload, task->replaces);
	}
	buf_add_byte(payload, '}');
	return true;
}

/* It may not know what we renew, or count it as renewed already: then this is an order like
 * any other. */
static bool mend_order(struct acme *a, struct view type, const json_t *problem)
{
	(void)problem;
	if (a->replaces_nothing || !a->task->replaces.len ||
			!a->order->directory.renewal.len)
		return false;
	if (!view_eq(type, VIEW("alreadyReplaced")) && !view_eq(type, VIEW("malformed")))
		return false;
	a->replaces_nothing = true;
	return true;
}

static bool take_authorizations(struct acme *a, const json_t *list)
{
	size_t count = json_array_size(list);

	if (count == 0 || count > ACME_NAMES_MAX) {
		acme_fail(a, "IssuerRefused", true, "an order of %zu authorizations",
				count);
		return false;
	}
	a->order->authorizations =
			arena_array(a->arena, count, sizeof(*a->order->authorizations));
	a->order->authorization_count = count;
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(list, i);
		struct view url = view_of(
				json_string_value(item), json_string_length(item));

		if (!acme_is_ours(a, url)) {
			acme_fail(a, "IssuerRefused", true,
					"an authorization is no URL of the place that "
					"its "
					"directory is of");
			return false;
		}
		a->order->authorizations[i].url = arena_copy(a->arena, url);
	}
	return true;
}

static int take_key(struct acme *a)
{
	if (!a->task->kept_key.len)
		return certificate_key_generate(a->task->key_kind, &a->order->key);
	a->order->key = secret_copy(a->task->kept_key);
	return 0;
}

/* The key is made with the order and kept with it: what is asked for twice is asked for with
 * one key. */
static void take_order(struct acme *a, const struct acme_reply *reply)
{
	json_t *root = acme_object(a, reply);

	if (!root)
		return;
	if (!acme_is_ours(a, reply->location)) {
		acme_fail(a, "IssuerRefused", true, "it does not say where the order is");
	} else if (acme_url(a, root, "finalize", &a->order->finalize) &&
			take_authorizations(a, json_object_get(root, "authorizations"))) {
		a->order->order = arena_copy(a->arena, reply->location);
		a->order->began = a->task->now;
		secret_free(&a->order->key);
		if (take_key(a))
			acme_fail(a, "InternalError", true, "no key could be made");
		else
			acme_step_to(a, ACME_AUTHORIZE);
	}
	json_decref(root);
}

/* -- AUTHORIZE (7.5) -- */

static struct acme_authorization *at_pending(struct acme *a)
{
	struct acme_order *order = a->order;

	while (a->at < order->authorization_count && order->authorizations[a->at].valid)
		a->at++;
	return a->at < order->authorization_count ? &order->authorizations[a->at] : NULL;
}

static bool ask_authorization(struct acme *a, struct view *url_out, struct buf *payload)
{
	const struct acme_authorization *one = at_pending(a);

	(void)payload;
	if (!one) {
		acme_step_to(a, ACME_CHALLENGE);
		return false;
	}
	*url_out = one->url;
	return true;
}

static const json_t *challenge_of(const struct acme *a, const json_t *root)
{
	const json_t *list = json_object_get(root, "challenges");
	const char *wanted = acme_challenge_name(a->task->challenge);

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *type = json_string_value(json_object_get(item, "type"));

		if (type && strcmp(type, wanted) == 0)
			return item;
	}
	return NULL;
}

/* A name that was not ordered is none of ours to show anything for. */
static bool is_ordered(const struct acme *a, struct view name)
{
	for (size_t i = 0; i < a->task->name_count; i++) {
		struct view ordered = a->task->names[i];

		if (view_starts(ordered, VIEW("*.")))
			ordered = view_from(ordered, 2);
		if (view_eq_nocase(ordered, name))
			return true;
	}
	return false;
}

/* At least 128 bits in base64url (RFC 8555, 8.3): nothing that a path could be made of. */
static bool is_token(struct view token)
{
	for (size_t i = 0; i < token.len; i++)
		if (!byte_is_alpha(token.data[i]) && !byte_is_digit(token.data[i]) &&
				token.data[i] != '-' && token.data[i] != '_')
			return false;
	return token.len >= 22 && token.len <= 256;
}

static void take_challenge(
		struct acme *a, const json_t *root, struct acme_authorization *one)
{
	const json_t *challenge = challenge_of(a, root);

	if (!challenge) {
		acme_fail(a, "IssuerRefused", true, "it offers no %s for %.*s",
				acme_challenge_name(a->task->challenge),
				VIEW_ARG(one->name));
		return;
	}
	one->token = acme_text(a, challenge, "token");
	if (!is_token(one->token)) {
		acme_fail(a, "IssuerRefused", true,
				"a token that is none (RFC 8555, 8.3)");
		return;
	}
	if (acme_url(a, challenge, "url", &one->challenge))
		a->at++;
}

static void take_authorization(struct acme *a, const struct acme_reply *reply)
{
	struct acme_authorization *one = &a->order->authorizations[a->at];
	json_t *root = acme_object(a, reply);
	struct view status;

	if (!root)
		return;
	status = acme_text(a, root, "status");
	one->name = acme_text(a, json_object_get(root, "identifier"), "value");
	if (!is_ordered(a, one->name))
		acme_fail(a, "IssuerRefused", true,
				"an authorization for a name that was not ordered");
	else if (view_eq(status, VIEW("valid")))
		one->valid = true;
	else if (view_eq(status, VIEW("pending")))
		take_challenge(a, root, one);
	else
		acme_fail(a, "IssuerRefused", true, "the authorization of %.*s is %.*s",
				VIEW_ARG(one->name), VIEW_ARG(status));
	json_decref(root);
}

/* -- CHALLENGE (7.5.1) -- */

static bool ask_challenge(struct acme *a, struct view *url_out, struct buf *payload)
{
	const struct acme_authorization *one = at_pending(a);

	if (!one) {
		acme_step_to(a, ACME_VALIDATE);
		return false;
	}
	*url_out = one->challenge;
	buf_add_z(payload, "{}");
	return true;
}

static void take_nothing(struct acme *a, const struct acme_reply *reply)
{
	(void)reply;
	a->at++;
}

/* It was told before, and has looked already: the next step sees what it found. */
static bool mend_challenge(struct acme *a, struct view type, const json_t *problem)
{
	(void)problem;
	if (!view_eq(type, VIEW("malformed")))
		return false;
	a->at++;
	return true;
}

/* -- VALIDATE -- */

static bool ask_validation(struct acme *a, struct view *url_out, struct buf *payload)
{
	const struct acme_authorization *one = at_pending(a);

	(void)payload;
	if (!one) {
		acme_step_to(a, ACME_FINALIZE);
		return false;
	}
	*url_out = one->url;
	return true;
}

static void refuse(
		struct acme *a, const struct acme_authorization *one, const json_t *root)
{
	const json_t *error = json_object_get(challenge_of(a, root), "error");
	struct view detail = acme_detail(a, error);

	acme_fail(a, "ChallengeFailed", true, "%s of %.*s: %.*s",
			acme_challenge_name(a->task->challenge), VIEW_ARG(one->name),
			VIEW_ARG(detail));
	a->order->refused = one->url;
	a->order->refused_name = one->name;
}

static void take_validation(struct acme *a, const struct acme_reply *reply)
{
	struct acme_authorization *one = &a->order->authorizations[a->at];
	json_t *root = acme_object(a, reply);
	struct view status;

	if (!root)
		return;
	status = acme_text(a, root, "status");
	if (view_eq(status, VIEW("valid")))
		one->valid = true;
	else if (view_eq(status, VIEW("pending")) || view_eq(status, VIEW("processing")))
		acme_wait_for(a, reply->retry_after,
				arena_printf(a->arena, "the issuer looks at %s of %.*s",
						acme_challenge_name(a->task->challenge),
						VIEW_ARG(one->name)));
	else
		refuse(a, one, root);
	json_decref(root);
}

/* -- FINALIZE (7.4) -- */

static bool ask_finalize(struct acme *a, struct view *url_out, struct buf *payload)
{
	CLEANUP(buf_free) struct buf request = BUF_NULL(JWS_MAX / 2);
	int r = certificate_request(a->task->names, a->task->name_count,
			secret_expose(&a->order->key), &request);

	if (r || buf_failed(&request)) {
		acme_fail(a, "InternalError", true,
				"no request for the certificate could be made");
		return false;
	}
	*url_out = a->order->finalize;
	buf_add_z(payload, "{\"csr\":\"");
	base64url_add(payload, buf_view(&request));
	buf_add_z(payload, "\"}");
	return true;
}

static void take_finalize(struct acme *a, const struct acme_reply *reply)
{
	(void)reply;
	acme_step_to(a, ACME_ISSUE);
}

/* It has the request already, or is not that far: the order says. */
static bool mend_finalize(struct acme *a, struct view type, const json_t *problem)
{
	(void)problem;
	if (!view_eq(type, VIEW("orderNotReady")))
		return false;
	acme_step_to(a, ACME_ISSUE);
	return true;
}

/* -- ISSUE (7.4.2) -- */

static bool ask_issue(struct acme *a, struct view *url_out, struct buf *payload)
{
	(void)payload;
	*url_out = a->certificate.len ? a->certificate : a->order->order;
	return true;
}

static const char *why_not(struct acme *a, struct view chain)
{
	struct certificate_facts facts;

	if (certificate_read(a->arena, chain, &facts))
		return "no certificate in PEM";
	if (certificate_check_key(chain, &a->order->key))
		return "a certificate for another key";
	for (size_t i = 0; i < a->task->name_count; i++)
		if (!certificate_covers(&facts, a->task->names[i]))
			return "a certificate without a name that was ordered";
	if (facts.not_after <= a->task->now)
		return "a certificate that is over";
	return NULL;
}

static void take_chain(struct acme *a, struct view chain)
{
	const char *why = why_not(a, chain);

	if (why) {
		acme_fail(a, "IssuerRefused", true, "the issuer gave out %s", why);
		return;
	}
	a->chain = arena_copy(a->arena, chain);
	a->outcome = ACME_ISSUED;
}

static void take_status(struct acme *a, const json_t *root, nstime retry_after)
{
	struct view status = acme_text(a, root, "status");

	/* The request did not reach it: it goes out again, not at once. */
	if (view_eq(status, VIEW("ready")))
		a->order->step = ACME_FINALIZE;
	if (view_eq(status, VIEW("valid")))
		(void)acme_url(a, root, "certificate", &a->certificate);
	else if (view_eq(status, VIEW("processing")) ||
			view_eq(status, VIEW("pending")) ||
			view_eq(status, VIEW("ready")))
		acme_wait_for(a, retry_after, VIEW("the issuer makes the certificate"));
	else
		acme_fail(a, "IssuerRefused", true, "the order is %.*s: %.*s",
				VIEW_ARG(status),
				VIEW_ARG(acme_detail(a, json_object_get(root, "error"))));
}

static void take_issue(struct acme *a, const struct acme_reply *reply)
{
	json_t *root;

	if (a->certificate.len) {
		take_chain(a, reply->body);
		return;
	}
	root = acme_object(a, reply);
	if (root)
		take_status(a, root, reply->retry_after);
	json_decref(root);
}

/* clang-format off */
const struct acme_rule acme_rules[ACME_STEPS] = {
	[ACME_ACCOUNT]   = { ask_account,       take_account,       NULL },
	[ACME_ORDER]     = { ask_order,         take_order,         mend_order },
	[ACME_AUTHORIZE] = { ask_authorization, take_authorization, NULL },
	[ACME_CHALLENGE] = { ask_challenge,     take_nothing,       mend_challenge },
	[ACME_VALIDATE]  = { ask_validation,    take_validation,    NULL },
	[ACME_FINALIZE]  = { ask_finalize,      take_finalize,      mend_finalize },
	[ACME_ISSUE]     = { ask_issue,         take_issue,         NULL },
};
/* clang-format on */
