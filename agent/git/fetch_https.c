/* A stream is one request: what is written to it is the body, the first read sends it, and
 * reads take the answer as it comes:
 *
 *   WRITING ──read──► READING ──the answer has ended──► ENDED
 *
 * libcurl's multi interface is turned within the read; when enough is waiting, it is paused. */
#include "agent/git/fetch_https.h"

#include "agent/git/fetch_inside.h"
#include "runtime/base/error.h"

#include <curl/curl.h>
#include <git2.h>
#include <git2/sys/transport.h>
#include <stdlib.h>

enum {
	BODY_MAX = 8 * 1024 * 1024, /* what a fetch asks: its wants and haves */
	WAITING_MAX = 1024 * 1024,
	URL_MAX = 4096,
	PATIENCE_S = 30, /* for less than a byte a second on the average */
};

struct service {
	git_smart_service_t action;
	const char *path, *type, *accept;
};

/* clang-format off */
static const struct service services[] = {
	{ GIT_SERVICE_UPLOADPACK_LS, "/info/refs?service=git-upload-pack", NULL,                                            "application/x-git-upload-pack-advertisement" },
	{ GIT_SERVICE_UPLOADPACK,    "/git-upload-pack",                   "Content-Type: application/x-git-upload-pack-request", "application/x-git-upload-pack-result" },
};
/* clang-format on */

enum stream_state {
	STREAM_WRITING,
	STREAM_READING,
	STREAM_ENDED,
};

struct stream {
	git_smart_subtransport_stream base;
	struct https *https;
	const struct service *service;
	enum stream_state state;
	char url[URL_MAX];
	struct buf body;
	struct buf waiting;
	bool paused;
	CURL *curl;
	struct curl_slist *headers;
};

struct https {
	git_smart_subtransport base;
	struct fetch *fetch;
	CURLM *multi;
};

/* -- the answer -- */

