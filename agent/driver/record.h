/* Records in the DNS: what looks at them and puts them there, apart from what is wanted. */
#ifndef AGENT_DRIVER_RECORD_H
#define AGENT_DRIVER_RECORD_H

#include "agent/effect/effect.h"

extern const struct effects record_effects;

#endif
