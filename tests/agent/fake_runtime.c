#include "tests/agent/fake_runtime.h"

#include <errno.h>
#include <stdio.h>

void fake_runtime_deinit(struct runtime *rt)
{
	configuration_unref(rt->configuration);
	*rt = FAKE_RUNTIME_NEW;
}

int runtime_configure(struct runtime *rt, struct configuration *next,
		struct runtime_failure *failure)
{
	const struct host_spec *host = configuration_host(next);

	for (size_t i = 0; i < host->listener_count; i++) {
		if (!rt->taken_port || host->listeners[i].port != rt->taken_port)
			continue;
		failure->listener = host->listeners[i];
		failure->error = EADDRINUSE;
		return RUNTIME_E_LISTENER;
	}
	configuration_ref(next);
	configuration_unref(rt->configuration);
	rt->configuration = next;
	rt->configured++;
	rt->closed = LISTENER_KINDS;
	return 0;
}

int runtime_destroy_account(struct runtime *rt, const unsigned char uid[ACCOUNT_UID_SIZE])
{
	(void)uid;
	if (rt->busy)
		return -EBUSY;
	rt->destroyed++;
	return 0;
}

int runtime_accept_account(
		struct runtime *rt, const unsigned char uid[ACCOUNT_UID_SIZE], bool empty)
{
	(void)empty;
	if (rt->accept_outcome)
		return rt->accept_outcome;
	if (memcmp(rt->set_apart.uid, uid, ACCOUNT_UID_SIZE) == 0)
		rt->set_apart.why = QUARANTINE_NONE;
	rt->accepted++;
	return 0;
}

int runtime_rotate_account(struct runtime *rt, const unsigned char uid[ACCOUNT_UID_SIZE])
{
	(void)uid;
	rt->rotations++;
	return 0;
}

size_t runtime_reached(struct runtime *rt, struct account_reached *out, size_t most)
{
	if (!rt->has_reached || !most)
		return 0;
	*out = rt->reached;
	return 1;
}

bool runtime_has_reached(struct runtime *rt)
{
	return rt->has_reached;
}

void runtime_remembered(
		struct runtime *rt, const struct account_reached *reached, size_t count)
{
	if (count && reached->mark.commits == rt->reached.mark.commits)
		rt->has_reached = false;
}

int runtime_queue(struct runtime *rt, uint64_t after, size_t most, struct arena *arena,
		struct queue_message **out, size_t *count_out)
{
	*out = ARENA_NEW(arena, struct queue_message);
	*count_out = after == 0 && most && rt->queued_since;
	if (*count_out == 0)
		return 0;
	(*out)->received = rt->queued_since;
	(*out)->recipients = ARENA_NEW(arena, struct queue_recipient);
	(*out)->recipient_count = 1;
	return 0;
}

static void keep(char *out, size_t size, struct view text)
{
	snprintf(out, size, "%.*s", VIEW_ARG(text));
}

int runtime_write_letter(struct runtime *rt, const struct runtime_letter *letter)
{
	if (rt->letter_outcome)
		return rt->letter_outcome;
	rt->letters++;
	keep(rt->letter_to, sizeof(rt->letter_to),
			letter->to_count ? letter->to[0] : VIEW_NULL);
	if (letter->to_count == 0)
		memcpy(rt->letter_account, letter->account, ACCOUNT_UID_SIZE);
	keep(rt->letter_subject, sizeof(rt->letter_subject), letter->subject);
	keep(rt->letter_text, sizeof(rt->letter_text), letter->text);
	return 0;
}

int runtime_send_test(struct runtime *rt, struct view to, char name[RUNTIME_TEST_NAME])
{
	(void)rt;
	if (view_find(to, '@') == to.len)
		return RUNTIME_E_ADDRESS;
	if (view_ends(to, VIEW("@example.org")))
		return RUNTIME_E_HERE;
	snprintf(name, RUNTIME_TEST_NAME, "test.abc");
	return 0;
}

int runtime_queue_change(
		struct runtime *rt, enum runtime_queue_change change, uint64_t message)
{
	(void)rt;
	(void)change;
	return message ? RUNTIME_E_NO_MESSAGE : 0;
}

void runtime_observe(struct runtime *rt, struct runtime_observed *out)
{
	const struct host_spec *host =
			rt->configuration ? configuration_host(rt->configuration) : NULL;

	*out = (struct runtime_observed){
		.accepting = true,
		.sending = true,
		.keys_locked = true,
		.disk_free = rt->disk_free,
		.disk_size = rt->disk_size,
		.queued = rt->queued_since != 0,
	};
	if (rt->set_apart.why) {
		out->quarantined = out->set_apart_count = 1;
		out->set_apart[0] = rt->set_apart;
	}
	for (size_t i = 0; host && i < host->listener_count; i++)
		if (host->listeners[i].kind != rt->closed)
			out->listeners[out->listener_count++].spec = host->listeners[i];
}

/* Nothing is kept that could be copied. */
int runtime_snapshot(struct runtime *rt, struct snapshot **out)
{
	(void)rt;
	(void)out;
	return SNAPSHOT_E_LATER;
}

int snapshot_next(struct snapshot *snapshot, struct snapshot_file *out)
{
	(void)snapshot;
	(void)out;
	return SNAPSHOT_END;
}

int snapshot_read(struct snapshot *snapshot, void *bytes, size_t len, size_t *len_out)
{
	(void)snapshot;
	(void)bytes;
	(void)len;
	*len_out = 0;
	return 0;
}

int snapshot_check(struct snapshot *snapshot)
{
	(void)snapshot;
	return SNAPSHOT_OK;
}

void snapshot_free(struct snapshot *snapshot)
{
	(void)snapshot;
}

void snapshot_freep(struct snapshot **snapshot)
{
	(void)snapshot;
}
