#include "tests/lib/issuer/issuer.h"

#include "agent/acme/ledger.h"
#include "agent/effect/web.h"
#include "runtime/base/base64.h"
#include "runtime/base/error.h"
#include "runtime/crypto/digest.h"
#include "tests/lib/test.h"

#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
	MOST_ACCOUNTS = 8,
	MOST_ORDERS = 2048,
	NONCES = 1 << 16,
	PEM_SIZE = 4096,
	HOUR = 60 * 60,
};

enum order_state {
	PENDING, /* its name is to be shown */
	READY,
	PROCESSING,
	VALID,
	INVALID,
};

struct order {
	enum order_state state;
	unsigned account;
	walltime made, issued, failed;
	char name[128];
	char token[32];
	char pem[PEM_SIZE];
};

static struct shared {
	struct issuer issuer;
	pthread_mutex_t lock;
	struct {
		unsigned char x[32], y[32];
		const char *host;
	} accounts[MOST_ACCOUNTS];
	struct order orders[MOST_ORDERS];
	unsigned nonce;
	bool used[NONCES];
} * shared;

struct issuer *issuer;
bool (*issuer_sees)(struct view name, struct view token, struct view text);
void (*issuer_boundary)(int after);

static EVP_PKEY *authority_key;
static X509 *authority;

/* One request on its way. */
struct request {
	struct arena *arena;
	const char *host; /* "https://issuer.test" */
	struct view path;
	json_t *head, *payload;
	struct web_reply *reply;
	unsigned account;
};

/* -- the authority -- */

static void add_extension(X509 *x, X509 *by, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, by, x, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(x, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static X509 *begin_certificate(EVP_PKEY *key, walltime from, walltime to)
{
	static int number = 1000;
	X509 *x = X509_new();

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ++number);
	ASN1_TIME_set(X509_getm_notBefore(x), from);
	ASN1_TIME_set(X509_getm_notAfter(x), to);
	X509_set_pubkey(x, key);
	return x;
}

void issuer_begin(void)
{
	X509_NAME *name;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	issuer = &shared->issuer;
	authority_key = EVP_EC_gen("P-256");
	authority = begin_certificate(authority_key, 0, (walltime)1 << 33);
	name = X509_get_subject_name(authority);
	X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC,
			(const unsigned char *)"Issuer", -1, -1, 0);
	X509_set_issuer_name(authority, name);
	add_extension(authority, authority, NID_subject_key_identifier, "hash");
	X509_sign(authority, authority_key, EVP_sha256());
}

void issuer_reset(void)
{
	memset(shared, 0, sizeof(*shared));
	issuer->days = 90;
	issuer->random = 1;
	pthread_mutex_init(&shared->lock, NULL);
	issuer_sees = NULL;
	issuer_boundary = NULL;
}

/* xorshift64* */
static unsigned draw(unsigned below)
{
	issuer->random ^= issuer->random >> 12;
	issuer->random ^= issuer->random << 25;
	issuer->random ^= issuer->random >> 27;
	return (unsigned)((issuer->random * 0x2545f4914f6cdd1dull) >> 33) % below;
}

/* -- replies -- */

static void add_nonce(struct web_reply *reply)
{
	buf_addf(&reply->head, "Replay-Nonce: n%u\r\n", ++shared->nonce % NONCES);
	shared->used[shared->nonce % NONCES] = false;
}

static void problem(struct request *q, int status, const char *type)
{
	q->reply->status = status;
	buf_addf(&q->reply->body,
			"{\"type\":\"urn:ietf:params:acme:error:%s\",\"detail\":\"no\"}",
			type);
}

/* -- signatures -- */

static bool coordinate(const json_t *jwk, const char *name, unsigned char out[32])
{
	const char *text = json_string_value(json_object_get(jwk, name));
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(64);

	if (!text || !base64url_decode(&bytes, view_z(text)) || bytes.len != 32)
		return false;
	memcpy(out, bytes.data, 32);
	return true;
}

