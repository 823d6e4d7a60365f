/* What every exchange has in common: the directory first, then a nonce, then the step's own
 * requests (acme_steps.c), each signed. */
#include "agent/acme/acme_inside.h"

#include "runtime/base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const challenges[ACME_CHALLENGES] = {
	[ACME_HTTP_01] = "http-01",
	[ACME_DNS_01] = "dns-01",
	[ACME_TLS_ALPN_01] = "tls-alpn-01",
};

const char *acme_challenge_name(enum acme_challenge challenge)
{
	return challenges[challenge];
}

int acme_new(const struct acme_task *task, struct arena *arena, struct acme_order *order,
		struct acme **out)
{
	CLEANUP(acme_freep) struct acme *a = xcalloc(1, sizeof(*a));
	int r = jws_key_read(task->account_key, &a->key);

	if (r)
		return r;
	a->task = task;
	a->arena = arena;
	a->order = order;
	a->body = BUF_NULL(JWS_MAX);
	if (order->began == 0)
		order->began = task->now;
	*out = TAKE(a);
	return 0;
}

void acme_free(struct acme *a)
{
	if (!a)
		return;
	jws_key_free(a->key);
	buf_free(&a->body);
	free(a);
}

void acme_freep(struct acme **a)
{
	acme_free(*a);
}

/* -- ends -- */

void acme_step_to(struct acme *a, enum acme_step step)
{
	a->order->step = step;
	a->outcome = ACME_STEPPED;
}

void acme_wait_for(struct acme *a, nstime retry_after, struct view what)
{
	a->wait = nstime_min(
			retry_after > 0 ? retry_after : nstime_seconds(ACME_WAIT_SECONDS),
			nstime_seconds(ACME_WAIT_MOST));
	a->waits_for = what;
	a->outcome = ACME_WAIT;
}

void acme_fail(struct acme *a, const char *reason, bool ends, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	a->failure.reason = reason;
	a->failure.message = arena_copy(a->arena, view_z(text));
	a->failure.ends = ends;
	a->outcome = ACME_FAILED;
}

nstime acme_wait(const struct acme *a)
{
	return a->wait;
}

struct view acme_waits_for(const struct acme *a)
{
	return a->waits_for;
}

struct view acme_chain(const struct acme *a)
{
	return a->chain;
}

const struct acme_failure *acme_failure(const struct acme *a)
{
	return &a->failure;
}

int acme_authorization_text(struct view account_key, struct view token, struct buf *out)
{
	CLEANUP(jws_key_freep) struct jws_key *key = NULL;
	int r = jws_key_read(account_key, &key);

	if (r)
		return r;
	buf_add(out, token);
	buf_add_byte(out, '.');
	jws_add_thumbprint(out, key);
	return 0;
}

/* -- reading -- */

/* "https://host:port" */
static struct view origin_of(struct view url)
{
	struct view scheme = VIEW("https://");
	struct view rest;

	if (!view_starts_nocase(url, scheme))
		return VIEW_NULL;
	rest = view_from(url, scheme.len);
	return view_sub(url, 0, scheme.len + view_find(rest, '/'));
}

bool acme_is_ours(const struct acme *a, struct view url)
{
	struct view origin = origin_of(url);

	for (size_t i = 0; i < url.len; i++)
		if (url.data[i] <= ' ' || url.data[i] > '~')
			return false;
	return origin.len && url.len <= ACME_URL &&
	       view_eq_nocase(origin, origin_of(a->task->directory));
}

struct view acme_text(const struct acme *a, const json_t *root, const char *name)
{
	const json_t *value = json_object_get(root, name);
	size_t len = json_string_length(value);

	if (len == 0 || len > ACME_URL)
		return VIEW_NULL;
	return arena_copy(a->arena, view_of(json_string_value(value), len));
}

bool acme_url(struct acme *a, const json_t *root, const char *name, struct view *out)
{
	struct view url = acme_text(a, root, name);

	if (!acme_is_ours(a, url)) {
		acme_fail(a, "IssuerRefused", true,
				"its `%s` is no URL of the place that its directory is "
				"of",
				name);
		return false;
	}
	*out = url;
	return true;
}

