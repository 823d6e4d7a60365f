#include "agent/git/verify.h"

#include "runtime/base/buf.h"

#include <git2.h>

struct reading {
	git_repository *repository;
	git_odb *objects;
	struct arena *arena;
	struct view *why;
};

static int failed(struct reading *r, const char *what)
{
	const git_error *error = git_error_last();

	*r->why = arena_printf(r->arena, "%s: %s", what,
			error && error->message ? error->message : "it cannot be read");
	return VERIFY_E_REPOSITORY;
}

static void reading_deinit(struct reading *r)
{
	git_odb_free(r->objects);
	git_repository_free(r->repository);
	git_libgit2_shutdown();
}

static int resolve(struct reading *r, const char *revision, enum trust_mode mode,
		struct object_id *out)
{
	git_object *object = NULL, *commit = NULL;
	int e = git_revparse_single(&object, r->repository, revision);

	/* A tag is judged as itself where tags count, else what it names. */
	if (!e && mode == TRUST_TAG && git_object_type(object) == GIT_OBJECT_TAG)
		memcpy(out->bytes, git_object_id(object)->id, OBJECT_ID_SIZE);
	else if (!e && !(e = git_object_peel(&commit, object, GIT_OBJECT_COMMIT)))
		memcpy(out->bytes, git_object_id(commit)->id, OBJECT_ID_SIZE);
	git_object_free(commit);
	git_object_free(object);
	return e ? failed(r, revision) : VERIFY_OK;
}

static void give(struct reading *r, struct trust *trust, const struct trust_want *want)
{
	git_odb_object *object = NULL;
	struct view bytes;
	git_oid id;

	memcpy(id.id, want->id.bytes, OBJECT_ID_SIZE);
	if (git_odb_read(&object, r->objects, &id)) {
		trust_give(trust, NULL);
		return;
	}
	bytes = view_of(git_odb_object_data(object), git_odb_object_size(object));
	trust_give(trust, &bytes);
	git_odb_object_free(object);
}

static struct trust *judge(struct reading *r, const struct trust_policy *policy,
		const struct object_id *tip)
{
	struct trust *trust = trust_new(policy, tip);
	struct trust_want want;

	while (trust_wants(trust, &want))
		give(r, trust, &want);
	return trust;
}

static int open_repository(struct reading *r, const char *folder)
{
	(void)git_libgit2_init();
	if (git_repository_open_ext(&r->repository, folder, 0, NULL) ||
			git_repository_odb(&r->objects, r->repository))
		return failed(r, folder);
	return VERIFY_OK;
}

int verify(const struct verify_question *question, struct trust_policy *policy,
		struct arena *arena, struct trust **out, struct view *why_out)
{
	CLEANUP(reading_deinit) struct reading r = { .arena = arena, .why = why_out };
	struct object_id *since = ARENA_NEW(arena, struct object_id);
	struct object_id tip;
	int e = open_repository(&r, question->folder);

	if (e == VERIFY_OK)
		e = resolve(&r, question->tip, policy->mode, &tip);
	if (e == VERIFY_OK && question->since) {
		e = resolve(&r, question->since, TRUST_TIP, since);
		policy->applied = since;
	}
	if (e == VERIFY_OK)
		*out = judge(&r, policy, &tip);
	return e;
}
