/* Certificates: from files of the host where the state names some, else one that signs
 * itself, for the host's name, made again when two thirds of its life are over. Keys are
 * sealed at rest, each bound to its object. */
#include "agent/driver/certificate.h"

#include "agent/apply.h"
#include "agent/text.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/certificate.h"
#include "runtime/store/database.h"

#include <errno.h>

enum {
	SELF_SIGNED_DAYS = 365,
	LONGEST_SPEC = 1024,
};

static void want_self_signed(const struct driver *driver, const struct desired_host *host,
		struct wanted_list *out)
{
	CLEANUP(buf_free) struct buf spec = BUF_NULL(LONGEST_SPEC);
	struct wanted *wanted = wanted_add(out, driver);

	buf_add_z(&spec, "{\"name\":");
	text_add_json(&spec, host->name);
	buf_add_z(&spec, ",\"self_signed\":true}");
	wanted->key = host->name;
	wanted->spec = wanted->applied = arena_copy(out->arena, buf_view(&spec));
	wanted->span = host->object.key_span;
	digest_bytes(wanted->spec, wanted->hash);
}

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	for (size_t i = 0; i < desired->certificate_count; i++)
		(void)wanted_add_object(out, driver, &desired->certificates[i].object);
	if (desired->certificate_count == 0 && desired->host)
		want_self_signed(driver, desired->host, out);
}

/* -- a chain and its key -- */

struct material {
	struct buf chain;
	struct secret key;
	struct certificate_facts facts;
	unsigned char source[DIGEST_SIZE];
};

static void material_deinit(struct material *m)
{
	buf_free(&m->chain);
	secret_free(&m->key);
}

#define MATERIAL_NULL                                                                    \
	((struct material){ .chain = BUF_NULL(CERTIFICATE_MAX), .key = SECRET_NULL })

static int read_path(const struct os *os, struct view path, struct arena *arena,
		char **bytes_out, size_t *len_out)
{
	return os_read_file(os, arena_copy_z(arena, path), CERTIFICATE_MAX, bytes_out,
			len_out);
}

static void wipe(char *bytes, size_t len)
{
	if (bytes)
		explicit_bzero(bytes, len);
	free(bytes);
}

/* The outcomes of certificate.h, or a fault of reading. */
static int load_files(const struct observation *o,
		const struct desired_certificate *wanted, struct material *m)
{
	CLEANUP(freep) char *chain = NULL;
	char *key = NULL;
	size_t chain_len, key_len = 0;
	struct digest d;
	int r = read_path(o->os, wanted->chain_path, o->arena, &chain, &chain_len);

	if (r == 0)
		r = read_path(o->os, wanted->key_path, o->arena, &key, &key_len);
	if (r)
		return r;
	buf_add(&m->chain, view_of(chain, chain_len));
	m->key = secret_copy(view_of(key, key_len));
	wipe(key, key_len);
	digest_init(&d);
	digest_add(&d, buf_view(&m->chain));
	digest_add(&d, secret_expose(&m->key));
	digest_final(&d, m->source);
	r = certificate_read(o->arena, buf_view(&m->chain), &m->facts);
	return r ? r : certificate_check_key(buf_view(&m->chain), &m->key);
}

static int make_self_signed(
		const struct observation *o, struct view name, struct material *m)
{
	int r = certificate_self_sign(
			&name, 1, o->now, SELF_SIGNED_DAYS, &m->chain, &m->key);

	if (r)
		return r;
	digest_bytes(VIEW_NULL, m->source);
	return certificate_read(o->arena, buf_view(&m->chain), &m->facts);
}

/* -- observing -- */

static const struct desired_certificate *files_of(
		const struct observation *o, const struct object *object)
{
	for (size_t i = 0; o->desired && i < o->desired->certificate_count; i++)
		if (view_eq(o->desired->certificates[i].object.key, object->key))
			return &o->desired->certificates[i];
	return NULL;
}

