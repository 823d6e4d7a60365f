#include "runtime/crypto/crockford.h"

#include "runtime/base/view.h"

#include <assert.h>

static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

char crockford_letter(unsigned value)
{
	assert(value < 32);
	return letters[value];
}

int crockford_value(char letter)
{
	const char *at;

	letter = byte_upper(letter);
	if (letter == 'O')
		letter = '0';
	if (letter == 'I' || letter == 'L')
		letter = '1';
	at = memchr(letters, letter, sizeof(letters) - 1);
	return at ? (int)(at - letters) : -1;
}

bool crockford_separates(char letter)
{
	return letter == ' ' || letter == '-' || letter == '\t' || letter == '\r' ||
	       letter == '\n';
}
