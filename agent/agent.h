/* The agent: what the commands and the control routes call.
 *
 * It owns the data directory's lock and the control database, knows what was applied, and
 * makes the runtime match it. Everything that changes enters by one way: a state becomes
 * a plan, the plan is shown, the plan is applied. Nothing here reads a state's files:
 * callers bring the bytes.
 *
 * One thread at a time. Calls return 0, an outcome, or a fault; what people are told of a
 * plan or an apply stands in the result. */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent/exit.h"
#include "runtime/base/clock.h"
#include "runtime/base/secret.h"
#include "runtime/base/view.h"

#include <jansson.h>

struct agent;
struct agent_file; /* schema/agent_file.h */
struct broker;
struct arena;
struct buf;
struct composed; /* schema/compose.h */
struct os;
struct plan; /* agent/plan/plan.h */
struct runtime;
struct status;  /* agent/status.h */
struct history; /* agent/database/generation.h */
struct trusted; /* schema/agent_file.h */

enum {
	AGENT_E_LOCKED = 1, /* another agent has the data directory: exit 5 */
	AGENT_E_KEY,      /* the control database does not open under this key: exit 3 */
	AGENT_E_NEWER,    /* a newer posthus wrote it: exit 1 */
	AGENT_E_DAMAGED,  /* a page of it fails its tag or its check: exit 1 */
	AGENT_E_ABSENT,   /* there is no such object: exit 1 */
	AGENT_E_PASSWORD, /* the password is empty or too long: exit 1 */
	AGENT_E_FIELD, /* the object has no such field, or not one that is changed by hand */
	AGENT_E_TIME, /* no reason, or a time that has passed or lies over a year ahead */
	AGENT_E_GONE, /* the account has no file: exit 1 */
	AGENT_E_THERE, /* it has one: exit 1 */
	AGENT_E_UNFIT, /* it does not open: exit 1 */
	AGENT_E_BUSY,  /* later perhaps: exit 5 */
	AGENT_E_TAKEN, /* there is one of that name: exit 5 */
	AGENT_E_MANY,  /* it has as many as it may: exit 5 */
};

/* -- opening -- */

struct agent_options {
	const char *data; /* the data directory; made 0700 where it is missing */
	/* agent.yaml: which host this is, what a state may touch; NULL: all defaults */
	const struct agent_file *file;
	/* Borrowed; may be NULL offline where no database is yet. */
	struct broker *broker;
	const struct os *os; /* NULL: the real one */
	bool anywhere; /* which host this is, and what it allows, is not known: to compare
			  states on a machine that runs none of them */
	/* NULL is fine. On a fault, what it is about: the name of a file below `data`, or ""
	 * for the directory itself. */
	const char **failed;
	bool offline; /* to plan beside no running agent: takes the lock, reads a copy,
			 and leaves the data directory as it was, byte for byte */
};

/* Takes DATA/lock, opens DATA/control.db. */
MUST_USE int agent_open(const struct agent_options *options, struct agent **out);
/* From now on what is applied goes to this runtime; it is borrowed until agent_close.
 * Without one (offline) only agent_plan, agent_status, agent_get, agent_history work. */
void agent_attach(struct agent *agent, struct runtime *runtime);
/* What sandbox this process is in, for the status: `level` as the log has it, and what it lacks
 * or NULL. Both are literals. */
void agent_confined(struct agent *agent, const char *level, const char *without);
/* The memory that holds keys, the runtime's with it. Not locked: keys may reach the swap. */
struct agent_keys {
	size_t bytes;
	bool locked;
};

struct agent_keys agent_keys(struct agent *agent);
/* What agent.yaml says. */
const struct agent_file *agent_own_file(const struct agent *agent);
/* The person whom agent.yaml trusts under this user; NULL: nobody. */
const struct trusted *agent_operator(const struct agent *agent, uint32_t uid);
/* NULL is fine. The runtime must have stopped. */
void agent_close(struct agent *agent);
void agent_closep(struct agent **agent);

/* -- states, plans -- */

/* What becomes of account files that no object owns, where the state names their accounts. */
enum unowned_way {
	UNOWNED_ASKED,     /* nothing is applied, and the result says what there is */
	UNOWNED_ADOPTED,   /* each is its account's again */
	UNOWNED_ABANDONED, /* they stay where they are; their accounts begin empty */
};

struct agent_source {
	/* schema/source.h: paths as diagnostics print them */
	const struct source_file *files;
	size_t count;
	struct view origin; /* where it came from, for history: "/etc/posthus/state" */
	enum unowned_way unowned;
};

