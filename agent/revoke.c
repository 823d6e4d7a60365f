/* Taking trust away on this host, whatever the lists of keys say, and counting a signature
 * once. */
#include "agent/inside.h"

#include "agent/database/journal.h"
#include "agent/database/revocation.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/store/database.h"
#include "schema/agent_file.h"

#include <errno.h>

static bool is_somebody(const struct agent *agent, struct view name)
{
	if (view_starts(name, VIEW("SHA256:")))
		return name.len > strlen("SHA256:") && name.len <= REVOCATION_NAME;
	for (size_t i = 0; agent->file && i < agent->file->operator_count; i++)
		if (view_eq(agent->file->operators[i].name, name))
			return true;
	return false;
}

/* Told, and written to the audit, with the change itself. */
static int tell(struct agent *agent, const char *reason, const char *action,
		struct view name, struct view actor)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const struct audit_entry entry = {
		.at = agent->os->wall(agent->os->state),
		.actor = actor,
		.action = action,
		.object = arena_printf(arena, "trust/%.*s", VIEW_ARG(name)),
	};
	int r = journal_event(agent->db, VIEW("source/git"), reason,
			arena_printf(arena, "%.*s by %.*s", VIEW_ARG(name),
					VIEW_ARG(actor)),
			entry.at);

	return r ? r : audit_add(agent->db, &entry);
}

int agent_revoked(struct agent *agent, struct arena *arena, struct revocations *out)
{
	int r = revocations_read(agent->db, arena, out);

	return r > 0 ? fault(-EIO) : r;
}

int agent_revoke(struct agent *agent, struct view name, struct view actor)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	int r;

	if (!is_somebody(agent, name))
		return AGENT_E_ABSENT;
	r = transaction_begin(agent->db, &t);
	if (r == 0)
		r = revocation_add(agent->db, name, actor,
				agent->os->wall(agent->os->state));
	if (r == 0)
		r = tell(agent, "TrustRevoked", "revoke", name, actor);
	if (r == 0)
		r = transaction_commit(&t);
	return r > 0 ? fault(-EIO) : r;
}

int agent_reinstate(struct agent *agent, struct view name, struct view actor)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	bool had = false;
	int r = transaction_begin(agent->db, &t);

	if (r == 0)
		r = revocation_remove(agent->db, name, &had);
	if (r == 0 && !had)
		return AGENT_E_ABSENT;
	if (r == 0)
		r = tell(agent, "TrustReinstated", "reinstate", name, actor);
	if (r == 0)
		r = transaction_commit(&t);
	return r > 0 ? fault(-EIO) : r;
}

int agent_use_signature(struct agent *agent, struct view fingerprint, struct view text)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(agent->db,
			"INSERT INTO approval_used VALUES (?1, ?2, ?3)"
			" ON CONFLICT DO NOTHING",
			&s);

	if (r == 0) {
		bind_text(s, 1, fingerprint);
		bind_text(s, 2, text);
		bind_i64(s, 3, agent->os->wall(agent->os->state));
		r = statement_run(s);
	}
	if (r)
		return r > 0 ? fault(-EIO) : r;
	return database_changes(agent->db) ? 0 : AGENT_E_THERE;
}
