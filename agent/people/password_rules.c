#include "agent/people/password_rules.h"

#include "runtime/base/buf.h"
#include "runtime/base/utf8.h"
#include "runtime/crypto/password.h"

enum {
	LEAST_DIFFERENT = 5, /* characters */
	LEAST_BESIDES = 6,   /* bytes that are neither name nor common word */
};

/* Those that lists of leaked passwords begin with, and what they are made of: a password that
 * is little more than one or two of these is guessed early, however long. */
static const char *const common[] = {
	"password",
	"passwort",
	"losenord",
	"lösenord",
	"motdepasse",
	"contrasena",
	"kennwort",
	"geheim",
	"secret",
	"qwertyuiop",
	"qwertzuiop",
	"azertyuiop",
	"qwerty",
	"qwertz",
	"azerty",
	"asdfghjkl",
	"zxcvbnm",
	"yxcvbnm",
	"1q2w3e4r5t",
	"1q2w3e4r",
	"q1w2e3r4",
	"zaq12wsx",
	"1qaz2wsx",
	"qazwsx",
	"1234567890",
	"123456789",
	"12345678",
	"123456",
	"0123456789",
	"9876543210",
	"987654321",
	"111111",
	"123123",
	"abcdefgh",
	"abcdef",
	"abc123",
	"iloveyou",
	"letmein",
	"welcome",
	"willkommen",
	"valkommen",
	"bienvenue",
	"hello",
	"hallo",
	"admin",
	"administrator",
	"root",
	"user",
	"login",
	"dragon",
	"monkey",
	"football",
	"baseball",
	"sunshine",
	"princess",
	"superman",
	"batman",
	"master",
	"shadow",
	"michael",
	"starwars",
	"trustno1",
	"changeme",
	"default",
	"summer",
	"sommer",
	"winter",
	"spring",
	"autumn",
	"herbst",
	"january",
	"december",
	"monday",
	"posthus",
	"mailbox",
	"e-mail",
	"email",
	"correcthorsebatterystaple",
	"2020",
	"2021",
	"2022",
	"2023",
	"2024",
	"2025",
	"2026",
	"2027",
};

static const char *const texts[] = {
	[PASSWORD_FINE] = "It is fine.",
	[PASSWORD_SHORT] =
			"It is too short: use 12 characters or more. Three or four words "
			"that have nothing to do with each other are easy to "
			"remember.",
	[PASSWORD_LONG] = "It is too long: at most 512 bytes are taken.",
	[PASSWORD_NO_TEXT] = "It has characters that cannot be typed everywhere. Use "
			     "letters, digits, blanks and punctuation.",
	[PASSWORD_IS_NAME] = "It is little more than your address or your name, which "
			     "others know.",
	[PASSWORD_REPEATS] =
			"It is a few characters over and over, which is guessed soon.",
	[PASSWORD_IS_COMMON] = "It is made of words that are tried first when somebody "
			       "guesses. Use words that only you would put together.",
};

const char *password_fault_text(enum password_fault fault)
{
	return texts[fault];
}

static bool is_text(struct view text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] < ' ' || text.data[i] == 127)
			return false;
	return utf8_valid(text);
}

static size_t characters(struct view text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
	return count;
}

static size_t different_bytes(struct view text)
{
	bool seen[256] = { false };
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++) {
		bool *byte = &seen[(unsigned char)text.data[i]];

		count += !*byte;
		*byte = true;
	}
	return count;
}

static void lower(struct buf *out, struct view text)
{
	for (size_t i = 0; i < text.len; i++)
		buf_add_byte(out, byte_lower(text.data[i]));
}

/* Takes a word out wherever it stands. */
static void strike(struct buf *text, struct view word)
{
	size_t at;

	if (word.len < 3)
		return;
	while ((at = view_find_view(buf_view(text), word)) < text->len) {
		memmove(text->data + at, text->data + at + word.len,
				text->len - at - word.len);
		buf_truncate(text, text->len - word.len);
	}
}

static void strike_each(struct buf *text, struct view words, const char *between)
{
	CLEANUP(buf_free) struct buf small = BUF_NULL(words.len + 1);
	size_t begin = 0;

	lower(&small, words);
	strike(text, buf_view(&small));
	for (size_t i = 0; i <= small.len; i++) {
		if (i < small.len && !strchr(between, small.data[i]))
			continue;
		strike(text, view_sub(buf_view(&small), begin, i - begin));
		begin = i + 1;
	}
}

enum password_fault password_judge(
		const struct secret *password, struct view address, struct view name)
{
	struct view text = secret_expose(password);
	CLEANUP(buf_wipe) struct buf rest = BUF_NULL(PASSWORD_MAX);

	if (text.len > PASSWORD_MAX)
		return PASSWORD_LONG;
	if (!is_text(text))
		return PASSWORD_NO_TEXT;
	if (characters(text) < PASSWORD_LEAST)
		return PASSWORD_SHORT;
	if (different_bytes(text) < LEAST_DIFFERENT)
		return PASSWORD_REPEATS;
	lower(&rest, text);
	strike_each(&rest, address, "@.-_+");
	strike_each(&rest, name, " .-'");
	if (rest.len < LEAST_BESIDES)
		return PASSWORD_IS_NAME;
	for (size_t i = 0; i < ARRAY_LEN(common); i++)
		strike(&rest, view_z(common[i]));
	return rest.len < LEAST_BESIDES ? PASSWORD_IS_COMMON : PASSWORD_FINE;
}
