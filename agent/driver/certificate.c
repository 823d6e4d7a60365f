/* Certificates: from files of the host where the state names some, of an issuer where it
 * names one (certificate_issue.c), else one that signs itself, for the host's name, made
 * again when two thirds of its life are over. */
#include "agent/driver/certificate.h"

#include "agent/acme/account.h"
#include "agent/apply/apply.h"
#include "agent/database/text.h"
#include "agent/driver/certificate_issue.h"
#include "agent/driver/certificate_next.h"
#include "agent/driver/certificate_row.h"
#include "agent/driver/certificate_text.h"
#include "agent/effect/outbox.h"
#include "agent/zone/web.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/crypto/certificate.h"

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

/* False where it is not known yet who that is, or who we are there: then nobody is shut out. */
static int add_authority(struct observation *o, const struct desired_issuer *issuer,
		const struct desired_certificate *certificate, bool *known)
{
	struct zone_authority *all = o->facts.authorities;
	struct zone_authority one = {
		.method = view_z(acme_challenge_name(
				(enum acme_challenge)certificate->challenge))
	};
	int r = issuer_account_read(
			o->db, issuer->acme, o->arena, &one.account, &one.name);

	*known &= one.name.len && one.account.len;
	for (size_t i = 0; i < o->facts.authority_count; i++)
		if (view_eq(all[i].account, one.account) &&
				view_eq(all[i].method, one.method))
			return r;
	all[o->facts.authority_count++] = one;
	return r;
}

/* All that may be asked, once each of them has been: a record that names some shuts out the
 * others. */
static int know(struct observation *o)
{
	const struct desired *desired = o->desired;
	bool known = true;
	size_t most = 0;
	int r = 0;

	for (size_t i = 0; desired && i < desired->certificate_count; i++)
		most += desired->certificates[i].issuer_count;
	o->facts.authorities = arena_array(o->arena, most, sizeof(*o->facts.authorities));
	for (size_t i = 0; desired && i < desired->certificate_count; i++)
		for (size_t k = 0; k < desired->certificates[i].issuer_count && r == 0;
				k++)
			r = add_authority(o, desired->certificates[i].issuers[k],
					&desired->certificates[i], &known);
	if (!known)
		o->facts.authority_count = 0;
	if (r == 0 && desired && desired->host)
		r = certificate_keys_know(o, desired->host->name);
	return r;
}

static bool has_address(const struct desired_host *host, bool six)
{
	for (size_t i = 0; i < host->addresses.count; i++) {
		struct view address = host->addresses.items[i];

		if ((view_find(address, ':') < address.len) == six)
			return true;
	}
	return false;
}

/* Who comes to look at the host has to find it: where we say in the DNS where it is, that
 * has to be seen first. Where a person says so, he may have done it long ago. */
static void need_addresses(
		const struct desired *desired, struct wanted *wanted, struct arena *arena)
{
	const struct desired_host *host = desired->host;
	const struct desired_domain *zone =
			host ? certificate_zone_of(desired, host->name) : NULL;

	if (!zone || zone_keeping(zone) != ZONE_MANAGED ||
			zone->dns_except & UINT64_C(1) << DNS_PART_A)
		return;
	wanted->needs = arena_array(arena, 2, sizeof(*wanted->needs));
	for (int six = 0; six < 2; six++)
		if (has_address(host, six))
			wanted->needs[wanted->need_count++] = (struct need){
				.driver = &driver_record,
				.name = arena_printf(arena, "%.*s/%s",
						VIEW_ARG(host->name), six ? "AAAA" : "A"),
				.span = wanted->span,
			};
}

/* -- of the names below a domain -- */

/* Each domain's are a certificate of their own: where one of them cannot be shown to the
 * issuer, neither mail nor another domain goes without. */
static void need_aliases(const struct desired_domain *domain, unsigned set,
		struct wanted *wanted, struct arena *arena)
{
	wanted->needs = arena_array(arena, WEB_NAMES, sizeof(*wanted->needs));
	for (unsigned name = 0; name < WEB_NAMES; name++)
		if (set & 1u << name)
			wanted->needs[wanted->need_count++] = (struct need){
				.driver = &driver_record,
				.name = arena_printf(arena, "%.*s/CNAME",
						VIEW_ARG(web_name_of(arena, domain,
								(enum web_name)name))),
				.span = wanted->span,
			};
}

