/* Certificates that an issuer signs: the effects of their kind. */
#ifndef AGENT_DRIVER_CERTIFICATE_ISSUE_H
#define AGENT_DRIVER_CERTIFICATE_ISSUE_H

#include "agent/effect/effect.h"

extern const struct effects certificate_effects;

#endif
