/* How a phone or a mail program is set up for a mailbox here, from what is served. */
#ifndef AGENT_SETTINGS_H
#define AGENT_SETTINGS_H

#include "runtime/configuration.h"

struct mail_way {
	uint16_t port;  /* 0: there is none */
	bool tls_first; /* else STARTTLS */
};

struct mail_settings {
	struct view host; /* of both */
	struct mail_way imap, submission;
};

/* TLS from the first byte where there is such a port (RFC 8314). Views live as long as the
 * configuration. */
struct mail_settings mail_settings_of(const struct host_spec *host);

#endif
