#include "runtime/sasl/plain.h"

int plain_read(struct view message, struct credentials *out)
{
	size_t first = view_find(message, '\0');
	struct view authzid = view_sub(message, 0, first);
	struct view rest = view_from(message, first + 1);
	size_t second = view_find(rest, '\0');
	struct view authcid = view_sub(rest, 0, second);
	int r;

	if (first == message.len || second == rest.len)
		return SASL_E_SYNTAX;
	if (authzid.len && !view_eq(authzid, authcid))
		return SASL_E_AUTHZID;
	r = credentials_set_user(out, authcid);
	if (r == 0)
		r = credentials_set_password(out, view_from(rest, second + 1));
	if (r)
		credentials_free(out);
	return r;
}
