#include "runtime/sasl/login.h"

#include <assert.h>

void login_free(struct login *login)
{
	credentials_free(&login->credentials);
	login->state = LOGIN_USER;
}

struct view login_challenge(const struct login *login)
{
	assert(login->state < LOGIN_DONE);
	return login->state == LOGIN_USER ? VIEW("VXNlcm5hbWU6")  /* "Username:" */
					  : VIEW("UGFzc3dvcmQ6"); /* "Password:" */
}

int login_answer(struct login *login, struct view message)
{
	int r;

	assert(login->state < LOGIN_DONE);
	if (login->state == LOGIN_USER)
		r = credentials_set_user(&login->credentials, message);
	else
		r = credentials_set_password(&login->credentials, message);
	if (r == 0)
		login->state++;
	return r;
}
