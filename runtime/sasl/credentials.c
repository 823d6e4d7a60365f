#include "runtime/sasl/credentials.h"

#include "runtime/base/utf8.h"

void credentials_free(struct credentials *credentials)
{
	buf_free(&credentials->user);
	secret_free(&credentials->password);
}

int credentials_set_user(struct credentials *credentials, struct view user)
{
	if (user.len == 0 || user.len > SASL_USER_SIZE)
		return SASL_E_SYNTAX;
	if (!utf8_valid(user))
		return SASL_E_NAME;
	for (size_t i = 0; i < user.len; i++)
		if ((unsigned char)user.data[i] < ' ' || user.data[i] == 127)
			return SASL_E_NAME;
	buf_clear(&credentials->user);
	buf_add(&credentials->user, user);
	return 0;
}

int credentials_set_password(struct credentials *credentials, struct view password)
{
	if (password.len == 0 || password.len > SASL_PASSWORD_SIZE ||
			view_find(password, '\0') < password.len)
		return SASL_E_SYNTAX;
	secret_free(&credentials->password);
	credentials->password = secret_copy(password);
	return 0;
}
