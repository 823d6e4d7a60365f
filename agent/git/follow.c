#include "agent/git/follow.h"

#include "agent/database/journal.h"
#include "agent/database/reason.h"
#include "agent/database/revocation.h"
#include "agent/git/follow_inside.h"
#include "agent/git/stages.h"
#include "agent/inside.h"
#include "agent/metrics.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/crypto/random.h"

#include <stdlib.h>

enum {
	COALESCE_SECONDS = 2,
	FAILURE_SECONDS = 60 * 60, /* that it may last before anybody is told */
	REFUSAL_SECONDS = 10 * 60,
};

/* -- what is known -- */

static int read_source(struct follow *f, struct arena *arena, struct source *out)
{
	return source_read(f->agent->db, arena, out);
}

/* Both in one transaction: what is known, and what is told. */
static int write_source(struct follow *f, const struct source *source, const char *reason,
		struct view message, walltime now)
{
	CLEANUP(transaction_end) struct transaction t = TRANSACTION_NULL;
	int r = transaction_begin(f->agent->db, &t);

	if (r == 0)
		r = source_write(f->agent->db, source);
	if (r == 0 && reason)
		r = journal_event(f->agent->db, VIEW("source/git"), reason, message, now);
	return r ? r : transaction_commit(&t);
}

static void forget_failure(struct follow *f)
{
	free(f->failure.message);
	f->failure = (struct failure){ 0 };
}

/* -- when -- */

static nstime poll_delay(const struct follow *f)
{
	return agent_jittered(f->file->git.poll);
}

static nstime delay_after(const struct follow *f, const char *reason)
{
	enum error_class class = reason_class(view_z(reason));
	uint64_t random;
	nstime delay;

	random_bytes(&random, sizeof(random));
	delay = requeue_delay(class, f->failure.count, 0, random);

	/* A repository may change at any time: it is asked all the same. */
	return delay == NSTIME_NEVER || delay < f->file->git.poll ? poll_delay(f) : delay;
}

static int ask(struct follow *f)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct sync_question question = { .now = clock_wall() };
	struct revocations revoked = { 0 };
	struct source source;
	int r = read_source(f, arena, &source);

	arena_free(f->revoked);
	f->revoked = arena_new();
	if (r == 0)
		r = revocations_read(f->agent->db, f->revoked, &revoked);
	if (r)
		return r;
	question.revoked = revoked.names;
	question.revoked_count = revoked.count;
	question.has_applied = source.has_applied;
	question.applied = source.applied;
	question.has_accepted = source.has_accepted;
	question.accepted = source.accepted;
	/* What this process has not judged may be another's fault: of an older version, or of
	 * what agent.yaml said then. */
	question.has_refused =
			source.has_refused && source.state_refused && f->judged_here;
	question.refused = source.refused;
	f->asked_at = clock_now();
	f->hinted = false;
	sync_ask(f->sync, &question);
	return 0;
}

void follow_hint(struct follow *f)
{
	nstime now = clock_now();

	if (!f || f->detached)
		return;
	if (sync_runs(f->sync))
		f->hinted = true;
	else
		f->due = f->asked_at && now - f->asked_at < nstime_seconds(COALESCE_SECONDS)
					 ? f->asked_at + nstime_seconds(COALESCE_SECONDS)
					 : now;
}

/* -- what came back -- */

static bool is_known(const struct source *source, const struct synced *s)
{
	return source->has_refused && s->has_tip &&
	       object_id_eq(&source->refused, &s->tip) &&
	       view_eq(source->reason, view_z(s->reason)) &&
	       view_eq(source->message, s->message);
}

/* A commit that is not taken: told once, kept until another one comes. */
static int refuse(struct follow *f, struct source *source, const struct synced *s,
		bool state_refused)
{
	walltime now = clock_wall();

	if (is_known(source, s) && source->state_refused == state_refused)
		return 0;
	log_event(LOG_WARN, "agent.source.refused", log_text("reason", s->reason),
			log_view("message", s->message));
	source->has_refused = true;
	source->refused = s->tip;
	source->refused_at = now;
	source->reason = view_z(s->reason);
	source->message = s->message;
	source->state_refused = state_refused;
	return write_source(f, source, s->reason, s->message, now);
}

