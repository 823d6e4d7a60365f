/* What the kinds of targets give. Private to target*.c. */
#ifndef AGENT_BACKUP_TARGET_INSIDE_H
#define AGENT_BACKUP_TARGET_INSIDE_H

#include "agent/backup/target.h"

/* Beside the outcomes of target.h: it did not work and may the next time. */
enum {
	TARGET_AGAIN = 100,
};

struct target_methods {
	int (*open)(struct target *target, struct target_trouble *trouble);
	void (*close)(struct target *target);
	int (*put)(struct target *target, struct view name, struct view bytes,
			struct target_trouble *trouble);
	int (*get)(struct target *target, struct view name, uint64_t at, size_t len,
			struct buf *out, struct target_trouble *trouble);
	int (*remove)(struct target *target, struct view name,
			struct target_trouble *trouble);
	int (*list)(struct target *target, struct view folder, struct target_listing *out,
			struct target_trouble *trouble);
};

extern const struct target_methods target_directory_methods;
extern const struct target_methods target_s3_methods;
extern const struct target_methods target_sftp_methods;

struct target {
	const struct target_methods *methods;
	const struct target_place *place;
	void *own;   /* of the kind */
	nstime wait; /* what the other side asked for before the next try; 0: nothing */
};

nstime target_patience(const struct target *target);
bool target_stopping(const struct target *target);

/* Waits before the next try; false where the agent stops. */
MUST_USE bool target_rest(struct target *target, unsigned try);

/* Runs `call` until it does something else than to say TARGET_AGAIN. */
#define WITH_TRIES(target, call)                                                         \
	__extension__({                                                                  \
		int r_ = TARGET_E_FAILED;                                                \
		for (unsigned try_ = 0; try_ < TARGET_TRIES; try_++) {                   \
			r_ = (call);                                                     \
			if (r_ != TARGET_AGAIN || !target_rest((target), try_))          \
				break;                                                   \
		}                                                                        \
		r_ == TARGET_AGAIN ? TARGET_E_FAILED : r_;                               \
	})

/* TARGET_E_FAILED where there are more than TARGET_LIST_MAX, or one of no name of ours. */
int target_listing_add(struct target_listing *listing, struct view name, uint64_t size,
		struct target_trouble *trouble);

/* The name of an object that is being written, which no listing shows: "packs/.part-…". */
void target_part_name(struct view name, struct buf *out);
bool target_is_part(struct view file);

#endif
