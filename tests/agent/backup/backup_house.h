/* A vault in a folder that is gone in the end, files to put into it, and what came out. */
#ifndef TESTS_AGENT_BACKUP_BACKUP_HOUSE_H
#define TESTS_AGENT_BACKUP_BACKUP_HOUSE_H

#include "agent/backup/vault.h"
#include "tests/lib/test.h"

enum {
	HOUSE_FILES = 64,
};

struct house_file {
	char path[64];
	char *bytes;
	size_t len;
	enum vault_shape shape;
	uint64_t version; /* of its bytes: the stamp */
};

struct backup_house {
	char folder[64]; /* … with target/ and state/ in it */
	char target[80], state[80];
	struct key host, identity;
	struct age_recipient recipient;
	struct target_place place;
	struct vault_options writing, reading;
	struct house_file files[HOUSE_FILES];
	size_t file_count;
	struct target_trouble trouble;
	uint64_t seed;
};

void house_new(struct backup_house *house, uint64_t seed);
void house_end(struct backup_house *house);
uint64_t house_random(struct backup_house *house);

/* A file of random bytes; `text`: of words, which compress. */
struct house_file *house_file_add(struct backup_house *house, const char *path,
		size_t len, enum vault_shape shape, bool text);
/* Writes `count` pages of 8 KiB anew. */
void house_file_touch(struct backup_house *house, struct house_file *file, size_t count);

/* What a run came to. */
struct house_run {
	int outcome;
	struct vault_id id;
	uint64_t sent, new_chunks, same;
};

/* Writes all files; opens or makes the vault before. */
struct house_run house_backup(struct backup_house *house, bool stamps, walltime now);
/* Whether a snapshot holds the files byte for byte. */
bool house_restores(struct backup_house *house, const struct vault_id *id);
/* Whether it can be read to its end, whatever is in it; the outcome is VAULT_END. */
int house_reads(struct backup_house *house, const struct vault_id *id);
size_t house_findings(struct backup_house *house, enum vault_depth depth, bool as_host);

#endif
