/* A house with an issuer (tests/lib/issuer): a state whose certificate is issued, and clocks
 * that move when they are told to. */
#ifndef TESTS_AGENT_ACME_YARD_H
#define TESTS_AGENT_ACME_YARD_H

#include "agent/database/reason.h"
#include "agent/inside.h"
#include "runtime/crypto/certificate.h"
#include "tests/agent/house.h"
#include "tests/lib/issuer/issuer.h"

struct yard {
	struct house *house;
	nstime now;      /* the monotonic clock; the wall's is the issuer's */
	uint64_t random; /* of backoffs: a seed */
};

/* *state is a struct yard; the issuer has forgotten everything. */
int yard_setup(void **state);
int yard_teardown(void **state);

/* Applies a state with these sections; it must go well. */
void yard_apply(struct yard *y, const char *sections);
/* Turns until nothing is out and nothing is due now. */
void yard_turn(struct yard *y);
void yard_pass(struct yard *y, int64_t seconds);
/* Turns, and moves the clocks to what is due next, until the outbox is at rest or so many
 * seconds have passed; true where it is. */
bool yard_converges(struct yard *y, int64_t seconds);
/* A tick of the reconciler's timer. */
void yard_tick(struct yard *y);

/* What is served for the host: false where nothing is. */
bool yard_serves(struct yard *y, struct arena *arena, struct certificate_facts *out);
bool yard_serves_issued(struct yard *y);
/* How many may issue, as the records would say it; and the first of them, whose texts are good
 * until the next call. */
size_t yard_authorities(struct yard *y, struct zone_authority *out);
/* Of the certificate's row in the outbox, or of its conditions; "" where there is none. */
const char *yard_reason(struct yard *y);
bool yard_is_ready(struct yard *y);

#define YARD_ISSUED                                                                      \
	"issuers: {le: 'https://issuer.test/dir'}\n"                                     \
	"certs: {auto: {issuer: le}}\n"
#define YARD_TWO                                                                         \
	"issuers:\n"                                                                     \
	"  le: {acme: 'https://issuer.test/dir', fallback: other}\n"                     \
	"  other: 'https://other.test/dir'\n"                                            \
	"certs: {auto: {issuer: le}}\n"

#endif
