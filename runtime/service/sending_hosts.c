/* Where an attempt goes: the hosts of its route, and each one's addresses once it is that
 * host's turn. Questions are answered on the resolver's loop and looked at on the sending
 * thread.
 *
 *   MX ──► hosts ──► (A, AAAA ──► addresses ──► dial each)* ──► put off
 */
#include "runtime/service/sending_work.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/crypto/random.h"
#include "runtime/dns/mx.h"
#include "runtime/net/ip.h"
#include "runtime/service/service.h"

#include <stdlib.h>

static void looking_free(struct looking *l)
{
	for (size_t i = 0; i < ARRAY_LEN(l->asked); i++)
		if (l->asked[i].lookup)
			op_free(&l->asked[i].lookup->op);
	free(l);
}

static void look_at(struct job *job)
{
	struct looking *l = CONTAINER_OF(job, struct looking, job);

	l->then(l);
	looking_free(l);
}

/* On the resolver's loop, which answers all of them. */
static void answered(struct resolver_question *question)
{
	struct looking *l = CONTAINER_OF(question, struct asked, question)->looking;

	if (--l->left == 0)
		sending_post(l->attempt->sending, &l->job);
}

const struct dns_answer *looking_answer(const struct looking *l, size_t n)
{
	return &l->asked[n].lookup->answer;
}

void looking_ask(struct attempt *a, struct view name, const enum dns_type *types,
		size_t count, void (*then)(struct looking *looking), void *data)
{
	struct looking *l = xcalloc(1, sizeof(*l));

	l->attempt = a;
	l->data = data;
	l->then = then;
	l->left = count;
	l->job.run = look_at;
	for (size_t i = 0; i < count; i++) {
		struct asked *asked = &l->asked[i];

		asked->looking = l;
		asked->lookup = dns_lookup_new(types[i], name);
		asked->question = (struct resolver_question){ .lookup = asked->lookup,
			.answered = answered };
	}
	for (size_t i = 0; i < count; i++)
		resolver_ask(a->sending->resolver, &l->asked[i].question);
}

/* -- hosts -- */

static void put_off(struct attempt *a, const struct mx_reply *reply, const char *reason)
{
	const struct smtp_result why = {
		.verdict = reply->code >= 500 ? SMTP_REFUSED : SMTP_DEFERRED,
		.stage = SMTP_STAGE_GREETING,
		.cause = SMTP_CAUSE_OURS,
		.status = view_z(reply->status),
		.text = reason[0] ? arena_printf(a->arena, "%s: %s", reply->text, reason)
				  : view_z(reply->text),
	};

	attempt_put_off(a, &why, VIEW_NULL);
}

/* Those that the domain's policy names, where it has one (RFC 8461, 4.1). */
static void set_hosts(struct attempt *a, const struct mx_list *list)
{
	a->secure = list->secure;
	a->hosts = arena_array(a->arena, list->count, sizeof(*a->hosts));
	for (size_t i = 0; i < list->count; i++) {
		struct view name = list->hosts[i].name;
		struct host *host = &a->hosts[a->host_count];

		if (a->has_policy && !sts_policy_has(&a->policy, name))
			continue;
		host->name = arena_copy(a->arena, name);
		host->security = a->has_policy ? SECURITY_VERIFIED : SECURITY_MAY;
		a->host_count++;
	}
}

static void put_off_by_policy(struct attempt *a)
{
	const struct smtp_result why = { .verdict = SMTP_DEFERRED,
		.stage = SMTP_STAGE_TLS,
		.cause = SMTP_CAUSE_OURS,
		.status = VIEW("4.7.5"),
		.text = VIEW("the policy of its domain (MTA-STS) names none of its "
			     "hosts") };

	attempt_put_off(a, &why, VIEW_NULL);
}

