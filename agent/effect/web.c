#include "agent/effect/web.h"

#include "agent/effect/reach.h"
#include "runtime/base/error.h"
#include "schema/agent_file.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LONGEST_URL = 8192,
	LONGEST_HEADER = 4096,
};

/* -- one request -- */

struct exchange {
	CURL *curl;
	struct curl_slist *headers;
	const struct web_request *request;
	struct web_reply *reply;
	enum reach refused; /* an address that was not allowed; REACH_PUBLIC: none was */
	bool is_refused;
};

static void exchange_deinit(struct exchange *x)
{
	curl_slist_free_all(x->headers);
	if (x->request->line)
		curl_easy_reset(x->curl); /* it keeps the connection */
	else
		curl_easy_cleanup(x->curl);
}

struct web_line {
	CURL *curl;
};

struct web_line *web_line_new(void)
{
	struct web_line *line = xcalloc(1, sizeof(*line));

	line->curl = curl_easy_init();
	if (!line->curl)
		die("out of memory");
	return line;
}

void web_line_free(struct web_line *line)
{
	if (!line)
		return;
	curl_easy_cleanup(line->curl);
	free(line);
}

static size_t take_bytes(char *bytes, size_t size, size_t count, void *into)
{
	struct buf *body = into;

	buf_add(body, view_of(bytes, size * count));
	return buf_failed(body) ? 0 : size * count;
}

/* What does not fit is left out: a body is what counts. */
static size_t take_head(char *bytes, size_t size, size_t count, void *into)
{
	struct buf *head = into;

	if (size * count <= head->max - head->len)
		buf_add(head, view_of(bytes, size * count));
	return size * count;
}

/* libcurl asks about once a second, or whenever something moves. */
static int is_stopping(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
		curl_off_t up)
{
	const struct exchange *x = arg;

	(void)down_all, (void)down, (void)up_all, (void)up;
	return x->request->stopping && atomic_load(x->request->stopping);
}

/* Behind the resolution of the name, and of each address anew: a name that leads elsewhere
 * the second time gains nothing. */
static curl_socket_t open_socket(
		void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct exchange *x = arg;
	struct sockaddr_storage to = { 0 };
	bool fits = address->addrlen <= sizeof(to);

	if (fits)
		memcpy(&to, &address->addr, address->addrlen);
	if (purpose != CURLSOCKTYPE_IPCXN || !fits ||
			!reach_allowed(x->request->file, &to)) {
		x->is_refused = true;
		x->refused = reach_of(&to);
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
			address->protocol);
}

static void add_header(struct exchange *x, struct view header)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_HEADER);
	struct curl_slist *longer;

	buf_add(&text, header);
	buf_add_byte(&text, '\0');
	longer = curl_slist_append(x->headers, buf_failed(&text) ? "" : text.data);
	if (!longer)
		die("out of memory");
	x->headers = longer;
}

