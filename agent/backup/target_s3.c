/* A bucket of S3, or of what speaks as it does.
 *
 * Objects are at most TARGET_OBJECT_MAX bytes, so each goes in one request, whose signature
 * covers the digest of its bytes: there is no multipart upload that could be left half done.
 * Redirections are refused: a signed request goes where the state says, or nowhere. */
#include "agent/backup/target_inside.h"

#include "agent/backup/s3_listing.h"
#include "agent/backup/sigv4.h"
#include "agent/effect/web.h"
#include "runtime/base/error.h"
#include "schema/agent_file.h"

#include <stdlib.h>

enum {
	URL_MAX = 8192,
	NOTHING_PAGES = 8, /* in a row, that hold nothing and say that more follows */
};

struct bucket {
	struct buf scheme; /* "https://" */
	struct buf host;
	struct buf base; /* the path before all names: "/bucket/folder/" */
	struct web_line *line;
	struct agent_file anywhere; /* where the place has no file */
	struct s3_page page;
};

/* What becomes of a request. */
struct call {
	const char *method;
	struct view name;  /* of the object; empty: the bucket */
	struct view query; /* sorted and encoded */
	struct view range; /* "Range: bytes=0-9"; or empty */
	struct view body;
	size_t most;
};

static int s3_open(struct target *target, struct target_trouble *trouble)
{
	const struct target_place *place = target->place;
	struct view host = place->endpoint, path;
	size_t scheme = view_find_view(host, VIEW("://"));
	struct bucket *b = target->own;

	if (scheme == host.len)
		return target_failed(
				trouble, "Refused", "%.*s is no URL", VIEW_ARG(host));
	b = target->own = xcalloc(1, sizeof(*b));
	b->scheme = BUF_NULL(URL_MAX);
	b->host = BUF_NULL(URL_MAX);
	b->base = BUF_NULL(URL_MAX);
	buf_add(&b->scheme, view_sub(host, 0, scheme + 3));
	path = view_from(host, scheme + 3);
	host = view_cut(&path, '/');
	if (place->in_host) {
		buf_add(&b->host, place->bucket);
		buf_add_byte(&b->host, '.');
	}
	buf_add(&b->host, host);
	buf_add_byte(&b->base, '/');
	if (path.len) {
		sigv4_encode(&b->base, path, true);
		if (!view_ends(path, VIEW("/")))
			buf_add_byte(&b->base, '/');
	}
	if (!place->in_host) {
		sigv4_encode(&b->base, place->bucket, false);
		buf_add_byte(&b->base, '/');
	}
	b->line = web_line_new();
	agent_file_defaults(&b->anywhere);
	b->anywhere.connect = (struct connect_rules){ 0 };
	return buf_failed(&b->host) || buf_failed(&b->base)
			       ? target_failed(trouble, "Refused", "the URL is too long")
			       : TARGET_OK;
}

static void s3_close(struct target *target)
{
	struct bucket *b = target->own;

	if (!b)
		return;
	buf_free(&b->scheme);
	buf_free(&b->host);
	buf_free(&b->base);
	web_line_free(b->line);
	free(b);
	target->own = NULL;
}

static void add_path(const struct target *target, struct view name, struct buf *out)
{
	const struct bucket *b = target->own;

	buf_add(out, buf_view(&b->base));
	if (name.len) {
		sigv4_encode(out, target->place->folder, true);
		sigv4_encode(out, name, true);
	}
}

/* clang-format off */
/* What S3 says of a request that would go well another time, or never. */
static const struct {
	const char *code, *reason, *advice;
	bool again;
} codes[] = {
	{ "RequestTimeTooSkewed",  "AuthFailed",   "the clocks differ: set this machine's",                          false },
	{ "SignatureDoesNotMatch", "AuthFailed",   "is secret_key the one that belongs to access_key?",              false },
	{ "InvalidAccessKeyId",    "AuthFailed",   "it does not know the access_key",                                false },
	{ "NoSuchBucket",          "PlaceMissing", "make the bucket first",                                          false },
	{ "QuotaExceeded",         "DiskFull",     "let fewer copies stay by `keep`, or buy room",                   false },
	{ "RequestTimeout",        "Timeout",      "it did not get all bytes in time",                               true },
	{ "SlowDown",              "RateLimited",  "it wants fewer requests",                                        true },
};
/* clang-format on */