json_t *acme_object(struct acme *a, const struct acme_reply *reply)
{
	json_t *root = json_loadb(reply->body.len ? reply->body.data : "",
			reply->body.len, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(root))
		return root;
	json_decref(root);
	acme_fail(a, "ServerFailed", false, "HTTP %d, and no JSON object", reply->status);
	return NULL;
}

struct view acme_detail(const struct acme *a, const json_t *problem)
{
	struct view type = acme_text(a, problem, "type");
	struct view detail = acme_text(a, problem, "detail");
	char *text = arena_copy_z(a->arena, detail);

	for (size_t i = 0; i < detail.len; i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = ' ';
	return arena_printf(a->arena, "%.*s: %.200s",
			VIEW_ARG(view_from(type,
					view_find_last(type, ':') < type.len
							? view_find_last(type, ':') + 1
							: 0)),
			text);
}

/* -- errors -- */

/* clang-format off */
static const struct {
	const char *type; /* behind urn:ietf:params:acme:error: (RFC 8555, 6.7) */
	const char *reason;
	bool ends;
} problems[] = {
	{ "badNonce",                "ServerFailed",  false },
	{ "rateLimited",             "RateLimited",   false },
	{ "serverInternal",          "ServerFailed",  false },
	{ "externalAccountRequired", "AuthFailed",    true },
	{ "userActionRequired",      "Forbidden",     true },
	{ "unauthorized",            "Forbidden",     true },
	{ "caa",                     "ChallengeFailed", true },
	{ "connection",              "ChallengeFailed", true },
	{ "dns",                     "ChallengeFailed", true },
	{ "incorrectResponse",       "ChallengeFailed", true },
	{ "tls",                     "ChallengeFailed", true },
};
/* clang-format on */

static struct view type_of(const struct acme *a, const json_t *problem)
{
	static const char prefix[] = "urn:ietf:params:acme:error:";
	struct view type = acme_text(a, problem, "type");

	return view_starts(type, view_z(prefix)) ? view_from(type, strlen(prefix))
						 : VIEW_NULL;
}

static void fail_as(struct acme *a, struct view type, const struct acme_reply *reply,
		struct view detail)
{
	const char *reason = reply->status >= 500   ? "ServerFailed"
			     : reply->status == 429 ? "RateLimited"
						    : "IssuerRefused";
	bool ends = reply->status < 500 && reply->status != 429;

	for (size_t i = 0; i < ARRAY_LEN(problems); i++) {
		if (!view_eq(type, view_z(problems[i].type)))
			continue;
		reason = problems[i].reason;
		ends = problems[i].ends;
	}
	acme_fail(a, reason, ends, "HTTP %d: %.*s", reply->status, VIEW_ARG(detail));
	a->failure.given = reply->retry_after;
}

/* True where the same request goes out again. */
static bool takes_other_nonce(struct acme *a, struct view type)
{
	return view_eq(type, VIEW("badNonce")) && ++a->nonces < ACME_NONCES;
}

/* An account that is gone is made anew: once, since the step is another one then. */
static bool forgets_account(struct acme *a, struct view type)
{
	if (!view_eq(type, VIEW("accountDoesNotExist")) || a->order->step == ACME_ACCOUNT)
		return false;
	a->order->account = VIEW_NULL;
	acme_order_renew(a->order);
	acme_step_to(a, ACME_ACCOUNT);
	return true;
}

static void take_problem(struct acme *a, const struct acme_reply *reply)
{
	const struct acme_rule *rule = &acme_rules[a->order->step];
	json_t *problem = json_loadb(reply->body.len ? reply->body.data : "",
			reply->body.len, JSON_REJECT_DUPLICATES, NULL);
	struct view type = type_of(a, problem);

	if (!takes_other_nonce(a, type) && !forgets_account(a, type) &&
			!(rule->mend && rule->mend(a, type, problem)))
		fail_as(a, type, reply, acme_detail(a, problem));
	json_decref(problem);
}

/* -- exchanges -- */

/* The first of the names that it may have in CAA records. */
static struct view authority_of(const struct acme *a, const json_t *root)
{
	const json_t *names =
			json_object_get(json_object_get(root, "meta"), "caaIdentities");
	const char *name = json_string_value(json_array_get(names, 0));
	struct view text = name ? view_z(name) : VIEW_NULL;

