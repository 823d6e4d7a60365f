#include "runtime/net/tls_session.h"

#include "runtime/base/error.h"
#include "runtime/base/map.h"
#include "runtime/crypto/pem.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
	LONGEST_NAME = 255
};

static const char ciphers_1_2[] =
		"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
		"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
		"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
static const char challenge_alpn[] = "acme-tls/1";
/* The first list that this OpenSSL knows: a hybrid that also holds against who keeps what he
 * hears until there are quantum computers (OpenSSL 3.5), else the curves alone. */
static const char *const groups[] = { "X25519MLKEM768:X25519:P-256:P-384",
	"X25519:P-256:P-384" };
static const char signatures[] = "ed25519:ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:"
				 "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
				 "RSA+SHA256:RSA+SHA384:RSA+SHA512";

/* One certificate: a context that serves it, and the names in it. */
struct identity {
	struct identity *next;
	SSL_CTX *ssl_context;
	bool paired; /* it has two, with keys of different kinds */
};

struct name {
	struct name *next;
	size_t len;
	char text[];
};

struct tls_identities {
	atomic_uint references;
	struct identity *first, *last;
	struct name *names;
	struct map by_name; /* "mail.example.org" or "*.example.org" → struct identity */
	struct map challenges; /* name → struct identity */
};

/* What a handshake needs, at hand by SSL_get_app_data: kept in the SSL itself. */
struct handshake {
	struct tls_identities *identities;
	const char *alpn;
	bool offers_challenge; /* acme-tls/1, and nothing else */
	bool is_challenge;     /* and there is one of the name that it asks for */
};

static void free_handshake(void *parent, void *data, CRYPTO_EX_DATA *all, int index,
		long argl, void *argp)
{
	struct handshake *handshake = data;

	(void)parent;
	(void)all;
	(void)index;
	(void)argl;
	(void)argp;
	if (!handshake)
		return;
	tls_identities_unref(handshake->identities);
	free(handshake);
}

/* OpenSSL's slot for it: the same for the whole process, drawn once. */
static int handshake_index(void)
{
	static _Atomic int slot = -1;
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	if (slot >= 0)
		return slot;
	pthread_mutex_lock(&lock);
	if (slot < 0)
		slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_handshake);
	pthread_mutex_unlock(&lock);
	if (slot < 0)
		die("out of memory");
	return slot;
}

/* RFC 7301, 3.2: a client that names protocols must name ours, so that no other service's
 * client can be led here (ALPACA). */
