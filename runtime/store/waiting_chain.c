/* The file has two copies of one row, far enough from each other that a write which is cut off
 * spoils one alone; both are written each time. The one that is further counts.
 *
 *   "posthus-chain-1\n" · generation (8) · number (8) · sealed R (73) · zeros to 128 */
#include "runtime/store/waiting_chain.h"

#include "runtime/base/error.h"
#include "runtime/crypto/hmac.h"
#include "runtime/crypto/seal.h"
#include "runtime/store/intake_record.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>

#define MAGIC VIEW("posthus-chain-1\n")

enum {
	ROW = 128,
	COPIES = 2,
	APART = 4096, /* bytes from one to the next */
	AT_GENERATION = 16,
	AT_NUMBER = 24,
	AT_SEALED = 32,
	SEALED = KEY_SIZE + SEAL_OVERHEAD,
};

static_assert(AT_SEALED + SEALED <= ROW, "all of it is in the row");

/* -- the chain -- */

void chain_begin(struct chain *chain, uint64_t generation, const struct key *seed)
{
	*chain = (struct chain){ .generation = generation, .r = *seed };
}

void chain_wipe(struct chain *chain)
{
	sodium_memzero(chain, sizeof(*chain));
}

void chain_key(const struct chain *chain, struct key *out)
{
	keyed_digest(&chain->r, VIEW("posthus waiting mail 1: message"), out->bytes);
}

void chain_advance(struct chain *chain)
{
	CLEANUP(key_wipe) struct key next;

	keyed_digest(&chain->r, VIEW("posthus waiting mail 1: next"), next.bytes);
	chain->r = next;
	chain->number++;
}

bool chain_advance_to(struct chain *chain, uint64_t number)
{
	if (number < chain->number || number > CHAIN_FURTHEST)
		return false;
	while (chain->number < number)
		chain_advance(chain);
	return true;
}

/* -- the file -- */

/* What the sealed R is bound to. */
struct binding {
	char use[16];
	unsigned char owner[CHAIN_OWNER];
	char numbers[16];
};

static struct binding bind_to(const struct chain_file *file, const char *numbers)
{
	struct binding binding = { .use = "waiting-chain-1" };

	memcpy(binding.owner, file->owner, CHAIN_OWNER);
	memcpy(binding.numbers, numbers, sizeof(binding.numbers));
	return binding;
}

static int parse(const struct chain_file *file, struct view bytes, struct chain *out)
{
	struct binding binding;
	struct chain chain;

	if (bytes.len != ROW || memcmp(bytes.data, MAGIC.data, MAGIC.len) != 0)
		return CHAIN_E_DAMAGED;
	binding = bind_to(file, bytes.data + AT_GENERATION);
	chain.generation = get_u64(bytes.data + AT_GENERATION);
	chain.number = get_u64(bytes.data + AT_NUMBER);
	if (seal_open(file->key, view_of(&binding, sizeof(binding)),
			    view_sub(bytes, AT_SEALED, SEALED), chain.r.bytes))
		return CHAIN_E_DAMAGED;
	*out = chain;
	chain_wipe(&chain);
	return CHAIN_OK;
}

static bool is_further(const struct chain *a, const struct chain *b)
{
	return a->generation != b->generation ? a->generation > b->generation
					      : a->number > b->number;
}

static int read_rows(const struct chain_file *file, int fd, struct chain *out)
{
	CLEANUP(chain_wipe) struct chain best = { 0 }, chain;
	bool any = false;

	for (unsigned i = 0; i < COPIES; i++) {
		char bytes[ROW];
		ssize_t len = file->os->read(file->os->state, fd, bytes, sizeof(bytes),
				(off_t)i * APART);

		if (len < 0)
			return fault((int)len);
		if (parse(file, view_of(bytes, (size_t)len), &chain))
			continue;
		if (!any || is_further(&chain, &best))
			best = chain;
		any = true;
	}
	if (any)
		*out = best;
	return any ? CHAIN_OK : CHAIN_E_DAMAGED;
}

int chain_file_read(const struct chain_file *file, struct chain *out)
{
	const struct os *os = file->os;
	int fd = os->open(os->state, file->path, O_RDONLY, 0);
	int r;

	if (fd == -ENOENT)
		return CHAIN_E_ABSENT;
	if (fd < 0)
		return fault(fd);
	r = read_rows(file, fd, out);
	os->close(os->state, fd);
	return r;
}

static void print(const struct chain_file *file, const struct chain *chain, char out[ROW])
{
	struct buf b = { .data = out, .capacity = ROW, .max = ROW };
	struct binding binding;

	memset(out, 0, ROW);
	buf_add(&b, MAGIC);
	put_u64(&b, chain->generation);
	put_u64(&b, chain->number);
	binding = bind_to(file, out + AT_GENERATION);
	seal(file->key, view_of(&binding, sizeof(binding)),
			view_of(chain->r.bytes, KEY_SIZE), out + AT_SEALED);
}

static int sync_folder(const struct os *os, const char *path)
{
	size_t slash = view_find_last(view_z(path), '/');
	CLEANUP(freep)
	char *folder = slash == strlen(path) ? xstrndup(".", 1)
					     : xstrndup(path, slash ? slash : 1);

	return os->sync_dir(os->state, folder);
}

int chain_file_write(const struct chain_file *file, const struct chain *chain)
{
	const struct os *os = file->os;
	char bytes[ROW];
	int fd = os->open(os->state, file->path, O_WRONLY, 0);
	bool is_new = fd == -ENOENT;
	int r = 0;

	if (is_new)
		fd = os->open(os->state, file->path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return fault(fd);
	for (unsigned i = 0; i < COPIES && !r; i++) {
		print(file, chain, bytes);
		r = os->write(os->state, fd, view_of(bytes, sizeof(bytes)),
				(off_t)i * APART);
	}
	if (!r)
		r = os->sync_data(os->state, fd);
	os->close(os->state, fd);
	if (!r && is_new)
		r = sync_folder(os, file->path);
	return r ? fault(r) : CHAIN_OK;
}
