/* A repository elsewhere, as a child fetched it: its tip, its objects, its files.
 *
 * Everything here blocks, until a deadline or `stopping`; for a thread that may. The bytes of
 * each object are hashed here before anybody looks at them. */
#ifndef AGENT_GIT_REPOSITORY_H
#define AGENT_GIT_REPOSITORY_H

#include "agent/git/fetch_wire.h"
#include "agent/git/object.h"
#include "schema/source.h"

struct helper;

enum {
	REPOSITORY_FILES_MAX = 10000, /* attacks G03; as a state's own limits */
	REPOSITORY_DEPTH_MAX = 16,
};

enum {
	REPOSITORY_OK = 0,
	REPOSITORY_E_FAILED = 1, /* `reason` and `message` say why */
	REPOSITORY_E_ABSENT,     /* it does not have that object */
};

struct repository {
	int fd;
	uint64_t seconds; /* that it may take */
	nstime deadline;
	const atomic_bool *stopping;
	struct object_id tip;
	struct buf bytes; /* of the last object */
	/* Of a failure. */
	const char *reason; /* a word of reason.c */
	struct buf message;
};

/* Has a child fetch. `out` is to be ended by repository_deinit in either case. */
MUST_USE int repository_fetch(const struct helper *fetcher,
		const struct fetch_request *request, const atomic_bool *stopping,
		struct repository *out);
void repository_deinit(struct repository *repository);
/* The object's bytes, until the next is read. */
MUST_USE int repository_read(struct repository *repository, enum git_type type,
		const struct object_id *id, struct view *out);

/* The files of a state below each of the folders (none: all of it): `*.yaml` and `*.yml`;
 * names that begin with a dot are skipped, links and submodules refused. Paths are as they
 * stand in the repository; paths and bytes live in `arena`. */
MUST_USE int repository_files(struct repository *repository, const struct object_id *tree,
		const struct view *folders, size_t folder_count, struct arena *arena,
		struct source_file **out, size_t *count_out);

#endif