static void observe_files(struct observation *o, struct object *object,
		const struct desired_certificate *files, struct view source)
{
	CLEANUP(material_deinit) struct material m = MATERIAL_NULL;

	if (load_files(o, files, &m))
		observe_drift(object, DRIFT_REPORT, "FilesUnusable",
				VIEW("its files cannot be used; the last good ones are "
				     "served"));
	else if (!view_eq(source, view_of(m.source, DIGEST_SIZE)))
		observe_drift(object, DRIFT_STEP, "FilesChanged",
				VIEW("its files have changed"));
}

static void observe_life(struct observation *o, struct object *object, bool renewable,
		walltime not_before, walltime not_after)
{
	if (not_after - o->now >= (not_after - not_before) / 3)
		return;
	if (renewable)
		observe_drift(object, DRIFT_STEP, "Expiring",
				VIEW("two thirds of its life are over"));
	else if (not_after < o->now)
		observe_drift(object, DRIFT_REPORT, "Expired",
				VIEW("it has expired: put a newer one into its files"));
}

static int observe_one(struct observation *o, struct object *object)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	const struct desired_certificate *files = files_of(o, object);
	unsigned char no_files[DIGEST_SIZE];
	int r;

	digest_bytes(VIEW_NULL, no_files);
	r = database_prepare(o->db,
			"SELECT source, not_before, not_after FROM certificate"
			" WHERE uid = ?1",
			&s);
	if (r)
		return r;
	bind_blob(s, 1, view_of(object->uid, UID_SIZE));
	r = statement_step(s);
	if (r == 0)
		observe_drift(object, DRIFT_STEP, "Missing",
				VIEW("its chain and key are gone"));
	if (r != DATABASE_ROW)
		return r;
	if (files)
		observe_files(o, object, files, column_view(s, 0));
	observe_life(o, object,
			view_eq(column_view(s, 0), view_of(no_files, DIGEST_SIZE)),
			column_i64(s, 1), column_i64(s, 2));
	return 0;
}

static int observe_all(const struct driver *driver, struct observation *o)
{
	int r = 0;

	for (size_t i = 0; i < o->objects.count && r == 0; i++)
		if (o->objects.items[i].driver == driver)
			r = observe_one(o, &o->objects.items[i]);
	return r;
}

int certificates_list(struct database *db, walltime now, json_t **out)
{
	enum {
		DAY = 24 * 60 * 60
	};
	CLEANUP(statement_done) struct statement *s = NULL;
	json_t *list = json_array();
	int r = database_prepare(
			db, "SELECT name, not_after FROM certificate ORDER BY name", &s);

	while (r == 0 && (r = statement_step(s)) == DATABASE_ROW) {
		walltime end = column_i64(s, 1);

		json_array_append_new(list,
				json_pack("{s:o, s:o, s:I}", "name",
						json_view(column_view(s, 0)), "not_after",
						json_time(end), "days_left",
						(json_int_t)((end - now) / DAY)));
		r = 0;
	}
	if (r) {
		json_decref(list);
		return r;
	}
	*out = list;
	return 0;
}

/* -- changing -- */

static const char *why_not(int r)
{
	switch (r) {
	case CERTIFICATE_E_CHAIN:
		return "the chain holds no PEM certificate, or a broken one";
	case CERTIFICATE_E_KEY:
		return "the key is no PEM private key without a passphrase";
	case CERTIFICATE_E_MISMATCH:
		return "the key is another certificate's";
	default:
		return strerrordesc_np(-r);
	}
}

