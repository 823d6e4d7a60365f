#include "schema/sealed.h"

#include "runtime/base/base64.h"
#include "schema/value.h"

enum {
	/* Behind a header: its MAC, a nonce, and the tag of nothing. */
	LEAST_BEHIND = 5 + 43 + 1 + 16 + 16,
};

static const struct {
	const char *scheme;
	unsigned port;
} ports[] = {
	{ "http", 80 },
	{ "https", 443 },
	{ "ssh", 22 },
	{ "sftp", 22 },
	{ "smtp", 25 },
	{ "submission", 587 },
	{ "submissions", 465 },
	{ "dns", 53 },
};

int sealed_read(struct view clear, struct view place, struct view endpoint,
		struct view *out)
{
	static const struct view to = { "to: ", 4 };
	struct view rest = clear;

	if (!view_eq(view_cut(&rest, '\n'), place) || !rest.data)
		return SEALED_E_PLACE;
	if (view_starts(rest, to) || endpoint.len) {
		struct view line = view_cut(&rest, '\n');

		if (!view_starts(line, to) || !endpoint.len || !rest.data ||
				!view_eq(view_from(line, to.len), endpoint))
			return SEALED_E_ENDPOINT;
	}
	if (rest.len && rest.data[rest.len - 1] == '\n')
		rest = view_sub(rest, 0, rest.len - 1);
	*out = rest;
	return SEALED_OK;
}

static unsigned port_of_scheme(struct view scheme)
{
	for (size_t i = 0; i < ARRAY_LEN(ports); i++)
		if (view_eq(scheme, view_z(ports[i].scheme)))
			return ports[i].port;
	return 0;
}

static struct view lower(struct arena *arena, struct view text)
{
	char *copy = arena_array(arena, text.len, 1);

	for (size_t i = 0; i < text.len; i++)
		copy[i] = (char)byte_lower(text.data[i]);
	return view_of(copy, text.len);
}

/* Behind the last colon that is not within `[…]`. */
static struct view cut_port(struct view *host)
{
	size_t colon = view_find_last(*host, ':'), bracket = view_find_last(*host, ']');
	struct view port;

	if (colon == host->len || (bracket < host->len && bracket > colon))
		return VIEW_NULL;
	port = view_from(*host, colon + 1);
	*host = view_sub(*host, 0, colon);
	return port;
}

struct view endpoint_of_url(struct arena *arena, struct view url)
{
	size_t end = view_find_view(url, VIEW("://"));
	struct view scheme = lower(arena, view_sub(url, 0, end)), host, port;
	uint64_t number = port_of_scheme(scheme);

	if (end == url.len)
		return VIEW_NULL;
	host = view_from(url, end + 3);
	for (size_t i = 0; i < host.len; i++)
		if (host.data[i] == '/' || host.data[i] == '?' || host.data[i] == '#')
			host = view_sub(host, 0, i);
	/* What stands before an @ is a user, and no part of the host. */
	if (view_find_last(host, '@') < host.len)
		host = view_from(host, view_find_last(host, '@') + 1);
	port = cut_port(&host);
	if (port.len && (!view_to_u64(port, &number) || number > 65535))
		return VIEW_NULL;
	if (host.len && host.data[host.len - 1] == '.')
		host = view_sub(host, 0, host.len - 1);
	if (!host.len || !number)
		return VIEW_NULL;
	return arena_printf(arena, "%.*s://%.*s:%u", VIEW_ARG(scheme),
			VIEW_ARG(lower(arena, host)), (unsigned)number);
}

bool sealed_decode(struct view text, struct buf *out)
{
	CLEANUP(buf_free) struct buf letters = BUF_NULL(SEALED_MAX);

	for (size_t i = 0; i < text.len; i++)
		if (!memchr(" \t\r\n", text.data[i], 4))
			buf_add_byte(&letters, text.data[i]);
	return !buf_failed(&letters) && base64_decode(out, buf_view(&letters)) &&
	       view_starts(buf_view(out), VIEW("age-encryption.org/v1\n")) &&
	       view_find_view(buf_view(out), VIEW("\n--- ")) + LEAST_BEHIND <= out->len;
}

/* -- of an object -- */

struct view sealed_place(struct arena *arena, const struct desired_object *object,
		struct view path)
{
	return arena_printf(arena, "%s/%.*s/%.*s", kind_name(object->kind),
			VIEW_ARG(desired_identity(object)), VIEW_ARG(path));
}

static struct view text_of(const struct desired_object *object, const char *path)
{
	const struct value *value = value_at(object->values, path);

	return value ? value->text : VIEW_NULL;
}

static struct view relay_endpoint(
		struct arena *arena, const struct desired_object *object)
{
	const struct value *value = value_at(object->values, "port");
	int64_t port = value ? value->number : 587;

	return lower(arena, arena_printf(arena, "%s://%.*s:%lld",
					    port == 465  ? "submissions"
					    : port == 25 ? "smtp"
							 : "submission",
					    VIEW_ARG(text_of(object, "host")),
					    (long long)port));
}

struct view sealed_endpoint(struct arena *arena, const struct desired_object *object,
		struct view path)
{
	switch (object->kind) {
	case KIND_DNS_PROVIDER:
		if (view_eq(path, VIEW("api_key")))
			return endpoint_of_url(arena, text_of(object, "url"));
		return lower(arena, arena_printf(arena, "dns://%.*s",
						    VIEW_ARG(text_of(object, "server"))));
	case KIND_RELAY:
		return relay_endpoint(arena, object);
	case KIND_ISSUER:
		return endpoint_of_url(arena, text_of(object, "acme"));
	default:
		return VIEW_NULL;
	}
}