/* What became of a plan or an apply. */
struct agent_result {
	enum exit_code code;
	const char *reason; /* a stable word: PruneGate, StateInvalid, PortTaken …; NULL
			       where all is fine */
	char *message;      /* for people: what happened and what to do next; or NULL */
	char *diagnostics;  /* of the state, as printed: errors, warnings; or NULL */
	json_t *diagnostics_json; /* the same, as diagnostics_json() makes it; or NULL */
	struct plan *plan;        /* NULL where the state was refused */
	uint64_t generation;      /* the one that is desired now */
	uint64_t serial;          /* of the last change of the control database */
	nstime took;
};

/* A zeroed result, and one freed before, are fine. */
void agent_result_free(struct agent_result *result);
/* As `posthus plan` prints it: diagnostics, plan, message, and `exit 4: PruneGate`. */
void agent_result_print(const struct agent_result *result, struct buf *out);
/* {"format_version", "exit", "reason", "message", "diagnostics", "plan", "generation",
 * "serial"} */
MUST_USE json_t *agent_result_json(const struct agent_result *result);
/* All of it but "plan", which may be large: plan_add_json() prints it. */
MUST_USE json_t *agent_result_frame(const struct agent_result *result);

/* Takes a state as applied, with all that it says, so that the next plan is made against it.
 * Offline alone, and where nothing was applied yet: only the copy that is thrown away
 * knows of it. */
MUST_USE int agent_assume(struct agent *agent, const struct agent_source *source,
		struct agent_result *out);
/* What applying this state would do. Writes nothing, anywhere. */
MUST_USE int agent_plan(struct agent *agent, const struct agent_source *source,
		struct agent_result *out);

struct agent_apply_options {
	struct view actor;   /* for history and audit: "uid 0" */
	struct view approve; /* the digest of held steps that may go this once; or empty
			      */
	struct view expect;  /* the digest of the plan that was shown: another one is
				exit 5; or empty */
	int64_t confirm_within; /* seconds: taken back unless agent_confirm comes; 0: no */
};

/* Makes this state the desired generation and applies it. What it holds back (exit 4)
 * stays held; on exit 1, 3 and 5 nothing has changed. */
MUST_USE int agent_apply(struct agent *agent, const struct agent_source *source,
		const struct agent_apply_options *options, struct agent_result *out);

enum reconcile_cause {
	RECONCILE_START,
	RECONCILE_TIMER,
	RECONCILE_SIGNAL,
};

/* Plans and applies the desired generation again, from the database alone. On a timer it
 * is nearly free while nothing has moved. Before the first apply there is none: the
 * result is fine and its generation 0. */
MUST_USE int agent_reconcile(struct agent *agent, enum reconcile_cause cause,
		struct agent_result *out);
/* When agent_reconcile(RECONCILE_TIMER) is next due: the interval, ±10 %. */
nstime agent_next_deadline(const struct agent *agent);

/* Before waiting: gives back the memory that a plan over many objects took. */
void agent_rest(struct agent *agent);

/* -- effects outside -- */

/* What an apply put into the outbox is done in turns: one when the file descriptor can be
 * read, and one when the deadline is there (NSTIME_NEVER: none is). A turn blocks for
 * nothing but the control database; what fails is said in the objects' conditions, and in
 * the log. Not offline. */
int agent_outbox_fd(const struct agent *agent);
nstime agent_outbox_deadline(const struct agent *agent);
void agent_outbox_turn(struct agent *agent);

/* -- backups -- */

/* What is due is taken, verified, and said of; in turns, as the outbox. Not offline. */
int agent_backups_fd(const struct agent *agent);
nstime agent_backups_deadline(const struct agent *agent);
void agent_backups_turn(struct agent *agent);

enum agent_backup_deed {
	AGENT_BACKUP_RUN,
	AGENT_BACKUP_VERIFY,
	AGENT_BACKUP_DRILL, /* by an identity that opens it: a recovery code, or age's */
	/* RUN at a place that has lost what was written last: somebody has looked. */
	AGENT_BACKUP_ACCEPT_LOSS,
};

/* Begins one now, by name: `posthus backup list` says what comes of it. ABSENT; BUSY: another
 * one is under way. */
MUST_USE int agent_backup_begin(struct agent *agent, struct view name,
		enum agent_backup_deed deed, const struct secret *identity);
/* All of them: {"items": [{"name", "running", "good", "verified", "proven", "failures",
 * "reason", "message", "bytes", "sent", "files", "snapshot", "doing", "done_bytes"}]}. */
MUST_USE int agent_backups_json(struct agent *agent, json_t **out);

/* -- telling people -- */

/* What is wrong is looked for, and told to whom `alerts` of the state names; letters that wait
 * are written. In turns, as the outbox. Not offline. */