static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		const unsigned char *in, unsigned in_len, void *arg)
{
	const struct handshake *handshake = SSL_get_ex_data(ssl, handshake_index());
	struct view wanted = view_z(handshake->alpn);

	(void)arg;
	if (handshake->offers_challenge && !handshake->is_challenge)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	if (handshake->is_challenge)
		wanted = view_z(challenge_alpn);
	for (unsigned at = 0; at < in_len; at += 1u + in[at]) {
		struct view offered = view_sub(view_of(in, in_len), at + 1, in[at]);

		if (wanted.len && view_eq(offered, wanted)) {
			*out = (const unsigned char *)offered.data;
			*out_len = (unsigned char)offered.len;
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* A host name as DNS knows it, in lower case; false for anything else a peer may send. */
static bool plain_name(struct view text, char out[LONGEST_NAME + 1])
{
	if (text.len == 0 || text.len > LONGEST_NAME)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = byte_lower(text.data[i]);

		if (!byte_is_alpha(c) && !byte_is_digit(c) && c != '-' && c != '.')
			return false;
		out[i] = c;
	}
	out[text.len] = '\0';
	return true;
}

static struct identity *find_identity(const struct tls_identities *all, struct view name)
{
	struct identity *identity = map_get(&all->by_name, name);
	char wild[LONGEST_NAME + 2] = "*";
	size_t dot = view_find(name, '.');

	if (identity || dot == name.len)
		return identity;
	memcpy(wild + 1, name.data + dot, name.len - dot);
	return map_get(&all->by_name, view_of(wild, 1 + name.len - dot));
}

/* A name that we do not have gets the default certificate: the client is the one to judge
 * it. */
static int choose_identity(SSL *ssl, int *alert, void *arg)
{
	struct handshake *handshake = SSL_get_ex_data(ssl, handshake_index());
	const char *asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	struct identity *identity;
	char name[LONGEST_NAME + 1];

	(void)alert;
	(void)arg;
	if (!asked || !plain_name(view_z(asked), name))
		return SSL_TLSEXT_ERR_NOACK;
	if (handshake->offers_challenge) {
		identity = map_get(&handshake->identities->challenges, view_z(name));
		handshake->is_challenge = identity != NULL;
	} else {
		identity = find_identity(handshake->identities, view_z(name));
	}
	if (!identity)
		return SSL_TLSEXT_ERR_NOACK;
	SSL_set_SSL_CTX(ssl, identity->ssl_context);
	return SSL_TLSEXT_ERR_OK;
}

/* Before anything else is chosen: an issuer that comes to look at a challenge offers this one
 * protocol and no other. The list has its length before it (RFC 7301, 3.1). */
static int look_at_hello(SSL *ssl, int *alert, void *arg)
{
	struct handshake *handshake = SSL_get_ex_data(ssl, handshake_index());
	const unsigned char *bytes;
	size_t len;

	(void)alert;
	(void)arg;
	if (SSL_client_hello_get0_ext(ssl,
			    TLSEXT_TYPE_application_layer_protocol_negotiation, &bytes,
			    &len) != 1)
		return SSL_CLIENT_HELLO_SUCCESS;
	handshake->offers_challenge =
			len == 3 + strlen(challenge_alpn) &&
			bytes[2] == strlen(challenge_alpn) &&
			memcmp(bytes + 3, challenge_alpn, strlen(challenge_alpn)) == 0;
	return SSL_CLIENT_HELLO_SUCCESS;
}

static bool set_groups(SSL_CTX *context)
{
	bool done = false;

	for (size_t i = 0; i < ARRAY_LEN(groups) && !done; i++)
		done = SSL_CTX_set1_groups_list(context, groups[i]) == 1;
	ERR_clear_error();
	return done;
}

static SSL_CTX *new_context(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (!context)
		die("OpenSSL gives no context");
	if (!SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) ||
			!SSL_CTX_set_cipher_list(context, ciphers_1_2) ||
			!set_groups(context) ||
			!SSL_CTX_set1_sigalgs_list(context, signatures))
		die("this OpenSSL lacks what TLS needs here");
	/* A peer that closes without close_notify is an end of file, not an error: our
	 * protocols are framed. */
	SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
						     SSL_OP_NO_TICKET |
						     SSL_OP_CIPHER_SERVER_PREFERENCE |
						     SSL_OP_PRIORITIZE_CHACHA |
						     SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_max_early_data(context, 0);
	SSL_CTX_set_client_hello_cb(context, look_at_hello, NULL);
	SSL_CTX_set_alpn_select_cb(context, choose_alpn, NULL);
	SSL_CTX_set_tlsext_servername_callback(context, choose_identity);
	return context;
}

struct tls_identities *tls_identities_new(void)
{
	struct tls_identities *all = xcalloc(1, sizeof(*all));

	all->references = 1;
	return all;
}

static int load_chain(SSL_CTX *context, struct view pem)
{
	BIO *in = pem_open(pem);
	X509 *certificate;
	int r = TLS_E_CHAIN;

	certificate = PEM_read_bio_X509(in, NULL, pem_no_passphrase, NULL);
	if (certificate && SSL_CTX_use_certificate(context, certificate) == 1)
		r = 0;
	X509_free(certificate);
	while (!r && (certificate = PEM_read_bio_X509(in, NULL, pem_no_passphrase, NULL)))
		if (SSL_CTX_add0_chain_cert(context, certificate) != 1) {
			X509_free(certificate);
			r = TLS_E_CHAIN;
		}
	BIO_free(in);
	return r;
}

static int load_key(SSL_CTX *context, struct view pem)
{
	BIO *in = pem_open(pem);
	EVP_PKEY *key;
	int r = 0;

	key = PEM_read_bio_PrivateKey(in, NULL, pem_no_passphrase, NULL);
	if (!key)
		r = TLS_E_KEY;
	else if (X509_check_private_key(SSL_CTX_get0_certificate(context), key) != 1)
		r = TLS_E_MISMATCH;
	else if (SSL_CTX_use_PrivateKey(context, key) != 1)
		r = TLS_E_KEY;
	EVP_PKEY_free(key);
	BIO_free(in);
	return r;
}

/* Lives as long as the identities. */
static struct name *name_new(struct tls_identities *all, struct view text)
{
	struct name *name = xmalloc(sizeof(*name) + text.len);

	name->len = text.len;
	memcpy(name->text, text.data, text.len);
	name->next = all->names;
	all->names = name;
	return name;
}

static void free_identity(struct identity *identity)
{
	if (!identity)
		return;
	SSL_CTX_free(identity->ssl_context);
	free(identity);
}

static void add_name(
		struct tls_identities *all, struct view text, struct identity *identity)
{
	char plain[LONGEST_NAME + 1];
	bool wild = view_starts(text, VIEW("*."));
	struct name *name;

	if (!plain_name(wild ? view_from(text, 1) : text, plain))
		return;
	name = name_new(all, text);
	memcpy(name->text + wild, plain, text.len - wild);
	if (!map_get(&all->by_name, view_of(name->text, name->len)))
		map_set(&all->by_name, view_of(name->text, name->len), identity);
}

static void add_names(struct tls_identities *all, struct identity *identity)
{
	X509 *certificate = SSL_CTX_get0_certificate(identity->ssl_context);
	GENERAL_NAMES *names =
			X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type != GEN_DNS)
			continue;
		add_name(all,
				view_of(ASN1_STRING_get0_data(name->d.dNSName),
						(size_t)ASN1_STRING_length(
								name->d.dNSName)),
				identity);
	}
	GENERAL_NAMES_free(names);
}

static int load_into(SSL_CTX *context, struct view chain, const struct secret *key)
{
	int r = load_chain(context, chain);

	if (!r)
		r = load_key(context, secret_expose(key));
	ERR_clear_error();
	return r;
}

