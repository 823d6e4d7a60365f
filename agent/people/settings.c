#include "agent/people/settings.h"

static struct mail_way way_of(const struct host_spec *host, enum listener_kind tls,
		enum listener_kind plain)
{
	struct mail_way way = { 0 };

	for (size_t i = 0; i < host->listener_count; i++) {
		const struct listener_spec *listener = &host->listeners[i];

		if (listener->kind == tls)
			return (struct mail_way){ listener->port, true };
		if (listener->kind == plain)
			way.port = listener->port;
	}
	return way;
}

struct mail_settings mail_settings_of(const struct host_spec *host)
{
	return (struct mail_settings){
		.host = host->name,
		.imap = way_of(host, LISTENER_IMAPS, LISTENER_IMAP),
		.submission = way_of(host, LISTENER_SUBMISSIONS, LISTENER_SUBMISSION),
	};
}
