#include "agent/database/invitation.h"

#include "agent/database/text.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/crypto/digest.h"
#include "runtime/crypto/random.h"
#include "runtime/store/database.h"

enum {
	TOKEN_BYTES = 32,
	LONGEST_WORDS = 1024,
};

static struct view uid_view(const unsigned char uid[UID_SIZE])
{
	return view_of(uid, UID_SIZE);
}

int invitation_ask(struct database *db, const unsigned char account[UID_SIZE],
		struct view address)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"INSERT OR REPLACE INTO invitation (account, address)"
			" VALUES (?1, ?2)",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, uid_view(account));
	bind_text(s, 2, address);
	return statement_run(s);
}

/* What is looked up is the digest: a search that ends early tells of it alone. */
static void bind_token(struct statement *s, int at, struct view token,
		unsigned char digest[DIGEST_SIZE])
{
	digest_bytes(token, digest);
	bind_blob(s, at, view_of(digest, DIGEST_SIZE));
}

int invitation_make(struct database *db, const unsigned char account[UID_SIZE],
		struct view address, walltime now, struct arena *arena,
		struct view *token_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	CLEANUP(buf_wipe) struct buf token = BUF_NULL(INVITATION_TOKEN);
	unsigned char bytes[TOKEN_BYTES], digest[DIGEST_SIZE];
	int r = database_prepare(db,
			"INSERT OR REPLACE INTO invitation"
			" (account, address, digest, made_at) VALUES (?1, ?2, ?3, ?4)",
			&s);

	if (r)
		return r;
	random_bytes(bytes, sizeof(bytes));
	base64url_add(&token, view_of(bytes, sizeof(bytes)));
	explicit_bzero(bytes, sizeof(bytes));
	bind_blob(s, 1, uid_view(account));
	bind_text(s, 2, address);
	bind_token(s, 3, buf_view(&token), digest);
	bind_i64(s, 4, now);
	r = statement_run(s);
	if (r == 0)
		*token_out = arena_copy(arena, buf_view(&token));
	return r;
}

int invitation_use(
		struct database *db, const unsigned char account[UID_SIZE], walltime now)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"UPDATE invitation SET used_at = ?2,"
			" made_at = coalesce(made_at, ?2)"
			" WHERE account = ?1 AND used_at IS NULL",
			&s);

	if (r)
		return r;
	bind_blob(s, 1, uid_view(account));
	bind_i64(s, 2, now);
	return statement_run(s);
}

/* -- reading -- */

#define COLUMNS "account, address, made_at, used_at"

static void take(struct statement *s, struct arena *arena, struct invitation *out)
{
	struct view account = column_view(s, 0);

	*out = (struct invitation){
		.address = arena_copy(arena, column_view(s, 1)),
		.made = column_i64(s, 2),
		.used = column_i64(s, 3),
	};
	memcpy(out->account, account.data, UID_SIZE);
}

static int take_one(struct statement *s, struct arena *arena, struct invitation *out)
{
	int r = statement_step(s);

	if (r != DATABASE_ROW)
		return r ? r : INVITATION_E_ABSENT;
	take(s, arena, out);
	return 0;
}

int invitation_read(struct database *db, const unsigned char account[UID_SIZE],
		struct arena *arena, struct invitation *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(
			db, "SELECT " COLUMNS " FROM invitation WHERE account = ?1", &s);

	if (r)
		return r;
	bind_blob(s, 1, uid_view(account));
	return take_one(s, arena, out);
}

int invitation_find(struct database *db, struct view token, struct arena *arena,
		struct invitation *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	unsigned char digest[DIGEST_SIZE];
	int r = database_prepare(
			db, "SELECT " COLUMNS " FROM invitation WHERE digest = ?1", &s);

	if (r)
		return r;
	bind_token(s, 1, token, digest);
	return take_one(s, arena, out);
}

int invitation_read_due(struct database *db, struct arena *arena, struct invitation *out,
		size_t most, size_t *count_out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db,
			"SELECT " COLUMNS " FROM invitation WHERE made_at IS NULL"
			" LIMIT ?1",
			&s);

	*count_out = 0;
	if (r)
		return r;
	bind_u64(s, 1, most);
	while ((r = statement_step(s)) == DATABASE_ROW)
		take(s, arena, &out[(*count_out)++]);
	return r;
}

/* -- saying -- */

struct view invitation_say(struct arena *arena, const struct invitation *invitation,
		struct view name, walltime now)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(LONGEST_WORDS);

	buf_add_z(&out, "no password yet: ");
	if (!invitation) {
		buf_addf(&out,
				"`posthus account invite %.*s` prints a link for its "
				"person, `posthus account passwd %.*s` sets one",
				VIEW_ARG(name), VIEW_ARG(name));
		return arena_copy(arena, buf_view(&out));
	}
	if (!invitation->made) {
		buf_addf(&out, "a link goes to %.*s once https is open",
				VIEW_ARG(invitation->address));
		return arena_copy(arena, buf_view(&out));
	}
	if (invitation->address.len)
		buf_addf(&out, "a link went to %.*s", VIEW_ARG(invitation->address));
	else
		buf_add_z(&out, "a link was made");
	buf_add_z(&out, invitation_end(invitation) > now ? " and works until "
							 : " and expired at ");
	text_add_time(&out, invitation_end(invitation));
	buf_addf(&out, "; `posthus account invite %.*s` makes another", VIEW_ARG(name));
	return arena_copy(arena, buf_view(&out));
}