static EVP_PKEY *public_key(const unsigned char x[32], const unsigned char y[32])
{
	unsigned char point[65] = { 4 };
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;

	memcpy(point + 1, x, 32);
	memcpy(point + 33, y, 32);
	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
	OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 65);
	params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_fromdata_init(context);
	EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(context);
	return key;
}

static bool verify(const unsigned char x[32], const unsigned char y[32], struct view text,
		struct view signature)
{
	EVP_PKEY *key = public_key(x, y);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	ECDSA_SIG *pair = ECDSA_SIG_new();
	const unsigned char *bytes = (const unsigned char *)signature.data;
	unsigned char *der = NULL;
	int len;
	bool is_good;

	assert_int_equal(signature.len, 64);
	ECDSA_SIG_set0(pair, BN_bin2bn(bytes, 32, NULL), BN_bin2bn(bytes + 32, 32, NULL));
	len = i2d_ECDSA_SIG(pair, &der);
	EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key);
	is_good = EVP_DigestVerify(context, der, (size_t)len,
				  (const unsigned char *)text.data, text.len) == 1;
	OPENSSL_free(der);
	ECDSA_SIG_free(pair);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return is_good;
}

static json_t *decode(struct view text)
{
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(64 * 1024);

	assert_true(base64url_decode(&bytes, text));
	return json_loadb(bytes.len ? bytes.data : "", bytes.len, 0, NULL);
}

static bool takes_nonce(struct request *q)
{
	const char *nonce = json_string_value(json_object_get(q->head, "nonce"));
	unsigned number;

	assert_non_null(nonce);
	assert_int_equal(sscanf(nonce, "n%u", &number), 1);
	if (number < NONCES && !shared->used[number] &&
			issuer->fault != ISSUER_NO_NONCES) {
		shared->used[number] = true;
		return true;
	}
	issuer->nonces_refused++;
	problem(q, 400, "badNonce");
	return false;
}

/* The account whose key has signed it; that of a new one is made. */
static bool find_account(struct request *q, unsigned char x[32], unsigned char y[32])
{
	const json_t *jwk = json_object_get(q->head, "jwk");
	const char *kid = json_string_value(json_object_get(q->head, "kid"));

	if (!jwk) {
		assert_non_null(kid);
		q->account = (unsigned)atoi(strrchr(kid, '/') + 1);
		if (q->account >= issuer->accounts) {
			problem(q, 400, "accountDoesNotExist");
			return false;
		}
		memcpy(x, shared->accounts[q->account].x, 32);
		memcpy(y, shared->accounts[q->account].y, 32);
		return true;
	}
	assert_true(coordinate(jwk, "x", x) && coordinate(jwk, "y", y));
	for (q->account = 0; q->account < issuer->accounts; q->account++)
		if (memcmp(shared->accounts[q->account].x, x, 32) == 0 &&
				shared->accounts[q->account].host == q->host)
			return true;
	assert_true(issuer->accounts < MOST_ACCOUNTS);
	memcpy(shared->accounts[q->account].x, x, 32);
	memcpy(shared->accounts[q->account].y, y, 32);
	shared->accounts[q->account].host = q->host;
	issuer->accounts++;
	return true;
}

/* True where it goes on to what was asked. */
static bool open_request(struct request *q, const struct web_request *web)
{
	json_t *root = json_loadb(web->body.data, web->body.len, 0, NULL);
	const char *head = json_string_value(json_object_get(root, "protected"));
	const char *payload = json_string_value(json_object_get(root, "payload"));
	const char *signature = json_string_value(json_object_get(root, "signature"));
	CLEANUP(buf_free) struct buf bytes = BUF_NULL(1024);
	unsigned char x[32], y[32];
	const char *url;
	struct view text;
	bool goes_on = false;

	assert_true(head && payload && signature);
	q->head = decode(view_z(head));
	q->payload = payload[0] ? decode(view_z(payload)) : NULL;
	url = json_string_value(json_object_get(q->head, "url"));
	assert_true(url && view_eq(view_z(url), web->url));
	assert_true(base64url_decode(&bytes, view_z(signature)));
	text = arena_printf(q->arena, "%s.%s", head, payload);
	if (takes_nonce(q) && find_account(q, x, y)) {
		assert_true(verify(x, y, text, buf_view(&bytes)));
		goes_on = true;
	}
	json_decref(root);
	return goes_on;
}

