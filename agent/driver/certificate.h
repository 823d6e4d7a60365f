/* What is served of the certificates. */
#ifndef AGENT_DRIVER_CERTIFICATE_H
#define AGENT_DRIVER_CERTIFICATE_H

#include "runtime/base/view.h"
#include "runtime/configuration.h"

struct database;
struct key;

/* Adds every stored certificate to a configuration, that of the host's name first. */
MUST_USE int certificates_add(struct database *db, const struct key *tls_key,
		struct view first, struct configuration *c);

#endif
