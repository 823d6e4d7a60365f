/* The walk goes from the tip to what was applied, the newest commit first:
 *
 *   UNREAD ──bytes──► QUEUED ──its turn──► DONE
 *                        ▲                   │ it learns that it lies behind what was
 *                        └───────────────────┘ applied, too, and passes that on
 *
 * `strict` walks from what was applied at the same time, so that an old branch that was
 * merged anew is not taken for new. Times only order the walk: where they lie, more is
 * looked at, or a commit is taken for new that is not, which refuses it. */
#include "agent/git/trust.h"

#include "agent/git/sshsig.h"
#include "runtime/base/error.h"
#include "runtime/base/heap.h"
#include "runtime/base/list.h"
#include "runtime/base/map.h"

#include <assert.h>

enum {
	FROM_TIP = 1 << 0,
	FROM_APPLIED = 1 << 1,
};

struct node {
	struct object_id id;
	unsigned from;
	bool read;
	struct list link; /* in `unread` */
	struct heap_link queued;
	struct object_id *parents; /* in the arena */
	size_t parent_count;
	struct object_id tree;
	const struct trust_person *signer; /* NULL: it was not asked, or is refused */
	/* What is wrong with its signature; TRUST_OK where it is right, or was not asked. */
	enum trust_outcome outcome;
	const char *why;
	struct view fingerprint;
};

struct trust {
	struct arena *arena;
	const struct trust_policy *policy;
	struct object_id tip;
	bool wants_tag; /* first: the tip is one */
	struct map nodes;
	struct node *first; /* the commit of the tip */
	struct list unread;
	struct heap queue;
	size_t count;
	size_t fresh; /* in `unread` and `queue`: those from the tip alone */
	size_t wrong; /* of those from the tip alone: refused */
	bool decided;
	struct trust_verdict verdict;
};

static void decide(struct trust *t, enum trust_outcome outcome,
		const struct object_id *at, const char *why)
{
	t->decided = true;
	t->verdict.outcome = outcome;
	t->verdict.at = *at;
	t->verdict.why = why;
}

/* -- signatures -- */

struct judged {
	enum trust_outcome outcome;
	const char *why;
	const struct trust_person *signer;
	struct view fingerprint;
};

static bool is_revoked(const struct trust *t, struct view name)
{
	for (size_t i = 0; i < t->policy->revoked_count; i++)
		if (view_eq(t->policy->revoked[i], name))
			return true;
	return false;
}

static void judge_key(struct trust *t, const struct ssh_key *key, struct judged *out)
{
	int best = ALLOWED_E_UNLISTED;

	if (is_revoked(t, out->fingerprint)) {
		out->outcome = TRUST_E_EXPIRED;
		out->why = "its key was revoked on this host";
		return;
	}
	for (size_t i = 0; i < t->policy->person_count; i++) {
		const struct trust_person *person = &t->policy->persons[i];
		const struct allowed_signer *line;
		int r = allowed_signers_find(&person->signers, key, VIEW("git"),
				t->policy->now, &line);

		if (r == ALLOWED_OK && is_revoked(t, person->name)) {
			out->outcome = TRUST_E_EXPIRED;
			out->why = "the person who signed it was revoked on this host";
			return;
		}
		if (r == ALLOWED_OK) {
			out->outcome = TRUST_OK;
			out->signer = person;
			return;
		}
		if (r != ALLOWED_E_UNLISTED)
			best = r;
	}
	out->outcome = best == ALLOWED_E_UNLISTED ? TRUST_E_UNLISTED : TRUST_E_EXPIRED;
	out->why = best == ALLOWED_E_UNLISTED    ? "nobody of `trust` has its key"
		   : best == ALLOWED_E_NAMESPACE ? "its key is listed, but not for git"
		   : best == ALLOWED_E_EARLY     ? "its key is not valid yet"
						 : "its key is not valid any more";
}

static const char *why_not(int r)
{
	switch (r) {
	case SSHSIG_E_KEY:
		return "it is signed by a key of a kind that is not read";
	case SSHSIG_E_NAMESPACE:
		return "its signature was made for something else than git";
	case SSHSIG_E_ABSENT:
		return "it is signed by a token that nobody touched";
	case SSHSIG_E_WRONG:
		return "its signature is not by the key that it names, or not over this";
	default:
		return "its signature is none of SSH's";
	}
}

