#include "runtime/crypto/master_key.h"

#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/key.h"
#include "runtime/crypto/random.h"
#include "runtime/crypto/seal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX        VIEW("posthus-master-1:")
#define LOCKED_PREFIX VIEW("posthus-master-locked-1:")
#define LOCKED_USE    VIEW("master-locked-1")

enum {
	TEXT_MAX = 256,
	MEMORY_KIB_MAX = 1024 * 1024,
	PASSES_MAX = 10,
};

/* What follows LOCKED_PREFIX, in base64; the numbers highest byte first. */
struct locked {
	unsigned char salt[crypto_pwhash_SALTBYTES];
	unsigned char memory_kib[4];
	unsigned char passes[4];
	unsigned char sealed[KEY_SIZE + SEAL_OVERHEAD];
};

/* -- as text -- */

static bool read_bytes(struct view text, struct view prefix, struct buf *out)
{
	return view_starts(text, prefix) &&
	       base64_decode(out, view_from(text, prefix.len));
}

int master_key_read(struct view text, struct secret *out)
{
	CLEANUP(buf_wipe) struct buf bytes = BUF_NULL(TEXT_MAX);

	text = view_trim(text);
	if (read_bytes(text, LOCKED_PREFIX, &bytes) &&
			bytes.len == sizeof(struct locked)) {
		*out = secret_copy(buf_view(&bytes));
		return MASTER_KEY_E_LOCKED;
	}
	buf_clear(&bytes);
	if (!read_bytes(text, PREFIX, &bytes) || bytes.len != KEY_SIZE)
		return MASTER_KEY_E_FORM;
	*out = secret_copy(buf_view(&bytes));
	return MASTER_KEY_OK;
}

static void write_text(struct view prefix, struct view bytes, struct secret *out)
{
	CLEANUP(buf_wipe) struct buf text = BUF_NULL(TEXT_MAX);

	buf_add(&text, prefix);
	base64_add(&text, bytes);
	buf_add_byte(&text, '\n');
	*out = secret_copy(buf_view(&text));
}

void master_key_write(const struct secret *key, struct secret *out)
{
	write_text(PREFIX, secret_expose(key), out);
}

/* -- under a passphrase -- */

static void put_u32(unsigned char out[4], uint32_t number)
{
	for (unsigned i = 0; i < 4; i++)
		out[i] = (unsigned char)(number >> (24 - 8 * i));
}

static uint32_t get_u32(const unsigned char bytes[4])
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | bytes[3];
}

static void key_of(const struct locked *locked, const struct secret *passphrase,
		struct key *out)
{
	struct view text = secret_expose(passphrase);

	if (crypto_pwhash(out->bytes, KEY_SIZE, text.data ? text.data : "", text.len,
			    locked->salt, get_u32(locked->passes),
			    (size_t)get_u32(locked->memory_kib) * 1024,
			    crypto_pwhash_ALG_ARGON2ID13))
		die("out of memory (the master key's passphrase takes 256 MiB)");
}

static void lock(const struct secret *key, const struct secret *passphrase,
		struct secret *out)
{
	CLEANUP(key_wipe) struct key with;
	struct locked locked;

	random_bytes(locked.salt, sizeof(locked.salt));
	put_u32(locked.memory_kib, crypto_pwhash_MEMLIMIT_MODERATE / 1024);
	put_u32(locked.passes, crypto_pwhash_OPSLIMIT_MODERATE);
	key_of(&locked, passphrase, &with);
	seal(&with, LOCKED_USE, secret_expose(key), locked.sealed);
	write_text(LOCKED_PREFIX, view_of(&locked, sizeof(locked)), out);
}

int master_key_unlock(const struct secret *bytes, const struct secret *passphrase,
		struct secret *out)
{
	CLEANUP(key_wipe) struct key with, key;
	struct locked locked;

