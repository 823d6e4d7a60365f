#include "runtime/service/letter.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/utf8.h"
#include "runtime/mail/letter.h"
#include "runtime/service/service.h"
#include "runtime/service/signing.h"
#include "runtime/store/intake.h"

#include <pthread.h>

enum {
	LETTER_MAX = 1024 *
		     1024, /* its text comes from us: a mistake of ours is cut off */
};

struct intake_recipient *letter_addressees(const struct configuration *c,
		struct view address, struct arena *arena, size_t *count_out)
{
	struct resolution found = { 0 };
	struct intake_recipient *all = NULL;
	int outcome = configuration_resolve(c, address, &found);

	*count_out = 0;
	if (outcome == RESOLVE_E_FOREIGN) {
		all = ARENA_NEW(arena, struct intake_recipient);
		all->address = address;
		*count_out = 1;
	} else if (outcome == RESOLVE_OK && found.count + found.remote_count) {
		all = arena_array(arena, found.count + found.remote_count, sizeof(*all));
		for (size_t i = 0; i < found.count; i++) {
			memcpy(all[i].account, found.accounts[i].account->uid,
					sizeof(all[i].account));
			all[i].address = address;
		}
		for (size_t i = 0; i < found.remote_count; i++)
			all[found.count + i].address =
					arena_copy(arena, found.remotes[i].address);
		*count_out = found.count + found.remote_count;
	}
	resolution_free(&found);
	return all;
}

/* -- to whom -- */

struct addressing {
	const struct configuration *configuration;
	struct arena *arena;
	struct view *to; /* those that somebody takes mail for */
	size_t to_count;
	struct intake_recipient *all;
	size_t count;
	bool wide, leads_out;
};

static bool has_account(const struct addressing *a, const struct intake_recipient *new)
{
	for (size_t i = 0; i < a->count; i++)
		if (!intake_leads_out(new) && memcmp(a->all[i].account, new->account,
							      sizeof(new->account)) == 0)
			return true;
	return false;
}

static void add_address(struct addressing *a, struct view address)
{
	size_t count;
	const struct intake_recipient *found =
			letter_addressees(a->configuration, address, a->arena, &count);
	struct intake_recipient *longer;

	if (!found) {
		log_event(LOG_WARN, "sending.letter.refused", log_view("to", address),
				log_text("reason", "it takes no mail"));
		return;
	}
	longer = arena_array(a->arena, a->count + count, sizeof(*longer));
	if (a->count)
		memcpy(longer, a->all, a->count * sizeof(*longer));
	a->all = longer;
	for (size_t i = 0; i < count; i++)
		if (!has_account(a, &found[i]))
			a->all[a->count++] = found[i];
	for (size_t i = 0; i < count; i++)
		a->leads_out |= intake_leads_out(&found[i]);
	a->wide |= !view_is_ascii(address);
	a->to[a->to_count++] = address;
}

static void add_account(
		struct addressing *a, const unsigned char account[ACCOUNT_UID_SIZE])
{
	const struct account_spec *spec =
			configuration_account(a->configuration, account);

	if (!spec || spec->state != ACCOUNT_ACTIVE || spec->kind == ACCOUNT_SERVICE)
		return;
	a->all = ARENA_NEW(a->arena, struct intake_recipient);
	memcpy(a->all->account, spec->uid, sizeof(a->all->account));
	a->all->address = a->to[a->to_count++] = spec->address;
	a->count = 1;
	a->wide = !view_is_ascii(spec->address);
}

static void address_all(struct addressing *a, const struct letter_order *order)
{
	a->to = arena_array(a->arena, order->to_count + 1, sizeof(*a->to));
	for (size_t i = 0; i < order->to_count; i++)
		add_address(a, order->to[i]);
	if (order->to_count == 0)
		add_account(a, order->account);
}

/* -- into the log -- */

struct waiting {
	pthread_mutex_t lock;
	pthread_cond_t change;
	bool done;
	int outcome;
};

/* On the committing thread. */
static void committed(void *arg, int outcome, uint64_t id)
{
	struct waiting *w = arg;

	(void)id;
	pthread_mutex_lock(&w->lock);
	w->done = true;
	w->outcome = outcome;
	pthread_cond_signal(&w->change);
	pthread_mutex_unlock(&w->lock);
}

static int commit(struct intake_message *m, struct view trace)
{
	struct waiting w = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.change = PTHREAD_COND_INITIALIZER,
	};

	intake_commit(m, trace, committed, &w);
	pthread_mutex_lock(&w.lock);
	while (!w.done)
		pthread_cond_wait(&w.change, &w.lock);
	pthread_mutex_unlock(&w.lock);
	pthread_cond_destroy(&w.change);
	pthread_mutex_destroy(&w.lock);
	return w.outcome;
}

static struct view postmaster_domain(const struct addressing *a)
{
	struct view domain = configuration_own_domain(a->configuration);

	return domain.len ? domain : configuration_host(a->configuration)->name;
}

static struct view postmaster_of(const struct addressing *a)
{
	return arena_printf(a->arena, "postmaster@%.*s", VIEW_ARG(postmaster_domain(a)));
}

static void write_letter(const struct addressing *a, const struct letter_order *order,
		walltime now, struct buf *out)
{
	const struct letter letter = {
		.host = configuration_host(a->configuration)->name,
		.from = postmaster_of(a),
		.to = a->to,
		.to_count = a->to_count,
		.subject = order->subject,
		.text = order->text,
		.unique = order->unique,
		.now = now,
	};

	letter_write(out, &letter);
}

/* By the domain of postmaster; where that cannot be, it goes without. */
static void sign(const struct addressing *a, struct view text, walltime now,
		struct buf *out)
{
	CLEANUP(dkim_sign_freep)
	struct dkim_sign *sign =
			signing_begin(a->configuration, postmaster_domain(a), now);

	if (!sign)
		return;
	dkim_sign_feed(sign, text);
	(void)signing_finish(sign, out);
}

static int hand_in(struct service *s, const struct addressing *a,
		const struct letter_order *order)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(LETTER_MAX);
	CLEANUP(buf_free) struct buf top = BUF_NULL(DKIM_FIELDS_MAX);
	const struct os *os = service_os(s);
	const struct intake_envelope envelope = {
		.sender = order->test.len ? postmaster_of(a) : VIEW_NULL,
		.envid = order->test,
		.received = os->wall(os->state),
		.utf8 = a->wide,
		.eight_bit = a->wide,
		.recipients = a->all,
		.recipient_count = a->count,
	};
	struct intake_message *m = NULL;
	int r = intake_begin(service_intake(s), &envelope, &m);

	write_letter(a, order, envelope.received, &text);
	if (r == 0)
		r = intake_chunk(m, buf_view(&text));
	if (a->leads_out)
		sign(a, buf_view(&text), envelope.received, &top);
	if (r == 0)
		return commit(m, buf_view(&top));
	intake_abandon(m);
	return r;
}

int letter_send(struct service *s, const struct letter_order *order)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(configuration_unrefp)
	struct configuration *configuration = service_configuration(s);
	struct addressing a = { .configuration = configuration, .arena = arena };
	int r;

	address_all(&a, order);
	if (a.count == 0)
		return LETTER_E_NOBODY;
	if (a.leads_out && !service_sends(s))
		return LETTER_E_LATER;
	r = hand_in(s, &a, order);
	return r > 0 ? LETTER_E_LATER : r;
}