static void mx_came(struct looking *l)
{
	struct attempt *a = l->attempt;
	CLEANUP(configuration_unrefp)
	struct configuration *c = service_configuration(a->sending->service);
	struct mx_list list;
	enum mx_outcome outcome;
	uint64_t seed;

	if (!sending_goes_on(a->sending)) {
		attempt_drop(a);
		return;
	}
	random_bytes(&seed, sizeof(seed));
	outcome = mx_list(&l->asked[0].lookup->answer, a->route.host,
			configuration_host(c)->name, seed, &list);
	if (outcome != MX_OK) {
		put_off(a, mx_reply(outcome), l->asked[0].question.reason);
		return;
	}
	set_hosts(a, &list);
	attempt_tell_hosts(a, &list);
	if (a->host_count)
		attempt_go_on(a);
	else
		put_off_by_policy(a);
}

/* A password goes to nobody but the relay itself. */
static enum security relay_security(
		const struct attempt *a, const struct relay_spec *relay)
{
	struct sockaddr_storage address;

	if (!relay || relay->user.len == 0)
		return SECURITY_MAY;
	return ip_parse(a->route.host, a->route.port, &address) &&
					       reach_of(&address) == REACH_LOOPBACK
			       ? SECURITY_HERE
			       : SECURITY_VERIFIED;
}

static void use_one(struct attempt *a)
{
	CLEANUP(configuration_unrefp)
	struct configuration *c = service_configuration(a->sending->service);
	const struct relay_spec *relay = configuration_relay_named(c, a->route.relay);
	struct host *host = ARENA_NEW(a->arena, struct host);
	const struct smtp_result locked = { .verdict = SMTP_DEFERRED,
		.stage = SMTP_STAGE_AUTH,
		.cause = SMTP_CAUSE_OURS,
		.status = VIEW("4.7.0"),
		.text = VIEW("the password for the relay could not be read on this "
			     "host") };

	if (relay && relay->user.len && !relay->password) {
		attempt_put_off(a, &locked, VIEW_NULL);
		return;
	}
	host->name = a->route.host;
	host->security = relay_security(a, relay);
	host->looked = ip_parse(a->route.host, a->route.port, &host->addresses[0]);
	host->count = host->looked;
	a->hosts = host;
	a->host_count = 1;
	attempt_tell(a, "relay",
			"Its mail goes by the relay %.*s, port %u, as the state says.",
			VIEW_ARG(host->name), a->route.port);
	attempt_go_on(a);
}

void hosts_find(struct attempt *a)
{
	if (a->route.way == WAY_HOST) {
		use_one(a);
		return;
	}
	if (!a->sending->resolver) {
		put_off(a, mx_reply(MX_FAILED), "there is no resolver");
		return;
	}
	policy_find(a);
}

void hosts_ask(struct attempt *a)
{
	static const enum dns_type mx = DNS_MX;

	attempt_tell(a, "policy",
			a->has_policy ? "%.*s has a policy in force (MTA-STS): only "
					"hosts that "
					"it names, by TLS with a certificate that is "
					"trusted."
				      : "%.*s enforces no policy (MTA-STS).",
			VIEW_ARG(a->route.host));
	if (sending_goes_on(a->sending))
		looking_ask(a, a->route.host, &mx, 1, mx_came, NULL);
	else
		attempt_drop(a);
}

/* -- what the DNS says of a host's certificate (RFC 7672) -- */

static void take_pins(
		struct attempt *a, struct host *host, const struct dns_answer *answer)
{
	struct tls_pin *pins = arena_array(a->arena, MOST_PINS, sizeof(*pins));

	for (size_t i = 0; i < answer->count && host->pins.count < MOST_PINS; i++) {
		const struct dns_record *record = &answer->records[i];
		struct tls_pin *pin = &pins[host->pins.count];

		*pin = (struct tls_pin){ (unsigned char)record->usage, record->selector,
			record->matching, arena_copy(a->arena, record->text) };
		host->pins.count += tls_pin_fits(pin);
	}
	host->pins.items = pins;
	host->pins.also = a->route.host;
	host->security = host->pins.count ? SECURITY_PINNED : SECURITY_ENCRYPTED;
}

