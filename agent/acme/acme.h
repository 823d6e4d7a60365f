/* One step of an order at an ACME issuer (RFC 8555): an engine without I/O.
 *
 *   acme_next() ──► ACME_SEND ──► the caller sends it ──► acme_take() ──► acme_next() …
 *        └──► STEPPED, WAIT, ISSUED, FAILED: the end of this step
 *
 * What the issuer says is believed only as far as it must be: bodies have a limit, a reply
 * is never followed elsewhere, and every URL that it names is of the origin that its
 * directory is of. A nonce that it does not take is replaced, a few times. The chain that it
 * gives out has to be for our key and our names, and valid now. */
#ifndef AGENT_ACME_ACME_H
#define AGENT_ACME_ACME_H

#include "agent/acme/order.h"
#include "runtime/crypto/certificate_request.h"

enum acme_challenge {
	ACME_HTTP_01,
	ACME_DNS_01,
	ACME_TLS_ALPN_01,
	ACME_CHALLENGES,
};

/* "http-01" */
const char *acme_challenge_name(enum acme_challenge challenge);

enum {
	ACME_BODY = 64 * 1024,     /* of a reply */
	ACME_URL = 2048,           /* of a URL, a nonce, a token in one */
	ACME_ORDER_TIME = 60 * 60, /* seconds until an order has come to nothing */
	ACME_WAIT_SECONDS = 3,     /* between two looks, where the issuer says nothing */
	ACME_WAIT_MOST = 10 * 60,  /* seconds, whatever it says */
	ACME_NONCES = 10,          /* tries */
};

struct acme_task {
	struct view directory;   /* its URL */
	struct view account_key; /* PEM, of agent/acme/jws.h */
	struct view eab_id;      /* empty: no binding */
	struct view eab_key;     /* the bytes */
	const struct view *names;
	size_t name_count;
	enum acme_challenge challenge;
	enum certificate_key_kind key_kind;
	struct view kept_key; /* PEM, of that kind: no new one is made; empty: one is */
	struct view profile;  /* empty: the issuer's own choice */
	struct view replaces; /* the certificate that it renews, by acme_certificate_id() */
	walltime now;
};

enum acme_outcome {
	ACME_SEND,    /* a request has to go out */
	ACME_STEPPED, /* the order is further: keep it before the next step */
	ACME_WAIT,    /* the issuer works: the same step again later */
	ACME_ISSUED,
	ACME_FAILED,
};

/* Lives until the next call. */
struct acme_request {
	const char *method; /* GET, HEAD, POST */
	struct view url;
	struct view body; /* of POST: application/jose+json */
};

struct acme_reply {
	int status;
	struct view body;
	struct view nonce;    /* Replay-Nonce */
	struct view location; /* Location */
	nstime retry_after;   /* 0: not said */
};

/* In the arena that the conversation was given. */
struct acme_failure {
	const char *reason; /* a word of agent/database/reason.c */
	struct view message;
	nstime given;
	bool ends; /* the order has come to nothing */
};

struct acme;

/* All is borrowed. An outcome of jws.h where the account's key is none. */
MUST_USE int acme_new(const struct acme_task *task, struct arena *arena,
		struct acme_order *order, struct acme **out);
/* NULL is fine. */
void acme_free(struct acme *acme);
void acme_freep(struct acme **acme);

MUST_USE enum acme_outcome acme_next(struct acme *acme, struct acme_request *out);
void acme_take(struct acme *acme, const struct acme_reply *reply);

nstime acme_wait(const struct acme *acme);
/* What it waits for, for people. */
struct view acme_waits_for(const struct acme *acme);
/* PEM: the certificate, and those that signed it. */
struct view acme_chain(const struct acme *acme);
const struct acme_failure *acme_failure(const struct acme *acme);

/* What shows that a name is ours: "TOKEN.THUMBPRINT" (RFC 8555, 8.1). */
MUST_USE int acme_authorization_text(
		struct view account_key, struct view token, struct buf *out);

#endif
