/* Deeds: whose account file is whose, and the key that opens it, a second time, beside the
 * files: DATA/accounts/deeds.db, encrypted under the broker's control key.
 *
 * An account's data key lies wrapped in control.db alone. Were that lost, or put back as it
 * was last month, the files of the accounts would be noise. The deeds are written before
 * what they are of, so that no account has a file and no deed; a deed without an account is
 * either one of a commit that failed, or what somebody looks for. */
#ifndef AGENT_DEEDS_H
#define AGENT_DEEDS_H

#include "agent/apply/apply.h"

struct deed {
	unsigned char uid[UID_SIZE];
	struct view kind, id, key; /* of the object, when it was last renamed */
	struct view wrapped;       /* the host's slot of the data key */
};

/* Opens it below `data`, and makes it; there is then a deed of every account that `control`
 * knows. One that is damaged is set aside: it must not keep mail from anybody. */
MUST_USE int deeds_open(const char *data, const struct key *key, struct database *control,
		struct database **out);
/* One that is there to be read, in a directory of its own; *out stays NULL where there is
 * none. */
MUST_USE int deeds_open_copy(
		const char *directory, const struct key *key, struct database **out);
/* What the application does to accounts. Its own transaction, before the application's
 * commit. */
MUST_USE int deeds_follow(struct database *deeds, const struct application *a);
/* The account's file is under another key. Its own transaction. */
MUST_USE int deeds_rekey(struct database *deeds, const unsigned char uid[UID_SIZE],
		struct view wrapped);
/* All of them, in the arena, sorted by uid. */
MUST_USE int deeds_read(struct database *deeds, struct arena *arena, struct deed **out,
		size_t *count_out);

#endif
