/* What a host keeps of its own: files of the state folder, each with a keyed digest before it. */
#include "agent/backup/vault_inside.h"

#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/hmac.h"
#include "runtime/crypto/ssh_wire.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum {
	STATE_PATH_MAX = 4096,
	STATE_MAX = 1024 * 1024 * 1024, /* bytes of a file of the state folder */
	LAST_SIZE = DIGEST_SIZE + 8,
};

#define LAST_FILE "last"

static bool state_path(
		const struct vault *vault, const char *name, char out[STATE_PATH_MAX])
{
	return vault->options.state &&
	       snprintf(out, STATE_PATH_MAX, "%s/%s", vault->options.state, name) <
			       STATE_PATH_MAX;
}

/* A file of one name does not pass for another. */
static void state_mac(const struct vault *vault, const char *name, struct view bytes,
		unsigned char out[DIGEST_SIZE])
{
	struct digest d;

	keyed_digest_init(&d, &vault->keys.state);
	digest_add(&d, view_of(name, strlen(name) + 1));
	digest_add(&d, view_of(vault->public, VAULT_KEY));
	digest_add(&d, bytes);
	digest_final(&d, out);
}

bool vault_kept_state(const struct vault *vault, const char *name, struct buf *out)
{
	CLEANUP(freep) char *bytes = NULL;
	unsigned char mac[DIGEST_SIZE];
	char path[STATE_PATH_MAX];
	size_t len = 0;

	if (!state_path(vault, name, path) ||
			os_read_file(os_real(), path, STATE_MAX, &bytes, &len) ||
			len < DIGEST_SIZE)
		return false;
	state_mac(vault, name, view_of(bytes + DIGEST_SIZE, len - DIGEST_SIZE), mac);
	if (!view_eq_secret(view_of(mac, sizeof(mac)), view_of(bytes, DIGEST_SIZE)))
		return false;
	buf_add(out, view_of(bytes + DIGEST_SIZE, len - DIGEST_SIZE));
	return !buf_failed(out);
}

int vault_keep_state(const struct vault *vault, const char *name, struct view bytes)
{
	CLEANUP(buf_free) struct buf file = BUF_NULL(STATE_MAX);
	unsigned char mac[DIGEST_SIZE];
	char path[STATE_PATH_MAX];
	int r;

	if (!vault->options.state)
		return 0;
	if (!state_path(vault, name, path))
		return fault(-ENAMETOOLONG);
	state_mac(vault, name, bytes, mac);
	buf_add(&file, view_of(mac, sizeof(mac)));
	buf_add(&file, bytes);
	if (buf_failed(&file))
		return fault(-EFBIG);
	r = os_replace_file(os_real(), path, buf_view(&file), 0600);
	return r ? fault(r) : 0;
}

bool vault_last_read(const struct vault *vault, struct vault_last *out)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(LAST_SIZE);
	struct ssh_wire wire;

	*out = (struct vault_last){ 0 };
	if (!vault_kept_state(vault, LAST_FILE, &bytes) || bytes.len != LAST_SIZE)
		return false;
	wire = ssh_wire_of(buf_view(&bytes));
	memcpy(out->id.bytes, ssh_take(&wire, DIGEST_SIZE).data, DIGEST_SIZE);
	out->generation = (uint64_t)ssh_take_u32(&wire) << 32;
	out->generation |= ssh_take_u32(&wire);
	return true;
}

int vault_last_write(const struct vault *vault, const struct vault_last *last)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(LAST_SIZE);

	buf_add(&bytes, view_of(last->id.bytes, DIGEST_SIZE));
	ssh_put_u32(&bytes, (uint32_t)(last->generation >> 32));
	ssh_put_u32(&bytes, (uint32_t)last->generation);
	return vault_keep_state(vault, LAST_FILE, buf_view(&bytes));
}

int vault_accept_loss(const struct vault_options *options)
{
	struct vault vault = { .options = *options };
	char path[STATE_PATH_MAX];

	if (!state_path(&vault, LAST_FILE, path))
		return 0;
	if (unlink(path) && errno != ENOENT)
		return fault_errno();
	return 0;
}
