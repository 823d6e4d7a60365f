#include "runtime/crypto/certificate.h"

#include "runtime/base/error.h"
#include "runtime/crypto/certificate_inside.h"
#include "runtime/crypto/pem.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

enum {
	LONGEST_NAME = 253,
	MOST_IN_CHAIN = 16,
	DAY = 86400,
};

void certificate_free_x509(X509 **x)
{
	X509_free(*x);
}

void certificate_free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

void certificate_free_bio(BIO **bio)
{
	BIO_free(*bio);
}

/* -- names -- */

static bool label_ok(struct view label)
{
	if (label.len == 0 || label.len > 63)
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!byte_is_alpha(label.data[i]) && !byte_is_digit(label.data[i]) &&
				label.data[i] != '-' && label.data[i] != '_')
			return false;
	return label.data[0] != '-' && label.data[label.len - 1] != '-';
}

bool certificate_name_ok(struct view name)
{
	if (name.len == 0 || name.len > LONGEST_NAME)
		return false;
	if (view_starts(name, VIEW("*.")))
		name = view_from(name, 2);
	do
		if (!label_ok(view_cut(&name, '.')))
			return false;
	while (name.data);
	return true;
}

bool certificate_covers(const struct certificate_facts *facts, struct view name)
{
	struct view parent = view_from(name, view_find(name, '.'));

	for (size_t i = 0; i < facts->name_count; i++) {
		struct view has = facts->names[i];

		if (view_eq_nocase(has, name))
			return true;
		if (parent.len && view_starts(has, VIEW("*.")) &&
				view_eq_nocase(view_from(has, 1), parent))
			return true;
	}
	return false;
}

/* -- making -- */

GENERAL_NAMES *certificate_names(const struct view *names, size_t count)
{
	GENERAL_NAMES *all = GENERAL_NAMES_new();

	for (size_t i = 0; i < count; i++) {
		GENERAL_NAME *name = GENERAL_NAME_new();
		ASN1_IA5STRING *text = ASN1_IA5STRING_new();

		if (!all || !name || !text ||
				!ASN1_STRING_set(text, names[i].data, (int)names[i].len))
			die("out of memory");
		GENERAL_NAME_set0_value(name, GEN_DNS, text);
		if (!sk_GENERAL_NAME_push(all, name))
			die("out of memory");
	}
	return all;
}

static int add_names(X509 *x, const struct view *names, size_t count)
{
	GENERAL_NAMES *all = certificate_names(names, count);
	int r = X509_add1_ext_i2d(x, NID_subject_alt_name, all, 0, X509V3_ADD_DEFAULT) ==
						1
				? 0
				: -EIO;

	GENERAL_NAMES_free(all);
	return r;
}

/* RFC 5280, 4.1.2.2: positive, at most 20 bytes; here 16 random ones. */
static int set_serial(X509 *x)
{
	unsigned char bytes[16];
	BIGNUM *number;
	int r = 0;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return -EIO;
	bytes[0] = (bytes[0] & 0x7f) | 0x40;
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	if (!number || !BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)))
		r = -EIO;
	BN_free(number);
	return r;
}

static int set_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX context;
	int r;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	r = extension && X509_add_ext(x, extension, -1) == 1 ? 0 : -EIO;
	X509_EXTENSION_free(extension);
	return r;
}

static int fill(X509 *x, EVP_PKEY *key, const struct view *names, size_t count,
		walltime now, unsigned days, X509_EXTENSION *further)
{
	X509_NAME *subject = X509_get_subject_name(x);
	int r = set_serial(x);

	if (r)
		return r;
	/* The common name is for people and ends at 64 bytes (RFC 5280, appendix A). */
	if (X509_set_version(x, X509_VERSION_3) != 1 ||
			!ASN1_TIME_set(X509_getm_notBefore(x), now - DAY) ||
			!ASN1_TIME_set(X509_getm_notAfter(x),
					now + (walltime)days * DAY) ||
			X509_set_pubkey(x, key) != 1)
		return -EIO;
	if (names[0].len <= 64 &&
			X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_ASC,
					(const unsigned char *)names[0].data,
					(int)names[0].len, -1, 0) != 1)
		return -EIO;
	if (X509_set_issuer_name(x, subject) != 1)
		return -EIO;
	r = add_names(x, names, count);
	if (!r)
		r = set_extension(x, NID_basic_constraints, "critical,CA:FALSE");
	if (!r)
		r = set_extension(x, NID_key_usage, "critical,digitalSignature");
	if (!r)
		r = set_extension(x, NID_ext_key_usage, "serverAuth");
	if (!r)
		r = set_extension(x, NID_subject_key_identifier, "hash");
	if (!r && further && X509_add_ext(x, further, -1) != 1)
		r = -EIO;
	if (!r && X509_sign(x, key, EVP_sha256()) <= 0)
		r = -EIO;
	return r;
}

int certificate_write_key(EVP_PKEY *key, struct secret *out)
{
	CLEANUP(certificate_free_bio) BIO *bio = BIO_new(BIO_s_secmem());
	char *bytes;
	long len;

	if (!bio)
		die("out of memory");
	if (PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1)
		return -EIO;
	len = BIO_get_mem_data(bio, &bytes);
	*out = secret_copy(view_of(bytes, (size_t)len));
	return 0;
}

static int write_chain(X509 *x, struct buf *out)
{
	CLEANUP(certificate_free_bio) BIO *bio = BIO_new(BIO_s_mem());
	char *bytes;
	long len;

	if (!bio)
		die("out of memory");
	if (PEM_write_bio_X509(bio, x) != 1)
		return -EIO;
	len = BIO_get_mem_data(bio, &bytes);
	buf_add(out, view_of(bytes, (size_t)len));
	return 0;
}

