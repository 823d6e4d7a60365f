#include "agent/database/control_database.h"

#include "runtime/base/error.h"

#include <errno.h>

enum {
	CONTROL_APPLICATION = 0x70686374, /* "phct" */
	CACHE_KIB = 2048,
};

/* A step is never changed once it was released; a new version adds one. */
static const char *const steps[] = {
	/* Names and values of the database's own. */
	"CREATE TABLE meta ("
	" name TEXT PRIMARY KEY,"
	" value ANY NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"INSERT INTO meta VALUES ('serial', 0), ('secret', randomblob(32));"

	/* One row an object; a uid is 128 random bits and never used again. `spec` is what
	 * the state asks for, `last_applied` what lives, whole in itself. The place is that
	 * of the generation `declared_in`. */
	"CREATE TABLE object ("
	" uid BLOB PRIMARY KEY CHECK (length(uid) = 16),"
	" kind TEXT NOT NULL,"
	" id TEXT NOT NULL,"
	" named INTEGER NOT NULL CHECK (named IN (0, 1)),"
	" key TEXT NOT NULL,"
	" generation INTEGER NOT NULL,"
	" observed_generation INTEGER NOT NULL,"
	" spec TEXT NOT NULL,"
	" spec_hash BLOB NOT NULL CHECK (length(spec_hash) = 32),"
	" last_applied TEXT NOT NULL,"
	" observed_hash BLOB NOT NULL CHECK (length(observed_hash) = 32),"
	" conditions TEXT NOT NULL,"
	" state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),"
	" disabled_at INTEGER,"
	" declared_in INTEGER NOT NULL,"
	" file TEXT NOT NULL,"
	" line INTEGER NOT NULL,"
	" column INTEGER NOT NULL,"
	" span_start INTEGER NOT NULL,"
	" span_end INTEGER NOT NULL,"
	" CHECK ((state = 'disabled') = (disabled_at IS NOT NULL))"
	") STRICT, WITHOUT ROWID;"
	"CREATE UNIQUE INDEX object_id ON object (kind, id);"
	"CREATE INDEX object_key ON object (kind, key);"

	/* The files of each generation, each content once. */
	"CREATE TABLE desired_blob ("
	" digest BLOB PRIMARY KEY CHECK (length(digest) = 32),"
	" size INTEGER NOT NULL,"
	" bytes BLOB NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE generation ("
	" number INTEGER PRIMARY KEY,"
	" accepted_at INTEGER NOT NULL,"
	" actor TEXT NOT NULL,"
	" origin TEXT NOT NULL,"
	" digest BLOB NOT NULL CHECK (length(digest) = 32),"
	" plan_digest BLOB NOT NULL CHECK (length(plan_digest) = 32),"
	" summary TEXT NOT NULL,"
	" serial INTEGER NOT NULL"
	") STRICT;"
	"CREATE TABLE generation_file ("
	" generation INTEGER NOT NULL REFERENCES generation (number),"
	" position INTEGER NOT NULL,"
	" path TEXT NOT NULL,"
	" blob BLOB NOT NULL REFERENCES desired_blob (digest),"
	" PRIMARY KEY (generation, position)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX generation_file_blob ON generation_file (blob);"

	/* What was done, in which transaction. */
	"CREATE TABLE step ("
	" serial INTEGER NOT NULL,"
	" seq INTEGER NOT NULL,"
	" uid BLOB NOT NULL,"
	" kind TEXT NOT NULL,"
	" id TEXT NOT NULL,"
	" action TEXT NOT NULL,"
	" reason TEXT NOT NULL,"
	" risk TEXT NOT NULL,"
	" pre_hash BLOB,"
	" post_hash BLOB,"
	" state TEXT NOT NULL CHECK (state IN ('done')),"
	" PRIMARY KEY (serial, seq)"
	") STRICT, WITHOUT ROWID;"

	/* What belongs to the store behind a user: the person's own values, the passwords,
	 * the wrapped data key by slot. */
	"CREATE TABLE account ("
	" uid BLOB PRIMARY KEY REFERENCES object (uid),"
	" name TEXT NOT NULL,"
	" locale TEXT NOT NULL,"
	" revocation INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE credential ("
	" account BLOB NOT NULL REFERENCES account (uid),"
	" slot TEXT NOT NULL,"
	" hash TEXT NOT NULL,"
	" origin TEXT NOT NULL CHECK (origin IN ('state', 'person', 'upgrade')),"
	" set_at INTEGER NOT NULL,"
	" PRIMARY KEY (account, slot)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE key_slot ("
	" account BLOB NOT NULL REFERENCES account (uid),"
	" slot TEXT NOT NULL CHECK (slot IN ('host', 'password', 'app', 'passkey',"
	"  'recovery', 'member')),"
	" name TEXT NOT NULL,"
	" wrapped BLOB NOT NULL,"
	" made_at INTEGER NOT NULL,"
	" PRIMARY KEY (account, slot, name)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE former_address ("
	" address TEXT PRIMARY KEY,"
	" account BLOB NOT NULL REFERENCES account (uid),"
	" until INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"

	/* `source` is the digest of the files that it came from; of a self-signed one, of
	 * nothing. */
	"CREATE TABLE certificate ("
	" uid BLOB PRIMARY KEY REFERENCES object (uid),"
	" name TEXT NOT NULL,"
	" chain TEXT NOT NULL,"
	" sealed_key BLOB NOT NULL,"
	" source BLOB NOT NULL CHECK (length(source) = 32),"
	" not_before INTEGER NOT NULL,"
	" not_after INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"

	/* The same event again is counted, not written again. */
	"CREATE TABLE event ("
	" id INTEGER PRIMARY KEY,"
	" object TEXT NOT NULL,"
	" reason TEXT NOT NULL,"
	" message TEXT NOT NULL,"
	" first_at INTEGER NOT NULL,"
	" last_at INTEGER NOT NULL,"
	" count INTEGER NOT NULL,"
	" UNIQUE (object, reason)"
	") STRICT;"

	/* Append only: `hash` covers the row and the hash before it. */
	"CREATE TABLE audit ("
	" seq INTEGER PRIMARY KEY,"
	" at INTEGER NOT NULL,"
	" actor TEXT NOT NULL,"
	" action TEXT NOT NULL,"
	" object TEXT NOT NULL,"
	" uid BLOB,"
	" plan_digest BLOB,"
	" pre_hash BLOB,"
	" post_hash BLOB,"
	" hash BLOB NOT NULL CHECK (length(hash) = 32)"
	") STRICT;",

	/* One row at most: the reconciler was told to hold still. Events get a number
	 * that grows with each change, to be followed by. */
	"CREATE TABLE suspension ("
	" only INTEGER PRIMARY KEY CHECK (only = 1),"
	" until INTEGER NOT NULL,"
	" since INTEGER NOT NULL,"
	" reason TEXT NOT NULL,"
	" actor TEXT NOT NULL"
	") STRICT;"
	"ALTER TABLE event ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;"
	"UPDATE event SET revision = id;"
	"CREATE INDEX event_revision ON event (revision);",

	/* Accounts whose files are to be removed, and addresses that nobody gets for a
	 * while. */
	"CREATE TABLE purged ("
	" uid BLOB PRIMARY KEY CHECK (length(uid) = 16),"
	" at INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE freed_address ("
	" address TEXT PRIMARY KEY,"
	" until INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;",

	/* One row at most: a generation that is taken back unless it is confirmed. */
	"CREATE TABLE confirmation ("
	" only INTEGER PRIMARY KEY CHECK (only = 1),"
	" generation INTEGER NOT NULL,"
	" back_to INTEGER NOT NULL,"
	" until INTEGER NOT NULL,"
	" within INTEGER NOT NULL"
	") STRICT;",

	/* Effects outside of this process: what is to be done, in which transaction it was
	 * planned, and how far it is. A hash that is empty stands for nothing being there, one
	 * that is NULL for nobody knowing. An object that leaves stays until its effect is
	 * undone; `current` is false of an edge that the next effect of the object drops. */
	"ALTER TABLE object ADD COLUMN leaving INTEGER NOT NULL DEFAULT 0"
	" CHECK (leaving IN (0, 1));"
	"CREATE TABLE outbox ("
	" serial INTEGER NOT NULL,"
	" seq INTEGER NOT NULL,"
	" uid BLOB NOT NULL CHECK (length(uid) = 16),"
	" kind TEXT NOT NULL,"
	" id TEXT NOT NULL,"
	" provider TEXT NOT NULL,"
	" operation TEXT NOT NULL CHECK (operation IN ('create', 'update', 'remove')),"
	" idempotency_key TEXT NOT NULL,"
	" text TEXT NOT NULL,"
	" pre_hash BLOB CHECK (length(pre_hash) IN (0, 32)),"
	" post_hash BLOB NOT NULL CHECK (length(post_hash) IN (0, 32)),"
	" dependencies BLOB NOT NULL CHECK (length(dependencies) % 16 = 0),"
	" state TEXT NOT NULL CHECK (state IN ('pending', 'intent', 'unknown', 'failed',"
	"  'done')),"
	" attempts INTEGER NOT NULL,"
	" next_at INTEGER,"
	" class TEXT,"
	" reason TEXT,"
	" message TEXT,"
	" PRIMARY KEY (serial, seq)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX outbox_uid ON outbox (uid);"
	"CREATE TABLE dependence ("
	" uid BLOB NOT NULL CHECK (length(uid) = 16),"
	" needs BLOB NOT NULL CHECK (length(needs) = 16),"
	" current INTEGER NOT NULL CHECK (current IN (0, 1)),"
	" PRIMARY KEY (uid, needs)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX dependence_needs ON dependence (needs);",

	/* How far each account's file had come, at least: written every few seconds, behind
	 * what is on the disk. A file that is less far is an old copy. */
	"ALTER TABLE account ADD COLUMN commits INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE account ADD COLUMN modseq INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE account ADD COLUMN uidvalidity INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE account ADD COLUMN uidnext INTEGER NOT NULL DEFAULT 0;",

	/* What somebody changed past the state, by field (touch.h), and how often it was set
	 * right lately (fight.h). */
	"CREATE TABLE touched ("
	" uid BLOB NOT NULL REFERENCES object (uid) ON DELETE CASCADE,"
	" field TEXT NOT NULL,"
	" was TEXT NOT NULL,"
	" live TEXT NOT NULL,"
	" actor TEXT NOT NULL,"
	" at INTEGER NOT NULL,"
	" PRIMARY KEY (uid, field)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE fight ("
	" uid BLOB NOT NULL REFERENCES object (uid) ON DELETE CASCADE,"
	" field TEXT NOT NULL,"
	" before_last INTEGER NOT NULL,"
	" last INTEGER NOT NULL,"
	" level INTEGER NOT NULL,"
	" until INTEGER NOT NULL,"
	" PRIMARY KEY (uid, field)"
	") STRICT, WITHOUT ROWID;",

	/* Steps that wait for people or time: since when, who asked for it first, and who
	 * agreed. */
	"CREATE TABLE held_step ("
	" step BLOB PRIMARY KEY CHECK (length(step) = 32),"
	" since INTEGER NOT NULL,"
	" person TEXT NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE approval ("
	" step BLOB NOT NULL CHECK (length(step) = 32),"
	" person TEXT NOT NULL,"
	" at INTEGER NOT NULL,"
	" PRIMARY KEY (step, person)"
	") STRICT, WITHOUT ROWID;",

	/* What of an object may live besides what its row of the outbox wants (effect.h). */
	"ALTER TABLE outbox ADD COLUMN former TEXT NOT NULL DEFAULT '';",

	/* Keys that sign for a domain (agent/database/dkim_row.h), sealed, each bound to the object and
	 * its selector. They outlive their object. Times are NULL until they come. */
	"CREATE TABLE dkim_key ("
	" domain TEXT NOT NULL,"
	" selector TEXT NOT NULL,"
	" algorithm TEXT NOT NULL CHECK (algorithm IN ('rsa2048', 'ed25519')),"
	" object BLOB NOT NULL CHECK (length(object) = 16),"
	" sealed BLOB NOT NULL,"
	" public_key BLOB NOT NULL,"
	" rotate INTEGER NOT NULL,"
	" made_at INTEGER NOT NULL,"
	" active_at INTEGER,"
	" retired_at INTEGER,"
	" PRIMARY KEY (domain, selector)"
	") STRICT, WITHOUT ROWID;",

	/* How far an effect of several steps is (effect.h), sealed. */
	"ALTER TABLE outbox ADD COLUMN progress BLOB;",

	/* Of a certificate that an issuer signed: what it was asked for, and when that issuer
	 * wants it to be renewed, asked again at `renewal_at`. Its account there, what is
	 * shown to it now, and what it was asked for lately, since it counts that, too. */
	"ALTER TABLE certificate ADD COLUMN issued TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE certificate ADD COLUMN renew_at INTEGER;"
	"ALTER TABLE certificate ADD COLUMN renewal_at INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE issuer_account ("
	" issuer TEXT PRIMARY KEY,"
	" sealed_key BLOB NOT NULL,"
	" url TEXT NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE issuer_challenge ("
	" uid BLOB NOT NULL REFERENCES object (uid) ON DELETE CASCADE,"
	" kind TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" token TEXT NOT NULL,"
	" text TEXT NOT NULL,"
	" PRIMARY KEY (uid, name, token)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE rate_ledger ("
	" issuer TEXT NOT NULL,"
	" what TEXT NOT NULL,"
	" subject TEXT NOT NULL,"
	" once TEXT NOT NULL,"
	" at INTEGER NOT NULL,"
	" PRIMARY KEY (issuer, what, subject, once)"
	") STRICT, WITHOUT ROWID;",

	/* One row at most: the repository that the state is taken from. An id that is empty
	 * stands for none. */
	"CREATE TABLE source ("
	" only INTEGER PRIMARY KEY CHECK (only = 1),"
	" applied BLOB NOT NULL CHECK (length(applied) IN (0, 20)),"
	" applied_at INTEGER NOT NULL,"
	" generation INTEGER NOT NULL,"
	" signer TEXT NOT NULL,"
	" fingerprint TEXT NOT NULL,"
	" subject TEXT NOT NULL,"
	" refused BLOB NOT NULL CHECK (length(refused) IN (0, 20)),"
	" refused_at INTEGER NOT NULL,"
	" reason TEXT NOT NULL,"
	" message TEXT NOT NULL,"
	" state_refused INTEGER NOT NULL CHECK (state_refused IN (0, 1)),"
	" accepted BLOB NOT NULL CHECK (length(accepted) IN (0, 20))"
	") STRICT;",

	/* What is wrong, and what was told of it by each channel (alert.h): 0 nothing, 1 that
	 * it began, 2 that it is over. Letters that wait to be written (letter.h): to one
	 * account, or to addresses, a JSON list. */
	"CREATE TABLE alert ("
	" object TEXT NOT NULL,"
	" reason TEXT NOT NULL,"
	" message TEXT NOT NULL,"
	" since INTEGER NOT NULL,"
	" patience INTEGER NOT NULL,"
	" over INTEGER,"
	" mailed INTEGER NOT NULL CHECK (mailed IN (0, 1, 2)),"
	" posted INTEGER NOT NULL CHECK (posted IN (0, 1, 2)),"
	" PRIMARY KEY (object, reason)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE letter ("
	" number INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL,"
	" account BLOB CHECK (length(account) = 16),"
	" addresses TEXT,"
	" subject TEXT NOT NULL,"
	" text TEXT NOT NULL,"
	" CHECK ((account IS NULL) <> (addresses IS NULL))"
	") STRICT;",

	/* As whom the issuer is named in a CAA record; empty: it did not say. */
	"ALTER TABLE issuer_account ADD COLUMN authority TEXT NOT NULL DEFAULT '';",

	/* What each account held when that was remembered; NULL: nobody knows. */
	"ALTER TABLE account ADD COLUMN used INTEGER;",
	"ALTER TABLE account ADD COLUMN messages INTEGER;",

	/* What mail programs log in with (app_password.h). `expires_at` is 0 for never. */
	"CREATE TABLE app_password ("
	" account BLOB NOT NULL REFERENCES account (uid),"
	" name TEXT NOT NULL,"
	" salt BLOB NOT NULL CHECK (length(salt) = 16),"
	" stored BLOB NOT NULL CHECK (length(stored) = 32),"
	" server BLOB NOT NULL CHECK (length(server) = 32),"
	" protocols INTEGER NOT NULL,"
	" made_at INTEGER NOT NULL,"
	" expires_at INTEGER NOT NULL,"
	" used_at INTEGER,"
	" PRIMARY KEY (account, name)"
	") STRICT, WITHOUT ROWID;",
	/* Its file came from a backup, and was not opened since: clients have seen numbers that
	 * it does not know of. */
	"ALTER TABLE account ADD COLUMN put_back INTEGER NOT NULL DEFAULT 0;",
	/* How far each backup has come (agent/backup/row.h). */
	"CREATE TABLE backup ("
	" uid BLOB PRIMARY KEY CHECK (length(uid) = 16),"
	" begun INTEGER NOT NULL,"
	" good INTEGER NOT NULL,"
	" verified INTEGER NOT NULL,"
	" proven INTEGER NOT NULL,"
	" failures INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL,"
	" sent INTEGER NOT NULL,"
	" files INTEGER NOT NULL,"
	" snapshot TEXT NOT NULL,"
	" reason TEXT NOT NULL,"
	" message TEXT NOT NULL"
	") STRICT, WITHOUT ROWID;",
	/* What domains last said of TLS for mail to them, and when DMARC began to climb
	 * (agent/zone/sts_row.h). Times are 0 until they come. */
	"CREATE TABLE sts_policy ("
	" domain TEXT PRIMARY KEY,"
	" mode TEXT NOT NULL CHECK (mode IN ('enforce', 'testing', 'none')),"
	" hosts TEXT NOT NULL,"
	" id TEXT NOT NULL,"
	" file TEXT NOT NULL,"
	" longest INTEGER NOT NULL,"
	" testing_since INTEGER NOT NULL,"
	" none_since INTEGER NOT NULL,"
	" exchangers_at INTEGER NOT NULL,"
	" gone INTEGER NOT NULL CHECK (gone IN (0, 1))"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE dmarc_ramp ("
	" domain TEXT PRIMARY KEY,"
	" since INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;",

	/* A certificate is served for as long as its object is there, leaving or not. */
	"CREATE TABLE certificate_served ("
	" uid BLOB PRIMARY KEY REFERENCES object (uid) ON DELETE CASCADE,"
	" name TEXT NOT NULL,"
	" chain TEXT NOT NULL,"
	" sealed_key BLOB NOT NULL,"
	" source BLOB NOT NULL CHECK (length(source) = 32),"
	" not_before INTEGER NOT NULL,"
	" not_after INTEGER NOT NULL,"
	" issued TEXT NOT NULL DEFAULT '',"
	" renew_at INTEGER,"
	" renewal_at INTEGER NOT NULL DEFAULT 0"
	") STRICT, WITHOUT ROWID;"
	"INSERT INTO certificate_served SELECT uid, name, chain, sealed_key, source,"
	" not_before, not_after, issued, renew_at, renewal_at FROM certificate;"
	"DROP TABLE certificate;"
	"ALTER TABLE certificate_served RENAME TO certificate;",

	/* How an approval came (authority.h) and by which key, and how one has to come. A
	 * signature counts once. */
	"ALTER TABLE approval ADD COLUMN way INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE held_step ADD COLUMN way INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE approval ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';"
	"CREATE TABLE approval_used ("
	" fingerprint TEXT NOT NULL,"
	" text TEXT NOT NULL,"
	" at INTEGER NOT NULL,"
	" PRIMARY KEY (fingerprint, text)"
	") STRICT, WITHOUT ROWID;"

	/* People and keys of whom nothing counts any more. */
	"CREATE TABLE revoked ("
	" name TEXT PRIMARY KEY,"
	" at INTEGER NOT NULL,"
	" actor TEXT NOT NULL"
	") STRICT, WITHOUT ROWID;",
	/* A link by which a person takes an account (invitation.h): the digest of its token.
	 * Without `made_at` its letter is still to be written. */
	"CREATE TABLE invitation ("
	" account BLOB PRIMARY KEY REFERENCES account (uid),"
	" address TEXT NOT NULL,"
	" digest BLOB UNIQUE CHECK (length(digest) = 32),"
	" made_at INTEGER,"
	" used_at INTEGER"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX invitation_due ON invitation (account) WHERE made_at IS NULL;",

	/* One whose key the DNS does not say yet (agent/driver/certificate_next.h). */
	"CREATE TABLE certificate_next ("
	" uid BLOB PRIMARY KEY REFERENCES object (uid) ON DELETE CASCADE,"
	" name TEXT NOT NULL,"
	" chain TEXT NOT NULL,"
	" sealed_key BLOB NOT NULL,"
	" source BLOB NOT NULL CHECK (length(source) = 32),"
	" not_before INTEGER NOT NULL,"
	" not_after INTEGER NOT NULL,"
	" issued TEXT NOT NULL,"
	" seen_at INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;",

	/* Somebody applied a state of his own: nothing is taken from the repository. */
	"ALTER TABLE source ADD COLUMN detached INTEGER NOT NULL DEFAULT 0;",
};

const struct database_schema control_schema = {
	.application_id = CONTROL_APPLICATION,
	.steps = steps,
	.step_count = ARRAY_LEN(steps),
};

int control_database_open(const char *path, const struct key *key, struct database **out)
{
	const struct database_options options = {
		.create = true,
		.schema = &control_schema,
		.cache_kib = CACHE_KIB,
	};

	return database_open(path, key, &options, out);
}

int control_serial(struct database *db, uint64_t *out)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "SELECT value FROM meta WHERE name = 'serial'", &s);

	if (r)
		return r;
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r ? r : DATABASE_E_DAMAGED;
	*out = column_u64(s, 0);
	return 0;
}

int control_set_serial(struct database *db, uint64_t serial)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(
			db, "UPDATE meta SET value = ?1 WHERE name = 'serial'", &s);

	if (r)
		return r;
	bind_u64(s, 1, serial);
	return statement_run(s);
}

int control_secret(struct database *db, unsigned char out[CONTROL_SECRET])
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(db, "SELECT value FROM meta WHERE name = 'secret'", &s);
	struct view secret;

	if (r)
		return r;
	r = statement_step(s);
	if (r != DATABASE_ROW)
		return r ? r : DATABASE_E_DAMAGED;
	secret = column_view(s, 0);
	if (secret.len != CONTROL_SECRET)
		return DATABASE_E_DAMAGED;
	memcpy(out, secret.data, CONTROL_SECRET);
	return 0;
}
