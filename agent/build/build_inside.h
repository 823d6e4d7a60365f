/* How a configuration is gathered, for the files of build: what the state names
 * (build_named.c) and what the objects' rows alone still say (build_left.c). */
#ifndef AGENT_BUILD_INSIDE_H
#define AGENT_BUILD_INSIDE_H

#include "agent/build/build.h"
#include "agent/database/account.h"
#include "agent/database/app_password.h"
#include "agent/database/dkim_row.h"
#include "runtime/base/map.h"

#include <jansson.h>

struct shard {
	struct view name;
	const struct desired_domain *desired; /* NULL: the state does not name it */
	struct view twin_of;                  /* another domain, or empty */
	char subaddress;
	struct view send_via;          /* as of struct domain_spec */
	struct view_list catch_all;    /* where `desired` is NULL */
	struct account_spec *accounts; /* malloc'd, as the next two */
	size_t account_count, account_capacity;
	struct route_spec *left; /* of objects that the state does not name */
	size_t left_count, left_capacity;
};

struct build {
	struct observation *o;
	struct arena *arena;
	struct account_row *rows;
	size_t row_count;
	struct app_password_row *app_passwords;
	size_t app_password_count;
	struct former_address *former;
	size_t former_count;
	const unsigned char **uids; /* by the user's place in the state */
	const unsigned char **shared_uids, **service_uids;
	struct shard *shards;
	size_t shard_count;
	struct map by_name;
	struct dkim_row *keys; /* those that sign, by domain */
	size_t key_count;
	struct relay_spec *relays;
	struct secret *passwords; /* of those */
	struct destination *destinations;
	size_t relay_count, destination_count;
};

struct destination {
	struct view domain;
	struct view send_via;
};

/* -- both -- */

struct shard *build_add_shard(struct build *b, struct view name);
/* NULL where the address is in no domain of ours. */
struct shard *build_shard_of(const struct build *b, struct view address);
/* NULL where it has no rows, or no domain. */
struct account_spec *build_add_account(
		struct build *b, struct view address, const unsigned char *uid);
/* Where the uid is NULL, a user who is no object yet, there is nobody to add. */
void build_add_member(struct member_spec *members, size_t *count,
		const unsigned char *uid, uint64_t right);
/* Those who may send as an alias; NULLs are left out. */
void build_set_senders(struct build *b, struct route_spec *route,
		const unsigned char **uids, size_t count);
/* The schema has read them before. */
void build_set_networks(
		struct build *b, struct account_spec *account, struct view_list texts);
unsigned build_protocols(uint64_t protocols);
/* Takes over what a row's `last_applied` says of an account's quota, limits and rights. */
void build_set_lived(struct account_spec *account, const json_t *was);

/* Reads the password of that form, as far as agent.yaml allows it. */
void build_set_login(struct build *b, struct relay_spec *relay, struct view user,
		const json_t *form);

/* -- what everybody is told -- */

MUST_USE int build_pages(const struct build *b, struct configuration *c);

/* -- what the state names -- */

void build_named_domains(struct build *b);
void build_named_accounts(struct build *b);
/* Adds the domain's routes behind those that are there; there is room for all of them and
 * for the catch-all's. */
void build_named_routes(struct build *b, const struct desired_domain *domain,
		struct domain_spec *spec, struct route_spec *routes);
void build_set_catch_all(struct build *b, struct view_list targets,
		struct domain_spec *spec, struct route_spec *routes);
/* There is room for all. */
void build_named_relays(struct build *b);
void build_named_host(
		struct build *b, struct host_spec *out, struct listener_spec *listeners);

/* -- what their rows say -- */

MUST_USE int build_left_domains(struct build *b);
MUST_USE int build_left_accounts(struct build *b);
/* This machine, as it was applied: for the case that the state cannot be read. */
MUST_USE int build_left_host(struct build *b, struct host_spec *out);
MUST_USE int build_left_relays(struct build *b);
MUST_USE int build_left_listeners(
		struct build *b, struct host_spec *out, struct listener_spec *listeners);

/* Over all that a domain's spec says. Of this process's life only: the order of bytes is
 * the machine's. */
void build_digest_domain(struct domain_spec *spec);

#endif
