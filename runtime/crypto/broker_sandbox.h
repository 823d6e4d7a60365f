/* Confines the broker's process. */
#ifndef CRYPTO_BROKER_SANDBOX_H
#define CRYPTO_BROKER_SANDBOX_H

#include "runtime/base/attr.h"

#include <sys/types.h>

/* Keeps `fd` and stderr open and nothing else; no dumps, no tracing, no new privileges;
 * dies with `parent`; and, where the kernel knows seccomp, no system calls but those that
 * answering takes. */
MUST_USE int broker_confine(int fd, pid_t parent);

#endif