int agent_alerts_fd(const struct agent *agent);
nstime agent_alerts_deadline(const struct agent *agent);
void agent_alerts_turn(struct agent *agent);
/* The repository of the state cannot be asked, or its newest commit is not taken, and people are
 * told where that lasts for `patience` seconds; `reason` is a literal, NULL: all is well. */
void agent_source_trouble(struct agent *agent, const char *reason, struct view message,
		int64_t patience);
/* A runtime's notice: that account wants to send more than it may. */
void agent_sending_frozen(struct agent *agent, const unsigned char *account);

/* -- holding still, going back -- */

struct agent_suspension {
	walltime until;
	struct view reason;
	struct view actor;
};

/* Nothing is applied until then, whoever asks: a plan still is. AGENT_E_TIME. */
MUST_USE int agent_suspend(struct agent *agent, const struct agent_suspension *wanted);
MUST_USE int agent_resume(struct agent *agent, struct view actor);
/* Makes an older generation's files the desired ones again, as a new generation and
 * through the same gates. 0: the one before the newest. AGENT_E_ABSENT where it is none or
 * was forgotten. */
MUST_USE int agent_rollback(struct agent *agent, uint64_t number,
		const struct agent_apply_options *options, struct agent_result *out);
/* Keeps the generation that waits for it: AGENT_E_ABSENT where none does. */
MUST_USE int agent_confirm(struct agent *agent, struct view actor);
/* Lets the held steps of the desired generation go that this digest names, once. */
struct agent_approval {
	struct view digest;
	struct view actor;
	unsigned way;            /* enum approval: how the actor said so */
	struct view fingerprint; /* of the key that signed it; or empty */
};

MUST_USE int agent_approve(struct agent *agent, const struct agent_approval *approval,
		struct agent_result *out);
/* From now on nothing counts of a person of `trust`, or of a key by its fingerprint; or it
 * does again. AGENT_E_ABSENT where nobody has that name, or none was revoked. */
struct revocations; /* agent/database/revocation.h */

MUST_USE int agent_revoked(
		struct agent *agent, struct arena *arena, struct revocations *out);
MUST_USE int agent_revoke(struct agent *agent, struct view name, struct view actor);
MUST_USE int agent_reinstate(struct agent *agent, struct view name, struct view actor);
/* Takes a signature by that key over that text for one approval. AGENT_E_THERE: it counted
 * already. */
MUST_USE int agent_use_signature(
		struct agent *agent, struct view fingerprint, struct view text);

/* Destroys the data of a disabled object, by name and uid, once `policy.retain` is over:
 * its key slots first, then its files. Where the state names backups one that was read has to
 * have it, unless `unbacked`. AGENT_E_ABSENT; else the result says why not. */
MUST_USE int agent_purge(struct agent *agent, struct view name, struct view uid,
		bool unbacked, struct view actor, struct agent_result *out);

/* -- past the state -- */

struct agent_local_change {
	struct view object; /* user/anna */
	struct view field;  /* a number of what was applied: "quota" */
	struct view value;  /* as JSON */
	struct view actor;  /* "admin:eve" */
};

/* Changes what lives of an account past the state: for an administrator, or a program of
 * ours. It counts at once, and is drift: the reconciler is due at once, too, and does what
 * `policy.drift` says. AGENT_E_ABSENT; AGENT_E_FIELD. */
MUST_USE int agent_local_set(
		struct agent *agent, const struct agent_local_change *wanted);
/* Shuts an account that the state wants open. Its data is kept. AGENT_E_ABSENT;
 * AGENT_E_FIELD where the object is none that can be shut. */
MUST_USE int agent_local_disable(
		struct agent *agent, struct view object, struct view actor);

/* -- what is -- */

/* All objects counted by kind, the unhappy ones by name, and the runtime's own figures.
 * `name` is empty, or KIND/ID for one object: AGENT_E_ABSENT where there is none. */
MUST_USE int agent_status(struct agent *agent, struct view name, struct status **out);
/* KIND/ID, or KIND for all of it: {"format_version", "items": [{"kind", "id", "key",
 * "uid", "generation", "spec", "conditions", "provenance", …}]}. With `origin` each
 * field's line of the state is added. The caller drops the reference. */
MUST_USE int agent_get(struct agent *agent, struct view name, bool origin, json_t **out);
/* True where the condition of KIND/ID is True (`posthus wait --for Ready user/anna`). */
MUST_USE int agent_condition(
		struct agent *agent, struct view name, struct view type, bool *out);
/* The last `most` generations, newest first. */
MUST_USE int agent_history(struct agent *agent, size_t most, struct history **out);

/* The state in force, as YAML that a person would have written. */
struct agent_export {
	struct arena *arena;       /* owns all that is below */
	struct view head;          /* comments */
	struct composed *sections; /* schema/compose.h */
	size_t section_count;
	struct source_file
			*files; /* the same, a file a section or more, none too large */
	size_t count;
};

