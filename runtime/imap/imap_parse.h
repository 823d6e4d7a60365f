/* Reads the words of a command (RFC 3501, 9).
 *
 * The error sticks: each function does nothing once something was wrong, so that a parser
 * reads like the grammar and looks once at the end. Literals stand in the text as they
 * came. Quoted strings are unescaped in place; the views live as long as the text. */
#ifndef IMAP_PARSE_H
#define IMAP_PARSE_H

#include "runtime/base/arena.h"
#include "runtime/base/uid_set.h"
#include "runtime/base/view.h"

struct imap_parse {
	char *data;
	size_t len, at;
	const char *error; /* the reply, "BAD …" or "NO …"; NULL: nothing is wrong yet */
};

/* The first one stays. */
void imap_parse_fail(struct imap_parse *p, const char *error);
bool imap_parse_at_end(const struct imap_parse *p);
/* True where `byte` is next; takes it. */
bool imap_parse_take(struct imap_parse *p, char byte);
bool imap_parse_peek(const struct imap_parse *p, char byte);
void imap_parse_expect(struct imap_parse *p, char byte, const char *error);
void imap_parse_space(struct imap_parse *p);
/* Nothing may follow. */
void imap_parse_end(struct imap_parse *p);

struct view imap_parse_tag(struct imap_parse *p);
struct view imap_parse_atom(struct imap_parse *p);
struct view imap_parse_string(struct imap_parse *p);
struct view imap_parse_astring(struct imap_parse *p);
/* A pattern for LIST: an astring that may have '%' and '*' bare. */
struct view imap_parse_list_mailbox(struct imap_parse *p);
/* The letters, digits, dots and so on of a keyword of the grammar; may be empty. */
struct view imap_parse_word(struct imap_parse *p);
/* Takes `word` where it is next, without case. */
bool imap_parse_take_word(struct imap_parse *p, const char *word);
/* 0 to 4294967295. */
uint32_t imap_parse_number(struct imap_parse *p);
/* Without the zero. */
uint32_t imap_parse_nz_number(struct imap_parse *p);
/* A mod-sequence or zero: 63 bits (RFC 7162, 7). */
uint64_t imap_parse_modseq(struct imap_parse *p);

/* A sequence set; '*' is `last`, where 0 means that there is no message: it then stands
 * for nothing, and so does a range with it. `max`: a number above it is an error unless
 * it begins a range to '*'; UINT32_MAX for UIDs. */
void imap_parse_set(
		struct imap_parse *p, uint32_t last, uint32_t max, struct uid_set *out);

#endif
