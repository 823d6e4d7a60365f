#include "agent/zone/policy.h"

#include "runtime/base/base64.h"
#include "runtime/base/buf.h"
#include "runtime/crypto/digest.h"

#include <stdlib.h>

enum {
	ID_BYTES = 10,
	LONGEST_POLICY = 64 * 1024,
};

/* -- hosts -- */

static int by_name(const void *a, const void *b)
{
	return view_compare(*(const struct view *)a, *(const struct view *)b);
}

static struct view join(struct arena *arena, struct view *names, size_t count)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(LONGEST_POLICY);

	if (count)
		qsort(names, count, sizeof(*names), by_name);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || !view_eq(names[i - 1], names[i]))
			buf_addf(&out, "%s%.*s", out.len ? " " : "", VIEW_ARG(names[i]));
	return arena_copy(arena, buf_view(&out));
}

struct view sts_hosts(struct arena *arena, const struct desired *desired)
{
	struct view *names = arena_array(arena, desired->host_count, sizeof(*names));

	for (size_t i = 0; i < desired->host_count; i++)
		names[i] = desired->hosts[i].name;
	return join(arena, names, desired->host_count);
}

static size_t words_of(struct view text)
{
	size_t count = text.len > 0;

	for (size_t i = 0; i < text.len; i++)
		count += text.data[i] == ' ';
	return count;
}

static struct view either(struct arena *arena, struct view a, struct view b)
{
	struct view *names =
			arena_array(arena, words_of(a) + words_of(b), sizeof(*names));
	size_t count = 0;

	while (a.len)
		names[count++] = view_cut(&a, ' ');
	while (b.len)
		names[count++] = view_cut(&b, ' ');
	return join(arena, names, count);
}

/* -- the mode -- */

static enum desired_sts climb(const struct sts_question *q, walltime *changes_at)
{
	const struct sts_past *past = q->past;
	walltime ramp = q->ramp / NS_PER_S;

	if (q->mode == DESIRED_STS_TESTING)
		return DESIRED_STS_TESTING;
	if (ramp == 0 || (past && past->mode == DESIRED_STS_ENFORCE))
		return DESIRED_STS_ENFORCE;
	if (!past || past->mode != DESIRED_STS_TESTING || !past->testing_since)
		return DESIRED_STS_TESTING;
	if (q->now >= past->testing_since + ramp)
		return DESIRED_STS_ENFORCE;
	*changes_at = past->testing_since + ramp;
	return DESIRED_STS_TESTING;
}

/* False where none is served any more. */
static bool choose_mode(
		const struct sts_question *q, enum desired_sts *out, walltime *changes_at)
{
	const struct sts_past *past = q->past;

	if (q->said && q->mode != DESIRED_STS_NONE) {
		*out = climb(q, changes_at);
		return true;
	}
	*out = DESIRED_STS_NONE;
	if (!past)
		return false;
	if (past->mode != DESIRED_STS_NONE || !past->none_since)
		return true;
	*changes_at = past->none_since + past->longest;
	return q->now < *changes_at;
}

/* -- the file -- */

const char *sts_word(enum desired_sts mode)
{
	static const char *const words[] = { "enforce", "testing", "none" };

	return words[mode];
}

static walltime age_of(enum desired_sts mode)
{
	static const walltime ages[] = { STS_AGE_ENFORCE, STS_AGE_TESTING, STS_AGE_NONE };

	return ages[mode];
}

/* RFC 8461, 3.2. */
static struct view write_file(struct arena *arena, const struct zone_sts *sts)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(LONGEST_POLICY);
	struct view hosts = sts->hosts;

	buf_addf(&out, "version: STSv1\r\nmode: %s\r\n", sts_word(sts->mode));
	while (hosts.len) {
		struct view host = view_cut(&hosts, ' ');

		buf_addf(&out, "mx: %.*s\r\n", VIEW_ARG(host));
	}
	buf_addf(&out, "max_age: %lld\r\n", (long long)sts->max_age);
	return arena_copy(arena, buf_view(&out));
}

static struct view id_of(struct arena *arena, struct view file)
{
	CLEANUP(buf_free) struct buf out = BUF_NULL(2 * ID_BYTES);
	unsigned char digest[DIGEST_SIZE];

	digest_sha256(file, digest);
	hex_add(&out, view_of(digest, ID_BYTES));
	return arena_copy(arena, buf_view(&out));
}

static bool in_force(const struct sts_past *past)
{
	return past && past->mode != DESIRED_STS_NONE;
}

struct zone_sts sts_policy(
		struct arena *arena, const struct sts_question *q, walltime *changes_at)
{
	struct zone_sts sts = { 0 };

	*changes_at = 0;
	if (!choose_mode(q, &sts.mode, changes_at))
		return (struct zone_sts){ 0 };
	sts.served = true;
	sts.in_force = in_force(q->past) && sts.mode != DESIRED_STS_NONE;
	sts.hosts = q->settled || !in_force(q->past)
				    ? q->hosts
				    : either(arena, q->hosts, q->past->hosts);
	sts.max_age = age_of(sts.mode);
	sts.file = write_file(arena, &sts);
	sts.id = id_of(arena, sts.file);
	return sts;
}

/* -- DMARC -- */

enum desired_dmarc dmarc_step(enum desired_dmarc policy, nstime ramp, walltime since,
		walltime now, walltime *changes_at)
{
	walltime step = ramp / NS_PER_S, passed;
	int most = DESIRED_DMARC_NONE - policy;

	*changes_at = 0;
	if (step == 0)
		return policy;
	passed = since && now > since ? (now - since) / step : 0;
	if (passed >= most)
		return policy;
	if (since)
		*changes_at = since + (passed + 1) * step;
	return (enum desired_dmarc)(DESIRED_DMARC_NONE - passed);
}
