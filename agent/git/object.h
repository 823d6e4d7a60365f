/* Git's objects, read from their raw bytes: ids, commits, tags, trees.
 *
 * Functions of their arguments. Nothing is trusted that a library said of an object: the
 * bytes are hashed here, and a signature counts only where it stands in a header of its own,
 * once. What the format does not have to have is refused. */
#ifndef AGENT_GIT_OBJECT_H
#define AGENT_GIT_OBJECT_H

#include "runtime/base/arena.h"
#include "runtime/base/clock.h"

enum {
	OBJECT_ID_SIZE = 20, /* SHA-1: repositories of SHA-256 are not read */
	OBJECT_ID_TEXT = 2 * OBJECT_ID_SIZE,
	COMMIT_MAX = 256 * 1024, /* bytes of a commit or tag */
	COMMIT_PARENTS_MAX = 16,
	TREE_MAX = 4 * 1024 * 1024,
	TREE_NAME_MAX = 255,
};

struct object_id {
	unsigned char bytes[OBJECT_ID_SIZE];
};

enum git_type {
	GIT_COMMIT,
	GIT_TREE,
	GIT_BLOB,
	GIT_TAG,
};

const char *git_type_name(enum git_type type);
/* Of an object with these bytes. */
void object_id_of(enum git_type type, struct view bytes, struct object_id *out);
bool object_id_eq(const struct object_id *a, const struct object_id *b);
/* 40 hexadecimal digits, in small letters. */
MUST_USE bool object_id_read(struct view text, struct object_id *out);
struct view object_id_text(const struct object_id *id, struct arena *arena);

enum {
	GIT_PARSE_OK = 0,
	GIT_PARSE_E_FORM = 1,   /* not as git writes it; `why` says what is wrong */
	GIT_PARSE_E_SIGNATURES, /* more than one, or in a form that is not read */
};

struct git_person {
	struct view text; /* "Anna <anna@a.example>" */
	walltime at;
};

struct git_commit {
	struct object_id tree;
	struct object_id parents[COMMIT_PARENTS_MAX];
	size_t parent_count;
	struct git_person author, committer;
	struct view message;
	struct view signature; /* armoured, lines joined as they were; empty: unsigned */
	struct view payload;   /* what was signed */
};

/* Views live in `arena` or borrow `bytes`. *why_out is a phrase for people. */
MUST_USE int git_commit_parse(struct view bytes, struct arena *arena,
		struct git_commit *out, const char **why_out);

struct git_tag {
	struct object_id target;
	struct view target_type; /* "commit" */
	struct view name;
	struct git_person tagger;
	struct view signature;
	struct view payload;
};

/* An annotated tag: its signature stands at the end of its message. Views borrow `bytes`. */
MUST_USE int git_tag_parse(struct view bytes, struct git_tag *out, const char **why_out);

enum git_mode {
	GIT_FILE,   /* 100644, 100755, and 100664 of old */
	GIT_FOLDER, /* 040000 */
	GIT_LINK,   /* 120000: a symbolic link */
	GIT_MODULE, /* 160000: a commit of another repository */
};

struct git_entry {
	enum git_mode mode;
	struct view name; /* no slash, no NUL, not `.`, `..`, nor anything like `.git` */
	struct object_id id;
};

/* Reads the next entry of a tree and leaves what follows it in *rest; GIT_PARSE_E_FORM also for
 * names that no file of a state has (attacks G01). The end is an empty *rest. */
MUST_USE int git_tree_next(
		struct view *rest, struct git_entry *out, const char **why_out);

#endif
