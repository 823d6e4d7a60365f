/* What a password that a person chooses has to be: long, and none that others try first. */
#ifndef AGENT_PASSWORD_RULES_H
#define AGENT_PASSWORD_RULES_H

#include "runtime/base/secret.h"

enum {
	PASSWORD_LEAST = 12, /* characters */
};

enum password_fault {
	PASSWORD_FINE,
	PASSWORD_SHORT,
	PASSWORD_LONG,    /* more than PASSWORD_MAX bytes */
	PASSWORD_NO_TEXT, /* not UTF-8, or it has control characters */
	PASSWORD_IS_NAME, /* little more than the address or the name */
	PASSWORD_REPEATS, /* few characters, over and over, or as they lie on a keyboard */
	PASSWORD_IS_COMMON, /* among those that are tried first */
};

/* `address` is the login, `name` the person's or empty. */
enum password_fault password_judge(
		const struct secret *password, struct view address, struct view name);
/* Said to the person, a sentence. */
const char *password_fault_text(enum password_fault fault);

#endif
