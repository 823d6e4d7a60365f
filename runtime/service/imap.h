/* Performs what the IMAP engine asks, for listeners of the kinds LISTENER_IMAP and
 * LISTENER_IMAPS. The context of its ports is a struct service_port. */
#ifndef SERVICE_IMAP_H
#define SERVICE_IMAP_H

#include "runtime/net/connection.h"

extern const struct port_class imap_port_class;

#endif
