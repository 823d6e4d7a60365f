#include "agent/control/client.h"

#include "agent/exit.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "runtime/base/limit.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

static size_t take_bytes(char *bytes, size_t size, size_t count, void *into)
{
	struct buf *b = into;

	buf_add(b, view_of(bytes, size * count));
	return buf_failed(b) ? 0 : size * count;
}

static void free_headers(struct curl_slist **headers)
{
	curl_slist_free_all(*headers);
}

static void free_curl(CURL **curl)
{
	curl_easy_cleanup(*curl);
}

/* A socket that is there and may not be opened is another thing than none. */
static int outcome_of(CURLcode code, const char *socket)
{
	if (code == CURLE_OK)
		return 0;
	if (code != CURLE_COULDNT_CONNECT)
		return CONTROL_E_BROKEN;
	return access(socket, W_OK) && errno == EACCES ? CONTROL_E_DENIED
						       : CONTROL_E_ABSENT;
}

static bool is_answer(const json_t *body)
{
	const json_t *exit = json_object_get(body, "exit");
	json_int_t code = json_integer_value(exit);

	return json_is_integer(exit) && code >= EXIT_FINE && code <= EXIT_TIMEOUT;
}

int control_call(const char *socket, const char *method, const char *target,
		const json_t *body, struct control_reply *out)
{
	CLEANUP(free_curl) CURL *curl = curl_easy_init();
	CLEANUP(free_headers)
	struct curl_slist *headers =
			curl_slist_append(NULL, "Content-Type: application/json");
	CLEANUP(buf_free) struct buf answer = BUF_NULL(limit_value(LIMIT_HTTP_BODY));
	CLEANUP(buf_free) struct buf url = BUF_NULL(limit_value(LIMIT_HTTP_TARGET));
	CLEANUP(freep) char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	long status = 0;
	json_t *parsed;
	int r;

	if (!curl || !headers)
		die("out of memory");
	if (strlen(socket) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return CONTROL_E_ABSENT; /* nobody can listen at such a path */
	headers = curl_slist_append(headers, "Expect:");
	buf_add_z(&url, "http://posthus");
	buf_add_z(&url, target);
	buf_add_byte(&url, '\0');
	if (buf_failed(&url))
		return CONTROL_E_BROKEN;
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_URL, url.data);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
	if (text) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
				(curl_off_t)strlen(text));
	}
	r = outcome_of(curl_easy_perform(curl), socket);
	if (r)
		return r;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 403)
		return CONTROL_E_DENIED;
	parsed = json_loadb(answer.data ? answer.data : "", answer.len,
			JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	if (!is_answer(parsed)) {
		json_decref(parsed);
		return CONTROL_E_BROKEN;
	}
	*out = (struct control_reply){ (int)status, parsed };
	return 0;
}
