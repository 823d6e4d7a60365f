#include "agent/acme/renewal.h"

#include "runtime/base/base64.h"
#include "runtime/base/error.h"

#include <jansson.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

/* -- the name -- */

/* The number's bytes as DER has them, without tag and length. */
static bool add_number(X509 *x, struct buf *out)
{
	unsigned char *der = NULL;
	int len = i2d_ASN1_INTEGER(X509_get_serialNumber(x), &der);
	bool is_short = len > 2 && len < 2 + 128;

	if (is_short)
		base64url_add(out, view_of(der + 2, (size_t)len - 2));
	OPENSSL_free(der);
	return is_short;
}

int renewal_id(struct view chain, struct buf *out)
{
	BIO *bio = BIO_new_mem_buf(chain.len ? chain.data : "", (int)chain.len);
	const ASN1_OCTET_STRING *authority;
	X509 *x;
	int r = RENEWAL_E_FORM;

	if (!bio)
		die("out of memory");
	x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	authority = x ? X509_get0_authority_key_id(x) : NULL;
	if (authority) {
		base64url_add(out,
				view_of(ASN1_STRING_get0_data(authority),
						(size_t)ASN1_STRING_length(authority)));
		buf_add_byte(out, '.');
		r = add_number(x, out) ? 0 : RENEWAL_E_FORM;
	}
	X509_free(x);
	BIO_free(bio);
	ERR_clear_error();
	return r;
}

/* -- what the issuer says -- */

int renewal_place(struct view directory, struct view id, struct buf *out)
{
	json_t *root = json_loadb(directory.len ? directory.data : "", directory.len,
			JSON_REJECT_DUPLICATES, NULL);
	const char *place = json_string_value(json_object_get(root, "renewalInfo"));
	int r = place && strlen(place) < RENEWAL_URL / 2 ? 0 : RENEWAL_E_FORM;

	if (r == 0) {
		buf_add_z(out, place);
		buf_add_byte(out, '/');
		buf_add(out, id);
	}
	json_decref(root);
	return r;
}

/* RFC 3339, 5.6: seconds are enough. */
static bool read_time(const char *text, walltime *out)
{
	struct tm tm = { 0 };
	int used = 0, hours = 0, minutes = 0;
	char sign = '+';

	if (!text || sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon,
				     &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
				     &used) != 6)
		return false;
	text += used;
	if (*text == '.')
		text += 1 + strspn(text + 1, "0123456789");
	if (strcmp(text, "Z") != 0 &&
			sscanf(text, "%c%2d:%2d", &sign, &hours, &minutes) != 3)
		return false;
	if (tm.tm_year < 1970 || tm.tm_year > 9999 || (sign != '+' && sign != '-'))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*out = timegm(&tm) - (sign == '+' ? 1 : -1) * (hours * 3600 + minutes * 60);
	return true;
}

int renewal_read(struct view body, struct renewal_window *out)
{
	json_t *root = json_loadb(body.len ? body.data : "", body.len,
			JSON_REJECT_DUPLICATES, NULL);
	const json_t *window = json_object_get(root, "suggestedWindow");
	struct renewal_window read;
	bool is_good = read_time(json_string_value(json_object_get(window, "start")),
				       &read.start) &&
		       read_time(json_string_value(json_object_get(window, "end")),
				       &read.end) &&
		       read.start < read.end;

	json_decref(root);
	if (!is_good)
		return RENEWAL_E_FORM;
	*out = read;
	return 0;
}

walltime renewal_choose(
		const struct renewal_window *window, walltime chosen, uint64_t random)
{
	if (chosen >= window->start && chosen < window->end)
		return chosen;
	return window->start +
	       (walltime)(random % (uint64_t)(window->end - window->start));
}
