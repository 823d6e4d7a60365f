#include "agent/build/build_inside.h"

#include "runtime/crypto/digest.h"

static void digest_part(struct digest *d, struct view part)
{
	uint64_t len = part.len;

	digest_add(d, view_of(&len, sizeof(len)));
	digest_add(d, part);
}

static void digest_u64(struct digest *d, uint64_t number)
{
	digest_add(d, view_of(&number, sizeof(number)));
}

static void digest_app_password(struct digest *d, const struct app_password_spec *spec)
{
	digest_part(d, spec->name);
	digest_u64(d, spec->protocols);
	digest_u64(d, (uint64_t)spec->expires);
	digest_add(d, view_of(spec->salt, sizeof(spec->salt)));
	digest_add(d, view_of(spec->verifier.stored, DIGEST_SIZE));
	digest_add(d, view_of(spec->verifier.server, DIGEST_SIZE));
}

/* All but `known`, which moves with every message: a shard that is kept knows less, and that
 * is as true. */
static void digest_account(struct digest *d, const struct account_spec *account)
{
	digest_add(d, view_of(account->uid, ACCOUNT_UID_SIZE));
	digest_part(d, account->address);
	digest_part(d, account->name);
	digest_part(d, account->password);
	digest_part(d, account->wrapped_key);
	digest_part(d, account->next_key);
	digest_u64(d, account->app_password_count);
	for (size_t i = 0; i < account->app_password_count; i++)
		digest_app_password(d, &account->app_passwords[i]);
	digest_u64(d, account->quota);
	digest_u64(d, account->protocols);
	digest_u64(d, account->state);
	digest_u64(d, (uint64_t)account->disabled_since);
	digest_u64(d, account->revocation);
	digest_u64(d, account->kind);
	digest_u64(d, account->send_limit);
	digest_u64(d, (uint64_t)account->send_period);
	digest_part(d, view_of(account->networks,
				       account->network_count *
						       sizeof(*account->networks)));
	digest_u64(d, account->reach_count);
	for (size_t i = 0; i < account->reach_count; i++)
		digest_part(d, account->reach[i]);
	digest_u64(d, account->forward_keeps);
	digest_u64(d, account->forward_count);
	for (size_t i = 0; i < account->forward_count; i++)
		digest_part(d, account->forward[i]);
	digest_u64(d, account->members_send_as);
	digest_u64(d, account->member_count);
	for (size_t i = 0; i < account->member_count; i++) {
		digest_add(d, view_of(account->members[i].uid, ACCOUNT_UID_SIZE));
		digest_u64(d, account->members[i].right);
	}
}

static void digest_route(struct digest *d, const struct route_spec *route)
{
	digest_part(d, route->local_part);
	digest_u64(d, route->kind);
	digest_add(d, view_of(route->account, ACCOUNT_UID_SIZE));
	digest_u64(d, route->target_count);
	for (size_t i = 0; i < route->target_count; i++)
		digest_part(d, route->targets[i]);
	digest_part(d, route->text);
	digest_part(d, view_of(route->senders, route->sender_count * ACCOUNT_UID_SIZE));
}

void build_digest_domain(struct domain_spec *spec)
{
	struct digest d;

	digest_init(&d);
	digest_part(&d, spec->name);
	digest_u64(&d, (unsigned char)spec->subaddress);
	digest_part(&d, spec->catch_all);
	digest_part(&d, spec->send_via);
	digest_u64(&d, spec->signing_count);
	for (size_t i = 0; i < spec->signing_count; i++) {
		digest_part(&d, spec->signings[i].selector);
		digest_part(&d, secret_expose(spec->signings[i].key));
	}
	for (size_t i = 0; i < spec->account_count; i++)
		digest_account(&d, &spec->accounts[i]);
	for (size_t i = 0; i < spec->route_count; i++)
		digest_route(&d, &spec->routes[i]);
	digest_final(&d, spec->hash);
}