	assert(bytes->len == sizeof(locked));
	memcpy(&locked, secret_expose(bytes).data, sizeof(locked));
	if (get_u32(locked.memory_kib) < 8 ||
			get_u32(locked.memory_kib) > MEMORY_KIB_MAX ||
			get_u32(locked.passes) < 1 || get_u32(locked.passes) > PASSES_MAX)
		return MASTER_KEY_E_FORM;
	key_of(&locked, passphrase, &with);
	if (seal_open(&with, LOCKED_USE, view_of(locked.sealed, sizeof(locked.sealed)),
			    key.bytes))
		return MASTER_KEY_E_WRONG;
	*out = secret_copy(view_of(key.bytes, KEY_SIZE));
	return MASTER_KEY_OK;
}

/* -- files -- */

static int read_key(int fd, struct secret *out)
{
	const struct os *os = os_real();
	char text[TEXT_MAX];
	ssize_t len = os->read(os->state, fd, text, sizeof(text), 0);
	int r;

	if (len < 0)
		return fault((int)len);
	r = master_key_read(view_of(text, (size_t)len), out);
	explicit_bzero(text, sizeof(text));
	return r;
}

/* Asked of the open file, so that nobody can put another in its place in between. */
static int check_private(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return fault(fault_errno());
	if (!S_ISREG(st.st_mode))
		return MASTER_KEY_E_FORM;
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return MASTER_KEY_E_READABLE;
	if ((st.st_mode & 07777) != 0600 && (st.st_mode & 07777) != 0400)
		return MASTER_KEY_E_READABLE;
	return MASTER_KEY_OK;
}

static int load(const char *path, bool check, struct secret *out)
{
	const struct os *os = os_real();
	int fd = os->open(os->state, path, O_RDONLY | O_NONBLOCK, 0);
	int r;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return MASTER_KEY_E_ABSENT;
	if (fd == -ELOOP)
		return MASTER_KEY_E_FORM;
	if (fd < 0)
		return fault(fd);
	r = check ? check_private(fd) : MASTER_KEY_OK;
	if (!r)
		r = read_key(fd, out);
	close(fd);
	return r;
}

int master_key_load_file(const char *path, struct secret *out)
{
	return load(path, true, out);
}

/* systemd keeps the folder to us alone and lends the file by an access list, which shows
 * as a group's right: the mode says nothing there. */
int master_key_load_credential(const char *name, struct secret *out)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	CLEANUP(freep) char *path = NULL;

	if (!folder || !*folder || strchr(name, '/'))
		return MASTER_KEY_E_ABSENT;
	if (asprintf(&path, "%s/%s", folder, name) < 0)
		die("out of memory");
	return load(path, false, out);
}

static int write_new(const char *path, struct view text)
{
	const struct os *os = os_real();
	int fd = os->open(os->state, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	int r;

	if (fd == -EEXIST)
		return MASTER_KEY_E_EXISTS;
	if (fd < 0)
		return fault(fd);
	r = fchmod(fd, 0600) ? fault_errno() : 0;
	if (!r)
		r = os->write(os->state, fd, text, 0);
	if (!r)
		r = os->sync_data(os->state, fd);
	close(fd);
	if (r) {
		unlink(path);
		return fault(r);
	}
	return 0;
}

int master_key_keep(const char *path, const struct secret *key,
		const struct secret *passphrase)
{
	const struct os *os = os_real();
	CLEANUP(secret_free) struct secret text = SECRET_NULL;
	size_t slash = view_find_last(view_z(path), '/');
	CLEANUP(freep) char *parent = NULL;
	int r;

	if (passphrase)
		lock(key, passphrase, &text);
	else
		master_key_write(key, &text);
	r = write_new(path, secret_expose(&text));
	if (r)
		return r;
	parent = slash == strlen(path) ? xstrndup(".", 1)
				       : xstrndup(path, slash ? slash : 1);
	r = os->sync_dir(os->state, parent);
	return r ? fault(r) : MASTER_KEY_OK;
}

int master_key_make(const char *path, const struct secret *passphrase)
{
	CLEANUP(secret_free) struct secret bytes = SECRET_NULL;
	CLEANUP(key_wipe) struct key key;

	key_random(&key);
	bytes = secret_copy(view_of(key.bytes, KEY_SIZE));
	return master_key_keep(path, &bytes, passphrase);
}