static void judge(struct trust *t, struct view signature, struct view payload,
		struct arena *scratch, struct judged *out)
{
	struct sshsig sig;
	struct ssh_token token;
	int r;

	*out = (struct judged){ .outcome = TRUST_E_UNSIGNED, .why = "it is not signed" };
	if (signature.len == 0)
		return;
	out->outcome = TRUST_E_SIGNATURE;
	r = sshsig_read(signature, scratch, &sig);
	if (r == SSHSIG_OK) {
		out->fingerprint = ssh_key_fingerprint(&sig.key, t->arena);
		r = sshsig_verify(&sig, VIEW("git"), payload, &token);
	}
	if (r) {
		out->why = why_not(r);
		return;
	}
	out->why = NULL;
	judge_key(t, &sig.key, out);
	if (out->outcome == TRUST_OK)
		t->verdict.verified++;
}

/* -- the walk -- */

static bool is_fresh(const struct node *node)
{
	return node->from == FROM_TIP;
}

static bool waits(const struct node *node)
{
	return !node->read || node->queued.at != 0;
}

static struct node *node_of(struct trust *t, const struct object_id *id)
{
	struct node *node = map_get(&t->nodes, view_of(id->bytes, OBJECT_ID_SIZE));

	if (node)
		return node;
	node = ARENA_NEW(t->arena, struct node);
	node->id = *id;
	(void)map_set(&t->nodes, view_of(node->id.bytes, OBJECT_ID_SIZE), node);
	list_push(&t->unread, &node->link);
	t->count++;
	return node;
}

/* It is to be looked at, or again, for what it learns now. */
static void reach(struct trust *t, const struct object_id *id, unsigned from, nstime due)
{
	struct node *node = node_of(t, id);
	bool was_fresh = is_fresh(node), counted = was_fresh && waits(node);

	if ((node->from | from) == node->from)
		return;
	node->from |= from;
	if (node->read)
		heap_set(&t->queue, &node->queued, due);
	t->fresh += is_fresh(node);
	t->fresh -= counted;
	t->wrong -= was_fresh && node->outcome;
}

static bool is_applied(const struct trust *t, const struct object_id *id)
{
	return t->policy->applied && object_id_eq(t->policy->applied, id);
}

/* The newest commit's parents learn where it was reached from. */
static void turn(struct trust *t)
{
	struct heap_link *link = heap_first(&t->queue);
	struct node *node = HEAP_ITEM(link, struct node, queued);
	size_t count = node->parent_count;

	heap_remove(&t->queue, link);
	t->fresh -= is_fresh(node);
	if (t->policy->mode == TRUST_FIRST_PARENT && count > 1)
		count = 1;
	for (size_t i = 0; i < count; i++)
		reach(t, &node->parents[i], node->from, link->due);
}

static bool has_reached_applied(const struct trust *t)
{
	const struct node *applied = map_get(
			&t->nodes, view_of(t->policy->applied->bytes, OBJECT_ID_SIZE));

	return applied && applied->from & FROM_TIP;
}

/* Of those that are new the one that is refused; NULL: none. The tip counts first. */
static const struct node *refused(const struct trust *t)
{
	const struct node *worst = NULL;
	size_t at = 0;
	struct view key;
	void *value;

	if (t->first->outcome)
		return t->first;
	while (map_next(&t->nodes, &at, &key, &value)) {
		const struct node *node = value;

		if (node->outcome && is_fresh(node) &&
				(!worst || node->queued.due < worst->queued.due))
			worst = node;
	}
	return worst;
}

/* -- who said what -- */

static struct node *parent_of(const struct trust *t, const struct node *node)
{
	return node->parent_count ? map_get(&t->nodes, view_of(node->parents[0].bytes,
								       OBJECT_ID_SIZE))
				  : NULL;
}

/* How many lie on the way from the tip to what was applied; 0: that is no way. */
static size_t way_length(const struct trust *t)
{
	const struct node *node = t->first;
	size_t count = 0;

	while (node && !is_applied(t, &node->id)) {
		if (!node->signer)
			return 0;
		node = parent_of(t, node);
		count++;
	}
	return node ? count : 0;
}

static void set_step(struct trust_verdict *verdict, size_t at, const struct node *node)
{
	verdict->steps[at] = (struct trust_step){ node->id, node->tree, node->signer };
}

