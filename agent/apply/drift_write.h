/* What an application does about drift: rows, conditions and events of what was set right
 * and of what is let be. */
#ifndef AGENT_DRIFT_WRITE_H
#define AGENT_DRIFT_WRITE_H

#include "agent/apply/apply.h"

/* Within the transaction, behind the steps. */
MUST_USE int drift_write(struct application *a);

#endif
