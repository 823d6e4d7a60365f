/* Our accounts at issuers, one each: the key is made before the issuer is told of it, and rests
 * sealed. */
#ifndef AGENT_ACME_ACCOUNT_H
#define AGENT_ACME_ACCOUNT_H

#include "runtime/base/arena.h"
#include "runtime/base/secret.h"

struct database;
struct key;

/* Within a transaction. The one at that issuer, whose key is made where there is none; *url_out
 * is empty until the issuer has said where it is. */
MUST_USE int issuer_account_take(struct database *db, const struct key *key,
		struct view issuer, struct arena *arena, struct secret *pem_out,
		struct view *url_out);
/* Where it is, and as whom CAA records name the issuer. */
MUST_USE int issuer_account_set(struct database *db, struct view issuer, struct view url,
		struct view authority);
/* Both as they were set; empty where they were not, or there is no account. */
MUST_USE int issuer_account_read(struct database *db, struct view issuer,
		struct arena *arena, struct view *url_out, struct view *authority_out);

#endif