static int say_code(const struct target *target, const struct web_reply *reply,
		const struct call *call, struct target_trouble *trouble)
{
	struct view code = s3_error_code(buf_view(&reply->body));

	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		if (!view_eq(code, view_z(codes[i].code)))
			continue;
		target_failed(trouble, codes[i].reason, "%.*s, bucket %.*s: %s: %s",
				VIEW_ARG(target->place->endpoint),
				VIEW_ARG(target->place->bucket), codes[i].code,
				codes[i].advice);
		return codes[i].again ? TARGET_AGAIN : TARGET_E_FAILED;
	}
	target_failed(trouble,
			reply->status == 403   ? "Forbidden"
			: reply->status >= 500 ? "ServerFailed"
					       : "Refused",
			"%s %.*s, bucket %.*s: HTTP %d %.*s", call->method,
			VIEW_ARG(target->place->endpoint),
			VIEW_ARG(target->place->bucket), reply->status, VIEW_ARG(code));
	if (reply->status >= 500 || reply->status == 429 || reply->status == 408)
		return TARGET_AGAIN;
	return reply->status == 403 || reply->status == 405 ? TARGET_E_REFUSED
							    : TARGET_E_FAILED;
}

static int judge(struct target *target, const struct call *call,
		const struct web_reply *reply, struct target_trouble *trouble)
{
	if (reply->status >= 200 && reply->status < 300)
		return TARGET_OK;
	target->wait = reply->retry_after;
	if (reply->status >= 300 && reply->status < 400)
		return target_failed(trouble, "Refused",
				"%.*s answers with a redirection (HTTP %d), and they are "
				"not "
				"followed: say the bucket's own endpoint and region",
				VIEW_ARG(target->place->endpoint), reply->status);
	if (reply->status == 404 && !view_eq(s3_error_code(buf_view(&reply->body)),
						    VIEW("NoSuchBucket"))) {
		target_failed(trouble, "PlaceMissing", "there is no %.*s",
				VIEW_ARG(call->name));
		return TARGET_E_ABSENT;
	}
	return say_code(target, reply, call, trouble);
}

/* Those of which the request, or its answer, was lost on the way. */
static int judge_failure(
		const struct effect_answer *answer, struct target_trouble *trouble)
{
	static const char *const passing[] = { "ConnectionFailed", "ConnectionLost",
		"Timeout", "NameNotFound" };

	target_failed(trouble, answer->reason, "%.*s",
			VIEW_ARG(buf_view(&answer->message)));
	for (size_t i = 0; i < ARRAY_LEN(passing); i++)
		if (strcmp(answer->reason, passing[i]) == 0)
			return TARGET_AGAIN;
	return TARGET_E_FAILED;
}

static int s3_call(struct target *target, const struct call *call,
		struct web_reply *reply, struct target_trouble *trouble)
{
	const struct bucket *b = target->own;
	const struct target_place *place = target->place;
	CLEANUP(sigv4_fields_deinit) struct sigv4_fields fields = SIGV4_FIELDS_NULL;
	CLEANUP(effect_answer_deinit) struct effect_answer answer = EFFECT_ANSWER_NULL;
	CLEANUP(buf_free) struct buf path = BUF_NULL(URL_MAX), url = BUF_NULL(URL_MAX);
	int r;

	add_path(target, call->name, &path);
	buf_add(&url, buf_view(&b->scheme));
	buf_add(&url, buf_view(&b->host));
	buf_add(&url, buf_view(&path));
	if (call->query.len) {
		buf_add_byte(&url, '?');
		buf_add(&url, call->query);
	}
	sigv4_sign(
			&(struct sigv4_request){
					.method = call->method,
					.host = buf_view(&b->host),
					.path = buf_view(&path),
					.query = call->query,
					.body = call->body,
					.region = place->region.len ? place->region
								    : VIEW("us-east-1"),
					.service = VIEW("s3"),
					.access_key = place->access_key,
					.secret_key = place->secret_key,
					.now = clock_wall(),
			},
			&fields);
	r = web_call(
			&(struct web_request){
					.method = call->method,
					.url = buf_view(&url),
					.headers = { buf_view(&fields.host),
							buf_view(&fields.date),
							buf_view(&fields.content),
							buf_view(&fields.authorization),
							VIEW("Content-Type: "
							     "application/octet-stream"),
							call->range },
					.body = call->body,
					.most = call->most,
					.patience = target_patience(target),
					.moves = true,
					.line = b->line,
					.file = place->file ? place->file : &b->anywhere,
					.stopping = place->stopping,
			},
			reply, &answer);
	if (r == EFFECT_E_FAILED)
		return judge_failure(&answer, trouble);
	return r ? fault(r) : judge(target, call, reply, trouble);
}

static int s3_put(struct target *target, struct view name, struct view bytes,
		struct target_trouble *trouble)
{
	CLEANUP(web_reply_deinit) struct web_reply reply = WEB_REPLY_NULL;
	struct call call = { .method = "PUT", .name = name, .body = bytes };
	int r = s3_call(target, &call, &reply, trouble);

	/* There is no such bucket, as some say it. */
	return r == TARGET_E_ABSENT ? TARGET_E_FAILED : r;
}

