/* Those whom a message is for. */
#include "runtime/service/receive_inside.h"

#include "runtime/base/arena.h"
#include "runtime/base/log.h"
#include "runtime/base/os.h"
#include "runtime/mail/address.h"
#include "runtime/mailauth/srs.h"
#include "runtime/service/account.h"
#include "runtime/service/allowance.h"
#include "runtime/service/service.h"

enum {
	LONGEST_REASON = 400, /* of an alias that rejects; more is cut */
};

static void refuse_resolved(
		const struct receive *r, int outcome, walltime now, struct buf *reply)
{
	switch ((enum resolve_outcome)outcome) {
	case RESOLVE_OK:
		break;
	case RESOLVE_E_FOREIGN:
		buf_add_z(reply, "550 5.7.1 We do not relay");
		break;
	case RESOLVE_E_UNKNOWN:
		buf_add_z(reply, "550 5.1.1 No such address here");
		break;
	case RESOLVE_E_REJECTED:
		buf_add_z(reply, "550 5.7.1 ");
		buf_add(reply, r->found.text.len ? view_sub(r->found.text, 0,
								   LONGEST_REASON)
						 : VIEW("Not taken"));
		break;
	case RESOLVE_E_DISABLED:
		buf_add_z(reply, now - r->found.disabled_since < RECEIVE_GRACE_S
						 ? "450 4.2.1 Mailbox disabled; try again"
						 : "550 5.2.1 Mailbox disabled");
		break;
	case RESOLVE_E_SENDS_ONLY:
		buf_add_z(reply, "550 5.2.1 This address only sends mail");
		break;
	case RESOLVE_E_TOO_DEEP:
		buf_add_z(reply,
				"554 5.4.6 The aliases behind this address lead too far");
		break;
	}
}

/* One a key, which lives as long as we do. */
static void add_target(
		struct receive *r, struct view key, struct intake_recipient recipient)
{
	struct target *target;

	if (map_get(&r->by_account, key))
		return;
	target = ARENA_NEW(r->arena, struct target);
	target->recipient = recipient;
	*r->end = target;
	r->end = &target->next;
	map_set(&r->by_account, key, target);
}

/* `recipient` but its account, which is added. */
static void add_account(struct receive *r, const struct account_spec *account,
		struct intake_recipient recipient)
{
	memcpy(recipient.account, account->uid, sizeof(account->uid));
	add_target(r, view_of(account->uid, sizeof(account->uid)), recipient);
}

/* <postmaster> without a domain: that of our host name, or of the domain it is in. */
static bool postmaster(struct receive *r, struct view *out)
{
	struct view domain = configuration_own_domain(r->configuration);

	*out = arena_printf(r->arena, "postmaster@%.*s", VIEW_ARG(domain));
	return domain.len > 0;
}

/* Why one of our people cannot write to an address elsewhere. */
static void refuse_outside(
		const struct receive *r, struct view address, struct buf *reply)
{
	if (view_ends(address, VIEW("]")))
		buf_add_z(reply, "550 5.1.2 Mail is sent to domains, not to addresses of "
				 "hosts");
	else if (!service_sends(r->service))
		buf_add_z(reply, "451 4.3.0 No mail to other hosts is taken until the "
				 "disk has been looked at");
}

/* A report about mail that we sent on, to the sender that we made: it goes back to who wrote
 * that mail. Nobody else knows such an address. */
static bool is_way_back(const struct receive *r, const struct address *address)
{
	return srs_is(address->local) && service_srs_key(r->service) &&
	       configuration_has_domain(r->configuration, address->domain);
}

static bool resolve_way_back(struct receive *r, const struct address *address,
		walltime now, struct buf *reply)
{
	int outcome = srs_reverse(service_srs_key(r->service), r->arena, address->local,
			now, &r->mailbox);

	r->leads_out = outcome == SRS_OK;
	if (outcome == SRS_E_EXPIRED)
		buf_add_z(reply,
				"550 5.1.1 This address was for reports, and is too old");
	else if (outcome)
		buf_add_z(reply, "550 5.1.1 No such address here");
	else if (r->sender.mailbox.len)
		buf_add_z(reply, "550 5.7.1 This address is for reports alone: MAIL "
				 "FROM:<>");
	else
		refuse_outside(r, r->mailbox, reply);
	return reply->len == 0;
}

/* A target of ours that is elsewhere; of one's own mail it is as if it stood in RCPT. */
static struct intake_recipient sent_on(const struct receive *r,
		const struct resolved_remote *remote, struct intake_recipient recipient)
{
	recipient.address = remote->address;
	if (r->account)
		return recipient;
	recipient.forwarder = remote->forwarder;
	if (remote->kept || recipient.notify & DSN_NEVER)
		recipient.notify = DSN_NEVER;
	else
		recipient.notify = DSN_FAILURE | (recipient.notify & DSN_SUCCESS);
	return recipient;
}

