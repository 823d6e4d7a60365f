/* Where an address leads, who logs in by it, and who may write as it. */
#include "runtime/configuration_inside.h"

#include "runtime/base/error.h"

#include <stdlib.h>

enum {
	MOST_HOPS = 10 * RESOLVE_MAX_TARGETS, /* however often aliases meet again */
};

bool halves_of(struct view address, struct halves *out)
{
	size_t at = view_find_last(address, '@');

	if (at == address.len || at == 0 || address.len > sizeof(out->text))
		return false;
	for (size_t i = 0; i < address.len; i++)
		out->text[i] = byte_lower(address.data[i]);
	out->local_part = view_of(out->text, at);
	out->domain = view_of(out->text + at + 1, address.len - at - 1);
	return true;
}

/* The route of a local part: itself, else what stands before the separator of a
 * subaddress; then *detail_at is where the detail begins, else 0. */
static const struct route_spec *find_route(
		const struct shard *shard, struct view local_part, size_t *detail_at)
{
	const struct route_spec *route = map_get(&shard->routes, local_part);
	size_t separator;

	*detail_at = 0;
	if (route || !shard->subaddress)
		return route;
	separator = view_find(local_part, shard->subaddress);
	if (separator == 0 || separator == local_part.len)
		return NULL;
	*detail_at = separator + 1;
	return map_get(&shard->routes, view_sub(local_part, 0, separator));
}

/* -- senders -- */

const struct account_spec *configuration_login(
		const struct configuration *c, struct view address)
{
	const struct account_spec *account;
	const struct route_spec *route;
	struct halves halves;
	struct shard *shard;

	if (!halves_of(address, &halves))
		return NULL;
	shard = map_get(&c->domains, halves.domain);
	route = shard ? map_get(&shard->routes, halves.local_part) : NULL;
	if (!route || route->kind != ROUTE_ACCOUNT)
		return NULL;
	account = configuration_account(c, route->account);
	return account && account->kind != ACCOUNT_SHARED ? account : NULL;
}

/* Whether the account is a member of a shared mailbox whose members may write as it. */
static bool is_sending_member(const struct configuration *c,
		const struct account_spec *account, const unsigned char *shared)
{
	const struct membership *membership =
			configuration_membership_of(c, account->uid, shared);

	return membership && membership->account->members_send_as;
}

bool configuration_may_send_as(const struct configuration *c,
		const struct account_spec *account, struct view address)
{
	const struct route_spec *route;
	struct halves halves;
	struct shard *shard;
	size_t detail_at;

	if (!halves_of(address, &halves))
		return false;
	shard = map_get(&c->domains, halves.domain);
	route = shard ? find_route(shard, halves.local_part, &detail_at) : NULL;
	if (!route)
		return false;
	if (route->kind == ROUTE_ACCOUNT)
		return account_spec_is(account, route->account) ||
		       is_sending_member(c, account, route->account);
	for (size_t i = 0; i < route->sender_count; i++)
		if (account_spec_is(account, route->senders + i * ACCOUNT_UID_SIZE))
			return true;
	return false;
}

/* -- resolving -- */

struct hop {
	struct view address;
	struct view forwarder; /* who named it */
	bool kept;             /* … and has a copy */
	unsigned depth;
};

/* What is still to be followed, and what was met that gave no account. */
struct walk {
	const struct configuration *configuration;
	struct resolution *out;
	struct hop *hops;
	size_t count;
	size_t capacity;
	const struct account_spec **forwarded; /* whose forward was followed */
	size_t forwarded_count, forwarded_capacity;
	int outcome; /* of the last hop that led nowhere */
	bool discarded;
};

static void push_hop(struct walk *walk, struct hop hop)
{
	array_grow(&walk->hops, &walk->capacity, walk->count + 1, sizeof(*walk->hops));
	walk->hops[walk->count++] = hop;
}

/* The last target is pushed first, so that the first is followed first. */
static int push_hops(struct walk *walk, const struct view *targets, size_t count,
		struct hop from)
{
	if (walk->count + count > RESOLVE_MAX_TARGETS)
		return RESOLVE_E_TOO_DEEP;
	for (size_t i = count; i > 0; i--)
		push_hop(walk, (struct hop){ targets[i - 1], from.forwarder, from.kept,
					       from.depth });
	return RESOLVE_OK;
}

/* True the first time: whoever is reached by his own forward gets the mail. */
static bool goes_on(struct walk *walk, const struct account_spec *account)
{
	if (account->forward_count == 0)
		return false;
	for (size_t i = 0; i < walk->forwarded_count; i++)
		if (walk->forwarded[i] == account)
			return false;
	array_grow(&walk->forwarded, &walk->forwarded_capacity, walk->forwarded_count + 1,
			sizeof(struct account_spec *));
	walk->forwarded[walk->forwarded_count++] = account;
	return true;
}