static void set_way(struct trust *t, size_t count)
{
	struct trust_verdict *verdict = &t->verdict;
	const struct node *node = t->first;

	verdict->stepwise = true;
	verdict->step_count = count;
	verdict->steps = arena_array(t->arena, count, sizeof(*verdict->steps));
	for (; count > 0; node = parent_of(t, node))
		set_step(verdict, --count, node);
}

/* `strict`: what was applied was merged into something else. */
static void set_fresh(struct trust *t)
{
	struct trust_verdict *verdict = &t->verdict;
	struct view key;
	void *value;
	size_t at = 0;

	verdict->steps = arena_array(t->arena, t->count, sizeof(*verdict->steps));
	while (map_next(&t->nodes, &at, &key, &value)) {
		const struct node *node = value;

		if (is_fresh(node) && node->signer && node != t->first)
			set_step(verdict, verdict->step_count++, node);
	}
	set_step(verdict, verdict->step_count++, t->first);
}

static bool is_alone(const struct trust *t)
{
	const struct object_id *accepted = t->policy->accepted;

	return !t->policy->applied || (accepted && object_id_eq(accepted, &t->tip));
}

static void set_steps(struct trust *t)
{
	size_t count;

	if (is_alone(t) || t->policy->mode == TRUST_TIP || t->policy->mode == TRUST_TAG) {
		t->verdict.steps = ARENA_NEW(t->arena, struct trust_step);
		t->verdict.step_count = 1;
		t->verdict.stepwise = true;
		set_step(&t->verdict, 0, t->first);
		t->verdict.steps[0].signer = t->verdict.signer;
		return;
	}
	count = way_length(t);
	if (count)
		set_way(t, count);
	else
		set_fresh(t);
}

static void conclude(struct trust *t)
{
	const struct node *node = refused(t);

	if (node) {
		t->verdict.fingerprint = node->fingerprint;
		decide(t, node->outcome, &node->id, node->why);
		return;
	}
	set_steps(t);
	decide(t, TRUST_OK, &t->first->id, NULL);
}

/* `strict`: nothing new is left to be looked at. What is refused may still turn out to lie
 * behind what was applied, as long as there is a way to go. */
static bool has_seen_all(const struct trust *t)
{
	bool ended = list_empty(&t->unread) && heap_first(&t->queue) == NULL;

	return t->policy->mode != TRUST_STRICT ||
	       (t->fresh == 0 && (t->wrong == 0 || ended));
}

/* Turns, until something has to be read, or the end. */
static void go_on(struct trust *t)
{
	if (is_alone(t) || t->first->outcome) {
		conclude(t);
		return;
	}
	while (!t->decided) {
		bool reached = has_reached_applied(t);

		if (reached && has_seen_all(t)) {
			conclude(t);
			return;
		}
		if (t->count > TRUST_WALK_MAX) {
			decide(t, TRUST_E_TOO_MANY, &t->tip,
					"more than 100,000 commits lie between it and "
					"the one that was applied");
			return;
		}
		if (!list_empty(&t->unread))
			return;
		if (heap_first(&t->queue) == NULL || (!reached && t->fresh == 0)) {
			decide(t, TRUST_E_NOT_DESCENDANT, &t->tip,
					"it does not stand on the commit that was last "
					"applied");
			return;
		}
		turn(t);
	}
}

/* -- what is given -- */

static bool asks(const struct trust *t, const struct node *node)
{
	switch (t->policy->mode) {
	case TRUST_TAG:
		return false;
	case TRUST_TIP:
		return node == t->first;
	case TRUST_FIRST_PARENT:
	case TRUST_STRICT:
		return is_fresh(node);
	}
	return true;
}

static struct view subject_of(struct trust *t, struct view message)
{
	return arena_copy(t->arena, view_trim(view_cut(&message, '\n')));
}

static void take_first(struct trust *t, const struct git_commit *commit,
		const struct judged *judged)
{
	t->verdict.commit = t->first->id;
	t->verdict.tree = commit->tree;
	t->verdict.subject = subject_of(t, commit->message);
	if (t->policy->mode == TRUST_TAG)
		return;
	t->verdict.signer = judged->signer;
	t->verdict.fingerprint = judged->fingerprint;
}