/* -- limits -- */

static unsigned count_since(size_t offset, walltime since, const char *name)
{
	unsigned count = 0;

	for (unsigned i = 0; i < issuer->orders; i++) {
		const struct order *order = &shared->orders[i];
		walltime at;

		memcpy(&at, (const char *)order + offset, sizeof(at));
		count += at > since && (!name || strcmp(order->name, name) == 0);
	}
	return count;
}

static void judge(enum ledger_limit limit, size_t offset, const char *name)
{
	const struct ledger_rule *rule = ledger_rule(limit);

	if (count_since(offset, issuer->now - rule->seconds, name) > rule->most)
		issuer->limit_passed = true;
}

/* -- what is asked -- */

static void show_order(struct request *q, unsigned i)
{
	static const char *const states[] = { "pending", "ready", "processing", "valid",
		"invalid" };
	const struct order *order = &shared->orders[i];

	buf_addf(&q->reply->head, "Location: %s/order/%u\r\n", q->host, i);
	buf_addf(&q->reply->body,
			"{\"status\":\"%s\",\"finalize\":\"%s/finalize/%u\","
			"\"authorizations\":[\"%s/authz/%u\"]",
			states[order->state], q->host, i, q->host, i);
	if (order->state == VALID)
		buf_addf(&q->reply->body, ",\"certificate\":\"%s/cert/%u\"", q->host, i);
	buf_add_byte(&q->reply->body, '}');
}

static void new_order(struct request *q)
{
	const json_t *names = json_object_get(q->payload, "identifiers");
	const char *name = json_string_value(
			json_object_get(json_array_get(names, 0), "value"));
	struct order *order = &shared->orders[issuer->orders];

	assert_int_equal(json_array_size(names), 1);
	assert_true(issuer->orders < MOST_ORDERS);
	issuer->replaced += json_object_get(q->payload, "replaces") != NULL;
	*order = (struct order){ .account = q->account, .made = issuer->now };
	snprintf(order->name, sizeof(order->name), "%s", name);
	snprintf(order->token, sizeof(order->token), "token-%017u", issuer->orders);
	q->reply->status = 201;
	show_order(q, issuer->orders++);
	judge(LEDGER_ORDERS, offsetof(struct order, made), NULL);
}

static void show_authorization(struct request *q, unsigned i)
{
	const struct order *order = &shared->orders[i];
	const char *status = order->state == PENDING   ? "pending"
			     : order->state == INVALID ? "invalid"
						       : "valid";

	buf_addf(&q->reply->body,
			"{\"status\":\"%s\",\"identifier\":{\"type\":\"dns\",\"value\":"
			"\"%s\"},"
			"\"challenges\":[",
			status, order->name);
	for (int k = 0; k < 3; k++) {
		static const char *const kinds[] = { "dns-01", "http-01", "tls-alpn-01" };

		buf_addf(&q->reply->body,
				"%s{\"type\":\"%s\",\"url\":\"%s/challenge/%u\","
				"\"token\":\"%s\",\"status\":\"%s\"%s}",
				k ? "," : "", kinds[k], q->host, i, order->token, status,
				order->state == INVALID
						? ",\"error\":{\"type\":"
						  "\"urn:ietf:params:acme:error:"
						  "connection\",\"detail\":\"nothing to "
						  "be seen\"}"
						: "");
	}
	buf_add_z(&q->reply->body, "]}");
}

