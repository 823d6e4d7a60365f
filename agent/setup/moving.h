/* Moving in: what another server's files say, gathered and written as a state.
 *
 * Readers add people, addresses and domains, each with its place; what cannot be brought is a
 * remark with a place, never a silence and never a guess. Secrets of the files stand in no
 * remark. At the end all that was gathered is made to fit together and written by the same
 * composer as an export, so that the result is a state that validates. */
#ifndef AGENT_SETUP_MOVING_H
#define AGENT_SETUP_MOVING_H

#include "agent/agent.h"
#include "runtime/base/arena.h"
#include "runtime/base/buf.h"
#include "runtime/base/map.h"

/* One line of a file that is read. */
struct moving_place {
	const char *file;
	unsigned line;
};

struct moving_entry {
	struct view address;
	struct moving_place place;
	bool alias; /* else a mailbox */
	bool dropped;
	/* of a mailbox */
	struct view name, hash; /* empty: not known */
	uint64_t quota;         /* bytes; 0: not said */
	/* of an alias */
	struct view *targets; /* in the arena */
	size_t target_count;
};

struct moving_domain {
	struct view name;
	struct view twin_of;   /* empty: it is itself */
	struct view catch_all; /* empty: none */
	struct moving_place place;
};

struct moving_remark {
	struct moving_place place;
	struct view text;
};

struct moving {
	struct arena *arena;
	struct view domain;           /* of names without one; empty: none was said */
	struct view host;             /* the host's full name; empty: not known */
	struct moving_entry *entries; /* malloc'd, in the order of the files */
	size_t entry_count, entry_capacity;
	struct moving_domain *domains; /* malloc'd */
	size_t domain_count, domain_capacity;
	struct moving_remark *remarks; /* malloc'd */
	size_t remark_count, remark_capacity;
	struct map by_address; /* → number of the entry, counted from 1 */
	struct map by_domain;  /* → the same, of the domain */
};

void moving_init(struct moving *m, struct view domain, struct view host);
void moving_deinit(struct moving *m);

/* -- for readers -- */

void moving_remark(struct moving *m, struct moving_place place, const char *format, ...)
		PRINTF_LIKE(3, 4);
/* The canonical form of an address, with the domain that names without one get; a remark and
 * false where it is none. */
MUST_USE bool moving_address(struct moving *m, struct moving_place place,
		struct view text, struct view *out);
/* A mailbox or an alias, zeroed but for its address and place; NULL, with a remark, where the
 * address was there before. Valid until the next one is added. */
struct moving_entry *moving_add(struct moving *m, struct moving_place place,
		struct view address, bool alias);
/* The mailbox of that address, or NULL. */
struct moving_entry *moving_mailbox(struct moving *m, struct view address);
/* A domain by its name, made where it is new; NULL, with a remark, where it is no name. */
struct moving_domain *moving_domain(
		struct moving *m, struct moving_place place, struct view name);

/* Lines as Dovecot's passwd-file has them: `user:{SCHEME}hash:uid:gid:name:home:shell:extra`. */
void moving_read_dovecot(struct moving *m, const char *file, struct view text);
/* /etc/passwd: people with a shell; and the hashes for them from /etc/shadow. */
void moving_read_passwd(struct moving *m, const char *file, struct view text);
void moving_read_shadow(struct moving *m, const char *file, struct view text);
/* The sources of Postfix's maps: `key value`, continued by lines that begin with a blank. */
void moving_read_mailboxes(struct moving *m, const char *file, struct view text);
void moving_read_aliases(struct moving *m, const char *file, struct view text);
void moving_read_domains(struct moving *m, const char *file, struct view text);

/* What main.cf says: domains and the host's name go to `m`; the maps that it names are files
 * that the caller reads. */
enum moving_map {
	MOVING_MAILBOXES,
	MOVING_ALIASES,
	MOVING_DOMAINS,
};

struct moving_file {
	enum moving_map map;
	const char *path; /* in the arena */
	struct moving_place place;
};

size_t moving_read_main_cf(struct moving *m, const char *file, struct view text,
		struct moving_file **out);

/* -- the result -- */

/* Makes it fit together: aliases whose targets are not of this state are left out, with a
 * remark. False where it makes no state; `problem` says why. */
MUST_USE bool moving_finish(
		struct moving *m, struct agent_export *out, struct buf *problem);

#endif
