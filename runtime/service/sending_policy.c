/* What a domain asks of those who send to it (MTA-STS, RFC 8461): its record says which policy
 * is the current one; that is fetched once and kept for as long as it says.
 *
 *   TXT ──the kept one, or none──────────────────────────► MX
 *    └──another id──► A, AAAA ──► fetch ──► kept ──────────┘
 *
 * What cannot be fetched counts as if it were not there, but a kept policy goes on. */
#include "runtime/service/sending_work.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/dns/mx.h"
#include "runtime/mailauth/sts.h"
#include "runtime/net/fetch.h"
#include "runtime/service/service.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	FETCH_SECONDS = 60,   /* RFC 8461, 3.3 */
	NOT_AGAIN_S = 5 * 60, /* what failed is not asked for meanwhile (3.3) */
	HTTPS = 443
};

struct fetching {
	struct job job;
	struct attempt *attempt;
	struct view id; /* in the attempt's arena, as all views here */
	struct view name;
	struct sockaddr_storage addresses[MX_ADDRESSES];
	size_t count;
	int outcome;
	struct buf text;
	char reason[FETCH_REASON];
};

static void fetching_free(struct fetching *f)
{
	buf_free(&f->text);
	free(f);
}

static struct view policy_host(const struct attempt *a)
{
	return arena_printf(a->arena, "mta-sts.%.*s", VIEW_ARG(a->route.host));
}

/* -- the kept one -- */

static void use(struct attempt *a, struct view text)
{
	a->has_policy = sts_policy_read(a->arena, text, &a->policy) &&
			a->policy.mode == STS_ENFORCE;
}

static bool find_kept(struct attempt *a, struct queue_policy *out)
{
	return queue_find_policy(a->sending->queue, a->route.host,
			       sending_wall(a->sending), a->arena, out) == 0;
}

static void keep(struct attempt *a, struct view id, walltime age, struct view text)
{
	walltime now = sending_wall(a->sending);
	const struct queue_policy policy = {
		.domain = a->route.host, .id = id, .expires = now + age, .text = text
	};
	int r = queue_keep_policy(a->sending->queue, &policy, now);

	if (r)
		log_event(LOG_WARN, "sending.policy.lost",
				log_view("domain", a->route.host),
				log_text("reason", "queue.db does not take it now"));
}

/* -- fetching it -- */

static void fetched(struct job *job)
{
	struct fetching *f = CONTAINER_OF(job, struct fetching, job);
	struct attempt *a = f->attempt;
	struct queue_policy kept;
	struct sts_policy policy;
	bool good = f->outcome == FETCH_OK &&
		    sts_policy_read(a->arena, buf_view(&f->text), &policy);

	if (good) {
		keep(a, f->id, policy.max_age, buf_view(&f->text));
		use(a, buf_view(&f->text));
		log_event(LOG_INFO, "sending.policy.fetched",
				log_view("domain", a->route.host),
				log_text("mode", sts_mode_name(policy.mode)),
				log_number("max_age", policy.max_age));
	} else if (sending_goes_on(a->sending)) {
		log_event(LOG_INFO, "sending.policy.failed",
				log_view("domain", a->route.host),
				log_text("reason", f->outcome ? f->reason
							      : "it is no policy"));
		if (find_kept(a, &kept))
			use(a, kept.text);
		else
			keep(a, f->id, NOT_AGAIN_S, VIEW_NULL);
	}
	fetching_free(f);
	hosts_ask(a);
}

/* On a thread of the fetchers. */
static void run_fetch(struct job *job)
{
	struct fetching *f = CONTAINER_OF(job, struct fetching, job);
	struct sending *s = f->attempt->sending;
	const struct fetch_order order = { .host = f->name,
		.path = VIEW("/.well-known/mta-sts.txt"),
		.addresses = f->addresses,
		.address_count = f->count,
		.roots = tls_trust_roots(),
		.patience = nstime_seconds(FETCH_SECONDS),
		.stopping = &s->abandons };

	f->outcome = fetch(&order, &f->text, f->reason);
	f->job.run = fetched;
	sending_post(s, &f->job);
}

/* A stranger says where that is: nothing that only this machine or its network can reach. */
static void keep_public(struct attempt *a, struct fetching *f)
{
	CLEANUP(configuration_unrefp)
	struct configuration *c = service_configuration(a->sending->service);
	size_t kept = 0;

	for (size_t i = 0; i < f->count; i++)
		if (reach_of(&f->addresses[i]) == REACH_PUBLIC ||
				connect_excepted(configuration_connect(c),
						&f->addresses[i]))
			f->addresses[kept++] = f->addresses[i];
	f->count = kept;
}

static void addresses_came(struct looking *l)
{
	struct attempt *a = l->attempt;
	struct fetching *f = l->data;

	mx_addresses(looking_answer(l, 1), DNS_AAAA, HTTPS, f->addresses, &f->count);
	mx_addresses(looking_answer(l, 0), DNS_A, HTTPS, f->addresses, &f->count);
	keep_public(a, f);
	if (f->count && sending_goes_on(a->sending)) {
		f->job.run = run_fetch;
		worker_submit(a->sending->fetchers, &f->job);
		return;
	}
	f->outcome = FETCH_E_FAILED;
	snprintf(f->reason, sizeof(f->reason), "%.*s has no public address",
			VIEW_ARG(f->name));
	fetched(&f->job);
}

static void begin_fetch(struct attempt *a, struct view id)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	struct fetching *f = xcalloc(1, sizeof(*f));

	f->attempt = a;
	f->id = arena_copy(a->arena, id);
	f->name = policy_host(a);
	f->text = BUF_NULL(STS_POLICY_MAX);
	looking_ask(a, f->name, types, ARRAY_LEN(types), addresses_came, f);
}

/* -- the record -- */

/* Exactly one (3.1). */
static bool current_id(const struct dns_answer *answer, struct view *out)
{
	size_t found = 0;

	for (size_t i = 0; i < answer->count; i++)
		found += sts_record_read(answer->records[i].text, out);
	return answer->status == DNS_ANSWERED && found == 1;
}

static void record_came(struct looking *l)
{
	struct attempt *a = l->attempt;
	struct queue_policy kept = { 0 };
	bool has_kept = find_kept(a, &kept);
	struct view id = VIEW_NULL;
	bool has_id = current_id(looking_answer(l, 0), &id);

	if (has_id && (!has_kept || !view_eq(id, kept.id)) &&
			sending_goes_on(a->sending)) {
		begin_fetch(a, id);
		return;
	}
	if (has_kept)
		use(a, kept.text);
	hosts_ask(a);
}

void policy_find(struct attempt *a)
{
	static const enum dns_type txt = DNS_TXT;

	looking_ask(a, arena_printf(a->arena, "_mta-sts.%.*s", VIEW_ARG(a->route.host)),
			&txt, 1, record_came, NULL);
}
