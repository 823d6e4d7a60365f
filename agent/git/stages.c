#include "agent/git/stages.h"

#include "agent/git/scope.h"
#include "agent/inside.h"
#include "runtime/base/error.h"
#include "schema/agent_file.h"

enum {
	SHORT_ID = 7,
};

struct stretch {
	struct agent *agent;
	const struct synced *synced;
	const struct trusted **people; /* of this stretch, each once */
	size_t count;
	const struct desired *base; /* what it begins with; NULL: nothing */
	struct checked from;        /* owns it, but for the first */
	struct view why; /* what its first signer may not; empty: nothing yet */
};

static void add_person(struct stretch *t, const struct trusted *person)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->people[i] == person)
			return;
	t->people[t->count++] = person;
}

/* The next one begins with this state. */
static void end(struct stretch *t, struct checked *checked)
{
	checked_deinit(&t->from);
	t->from = *checked;
	*checked = (struct checked){ 0 };
	t->base = t->from.desired;
	t->count = 0;
	t->why = VIEW_NULL;
}

static void refuse(struct stretch *t, const struct synced_stage *stage, struct view text)
{
	struct arena *arena = t->synced->arena;
	struct view id = view_sub(object_id_text(&stage->commit, arena), 0, SHORT_ID);

	if (t->why.len == 0)
		t->why = arena_printf(arena, "%.*s: %.*s", VIEW_ARG(id), VIEW_ARG(text));
}

static int judge(struct stretch *t, const struct synced_stage *stage, bool last)
{
	CLEANUP(checked_deinit) struct checked checked = { 0 };
	struct scope_refusal refusal;
	int r;

	add_person(t, stage->signer);
	if (stage->count == 0)
		return 0;
	r = agent_check(t->agent, stage->files, stage->count, true, &checked);
	if (r < 0)
		return r;
	if (checked.desired && scope_allows(t->base, checked.desired, t->people, t->count,
					       t->synced->arena, &refusal))
		end(t, &checked);
	else if (checked.desired)
		refuse(t, stage, refusal.text);
	else if (last)
		t->count = 0;
	return 0;
}

int stages_judge(struct agent *agent, const struct synced *synced, struct view *why_out)
{
	struct stretch t = { .agent = agent, .synced = synced };
	int r = agent_origins(agent, &t.base);

	t.people = arena_array(synced->arena, synced->stage_count, sizeof(*t.people));
	for (size_t i = 0; i < synced->stage_count && r == 0; i++)
		r = judge(&t, &synced->stages[i], i + 1 == synced->stage_count);
	checked_deinit(&t.from);
	agent_forget_desired(agent);
	if (r)
		return r;
	*why_out = t.why;
	return t.count ? STAGES_E_BEYOND : STAGES_OK;
}