static void set_up(struct exchange *x, const char *url, const char *authorities)
{
	const struct web_request *request = x->request;

	curl_easy_setopt(x->curl, CURLOPT_URL, url);
	curl_easy_setopt(x->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(x->curl, CURLOPT_CUSTOMREQUEST, request->method);
	curl_easy_setopt(x->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(x->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(x->curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(x->curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(x->curl, CURLOPT_OPENSOCKETDATA, x);
	if (request->moves) {
		curl_easy_setopt(x->curl, CURLOPT_CONNECTTIMEOUT_MS,
				(long)(request->patience / NS_PER_MS));
		curl_easy_setopt(x->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
		curl_easy_setopt(x->curl, CURLOPT_LOW_SPEED_TIME,
				(long)(request->patience / NS_PER_S + 1));
	} else {
		curl_easy_setopt(x->curl, CURLOPT_TIMEOUT_MS,
				(long)(request->patience / NS_PER_MS));
	}
	curl_easy_setopt(x->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(x->curl, CURLOPT_XFERINFOFUNCTION, is_stopping);
	curl_easy_setopt(x->curl, CURLOPT_XFERINFODATA, x);
	curl_easy_setopt(x->curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(x->curl, CURLOPT_WRITEDATA, &x->reply->body);
	curl_easy_setopt(x->curl, CURLOPT_HEADERFUNCTION, take_head);
	curl_easy_setopt(x->curl, CURLOPT_HEADERDATA, &x->reply->head);
	if (strcmp(request->method, "HEAD") == 0)
		curl_easy_setopt(x->curl, CURLOPT_NOBODY, 1L);
	/* Those of the system are in a folder of their own, and are trusted beside it. */
	if (authorities)
		curl_easy_setopt(x->curl, CURLOPT_CAINFO, authorities);
	if (request->body.len) {
		curl_easy_setopt(x->curl, CURLOPT_POSTFIELDS, request->body.data);
		curl_easy_setopt(x->curl, CURLOPT_POSTFIELDSIZE_LARGE,
				(curl_off_t)request->body.len);
	}
	add_header(x, VIEW("Expect:"));
	for (size_t i = 0; i < WEB_HEADERS; i++)
		if (request->headers[i].len)
			add_header(x, request->headers[i]);
	curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, x->headers);
}

/* -- why there is no reply -- */

/* clang-format off */
static const struct {
	CURLcode code;
	const char *reason;
	bool untouched; /* the request was not sent */
} failures[] = {
	{ CURLE_COULDNT_RESOLVE_HOST,     "NameNotFound",     true },
	{ CURLE_COULDNT_CONNECT,          "ConnectionFailed", true },
	{ CURLE_PEER_FAILED_VERIFICATION, "PeerUntrusted",    true },
	{ CURLE_SSL_CONNECT_ERROR,        "ConnectionFailed", true },
	{ CURLE_OPERATION_TIMEDOUT,       "Timeout",          false },
	{ CURLE_SEND_ERROR,               "ConnectionLost",   false },
	{ CURLE_RECV_ERROR,               "ConnectionLost",   false },
	{ CURLE_GOT_NOTHING,              "ConnectionLost",   false },
	{ CURLE_PARTIAL_FILE,             "ConnectionLost",   false },
	{ CURLE_ABORTED_BY_CALLBACK,      "ConnectionLost",   false },
	{ CURLE_WRITE_ERROR,              "Refused",          false }, /* more than WEB_BODY */
};
/* clang-format on */

static bool was_sent(CURL *curl)
{
	long sent = 0;

	return curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent) != CURLE_OK ||
	       sent > 0;
}

static int say_failure(
		const struct exchange *x, CURLcode code, struct effect_answer *answer)
{
	const char *reason = "InternalError";

	answer->untouched = !was_sent(x->curl);
	if (x->is_refused && code == CURLE_COULDNT_CONNECT)
		return effect_failed(answer, "NotAllowed",
				"%s %.*s: its address is %s, which `allow.connect` of "
				"agent.yaml does not let a state reach",
				x->request->method, VIEW_ARG(x->request->url),
				reach_name(x->refused));
	for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
		if (failures[i].code != code)
			continue;
		reason = failures[i].reason;
		answer->untouched |= failures[i].untouched;
	}
	return effect_failed(answer, reason, "%s %.*s: %s", x->request->method,
			VIEW_ARG(x->request->url), curl_easy_strerror(code));
}

int web_call(const struct web_request *request, struct web_reply *out,
		struct effect_answer *answer)
{
	CLEANUP(exchange_deinit)
	struct exchange x = {
		.curl = request->line ? request->line->curl : curl_easy_init(),
		.request = request,
		.reply = out,
	};
	CLEANUP(buf_free) struct buf url = BUF_NULL(LONGEST_URL);
	CLEANUP(buf_free) struct buf authorities = BUF_NULL(LONGEST_URL);
	curl_off_t wait = 0;
	long status = 0;
	CURLcode code;

	if (!x.curl)
		die("out of memory");
	buf_add(&url, request->url);
	buf_add_byte(&url, '\0');
	if (buf_failed(&url))
		return effect_failed(answer, "Refused", "the URL is too long");
	if (request->file && request->file->authorities.len) {
		buf_add(&authorities, request->file->authorities);
		buf_add_byte(&authorities, '\0');
	}
	if (request->most)
		out->body.max = request->most;
	set_up(&x, url.data, authorities.data);
	code = curl_easy_perform(x.curl);
	if (code != CURLE_OK)
		return say_failure(&x, code, answer);
	curl_easy_getinfo(x.curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(x.curl, CURLINFO_RETRY_AFTER, &wait);
	out->status = (int)status;
	out->retry_after = nstime_seconds(wait);
	return EFFECT_DONE;
}