int certificate_make(const struct view *names, size_t count, walltime now, unsigned days,
		X509_EXTENSION *further, struct buf *chain_out, struct secret *key_out)
{
	CLEANUP(certificate_free_key) EVP_PKEY *key = NULL;
	CLEANUP(certificate_free_x509) X509 *x = NULL;
	int r;

	ERR_clear_error();
	key = EVP_EC_gen("P-256");
	x = X509_new();
	if (!key || !x)
		return fault(-EIO);
	r = fill(x, key, names, count, now, days, further);
	if (!r)
		r = write_chain(x, chain_out);
	if (!r)
		r = certificate_write_key(key, key_out);
	ERR_clear_error();
	return r ? fault(r) : 0;
}

int certificate_self_sign(const struct view *names, size_t name_count, walltime now,
		unsigned days, struct buf *chain_out, struct secret *key_out)
{
	if (name_count == 0)
		return CERTIFICATE_E_NAME;
	for (size_t i = 0; i < name_count; i++)
		if (!certificate_name_ok(names[i]))
			return CERTIFICATE_E_NAME;
	return certificate_make(names, name_count, now, days, NULL, chain_out, key_out);
}

/* -- reading -- */

/* The first certificate, and how many there are; NULL where any does not parse. */
static X509 *read_chain(struct view chain, size_t *length_out)
{
	CLEANUP(certificate_free_x509) X509 *first = NULL;
	CLEANUP(certificate_free_bio) BIO *in = NULL;
	X509 *next;
	size_t length = 0;

	if (chain.len > CERTIFICATE_MAX)
		return NULL;
	ERR_clear_error();
	in = pem_open(chain);
	while (length <= MOST_IN_CHAIN &&
			(next = PEM_read_bio_X509(in, NULL, pem_no_passphrase, NULL))) {
		if (length++ == 0)
			first = next;
		else
			X509_free(next);
	}
	/* "No start line" is how a chain ends. */
	if (length > MOST_IN_CHAIN ||
			ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
		ERR_clear_error();
		return NULL;
	}
	ERR_clear_error();
	*length_out = length;
	return TAKE(first);
}

static walltime read_time(const ASN1_TIME *time)
{
	int days = 0, seconds = 0;
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);

	if (!epoch)
		die("out of memory");
	if (!ASN1_TIME_diff(&days, &seconds, epoch, time))
		days = seconds = 0;
	ASN1_TIME_free(epoch);
	return (walltime)days * DAY + seconds;
}

static void read_names(struct arena *arena, X509 *x, struct certificate_facts *facts)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	int count = sk_GENERAL_NAME_num(all);
	struct view *names;

	if (count <= 0) {
		GENERAL_NAMES_free(all);
		return;
	}
	names = arena_array(arena, (size_t)count, sizeof(*names));
	for (int i = 0; i < count; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);
		struct view text;
		char *copy;

		if (name->type != GEN_DNS)
			continue;
		text = view_of(ASN1_STRING_get0_data(name->d.dNSName),
				(size_t)ASN1_STRING_length(name->d.dNSName));
		if (!certificate_name_ok(text))
			continue;
		copy = arena_copy_z(arena, text);
		for (size_t k = 0; k < text.len; k++)
			copy[k] = byte_lower(copy[k]);
		names[facts->name_count++] = view_of(copy, text.len);
	}
	facts->names = names;
	GENERAL_NAMES_free(all);
}

static bool digest_key(const X509 *x, unsigned char out[CERTIFICATE_FINGERPRINT])
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	bool done = len > 0 &&
		    EVP_Digest(der, (size_t)len, out, NULL, EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	return done;
}

int certificate_read(
		struct arena *arena, struct view chain, struct certificate_facts *out)
{
	struct certificate_facts facts = { 0 };
	CLEANUP(certificate_free_x509) X509 *x = read_chain(chain, &facts.chain_length);
	unsigned len = sizeof(facts.fingerprint);

	if (!x || X509_digest(x, EVP_sha256(), facts.fingerprint, &len) != 1 ||
			!digest_key(x, facts.key_digest))
		return CERTIFICATE_E_CHAIN;
	facts.not_before = read_time(X509_get0_notBefore(x));
	facts.not_after = read_time(X509_get0_notAfter(x));
	facts.self_signed = X509_NAME_cmp(X509_get_subject_name(x),
					    X509_get_issuer_name(x)) == 0 &&
			    X509_verify(x, X509_get0_pubkey(x)) == 1;
	read_names(arena, x, &facts);
	ERR_clear_error();
	*out = facts;
	return 0;
}

EVP_PKEY *certificate_open_key(struct view pem)
{
	CLEANUP(certificate_free_bio) BIO *in = NULL;
	EVP_PKEY *key;

	if (pem.len > CERTIFICATE_MAX)
		return NULL;
	in = pem_open(pem);
	key = PEM_read_bio_PrivateKey(in, NULL, pem_no_passphrase, NULL);
	ERR_clear_error();
	return key;
}

int certificate_check_key(struct view chain, const struct secret *key_pem)
{
	size_t length;
	CLEANUP(certificate_free_x509) X509 *x = read_chain(chain, &length);
	CLEANUP(certificate_free_key) EVP_PKEY *key = NULL;
	int r = 0;

	if (!x)
		return CERTIFICATE_E_CHAIN;
	key = certificate_open_key(secret_expose(key_pem));
	if (!key)
		return CERTIFICATE_E_KEY;
	if (X509_check_private_key(x, key) != 1)
		r = CERTIFICATE_E_MISMATCH;
	ERR_clear_error();
	return r;
}