bool receive_resolve(
		struct receive *r, struct view mailbox, walltime now, struct buf *reply)
{
	bool bare = view_find(mailbox, '@') == mailbox.len;
	struct view address = VIEW_NULL;
	int outcome = RESOLVE_E_UNKNOWN;
	struct address parsed;

	resolution_free(&r->found);
	r->looked = 0;
	if (!bare && address_parse(r->arena, mailbox, &parsed) == ADDRESS_OK &&
			is_way_back(r, &parsed))
		return resolve_way_back(r, &parsed, now, reply);
	if (bare ? postmaster(r, &address)
		 : receive_normalise(r->arena, mailbox, &address))
		outcome = configuration_resolve(r->configuration, address, &r->found);
	r->mailbox = bare ? address : arena_copy(r->arena, mailbox);
	r->leads_out = outcome == RESOLVE_E_FOREIGN && r->account;
	if (r->account && address.len && !account_spec_reaches(r->account, address))
		buf_add_z(reply, "550 5.7.1 This account may not write to that address");
	else if (r->leads_out || (!outcome && r->found.remote_count))
		refuse_outside(r, address, reply);
	else if (outcome)
		refuse_resolved(r, outcome, now, reply);
	if (reply->len == 0 && map_count(&r->by_account) + r->found.count +
							       r->found.remote_count >
					       RECEIVE_ACCOUNTS)
		buf_add_z(reply, "452 4.5.3 Too many mailboxes behind the recipients");
	return reply->len == 0;
}

struct account *receive_look(struct receive *r)
{
	struct accounts *all = service_accounts(r->service);

	while (all && r->looked < r->found.count) {
		struct account *account =
				account_ref(all, r->found.accounts[r->looked++].account);
		struct account_seen seen;

		account_look(account, &seen);
		if (!seen.known && !seen.quarantined)
			return account;
		account_unref(account);
	}
	return NULL;
}

/* Why this account takes no message of that size, or NULL. */
static const char *account_refusal(
		struct accounts *all, const struct account_spec *spec, uint64_t size)
{
	struct account *account = account_ref(all, spec);
	struct account_seen seen;

	account_look(account, &seen);
	account_unref(account);
	if (seen.quarantined)
		return "451 4.3.0 Mailbox not available; try again later";
	if (seen.used >= spec->quota || size > spec->quota - seen.used)
		return "552 5.2.2 Mailbox full";
	return NULL;
}

/* A group whose one member is full still takes mail, and he gets it, too. */
static const char *room_refusal(const struct receive *r, uint64_t size)
{
	struct accounts *all = service_accounts(r->service);
	const char *refused = NULL;

	for (size_t i = 0; all && i < r->found.count; i++) {
		refused = account_refusal(all, r->found.accounts[i].account, size);
		if (!refused)
			break;
	}
	return refused;
}

static void tell_of_limit(struct receive *r)
{
	log_event(LOG_WARN, "sending.limit.reached",
			log_view("account", r->account->address),
			log_number("limit", (int64_t)r->account->send_limit),
			log_number("seconds", r->account->send_period / NS_PER_S),
			log_text("next", "refused for now: was its password "
					 "stolen, or is send_limit too low?"));
	service_notify(r->service, SERVICE_LIMIT_REACHED, r->account->uid, VIEW_NULL);
}

/* Takes one of what the account may send. */
static const char *allowance_refusal(struct receive *r)
{
	const struct os *os = service_os(r->service);
	walltime now = os->wall(os->state);
	int outcome;

	if (!r->account)
		return NULL;
	outcome = allowance_take(service_allowances(r->service), r->account, now);
	if (outcome == ALLOWANCE_OK) {
		if (r->taken++ == 0)
			r->taken_at = now;
		return NULL;
	}
	if (outcome == ALLOWANCE_E_SPENT_FIRST)
		tell_of_limit(r);
	return "450 4.7.1 That is more than this account may send for now; try again "
	       "later";
}

void receive_sent(struct receive *r)
{
	if (r->taken)
		allowance_keep(service_allowances(r->service), r->account->uid);
	r->taken = 0;
}

void receive_recipient(struct receive *r, uint64_t size, unsigned notify,
		struct view orcpt, struct buf *reply)
{
	const char *refused = room_refusal(r, size);
	struct intake_recipient recipient = { .address = r->mailbox, .notify = notify };

	if (!refused)
		refused = allowance_refusal(r);
	if (refused) {
		buf_add_z(reply, refused);
		return;
	}
	recipient.orcpt = arena_copy(r->arena, orcpt);
	if (r->leads_out)
		add_target(r, recipient.address, recipient);
	for (size_t i = 0; i < r->found.count; i++)
		add_account(r, r->found.accounts[i].account, recipient);
	for (size_t i = 0; i < r->found.remote_count; i++)
		add_target(r, r->found.remotes[i].address,
				sent_on(r, &r->found.remotes[i], recipient));
	r->only = r->recipients++ ? VIEW_NULL : r->mailbox;
}
