/* Reports that are owed go into the intake log like any message, under their number in the
 * queue as the origin; once they are durable there the queue forgets them. */
#include "runtime/service/sending_work.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/crypto/random.h"
#include "runtime/mail/address.h"
#include "runtime/mail/report.h"
#include "runtime/queue/retry.h"
#include "runtime/service/letter.h"
#include "runtime/service/service.h"
#include "runtime/service/signing.h"
#include "runtime/store/intake.h"

#include <stdlib.h>

enum {
	WHOLE_MAX = 1024 * 1024, /* a longer message comes back without its body */
	HEADER_MAX = 256 * 1024, /* of the message, in a report */
	REPORT_MAX = 1024 *
		     1024, /* what is written about 1,000 recipients, and a header */
	AGAIN_S = 60,
	UNIQUE_BYTES = 12
};

/* One on its way. */
struct reporting {
	struct list link; /* sending->reports */
	struct job job;
	struct sending *sending;
	uint64_t report;
	bool handed_in, arrived;
	int outcome; /* of the intake log */
};

static struct reporting *find(struct sending *s, uint64_t report)
{
	LIST_EACH (link, &s->reports) {
		struct reporting *r = LIST_ITEM(link, struct reporting, link);

		if (r->report == report)
			return r;
	}
	return NULL;
}

/* It stays in the list until its message comes back as durable, which may be before this. */
static void handed_in(struct job *job)
{
	struct reporting *r = CONTAINER_OF(job, struct reporting, job);

	r->handed_in = true;
	if (r->outcome) {
		list_remove(&r->link);
		r->sending->reports_due = clock_now() + nstime_seconds(AGAIN_S);
	}
	if (r->outcome || r->arrived)
		free(r);
}

/* On the committing thread. */
static void done(void *arg, int outcome, uint64_t id)
{
	struct reporting *r = arg;

	(void)id;
	r->outcome = outcome;
	sending_post(r->sending, &r->job);
}

void report_arrived(struct sending *s, uint64_t report)
{
	struct reporting *r = find(s, report);

	if (!r)
		return;
	list_remove(&r->link);
	r->arrived = true;
	if (r->handed_in)
		free(r);
}

void reports_forget(struct sending *s)
{
	struct list *link;

	while ((link = list_pop(&s->reports)))
		free(LIST_ITEM(link, struct reporting, link));
}

/* -- writing one -- */

struct draft {
	struct sending *sending;
	struct arena *arena;
	struct configuration *configuration;
	struct queue_message message;
	struct report report;
	struct report_recipient *recipients;
	struct view forwarder; /* who sent it on; empty: the sender is told */
	struct buf original;   /* the header of the message, or all of it */
};

static void draft_end(struct draft *d)
{
	buf_free(&d->original);
	configuration_unref(d->configuration);
	arena_free(d->arena);
}

static enum report_action action_of(enum queue_action action)
{
	if (action == QUEUE_ACTION_FAILED)
		return REPORT_FAILED;
	if (action == QUEUE_ACTION_DELIVERED)
		return REPORT_DELIVERED;
	return action == QUEUE_ACTION_DELAYED ? REPORT_DELAYED : REPORT_RELAYED;
}

static void add_recipients(struct draft *d, uint64_t report)
{
	struct queue_message *m = &d->message;

	d->recipients = arena_array(d->arena, m->recipient_count, sizeof(*d->recipients));
	for (size_t i = 0; i < m->recipient_count; i++) {
		const struct queue_recipient *from = &m->recipients[i];

		if (from->report != report)
			continue;
		d->forwarder = from->forwarder;
		d->recipients[d->report.recipient_count++] = (struct report_recipient){
			.action = action_of(from->action),
			.address = from->address,
			.orcpt = from->orcpt,
			.status = from->last.status,
			.host = from->last.host,
			.code = from->last.code,
			.text = from->last.text,
			.last_attempt = from->last.at,
			.until = m->received + RETRY_EXPIRES_S,
		};
	}
	d->report.recipients = d->recipients;
}

