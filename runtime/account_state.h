/* What the runtime tells of the accounts' files, and the agent remembers or shows. */
#ifndef RUNTIME_ACCOUNT_STATE_H
#define RUNTIME_ACCOUNT_STATE_H

#include "runtime/configuration.h"

/* How far a file has come, and what is in it. */
struct account_reached {
	unsigned char uid[ACCOUNT_UID_SIZE];
	struct account_mark mark;
	uint64_t used, messages; /* bytes of messages, and how many, at that mark */
};

/* Why nothing of an account is served: 451 4.3.0, NO [UNAVAILABLE]; mail for it waits. */
enum quarantine {
	QUARANTINE_NONE,
	QUARANTINE_DAMAGED, /* a page does not verify */
	QUARANTINE_OLDER, /* the file is older than is remembered: put back from a copy */
	QUARANTINE_GONE,  /* there is no file, and it is remembered */
};

struct account_set_apart {
	unsigned char uid[ACCOUNT_UID_SIZE];
	enum quarantine why;
};

#endif
