/* alerts: who is told when something is wrong. */
#include "schema/row.h"

#define AT(member) offsetof(struct desired_alerts, member)

/* clang-format off */
static const struct field webhook_fields[] = {
	{ "url",    TYPE(TYPE_URL),        NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED | FIELD_REQUIRED, AT(webhook), "where it is sent" },
	{ "secret", RECORD(&secret_table), NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(webhook_secret), "signs what is sent (HMAC-SHA256)" },
};

static const struct table alert_webhook_table = { .noun = "`webhook`", .help = "A program elsewhere that is told.", FIELDS(webhook_fields), .short_form = "url" };

static const struct field fields[] = {
	{ "to",        LIST_OF(TYPE(TYPE_ADDRESS)), NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(to), "who is written to; one address at least should lie elsewhere" },
	{ "webhook",   RECORD(&alert_webhook_table), NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, 0, "a program elsewhere that is told: each alert, and its end, as JSON" },
	{ "heartbeat", TYPE(TYPE_URL),              NULL, OWNER_ENFORCE, RISK_EXPOSING, SERVED, AT(heartbeat), "asked for once a `policy.interval`, for as long as all is well" },
};
/* clang-format on */

const struct table alerts_table = {
	.noun = "`alerts`",
	.help = "Who is told when something is wrong.",
	.kind = KIND_ALERTS,
	FIELDS(fields),
	.size = sizeof(struct desired_alerts),
};