static void look(struct request *q, unsigned i)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(256);
	CLEANUP(buf_free) struct buf jwk = BUF_NULL(256);
	struct order *order = &shared->orders[i];
	unsigned char digest[DIGEST_SIZE];
	bool seen;

	if (order->state != PENDING) {
		problem(q, 400, "malformed");
		return;
	}
	buf_add_z(&jwk, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
	base64url_add(&jwk, view_of(shared->accounts[q->account].x, 32));
	buf_add_z(&jwk, "\",\"y\":\"");
	base64url_add(&jwk, view_of(shared->accounts[q->account].y, 32));
	buf_add_z(&jwk, "\"}");
	digest_sha256(buf_view(&jwk), digest);
	buf_addf(&text, "%s.", order->token);
	base64url_add(&text, view_of(digest, sizeof(digest)));
	seen = issuer->fault != ISSUER_SEES_NOTHING &&
	       (!issuer_sees || issuer_sees(view_z(order->name), view_z(order->token),
						buf_view(&text)));
	order->state = seen ? READY : INVALID;
	if (!seen) {
		order->failed = issuer->now;
		issuer->refused++;
		judge(LEDGER_FAILURES, offsetof(struct order, failed), order->name);
	}
	buf_add_z(&q->reply->body, "{}");
}

static void write_chain(X509 *x, char out[PEM_SIZE])
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes;
	long len;

	PEM_write_bio_X509(bio, x);
	PEM_write_bio_X509(bio, authority);
	len = BIO_get_mem_data(bio, &bytes);
	assert_true(len < PEM_SIZE);
	memcpy(out, bytes, (size_t)len);
	out[len] = '\0';
	BIO_free(bio);
}

static void issue(struct order *order, X509_REQ *request)
{
	EVP_PKEY *other = EVP_EC_gen("P-256");
	EVP_PKEY *key = issuer->fault == ISSUER_MISISSUES ? other
							  : X509_REQ_get0_pubkey(request);
	X509 *x = begin_certificate(key, issuer->now - HOUR,
			issuer->now + (walltime)issuer->days * 24 * HOUR - HOUR);
	char names[160];

	snprintf(names, sizeof(names), "DNS:%s", order->name);
	X509_set_issuer_name(x, X509_get_subject_name(authority));
	add_extension(x, authority, NID_subject_alt_name, names);
	add_extension(x, authority, NID_authority_key_identifier, "keyid");
	X509_sign(x, authority_key, EVP_sha256());
	write_chain(x, order->pem);
	X509_free(x);
	EVP_PKEY_free(other);
	order->issued = issuer->now;
	order->state = VALID;
	issuer->issued++;
	judge(LEDGER_DUPLICATES, offsetof(struct order, issued), order->name);
	judge(LEDGER_DOMAIN, offsetof(struct order, issued), NULL);
}

/* Signed by itself, and for the name that was ordered. */
static void check_request(X509_REQ *request, const struct order *order)
{
	STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
	GENERAL_NAMES *names =
			X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
	const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, 0);

	assert_int_equal(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)), 1);
	assert_int_equal(sk_GENERAL_NAME_num(names), 1);
	assert_true(view_eq(view_of(ASN1_STRING_get0_data(name->d.dNSName),
					    (size_t)ASN1_STRING_length(name->d.dNSName)),
			view_z(order->name)));
	GENERAL_NAMES_free(names);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

static void finalize(struct request *q, unsigned i)
{
	const char *csr = json_string_value(json_object_get(q->payload, "csr"));
	CLEANUP(buf_free) struct buf der = BUF_NULL(8192);
	struct order *order = &shared->orders[i];
	const unsigned char *bytes;
	X509_REQ *request;

	if (order->state != READY) {
		problem(q, 403, "orderNotReady");
		return;
	}
	assert_true(csr && base64url_decode(&der, view_z(csr)));
	bytes = (const unsigned char *)der.data;
	request = d2i_X509_REQ(NULL, &bytes, (long)der.len);
	assert_non_null(request);
	check_request(request, order);
	if (issuer->fault == ISSUER_PROCESSES)
		order->state = PROCESSING;
	else
		issue(order, request);
	X509_REQ_free(request);
	show_order(q, i);
}