/* Where the header block ends, its empty line not counted; `len` where it does not. */
static size_t header_end(struct view bytes)
{
	size_t at = view_find_view(bytes, VIEW("\r\n\r\n"));

	return at == bytes.len ? at : at + 2;
}

static int read_original(struct draft *d)
{
	size_t max = d->report.whole ? WHOLE_MAX + QUEUE_PIECE : HEADER_MAX;
	struct view bytes;
	size_t before;
	int r = 0;

	d->original = BUF_NULL(max + QUEUE_PIECE);
	for (uint64_t piece = 0; !r && d->original.len < max; piece++) {
		before = d->original.len;
		r = queue_read(d->sending->queue, d->message.id, piece, &d->original);
		bytes = buf_view(&d->original);
		if (d->original.len == before)
			break;
		if (!d->report.whole && header_end(bytes) < bytes.len)
			break;
	}
	if (r)
		return r;
	bytes = buf_view(&d->original);
	d->report.header = view_sub(bytes, 0, header_end(bytes));
	if (!d->report.whole)
		buf_truncate(&d->original, d->report.header.len);
	d->report.header = view_sub(buf_view(&d->original), 0, d->report.header.len);
	return 0;
}

/* RET is about reports of failure (RFC 3461, 4.3). */
static bool tells_of_failure(const struct draft *d)
{
	for (size_t i = 0; i < d->report.recipient_count; i++)
		if (d->recipients[i].action == REPORT_FAILED)
			return true;
	return false;
}

/* An outcome of store/database.h, or a fault; no recipient: nothing is to be told. */
static int draft(struct sending *s, uint64_t report, uint64_t message, struct draft *d)
{
	const struct os *os = service_os(s->service);
	int r;

	*d = (struct draft){ .sending = s,
		.arena = arena_new(),
		.configuration = service_configuration(s->service) };
	r = queue_load(s->queue, message, d->arena, &d->message);
	if (r)
		return r == DATABASE_E_ABSENT ? 0 : r;
	d->report = (struct report){
		.host = configuration_host(d->configuration)->name,
		.to = d->message.sender,
		.now = os->wall(os->state),
		.arrived = d->message.received,
		.envid = d->message.envid,
		.wide = d->message.utf8,
	};
	add_recipients(d, report);
	if (d->forwarder.len) {
		d->report.to = d->forwarder;
		d->report.sent_on = true;
	}
	d->report.whole = (d->report.sent_on || d->message.ret == DSN_RET_FULL) &&
			  tells_of_failure(d) && d->message.size <= WHOLE_MAX;
	d->report.unique = random_name(d->arena, UNIQUE_BYTES);
	return d->report.recipient_count ? read_original(d) : 0;
}

/* -- handing it in -- */

/* Those behind the address that are here. */
static struct intake_recipient *here(
		struct draft *d, struct view address, size_t *count_out)
{
	size_t count, kept = 0;
	struct intake_recipient *all =
			letter_addressees(d->configuration, address, d->arena, &count);

	for (size_t i = 0; i < count; i++)
		if (!intake_leads_out(&all[i]))
			all[kept++] = all[i];
	*count_out = kept;
	return all;
}

static struct intake_recipient *postmaster_of(
		struct draft *d, struct view domain, size_t *count_out)
{
	return here(d, arena_printf(d->arena, "postmaster@%.*s", VIEW_ARG(domain)),
			count_out);
}

/* The user whose forward it was; of an alias who keeps its domain, or else this host. Never
 * anybody elsewhere. */
static struct intake_recipient *owner(struct draft *d, size_t *count_out)
{
	const struct account_spec *account =
			configuration_login(d->configuration, d->forwarder);
	struct view host = configuration_host(d->configuration)->name, local, domain;
	struct intake_recipient *all = NULL;

