/* What the parts of the fetching child share. Not for others. */
#ifndef AGENT_GIT_FETCH_INSIDE_H
#define AGENT_GIT_FETCH_INSIDE_H

#include "agent/git/fetch_wire.h"

struct fetch {
	const struct fetch_request *request;
	const char *identity; /* its text, as a C string */
	int tries;            /* of the identity */
	const char *reason;   /* a word of reason.c: the first thing that went wrong */
	char message[512];
};

/* Keeps the first reason. Returns -1: what libgit2 takes for "end it". */
int fetch_failed(struct fetch *f, const char *reason, const char *format, ...)
		PRINTF_LIKE(3, 4);

#endif
