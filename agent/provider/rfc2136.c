/* Dynamic updates (RFC 2136) at a zone's primary server, by TCP and signed by a TSIG key,
 * questions as well: what is read is what the server said, and nobody between.
 *
 *   read:   question ──► the set; an empty update with it as prerequisite says that the zone
 *           has it, and no wildcard made it up
 *   change: update, with the set that was read as prerequisite ──► done, or not it any more
 */
#include "agent/effect/reach.h"
#include "agent/effect/secret_form.h"
#include "agent/provider/exchange.h"
#include "agent/provider/packet.h"
#include "agent/provider/provider.h"
#include "agent/provider/tsig.h"
#include "agent/provider/update.h"
#include "runtime/base/base64.h"
#include "runtime/base/network.h"
#include "runtime/crypto/random.h"
#include "runtime/dns/name.h"
#include "schema/name.h"

#include <netinet/in.h>

enum {
	LONGEST_MESSAGE = 65535,
	LONGEST_SECRET = 1024,
	CODE_NXDOMAIN = 3, /* RFC 2136, 2.2: the name is not in use */
	CODE_NOTIMP = 4,
	CODE_YXDOMAIN = 6,
	CODE_YXRRSET = 7,
	CODE_NXRRSET = 8,
	CODE_NOTZONE = 10,
};

#define PATIENCE nstime_seconds(20)

struct session {
	const struct provider_call *call;
	struct effect_answer *answer;
	json_t *spec;
	struct sockaddr_storage to;
	struct tsig_key key;
	struct buf secret;
};

static void session_deinit(struct session *s)
{
	json_decref(s->spec);
	buf_wipe(&s->secret);
}

/* What fails before anything was sent, or by a question. */
static int untouched(struct session *s, int r)
{
	s->answer->untouched = r == EFFECT_E_FAILED;
	return r;
}

/* -- the server and the key -- */

static struct view text_at(const json_t *object, const char *name)
{
	const json_t *text = json_object_get(object, name);

	return view_of(json_string_value(text), json_string_length(text));
}

static bool read_address(struct session *s, struct view text)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&s->to;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&s->to;
	struct desired_listen server;
	struct network address;
	const char *why;

	if (endpoint_parse(s->call->arena, text, &server, &why) ||
			!network_parse(server.address, &address))
		return false;
	if (address.six) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(server.port);
		memcpy(&six->sin6_addr, address.bytes, 16);
	} else {
		four->sin_family = AF_INET;
		four->sin_port = htons(server.port);
		memcpy(&four->sin_addr, address.bytes, 4);
	}
	return true;
}

static int read_key(struct session *s, const json_t *key)
{
	CLEANUP(secret_free) struct secret secret = SECRET_NULL;
	int r = secret_form_read(json_object_get(key, "secret"), s->call->file, &secret,
			s->answer);

	if (r)
		return r;
	s->key.name = arena_copy(s->call->arena, text_at(key, "name"));
	if (!base64_decode(&s->secret, view_trim(secret_expose(&secret))) ||
			!s->secret.len)
		return effect_failed(s->answer, "AuthFailed",
				"the secret of the TSIG key %.*s is no base64",
				VIEW_ARG(s->key.name));
	s->key.secret = buf_view(&s->secret);
	return EFFECT_DONE;
}

static int session_begin(struct session *s, const struct provider_call *call,
		struct effect_answer *answer)
{
	const json_t *key;
	struct view server;

	*s = (struct session){ call, answer,
		json_loadb(call->spec.data, call->spec.len, 0, NULL),
		.secret = BUF_NULL(LONGEST_SECRET) };
	key = json_object_get(s->spec, "key");
	server = text_at(s->spec, "server");
	if (!read_address(s, server) ||
			!tsig_hash(text_at(key, "algorithm"), &s->key.hash))
		return untouched(s,
				effect_failed(answer, "Refused",
						"the provider has no server or no key"));
	if (!reach_allowed(call->file, &s->to))
		return untouched(s,
				effect_failed(answer, "NotAllowed",
						"%.*s: its address is %s, which "
						"`allow.connect` of agent.yaml does not "
						"let a state reach",
						VIEW_ARG(server),
						reach_name(reach_of(&s->to))));
	return untouched(s, read_key(s, key));
}

