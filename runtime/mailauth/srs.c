#include "runtime/mailauth/srs.h"

#include "runtime/base/limit.h"
#include "runtime/crypto/hmac.h"
#include "runtime/mail/address.h"

enum {
	HASH = 8, /* characters: 40 bits, and each guess is a refused recipient */
	DAY = 2,  /* characters: days modulo 1024 */
	DAYS = 1024,
	DAY_S = 86400,
	PREFIX = 5, /* "SRS0=" */
};

static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567"; /* RFC 4648, 6 */

static bool is_form(struct view local, char form)
{
	return local.len > PREFIX && view_starts_nocase(local, VIEW("SRS")) &&
	       local.data[3] == form &&
	       (local.data[4] == '=' || local.data[4] == '+' || local.data[4] == '-');
}

bool srs_is(struct view local)
{
	return is_form(local, '0') || is_form(local, '1');
}

/* -- the parts -- */

/* In lower case: hosts on the way back may change that. */
static struct view hash_of(
		const struct key *key, struct arena *arena, char form, struct view text)
{
	unsigned char sum[DIGEST_SIZE];
	char *hash = arena_alloc(arena, HASH);
	uint64_t bits = 0;
	struct digest d;

	keyed_digest_init(&d, key);
	digest_add(&d, view_of(&form, 1));
	for (size_t i = 0; i < text.len; i++) {
		char lower = byte_lower(text.data[i]);

		digest_add(&d, view_of(&lower, 1));
	}
	digest_final(&d, sum);
	for (size_t i = 0; i < 5; i++)
		bits = bits << 8 | sum[i];
	for (size_t i = 0; i < HASH; i++)
		hash[i] = digits[bits >> (5 * (HASH - 1 - i)) & 31];
	return view_of(hash, HASH);
}

static unsigned day_of(walltime now)
{
	return (unsigned)(now / DAY_S % DAYS);
}

static struct view day_text(struct arena *arena, walltime now)
{
	unsigned day = day_of(now);

	return arena_printf(arena, "%c%c", digits[day / 32], digits[day % 32]);
}

static bool read_day(struct view text, unsigned *out)
{
	unsigned day = 0;

	if (text.len != DAY)
		return false;
	for (size_t i = 0; i < DAY; i++) {
		size_t digit = view_find(view_of(digits, 32), byte_lower(text.data[i]));

		if (digit == 32)
			return false;
		day = day * 32 + (unsigned)digit;
	}
	*out = day;
	return true;
}

static int print(struct arena *arena, struct view local, struct view domain,
		enum limit most, struct view *out)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(limit_value(most) - strlen("<>"));

	address_print(&text, local, domain);
	if (buf_failed(&text))
		return SRS_E_LONG;
	*out = arena_copy(arena, buf_view(&text));
	return SRS_OK;
}

/* `form` HASH "=" text */
static int print_form(const struct key *key, struct arena *arena, char form,
		struct view text, struct view domain, struct view *out)
{
	struct view hash = hash_of(key, arena, form, text);

	return print(arena,
			arena_printf(arena, "SRS%c=%.*s=%.*s", form, VIEW_ARG(hash),
					VIEW_ARG(text)),
			domain, LIMIT_SMTP_FORWARD_PATH, out);
}

/* -- out -- */

/* FIRST "=" what stood behind "SRS0", with its separator; of an SRS1 the old hash goes. */
static bool text_of_rewritten(
		struct arena *arena, const struct address *sender, struct view *out)
{
	struct view rest = view_from(sender->local, PREFIX - 1);

	if (is_form(sender->local, '0')) {
		*out = arena_printf(arena, "%.*s=%.*s", VIEW_ARG(sender->domain),
				VIEW_ARG(rest));
		return true;
	}
	rest = view_from(rest, 1);
	view_cut(&rest, '=');
	*out = rest;
	return rest.len > 0;
}

int srs_rewrite(const struct key *key, struct arena *arena, struct view mailbox,
		struct view domain, walltime now, struct view *out)
{
	struct address sender;
	struct view text;

	if (address_parse(arena, mailbox, &sender))
		return SRS_E_LONG;
	if (srs_is(sender.local) && text_of_rewritten(arena, &sender, &text))
		return print_form(key, arena, '1', text, domain, out);
	text = arena_printf(arena, "%.*s=%.*s=%.*s", VIEW_ARG(day_text(arena, now)),
			VIEW_ARG(sender.domain), VIEW_ARG(sender.local));
	return print_form(key, arena, '0', text, domain, out);
}

/* -- back -- */

static int reverse_first(
		struct arena *arena, struct view text, walltime now, struct view *out)
{
	struct view day_part = view_cut(&text, '='), domain = view_cut(&text, '=');
	unsigned day;

	if (!read_day(day_part, &day) || !domain.len || !text.len)
		return SRS_E_FORGED;
	/* a clock that went back some days is no reason to lose a report */
	if ((day_of(now) + DAYS - day + SRS_DAYS) % DAYS > 2 * SRS_DAYS)
		return SRS_E_EXPIRED;
	return print(arena, text, domain, LIMIT_SMTP_PATH, out) ? SRS_E_FORGED : SRS_OK;
}

static int reverse_next(struct arena *arena, struct view text, struct view *out)
{
	struct view host = view_cut(&text, '=');

	if (!host.len || !text.len)
		return SRS_E_FORGED;
	return print(arena, arena_printf(arena, "SRS0%.*s", VIEW_ARG(text)), host,
			       LIMIT_SMTP_PATH, out)
			       ? SRS_E_FORGED
			       : SRS_OK;
}

int srs_reverse(const struct key *key, struct arena *arena, struct view local,
		walltime now, struct view *out)
{
	char form = is_form(local, '0') ? '0' : '1';
	struct view text = view_from(local, PREFIX), hash;

	if (!srs_is(local))
		return SRS_E_FORGED;
	hash = view_cut(&text, '=');
	if (hash.len != HASH)
		return SRS_E_FORGED;
	hash = arena_printf(arena, "%.*s", VIEW_ARG(hash));
	for (size_t i = 0; i < HASH; i++)
		((char *)hash.data)[i] = byte_lower(hash.data[i]);
	if (!view_eq_secret(hash, hash_of(key, arena, form, text)))
		return SRS_E_FORGED;
	return form == '0' ? reverse_first(arena, text, now, out)
			   : reverse_next(arena, text, out);
}
