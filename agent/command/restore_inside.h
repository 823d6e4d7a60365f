/* The insides of `posthus restore`, for the files that make it up: restore.c reads the kit and
 * brings files to the side, restore_host.c makes a host of them, restore_account.c takes one
 * account's. All return an exit code, and have said why where it is not EXIT_FINE. */
#ifndef COMMAND_RESTORE_INSIDE_H
#define COMMAND_RESTORE_INSIDE_H

#include "agent/backup/kit.h"
#include "agent/backup/order.h"
#include "agent/backup/restore.h"
#include "agent/command/setting.h"
#include "runtime/crypto/broker.h"

struct restoring {
	const struct words *words;
	struct arena *arena;
	struct kit kit;
	json_t *place;
	struct backup_order order;
	struct backup_secrets secrets;
	struct vault *vault;
	struct vault_snapshot snapshot;
	struct target_trouble trouble;
	struct broker *broker;
	struct key control, queue;
	const char *to, *side; /* side is where it grows until it is whole */
	bool resumed;
};

/* Brings that one file and its WAL to the side; empty: all of them. */
int restore_bring(struct restoring *x, struct view only);
/* The master key from the page or the backup, and what it opens. */
int restore_take_keys(struct restoring *x);
/* From the side to where it goes, by one rename. */
int restore_move_in(struct restoring *x);

int restore_host(struct restoring *x);
/* By its id or its address, as they were when the backup was taken. */
int restore_account(struct restoring *x, const char *name);

#endif
