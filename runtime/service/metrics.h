/* Answers GET /metrics over HTTP, for listeners of the kind LISTENER_METRICS: all of
 * base/metric.h, in the form that the client asks for. The context of its ports is a
 * struct service_port. There is no login: whoever reaches the port may read. */
#ifndef SERVICE_METRICS_H
#define SERVICE_METRICS_H

#include "runtime/net/connection.h"

extern const struct port_class metrics_port_class;

#endif