static struct view web_spec(struct arena *arena, const struct desired_certificate *from,
		const struct view *names, size_t count)
{
	CLEANUP(buf_free) struct buf spec = BUF_NULL(LONGEST_SPEC);

	buf_add_z(&spec, "{\"as\":");
	text_add_json(&spec, from->object.key);
	buf_add_z(&spec, ",\"names\":[");
	for (size_t i = 0; i < count; i++) {
		buf_add_z(&spec, i ? "," : "");
		text_add_json(&spec, names[i]);
	}
	buf_add_z(&spec, "]}");
	return arena_copy(arena, buf_view(&spec));
}

static void want_web(const struct driver *driver, const struct desired *desired,
		const struct desired_domain *domain, struct wanted_list *out)
{
	const struct desired_certificate *from = web_certificate(desired);
	unsigned set = web_names(desired, out->facts, domain);
	struct view names[WEB_NAMES];
	struct wanted *wanted;
	size_t count = 0;

	for (unsigned name = 0; name < WEB_NAMES; name++)
		if (set & 1u << name)
			names[count++] = web_name_of(
					out->arena, domain, (enum web_name)name);
	if (count == 0)
		return;
	wanted = wanted_add(out, driver);
	wanted->key = web_certificate_key(out->arena, domain);
	wanted->span = domain->object.key_span;
	wanted->applied = certificate_text_write(out->arena, desired, from, names, count,
			set & 1u << WEB_MTA_STS ? zone_ttl(desired, domain) : 0);
	wanted->spec = web_spec(out->arena, from, names, count);
	digest_bytes(wanted->spec, wanted->hash);
	if (from->challenge != CHALLENGE_DNS)
		need_aliases(domain, set, wanted, out->arena);
}

/* -- what is wanted -- */

static void want(const struct driver *driver, const struct desired *desired,
		struct wanted_list *out)
{
	struct view host = desired->host ? desired->host->name : VIEW_NULL;

