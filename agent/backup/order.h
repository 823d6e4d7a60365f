/* What a backup is told, once it is applied: JSON, whole in itself but for secrets.
 *
 *   {"drill": "weekly Sun 03:00", "keep": {"daily": 7, …}, "name": "nightly",
 *    "recipients": ["age1…"], "schedule": "daily 03:00", "to": {"directory": "/srv/copies"}} */
#ifndef AGENT_BACKUP_ORDER_H
#define AGENT_BACKUP_ORDER_H

#include "agent/backup/calendar.h"
#include "agent/backup/vault.h"
#include "agent/effect/effect.h"
#include "schema/desired.h"

struct backup_order {
	struct view name;
	struct calendar schedule, drill;
	struct vault_keep keep;
	struct age_recipient recipients[AGE_RECIPIENTS_MAX];
	size_t recipient_count;
	struct target_place place; /* without its secrets */
	const json_t *to;
};

/* Sorted and compact. */
struct view backup_order_text(struct arena *arena, const struct desired *desired,
		const struct desired_backup *backup);
/* Views borrow from `json`. False where it is none of ours. */
MUST_USE bool backup_order_read(const json_t *json, struct backup_order *out);

/* A place alone, as `to` of an order has it. */
MUST_USE bool backup_order_read_place(const json_t *to, struct backup_order *out);

/* The secrets of a place, for as long as it is used. */
struct backup_secrets {
	struct secret access_key, secret_key, identity;
};

/* Reads them, and hangs them into the place. EFFECT_E_FAILED: the answer says why. */
MUST_USE int backup_secrets_read(struct backup_order *order,
		const struct agent_file *file, struct backup_secrets *out,
		struct effect_answer *answer);
void backup_secrets_free(struct backup_secrets *secrets);

#endif