	*count_out = 0;
	if (account && account->state == ACCOUNT_ACTIVE) {
		all = ARENA_NEW(d->arena, struct intake_recipient);
		memcpy(all->account, account->uid, sizeof(all->account));
		all->address = d->forwarder;
		*count_out = 1;
		return all;
	}
	if (address_split(d->forwarder, &local, &domain))
		all = postmaster_of(d, domain, count_out);
	for (; *count_out == 0 && host.len; view_cut(&host, '.'))
		all = postmaster_of(d, host, count_out);
	return all;
}

/* NULL: it stays here, or there is no key. */
static struct dkim_sign *begin_to_sign(
		const struct draft *d, const struct intake_recipient *to, size_t count)
{
	bool leads_out = false;

	for (size_t i = 0; i < count; i++)
		leads_out |= intake_leads_out(&to[i]);
	return leads_out ? signing_begin(d->configuration, d->report.host, d->report.now)
			 : NULL;
}

static int add_piece(struct intake_message *m, struct dkim_sign *sign, struct view piece)
{
	if (sign)
		dkim_sign_feed(sign, piece);
	return intake_chunk(m, piece);
}

static int write_report(
		const struct draft *d, struct intake_message *m, struct dkim_sign *sign)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(REPORT_MAX);
	int r;

	report_begin(&text, &d->report);
	r = add_piece(m, sign, buf_view(&text));
	if (!r)
		r = add_piece(m, sign, buf_view(&d->original));
	buf_clear(&text);
	report_end(&text, &d->report);
	return r ? r : add_piece(m, sign, buf_view(&text));
}

/* Outcomes of store/intake.h. */
static int hand_in(struct draft *d, uint64_t report, const struct intake_recipient *to,
		size_t count)
{
	struct sending *s = d->sending;
	const struct intake_envelope envelope = { .received = d->report.now,
		.utf8 = d->report.wide,
		.eight_bit = d->report.wide,
		.origin = report,
		.recipients = to,
		.recipient_count = count };
	CLEANUP(dkim_sign_freep)
	struct dkim_sign *sign = begin_to_sign(d, to, count);
	CLEANUP(buf_free) struct buf top = BUF_NULL(DKIM_FIELDS_MAX);
	struct intake_message *m = NULL;
	struct reporting *reporting;
	int r = intake_begin(service_intake(s->service), &envelope, &m);

	if (!r)
		r = write_report(d, m, sign);
	if (r) {
		intake_abandon(m);
		return r;
	}
	reporting = xcalloc(1, sizeof(*reporting));
	reporting->sending = s;
	reporting->report = report;
	reporting->job.run = handed_in;
	list_push(&s->reports, &reporting->link);
	if (sign)
		(void)signing_finish(sign, &top); /* else it goes without */
	intake_commit(m, buf_view(&top), done, reporting);
	return 0;
}

/* Nobody hears of it: the sender has gone meanwhile, or all was told by another report. */
static int drop(struct draft *d, uint64_t report)
{
	if (d->report.recipient_count)
		log_event(LOG_WARN, "sending.report.dropped",
				log_number("message", (int64_t)d->message.id),
				log_view("to", d->report.to),
				log_text("reason", "nobody there takes mail"));
	return queue_settle(d->sending->queue, report);
}

static int make(struct sending *s, uint64_t report, uint64_t message)
{
	struct draft d;
	struct intake_recipient *to = NULL;
	size_t count = 0;
	int r = draft(s, report, message, &d);

	if (!r && d.forwarder.len)
		to = owner(&d, &count);
	else if (!r && d.report.recipient_count)
		to = letter_addressees(
				d.configuration, d.message.sender, d.arena, &count);
	if (!r)
		r = count ? hand_in(&d, report, to, count) : drop(&d, report);
	draft_end(&d);
	return r;
}

void reports_make(struct sending *s, nstime now)
{
	uint64_t report = 0, message = 0;
	int r = queue_next_report(s->queue, 0, &report, &message);

	s->reports_due = NSTIME_NEVER;
	while (!r && report) {
		if (!find(s, report))
			r = make(s, report, message);
		if (!r)
			r = queue_next_report(s->queue, report, &report, &message);
	}
	if (r)
		s->reports_due = now + nstime_seconds(AGAIN_S);
}
