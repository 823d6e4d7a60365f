/* The file of a database as it lies on the disk, for a copy: ciphertext, read without a key
 * and beside whoever has it open.
 *
 * It is read through SQLite's own VFS: a descriptor of ours would, when it is closed, drop
 * the locks that SQLite holds on the file for the whole process. What is read is one state
 * of the database where nothing is written to the file meanwhile: see database_freeze. */
#ifndef STORE_FROZEN_FILE_H
#define STORE_FROZEN_FILE_H

#include "runtime/base/attr.h"

#include <stddef.h>
#include <stdint.h>

struct frozen_file;

enum frozen_outcome {
	FROZEN_OK = 0,
	FROZEN_E_ABSENT = 1, /* there is no such file */
};

MUST_USE int frozen_file_open(const char *path, struct frozen_file **out);
/* NULL is fine. */
void frozen_file_close(struct frozen_file *file);
/* Bytes, as it was opened. */
uint64_t frozen_file_size(const struct frozen_file *file);
/* Reads `len` bytes, all of which must be there: -EIO where the file has become shorter. */
MUST_USE int frozen_file_read(
		struct frozen_file *file, uint64_t at, void *out, size_t len);

#endif
