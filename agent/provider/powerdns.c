/* PowerDNS, by the HTTP API of its authoritative server.
 *
 *   GET   …/zones/ZONE.?rrset_name=…&rrset_type=…     the set, as it is served; or the whole
 *                                                     zone, by a server without such questions
 *   GET   …/zones/ZONE.                               with what is switched off
 *   PATCH …/zones/ZONE.                               the set replaced as one
 *
 * The API knows no condition for a change: it is read again right before, so that what comes
 * between is a few milliseconds. Values of others go back as the server wrote them, and those
 * that are switched off with them: the whole zone alone shows these. An answer counts for nothing unless it is about the zone that
 * was asked for; that a name has no values counts only where the whole zone shows it, with its
 * SOA, which no zone is without: a listing that failed looks empty, too. */
#include "agent/provider/provider.h"

#include "agent/effect/secret_form.h"
#include "agent/effect/web.h"
#include "agent/provider/powerdns_inside.h"
#include "runtime/base/error.h"

#include <stdlib.h>

enum {
	LONGEST_URL = 4096,
	LONGEST_KEY = 1024,
	LONGEST_ZONE = 16 * 1024 * 1024, /* bytes of a whole zone as JSON */
};

#define PATIENCE nstime_seconds(30)

struct session {
	const struct provider_call *call;
	struct effect_answer *answer;
	json_t *spec;
	struct secret key;
};

static void session_deinit(struct session *s)
{
	json_decref(s->spec);
	secret_free(&s->key);
}

static int session_begin(struct session *s, const struct provider_call *call,
		struct effect_answer *answer)
{
	*s = (struct session){ call, answer,
		json_loadb(call->spec.data, call->spec.len, 0, NULL), SECRET_NULL };
	return secret_form_read(
			json_object_get(s->spec, "api_key"), call->file, &s->key, answer);
}

/* -- requests -- */

static bool is_plain(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) || memchr("-._", c, 3);
}

/* Octets of a name as a URL has them. */
static void add_name(struct buf *url, struct view name)
{
	for (size_t i = 0; i < name.len; i++)
		if (is_plain(name.data[i]))
			buf_add_byte(url, name.data[i]);
		else
			buf_addf(url, "%%%02X", (unsigned)(unsigned char)name.data[i]);
	buf_add_byte(url, '.');
}

static void add_zone(const struct session *s, struct buf *url)
{
	struct view base = view_z(json_string_value(json_object_get(s->spec, "url")));

	while (view_ends(base, VIEW("/")))
		base.len--;
	buf_add(url, base);
	buf_add_z(url, "/api/v1/servers/localhost/zones/");
	add_name(url, s->call->zone);
}

/* The zone is named by the path: whether it is there, the server says by a status. */
static int judge(struct session *s, const struct web_reply *reply)
{
	int r = web_judge(reply, s->answer);

	if (r && reply->status == 404)
		return effect_failed(s->answer, "ZoneGone",
				"PowerDNS does not have the zone %.*s",
				VIEW_ARG(s->call->zone));
	return r;
}

static int send(struct session *s, const char *method, struct view url, struct view body,
		struct web_reply *reply)
{
	CLEANUP(buf_wipe) struct buf key = BUF_NULL(LONGEST_KEY);
	struct web_request request = {
		.method = method,
		.url = url,
		.body = body,
		.patience = PATIENCE,
		.file = s->call->file,
		.stopping = s->call->stopping,
	};
	int r;

	buf_add_z(&key, "X-API-Key: ");
	buf_add(&key, secret_expose(&s->key));
	if (buf_failed(&key) || memchr(key.data, '\n', key.len)) {
		s->answer->untouched = true;
		return effect_failed(s->answer, "AuthFailed",
				"the key of the API is no single line of reasonable "
				"size");
	}
	request.headers[0] = buf_view(&key);
	request.headers[1] = VIEW("Accept: application/json");
	request.headers[2] =
			body.len ? VIEW("Content-Type: application/json") : VIEW_NULL;
	r = web_call(&request, reply, s->answer);
	return r ? r : judge(s, reply);
}

static int malformed(struct session *s, const char *why)
{
	return effect_failed(s->answer, "AnswerMalformed", "PowerDNS, zone %.*s: %s",
			VIEW_ARG(s->call->zone), why);
}

