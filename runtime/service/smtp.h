/* Performs what the SMTP engine asks, for listeners of the kinds LISTENER_SMTP,
 * LISTENER_SUBMISSION and LISTENER_SUBMISSIONS. The context of its ports is a struct
 * service_port. */
#ifndef SERVICE_SMTP_H
#define SERVICE_SMTP_H

#include "runtime/net/connection.h"

extern const struct port_class smtp_port_class;

#endif