static void add_remote(struct walk *walk, struct hop hop)
{
	struct resolution *out = walk->out;

	for (size_t i = 0; i < out->remote_count; i++)
		if (view_eq(out->remotes[i].address, hop.address))
			return;
	array_grow(&out->remotes, &out->remote_capacity, out->remote_count + 1,
			sizeof(*out->remotes));
	out->remotes[out->remote_count++] =
			(struct resolved_remote){ hop.address, hop.forwarder, hop.kept };
}

static void add_account(
		struct walk *walk, const struct account_spec *account, struct view detail)
{
	struct resolution *out = walk->out;

	if (account->kind == ACCOUNT_SERVICE) {
		walk->outcome = RESOLVE_E_SENDS_ONLY;
		return;
	}
	if (account->state == ACCOUNT_DISABLED) {
		out->disabled_since = account->disabled_since;
		walk->outcome = RESOLVE_E_DISABLED;
		return;
	}
	for (size_t i = 0; i < out->count; i++)
		if (out->accounts[i].account == account)
			return;
	array_grow(&out->accounts, &out->capacity, out->count + 1,
			sizeof(*out->accounts));
	out->accounts[out->count++] = (struct resolved_account){ account, detail };
}

static int follow_account(struct walk *walk, const struct account_spec *account,
		struct hop hop, struct view detail)
{
	bool forwards = account->state == ACCOUNT_ACTIVE && goes_on(walk, account);

	if (!forwards || account->forward_keeps)
		add_account(walk, account, detail);
	if (!forwards)
		return RESOLVE_OK;
	return push_hops(walk, account->forward, account->forward_count,
			(struct hop){ .forwarder = account->address,
					.kept = account->forward_keeps,
					.depth = hop.depth + 1 });
}

static int follow_route(struct walk *walk, const struct route_spec *route, struct hop hop,
		struct view detail)
{
	const struct account_spec *account;
	int outcome = RESOLVE_OK;

	switch (route->kind) {
	case ROUTE_ACCOUNT:
		account = configuration_account(walk->configuration, route->account);
		if (account)
			outcome = follow_account(walk, account, hop, detail);
		else
			walk->outcome = RESOLVE_E_UNKNOWN;
		break;
	case ROUTE_ALIAS:
		outcome = push_hops(walk, route->targets, route->target_count,
				(struct hop){ .forwarder = hop.address,
						.depth = hop.depth + 1 });
		break;
	case ROUTE_REJECT:
		walk->out->text = route->text;
		walk->outcome = RESOLVE_E_REJECTED;
		break;
	case ROUTE_DISCARD:
		walk->discarded = true;
		break;
	}
	if (walk->out->count + walk->out->remote_count > RESOLVE_MAX_TARGETS)
		return RESOLVE_E_TOO_DEEP;
	return outcome;
}

static int follow_hop(struct walk *walk, struct hop hop)
{
	const struct route_spec *route;
	struct view detail = VIEW_NULL;
	struct halves halves;
	struct shard *shard = NULL;
	size_t detail_at;

	if (hop.depth > RESOLVE_MAX_DEPTH)
		return RESOLVE_E_TOO_DEEP;
	if (halves_of(hop.address, &halves))
		shard = map_get(&walk->configuration->domains, halves.domain);
	if (!shard && hop.depth == 0)
		return RESOLVE_E_FOREIGN;
	if (!shard) {
		add_remote(walk, hop);
		return RESOLVE_OK;
	}
	route = find_route(shard, halves.local_part, &detail_at);
	if (detail_at)
		detail = view_sub(hop.address, detail_at,
				halves.local_part.len - detail_at);
	if (route)
		return follow_route(walk, route, hop, detail);
	if (shard->catch_all.len)
		push_hop(walk, (struct hop){ .address = shard->catch_all,
					       .forwarder = hop.address,
					       .depth = hop.depth + 1 });
	else
		walk->outcome = RESOLVE_E_UNKNOWN;
	return RESOLVE_OK;
}

int configuration_resolve(const struct configuration *c, struct view address,
		struct resolution *out)
{
	struct walk walk = { .configuration = c, .out = out };
	int outcome = RESOLVE_OK;

	push_hop(&walk, (struct hop){ .address = address });
	for (size_t n = 0; walk.count && outcome == RESOLVE_OK; n++) {
		if (n == MOST_HOPS)
			outcome = RESOLVE_E_TOO_DEEP;
		else
			outcome = follow_hop(&walk, walk.hops[--walk.count]);
	}
	free(walk.hops);
	free(walk.forwarded);
	if (outcome)
		return outcome;
	/* One target that takes the message is enough; the others are the alias's own
	 * matter. */
	return out->count || out->remote_count || walk.discarded ? RESOLVE_OK
								 : walk.outcome;
}

void resolution_free(struct resolution *r)
{
	free(r->accounts);
	free(r->remotes);
	*r = (struct resolution){ 0 };
}
