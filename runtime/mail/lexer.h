/* The tokens of structured header fields (RFC 5322, 3.2; RFC 2045, 5.1), for the parsers of
 * this folder. It moves forward only, so every parser built on it is linear. */
#ifndef MAIL_LEXER_H
#define MAIL_LEXER_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

struct lexer {
	struct view text;
	size_t at;
	struct view comment; /* inside of the last comment passed, with its quoted pairs */
	bool damaged;  /* a comment, string or literal was not closed, or is too deep */
	bool too_deep; /* comments were nested deeper than LIMIT_MIME_COMMENT_DEPTH */
};

static inline struct lexer lexer_of(struct view text)
{
	return (struct lexer){ .text = text };
}

static inline bool lexer_end(const struct lexer *l)
{
	return l->at >= l->text.len;
}

/* The byte here, or '\0' at the end. */
static inline char lexer_peek(const struct lexer *l)
{
	return lexer_end(l) ? '\0' : l->text.data[l->at];
}

static inline bool byte_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Letters, digits and those marks that an atom may hold (RFC 5322, 3.2.3); `wide`: octets
 * above 127 too (RFC 6532, 3.2). */
bool byte_is_atext(char c, bool wide);
/* What a MIME token may hold (RFC 2045, 5.1), and octets above 127. */
bool byte_is_token(char c);

/* Passes blanks and comments. True where there were any. */
bool lexer_skip(struct lexer *l);
/* Takes `c` where it stands here. */
bool lexer_take(struct lexer *l, char c);
/* The run of atext here, perhaps empty. */
struct view lexer_atom(struct lexer *l);
/* The run of token bytes here, perhaps empty. */
struct view lexer_token(struct lexer *l);
/* Here is '"': adds what is in the string, without quoted pairs and line ends. */
void lexer_quoted(struct lexer *l, struct buf *out);
/* Here is '[': adds the literal with its brackets, without blanks and line ends. */
void lexer_literal(struct lexer *l, struct buf *out);

#endif
