/* Trust: whether the tip of a branch, or a tag, may become the state.
 *
 * An engine without I/O: it says which object it has to see next, is given its bytes, hashes
 * them itself, and comes to a verdict. A repository, and the process that fetched from it,
 * can keep objects back; they cannot make any up.
 *
 *   first-parent  each commit on the way from the one that was last applied, along first
 *                 parents, has to be signed: what was merged is vouched for by its merge
 *   tip           the tip alone: its signer vouches for all that it stands on
 *   strict        each commit that is new, on whatever branch it was made
 *   tag           an annotated tag is signed; commits are not asked
 *
 * What is new has to stand on what was last applied, in every mode: a repository that was
 * wound back is refused until somebody accepts that. Without a commit that was applied, or
 * with one that was accepted, the tip alone is judged. */
#ifndef AGENT_GIT_TRUST_H
#define AGENT_GIT_TRUST_H

#include "agent/git/allowed_signers.h"
#include "agent/git/object.h"

enum {
	TRUST_WALK_MAX = 100000, /* commits that are looked at for one verdict */
};

/* In the order of the words in agent.yaml. */
enum trust_mode {
	TRUST_FIRST_PARENT,
	TRUST_TIP,
	TRUST_STRICT,
	TRUST_TAG,
};

/* A person of agent.yaml's `trust`. */
struct trust_person {
	struct view name;
	struct allowed_signers signers;
};

struct trust_policy {
	enum trust_mode mode;
	const struct trust_person *persons;
	size_t person_count;
	const struct object_id *applied; /* NULL: none was */
	const struct object_id
			*accepted; /* a tip that need not stand on it; NULL: none */
	const struct view *
			revoked; /* people, and fingerprints of keys: nothing of them counts */
	size_t revoked_count;
	walltime now;
};

enum trust_outcome {
	TRUST_OK = 0,
	TRUST_UNCHANGED, /* the tip is what was applied */
	TRUST_E_UNSIGNED,
	TRUST_E_SIGNATURE, /* not by the key that it names, or for something else */
	TRUST_E_UNLISTED,  /* by a key that nobody of `trust` has */
	TRUST_E_EXPIRED,   /* by a key that is listed, and not valid now */
	TRUST_E_NOT_DESCENDANT,
	TRUST_E_FORM,     /* an object that git does not write, or of another type */
	TRUST_E_MISSING,  /* an object that the repository does not have */
	TRUST_E_TOO_MANY, /* TRUST_WALK_MAX */
};

/* A commit on the way from what was applied to the tip, along first parents. */
struct trust_step {
	struct object_id commit, tree;
	const struct trust_person *signer;
};

struct trust_verdict {
	enum trust_outcome outcome;
	struct object_id commit; /* of TRUST_OK: what becomes the state */
	struct object_id tree;
	struct view subject;               /* the first line of its message */
	const struct trust_person *signer; /* of the tip, or the tag */
	struct view fingerprint;           /* of the key: where one was named */
	struct object_id at;               /* of a refusal: the object at fault */
	const char *why;                   /* a phrase for people */
	size_t verified;                   /* signatures that were found right */
	/* Of TRUST_OK: who said what, the oldest first; the last is the tip. One alone where the
	 * signer of the tip, or of the tag, vouches for all of it. */
	struct trust_step *steps;
	size_t step_count;
	/* Each commit was made out of the one before it, the first out of what was applied;
	 * else the steps are those who signed what is new, in no order but for the tip. */
	bool stepwise;
};

struct trust;

/* `policy` and what it names must outlive it. */
MUST_USE struct trust *trust_new(
		const struct trust_policy *policy, const struct object_id *tip);
/* NULL is fine; what the verdict names dies with it. */
void trust_free(struct trust *trust);
void trust_freep(struct trust **trust);

struct trust_want {
	struct object_id id;
	enum git_type type;
};

/* False: the verdict is there. */
MUST_USE bool trust_wants(const struct trust *trust, struct trust_want *out);
/* The bytes of what it wants; NULL: the repository does not have it. They are copied as far
 * as they are needed. */
void trust_give(struct trust *trust, const struct view *bytes);
const struct trust_verdict *trust_verdict(const struct trust *trust);

#endif
