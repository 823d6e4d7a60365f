/* Requests to S3, signed (AWS Signature Version 4): a function of its arguments. libcurl has one
 * of its own, whose holes Debian 12's version has. */
#ifndef AGENT_BACKUP_SIGV4_H
#define AGENT_BACKUP_SIGV4_H

#include "runtime/base/buf.h"
#include "runtime/base/clock.h"
#include "runtime/base/secret.h"

struct sigv4_request {
	const char *method;
	struct view host; /* as the field Host says it, with the port where it is not the usual */
	struct view path;  /* from the slash on, encoded as it is sent */
	struct view query; /* sorted and encoded as it is sent: "a=&b=%2F"; or empty */
	struct view body;
	struct view region;
	struct view service; /* "s3" */
	const struct secret *access_key, *secret_key;
	walltime now;
};

enum {
	SIGV4_LINE = 1024,
};

struct sigv4_fields {
	struct buf host, date, content, authorization; /* "Name: value" */
};

#define SIGV4_FIELDS_NULL                                                                \
	((struct sigv4_fields){ .host = BUF_NULL(SIGV4_LINE),                            \
			.date = BUF_NULL(SIGV4_LINE),                                    \
			.content = BUF_NULL(SIGV4_LINE),                                 \
			.authorization = BUF_NULL(SIGV4_LINE) })

/* The header fields that go with it. */
void sigv4_sign(const struct sigv4_request *request, struct sigv4_fields *out);
void sigv4_fields_deinit(struct sigv4_fields *fields);

/* Adds text as URIs have it: letters, digits, `-._~` stand for themselves, and `/` where
 * `slashes`. */
void sigv4_encode(struct buf *out, struct view text, bool slashes);

#endif
