/* What a running agent says in zones besides what follows from the files of a state: who may
 * issue, which key it shows, which policy it serves, how far one has climbed. */
#ifndef AGENT_COMMAND_DNS_KNOWN_H
#define AGENT_COMMAND_DNS_KNOWN_H

#include "agent/zone/rrsets.h"

/* Sets that are to be judged as they stand there: those of `sets` are replaced where the agent
 * knows better, others are added. Nothing changes where no agent answers at `control`. */
void dns_known(const char *control, const struct desired *desired, struct arena *arena,
		struct zone_rrsets *sets);

#endif