/* What was applied last, and what a gate keeps though that left it out: `posthus plan` of it
 * is empty, as far as the two go together; else its comments name what is kept. `kinds` is
 * empty, for all, or names some: "user,alias"; AGENT_E_ABSENT where one is none. Where
 * nothing was applied yet the result says so. Free `out` in any case. */
MUST_USE int agent_export(struct agent *agent, struct view kinds,
		struct agent_result *result, struct agent_export *out);
/* Cuts the sections into files; for who made them himself. */
void agent_export_split(struct agent_export *export);
/* All of it as one file. */
void agent_export_print(const struct agent_export *export, struct buf *out);
void agent_export_free(struct agent_export *export);

/* Events that are newer than revision `after`, the last `most` of them, oldest first:
 * {"format_version", "items": [{"revision", "object", "reason", "message", "first_at",
 * "last_at", "count"}]}. */
MUST_USE int agent_events(struct agent *agent, uint64_t after, size_t most, json_t **out);
/* From KIND/ID to its place, the generation that put it there and the steps that were
 * taken: {"object", "place", "accepted", "steps": [{"at", "actor", "action"}]}. */
MUST_USE int agent_trace(struct agent *agent, struct view name, json_t **out);

struct agent_audit {
	bool whole;
	uint64_t broken_at; /* the first row that does not hold, where it is not whole */
	uint64_t rows;
	unsigned char head[32]; /* the hash of the last row */
};

/* Walks the chain of the whole audit. */
MUST_USE int agent_audit(struct agent *agent, struct agent_audit *out);

/* -- accounts -- */

/* Sets the password of a user, by id or address; sessions that began under the old one
 * end. Takes a fifth of a second (Argon2id). */
MUST_USE int agent_password_set(struct agent *agent, struct view account,
		const struct secret *password, struct view actor);
/* A runtime's notice: the successor of an old hash, after a login. Sessions stay. */
MUST_USE int agent_password_upgraded(
		struct agent *agent, const unsigned char *account_uid, struct view hash);
/* What a program of a person logs in with, instead of the person's password. */
struct agent_app_password {
	struct view name;   /* "phone": told apart within the account */
	unsigned protocols; /* a set of enum protocol */
	walltime expires;   /* 0: never */
};

/* `out` is shown to the person, once. ABSENT; FIELD where the name is none, or it is for
 * nothing; TIME, TAKEN, MANY. */
MUST_USE int agent_app_password_create(struct agent *agent, struct view account,
		const struct agent_app_password *wanted, struct view actor,
		struct secret *out);
/* Nobody can log in by it any more; the account's sessions end, whatever they began by.
 * ABSENT: no such account; GONE: no such app password. */
MUST_USE int agent_app_password_revoke(struct agent *agent, struct view account,
		struct view name, struct view actor);
/* [{"name", "protocols", "made_at", "expires_at", "used_at"}], by name. */
MUST_USE int agent_app_passwords(struct agent *agent, struct view account, json_t **out);
/* A runtime's notice: somebody logged in by it. */
MUST_USE int agent_app_password_used(
		struct agent *agent, const unsigned char *account_uid, struct view name);
/* Begins to put the file of an account under another data key; a rotation that is under way is
 * asked for again. While the file is copied the account's mail waits. ABSENT. */
MUST_USE int agent_key_rotate(
		struct agent *agent, struct view account, struct view actor);
MUST_USE int agent_key_rotating(struct agent *agent, struct view account, bool *out);
/* Goes on with those that were cut off or had to wait. */
void agent_key_rotations_resume(struct agent *agent);
/* A runtime's notice: the file is under the new key, or why not yet. */
MUST_USE int agent_key_rotated(struct agent *agent, const unsigned char *account_uid,
		struct view why_not);
/* The data key of an account, to open its file with other tools. Written to the audit.
 * `path_out` is its file below the data directory, malloc'd. */
MUST_USE int agent_account_key_export(struct agent *agent, struct view account,
		struct view actor, struct secret *key_out, char **path_out);

/* Takes up the file of an account as it is, after it was put back from a copy; with `empty`,
 * that it has none any more. Its sessions end, its mailboxes have new UIDVALIDITYs, what
 * waited for it comes in. Written to the audit. ABSENT, GONE, THERE, UNFIT, BUSY. */
MUST_USE int agent_account_accept(
		struct agent *agent, struct view account, bool empty, struct view actor);

/* Writes down how far the accounts' files have come, as the runtime says; cheap where none
 * moved. Every few seconds, and once more when the runtime has stopped. */
MUST_USE int agent_remember(struct agent *agent);

#endif
