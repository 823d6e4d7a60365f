/* Crockford's base 32: what people copy from paper. No I, L, O, U; O is read as 0, I and L as
 * 1, small letters as large ones. */
#ifndef CRYPTO_CROCKFORD_H
#define CRYPTO_CROCKFORD_H

#include <stdbool.h>

/* Of a value below 32. */
char crockford_letter(unsigned value);
/* -1: it is no such letter. */
int crockford_value(char letter);
/* Blanks, hyphens and the ends of lines, which say nothing. */
bool crockford_separates(char letter);

#endif