	for (size_t i = 0; i < text.len; i++)
		if (!byte_is_alpha(text.data[i]) && !byte_is_digit(text.data[i]) &&
				text.data[i] != '-' && text.data[i] != '.')
			return VIEW_NULL;
	return text.len <= 253 ? arena_copy(a->arena, text) : VIEW_NULL;
}

static void take_directory(struct acme *a, const struct acme_reply *reply)
{
	struct acme_directory d = { 0 };
	json_t *root;

	if (reply->status != 200) {
		fail_as(a, VIEW_NULL, reply, VIEW("no directory"));
		return;
	}
	root = acme_object(a, reply);
	if (root && acme_url(a, root, "newNonce", &d.nonce) &&
			acme_url(a, root, "newAccount", &d.account) &&
			acme_url(a, root, "newOrder", &d.order)) {
		d.renewal = acme_text(a, root, "renewalInfo");
		if (!acme_is_ours(a, d.renewal))
			d.renewal = VIEW_NULL;
		d.authority = authority_of(a, root);
		a->order->directory = d;
	}
	json_decref(root);
}

/* base64url (RFC 8555, 6.5.1). */
static bool is_nonce(struct view text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!byte_is_alpha(text.data[i]) && !byte_is_digit(text.data[i]) &&
				text.data[i] != '-' && text.data[i] != '_')
			return false;
	return text.len > 0 && text.len <= ACME_URL;
}

static void take_nonce(struct acme *a, const struct acme_reply *reply)
{
	a->order->nonce = is_nonce(reply->nonce) ? arena_copy(a->arena, reply->nonce)
						 : VIEW_NULL;
}

void acme_take(struct acme *a, const struct acme_reply *reply)
{
	if (reply->body.len > ACME_BODY) {
		acme_fail(a, "IssuerRefused", true, "its answer is larger than %d bytes",
				ACME_BODY);
		return;
	}
	if (!a->order->directory.nonce.len) {
		take_directory(a, reply);
		return;
	}
	take_nonce(a, reply);
	if (a->url.len == 0 && !a->order->nonce.len)
		fail_as(a, VIEW_NULL, reply, VIEW("no nonce"));
	else if (a->url.len && (reply->status < 200 || reply->status > 299))
		take_problem(a, reply);
	else if (a->url.len)
		acme_rules[a->order->step].take(a, reply);
}

static enum acme_outcome send_plain(struct acme *a, const char *method, struct view url,
		struct acme_request *out)
{
	a->url = VIEW_NULL;
	*out = (struct acme_request){ .method = method, .url = url };
	return ACME_SEND;
}

static enum acme_outcome send_signed(
		struct acme *a, struct view payload, struct acme_request *out)
{
	const struct jws_head head = {
		.url = a->url,
		.nonce = a->order->nonce,
		.account = a->order->step == ACME_ACCOUNT ? VIEW_NULL : a->order->account,
	};

	buf_clear(&a->body);
	if (jws_sign(a->key, &head, payload, &a->body)) {
		acme_fail(a, "InternalError", true, "a request could not be signed");
		return a->outcome;
	}
	a->order->nonce = VIEW_NULL; /* it is good for once */
	*out = (struct acme_request){ "POST", a->url, buf_view(&a->body) };
	return ACME_SEND;
}

static bool is_late(const struct acme *a)
{
	return a->order->step > ACME_ORDER &&
	       a->task->now - a->order->began > ACME_ORDER_TIME;
}

enum acme_outcome acme_next(struct acme *a, struct acme_request *out)
{
	CLEANUP(buf_wipe) struct buf payload = BUF_NULL(JWS_MAX);
	struct view url = VIEW_NULL;

	if (a->outcome == ACME_SEND && is_late(a))
		acme_fail(a, "Timeout", true,
				"the issuer has not come to an end with this order for "
				"an "
				"hour");
	if (a->outcome != ACME_SEND)
		return a->outcome;
	if (!a->order->directory.nonce.len)
		return send_plain(a, "GET", a->task->directory, out);
	if (!acme_rules[a->order->step].ask(a, &url, &payload))
		return a->outcome;
	if (!a->order->nonce.len)
		return send_plain(a, "HEAD", a->order->directory.nonce, out);
	a->url = url;
	return send_signed(a, buf_view(&payload), out);
}
