/* What is served of the certificates. */
#ifndef AGENT_DRIVER_CERTIFICATE_H
#define AGENT_DRIVER_CERTIFICATE_H

#include "runtime/base/clock.h"
#include "runtime/base/view.h"
#include "runtime/configuration.h"

#include <jansson.h>

struct database;
struct key;

/* Adds every stored certificate to a configuration, that of the host's name first; and what
 * issuers shall see now. */
MUST_USE int certificates_add(struct database *db, const struct key *tls_key,
		struct view first, walltime now, struct configuration *c);

/* Each of them and how long it lasts: `[{"name", "not_after", "days_left"}]`. A new reference. */
MUST_USE int certificates_list(struct database *db, walltime now, json_t **out);

#endif