/* The context that serves them. */
static int load(struct view chain, const struct secret *key, SSL_CTX **out)
{
	SSL_CTX *context;
	int r;

	if (chain.len > INT32_MAX || key->len > INT32_MAX)
		return TLS_E_CHAIN;
	context = new_context();
	r = load_into(context, chain, key);
	if (r) {
		SSL_CTX_free(context);
		return r;
	}
	*out = context;
	return 0;
}

static struct identity *identity_new(SSL_CTX *context)
{
	struct identity *identity = xcalloc(1, sizeof(*identity));

	identity->ssl_context = context;
	return identity;
}

static int key_kind(SSL_CTX *context)
{
	return EVP_PKEY_get_base_id(SSL_CTX_get0_privatekey(context));
}

static bool same_names(SSL_CTX *left, SSL_CTX *right)
{
	GENERAL_NAMES *a = X509_get_ext_d2i(
			SSL_CTX_get0_certificate(left), NID_subject_alt_name, NULL, NULL);
	GENERAL_NAMES *b = X509_get_ext_d2i(SSL_CTX_get0_certificate(right),
			NID_subject_alt_name, NULL, NULL);
	bool same = a && b && sk_GENERAL_NAME_num(a) == sk_GENERAL_NAME_num(b);

	for (int i = 0; same && i < sk_GENERAL_NAME_num(a); i++)
		same = GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i),
				       sk_GENERAL_NAME_value(b, i)) == 0;
	GENERAL_NAMES_free(a);
	GENERAL_NAMES_free(b);
	return same;
}

/* One for the same names, with a key of another kind; NULL: there is none. */
static struct identity *identity_beside(struct tls_identities *all, SSL_CTX *context)
{
	for (struct identity *i = all->first; i; i = i->next)
		if (!i->paired && key_kind(i->ssl_context) != key_kind(context) &&
				same_names(i->ssl_context, context)) {
			i->paired = true;
			return i;
		}
	return NULL;
}

int tls_identities_add(
		struct tls_identities *all, struct view chain, const struct secret *key)
{
	struct identity *identity;
	SSL_CTX *context;
	int r = load(chain, key, &context);

	if (r)
		return r;
	identity = identity_beside(all, context);
	if (identity) {
		SSL_CTX_free(context);
		return load_into(identity->ssl_context, chain, key);
	}
	identity = identity_new(context);
	if (all->last)
		all->last->next = identity;
	else
		all->first = identity;
	all->last = identity;
	add_names(all, identity);
	return 0;
}

int tls_identities_add_challenge(struct tls_identities *all, struct view name,
		struct view chain, const struct secret *key)
{
	char plain[LONGEST_NAME + 1];
	struct name *kept;
	SSL_CTX *context;
	int r;

	if (!plain_name(name, plain))
		return TLS_E_CHAIN;
	r = load(chain, key, &context);
	if (r)
		return r;
	kept = name_new(all, view_z(plain));
	free_identity(map_set(&all->challenges, view_of(kept->text, kept->len),
			identity_new(context)));
	return 0;
}

struct tls_identities *tls_identities_ref(struct tls_identities *all)
{
	atomic_fetch_add(&all->references, 1);
	return all;
}

void tls_identities_unref(struct tls_identities *all)
{
	struct view name;
	void *challenge;
	size_t at = 0;

	if (!all || atomic_fetch_sub(&all->references, 1) != 1)
		return;
	for (struct identity *i = all->first, *next; i; i = next) {
		next = i->next;
		free_identity(i);
	}
	while (map_next(&all->challenges, &at, &name, &challenge))
		free_identity(challenge);
	map_free(&all->challenges);
	map_free(&all->by_name);
	for (struct name *n = all->names, *next; n; n = next) {
		next = n->next;
		free(n);
	}
	free(all);
}

void tls_identities_unrefp(struct tls_identities **all)
{
	tls_identities_unref(*all);
}

SSL *tls_session_new(struct tls_identities *all, const char *alpn)
{
	struct handshake *handshake;
	SSL *ssl;

	assert(all->first);
	ERR_clear_error();
	ssl = SSL_new(all->first->ssl_context);
	if (!ssl)
		die("out of memory");
	handshake = xcalloc(1, sizeof(*handshake));
	handshake->identities = tls_identities_ref(all);
	handshake->alpn = alpn;
	if (!SSL_set_ex_data(ssl, handshake_index(), handshake))
		die("out of memory");
	SSL_set_accept_state(ssl);
	return ssl;
}

void tls_session_facts(SSL *ssl, struct tls_facts *out)
{
	const struct handshake *handshake = SSL_get_ex_data(ssl, handshake_index());
	const char *asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	*out = (struct tls_facts){
		.version = SSL_get_version(ssl),
		.cipher = SSL_get_cipher_name(ssl),
		.bits = SSL_get_cipher_bits(ssl, NULL),
		.is_challenge = handshake && handshake->is_challenge,
	};
	if (asked && !plain_name(view_z(asked), out->server_name))
		out->server_name[0] = '\0';
}
