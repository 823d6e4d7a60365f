/* What is said of alerts: to people, in a letter, and to programs, as JSON. */
#ifndef AGENT_ALERT_TEXT_H
#define AGENT_ALERT_TEXT_H

#include "agent/alert/alert.h"
#include "runtime/base/buf.h"

/* `host` is ours. One line, without its end. */
void alert_subject(const struct alert *news, size_t count, struct view host,
		struct buf *out);
void alert_letter(const struct alert *news, size_t count, struct view host,
		struct buf *out);
/* {"format_version", "host", "sent_at", "alerts": [{"object", "reason", "class", "message",
 * "since", "over"}]} */
void alert_json(const struct alert *news, size_t count, struct view host, walltime now,
		struct buf *out);

#endif