/* -- one message and its reply -- */

static unsigned code_of(struct view message)
{
	return (unsigned char)message.data[3] & 0x0f;
}

static int zone_gone(struct session *s)
{
	return effect_failed(s->answer, "ZoneGone",
			"the server does not have the zone %.*s",
			VIEW_ARG(s->call->zone));
}

static int check_signature(
		struct session *s, struct view reply, const struct tsig_mac *mac)
{
	switch (tsig_verify(reply, &s->key, mac, clock_wall())) {
	case TSIG_OK:
		return EFFECT_DONE;
	case TSIG_E_REFUSED:
		return effect_failed(s->answer, "AuthFailed",
				"the server does not take the TSIG key %.*s: another "
				"name, algorithm or secret there, or no right to this "
				"zone",
				VIEW_ARG(s->key.name));
	case TSIG_E_TIME:
		return effect_failed(s->answer, "AuthFailed",
				"the server's clock and this machine's differ by more "
				"than five minutes");
	case TSIG_E_UNSIGNED:
		/* Of a zone that it does not have a server knows no keys. */
		if (code_of(reply) == REPLY_REFUSED || code_of(reply) == REPLY_NOTAUTH)
			return zone_gone(s);
		return effect_failed(s->answer, "PeerUntrusted",
				"the server's reply is not signed by the TSIG key %.*s: "
				"does it know the key?",
				VIEW_ARG(s->key.name));
	default:
		return effect_failed(s->answer, "PeerUntrusted",
				"the signature of the server's reply is not that of the "
				"TSIG key %.*s",
				VIEW_ARG(s->key.name));
	}
}

static int converse(struct session *s, struct buf *message, struct view *reply_out)
{
	struct exchange exchange = { .to = s->to, .stream = true };
	struct tsig_mac mac;
	int r;

	if (!tsig_sign(message, &s->key, clock_wall(), &mac))
		return untouched(s, effect_failed(s->answer, "Refused",
						    "it does not fit into a message"));
	exchange.query = buf_view(message);
	exchange_all(&exchange, 1,
			&(struct exchange_options){
					s->call->arena, PATIENCE, s->call->stopping });
	if (exchange.outcome == EXCHANGE_SILENT)
		return effect_failed(s->answer, "Timeout", "the server does not answer");
	if (exchange.outcome == EXCHANGE_UNREACHABLE)
		return effect_failed(s->answer, "ConnectionLost",
				"the server cannot be reached, or hung up");
	r = check_signature(s, exchange.reply, &mac);
	*reply_out = exchange.reply;
	return r;
}

static uint16_t draw_id(void)
{
	uint16_t id;

	random_bytes(&id, sizeof(id));
	return id;
}

/* -- questions -- */

static int say_nothing(struct session *s, enum reply_says says)
{
	switch (says) {
	case REPLY_HOLDS:
		return EFFECT_DONE;
	case REPLY_ELSEWHERE:
		return zone_gone(s);
	case REPLY_FAILS:
		return effect_failed(s->answer, "ServerFailed",
				"the server has the zone %.*s and cannot answer for it",
				VIEW_ARG(s->call->zone));
	default:
		return effect_failed(s->answer, "AnswerMalformed",
				"the server's answer makes no sense");
	}
}

static int ask(struct session *s, struct view name, struct view type, struct rrset *out)
{
	const struct question question = { name, type, draw_id(), false };
	CLEANUP(buf_free) struct buf message = BUF_NULL(LONGEST_MESSAGE);
	CLEANUP(reply_deinit) struct reply reply = { 0 };
	struct view wire;
	int r;

	if (!question_write(&question, &message))
		return effect_failed(s->answer, "Refused", "%.*s %.*s: no name or type",
				VIEW_ARG(name), VIEW_ARG(type));
	r = converse(s, &message, &wire);
	if (r)
		return r;
	if (reply_read(wire, &question, &reply))
		return say_nothing(s, REPLY_UNUSABLE);
	return say_nothing(s, reply_judge(&reply, &question, s->call->zone,
					      s->call->arena, out));
}

/* -- updates -- */

