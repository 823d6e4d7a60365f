/* Zones in files, DIRECTORY/ZONE.zone, which a name server of this machine loads. The file is
 * the operator's: it has to be there, and only our records of it are changed
 * (zone_text.h). It is replaced as one, keeps its mode, and is not replaced where somebody
 * changed it meanwhile. */
#include "agent/provider/provider.h"
#include "agent/provider/zone_text.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "runtime/dns/name.h"
#include "schema/agent_file.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <sys/stat.h>

enum {
	LONGEST_ZONE = 16 * 1024 * 1024, /* bytes */
};

struct session {
	const struct provider_call *call;
	struct effect_answer *answer;
	struct view directory;
	const char *path;
	char *bytes;
	size_t len;
	struct stat st;
};

static void session_deinit(struct session *s)
{
	freep(&s->bytes);
}

static bool may_write(const struct agent_file *file, struct view folder)
{
	for (size_t i = 0; i < file->write_count; i++) {
		struct view allowed = file->write[i];

		if (view_starts(folder, allowed) &&
				(folder.len == allowed.len ||
						folder.data[allowed.len] == '/' ||
						view_ends(allowed, VIEW("/"))))
			return true;
	}
	return false;
}

static int failed_on(struct session *s, int r)
{
	if (r == -ENOSPC || r == -EDQUOT)
		return effect_failed(
				s->answer, "DiskFull", "%s: %s", s->path, strerror(-r));
	return effect_failed(s->answer, "Forbidden", "%s: %s", s->path, strerror(-r));
}

static int find_path(struct session *s)
{
	const struct provider_call *call = s->call;
	json_t *spec = json_loadb(call->spec.data, call->spec.len, 0, NULL);
	const json_t *directory = json_object_get(spec, "directory");

	s->directory = arena_copy(
			call->arena, view_of(json_string_value(directory),
						     json_string_length(directory)));
	json_decref(spec);
	if (!may_write(call->file, s->directory))
		return effect_failed(s->answer, "NotAllowed",
				"`allow.write` of agent.yaml does not name %.*s",
				VIEW_ARG(s->directory));
	if (!name_is_host(call->zone))
		return effect_failed(s->answer, "Refused",
				"%.*s is no name of a zone's file", VIEW_ARG(call->zone));
	s->path = arena_printf(call->arena, "%.*s/%.*s.zone", VIEW_ARG(s->directory),
			VIEW_ARG(call->zone))
				  .data;
	return EFFECT_DONE;
}

static int load(struct session *s)
{
	int r = find_path(s);

	if (r)
		return r;
	if (lstat(s->path, &s->st) && errno == ENOENT)
		return effect_failed(s->answer, "ZoneGone",
				"there is no %s: put the zone's file there, with its SOA "
				"and NS, or an empty one that another file includes",
				s->path);
	if (!s->st.st_mode)
		return failed_on(s, -errno);
	/* A link may lead out of what may be written. */
	if (!S_ISREG(s->st.st_mode))
		return effect_failed(s->answer, "Refused", "%s is no file", s->path);
	r = os_read_file(os_real(), s->path, LONGEST_ZONE, &s->bytes, &s->len);
	return r ? failed_on(s, r) : EFFECT_DONE;
}

static int session_begin(struct session *s, const struct provider_call *call,
		struct effect_answer *answer)
{
	*s = (struct session){ .call = call, .answer = answer };
	return load(s);
}

/* Couriers work at several sets of one file at once: from reading it to replacing it there is
 * one of them, lest what another one wrote be lost. */
static pthread_mutex_t changing = PTHREAD_MUTEX_INITIALIZER;

static void unlock(pthread_mutex_t **mutex)
{
	pthread_mutex_unlock(*mutex);
}

/* What fails before the file is replaced, and where that fails: it is the old one yet. */
static int untouched(const struct session *s, int r)
{
	s->answer->untouched = r == EFFECT_E_FAILED;
	return r;
}

static int judge(struct session *s, int outcome, size_t line, const struct rrset *set)
{
	switch (outcome) {
	case ZONE_TEXT_OK:
		return EFFECT_DONE;
	case ZONE_TEXT_E_DIFFERS:
		return provider_changed_meanwhile(set, s->answer);
	case ZONE_TEXT_E_ELSEWHERE:
		return effect_failed(s->answer, "Refused",
				"%s:%zu: records that do not stand in this file: put the "
				"directive into the file that includes this one",
				s->path, line);
	case ZONE_TEXT_E_TOO_LONG:
		return effect_failed(
				s->answer, "Refused", "%s becomes too long", s->path);
	default:
		return effect_failed(s->answer, "AnswerMalformed",
				"%s:%zu: this makes no sense in a zone file", s->path,
				line);
	}
}

static int read_set(const struct provider_call *call, struct view name, struct view type,
		struct rrset *out, struct effect_answer *answer)
{
	CLEANUP(session_deinit) struct session s = { 0 };
	size_t line;
	int r = session_begin(&s, call, answer);

	if (r)
		return untouched(&s, r);
	r = zone_text_read(view_of(s.bytes, s.len), call->zone, name, type, call->arena,
			out, &line);
	r = judge(&s, r, line, NULL);
	return untouched(&s, r);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int replace(struct session *s, const struct rrset *before, struct view bytes)
{
	struct stat now;
	int r;

	if (lstat(s->path, &now) || !is_same(&now, &s->st))
		return provider_changed_meanwhile(before, s->answer);
	r = os_replace_file(os_real(), s->path, bytes, s->st.st_mode & 07777);
	return r ? failed_on(s, r) : EFFECT_DONE;
}

static int change_set(const struct provider_call *call, const struct rrset *before,
		const struct rrset *after, struct effect_answer *answer)
{
	CLEANUP(session_deinit) struct session s = { 0 };
	CLEANUP(buf_free) struct buf text = BUF_NULL(LONGEST_ZONE);
	CLEANUP(unlock) pthread_mutex_t *lock = &changing;
	size_t line;
	int r;

	pthread_mutex_lock(lock);
	r = session_begin(&s, call, answer);
	if (r)
		return untouched(&s, r);
	r = zone_text_change(
			view_of(s.bytes, s.len), call->zone, before, after, &text, &line);
	r = judge(&s, r, line, before);
	if (r == EFFECT_DONE)
		r = replace(&s, before, buf_view(&text));
	return untouched(&s, r);
}

static int probe(const struct provider_call *call, struct effect_answer *answer)
{
	struct rrset soa;

	return read_set(call, call->zone, VIEW("SOA"), &soa, answer);
}

const struct dns_provider dns_zonefile = {
	.type = "zonefile",
	.read = read_set,
	.change = change_set,
	.probe = probe,
};