/* Nothing came of it: told when it begins, and when its reason changes. */
static int fail(struct follow *f, const char *reason, struct view message)
{
	bool same = f->failure.reason && strcmp(f->failure.reason, reason) == 0;
	walltime now = clock_wall();
	walltime since = same ? f->failure.since : now;
	unsigned count = f->failure.count + 1;

	forget_failure(f);
	f->failure = (struct failure){ reason, xstrndup(message.data, message.len), since,
		count };
	f->due = clock_now() + delay_after(f, reason);
	if (same)
		return 0;
	log_event(LOG_WARN, "agent.source.failed", log_text("reason", reason),
			log_view("message", message));
	return journal_event(f->agent->db, VIEW("source/git"), reason, message, now);
}

static struct view short_id(const struct object_id *id, struct arena *arena)
{
	return view_sub(object_id_text(id, arena), 0, SHORT_ID);
}

static int accept(struct follow *f, struct source *source, const struct synced *s,
		uint64_t generation)
{
	walltime now = clock_wall();
	struct view text = arena_printf(s->arena, "%.*s by %.*s: %.*s",
			VIEW_ARG(short_id(&s->commit, s->arena)), VIEW_ARG(s->signer),
			VIEW_ARG(s->subject));

	*source = (struct source){
		.has_applied = true,
		.applied = s->commit,
		.applied_at = now,
		.generation = generation,
		.signer = s->signer,
		.fingerprint = s->fingerprint,
		.subject = s->subject,
	};
	log_event(LOG_INFO, "agent.source.applied",
			log_view("commit", object_id_text(&s->commit, s->arena)),
			log_view("signer", s->signer),
			log_number("generation", (int64_t)generation),
			log_number("took_us", s->took / 1000));
	return write_source(f, source, "CommitApplied", text, now);
}

static struct view one_line(const struct agent_result *result, struct arena *arena)
{
	struct view text = view_z(
			result->diagnostics ? result->diagnostics : result->message);

	return arena_copy(arena, text.len ? text : VIEW("its state cannot be applied"));
}

/* A commit that is never asked about again, unless it becomes another one. */
static int refuse_state(struct follow *f, struct source *source, struct synced *s,
		const char *reason, struct view message)
{
	s->reason = reason;
	s->message = message;
	f->judged_here = true;
	return refuse(f, source, s, true);
}

/* Who asks for it: of several, one who needs others to agree, so that nobody asks in her
 * place. */
static struct view actor_of(const struct synced *s)
{
	enum approval most = APPROVAL_NONE;
	struct view name = s->signer;
	const struct object_id *commit = &s->commit;

	for (size_t i = 0; i < s->stage_count; i++) {
		if (s->stages[i].signer->approval <= most)
			continue;
		most = s->stages[i].signer->approval;
		name = s->stages[i].signer->name;
		commit = &s->stages[i].commit;
	}
	return arena_printf(s->arena, "%.*s (commit %.*s)", VIEW_ARG(name),
			VIEW_ARG(short_id(commit, s->arena)));
}

static int apply(struct follow *f, struct source *source, struct synced *s)
{
	CLEANUP(agent_result_free) struct agent_result result = { 0 };
	const struct agent_source files = {
		.files = s->files,
		.count = s->count,
		.origin = arena_printf(s->arena, "git %.*s@%.*s",
				VIEW_ARG(f->file->git.branch),
				VIEW_ARG(short_id(&s->commit, s->arena))),
	};
	const struct agent_apply_options options = { .actor = actor_of(s) };
	struct view why;
	int r = s->stage_count ? stages_judge(f->agent, s, &why) : STAGES_OK;

	if (r == STAGES_E_BEYOND)
		return refuse_state(f, source, s, "ScopeExceeded", why);
	if (r == 0)
		r = agent_apply(f->agent, &files, &options, &result);
	if (r)
		return r;
	switch (result.code) {
	case EXIT_FINE:
	case EXIT_GATE:
	case EXIT_NOT_READY:
		return accept(f, source, s, result.generation);
	case EXIT_INVALID:
		return refuse_state(f, source, s,
				result.reason ? result.reason : "StateInvalid",
				one_line(&result, s->arena));
	default:
		return fail(f, result.reason ? result.reason : "Error",
				view_z(result.message));
	}
}

