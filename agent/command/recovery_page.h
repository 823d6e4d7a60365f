/* The page that goes into a safe. */
#ifndef AGENT_COMMAND_RECOVERY_PAGE_H
#define AGENT_COMMAND_RECOVERY_PAGE_H

#include "agent/command/setting.h"
#include "agent/database/recovery_kit.h"
#include "runtime/crypto/recovery_code.h"

struct recovery_page {
	const struct setting *setting;
	const struct recovery_code *code;
	const struct recovery_kit *kit;
	const struct secret *master_key;
};

/* On stdout. What a running agent knows of backups is asked of it; where none runs the page
 * has a line to write on. */
void recovery_page_print(const struct recovery_page *page);

#endif