	for (size_t i = 0; i < desired->certificate_count; i++) {
		const struct desired_certificate *one = &desired->certificates[i];
		struct wanted *wanted = wanted_add_object(out, driver, &one->object);

		if (one->issuer_count)
			wanted->applied = certificate_text_write(
					out->arena, desired, one, &host, host.len > 0, 0);
		if (one->issuer_count && one->challenge != CHALLENGE_DNS)
			need_addresses(desired, wanted, out->arena);
	}
	if (desired->certificate_count == 0 && desired->host)
		want_self_signed(driver, desired->host, out);
	for (size_t i = 0; i < desired->domain_count; i++)
		want_web(driver, desired, &desired->domains[i], out);
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

static int make_self_signed(const struct observation *o, const struct view *names,
		size_t name_count, struct material *m)
{
	int r = certificate_self_sign(
			names, name_count, o->now, SELF_SIGNED_DAYS, &m->chain, &m->key);

	if (r)
		return r;
	digest_bytes(VIEW_NULL, m->source);
	return certificate_read(o->arena, buf_view(&m->chain), &m->facts);
}

/* -- observing -- */

static const struct desired_certificate *desired_of(
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
		const struct certificate_row *row)
{
	if (row->not_after - o->now >= (row->not_after - row->not_before) / 3)
		return;
	if (renewable)
		observe_drift(object, DRIFT_STEP, "Expiring",
				VIEW("two thirds of its life are over"));
	else if (row->not_after < o->now)
		observe_drift(object, DRIFT_REPORT, "Expired",
				VIEW("it has expired: put a newer one into its files"));
}

/* When its issuer wants it, or the state; else when two thirds of its life are over. */
static bool is_due(const struct observation *o, const struct certificate_row *row,
		const struct desired_certificate *desired)
{
	walltime life = row->not_after - row->not_before;
	walltime before = life / 3;

	if (desired && desired->renew_before)
		before = desired->renew_before / NS_PER_S;
	if (before > life / 2)
		before = life / 2;
	return o->now >= row->not_after - before ||
	       (row->renew_at && o->now >= row->renew_at);
}

/* One that is being issued already is not asked for again. */
static int observe_issued(struct observation *o, struct object *object,
		const struct certificate_row *row,
		const struct desired_certificate *desired)
{
	struct outbox_row call;
	int r;

	if (!is_due(o, row, desired))
		return 0;
	r = outbox_newest(o->db, object->uid, o->arena, &call);
	if (r && r != OUTBOX_E_ABSENT)
		return r;
	if (r == OUTBOX_E_ABSENT || call.state == OUTBOX_DONE)
		observe_drift(object, DRIFT_STEP, "Expiring",
				VIEW("it is time to renew it"));
	else if (row->not_after < o->now)
		observe_drift(object, DRIFT_REPORT, "Expired",
				VIEW("it has expired, and no issuer has renewed it"));
	return 0;
}

/* Of one that waits for its record. True: it is what the object is about now. */
static int observe_next(struct observation *o, struct object *object, bool *out)
{
	enum certificate_due due;
	struct certificate_row next;
	walltime until, seen_at;
	int r = certificate_next_read(o->db, object->uid, o->arena, &next, &seen_at);

	*out = r == 0;
	if (r)
		return r == CERTIFICATE_ROW_E_ABSENT ? 0 : r;
	r = certificate_next_judge(o, object, &due, &until);
	if (r)
		return r;
	if (due == NEXT_SEEN)
		observe_drift(object, DRIFT_STEP, "KeySeen",
				VIEW("all servers say its new key: it is served once "
				     "nobody can know the old one alone"));
	if (due == NEXT_SERVES)
		observe_drift(object, DRIFT_STEP, "KeyServes",
				VIEW("its new key is known: it is served from now on"));
	if (until > o->now && (o->rests_until == 0 || until < o->rests_until))
		o->rests_until = until;
	return 0;
}

static int observe_one(struct observation *o, struct object *object)
{
	bool waits;
	const struct desired_certificate *desired = desired_of(o, object);
	struct certificate_row row;
	unsigned char no_files[DIGEST_SIZE];
	int r = certificate_row_read(o->db, object->uid, o->arena, &row);

	if (r == 0 && !object->leaving) {
		r = observe_next(o, object, &waits);
		if (r || waits)
			return r;
	}
	if (r == CERTIFICATE_ROW_E_ABSENT) {
		if (!object->leaving)
			observe_drift(object, DRIFT_STEP, "Missing",
					VIEW("its chain and key are gone"));
		return 0;
	}
	if (r)
		return r;
	if (row.issued.len)
		return observe_issued(o, object, &row, desired);
	digest_bytes(VIEW_NULL, no_files);
	if (desired && desired->chain_path.len)
		observe_files(o, object, desired, view_of(row.source, DIGEST_SIZE));
	observe_life(o, object, memcmp(row.source, no_files, DIGEST_SIZE) == 0, &row);
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

/* What is shown in the DNS needs somebody who writes it there. */
static void check_zone(const struct change *change, const struct observation *o,
		struct plan *plan, const struct desired_certificate *wanted)
{
	const struct desired_host *host = o->desired->host;

	if (wanted->challenge != CHALLENGE_DNS || !host ||
			certificate_zone_of(o->desired, host->name))
		return;
	plan_add_problem(plan, &change->declared, "CertificateUnusable",
			arena_printf(o->arena,
					"certificate %.*s: no domain of this state, with "
					"a "
					"provider of its zone, has %.*s in it",
					VIEW_ARG(change->key), VIEW_ARG(host->name)),
			VIEW("give that domain `dns: {provider: …}`, or take another "
			     "challenge"));
}

static int check(const struct change *change, struct observation *o, struct plan *plan)
{
	CLEANUP(material_deinit) struct material m = MATERIAL_NULL;
	const struct desired_certificate *files;
	int r;

	if (!change->wanted || !change->wanted->desired)
		return 0;
	files = change->wanted->desired;
	if (files->issuer_count) {
		check_zone(change, o, plan, files);
		return 0;
	}
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
	bool waits;
	struct certificate_row row = {
		.name = m->facts.name_count ? m->facts.names[0] : change->key,
		.chain = buf_view(&m->chain),
		.not_before = m->facts.not_before,
		.not_after = m->facts.not_after,
	};

	memcpy(row.source, m->source, DIGEST_SIZE);
	return certificate_put(application_db(a), a->tls_key, change->object->uid, &row,
			&m->key, a->o->now, &waits);
}

static bool has_names(const struct certificate_facts *facts,
		const struct certificate_text *text)
{
	for (size_t i = 0; i < text->name_count; i++)
		if (!certificate_covers(facts, text->names[i]))
			return false;
	return true;
}

/* What is served until the issuer has signed one: what there is, where it has the names and
 * lasts; else one that signs itself. */
static int apply_issued(struct application *a, const struct change *change)
{
	CLEANUP(material_deinit) struct material m = MATERIAL_NULL;
	struct arena *arena = a->plan->arena;
	struct certificate_row row;
	struct certificate_facts facts;
	struct certificate_text text;
	int r = certificate_row_read(application_db(a), change->object->uid, arena, &row);

	if (r && r != CERTIFICATE_ROW_E_ABSENT)
		return r;
	if (!certificate_text_read(arena, change->wanted->applied, &text))
		return fault(-EPROTO);
	if (r == 0 && certificate_read(arena, row.chain, &facts) == 0 &&
			(row.issued.len || has_names(&facts, &text)) &&
			facts.not_after - a->o->now >=
					(facts.not_after - facts.not_before) / 3)
		return 0;
	if (r == 0 && row.issued.len)
		return 0;
	r = make_self_signed(a->o, text.names, text.name_count, &m);
	if (r)
		return r < 0 ? r : fault(-EKEYREJECTED);
	return write_row(a, change, &m);
}

/* What its plan saw of a key that waits. */
static int apply_next(struct application *a, const struct change *change, bool *done)
{
	struct database *db = application_db(a);
	struct view why = view_z(change->reason ? change->reason : "");
	walltime until = a->o->now + 1; /* the next plan sees what follows */

	*done = view_eq(why, VIEW("KeySeen")) || view_eq(why, VIEW("KeyServes"));
	if (!*done)
		return 0;
	if (a->plan->rests_until == 0 || until < a->plan->rests_until)
		a->plan->rests_until = until;
	if (view_eq(why, VIEW("KeySeen")))
		return certificate_next_see(db, change->object->uid, a->o->now);
	return certificate_next_serve(db, change->object->uid);
}

static int apply(struct application *a, const struct change *change)
{
	CLEANUP(material_deinit) struct material m = MATERIAL_NULL;
	bool done;
	int r = apply_next(a, change, &done);

	if (r || done)
		return r;
	if (certificate_text_is_issued(change->wanted->applied))
		return apply_issued(a, change);
	if (change->wanted->desired)
		r = load_files(a->o, change->wanted->desired, &m);
	else
		r = make_self_signed(a->o, &change->key, 1, &m);
	if (r)
		return r < 0 ? r : fault(-EKEYREJECTED);
	return write_row(a, change, &m);
}

/* One of an issuer is served until nothing needs it any more, and what comes in its place is
 * there: its row goes with the object. */
static int retire(struct application *a, const struct change *change)
{
	struct object_texts texts;
	int r = object_read_texts(
			application_db(a), change->object->uid, a->plan->arena, &texts);

	if (r || certificate_text_is_issued(texts.last_applied))
		return r;
	return certificate_row_delete(application_db(a), change->object->uid);
}

const struct driver driver_certificate = {
	.kind = "certificate",
	.schema = KIND_CERTIFICATE,
	.absence = ABSENCE_REMOVES,
	.risk = RISK_SERVICE,
	.know = know,
	.want = want,
	.observe = observe_all,
	.check = check,
	.apply = apply,
	.retire = retire,
	.effects = &certificate_effects,
};
