#include "agent/git/sync.h"

#include "agent/effect/secret_form.h"
#include "agent/git/fetch_child.h"
#include "agent/git/known_hosts.h"
#include "agent/git/persons.h"
#include "agent/git/repository.h"
#include "agent/git/trust.h"
#include "runtime/base/error.h"
#include "runtime/base/os.h"
#include "schema/agent_file.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	AUTHORITY_MAX = 1024 * 1024,      /* bytes of certificates */
	STAGES_READ = 32,                 /* of one answer; those before count as one */
	STAGES_OCTETS = 64 * 1024 * 1024, /* that they may have together */
};

struct sync {
	const struct helper *fetcher;
	const struct agent_file *file;
	const char *folder;
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t change;
	atomic_bool stopping;
	bool asked, runs;
	struct sync_question question;
	struct synced *back;
};

void synced_free(struct synced *synced)
{
	if (synced)
		arena_free(synced->arena);
}

void synced_freep(struct synced **synced)
{
	synced_free(TAKE(*synced));
}

/* -- one sync -- */

struct run {
	struct sync *sync;
	struct synced *out;
	struct arena *arena; /* the answer's */
	const struct sync_question *question;
	struct fetch_request request;
	struct secret identity;
	struct repository repository;
	struct trust_policy policy;
	struct trust_person *persons;
	struct object_id *trees; /* of the stages */
	bool stepwise;
};

PRINTF_LIKE(3, 4)
static bool failed(struct run *r, const char *reason, const char *format, ...)
{
	CLEANUP(buf_free) struct buf text = BUF_NULL(4096);
	va_list args;

	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	r->out->outcome = SYNCED_FAILED;
	r->out->reason = reason;
	r->out->message = arena_copy(r->arena, buf_view(&text));
	return false;
}

static bool read_file(struct run *r, struct view path, size_t max, struct view *out)
{
	CLEANUP(freep) char *bytes = NULL;
	size_t len;
	int e = os_read_file(os_real(), arena_copy_z(r->arena, path), max, &bytes, &len);

	if (e)
		return failed(r, "TrustUnreadable", "%.*s: %s", VIEW_ARG(path),
				strerror(-e));
	*out = arena_copy(r->arena, view_of(bytes, len));
	return true;
}

static bool read_trust(struct run *r)
{
	const struct agent_file *file = r->sync->file;
	struct view why;

	r->policy = (struct trust_policy){
		.mode = (enum trust_mode)file->git.mode,
		.applied = r->question->has_applied ? &r->question->applied : NULL,
		.accepted = r->question->has_accepted ? &r->question->accepted : NULL,
		.revoked = r->question->revoked,
		.revoked_count = r->question->revoked_count,
		.now = r->question->now,
	};
	if (persons_read(file, r->arena, &r->persons, &r->policy.person_count, &why))
		return failed(r, "TrustUnreadable", "%.*s", VIEW_ARG(why));
	r->policy.persons = r->persons;
	return true;
}

static bool read_identity(struct run *r)
{
	const struct desired_secret *form = &r->sync->file->git.identity;
	struct effect_answer answer = EFFECT_ANSWER_NULL;
	bool fine = true;

	if (form->form == SECRET_NONE)
		return true;
	if (secret_form_read_own(form, &r->identity, &answer))
		fine = failed(r, answer.reason, "`identity`: %.*s",
				VIEW_ARG(buf_view(&answer.message)));
	effect_answer_deinit(&answer);
	return fine;
}

static bool make_request(struct run *r)
{
	const struct git_settings *git = &r->sync->file->git;
	bool tag = git->mode == TRUST_TAG;

	r->request = (struct fetch_request){
		.url = git->url,
		.ref = arena_printf(r->arena, "refs/%s/%.*s", tag ? "tags" : "heads",
				VIEW_ARG(git->branch)),
		.folder = view_z(r->sync->folder),
		.objects = FETCH_OBJECTS,
		.bytes = FETCH_BYTES,
		.seconds = (uint64_t)(git->timeout / NS_PER_S),
	};
	if (git->known_hosts.len && !read_file(r, git->known_hosts, KNOWN_HOSTS_MAX,
						    &r->request.known_hosts))
		return false;
	if (git->authority.len && !read_file(r, git->authority, AUTHORITY_MAX,
						  &r->request.authority))
		return false;
	if (!read_identity(r))
		return false;
	r->request.identity = secret_expose(&r->identity);
	return true;
}

static bool repository_failed(struct run *r)
{
	return failed(r, r->repository.reason, "%.*s",
			VIEW_ARG(buf_view(&r->repository.message)));
}

