/* The page VFS: SQLite's files, each page encrypted on its way to the disk.
 *
 * It stacks on another VFS, which does the I/O. Main file, rollback journal and WAL are
 * encrypted; temporary files are refused; there is no mmap. A file opens only where a key
 * was added for its path before: keys are never part of a name.
 *
 * What does not authenticate is never served: SQLITE_NOTADB where no page of a file opens
 * (another key), SQLITE_CORRUPT where one does not. docs/store-format.md has the
 * format. */
#ifndef STORE_PAGE_VFS_H
#define STORE_PAGE_VFS_H

#include "runtime/crypto/key.h"

#include <stdint.h>

struct page_vfs;
struct page_key;
struct sqlite3;

/* The one over the VFS named `below`; made and registered at its first use, it lives as
 * long as the process. -ENOENT where SQLite has no such VFS. */
MUST_USE int page_vfs_over(const char *below, struct page_vfs **out);
/* For sqlite3_open_v2. */
const char *page_vfs_name(const struct page_vfs *vfs);
const char *page_vfs_below(const struct page_vfs *vfs);

/* Lets the file at `path` be opened under `key`, which is borrowed until
 * page_key_remove(). A path can be added more than once, with the same key slot; -EEXIST
 * where it has another. */
MUST_USE int page_key_add(struct page_vfs *vfs, const char *path, const struct key *key,
		struct page_key **out);
/* After the file was closed. NULL is fine. */
void page_key_remove(struct page_key *key);

/* Reads every page of the main file, free ones too. Returns SQLite's code; *page_out is
 * the page that gave it. */
MUST_USE int page_vfs_verify(struct sqlite3 *handle, uint32_t *page_out);

#endif
