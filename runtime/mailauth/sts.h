/* MTA-STS (RFC 8461): that a domain says in its TXT record and in a file of its web server which
 * hosts take its mail, and that they show certificates for their names. What strangers say is
 * read here; it is asked for elsewhere. Functions of their arguments. */
#ifndef MAILAUTH_STS_H
#define MAILAUTH_STS_H

#include "runtime/base/arena.h"
#include "runtime/base/clock.h"

enum {
	STS_POLICY_MAX = 64 * 1024, /* bytes of the file (RFC 8461, 3.3) */
	STS_ID_MAX = 32,
	STS_HOSTS = 100,        /* patterns in it */
	STS_AGE_MAX = 31557600, /* seconds: a year (3.2) */
};

/* The id in one TXT record of _mta-sts.DOMAIN (3.1). False: it is no such record. The view is
 * one into the record. */
MUST_USE bool sts_record_read(struct view text, struct view *id_out);

enum sts_mode {
	STS_NONE,
	STS_TESTING, /* what fails is told, and goes on */
	STS_ENFORCE,
};

struct sts_policy {
	enum sts_mode mode;
	walltime max_age;   /* seconds */
	struct view *hosts; /* "mx.example.org", "*.example.org"; lower case */
	size_t host_count;
};

/* Reads the file (3.2). False where a field that must be there is missing or malformed; unknown
 * fields are passed over. What is made lives in the arena. */
MUST_USE bool sts_policy_read(
		struct arena *arena, struct view text, struct sts_policy *out);

/* True where the policy names that host (4.1): `*.` stands for one label. */
bool sts_policy_has(const struct sts_policy *policy, struct view host);

const char *sts_mode_name(enum sts_mode mode);

#endif
