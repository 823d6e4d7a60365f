/* Collects the files of a state from disk.
 *
 * A path is a file, or a directory of which every *.yaml and *.yml below is taken, in the
 * order of their names; names that begin with `.` are skipped and symbolic links are not
 * followed. */
#ifndef SCHEMA_COLLECT_H
#define SCHEMA_COLLECT_H

#include "schema/diagnostic.h"
#include "schema/source.h"

struct collection {
	struct source_file *files; /* in the arena */
	size_t count;
	/* The first thing that could not be read, or a limit that was passed: a text for
	 * people; empty where all went well. */
	enum diagnostic_name problem;
	struct view message;
};

enum {
	COLLECT_OK = 0,
	COLLECT_E_PROBLEM = 1 /* `problem` and `message` say what */
};

MUST_USE int collect_files(struct arena *arena, const char *const *paths, size_t count,
		struct collection *out);

#endif
