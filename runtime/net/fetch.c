#include "runtime/net/fetch.h"

#include "runtime/base/error.h"
#include "runtime/net/ip.h"

#include <curl/curl.h>
#include <stdio.h>

enum {
	LONGEST_URL = 1024,
	LONGEST_PLACE = 2048 /* a name and its addresses, as curl takes them */
};

struct fetching {
	CURL *curl;
	struct curl_slist *place;
};

static void fetching_deinit(struct fetching *f)
{
	curl_slist_free_all(f->place);
	curl_easy_cleanup(f->curl);
}

static size_t take_bytes(char *bytes, size_t size, size_t count, void *into)
{
	struct buf *out = into;

	buf_add(out, view_of(bytes, size * count));
	return buf_failed(out) ? 0 : size * count;
}

static int is_stopping(void *arg, curl_off_t all_down, curl_off_t down, curl_off_t all_up,
		curl_off_t up)
{
	const struct fetch_order *order = arg;

	(void)all_down;
	(void)down;
	(void)all_up;
	(void)up;
	return atomic_load(order->stopping);
}

/* "mta-sts.a.example:443:192.0.2.1,[2001:db8::1]" */
static bool set_place(struct fetching *f, const struct fetch_order *order)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_PLACE);

	buf_addf(&text, "%.*s:443:", VIEW_ARG(order->host));
	for (size_t i = 0; i < order->address_count; i++) {
		char address[INET6_ADDRSTRLEN];

		ip_print(&order->addresses[i], address);
		buf_addf(&text,
				order->addresses[i].ss_family == AF_INET6 ? "%s[%s]"
									  : "%s%s",
				i ? "," : "", address);
	}
	buf_add_byte(&text, '\0');
	if (buf_failed(&text))
		return false;
	f->place = curl_slist_append(NULL, text.data);
	return f->place != NULL;
}

static void set_up(struct fetching *f, const struct fetch_order *order, struct buf *out)
{
	CURL *curl = f->curl;

	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(curl, CURLOPT_RESOLVE, f->place);
	curl_easy_setopt(curl, CURLOPT_CAINFO, order->roots);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(order->patience / NS_PER_MS));
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_stopping);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, order);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
}

static int fail(char reason[FETCH_REASON], const char *why)
{
	snprintf(reason, FETCH_REASON, "%s", why);
	return FETCH_E_FAILED;
}

static int judge(CURL *curl, char reason[FETCH_REASON])
{
	const char *type = NULL;
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	if (status != 200) {
		snprintf(reason, FETCH_REASON, "its web server answered %ld", status);
		return FETCH_E_FAILED;
	}
	if (!type || !view_starts_nocase(view_z(type), VIEW("text/plain")))
		return fail(reason, "what its web server has there is no text/plain");
	return FETCH_OK;
}

int fetch(const struct fetch_order *order, struct buf *out, char reason[FETCH_REASON])
{
	CLEANUP(fetching_deinit) struct fetching f = { .curl = curl_easy_init() };
	CLEANUP(buf_free) struct buf url = BUF_NULL(LONGEST_URL);
	CURLcode code;

	if (!f.curl)
		die("libcurl gives no handle");
	buf_addf(&url, "https://%.*s%.*s", VIEW_ARG(order->host), VIEW_ARG(order->path));
	buf_add_byte(&url, '\0');
	if (buf_failed(&url) || !set_place(&f, order))
		return fail(reason, "its name or its addresses are too long");
	set_up(&f, order, out);
	curl_easy_setopt(f.curl, CURLOPT_URL, url.data);
	code = curl_easy_perform(f.curl);
	if (buf_failed(out))
		return fail(reason, "the file is too large");
	if (code != CURLE_OK)
		return fail(reason, curl_easy_strerror(code));
	return judge(f.curl, reason);
}