/* Without an answer nobody knows what the host asks for: it is passed over (2.1.1). What has
 * no record that can be used asks for TLS alone (2.2), and no less than a policy does. */
static void pins_came(struct looking *l)
{
	struct attempt *a = l->attempt;
	struct host *host = &a->hosts[a->host];
	const struct dns_answer *answer = looking_answer(l, 0);
	const struct smtp_result why = { .stage = SMTP_STAGE_TLS,
		.cause = SMTP_CAUSE_OURS,
		.status = VIEW("4.7.5"),
		.text = VIEW("what the DNS says of its certificate (DANE) cannot be "
			     "looked up") };
	bool verified = host->security == SECURITY_VERIFIED;

	if (!sending_goes_on(a->sending)) {
		attempt_drop(a);
		return;
	}
	if (dns_answer_failed(answer)) {
		host->count = 0;
		attempt_cannot(a, &why, host->name);
		return;
	}
	if (answer->status == DNS_ANSWERED && answer->secure)
		take_pins(a, host, answer);
	if (host->security == SECURITY_PINNED || host->security == SECURITY_ENCRYPTED)
		attempt_tell(a, "tlsa",
				"The DNS asks for TLS with %.*s (DANE): %zu records "
				"name its certificate.",
				VIEW_ARG(host->name), host->pins.count);
	if (verified && host->security == SECURITY_ENCRYPTED)
		host->security = SECURITY_VERIFIED;
	attempt_go_on(a);
}

static void ask_for_pins(struct attempt *a, const struct host *host)
{
	static const enum dns_type tlsa = DNS_TLSA;

	looking_ask(a,
			arena_printf(a->arena, "_%u._tcp.%.*s", a->route.port,
					VIEW_ARG(host->name)),
			&tlsa, 1, pins_came, NULL);
}

/* -- addresses -- */

/* No addresses say nothing that could be wrong. */
static bool is_secure(const struct dns_answer *answer)
{
	return answer->secure || answer->count == 0;
}

static void addresses_came(struct looking *l)
{
	struct attempt *a = l->attempt;
	struct host *host = &a->hosts[a->host];
	const struct dns_answer *four = &l->asked[0].lookup->answer,
				*six = &l->asked[1].lookup->answer;
	const struct smtp_result why = {
		.verdict = SMTP_DEFERRED,
		.stage = SMTP_STAGE_GREETING,
		.cause = SMTP_CAUSE_OURS,
		.status = VIEW("4.4.3"),
		.text = dns_answer_failed(four)
					? VIEW("its addresses cannot be looked up")
					: VIEW("it has no address"),
	};

	if (!sending_goes_on(a->sending)) {
		attempt_drop(a);
		return;
	}
	host->looked = true;
	mx_addresses(six, DNS_AAAA, a->route.port, host->addresses, &host->count);
	mx_addresses(four, DNS_A, a->route.port, host->addresses, &host->count);
	attempt_tell_addresses(a, host);
	if (!host->count)
		attempt_cannot(a, &why, host->name);
	else if (a->secure && is_secure(four) && is_secure(six))
		ask_for_pins(a, host);
	else
		attempt_go_on(a);
}

void hosts_look_up(struct attempt *a)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	const struct smtp_result why = { .verdict = SMTP_DEFERRED,
		.stage = SMTP_STAGE_GREETING,
		.cause = SMTP_CAUSE_OURS,
		.status = VIEW("4.4.3"),
		.text = VIEW("there is no resolver") };

	if (a->sending->resolver) {
		looking_ask(a, a->hosts[a->host].name, types, ARRAY_LEN(types),
				addresses_came, NULL);
		return;
	}
	a->hosts[a->host].looked = true;
	attempt_cannot(a, &why, a->hosts[a->host].name);
}
