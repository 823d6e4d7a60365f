/* Where copies go: a directory of the machine, a bucket of S3, a directory of another machine.
 *
 * A target holds objects by name, each written once and whole: what a crash, a full disk or a
 * lost connection leaves behind has no name that anybody lists. It knows nothing of what is in
 * them. A name is letters, digits, `-` and `.`, with one `/` at most.
 *
 * Everything here blocks, until `stopping`. A target is used by one thread at a time: each
 * thread opens one of its own. What a place says (a URL, a name) was judged by the schema; the
 * addresses that it leads to are judged at each connection (agent/effect/reach.h). */
#ifndef AGENT_BACKUP_TARGET_H
#define AGENT_BACKUP_TARGET_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/clock.h"
#include "runtime/base/secret.h"

#include <stdatomic.h>

struct agent_file; /* schema/agent_file.h */
struct target;

enum {
	TARGET_NAME_MAX = 160,
	TARGET_OBJECT_MAX = 16 * 1024 * 1024, /* bytes of one: it is sent whole */
	TARGET_LIST_MAX = 4 * 1000 * 1000,    /* objects of one listing */
	TARGET_TRIES = 6,                     /* of what may be tried again */
};

enum target_sort {
	TARGET_DIRECTORY,
	TARGET_S3,
	TARGET_SFTP,
	TARGETS,
};

/* Which, and how to get there. Views are borrowed as long as a target of it is open. */
struct target_place {
	enum target_sort kind;
	struct view directory; /* an absolute path, of this machine or the other */

	/* S3 */
	struct view endpoint; /* "https://s3.example.org"; http only to where `file` lets it */
	struct view bucket; /* in the path, so that one certificate does for all */
	bool in_host;       /* … or before the endpoint's host */
	struct view region; /* empty: us-east-1 */
	struct view folder; /* before all names, "mail/"; or empty */
	const struct secret *access_key, *secret_key;

	/* SFTP */
	struct view host, user;
	uint16_t port; /* 0: 22 */
	const struct secret *
			identity; /* a private key without a passphrase, OpenSSH's form */
	struct view known_hosts; /* lines as ssh-keyscan shows them; nothing else is trusted */

	const struct agent_file *file; /* where may be connected to; NULL: to anywhere */
	const atomic_bool *stopping;   /* or NULL */
	nstime patience;               /* without a byte moving; 0: 60 s */
};

/* Why something did not happen, for people and for reason.c. */
struct target_trouble {
	const char *reason; /* a word of reason.c */
	char message[512];  /* what to do next; no secrets */
};

enum {
	TARGET_OK = 0,
	TARGET_E_FAILED = 1, /* the trouble says why */
	TARGET_E_ABSENT,     /* there is no such object */
	TARGET_E_REFUSED,    /* what we are there may not do this: a key that only adds */
};

/* Reaches it, so that what is wrong with a place is said at once. A directory has to be
 * there: a mount that is gone is not written beside. */
MUST_USE int target_open(const struct target_place *place, struct target **out,
		struct target_trouble *trouble);
/* NULL is fine. */
void target_free(struct target *target);
void target_freep(struct target **target);

/* Lasts when it returns 0. The same name with other bytes replaces it whole. */
MUST_USE int target_put(struct target *target, struct view name, struct view bytes,
		struct target_trouble *trouble);
/* Adds the bytes from `at` on, `len` at most (SIZE_MAX: to its end); fewer only where it ends. */
MUST_USE int target_get(struct target *target, struct view name, uint64_t at, size_t len,
		struct buf *out, struct target_trouble *trouble);
/* TARGET_OK, too, where it is not there. */
MUST_USE int target_remove(
		struct target *target, struct view name, struct target_trouble *trouble);

struct target_object {
	struct view name;
	uint64_t size;
};

struct target_listing {
	struct target_object *objects; /* by name */
	size_t count, capacity;
	struct arena *names;
};

#define TARGET_LISTING_NULL ((struct target_listing){ 0 })

/* All objects of a folder, "packs/": whole, or TARGET_E_FAILED. */
MUST_USE int target_list(struct target *target, struct view folder,
		struct target_listing *out, struct target_trouble *trouble);
void target_listing_free(struct target_listing *listing);
/* NULL where it is not listed. */
const struct target_object *target_listing_find(
		const struct target_listing *listing, struct view name);

/* Says it and returns TARGET_E_FAILED. */
int target_failed(struct target_trouble *trouble, const char *reason, const char *format,
		...) PRINTF_LIKE(3, 4);

#endif
