/* What `posthus doctor` found: a line each as it is found, or all of it as JSON at the end. */
#ifndef AGENT_COMMAND_FINDINGS_H
#define AGENT_COMMAND_FINDINGS_H

#include "agent/command/setting.h"

#include <jansson.h>

enum finding_verdict {
	FINDING_OK,
	FINDING_WARN, /* mail works, or this could not be looked at */
	FINDING_FAIL,
};

struct findings {
	json_t *items; /* NULL: they are printed as text */
	bool mend;     /* what is safe to mend is mended */
	size_t fails;
};

/* `help` is what to do next; NULL where nothing is. */
void finding_say(struct findings *findings, enum finding_verdict verdict,
		const char *what, const char *help, const char *format, ...)
		PRINTF_LIKE(5, 6);

/* doctor_data.c: what lies on the disk, agent or none. False: there is no data directory. */
bool doctor_look_at_data(struct findings *findings, const struct setting *setting);
/* doctor_agent.c: what the agent says. */
struct doctor_host {
	const char *name; /* of the host, as the agent has it; NULL: unknown */
	bool served;      /* an agent answers */
};

/* `host->name` lives in the setting. */
void doctor_look_at_agent(struct findings *findings, const struct setting *setting,
		struct doctor_host *out);

/* The parts of it: an answer of /v1/status, and one of /v1/audit. */
void doctor_look_at_status(struct findings *findings, const json_t *status);
void doctor_look_at_audit(struct findings *findings, const json_t *audit);

#endif