/* A server that refuses has the zone and not us, or not even the zone. */
static int refused(struct session *s)
{
	struct rrset soa;
	int r = ask(s, s->call->zone, VIEW("SOA"), &soa);

	if (r)
		return untouched(s, r);
	return untouched(s,
			effect_failed(s->answer, "Forbidden",
					"the server does not let the TSIG key %.*s "
					"change the zone %.*s",
					VIEW_ARG(s->key.name), VIEW_ARG(s->call->zone)));
}

static int judge(struct session *s, unsigned code, const struct rrset *before)
{
	switch (code) {
	case REPLY_NOERROR:
		return EFFECT_DONE;
	case CODE_NXDOMAIN:
	case CODE_YXDOMAIN:
	case CODE_YXRRSET:
	case CODE_NXRRSET:
		return provider_changed_meanwhile(before, s->answer);
	case REPLY_REFUSED:
		return refused(s);
	case REPLY_NOTAUTH:
		return untouched(s, zone_gone(s));
	case CODE_NOTIMP:
	case CODE_NOTZONE:
		return untouched(
				s, effect_failed(s->answer, "Refused",
						   "the server takes no such update (%u)",
						   code));
	default:
		return effect_failed(s->answer, "ServerFailed",
				"the server failed to update the zone %.*s (%u)",
				VIEW_ARG(s->call->zone), code);
	}
}

static int update(
		struct session *s, const struct rrset *before, const struct rrset *after)
{
	CLEANUP(buf_free) struct buf message = BUF_NULL(LONGEST_MESSAGE);
	struct view wire;
	int r;

	if (!view_eq(before->name, s->call->zone) &&
			!name_is_under(before->name, s->call->zone))
		return untouched(s, effect_failed(s->answer, "Refused",
						    "%.*s does not lie in the zone %.*s",
						    VIEW_ARG(before->name),
						    VIEW_ARG(s->call->zone)));
	if (!update_write(s->call->zone, draw_id(), before, after, &message))
		return untouched(s,
				effect_failed(s->answer, "Refused",
						"the set does not fit into a message"));
	r = converse(s, &message, &wire);
	/* A server that does not know us, or the zone, has not done it. */
	if (r && (strcmp(s->answer->reason, "AuthFailed") == 0 ||
				 strcmp(s->answer->reason, "ZoneGone") == 0))
		return untouched(s, r);
	if (r)
		return r;
	return judge(s, code_of(wire), before);
}

/* -- what a provider does -- */

/* Nothing of that set is in the zone: what was answered came from a wildcard. */
static int read_as_none(struct session *s, struct rrset *set)
{
	set->count = 0;
	set->ttl = 0;
	return update(s, set, set);
}

static int read_set(const struct provider_call *call, struct view name, struct view type,
		struct rrset *out, struct effect_answer *answer)
{
	CLEANUP(session_deinit) struct session s = { 0 };
	struct rrset set;
	int r = session_begin(&s, call, answer);

	if (r)
		return r;
	r = ask(&s, name, type, &set);
	if (r == EFFECT_DONE && set.count) {
		r = update(&s, &set, &set);
		if (r && strcmp(answer->reason, "ChangedMeanwhile") == 0)
			r = read_as_none(&s, &set);
	}
	if (r == EFFECT_DONE)
		*out = set;
	return untouched(&s, r);
}

static int change_set(const struct provider_call *call, const struct rrset *before,
		const struct rrset *after, struct effect_answer *answer)
{
	CLEANUP(session_deinit) struct session s = { 0 };
	int r = session_begin(&s, call, answer);

	return r ? r : update(&s, before, after);
}

static int probe(const struct provider_call *call, struct effect_answer *answer)
{
	CLEANUP(session_deinit) struct session s = { 0 };
	struct rrset soa;
	int r = session_begin(&s, call, answer);

	if (r == EFFECT_DONE)
		r = ask(&s, call->zone, VIEW("SOA"), &soa);
	if (r == EFFECT_DONE)
		r = update(&s, &soa, &soa);
	/* Somebody else changed the zone between the two. */
	if (r && strcmp(answer->reason, "ChangedMeanwhile") == 0)
		r = EFFECT_DONE;
	return untouched(&s, r);
}

const struct dns_provider dns_rfc2136 = {
	.type = "rfc2136",
	.read = read_set,
	.change = change_set,
	.probe = probe,
};