static size_t take_bytes(char *bytes, size_t size, size_t count, void *with)
{
	struct stream *s = with;
	size_t len = size * count;

	if (s->waiting.len + len > s->waiting.max) {
		s->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	buf_add(&s->waiting, view_of(bytes, len));
	return len;
}

static int judge_status(struct stream *s)
{
	struct fetch *f = s->https->fetch;
	long status = 0;
	char *type = NULL;

	curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(s->curl, CURLINFO_CONTENT_TYPE, &type);
	if (status == 401 || status == 403)
		return fetch_failed(f, "AuthFailed",
				"it answers %ld: is `identity` a token that may read "
				"this "
				"repository?",
				status);
	if (status == 404)
		return fetch_failed(f, "RefNotFound",
				"it answers 404: there is no such repository, or not for "
				"us");
	if (status >= 300 && status < 400)
		return fetch_failed(f, "PeerUntrusted",
				"it answers %ld and leads elsewhere: redirections are "
				"not "
				"followed, write the address that it leads to",
				status);
	if (status == 429)
		return fetch_failed(f, "RateLimited", "it answers 429");
	if (status != 200)
		return fetch_failed(f, "ServerFailed", "it answers %ld", status);
	if (!type || strcmp(type, s->service->accept) != 0)
		return fetch_failed(f, "ServerFailed",
				"what it answers is not git's smart protocol");
	return 0;
}

static int judge_result(struct stream *s, CURLcode code)
{
	struct fetch *f = s->https->fetch;

	switch (code) {
	case CURLE_OK:
		return judge_status(s);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return fetch_failed(f, "PeerUntrusted", "its certificate: %s",
				curl_easy_strerror(code));
	case CURLE_COULDNT_RESOLVE_HOST:
		return fetch_failed(f, "NameNotFound", "%s", curl_easy_strerror(code));
	case CURLE_OPERATION_TIMEDOUT:
		return fetch_failed(f, "Timeout", "%s", curl_easy_strerror(code));
	default:
		return fetch_failed(
				f, "ConnectionFailed", "%s", curl_easy_strerror(code));
	}
}

/* -- turning -- */

/* Until something waits or the answer has ended. */
static int turn(struct stream *s)
{
	CURLMsg *message;
	int running = 0, left;

	if (s->paused && s->waiting.len < WAITING_MAX / 2) {
		s->paused = false;
		curl_easy_pause(s->curl, CURLPAUSE_CONT);
	}
	if (curl_multi_perform(s->https->multi, &running) != CURLM_OK)
		return fetch_failed(s->https->fetch, "InternalError", "libcurl gave up");
	while ((message = curl_multi_info_read(s->https->multi, &left))) {
		if (message->msg != CURLMSG_DONE || message->easy_handle != s->curl)
			continue;
		s->state = STREAM_ENDED;
		return judge_result(s, message->data.result);
	}
	if (s->waiting.len == 0 && running)
		curl_multi_poll(s->https->multi, NULL, 0, 1000, NULL);
	return 0;
}

static void set_up(struct stream *s)
{
	const struct fetch_request *request = s->https->fetch->request;
	struct curl_blob authority = { (void *)request->authority.data,
		request->authority.len, CURL_BLOB_COPY };

	curl_easy_setopt(s->curl, CURLOPT_URL, s->url);
	curl_easy_setopt(s->curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(s->curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(s->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(s->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(s->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(s->curl, CURLOPT_LOW_SPEED_TIME, (long)PATIENCE_S);
	curl_easy_setopt(s->curl, CURLOPT_CONNECTTIMEOUT, (long)PATIENCE_S);
	curl_easy_setopt(s->curl, CURLOPT_USERAGENT, "git/2 (posthus)");
	curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, s);
	curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, s->headers);
	if (request->authority.len)
		curl_easy_setopt(s->curl, CURLOPT_CAINFO_BLOB, &authority);
	if (request->identity.len) {
		curl_easy_setopt(s->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(s->curl, CURLOPT_USERNAME, "git"); /* or the URL's */
		curl_easy_setopt(s->curl, CURLOPT_PASSWORD, s->https->fetch->identity);
	}
	if (s->service->action == GIT_SERVICE_UPLOADPACK) {
		curl_easy_setopt(s->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE_LARGE,
				(curl_off_t)s->body.len);
		curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS,
				s->body.data ? s->body.data : "");
	}
}

static void add_header(struct stream *s, const char *header)
{
	struct curl_slist *longer = curl_slist_append(s->headers, header);

	if (!longer)
		die("out of memory");
	s->headers = longer;
}

static int begin(struct stream *s)
{
	char accept[128];

	s->curl = curl_easy_init();
	if (!s->curl)
		die("out of memory");
	snprintf(accept, sizeof(accept), "Accept: %s", s->service->accept);
	add_header(s, accept);
	add_header(s, "Expect:");
	if (s->service->type)
		add_header(s, s->service->type);
	set_up(s);
	s->state = STREAM_READING;
	return curl_multi_add_handle(s->https->multi, s->curl) == CURLM_OK
			       ? 0
			       : fetch_failed(s->https->fetch, "InternalError",
						 "libcurl gave up");
}

/* -- what libgit2 calls -- */

static int stream_read(git_smart_subtransport_stream *base, char *buffer, size_t size,
		size_t *read_out)
{
	struct stream *s = CONTAINER_OF(base, struct stream, base);
	int r = s->state == STREAM_WRITING ? begin(s) : 0;

	*read_out = 0;
	while (r == 0 && s->waiting.len == 0 && s->state == STREAM_READING)
		r = turn(s);
	if (r)
		return r;
	*read_out = s->waiting.len < size ? s->waiting.len : size;
	if (*read_out)
		memcpy(buffer, s->waiting.data, *read_out);
	buf_consume(&s->waiting, *read_out);
	return 0;
}

static int stream_write(
		git_smart_subtransport_stream *base, const char *bytes, size_t len)
{
	struct stream *s = CONTAINER_OF(base, struct stream, base);

	buf_add(&s->body, view_of(bytes, len));
	return buf_failed(&s->body) ? fetch_failed(s->https->fetch, "InternalError",
						      "a request grew past its bound")
				    : 0;
}

static void stream_free(git_smart_subtransport_stream *base)
{
	struct stream *s = CONTAINER_OF(base, struct stream, base);

	if (s->curl) {
		curl_multi_remove_handle(s->https->multi, s->curl);
		curl_easy_cleanup(s->curl);
	}
	curl_slist_free_all(s->headers);
	buf_free(&s->body);
	buf_free(&s->waiting);
	free(s);
}

static int https_action(git_smart_subtransport_stream **out, git_smart_subtransport *base,
		const char *url, git_smart_service_t action)
{
	struct https *https = CONTAINER_OF(base, struct https, base);
	struct stream *s;
	size_t i = 0;

	while (i < ARRAY_LEN(services) && services[i].action != action)
		i++;
	if (i == ARRAY_LEN(services))
		return fetch_failed(
				https->fetch, "InternalError", "only fetching is spoken");
	s = xcalloc(1, sizeof(*s));
	s->https = https;
	s->service = &services[i];
	s->body = BUF_NULL(BODY_MAX);
	s->waiting = BUF_NULL(WAITING_MAX);
	s->base.subtransport = base;
	s->base.read = stream_read;
	s->base.write = stream_write;
	s->base.free = stream_free;
	if (snprintf(s->url, sizeof(s->url), "%s%s", url, services[i].path) >= URL_MAX) {
		stream_free(&s->base);
		return fetch_failed(https->fetch, "Refused", "the URL is too long");
	}
	*out = &s->base;
	return 0;
}

static int https_close(git_smart_subtransport *base)
{
	(void)base;
	return 0;
}

static void https_free(git_smart_subtransport *base)
{
	struct https *https = CONTAINER_OF(base, struct https, base);

	curl_multi_cleanup(https->multi);
	free(https);
}

static int https_new(git_smart_subtransport **out, git_transport *owner, void *with)
{
	struct https *https = xcalloc(1, sizeof(*https));

	(void)owner;
	https->fetch = with;
	https->multi = curl_multi_init();
	if (!https->multi)
		die("out of memory");
	https->base.action = https_action;
	https->base.close = https_close;
	https->base.free = https_free;
	*out = &https->base;
	return 0;
}

static int transport_new(git_transport **out, git_remote *owner, void *with)
{
	git_smart_subtransport_definition definition = {
		.callback = https_new,
		.rpc = 1,
		.param = with,
	};

	return git_transport_smart(out, owner, &definition);
}

int fetch_https_register(struct fetch *fetch)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return -1;
	/* libgit2 knows https already: who registers first is asked first. */
	return git_transport_register("https", transport_new, fetch);
}
