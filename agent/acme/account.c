#include "agent/acme/account.h"

#include "agent/acme/jws.h"
#include "runtime/base/error.h"
#include "runtime/crypto/seal.h"
#include "runtime/store/database.h"

#include <errno.h>
#include <stdlib.h>

static int make(struct database *db, const struct key *key, struct view issuer,
		struct secret *pem_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	CLEANUP(secret_free) struct secret pem = SECRET_NULL;
	CLEANUP(freep) void *sealed = NULL;
	int r = jws_key_generate(&pem);

	if (r)
		return r;
	sealed = xmalloc(pem.len + SEAL_OVERHEAD);
	seal(key, issuer, secret_expose(&pem), sealed);
	r = database_prepare(db,
			"INSERT INTO issuer_account (issuer, sealed_key, url)"
			" VALUES (?1, ?2, '')",
			&s);
	if (r)
		return r;
	bind_text(s, 1, issuer);
	bind_blob(s, 2, view_of(sealed, pem.len + SEAL_OVERHEAD));
	r = statement_run(s);
	if (r == 0)
		*pem_out = secret_take(&pem);
	return r;
}

int issuer_account_take(struct database *db, const struct key *key, struct view issuer,
		struct arena *arena, struct secret *pem_out, struct view *url_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	struct secret pem = SECRET_NULL;
	struct view sealed;
	int r = database_prepare(db,
			"SELECT sealed_key, url FROM issuer_account WHERE issuer = ?1",
			&s);

	*url_out = VIEW_NULL;
	if (r)
		return r;
	bind_text(s, 1, issuer);
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r ? r : make(db, key, issuer, pem_out);
	sealed = column_view(s, 0);
	if (sealed.len <= SEAL_OVERHEAD)
		return fault(-EPROTO);
	pem.len = sealed.len - SEAL_OVERHEAD;
	pem.data = xmalloc(pem.len);
	if (seal_open(key, issuer, sealed, pem.data)) {
		secret_free(&pem);
		return fault(-EBADMSG);
	}
	*url_out = arena_copy(arena, column_view(s, 1));
	*pem_out = pem;
	return 0;
}

int issuer_account_set(struct database *db, struct view issuer, struct view url,
		struct view authority)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"UPDATE issuer_account SET url = ?2, authority = ?3"
			" WHERE issuer = ?1 AND (url <> ?2 OR authority <> ?3)",
			&s);

	if (r)
		return r;
	bind_text(s, 1, issuer);
	bind_text(s, 2, url);
	bind_text(s, 3, authority);
	return statement_run(s);
}

int issuer_account_read(struct database *db, struct view issuer, struct arena *arena,
		struct view *url_out, struct view *authority_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT url, authority FROM issuer_account WHERE issuer = ?1",
			&s);

	*url_out = *authority_out = VIEW_NULL;
	if (r)
		return r;
	bind_text(s, 1, issuer);
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r;
	*url_out = arena_copy(arena, column_view(s, 0));
	*authority_out = arena_copy(arena, column_view(s, 1));
	return 0;
}