static void new_account(struct request *q)
{
	assert_true(json_is_true(json_object_get(q->payload, "termsOfServiceAgreed")));
	q->reply->status = 201;
	buf_addf(&q->reply->head, "Location: %s/account/%u\r\n", q->host, q->account);
	buf_add_z(&q->reply->body, "{\"status\":\"valid\"}");
}

static void serve_post(struct request *q)
{
	struct view rest = q->path;
	struct view what = view_cut(&rest, '/');
	unsigned i = rest.len ? (unsigned)atoi(rest.data) : 0;

	q->reply->status = 200;
	if (view_eq(what, VIEW("new-account"))) {
		new_account(q);
		return;
	}
	if (issuer->fault == ISSUER_FORGETS_ACCOUNTS) {
		issuer->fault = ISSUER_WELL;
		problem(q, 400, "accountDoesNotExist");
		return;
	}
	if (view_eq(what, VIEW("new-order"))) {
		new_order(q);
		return;
	}
	assert_true(i < issuer->orders);
	assert_int_equal(shared->orders[i].account, q->account);
	if (view_eq(what, VIEW("order")))
		show_order(q, i);
	else if (view_eq(what, VIEW("authz")))
		show_authorization(q, i);
	else if (view_eq(what, VIEW("challenge")))
		look(q, i);
	else if (view_eq(what, VIEW("finalize")))
		finalize(q, i);
	else if (view_eq(what, VIEW("cert")))
		buf_add_z(&q->reply->body, shared->orders[i].pem);
	else
		fail_msg("asked for %.*s", VIEW_ARG(q->path));
}

static void show_directory(struct request *q)
{
	const char *host = issuer->fault == ISSUER_LEADS_AWAY ? "https://evil.test"
							      : q->host;

	q->reply->status = 200;
	buf_addf(&q->reply->body,
			"{\"newNonce\":\"%s/nonce\",\"newAccount\":\"%s/new-account\","
			"\"newOrder\":\"%s/new-order\"",
			host, host, host);
	if (issuer->renew_at_percent)
		buf_addf(&q->reply->body, ",\"renewalInfo\":\"%s/renewal\"", host);
	buf_add_z(&q->reply->body, ",\"meta\":{\"caaIdentities\":[\"issuer.test\"]}}");
}

static void add_time(struct buf *out, walltime time)
{
	struct tm tm;
	char text[32];
	time_t seconds = (time_t)time;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_add_z(out, text);
}

/* Of the newest certificate: there is one name. */
static void show_renewal(struct request *q)
{
	walltime newest = 0, life = (walltime)issuer->days * 24 * HOUR;

	for (unsigned i = 0; i < issuer->orders; i++)
		if (shared->orders[i].issued > newest)
			newest = shared->orders[i].issued;
	q->reply->status = 200;
	buf_add_z(&q->reply->body, "{\"suggestedWindow\":{\"start\":\"");
	add_time(&q->reply->body, newest + life * issuer->renew_at_percent / 100);
	buf_add_z(&q->reply->body, "\",\"end\":\"");
	add_time(&q->reply->body,
			newest + life * issuer->renew_at_percent / 100 + 24 * HOUR);
	buf_add_z(&q->reply->body, "\"}}");
	q->reply->retry_after = nstime_seconds(6 * HOUR);
}