static bool fetch(struct run *r)
{
	if (repository_fetch(r->sync->fetcher, &r->request, &r->sync->stopping,
			    &r->repository))
		return repository_failed(r);
	r->out->has_tip = true;
	r->out->tip = r->repository.tip;
	return true;
}

static const char *reason_of(enum trust_outcome outcome)
{
	/* clang-format off */
	static const char *const words[] = {
		[TRUST_E_UNSIGNED]       = "SignatureMissing",
		[TRUST_E_SIGNATURE]      = "SignatureWrong",
		[TRUST_E_UNLISTED]       = "SignerNotAllowed",
		[TRUST_E_EXPIRED]        = "SignerNotAllowed",
		[TRUST_E_NOT_DESCENDANT] = "NotDescendant",
		[TRUST_E_FORM]           = "SourceHostile",
		[TRUST_E_MISSING]        = "SourceDamaged",
		[TRUST_E_TOO_MANY]       = "SourceTooLarge",
	};
	/* clang-format on */

	return words[outcome];
}

static bool take_verdict(struct run *r, const struct trust_verdict *verdict)
{
	if (verdict->outcome == TRUST_UNCHANGED)
		return false;
	if (verdict->outcome)
		return failed(r, reason_of(verdict->outcome), "%.*s: %s%s%.*s%s",
				VIEW_ARG(object_id_text(&verdict->at, r->arena)),
				verdict->why, verdict->fingerprint.len ? " (" : "",
				VIEW_ARG(verdict->fingerprint),
				verdict->fingerprint.len ? ")" : "");
	r->out->commit = verdict->commit;
	r->out->subject = arena_copy(r->arena, verdict->subject);
	r->out->signer = verdict->signer->name;
	r->out->fingerprint = arena_copy(r->arena, verdict->fingerprint);
	return true;
}

/* -- who made what -- */

static const struct trusted *trusted_of(
		const struct run *r, const struct trust_person *person)
{
	const struct agent_file *file = r->sync->file;

	for (size_t i = 0; i < file->operator_count; i++)
		if (view_eq(file->operators[i].name, person->name))
			return &file->operators[i];
	return NULL;
}

static bool all_may_all(const struct run *r, const struct trust_verdict *verdict)
{
	for (size_t i = 0; i < verdict->step_count; i++) {
		const struct trusted *signer = trusted_of(r, verdict->steps[i].signer);

		if (!signer->all || signer->approval)
			return false;
	}
	return true;
}

/* Commits of one person behind each other are one stage: what they come to counts. */
static void take_stages(struct run *r, const struct trust_verdict *verdict)
{
	struct synced_stage *stage = NULL;

	if (all_may_all(r, verdict))
		return;
	r->out->stages = arena_array(
			r->arena, verdict->step_count, sizeof(*r->out->stages));
	r->trees = arena_array(r->arena, verdict->step_count, sizeof(*r->trees));
	r->stepwise = verdict->stepwise;
	for (size_t i = 0; i < verdict->step_count; i++) {
		const struct trusted *signer = trusted_of(r, verdict->steps[i].signer);

		if (!stage || stage->signer != signer)
			stage = &r->out->stages[r->out->stage_count++];
		stage->signer = signer;
		stage->commit = verdict->steps[i].commit;
		r->trees[r->out->stage_count - 1] = verdict->steps[i].tree;
	}
}

/* False where it is not to go on; the answer says why, or that nothing is new. */
static bool judge(struct run *r, struct object_id *tree_out)
{
	CLEANUP(trust_freep)
	struct trust *trust = trust_new(&r->policy, &r->repository.tip);
	struct trust_want want;

	while (trust_wants(trust, &want)) {
		struct view bytes;
		int e = repository_read(&r->repository, want.type, &want.id, &bytes);

		if (e == REPOSITORY_E_FAILED)
			return repository_failed(r);
		trust_give(trust, e ? NULL : &bytes);
	}
	*tree_out = trust_verdict(trust)->tree;
	if (!take_verdict(r, trust_verdict(trust)))
		return false;
	take_stages(r, trust_verdict(trust));
	return true;
}

static bool read_files(struct run *r, const struct object_id *tree)
{
	const struct git_settings *git = &r->sync->file->git;

	if (repository_files(&r->repository, tree, git->paths, git->path_count, r->arena,
			    &r->out->files, &r->out->count))
		return repository_failed(r);
	if (r->out->count == 0)
		return failed(r, "EmptySource",
				"there is no file of a state in it: is `path` of "
				"agent.yaml "
				"right?");
	r->out->outcome = SYNCED_STATE;
	return true;
}

static size_t octets_of(const struct synced_stage *stage)
{
	size_t octets = 0;

	for (size_t i = 0; i < stage->count; i++)
		octets += stage->files[i].bytes.len;
	return octets;
}

