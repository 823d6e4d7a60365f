/* What is served over HTTP to everybody, for listeners of the kinds LISTENER_HTTP and
 * LISTENER_HTTPS: to issuers of certificates the texts of their challenges, by exactly their
 * tokens (RFC 8555, 8.3); at https the configuration's pages, each at its own name, and to the
 * desk, for the agent, what is below /invite/ and /hooks/ (desk.h). All else at http is sent to
 * https, where that is open: to the page, or to the host's own name. The context of its ports is
 * a struct service_port. */
#ifndef SERVICE_SITE_H
#define SERVICE_SITE_H

#include "runtime/net/connection.h"

extern const struct port_class site_port_class;

#endif