static int check(const struct change *change, struct observation *o, struct plan *plan)
{
	CLEANUP(material_deinit) struct material m = MATERIAL_NULL;
	const struct desired_certificate *files;
	int r;

	if (!change->wanted || !change->wanted->desired)
		return 0;
	files = change->wanted->desired;
	r = load_files(o, files, &m);
	if (r)
		plan_add_problem(plan, &change->declared, "CertificateUnusable",
				arena_printf(o->arena, "certificate %.*s: %s",
						VIEW_ARG(change->key), why_not(r)),
				arena_printf(o->arena,
						"chain %.*s and key %.*s must be "
						"readable "
						"PEM files that belong together",
						VIEW_ARG(files->chain_path),
						VIEW_ARG(files->key_path)));
	return 0;
}

static int write_row(struct application *a, const struct change *change,
		const struct material *m)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	struct view uid = view_of(change->object->uid, UID_SIZE);
	size_t sealed_len = m->key.len + SEAL_OVERHEAD;
	void *sealed = arena_alloc(a->plan->arena, sealed_len);
	int r;

	seal(a->tls_key, uid, secret_expose(&m->key), sealed);
	r = database_prepare(application_db(a),
			"INSERT INTO certificate VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
			" ON CONFLICT (uid) DO UPDATE SET name = ?2, chain = ?3,"
			" sealed_key = ?4, source = ?5, not_before = ?6, not_after = ?7",
			&s);
	if (r)
		return r;
	bind_blob(s, 1, uid);
	bind_text(s, 2, m->facts.name_count ? m->facts.names[0] : change->key);
	bind_text(s, 3, buf_view(&m->chain));
	bind_blob(s, 4, view_of(sealed, sealed_len));
	bind_blob(s, 5, view_of(m->source, DIGEST_SIZE));
	bind_i64(s, 6, m->facts.not_before);
	bind_i64(s, 7, m->facts.not_after);
	return statement_run(s);
}

static int apply(struct application *a, const struct change *change)
{
	CLEANUP(material_deinit) struct material m = MATERIAL_NULL;
	int r;

	if (change->wanted->desired)
		r = load_files(a->o, change->wanted->desired, &m);
	else
		r = make_self_signed(a->o, change->key, &m);
	if (r)
		return r < 0 ? r : fault(-EKEYREJECTED);
	return write_row(a, change, &m);
}

static int retire(struct application *a, const struct change *change)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r = database_prepare(
			application_db(a), "DELETE FROM certificate WHERE uid = ?1", &s);

	if (r)
		return r;
	bind_blob(s, 1, view_of(change->object->uid, UID_SIZE));
	return statement_run(s);
}

/* -- for the configuration -- */

static int open_key(struct statement *s, const struct key *tls_key, struct secret *out)
{
	struct view sealed = column_view(s, 3);
	struct secret key = { 0 };

	if (sealed.len <= SEAL_OVERHEAD)
		return fault(-EPROTO);
	key.len = sealed.len - SEAL_OVERHEAD;
	key.data = xmalloc(key.len);
	if (seal_open(tls_key, column_view(s, 0), sealed, key.data)) {
		secret_free(&key);
		return fault(-EBADMSG);
	}
	*out = key;
	return 0;
}

int certificates_add(struct database *db, const struct key *tls_key, struct view first,
		struct configuration *c)
{
	CLEANUP(statement_done) struct statement *s = NULL;
	int r;

	r = database_prepare(db,
			"SELECT uid, name, chain, sealed_key FROM certificate"
			" ORDER BY name <> ?1, name",
			&s);
	if (r)
		return r;
	bind_text(s, 1, first);
	while ((r = statement_step(s)) == DATABASE_ROW) {
		CLEANUP(secret_free) struct secret key = SECRET_NULL;

		r = open_key(s, tls_key, &key);
		if (r)
			return r;
		configuration_add_identity(c, &(const struct identity_spec){
							      .name = column_view(s, 1),
							      .chain = column_view(s, 2),
							      .key = &key,
					      });
	}
	return r;
}

const struct driver driver_certificate = {
	.kind = "certificate",
	.schema = KIND_CERTIFICATE,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_SERVICE,
	.want = want,
	.observe = observe_all,
	.check = check,
	.apply = apply,
	.retire = retire,
};
