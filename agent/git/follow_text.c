/* What is known of a repository, for people and programs. */
#include "agent/database/revocation.h"
#include "agent/database/text.h"
#include "agent/git/follow_inside.h"
#include "agent/inside.h"

static json_t *id_json(const struct object_id *id, struct arena *arena)
{
	return json_view(object_id_text(id, arena));
}

static json_t *applied_json(const struct source *source, struct arena *arena)
{
	if (!source->has_applied)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:I}", "commit",
			id_json(&source->applied, arena), "signer",
			json_view(source->signer), "key", json_view(source->fingerprint),
			"subject", json_view(source->subject), "at",
			json_time(source->applied_at), "generation",
			(json_int_t)source->generation);
}

static json_t *refused_json(const struct source *source, struct arena *arena)
{
	if (!source->has_refused)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "tip", id_json(&source->refused, arena),
			"reason", json_view(source->reason), "message",
			json_view(source->message), "at", json_time(source->refused_at));
}

static json_t *failure_json(const struct failure *failure)
{
	if (!failure->reason)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:I}", "reason", failure->reason, "message",
			json_view(view_z(failure->message)), "since",
			json_time(failure->since), "count", (json_int_t)failure->count);
}

static json_t *revoked_json(const struct revocations *revoked)
{
	json_t *names = json_array();

	for (size_t i = 0; i < revoked->count; i++)
		json_array_append_new(names, json_view(revoked->names[i]));
	return names;
}

int follow_json(struct follow *f, json_t **out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const struct git_settings *git = &f->file->git;
	struct revocations revoked;
	struct source source;
	int r = source_read(f->agent->db, arena, &source);

	if (r == 0)
		r = revocations_read(f->agent->db, arena, &revoked);
	if (r)
		return r;
	*out = json_pack("{s:i, s:o, s:o, s:b, s:I, s:o, s:o, s:o, s:o, s:o, s:b}",
			"format_version", 1, "url", json_view(git->url), "branch",
			json_view(git->branch), "running", sync_runs(f->sync), "rounds",
			(json_int_t)f->rounds, "seen_at",
			f->seen_at ? json_time(f->seen_at) : json_null(), "applied",
			applied_json(&source, arena), "refused",
			refused_json(&source, arena), "failure",
			failure_json(&f->failure), "revoked", revoked_json(&revoked),
			"detached", f->detached);
	return 0;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

void follow_print(const json_t *status, struct buf *out)
{
	const json_t *applied = json_object_get(status, "applied");
	const json_t *refused = json_object_get(status, "refused");
	const json_t *failure = json_object_get(status, "failure");
	const json_t *name;
	size_t i;

	buf_addf(out, "source %s %s", text_of(status, "url"), text_of(status, "branch"));
	if (json_is_object(applied))
		buf_addf(out, "@%.*s  signed by %s %s\n  %s\n", SHORT_ID,
				text_of(applied, "commit"), text_of(applied, "signer"),
				text_of(applied, "key"), text_of(applied, "subject"));
	else
		buf_add_z(out, "  nothing of it was applied yet\n");
	if (json_is_object(refused))
		buf_addf(out,
				"  %s  %.*s is not taken; what was applied last stays\n  "
				"  %s\n",
				text_of(refused, "reason"), SHORT_ID,
				text_of(refused, "tip"), text_of(refused, "message"));
	if (json_is_object(failure))
		buf_addf(out, "  %s since %s\n    %s\n", text_of(failure, "reason"),
				text_of(failure, "since"), text_of(failure, "message"));
	if (json_is_true(json_object_get(status, "detached")))
		buf_add_z(out, "  detached: `posthus git attach` takes commits again\n");
	json_array_foreach (json_object_get(status, "revoked"), i, name)
		buf_addf(out, "  revoked: %s\n", json_string_value(name));
}
