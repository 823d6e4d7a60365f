/* SASL LOGIN (draft-murchison-sasl-login), the server's side: asks for a name, then for a
 * password. Old, and some mail programs know nothing else.
 *
 *   LOGIN_USER ──name──► LOGIN_PASSWORD ──password──► LOGIN_DONE */
#ifndef SASL_LOGIN_H
#define SASL_LOGIN_H

#include "runtime/sasl/credentials.h"

enum login_state {
	LOGIN_USER,
	LOGIN_PASSWORD,
	LOGIN_DONE,
};

struct login {
	enum login_state state;
	struct credentials credentials;
};

#define LOGIN_NULL ((struct login){ LOGIN_USER, CREDENTIALS_NULL })

void login_free(struct login *login);

/* What to ask for now, in base64. */
struct view login_challenge(const struct login *login);
/* Takes the response, base64 already undone; SASL_E_SYNTAX and SASL_E_NAME leave it as it
 * was. The caller wipes its message. */
MUST_USE int login_answer(struct login *login, struct view message);

#endif
