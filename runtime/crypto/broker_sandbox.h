/* Confines the broker's process. */
#ifndef CRYPTO_BROKER_SANDBOX_H
#define CRYPTO_BROKER_SANDBOX_H

#include "runtime/base/attr.h"

#include <sys/types.h>

/* helper_confine() with the system calls that answering takes. */
MUST_USE int broker_confine(int fd, pid_t parent);

#endif