static void serve(struct request *q, const struct web_request *web)
{
	if (strcmp(web->method, "POST") == 0) {
		if (open_request(q, web))
			serve_post(q);
	} else if (view_eq(q->path, VIEW("dir"))) {
		show_directory(q);
	} else if (view_starts(q->path, VIEW("renewal/"))) {
		show_renewal(q);
	} else {
		assert_true(view_eq(q->path, VIEW("nonce")));
		q->reply->status = 204;
	}
}

/* -- what goes wrong -- */

static void forget(struct web_reply *reply)
{
	buf_clear(&reply->head);
	buf_clear(&reply->body);
}

/* EFFECT_DONE: there is a reply. */
static int serve_badly(struct request *q, const struct web_request *web,
		struct effect_answer *answer)
{
	switch (draw(7)) {
	case 0:
		answer->untouched = true;
		return effect_failed(answer, "ConnectionFailed", "simulated");
	case 1:
		return effect_failed(answer, "Timeout", "simulated");
	case 2: /* it was done, and the answer is lost */
		serve(q, web);
		return effect_failed(answer, "ConnectionLost", "simulated");
	case 3:
		problem(q, 500, "serverInternal");
		break;
	case 4:
		problem(q, 503, "rateLimited");
		q->reply->retry_after = nstime_seconds(600);
		break;
	case 5:
		problem(q, 400, "badNonce");
		break;
	default:
		q->reply->status = 200;
		buf_add_z(&q->reply->body, "<html>");
		break;
	}
	add_nonce(q->reply);
	return EFFECT_DONE;
}

static void pervert(struct request *q)
{
	if (issuer->fault == ISSUER_REDIRECTS) {
		forget(q->reply);
		q->reply->status = 302;
		buf_add_z(&q->reply->head, "Location: https://evil.test/\r\n");
	}
	if (issuer->fault == ISSUER_BABBLES) {
		buf_clear(&q->reply->body);
		buf_add_z(&q->reply->body, "{\"status\":");
	}
	while (issuer->fault == ISSUER_FLOODS && !buf_failed(&q->reply->body))
		buf_add_z(&q->reply->body, "                                        ");
}

static int answer(struct request *q, const struct web_request *web,
		struct effect_answer *answer)
{
	int r = EFFECT_DONE;

	issuer->requests++;
	if (issuer->fault == ISSUER_DOWN) {
		answer->untouched = true;
		return effect_failed(answer, "ConnectionFailed", "nobody is there");
	}
	if (draw(100) < issuer->fails_percent)
		return serve_badly(q, web, answer);
	add_nonce(q->reply);
	serve(q, web);
	pervert(q);
	return r;
}

/* Nobody here keeps a line open. */
struct web_line *web_line_new(void)
{
	return NULL;
}

void web_line_free(struct web_line *line)
{
	assert(!line);
}

int web_call(const struct web_request *web, struct web_reply *out,
		struct effect_answer *why)
{
	static const char *const hosts[] = { "https://issuer.test",
		"https://other.test" };
	struct request q = { .arena = arena_new(), .reply = out };
	int r;

	if (issuer_boundary)
		issuer_boundary(0);
	if (web->most)
		out->body.max = web->most;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
		if (view_starts(web->url, view_z(hosts[i])))
			q.host = hosts[i];
	if (!q.host)
		fail_msg("asked elsewhere: %.*s", VIEW_ARG(web->url));
	q.path = view_from(web->url, strlen(q.host) + 1);
	pthread_mutex_lock(&shared->lock);
	if (q.host == hosts[1] && issuer->fault == ISSUER_DOWN) {
		/* The other one stays well. */
		issuer->requests++;
		add_nonce(out);
		serve(&q, web);
		r = EFFECT_DONE;
	} else {
		r = answer(&q, web, why);
	}
	pthread_mutex_unlock(&shared->lock);
	json_decref(q.head);
	json_decref(q.payload);
	arena_free(q.arena);
	if (buf_failed(&out->body))
		r = effect_failed(why, "Refused", "more than was asked for");
	if (issuer_boundary)
		issuer_boundary(1);
	return r;
}
