/* What the files of a conversation share. */
#ifndef AGENT_ACME_ACME_INSIDE_H
#define AGENT_ACME_ACME_INSIDE_H

#include "agent/acme/acme.h"
#include "agent/acme/jws.h"

#include <jansson.h>

struct acme {
	const struct acme_task *task;
	struct arena *arena;
	struct acme_order *order;
	struct jws_key *key;
	enum acme_outcome outcome; /* SEND: it goes on */
	unsigned nonces;           /* that were not taken */
	size_t at;                 /* which authorization, within a step */
	bool replaces_nothing;     /* the issuer does not know what is renewed */
	struct view certificate;   /* its URL */
	struct buf body;           /* of the request that is out */
	struct view url;           /* of the same */
	nstime wait;
	struct view waits_for;
	struct view chain;
	struct acme_failure failure;
};

/* The end of the conversation. */
void acme_step_to(struct acme *a, enum acme_step step);
void acme_wait_for(struct acme *a, nstime retry_after, struct view what);
void acme_fail(struct acme *a, const char *reason, bool ends, const char *format, ...)
		PRINTF_LIKE(4, 5);

/* True where the URL is of the origin of the directory's. */
bool acme_is_ours(const struct acme *a, struct view url);
/* A member of an object as text in the arena: empty where it is none, or too long. */
struct view acme_text(const struct acme *a, const json_t *root, const char *name);
/* A URL of the directory's origin; fails the conversation where it is none. */
bool acme_url(struct acme *a, const json_t *root, const char *name, struct view *out);
/* A new reference; fails the conversation and returns NULL where it is no object. */
json_t *acme_object(struct acme *a, const struct acme_reply *reply);
/* What an issuer says of an error, on one line. */
struct view acme_detail(const struct acme *a, const json_t *problem);

/* One step: what it asks next, or nothing: then it has ended the conversation. */
struct acme_rule {
	bool (*ask)(struct acme *a, struct view *url_out, struct buf *payload);
	void (*take)(struct acme *a, const struct acme_reply *reply);
	/* Of an error that it knows what to do about: true. NULL: of none. */
	bool (*mend)(struct acme *a, struct view type, const json_t *problem);
};

extern const struct acme_rule acme_rules[ACME_STEPS];

#endif