/* The newest first. What is not a state by itself, or too much, counts with what comes behind
 * it. */
static void read_stages(struct run *r)
{
	const struct git_settings *git = &r->sync->file->git;
	size_t octets = 0, last = r->out->stage_count - 1;

	r->out->stages[last].files = r->out->files;
	r->out->stages[last].count = r->out->count;
	for (size_t i = last; r->stepwise && i-- > 0 && last - i < STAGES_READ;) {
		struct synced_stage *stage = &r->out->stages[i];

		if (repository_files(&r->repository, &r->trees[i], git->paths,
				    git->path_count, r->arena, &stage->files,
				    &stage->count))
			stage->count = 0;
		octets += octets_of(stage);
		if (octets > STAGES_OCTETS) {
			stage->count = 0;
			return;
		}
	}
}

static bool was_refused(const struct run *r)
{
	return r->question->has_refused &&
	       object_id_eq(&r->question->refused, &r->out->tip);
}

static void run(struct run *r)
{
	struct object_id tree;

	if (!read_trust(r) || !make_request(r) || !fetch(r) || !judge(r, &tree))
		return;
	if (!was_refused(r) && read_files(r, &tree) && r->out->stage_count)
		read_stages(r);
}

static struct synced *sync_once(struct sync *sync, const struct sync_question *question)
{
	struct arena *arena = arena_new();
	struct run r = { .sync = sync,
		.out = ARENA_NEW(arena, struct synced),
		.arena = arena,
		.question = question,
		.repository = { .fd = -1 } };
	nstime began = clock_now();

	r.out->arena = arena;
	run(&r);
	repository_deinit(&r.repository);
	secret_free(&r.identity);
	r.out->took = clock_now() - began;
	return r.out;
}

/* -- the thread -- */

static void *body(void *with)
{
	struct sync *sync = with;

	pthread_mutex_lock(&sync->lock);
	for (;;) {
		struct sync_question question;
		struct synced *back;

		while (!sync->asked && !atomic_load(&sync->stopping))
			pthread_cond_wait(&sync->change, &sync->lock);
		if (atomic_load(&sync->stopping))
			break;
		sync->asked = false;
		question = sync->question;
		pthread_mutex_unlock(&sync->lock);
		back = sync_once(sync, &question);
		pthread_mutex_lock(&sync->lock);
		sync->back = back;
		eventfd_write(sync->fd, 1);
	}
	pthread_mutex_unlock(&sync->lock);
	return NULL;
}

int sync_new(const struct helper *fetcher, const struct agent_file *file,
		const char *folder, struct sync **out)
{
	struct sync *sync;
	int r;

	if (mkdir(folder, 0700) && errno != EEXIST)
		return fault_errno();
	sync = xcalloc(1, sizeof(*sync));
	sync->fetcher = fetcher;
	sync->file = file;
	sync->folder = folder;
	pthread_mutex_init(&sync->lock, NULL);
	pthread_cond_init(&sync->change, NULL);
	sync->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = sync->fd < 0 ? fault_errno()
			 : -pthread_create(&sync->thread, NULL, body, sync);
	if (r) {
		if (sync->fd >= 0)
			close(sync->fd);
		free(sync);
		return fault(r);
	}
	*out = sync;
	return 0;
}

void sync_free(struct sync *sync)
{
	if (!sync)
		return;
	pthread_mutex_lock(&sync->lock);
	atomic_store(&sync->stopping, true);
	pthread_cond_signal(&sync->change);
	pthread_mutex_unlock(&sync->lock);
	pthread_join(sync->thread, NULL);
	synced_free(sync->back);
	pthread_cond_destroy(&sync->change);
	pthread_mutex_destroy(&sync->lock);
	close(sync->fd);
	free(sync);
}

int sync_fd(const struct sync *sync)
{
	return sync->fd;
}

void sync_ask(struct sync *sync, const struct sync_question *question)
{
	pthread_mutex_lock(&sync->lock);
	sync->question = *question;
	sync->asked = sync->runs = true;
	pthread_cond_signal(&sync->change);
	pthread_mutex_unlock(&sync->lock);
}

bool sync_runs(const struct sync *sync)
{
	return sync->runs;
}

struct synced *sync_next(struct sync *sync)
{
	struct synced *back;
	eventfd_t count;

	pthread_mutex_lock(&sync->lock);
	back = sync->back;
	sync->back = NULL;
	if (back) {
		sync->runs = false;
		(void)eventfd_read(sync->fd, &count);
	}
	pthread_mutex_unlock(&sync->lock);
	return back;
}
