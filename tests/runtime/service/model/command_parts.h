/* Within commands: what their files share. */
#ifndef TESTS_MODEL_COMMAND_PARTS_H
#define TESTS_MODEL_COMMAND_PARTS_H

#include "tests/runtime/service/model/command.h"

enum {
	FLAG_NAMES = 5 + TRUTH_KEYWORDS
};

/* The bit of the n-th of FLAG_NAMES. */
unsigned command_flag_bit(unsigned n);
/* A MODSEQ near those that matter. */
uint64_t command_any_modseq(const struct told *told, const struct truth *truth);
/* Adds a set to the text, and to `uids` the messages that it means; `few`: no ranges. */
void command_add_messages(struct buf *text, const struct told *told, bool by_uid,
		bool few, struct uid_set *uids);
/* Adds " 1,3:4" to what is expected. */
void command_expect_set(struct command *c, const struct uid_set *set);

/* SEARCH: its text; what it finds in the truth; and whether the line says that. */
void search_make(struct command *c, const struct told *told, const struct truth *truth);
void search_perform(
		struct command *c, struct told *told, const struct imap_search_op *op);
void search_line(const struct command *c, const struct told *told, struct view rest);

#endif
