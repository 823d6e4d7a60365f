/* Random operations against a model in memory: UIDs, flags, MODSEQ, what vanished, quota.
 * POSTHUS_SEED repeats a run, POSTHUS_STEPS makes it longer. */
#include "tests/runtime/store/account_test.h"

#include <time.h>

enum {
	BOXES = 3,
	MESSAGES = 4000, /* UIDs a mailbox of the model has room for */
};

struct model_message {
	bool there;
	uint64_t flags, modseq, size, gone; /* gone: the MODSEQ of its tombstone */
};

struct model_box {
	const char *name;
	int64_t id;
	uint32_t uidnext;
	uint64_t modseq;
	struct model_message messages[MESSAGES];
};

struct model {
	struct account_store *store;
	struct model_box boxes[BOXES];
	uint64_t modseq, used;
	/* A client that looks from time to time. */
	uint64_t seen;
	bool known[MESSAGES];
	uint64_t known_flags[MESSAGES];
};

static struct model model;

static struct model_box *any_box(void)
{
	return &model.boxes[rand() % BOXES];
}

static struct uid_set any_set(const struct model_box *box)
{
	struct uid_set set = UID_SET_NULL;

	for (int i = rand() % 4; i >= 0; i--) {
		uint32_t first = 1 + (uint32_t)rand() % (box->uidnext + 1);

		uid_set_add(&set, first, first + (uint32_t)rand() % 4);
	}
	return set;
}

static uint64_t any_flags(void)
{
	return (uint64_t)rand() & 31;
}

/* A later number than any before. */
static void draw(struct model_box *box, uint64_t modseq)
{
	assert_true(modseq > model.modseq);
	model.modseq = modseq;
	box->modseq = modseq;
}

static void put_in(struct model_box *box, uint32_t uid, uint64_t flags, uint64_t size,
		uint64_t modseq)
{
	assert_int_equal(uid, box->uidnext);
	assert_true(uid < MESSAGES);
	box->messages[uid] = (struct model_message){
		.there = true, .flags = flags, .modseq = modseq, .size = size
	};
	box->uidnext++;
	model.used += size;
}

static void take_out(struct model_box *box, uint32_t uid, uint64_t modseq)
{
	assert_true(box->messages[uid].there);
	box->messages[uid].there = false;
	box->messages[uid].gone = modseq;
	model.used -= box->messages[uid].size;
}

static void do_append(void)
{
	struct model_box *box = any_box();
	uint64_t flags = any_flags();
	char text[300];
	struct append_result result;
	int len = snprintf(text, sizeof(text), "Subject: %d\r\n\r\n%.*s", rand(),
			rand() % 200,
			"................................................................"
			"........"
			"................................................................"
			"........"
			".........................................................");

	assert_int_equal(try_append(model.store, box->id, view_of(text, (size_t)len),
					 (struct flag_list){ .system = flags }, &result),
			STORE_OK);
	draw(box, result.modseq);
	put_in(box, result.uid, flags, (uint64_t)len, result.modseq);
}

static void do_store(void)
{
	struct model_box *box = any_box();
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct flags_change change = { .action = (enum flags_action)(rand() % 3),
		.flags = { .system = any_flags() },
		.unchanged_since = rand() % 3 ? UINT64_MAX
					      : model.modseq - (uint64_t)(rand() % 10) };
	struct uid_set uids = any_set(box);
	struct flags_stored out;
	size_t rows = 0;
	bool changed = false;

	assert_int_equal(flags_store(model.store, box->id, &uids, &change, arena, &out),
			0);
	for (uint32_t uid = 1; uid < box->uidnext; uid++) {
		struct model_message *m = &box->messages[uid];
		uint64_t bits = change.flags.system, wanted;

		if (!m->there || !uid_set_has(&uids, uid))
			continue;
		if (m->modseq > change.unchanged_since) {
			assert_true(uid_set_has(&out.modified, uid));
			continue;
		}
		wanted = change.action == FLAGS_ADD      ? m->flags | bits
			 : change.action == FLAGS_REMOVE ? m->flags & ~bits
							 : bits;
		assert_true(rows < out.count);
		assert_int_equal(out.rows[rows].uid, uid);
		assert_int_equal(out.rows[rows].flags, wanted);
		assert_int_equal(out.rows[rows].changed, wanted != m->flags);
		if (wanted != m->flags) {
			changed = true;
			m->flags = wanted;
			m->modseq = out.modseq;
		}
		assert_int_equal(out.rows[rows].modseq, m->modseq);
		rows++;
	}
	assert_int_equal(rows, out.count);
	if (changed)
		draw(box, out.modseq);
	assert_int_equal(account_store_modseq(model.store), model.modseq);
	uid_set_free(&out.modified);
	uid_set_free(&uids);
}

static void do_expunge(void)
{
	struct model_box *box = any_box();
	struct uid_set uids = any_set(box);
	bool all = rand() % 4 == 0;
	struct expunge_result out;
	uint64_t count = 0;

	assert_int_equal(message_expunge(model.store, box->id, all ? NULL : &uids, &out),
			0);
	if (out.expunged.count)
		draw(box, out.modseq);
	for (uint32_t uid = 1; uid < box->uidnext; uid++) {
		struct model_message *m = &box->messages[uid];

		if (!m->there || !(m->flags & FLAG_DELETED) ||
				(!all && !uid_set_has(&uids, uid)))
			continue;
		assert_true(uid_set_has(&out.expunged, uid));
		take_out(box, uid, out.modseq);
		count++;
	}
	assert_int_equal(uid_set_size(&out.expunged), count);
	uid_set_free(&out.expunged);
	uid_set_free(&uids);
}

