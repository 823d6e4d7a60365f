/* How the agent's printers write what all of them write: times, digests, names. */
#ifndef AGENT_TEXT_H
#define AGENT_TEXT_H

#include "runtime/base/buf.h"
#include "runtime/base/clock.h"
#include "runtime/crypto/digest.h"

#include <jansson.h>

enum {
	DIGEST_TEXT = 3 + 2 * 16, /* "b2:" and the first half, in hexadecimal */
};

/* 2026-11-24T07:33:05Z */
void text_add_time(struct buf *out, walltime time);
/* 2026-11-24 */
void text_add_day(struct buf *out, walltime time);
/* 12s, 5m, 2h, 3d: rounded down. */
void text_add_age(struct buf *out, int64_t seconds);
/* b2:5c1e…: enough to name a plan by. */
void text_add_digest(struct buf *out, const unsigned char digest[DIGEST_SIZE]);
/* "2 users", "1 user". */
void text_add_count(struct buf *out, size_t count, const char *one, const char *many);

/* As a JSON string, with its quotes; bytes that are no UTF-8 are repaired. */
void text_add_json(struct buf *out, struct view text);

/* New references. */
MUST_USE json_t *json_view(struct view text); /* bad UTF-8 is repaired */
MUST_USE json_t *json_time(walltime time);
MUST_USE json_t *json_digest(const unsigned char digest[DIGEST_SIZE]);
MUST_USE json_t *json_uid(const unsigned char uid[16]);

#endif