static int take(struct follow *f, struct synced *s)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct source source;
	int r = read_source(f, arena, &source);

	f->rounds++;
	f->due = clock_now() + poll_delay(f);
	if (r)
		return r;
	if (s->outcome == SYNCED_FAILED && !s->has_tip)
		return fail(f, s->reason, s->message);
	forget_failure(f);
	f->seen_at = clock_wall();
	switch (s->outcome) {
	case SYNCED_STATE:
		return apply(f, &source, s);
	case SYNCED_FAILED:
		return refuse(f, &source, s, false);
	case SYNCED_NOTHING:
		break;
	}
	/* It was wound back to what is applied. */
	if (source.has_refused && !source.state_refused) {
		source.has_refused = false;
		return write_source(f, &source, NULL, VIEW_NULL, 0);
	}
	return 0;
}

/* What people are told of, where it lasts: that nobody answers, or that somebody pushed what is
 * not taken. */
static int show_trouble(struct follow *f)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const struct reason *refused;
	struct source source;
	int r = read_source(f, arena, &source);

	if (r)
		return r;
	refused = reason_find(source.reason);
	if (f->failure.reason)
		agent_source_trouble(f->agent, f->failure.reason,
				view_z(f->failure.message), FAILURE_SECONDS);
	else if (source.has_refused)
		agent_source_trouble(f->agent, refused ? refused->word : "Error",
				source.message, REFUSAL_SECONDS);
	else
		agent_source_trouble(f->agent, NULL, VIEW_NULL, 0);
	metrics_of_source(f->failure.reason || source.has_refused, f->seen_at);
	return 0;
}

void follow_turn(struct follow *f)
{
	CLEANUP(synced_freep) struct synced *back = NULL;
	int r = 0;

	if (!f)
		return;
	back = sync_next(f->sync);
	if (back && !f->detached) {
		r = take(f, back);
		if (r == 0)
			r = show_trouble(f);
		if (f->hinted)
			follow_hint(f);
	}
	if (r == 0 && !f->detached && !sync_runs(f->sync) && clock_now() >= f->due)
		r = ask(f);
	if (!r)
		return;
	log_event(LOG_ERROR, "agent.source.fault", log_fault(r));
	f->due = clock_now() + poll_delay(f);
}

void follow_forget_verdict(struct follow *f)
{
	if (!f)
		return;
	f->judged_here = false;
	follow_hint(f);
}

const struct desired_secret *follow_webhook(const struct follow *f)
{
	return f && f->file->git.webhook.form != SECRET_NONE ? &f->file->git.webhook
							     : NULL;
}

int follow_fd(const struct follow *f)
{
	return f ? sync_fd(f->sync) : -1;
}

nstime follow_deadline(const struct follow *f)
{
	return f && !f->detached && !sync_runs(f->sync) ? f->due : NSTIME_NEVER;
}

int follow_accept(struct follow *f, const struct object_id *tip, struct view actor)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct source source;
	int r = read_source(f, arena, &source);

	if (r)
		return r;
	source.has_accepted = true;
	source.accepted = *tip;
	f->judged_here = false;
	follow_hint(f);
	return write_source(f, &source, "RewindAccepted",
			arena_printf(arena, "%.*s by %.*s",
					VIEW_ARG(object_id_text(tip, arena)),
					VIEW_ARG(actor)),
			clock_wall());
}

int follow_detach(struct follow *f, bool detached, struct view actor)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct source source;
	int r = read_source(f, arena, &source);

	if (r)
		return r;
	source.detached = f->detached = detached;
	f->judged_here = false;
	follow_hint(f);
	return write_source(f, &source, detached ? "SourceDetached" : "SourceAttached",
			actor, clock_wall());
}

bool follow_is_detached(const struct follow *f)
{
	return f && f->detached;
}

/* -- beginning and end -- */

static int read_detached(struct follow *f)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct source source;
	int r = read_source(f, arena, &source);

	f->detached = r == 0 && source.detached;
	return r;
}

int follow_new(struct agent *agent, const struct agent_file *file,
		const struct helper *fetcher, const char *folder, struct follow **out)
{
	CLEANUP(follow_freep) struct follow *f = xcalloc(1, sizeof(*f));
	int r;

	f->agent = agent;
	f->file = file;
	f->folder = xstrndup(folder, strlen(folder));
	r = sync_new(fetcher, file, f->folder, &f->sync);
	if (r == 0)
		r = read_detached(f);
	if (r)
		return r;
	*out = TAKE(f);
	return 0;
}

void follow_free(struct follow *f)
{
	if (!f)
		return;
	sync_free(f->sync);
	arena_free(f->revoked);
	forget_failure(f);
	free(f->folder);
	free(f);
}

void follow_freep(struct follow **follow)
{
	follow_free(TAKE(*follow));
}