static void do_copy(bool move)
{
	struct model_box *from = any_box(), *to = any_box();
	struct uid_set uids = any_set(from);
	struct copy_result out;
	uint32_t end = from->uidnext;
	uint64_t n = 0, modseq;

	assert_int_equal(move ? message_move(model.store, from->id, &uids, to->id, &out)
			      : message_copy(model.store, from->id, &uids, to->id, &out),
			STORE_OK);
	modseq = account_store_modseq(model.store);
	if (out.from.count && move) {
		draw(to, modseq - 1);
		draw(from, modseq);
		assert_int_equal(out.modseq, modseq);
	} else if (out.from.count) {
		draw(to, modseq);
	}
	for (uint32_t uid = 1; uid < end; uid++) {
		struct model_message m = from->messages[uid];

		if (!m.there || !uid_set_has(&uids, uid))
			continue;
		assert_int_equal(uid_set_at(&out.from, n), uid);
		put_in(to, uid_set_at(&out.to, n), m.flags, m.size, modseq - move);
		if (move)
			take_out(from, uid, modseq);
		n++;
	}
	assert_int_equal(uid_set_size(&out.from), n);
	assert_int_equal(uid_set_size(&out.to), n);
	copy_result_free(&out);
	uid_set_free(&uids);
}

/* The client of box 0 brings its picture up to date by the change feed alone. */
static void do_sync(void)
{
	struct model_box *box = &model.boxes[0];
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct changes changes = { 0 };

	assert_int_equal(changes_read(model.store, box->id, model.seen, arena, &changes),
			0);
	for (size_t i = 0; i < changes.count; i++) {
		assert_true(changes.rows[i].modseq > model.seen);
		model.known[changes.rows[i].uid] = true;
		model.known_flags[changes.rows[i].uid] = changes.rows[i].flags;
	}
	for (uint64_t n = 0; n < uid_set_size(&changes.vanished); n++)
		model.known[uid_set_at(&changes.vanished, n)] = false;
	model.seen = changes.status.modseq;
	uid_set_free(&changes.vanished);
	for (uint32_t uid = 1; uid < box->uidnext; uid++) {
		assert_int_equal(model.known[uid], box->messages[uid].there);
		if (model.known[uid])
			assert_int_equal(
					model.known_flags[uid], box->messages[uid].flags);
	}
}

static void check(void)
{
	struct quota quota;

	for (int i = 0; i < BOXES; i++) {
		struct model_box *box = &model.boxes[i];
		CLEANUP(arena_freep) struct arena *arena = arena_new();
		struct message_page page;
		size_t n = 0;

		assert_int_equal(message_list(model.store, box->id, &every, 1, 0, 0,
						 (struct message_budget){ SIZE_MAX, 1 },
						 arena, &page),
				STORE_OK);
		for (uint32_t uid = 1; uid < box->uidnext; uid++) {
			const struct model_message *m = &box->messages[uid];

			if (!m->there)
				continue;
			assert_true(n < page.count);
			assert_int_equal(page.rows[n].uid, uid);
			assert_int_equal(page.rows[n].flags, m->flags);
			assert_int_equal(page.rows[n].modseq, m->modseq);
			assert_int_equal(page.rows[n].size, m->size);
			n++;
		}
		assert_int_equal(n, page.count);
	}
	quota_read(model.store, &quota);
	assert_int_equal(quota.used, model.used);
	assert_int_equal(account_store_check(model.store), STORE_OK);
}

static void random_operations_agree_with_a_model(void **state)
{
	static const char *const names[] = { "INBOX", "Trash", "Archive" };
	const char *wanted = getenv("POSTHUS_SEED"), *longer = getenv("POSTHUS_STEPS");
	unsigned seed = wanted ? (unsigned)atoi(wanted) : (unsigned)time(NULL);
	int steps = longer ? atoi(longer) : 400;

	print_message("seed %u\n", seed);
	srand(seed);
	model.store = *state;
	model.modseq = account_store_modseq(model.store);
	for (int i = 0; i < BOXES; i++) {
		model.boxes[i].name = names[i];
		model.boxes[i].id = mailbox_of(model.store, names[i]);
		model.boxes[i].uidnext = 1;
	}
	for (int n = 0; n < steps; n++) {
		switch (rand() % 10) {
		case 0:
		case 1:
		case 2:
			do_append();
			break;
		case 3:
		case 4:
		case 5:
			do_store();
			break;
		case 6:
			do_expunge();
			break;
		case 7:
			do_copy(false);
			break;
		case 8:
			do_copy(true);
			break;
		default:
			do_sync();
		}
		for (int i = 0; i < BOXES; i++)
			if (model.boxes[i].uidnext > MESSAGES - 100)
				n = steps;
		if (n % 100 == 99)
			*state = model.store = reopen(model.store);
	}
	do_sync();
	check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		account_test(random_operations_agree_with_a_model),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
