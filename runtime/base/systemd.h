/* What a service manager and a service say to each other (sd_notify(3),
 * sd_listen_fds(3)), without its library. All of it does nothing where there is no
 * service manager. */
#ifndef BASE_SYSTEMD_H
#define BASE_SYSTEMD_H

#include "runtime/base/clock.h"
#include "runtime/base/view.h"

/* Tells the manager: "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…"; several lines at
 * once. 0 also where nobody listens. */
MUST_USE int systemd_notify(const char *state);
/* "RELOADING=1" with the time that it asks for; READY=1 ends it. */
MUST_USE int systemd_notify_reloading(nstime now);
/* How often WATCHDOG=1 is wanted: half of what the manager allows; NSTIME_NEVER where it
 * does not watch this process. */
nstime systemd_watchdog(void);

enum {
	SYSTEMD_FIRST_FD = 3
};

/* How many sockets the manager handed to this process: SYSTEMD_FIRST_FD and the following
 * ones. They are made close-on-exec. */
unsigned systemd_socket_count(void);
/* The name of one (FileDescriptorName=), or an empty view. */
struct view systemd_socket_name(unsigned index);

#endif