static void give_commit(struct trust *t, struct node *node, struct view bytes)
{
	CLEANUP(arena_freep) struct arena *scratch = arena_new();
	struct judged judged = { 0 };
	struct git_commit commit;
	const char *why;

	if (git_commit_parse(bytes, scratch, &commit, &why)) {
		decide(t, TRUST_E_FORM, &node->id, why);
		return;
	}
	if (asks(t, node)) {
		judge(t, commit.signature, commit.payload, scratch, &judged);
		node->outcome = judged.outcome;
		node->why = judged.why;
		node->fingerprint = judged.fingerprint;
		node->signer = judged.outcome ? NULL : judged.signer;
		t->wrong += node->outcome != TRUST_OK;
	}
	if (node == t->first)
		take_first(t, &commit, &judged);
	node->parents = arena_array(
			t->arena, commit.parent_count, sizeof(*node->parents));
	if (commit.parent_count)
		memcpy(node->parents, commit.parents,
				commit.parent_count * sizeof(*node->parents));
	node->parent_count = commit.parent_count;
	node->tree = commit.tree;
	node->read = true;
	list_remove(&node->link);
	heap_set(&t->queue, &node->queued, -commit.committer.at);
	go_on(t);
}

/* Its commit is the first one; what it is called says nothing. */
static void give_tag(struct trust *t, struct view bytes)
{
	CLEANUP(arena_freep) struct arena *scratch = arena_new();
	struct git_tag tag;
	struct judged judged;
	const char *why;

	if (git_tag_parse(bytes, &tag, &why)) {
		decide(t, TRUST_E_FORM, &t->tip, why);
		return;
	}
	if (!view_eq(tag.target_type, VIEW("commit"))) {
		decide(t, TRUST_E_FORM, &t->tip,
				"it is the tag of something else than a "
				"commit");
		return;
	}
	judge(t, tag.signature, tag.payload, scratch, &judged);
	t->verdict.fingerprint = judged.fingerprint;
	if (judged.outcome) {
		decide(t, judged.outcome, &t->tip, judged.why);
		return;
	}
	t->verdict.signer = judged.signer;
	t->wants_tag = false;
	t->first = node_of(t, &tag.target);
	reach(t, &tag.target, FROM_TIP, 0);
	if (is_applied(t, &tag.target))
		decide(t, TRUST_UNCHANGED, &tag.target, NULL);
}

/* -- outside -- */

struct trust *trust_new(const struct trust_policy *policy, const struct object_id *tip)
{
	struct arena *arena = arena_new();
	struct trust *t = ARENA_NEW(arena, struct trust);

	t->arena = arena;
	t->policy = policy;
	t->tip = *tip;
	list_init(&t->unread);
	if (policy->mode == TRUST_TAG) {
		t->wants_tag = true;
		return t;
	}
	if (is_applied(t, tip)) {
		decide(t, TRUST_UNCHANGED, tip, NULL);
		return t;
	}
	t->first = node_of(t, tip);
	reach(t, tip, FROM_TIP, 0);
	if (policy->applied && policy->mode == TRUST_STRICT)
		reach(t, policy->applied, FROM_APPLIED, 0);
	return t;
}

void trust_free(struct trust *t)
{
	if (!t)
		return;
	map_free(&t->nodes);
	heap_free(&t->queue);
	arena_free(t->arena);
}

void trust_freep(struct trust **trust)
{
	trust_free(TAKE(*trust));
}

bool trust_wants(const struct trust *t, struct trust_want *out)
{
	if (t->decided)
		return false;
	if (t->wants_tag) {
		*out = (struct trust_want){ t->tip, GIT_TAG };
		return true;
	}
	assert(!list_empty(&t->unread));
	*out = (struct trust_want){ LIST_ITEM(t->unread.next, struct node, link)->id,
		GIT_COMMIT };
	return true;
}

void trust_give(struct trust *t, const struct view *bytes)
{
	struct trust_want want;
	struct object_id id;

	if (!trust_wants(t, &want))
		return;
	if (!bytes) {
		decide(t, TRUST_E_MISSING, &want.id, "the repository does not have it");
		return;
	}
	object_id_of(want.type, *bytes, &id);
	if (!object_id_eq(&id, &want.id))
		decide(t, TRUST_E_FORM, &want.id, "its bytes are not those of its name");
	else if (want.type == GIT_TAG)
		give_tag(t, *bytes);
	else
		give_commit(t, LIST_ITEM(t->unread.next, struct node, link), *bytes);
}

const struct trust_verdict *trust_verdict(const struct trust *t)
{
	return &t->verdict;
}