/* One question: for the set, or for the whole zone. What failed was a question: nothing was
 * touched. */
static int fetch(struct session *s, bool whole, struct view name, struct view type,
		struct powerdns_zone *out)
{
	CLEANUP(buf_free) struct buf url = BUF_NULL(LONGEST_URL);
	CLEANUP(web_reply_deinit)
	struct web_reply reply = { .body = BUF_NULL(LONGEST_ZONE) };
	const char *why;
	int r;

	add_zone(s, &url);
	if (!whole) {
		buf_add_z(&url, "?rrset_name=");
		add_name(&url, name);
		buf_addf(&url, "&rrset_type=%.*s", VIEW_ARG(type));
	}
	r = send(s, "GET", buf_view(&url), VIEW_NULL, &reply);
	if (r == EFFECT_DONE && powerdns_read(buf_view(&reply.body), s->call->zone, name,
						type, s->call->arena, out, &why))
		r = malformed(s, why);
	s->answer->untouched = r == EFFECT_E_FAILED;
	return r;
}

static int fetch_whole(struct session *s, struct view name, struct view type,
		struct powerdns_zone *out)
{
	int r = fetch(s, true, name, type, out);

	if (r == EFFECT_DONE && !out->has_soa) {
		r = malformed(s, "the zone that it lists has no SOA");
		s->answer->untouched = true;
	}
	return r;
}

/* That there is nothing is believed of the whole zone alone. */
static int read_zone(struct session *s, struct view name, struct view type,
		struct powerdns_zone *out)
{
	int r = fetch(s, false, name, type, out);

	if (r || out->set.count || out->has_soa)
		return r;
	powerdns_zone_deinit(out);
	return fetch_whole(s, name, type, out);
}

/* -- what a provider does -- */

static int read_set(const struct provider_call *call, struct view name, struct view type,
		struct rrset *out, struct effect_answer *answer)
{
	CLEANUP(session_deinit) struct session s = { 0 };
	CLEANUP(powerdns_zone_deinit) struct powerdns_zone zone = { 0 };
	int r = session_begin(&s, call, answer);

	if (r == EFFECT_DONE)
		r = read_zone(&s, name, type, &zone);
	if (r == EFFECT_DONE)
		*out = zone.set;
	return r;
}

static int patch(struct session *s, const struct powerdns_zone *zone,
		const struct rrset *after)
{
	CLEANUP(buf_free) struct buf url = BUF_NULL(LONGEST_URL);
	CLEANUP(web_reply_deinit) struct web_reply reply = WEB_REPLY_NULL;
	CLEANUP(freep) char *body = powerdns_change(zone, after);

	add_zone(s, &url);
	return send(s, "PATCH", buf_view(&url), view_z(body), &reply);
}

/* The whole zone for what is switched off; then, where that is large, the set once more. */
static int read_before(
		struct session *s, const struct rrset *before, struct powerdns_zone *out)
{
	CLEANUP(powerdns_zone_deinit) struct powerdns_zone served = { 0 };
	int r = fetch_whole(s, before->name, before->type, out);

	if (r == EFFECT_DONE)
		r = fetch(s, false, before->name, before->type, &served);
	if (r == EFFECT_DONE &&
			(!rrset_eq(&out->set, before) || !rrset_eq(&served.set, before)))
		r = provider_changed_meanwhile(before, s->answer);
	return r;
}

static int change_set(const struct provider_call *call, const struct rrset *before,
		const struct rrset *after, struct effect_answer *answer)
{
	CLEANUP(session_deinit) struct session s = { 0 };
	CLEANUP(powerdns_zone_deinit) struct powerdns_zone zone = { 0 };
	int r = session_begin(&s, call, answer);

	if (r == EFFECT_DONE)
		r = read_before(&s, before, &zone);
	return r ? r : patch(&s, &zone, after);
}

static int probe(const struct provider_call *call, struct effect_answer *answer)
{
	struct rrset soa;
	int r = read_set(call, call->zone, VIEW("SOA"), &soa, answer);

	answer->untouched = r == EFFECT_E_FAILED;
	return r;
}

const struct dns_provider dns_powerdns = {
	.type = "powerdns",
	.read = read_set,
	.change = change_set,
	.probe = probe,
};
