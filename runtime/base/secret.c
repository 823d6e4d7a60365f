#include "runtime/base/secret.h"

#include "runtime/base/error.h"

#include <stdlib.h>

struct secret secret_copy(struct view bytes)
{
	struct secret secret = { xmalloc(bytes.len + 1), bytes.len };

	if (bytes.len)
		memcpy(secret.data, bytes.data, bytes.len);
	secret.data[bytes.len] = '\0';
	return secret;
}

void secret_free(struct secret *secret)
{
	if (secret->data)
		explicit_bzero(secret->data, secret->len);
	free(secret->data);
	*secret = SECRET_NULL;
}

struct secret secret_take(struct secret *secret)
{
	struct secret taken = *secret;

	*secret = SECRET_NULL;
	return taken;
}

struct view secret_expose(const struct secret *secret)
{
	return view_of(secret->data, secret->len);
}