static int s3_get(struct target *target, struct view name, uint64_t at, size_t len,
		struct buf *out, struct target_trouble *trouble)
{
	CLEANUP(web_reply_deinit) struct web_reply reply = WEB_REPLY_NULL;
	CLEANUP(buf_free) struct buf range = BUF_NULL(128);
	struct call call = { .method = "GET", .name = name, .most = TARGET_OBJECT_MAX };
	struct view bytes;
	int r;

	if (len == 0)
		return TARGET_OK;
	if (at > 0 || len != SIZE_MAX) {
		buf_addf(&range, "Range: bytes=%llu-", (unsigned long long)at);
		if (len != SIZE_MAX)
			buf_add_u64(&range, at + len - 1);
		call.range = buf_view(&range);
	}
	r = s3_call(target, &call, &reply, trouble);
	if (reply.status == 416)
		return TARGET_OK; /* it ends before */
	if (r)
		return r;
	bytes = buf_view(&reply.body);
	if (call.range.len && reply.status == 200)
		bytes = view_from(bytes, at); /* it does not know ranges */
	buf_add(out, view_sub(bytes, 0, len));
	return buf_failed(out) ? target_failed(trouble, "Refused",
						 "%.*s is larger than it may be",
						 VIEW_ARG(name))
			       : TARGET_OK;
}

static int s3_remove(
		struct target *target, struct view name, struct target_trouble *trouble)
{
	CLEANUP(web_reply_deinit) struct web_reply reply = WEB_REPLY_NULL;
	struct call call = { .method = "DELETE", .name = name };

	return s3_call(target, &call, &reply, trouble);
}

/* -- listings -- */

static int take_page(struct target *target, struct view before,
		const struct s3_page *page, struct target_listing *out,
		struct target_trouble *trouble)
{
	struct view folder = target->place->folder;

	for (size_t i = 0; i < page->count; i++) {
		int r;

		if (!view_starts(page->objects[i].key, before))
			return target_failed(trouble, "AnswerMalformed",
					"%.*s lists what it was not asked for",
					VIEW_ARG(target->place->endpoint));
		r = target_listing_add(out, view_from(page->objects[i].key, folder.len),
				page->objects[i].size, trouble);
		if (r)
			return r;
	}
	return TARGET_OK;
}

static int get_page(struct target *target, struct view before, struct view token,
		struct arena *arena, struct target_trouble *trouble)
{
	struct bucket *b = target->own;
	CLEANUP(web_reply_deinit) struct web_reply reply = WEB_REPLY_NULL;
	CLEANUP(buf_free) struct buf query = BUF_NULL(URL_MAX);
	struct call call = { .method = "GET", .most = S3_PAGE_MAX };
	int r;

	if (token.len) {
		buf_add_z(&query, "continuation-token=");
		sigv4_encode(&query, token, false);
		buf_add_byte(&query, '&');
	}
	buf_addf(&query, "list-type=2&max-keys=%d&prefix=", S3_PAGE);
	sigv4_encode(&query, before, false);
	call.query = buf_view(&query);
	r = s3_call(target, &call, &reply, trouble);
	if (r)
		return r == TARGET_E_ABSENT ? TARGET_E_FAILED : r;
	if (!s3_page_read(buf_view(&reply.body), arena, &b->page)) {
		target_failed(trouble, "AnswerMalformed",
				"%.*s: its listing makes no sense",
				VIEW_ARG(target->place->endpoint));
		return TARGET_AGAIN;
	}
	return TARGET_OK;
}

/* K03: a listing that goes on for ever, or in circles, ends. */
static int s3_list(struct target *target, struct view folder, struct target_listing *out,
		struct target_trouble *trouble)
{
	struct bucket *b = target->own;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_free) struct buf before = BUF_NULL(URL_MAX);
	struct view token = VIEW_NULL;
	unsigned nothing = 0;
	int r;

	buf_add(&before, target->place->folder);
	buf_add(&before, folder);
	do {
		r = WITH_TRIES(target, get_page(target, buf_view(&before), token, arena,
						       trouble));
		if (r == TARGET_OK)
			r = take_page(target, buf_view(&before), &b->page, out, trouble);
		if (r)
			return r;
		nothing = b->page.count ? 0 : nothing + 1;
		if (b->page.truncated && (view_eq(token, b->page.token) ||
							 nothing == NOTHING_PAGES))
			return target_failed(trouble, "AnswerMalformed",
					"%.*s: its listing goes in circles",
					VIEW_ARG(target->place->endpoint));
		token = b->page.token;
	} while (b->page.truncated);
	return TARGET_OK;
}

const struct target_methods target_s3_methods = {
	.open = s3_open,
	.close = s3_close,
	.put = s3_put,
	.get = s3_get,
	.remove = s3_remove,
	.list = s3_list,
};
